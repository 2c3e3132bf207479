"""File systems of every kind for a test, in a mount namespace that is held by a process of ours: when
that ends, also because the test was killed, the mounts are gone and their loop devices with them."""

import os
import subprocess

from tests.kit import process, wait

MAKE = {"ext4": ["mkfs.ext4", "-q"],
        "xfs": ["mkfs.xfs", "-q", "-m", "reflink=1"],
        "btrfs": ["mkfs.btrfs", "-q", "--mixed"]}

# What is in a tmpfs is called destroyed only if it is never swapped out: Linux 6.4 can promise that.
KEPT_IN_MEMORY = tuple(int(n) for n in os.uname().release.split(".")[:2]) >= (6, 4)
IN_MEMORY = "noswap" if KEPT_IN_MEMORY else "rw"


def swaps():
    """Whether this machine swaps to a disk."""
    with open("/proc/swaps") as f:
        return any(not line.startswith("/dev/zram") for line in f.read().splitlines()[1:])


def written(image):
    """What was ever written to an image, hole by hole."""
    size, at, parts = image.stat().st_size, 0, []
    with open(image, "rb") as f:
        while at < size:
            try:
                begin = os.lseek(f.fileno(), at, os.SEEK_DATA)
            except OSError:  # only a hole is left
                break
            at = os.lseek(f.fileno(), begin, os.SEEK_HOLE)
            parts.append(os.pread(f.fileno(), at - begin, begin))
    return parts


class Mounts:
    """Context manager. Paths are the caller's; what is below them in the namespace is at `see`."""

    def __init__(self, folder):
        self.folder = folder
        self.images = 0

    def __enter__(self):
        self.holder = process.Process("mounts", [*process.own_mounts(), "sh", "-c",
                                                 f"touch {self.folder}/held; exec sleep infinity"],
                                      self.folder / "mounts.said")
        wait.until(lambda: (self.folder / "held").exists(), self.holder.said)
        return self

    def __exit__(self, *_):
        self.holder.kill()

    def inside(self, *argv):
        """A command's line that runs it in the namespace."""
        return [*process.in_mounts_of(self.holder.pid), *argv]

    def run(self, *argv):
        done = subprocess.run([str(a) for a in self.inside(*argv)], capture_output=True, text=True)
        assert done.returncode == 0, (argv, done.stdout, done.stderr)
        return done.stdout

    def see(self, path):
        """The same path, for us who are outside."""
        return type(path)(f"/proc/{self.holder.pid}/root{path}")

    def image(self, kind, size="32M", options=()):
        """A fresh file system in a file."""
        self.images += 1
        made = self.folder / f"image{self.images}"
        subprocess.run(["truncate", "-s", size, str(made)], check=True)
        done = subprocess.run([*MAKE[kind], *options, str(made)], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return made

    def mount(self, image, at, *options):
        self.run("mount", "-o", ",".join(("loop", *options)), image, at)

    def umount(self, at):
        self.run("umount", at)
