"""A clean Debian that has been booted: its own systemd is the first process of its own namespaces, so
the units run as they are shipped, sandbox and all. It has a network of its own, with nothing on it
but itself."""

import ctypes
import os
import signal
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.deb.tree import ENVIRONMENT, Tree
from tests.kit import process, wait

CLONE_NEWNET = 0x40000000

# A control group of its own, so that systemd keeps house in that and nowhere else. It goes with the
# machine.
GROUP = """
mount -t cgroup2 cgroup2 "$layer/group"
mkdir "$layer/group/$name"
setpriv --pdeathsig KILL unshare --pid --ipc --uts --net --fork --kill-child sh -euc '
    echo 0 >"$layer/group/$name/cgroup.procs"
    exec unshare --cgroup --mount sh -euc "$inside"' >"$layer/said" 2>&1 || true
find "$layer/group/$name" -depth -type d -exec rmdir {} +
"""

# What a container's manager does: /sys and the kernel's settings can be read and not be changed, so
# that neither udev nor we touch the machine that this runs on. SysRq's setting alone seems to be.
INSIDE = """
root=$layer/root
mount -t overlay overlay -o "lowerdir=$below,upperdir=$layer/up,workdir=$layer/work" "$root"
mount -t proc proc "$root/proc"
mount --bind "$root/proc/sys" "$root/proc/sys"
mount -o remount,bind,ro "$root/proc/sys"
[ ! -e "$root/proc/sys/kernel/sysrq" ] || mount --bind "$layer/sysrq" "$root/proc/sys/kernel/sysrq"
mount -t sysfs -o ro sysfs "$root/sys"
mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
mount -t tmpfs -o mode=755 tmpfs "$root/run"
mount -t tmpfs -o mode=755 tmpfs "$root/dev"
for node in null zero full random urandom tty; do
    touch "$root/dev/$node"
    mount --bind "/dev/$node" "$root/dev/$node"
done
mkdir "$root/dev/pts" "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"
mkdir -p "$root/debs" "$root/mnt/disk" "$root/var/cache/apt/archives"
mount --bind "$layer/debs" "$root/debs"
mount --bind "$layer/disk" "$root/mnt/disk" # no overlay
mount --bind "$archives" "$root/var/cache/apt/archives"
# Not chroot: from one of those no unit could have users of its own.
cd "$root"
pivot_root . .
umount -l .
# What systemd mounts for a unit's credentials has to be seen by the unit.
mount --make-rshared /
exec env -i container=tests PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd --system
"""


class Booted(Tree):
    """Context manager; switched on already. What is written stays from one boot to the next."""

    pid = network = None

    def __enter__(self):
        self.folders("group", "disk")
        (self.layer / "sysrq").write_text("438\n")
        try:
            self.boot()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.cut_power()
        self.remove_folders()

    def boot(self):
        """Until systemd says that it is up; what failed to start is nobody's concern here."""
        self.outer = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "unshare", "--mount", "sh", "-euc", GROUP],
            env=process.environment(layer=self.layer, name=self.layer.name, below=self.below,
                                    archives=self.archives, inside=INSIDE),
            stdin=subprocess.DEVNULL)
        self.pid = wait.until(self._first, "the machine's first process", 30)
        self.network = ThreadPoolExecutor(1, initializer=self._enter_network)
        wait.until(self._is_up, lambda: self.run("systemctl list-jobs; systemctl --failed")[1], 120,
                   every=0.1)

    def _first(self):
        """Its number, once it is systemd."""
        assert self.outer.poll() is None, f"{self.suite}: {(self.layer / 'said').read_text()}"
        try:
            return next((pid for pid in descendants(self.outer.pid)
                         if Path(f"/proc/{pid}/comm").read_text() == "systemd\n"), None)
        except OSError:
            return None  # one has just ended

    def _is_up(self):
        return self.run("systemctl is-system-running")[1].strip() in ("running", "degraded")

    def _enter_network(self):
        with open(f"/proc/{self.pid}/ns/net") as network:
            libc = ctypes.CDLL(None, use_errno=True)
            if libc.setns(network.fileno(), CLONE_NEWNET) < 0:
                raise OSError(ctypes.get_errno(), "setns")

    def inside(self, call, *args):
        """A call in the machine's network: sockets that it opens, and its threads', are there."""
        return self.network.submit(call, *args).result()

    def cut_power(self):
        """As it is, without a word. Its group is gone afterwards."""
        if self.network:
            self.network.shutdown()
        os.kill(self.pid or self.outer.pid, signal.SIGKILL)
        self.outer.wait(30)
        self.pid = self.network = None

    def run(self, command):
        done = process.run(["nsenter", "--all", f"--target={self.pid}", "--root", "--wd", "env", "-i",
                            *ENVIRONMENT, "sh", "-c", command], 300)
        return done.returncode, done.stdout + done.stderr

    def path(self, path):
        """One of its files, from out here."""
        return Path(f"/proc/{self.pid}/root{path}")


def descendants(pid):
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        yield int(child)
        yield from descendants(child)
