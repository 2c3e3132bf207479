"""A clean Debian, unpacked once a release and never written to again: each test works on a layer of
its own above it, in a mount namespace that ends with the test."""

import fcntl
import os
import shutil
import subprocess
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.kit.place import ROOT

KEPT = ROOT / "build/deb/clean"
SUITES = ["bookworm", "trixie"]

ENVIRONMENT = ["PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LC_ALL=C.UTF-8",
               "DEBIAN_FRONTEND=noninteractive"]

# The namespace's shell: mounts, then reads commands from stdin, each with its answer's end marked.
SHELL = """
tree=$1 layer=$2 archives=$3
mount -t overlay overlay -o "lowerdir=$tree,upperdir=$layer/up,workdir=$layer/work" "$layer/root"
mount -t proc proc "$layer/root/proc"
mount --rbind /dev "$layer/root/dev"
mount -t tmpfs tmpfs "$layer/root/run"
mount -t tmpfs tmpfs "$layer/root/tmp"
mkdir -p "$layer/root/debs" "$layer/root/var/cache/apt/archives"
mount --bind "$layer/debs" "$layer/root/debs"
mount --bind "$archives" "$layer/root/var/cache/apt/archives"
cp -L /etc/resolv.conf "$layer/root/etc/resolv.conf"
shift 3
exec chroot "$layer/root" env -i "$@" sh -c '
    while IFS= read -r line; do
        sh -c "$line" </dev/null >/tmp/.said 2>&1
        status=$?
        printf "%s %s\\n" "$status" "$(wc -c </tmp/.said)"
        cat /tmp/.said
    done'
"""


@contextmanager
def alone():
    """What is kept is made by one of the tests' processes; the others wait for it."""
    KEPT.mkdir(parents=True, exist_ok=True)
    with open(KEPT / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def clean(suite):
    """The release's folder. A deb cache beside it keeps what apt fetched."""
    tree = KEPT / suite
    if not tree.exists():
        making = Path(tempfile.mkdtemp(prefix=f"{suite}.", dir=KEPT))
        # The release as it was published, as the packages are built for it.
        subprocess.run(["mmdebstrap", "--quiet", "--variant=apt",
                        "--aptopt=APT::Install-Recommends \"false\"", "--aptopt=APT::Sandbox::User "
                        "\"root\"", "--setup-hook=sed -i '/-updates\\|-security/d' "
                        "\"$1\"/etc/apt/sources.list", "--skip=cleanup/apt", suite, making],
                       check=True)
        making.chmod(0o755)
        making.rename(tree)
    return tree


class Tree:
    """Context manager: one layer above a clean release, or above another layer that was kept. What
    is put into `debs` is at /debs."""

    def __init__(self, suite, layer=None):
        self.suite = suite
        self.below = f"{layer}:{KEPT / suite}" if layer else KEPT / suite
        self.fetched = KEPT / f"{suite}.debs"
        self.fetched.mkdir(parents=True, exist_ok=True)

    def folders(self, *more):
        self.layer = Path(tempfile.mkdtemp(prefix="layer.", dir=KEPT))
        self.layer.chmod(0o755)
        for part in ("up", "work", "root", "debs", "archives", "archives/partial", *more):
            (self.layer / part).mkdir()
        self.debs, self.archives = self.layer / "debs", self.layer / "archives"
        share(self.fetched, self.archives)

    def remove_folders(self):
        share(self.archives, self.fetched)
        shutil.rmtree(self.layer)

    def __enter__(self):
        self.folders()
        self.shell = subprocess.Popen(
            ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-euc", SHELL, "sh",
             self.below, self.layer, self.archives, *ENVIRONMENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.do("true")
        return self

    def keep(self, where):
        """What was done here, for later trees to stand on."""
        self.do("sync")
        making = where.with_name(where.name + ".new")
        shutil.rmtree(making, ignore_errors=True)
        subprocess.run(["cp", "-a", self.layer / "up", making], check=True)
        making.rename(where)

    def __exit__(self, *_):
        self.shell.stdin.close()
        self.shell.stdout.close()
        self.shell.wait()
        self.remove_folders()

    def run(self, command):
        """(exit status, what it said) of one line of shell."""
        self.shell.stdin.write(command.encode() + b"\n")
        self.shell.stdin.flush()
        head = self.shell.stdout.readline().split()
        assert head, f"{self.suite}: the tree's shell has gone"
        return int(head[0]), self.shell.stdout.read(int(head[1])).decode(errors="replace")

    def do(self, command):
        """The same for a command that has to succeed: what it said."""
        status, said = self.run(command)
        assert status == 0, f"{self.suite}: {command}: {status}\n{said}"
        return said

    def put(self, path, text, mode="644"):
        folder = os.path.dirname(path)
        self.do(f"mkdir -p {folder} && printf '%s\\n' '{text}' >{path} && chmod {mode} {path}")

    def files(self):
        """{path: type, mode, owner, group, size or target, hash} of all that packages may touch."""
        listed = self.do(
            "find / -xdev \\( -path /proc -o -path /dev -o -path /run -o -path /tmp -o -path /debs "
            "-o -path /var/cache -o -path /var/lib/apt -o -path /var/log -o -path /var/lib/dpkg \\) "
            "-prune -o -printf '%p\\t%y %m %u:%g %l\\n'")
        found = dict(line.split("\t") for line in listed.splitlines())
        sums = self.do("find /etc /usr /var/lib -xdev -type f ! -path '/var/lib/dpkg/*' "
                       "! -path '/var/lib/apt/*' -print0 | xargs -0 md5sum")
        for line in sums.splitlines():
            digest, path = line.split(None, 1)
            found[path] = found.get(path, "") + digest
        return found


def share(there, here):
    """What apt fetched; each tree has a folder for it, which its apt locks."""
    for deb in there.glob("*.deb"):
        with suppress(FileExistsError):
            os.link(deb, here / deb.name)


def bare(suite):
    """A tree in which nothing is but apt."""
    with alone():
        clean(suite)
    return Tree(suite)


# 0.1.0 had no registrar.
EXTRA = {"build/deb": {"porchlight-registrar"}}


def packages(suite, arch, built="build/deb"):
    """{name: file} of what `make deb` built, or .ci/released."""
    made = {}
    for path in sorted((ROOT / built / suite).glob("*.deb")):
        name, _, its = path.stem.split("_")
        if its in (arch, "all"):
            made[name] = path
    assert set(made) == {"porchlight", "porchlight-relay", "porchlight-page"} | EXTRA.get(built, set()), made
    return made
