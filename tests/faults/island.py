"""A mount namespace for one porchlightd: its record is on a disk of a few pages, which can really
be full, and its names come from files that can be taken away. Nothing of it is seen outside."""

import errno
import os

from tests.kit import process, wait
from tests.kit.kiosk import Kiosk
from tests.kit.process import Process

DISK = "64k"
# A bare tree may have no such file to mount ours over: it gets an /etc of its own then.
HOLD = """
mount -t tmpfs -o size=%s,mode=0700 tmpfs "$1"
names="hosts resolv.conf nsswitch.conf"
for f in $names; do
    [ -e "/etc/$f" ] && continue
    [ -d "$2/etc" ] || cp -a /etc "$2/etc"
    rm -f "$2/etc/$f"
    touch "$2/etc/$f"
done
[ ! -d "$2/etc" ] || mount --bind "$2/etc" /etc
for f in $names; do mount --bind "$2/$f" "/etc/$f"; done
touch "$2/ready"
exec setpriv --pdeathsig KILL -- sleep infinity
""" % DISK

# Names come from the file first. Else an address is asked where no name server is, and never will
# be (RFC 5737); with a network the question is never answered, without one it fails at once.
NSSWITCH = "hosts: files dns\n"
RESOLV = "nameserver 192.0.2.1\noptions timeout:1 attempts:1\n"
NAMES = {"four": "127.0.0.1 localhost\n", "six": "::1 localhost\n", "none": ""}


class Island(Kiosk):
    def __init__(self, *args, program=None, **more):
        super().__init__(*args, **more)
        self.program = program or "porchlightd"
        self.net = self.folder / "net"
        self.net.mkdir()
        (self.net / "nsswitch.conf").write_text(NSSWITCH)
        (self.net / "resolv.conf").write_text(RESOLV)
        self.names("four")
        self.environment = {}
        self.holder = None

    def __enter__(self):
        super().__enter__()
        try:
            self.holder = Process("island", [*process.own_mounts(), "sh", "-ec", HOLD, "sh", self.state,
                                             self.net], self.logs / "island")
            wait.until(self._stands, lambda: f"the namespace: {self.holder.said()}")
        except BaseException:
            self.close(quietly=True)
            raise
        return self

    def _stands(self):
        assert self.holder.alive, self.holder.said()
        return (self.net / "ready").exists()

    def close(self, quietly=False):
        holder, self.holder = self.holder, None
        try:
            super().close(quietly)
        finally:
            if holder:
                holder.stop()

    def enter(self):
        """What runs a command in the namespace."""
        return process.in_mounts_of(self.holder.pid)

    def command(self, name, *args):
        if name != "porchlightd":
            return super().command(name, *args)
        return [*self.enter(), "setpriv", "--pdeathsig", "KILL", "--",
                *super().command(self.program, *args)]

    def spawn(self, name, *args, env=None):
        if name == "porchlightd" and self.environment:
            env = process.environment(**self.environment)
        return super().spawn(name, *args, env=env)

    # --- what can go wrong in it -----------------------------------------------------------------

    def inside(self, path):
        return f"/proc/{self.holder.pid}/root{path}"

    def fill_disk(self):
        with open(self.inside(self.state / "ballast"), "wb", buffering=0) as ballast:
            while True:
                try:
                    ballast.write(bytes(4096))
                except OSError as full:
                    assert full.errno == errno.ENOSPC, full
                    return

    def empty_disk(self):
        try:
            os.unlink(self.inside(self.state / "ballast"))
        except FileNotFoundError:
            pass

    def names(self, which):
        (self.net / "hosts").write_text(NAMES[which])
