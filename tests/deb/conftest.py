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
OLD = "0.0.9"


def older(deb, made):
    """The same package as it were of an earlier version: for an upgrade by the real scripts."""
    work = made.with_suffix(".d")
    subprocess.run(["dpkg-deb", "-R", deb, work], check=True)
    control = work / "DEBIAN/control"
    text = control.read_text()
    version = next(line for line in text.splitlines() if line.startswith("Version: "))
    control.write_text(text.replace(version, f"Version: {OLD}"))
    subprocess.run(["dpkg-deb", "-b", "--root-owner-group", work, made], check=True,
                   stdout=subprocess.DEVNULL)
    shutil.rmtree(work)


def bring(made, debs):
    for name, deb in debs.items():
        older(deb, made.debs / f"old-{name}.deb")
        shutil.copy(deb, made.debs / f"{name}.deb")
    return made


@pytest.fixture(params=SUITES)
def tree(request):
    """A clean release in which the dependencies are installed, and the packages lie in /debs."""
    debs = packages(request.param, ARCH)
    with Tree(request.param, ready_for(request.param, debs)) as made:
        yield bring(made, debs)


# What a machine has beside: what boots it, and what the packages recommend.
BOOTS = ("systemd-sysv", "mosquitto", "nginx-light")


# One process a machine, where the tests are spread over several.
MACHINES = [pytest.param(suite, marks=pytest.mark.xdist_group(suite)) for suite in SUITES]


@pytest.fixture(scope="module", params=MACHINES)
def machine(request):
    """The same, booted: one for all tests of a file, which happen to it one after the other."""
    debs = packages(request.param, ARCH)
    with Booted(request.param, ready_for(request.param, debs, BOOTS)) as made:
        yield bring(made, debs)


def ready_for(suite, debs, more=()):
    """The layer that installing the dependencies alone made; kept while they stay the same."""
    fields = [subprocess.run(["dpkg-deb", "-f", debs[name], "Depends"], capture_output=True,
                             text=True, check=True).stdout
              for name in ("porchlight", "porchlight-relay")]
    wanted = sorted({re.split(r"[ (|]", one.strip())[0] for one in ",".join(fields).split(",")}
                    | set(more))
    key = hashlib.sha256(" ".join(wanted).encode()).hexdigest()[:12]
    layer = KEPT / f"{suite}.{key}"
    with alone():
        clean(suite)
        if not layer.exists():
            with Tree(suite) as made:
                made.do("apt-get -qq -y install udev " + " ".join(wanted))
                made.keep(layer)
    return layer
