"""Targets with what a look at the file does not show: locked names, attributes of programs, blocks that read
as zeros, copies beside them. On ext4, where all of it can be destroyed."""

import hashlib
import os
import secrets
import subprocess

from tests.kit.mounts import written

PLAN = """[root venue]
path = /srv/disk/venue
settle = yes
[cell clock]
cell = file:/srv/disk/venue/cell
also = yes
[key door]
path = /srv/disk/venue/door.key
also = yes
[tree sheets]
path = /srv/disk/venue/sheets
[file list]
path = /srv/disk/venue/list.csv
also = yes
"""


def run(*argv):
    subprocess.run([str(a) for a in argv], check=True, capture_output=True)


def plant(venue):
    """In a folder that is not there. {target: its words}: others each time, since what was deleted before
    may still be in free blocks."""
    canary = {name: name.encode() + b" " + secrets.token_hex(10).encode()
              for name in ("clock", "door", "sheets", "list")}
    (venue / "sheets/deep").mkdir(parents=True)
    key = canary["clock"].ljust(32, b"k")
    cell = b"PLc1" + key + hashlib.blake2b(key, digest_size=16).digest()[:4]
    for name in ("cell", "cell~"):
        (venue / name).write_bytes(cell)
        (venue / name).chmod(0o600)
    for name, of in (("door.key", "door"), ("door.key.bak", "door"), ("list.csv", "list"), ("list.csv~", "list"),
                     ("sheets/one", "sheets"), ("sheets/deep/two", "sheets")):
        (venue / name).write_bytes(canary[of] * 400)
    os.setxattr(venue / "list.csv", "user.note", canary["list"])
    run("sync", "-f", venue)
    run("fallocate", "-z", "-l", "8192", venue / "sheets/one")
    run("chattr", "+i", venue / "cell", venue / "sheets/deep/two", venue / "sheets/deep")
    run("sync", "-f", venue)
    return canary


def left(image, canary):
    """The targets whose words are on the disk."""
    parts = written(image)
    return {name for name, text in canary.items() if any(text in part for part in parts)}
