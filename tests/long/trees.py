"""Debian trees below build/trees, for programs of other releases than this machine's. Each is made once,
by mmdebstrap from the default mirror, and kept. Needs root."""

import fcntl
import os

from tests.kit import process
from tests.kit.place import ROOT

PACKAGES = {"trixie": ["mosquitto", "rabbitmq-server", "nodejs"], "sid": ["mosquitto"]}

# What is below build/ is at the same place inside. Its mounts are in a namespace of its own, and go
# with the program, which keeps the process id.
ENTER = """
tree=$1; root=$2; shift 2
mount --make-rprivate / 2>/dev/null || :
mount -t proc proc "$tree/proc"
mount --rbind /dev "$tree/dev"
mount -t tmpfs tmpfs "$tree/tmp"
mount -t tmpfs tmpfs "$tree/run"
mkdir -p "$tree$root"
mount --bind "$root" "$tree$root"
exec chroot "$tree" "$@"
"""


def tree(suite):
    """The folder of that suite's tree. A mirror that is not renewed any more serves as well."""
    assert os.geteuid() == 0, f"a tree of {suite} is made and entered as root: sudo make test-long"
    there = ROOT / "build/trees"
    made = there / suite
    there.mkdir(parents=True, exist_ok=True)
    with open(there / f"{suite}.lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            fresh = there / f"{suite}.new"
            # One that was interrupted may have this machine's devices mounted.
            process.run(["rm", "-rf", "--one-file-system", fresh])
            done = process.run(
                ["mmdebstrap", "--quiet", "--variant=apt", "--aptopt=APT::Install-Recommends \"false\"",
                 "--aptopt=Acquire::Check-Valid-Until \"false\"", "--include=" + ",".join(PACKAGES[suite]),
                 suite, fresh], 900)
            assert done.returncode == 0, f"mmdebstrap {suite}: {done.stdout}{done.stderr}"
            (fresh / "etc/hosts").write_text("127.0.0.1 localhost\n::1 localhost\n")
            fresh.rename(made)
    return made


def inside(suite):
    """What runs a command in that tree, in front of it."""
    return ["unshare", "--mount", "sh", "-ec", ENTER, "sh", tree(suite), ROOT]


def version(suite, package):
    """Of a package there, as Debian writes it."""
    done = process.run(["dpkg-query", f"--admindir={tree(suite)}/var/lib/dpkg", "-W", "-f",
                        "${Version}", package])
    assert done.returncode == 0, done.stderr
    return done.stdout
