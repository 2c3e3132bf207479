"""Which release a test runs in, and what is brought along."""

import shutil
import subprocess

import pytest

from tests.deb.tree import SUITES, Tree, packages

ARCH = subprocess.run(["dpkg", "--print-architecture"], capture_output=True, text=True,
                      check=True).stdout.strip()
OLD = "0.0.9"


def older(deb, folder):
    """The same package as it were of an earlier version: for an upgrade by the real scripts."""
    work = folder / "work"
    subprocess.run(["dpkg-deb", "-R", deb, work], check=True)
    control = work / "DEBIAN/control"
    text = control.read_text()
    version = next(line for line in text.splitlines() if line.startswith("Version: "))
    control.write_text(text.replace(version, f"Version: {OLD}"))
    made = folder / f"old-{deb.name}"
    subprocess.run(["dpkg-deb", "-b", "--root-owner-group", work, made], check=True,
                   stdout=subprocess.DEVNULL)
    shutil.rmtree(work)
    return made


@pytest.fixture(params=SUITES)
def tree(request):
    """A clean release in which the dependencies are installed, and the packages lie in /debs."""
    with Tree(request.param) as made:
        for name, deb in packages(request.param, ARCH).items():
            older(deb, made.debs)
            shutil.copy(deb, made.debs / f"{name}.deb")
            (made.debs / f"old-{deb.name}").rename(made.debs / f"old-{name}.deb")
        wanted = made.do("cd /debs && for p in porchlight porchlight-relay; do dpkg-deb -f $p.deb "
                         "Depends; done | sed 's/([^)]*)//g; s/|[^,]*//g; s/,/ /g' | tr -s ' \\n' ' '")
        made.do(f"apt-get -qq -y install {wanted} udev")
        yield made
