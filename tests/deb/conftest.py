"""Which release a test runs in, and what is brought along."""

import hashlib
import re
import shutil
import subprocess

import pytest

from tests.deb.booted import Booted
from tests.deb.tree import KEPT, SUITES, Tree, alone, clean, packages

ARCH = subprocess.run(["dpkg", "--print-architecture"], capture_output=True, text=True,
                      check=True).stdout.strip()


def bring(made, debs):
    """The packages in /debs, and beside each the one of 0.1.0, from which it is upgraded."""
    for name, deb in debs.items():
        shutil.copy(deb, made.debs / f"{name}.deb")
    for name, deb in packages(made.suite, ARCH, "build/deb/released").items():
        shutil.copy(deb, made.debs / f"old-{name}.deb")
    return made


@pytest.fixture(params=SUITES)
def tree(request):
    """A clean release in which the dependencies are installed, and the packages are in /debs."""
    debs = packages(request.param, ARCH)
    with Tree(request.param, ready_for(request.param, debs)) as made:
        yield bring(made, debs)


# What a machine has beside: what boots it, and what the packages recommend.
BOOTS = ("systemd-sysv", "mosquitto", "nginx-light", "curl")


# One process a machine, where the tests are spread over several.
MACHINES = [pytest.param(suite, marks=pytest.mark.xdist_group(suite)) for suite in SUITES]


@pytest.fixture(scope="module", params=MACHINES)
def machine(request):
    """The same, booted: one for all tests of a file, which happen to it one after the other."""
    debs = packages(request.param, ARCH)
    with Booted(request.param, ready_for(request.param, debs, BOOTS)) as made:
        yield bring(made, debs)


def ready_for(suite, debs, more=()):
    """The layer that installing the dependencies alone made, those of 0.1.0 too; kept while they stay
    the same."""
    old = packages(suite, ARCH, "build/deb/released")
    fields = [subprocess.run(["dpkg-deb", "-f", deb, "Depends"], capture_output=True, text=True,
                             check=True).stdout
              for deb in [*debs.values(), *old.values()]]
    wanted = sorted({re.split(r"[ (|]", one.strip())[0] for one in ",".join(fields).split(",")
                     if one.strip()} | set(more))
    key = hashlib.sha256(" ".join(wanted).encode()).hexdigest()[:12]
    layer = KEPT / f"{suite}.{key}"
    with alone():
        clean(suite)
        if not layer.exists():
            with Tree(suite) as made:
                made.do("apt-get -qq -y install udev " + " ".join(wanted))
                made.keep(layer)
    return layer
