"""Built twice, in other folders, by another umask, in another time zone, the packages have the same
bytes."""

import hashlib
import os
import shutil
import subprocess

import pytest

from tests.deb.tree import SUITES
from tests.kit.place import ROOT, fresh

DIFFERENCES = [{"umask": 0o022, "TZ": "UTC", "LANG": "C.UTF-8", "deep": "."},
               {"umask": 0o077, "TZ": "Asia/Baku", "LANG": "C", "deep": "a/rather/deeper/folder"}]


def built(folder, suite, umask, TZ, LANG, deep):
    """{file name: SHA-256} of the packages that a fresh clone makes."""
    clone = folder / deep / "porchlight"
    subprocess.run(["git", "clone", "-q", ROOT, clone], check=True)
    # What is kept between builds: the tree of a release with its compilers.
    (clone / "build/deb").mkdir(parents=True)
    (clone / "build/deb/tree").symlink_to(ROOT / "build/deb/tree")
    done = subprocess.run([clone / ".ci/deb", subprocess.check_output(
        ["dpkg", "--print-architecture"], text=True).strip(), suite], umask=umask, check=False,
        env={**os.environ, "TZ": TZ, "LANG": LANG}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-4000:]
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest()
            for path in (clone / "build/deb" / suite).glob("*.deb")}


@pytest.mark.parametrize("suite", SUITES)
def test_built_twice_the_same_bytes(suite):
    folder = fresh("again")
    once, again = (built(folder / str(i), suite, **one) for i, one in enumerate(DIFFERENCES))
    assert len(once) == 4 and once == again
    shutil.rmtree(folder)
