"""A package in whose maintainer script the power can be cut."""

import hashlib
import subprocess

CANARY = """\
Package: card-canary
Version: {version}
Architecture: all
Maintainer: nobody <nobody@example.org>
Description: waits in the middle of its installation
"""
# Until /data/go is there, the script is the middle in which the power goes.
WAITS = "#!/bin/sh\n[ -e /data/go ] || { touch /data/waits && sync && sleep 3600; }\n"


def canary(folder, version, waits_in=None):
    """A package in whose maintainer script the power can be cut."""
    inside = folder / version
    (inside / "DEBIAN").mkdir(parents=True)
    (inside / "usr/share/card-canary").mkdir(parents=True)
    (inside / "usr/share/card-canary/version").write_text(version + "\n")
    (inside / "DEBIAN/control").write_text(CANARY.format(version=version))
    if waits_in:
        (inside / "DEBIAN" / waits_in).write_text(WAITS)
        (inside / "DEBIAN" / waits_in).chmod(0o755)
    path = folder / f"card-canary_{version}.deb"
    subprocess.run(["dpkg-deb", "-b", "--root-owner-group", inside, path], check=True,
                   stdout=subprocess.DEVNULL)
    return path


def listed(package):
    """What a repository says of it."""
    control = subprocess.run(["dpkg-deb", "-f", package], check=True, capture_output=True, text=True)
    data = package.read_bytes()
    return (f"{control.stdout.strip()}\nFilename: ./{package.name}\nSize: {len(data)}\n"
            f"SHA256: {hashlib.sha256(data).hexdigest()}\n")
