"""Debian's packages of a suite, unpacked and nothing more: nothing of them runs or is installed here."""

import glob
import os
import shutil

from tests.board import image
from tests.board.suite import BUILD


def unpack(suite, arch, root, download):
    """Packages of a suite, which the script `download` fetches, unpacked into a folder."""
    fetched = f"{root}.packages"
    shutil.rmtree(fetched, ignore_errors=True)
    os.makedirs(fetched)
    image.run("mmdebstrap", "--quiet", "--variant=custom", "--skip=check/qemu", *([f"--arch={arch}"] if arch else []),
              f"--extract-hook=export APT_CONFIG=$MMDEBSTRAP_APT_CONFIG; cd {fetched}; {download}",
              suite, f"{root}.apt")
    shutil.rmtree(f"{root}.apt")
    os.makedirs(root, exist_ok=True)
    for package in glob.glob(f"{fetched}/*.deb"):
        image.run("dpkg-deb", "-x", package, root)
    shutil.rmtree(fetched)


def program(suite, package, path):
    """One file of an arm64 package, as bytes; kept below build/board/."""
    def make(scratch):
        unpack(suite, "arm64", scratch, f"apt-get -q download {package}")
    folder = image.once(os.path.join(BUILD, f"package-{package}-{suite}-{image.digest(path)}"), make)
    with open(f"{folder}/{path}", "rb") as f:
        return f.read()
