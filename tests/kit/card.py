"""A memory card that remembers every write (tests/long/card.c), and what a power cut makes of it."""

import random
import struct
import subprocess
from dataclasses import dataclass

from tests.kit import process, wait
from tests.kit.place import BUILD, ROOT
from tests.kit.process import Process


def build():
    out = BUILD / "tests/card"
    out.parent.mkdir(parents=True, exist_ok=True)
    flags = subprocess.run(["pkg-config", "--cflags", "--libs", "fuse3"], check=True,
                           capture_output=True, text=True).stdout.split()
    subprocess.run(["gcc", "-std=c17", "-D_GNU_SOURCE", "-O2", "-Wall", "-Wextra", "-Werror", "-o",
                    out, ROOT / "tests/long/card.c", *flags], check=True)
    return out


@dataclass
class Op:
    flush: bool
    at: int
    data: bytes


def only_for_the_card(said):
    """The card is a file behind FUSE, which alone must keep a wipe's results from "destroyed"."""
    for line in said.splitlines():
        if "warning:" in line and "was interrupted" not in line:
            assert "(a loop device)" in line, said


class Card:
    """Context manager: an ext4 file system on a remembering card, mounted at folder/mount."""

    def __init__(self, folder, size=32 << 20, options=""):
        self.folder, self.size, self.options = folder, size, options
        self.image, self.log = folder / "card.image", folder / "card.log"
        self.fuse, self.mount = folder / "card", folder / "mount"
        self.pace = folder / "card.pace"
        self.loop = self.process = None

    def __enter__(self):
        self.fuse.mkdir()
        self.mount.mkdir()
        with open(self.image, "wb") as f:
            f.truncate(self.size)
        process.run(["mkfs.ext4", "-q", "-O", "encrypt", "-J", "size=4", self.image]
                    ).check_returncode()
        self.process = Process("card", [build(), self.image, self.log, self.fuse,
                                        self.pace],
                               self.folder / "card.said")
        wait.until(lambda: (self.fuse / "disk").exists(), self.process.said)
        self.loop = subprocess.run(["losetup", "-f", "--show", str(self.fuse / "disk")], check=True,
                                   capture_output=True, text=True).stdout.strip()
        options = ["-o", self.options] if self.options else []
        process.run(["mount", *options, self.loop, self.mount]).check_returncode()
        return self

    def __exit__(self, *_):
        # A test that failed may have left a program on it.
        if subprocess.run(["umount", str(self.mount)], capture_output=True).returncode != 0:
            subprocess.run(["umount", "-l", str(self.mount)], capture_output=True)
        for argv in (["losetup", "-d", self.loop], ["umount", "-l", self.fuse]):
            if None not in argv:
                subprocess.run([str(a) for a in argv], capture_output=True)
        if self.process:
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()

    def slow(self, ms):
        """From now on each write and each flush takes so long."""
        fresh = self.pace.with_suffix(".new")
        fresh.write_text(str(ms))
        fresh.rename(self.pace)

    def sync(self):
        process.run(["sync", "-f", self.mount]).check_returncode()

    def position(self):
        return self.log.stat().st_size

    def ops(self, since=0):
        out = []
        with open(self.log, "rb") as f:
            f.seek(since)
            while head := f.read(24):
                what, at, length = struct.unpack("=8sQQ", head)
                out.append(Op(what == b"flush   ", at, f.read(length)))
        return out


def apply(image, op):
    image[op.at:op.at + len(op.data)] = op.data


def cuts(base, ops, seed=1):
    """(name, image) for every power cut: after each write, all of it there; the last write torn;
    and, of the writes that no flush has covered yet, a random part in random order."""
    chance = random.Random(seed)
    durable, loose = bytearray(base), []
    yield "nothing written", durable
    for n, op in enumerate(ops):
        if op.flush:
            for write in loose:
                apply(durable, write)
            loose = []
            continue
        loose.append(op)
        whole = bytearray(durable)
        for write in loose[:-1]:
            apply(whole, write)
        torn = bytearray(whole)
        apply(torn, Op(False, op.at, op.data[:chance.randrange(0, len(op.data), 512)]))
        yield f"write {n} torn", torn
        apply(whole, op)
        yield f"write {n} whole", whole
        some = chance.sample(loose, chance.randint(0, len(loose)))
        if len(loose) > 1:
            mixed = bytearray(durable)
            for write in some:
                apply(mixed, write)
            yield f"write {n}, {len(some)} of {len(loose)} unsynced in any order", mixed
