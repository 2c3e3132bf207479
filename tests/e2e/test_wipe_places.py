"""Every kind of target on every file system and at every moment that hosts have: what plan, doctor,
drill and wipe said, and what a scan of the raw device found afterwards. No word may be better than
the bytes. The table is written to build/wipe-places.md.

Needs root: file systems are mounted, in a namespace of their own. What this kernel cannot mount (NFS,
F2FS, ZFS, CIFS) is judged from facts, in tests/unit/wipe/test_place.c."""

import hashlib
import json
import secrets
import shutil
import subprocess

import pytest

from tests.kit import local, process, wait
from tests.kit.doctor import ask
from tests.kit.mounts import IN_MEMORY, KEPT_IN_MEMORY, Mounts, swaps, written
from tests.kit.place import ROOT, fresh, program
from tests.kit.process import Process

PASS = b"a passphrase of the tests"
LUKS = ["--type", "luks2", "--pbkdf", "pbkdf2", "--pbkdf-force-iterations", "1000",
        "--luks2-metadata-size", "16k", "--luks2-keyslots-size", "1m", "--offset", "4096"]
SLOT = 32768  # behind two headers of 16 kB

PLAN = """[root venue]
path = /srv/venue
[key door]
path = /srv/venue/door.key
[cell clock]
cell = file:/srv/venue/cell
[luks desk]
path = /srv/venue/desk.luks
[tree sheets]
path = /srv/venue/sheets
[file list]
path = /srv/venue/list.csv
[journal log]
path = /srv/venue/journal
[credential broker]
path = /srv/venue/password
"""
NAMES = ["door", "clock", "desk", "sheets", "list", "log", "broker"]
RANK = ["nothing", "destroyed", "already gone", "unverified", "failed"]
CONF = """[venue]
id = 0123456789abcdef
[kiosk]
id = 1123456789abcdef
[wipe]
enabled = yes
[switch front]
line = sim:front
[broker b]
host = 127.0.0.1
tls = no
outside = no
"""


def container(folder):
    """A LUKS2 container, and 64 bytes of its key slot."""
    path = folder / "made.luks"
    with open(path, "wb") as f:
        f.truncate(4 << 20)
    subprocess.run(["cryptsetup", "luksFormat", "-q", *LUKS, str(path), "-"], input=PASS, check=True,
                   capture_output=True)
    return path.read_bytes()


class Night:
    """A prefix whose /srv/venue is what the test mounts there."""

    def __init__(self, folder, made):
        self.prefix, self.made = folder, made
        for name in ("etc/porchlight/credentials", "run/porchlight", "var/lib", "srv/venue", "data"):
            (folder / name).mkdir(parents=True)
        (folder / "etc/porchlight/wipe.plan").write_text(PLAN)
        (folder / "etc/porchlight/porchlight.conf").write_text(CONF)
        self.venue, self.data = folder / "srv/venue", folder / "data"
        self.socket = folder / "run/porchlight/wipe.sock"
        self.secrets = {name: secrets.token_bytes(32) for name in NAMES}
        self.secrets["desk"] = made[SLOT:SLOT + 64]
        self.images, self.wiper = [], None

    def __enter__(self):
        self.mounts = Mounts(self.prefix).__enter__()
        return self

    def __exit__(self, *_):
        if self.wiper:
            self.wiper.kill()
        self.mounts.__exit__()

    # --- the file system ----------------------------------------------------------------------

    def mount(self, kind, *options, size="32M", make=(), at=None):
        self.images.append(self.mounts.image(kind, size, make))
        self.mounts.mount(self.images[-1], at or self.venue, *options)

    def sh(self, script):
        return self.mounts.run("sh", "-ec", f"cd {self.prefix}; {script}")

    def plant(self, at=None):
        seen = self.mounts.see(at or self.venue)
        (seen / "door.key").write_bytes(self.secrets["door"])
        check = hashlib.blake2b(self.secrets["clock"], digest_size=16).digest()[:4]
        (seen / "cell").write_bytes(b"PLc1" + self.secrets["clock"] + check)
        (seen / "cell").chmod(0o600)
        (seen / "journal").mkdir()
        (seen / "journal/system.journal").write_bytes(self.secrets["log"] * 100)
        (seen / "desk.luks").write_bytes(self.made)
        (seen / "sheets/deep").mkdir(parents=True)
        (seen / "sheets/deep/monday").write_bytes(self.secrets["sheets"] + b"x" * 9000)
        (seen / "list.csv").write_bytes(self.secrets["list"] * 200)
        (seen / "password").write_bytes(self.secrets["broker"])
        self.sh("sync")

    def scan(self):
        """The names whose contents are on the raw device, or in the folder that is there."""
        self.sh("sync; umount -R srv/venue 2>/dev/null || umount -l srv/venue; sync")
        found = set()
        for image in self.images:
            found |= {name for name, secret in self.secrets.items()
                      if any(secret in part for part in written(image))}
        for path in self.data.rglob("*"):
            if path.is_file():
                data = path.read_bytes()
                found |= {name for name, secret in self.secrets.items() if secret in data}
        return found

    # --- what is said -------------------------------------------------------------------------

    def run(self, *argv):
        return subprocess.run([str(a) for a in self.mounts.inside(*argv)], capture_output=True,
                              text=True, env=process.environment())

    def plan(self):
        done = self.run(program("porchlight-wipe"), "--prefix", self.prefix, "--plan", "--json")
        assert done.returncode in (0, 1), done.stderr
        return {t["name"]: t for t in json.loads(done.stdout)["targets"]}

    def doctor(self):
        checks = ask(self.prefix, [str(a) for a in self.mounts.inside()])["config"]
        return {name: checks[f"wipe {name}"].verdict if f"wipe {name}" in checks else "ok"
                for name in NAMES}

    def start(self):
        self.wiper = Process("porchlight-wipe", self.mounts.inside(
            program("porchlight-wipe"), "--prefix", self.prefix, "--listen"),
            self.prefix / "wipe.said")
        wait.until(lambda: local.answers(self.socket), self.wiper.said)

    def ask(self, word):
        if not self.wiper:
            self.start()
        said = {}
        for kind, outcome, _, name in local.wipe(self.socket, word):
            if kind == 1:
                said[name] = outcome
        return said

    def end(self):
        assert self.wiper.stop() == 0 and not self.wiper.trouble(), self.wiper.said()
        self.wiper = None

    def pending(self):
        return self.run(program("porchlight-wipe"), "--prefix", self.prefix,
                        "--resume").returncode != 0


# --- conditions: how /srv/venue is made, and what may be said of each target at best ---------------

def plain(kind, *options, **more):
    def make(night):
        night.mount(kind, *options, **more)
        night.plant()
    return make


def reflinked(night):
    night.mount("xfs", size="300M")
    night.plant()
    night.sh("cd srv/venue; mkdir other; cp --reflink=always list.csv door.key other; sync")


def snapshot(night):
    night.mount("btrfs", size="120M")
    night.sh("btrfs -q subvolume create srv/venue/in")
    night.plant()
    night.sh("mkdir srv/venue/keep; btrfs -q subvolume snapshot -r srv/venue srv/venue/keep/1")


def behind_a_loop(night):
    """ext4 in a file on btrfs: the outer file system keeps the old blocks."""
    night.mount("btrfs", size="200M", at=night.data)
    night.sh("truncate -s 32M data/disk; mkfs.ext4 -q data/disk; mount -o loop data/disk srv/venue")
    night.plant()


def overlay(night):
    night.plant(night.data)
    night.sh("mkdir up; mount -t tmpfs -o size=8m none up; mkdir up/up up/work; mount -t overlay none -o "
             "lowerdir=data,upperdir=up/up,workdir=up/work srv/venue")


def by_fuse(night):
    night.plant(night.data)
    night.sh("bindfs data srv/venue")


def in_memory(night):
    night.sh(f"mount -t tmpfs -o size=64m,{IN_MEMORY} none srv/venue")
    night.plant()


def all_of(outcome, **other):
    return {**{name: outcome for name in NAMES}, **other}


CONDITIONS = {
    "ext4": (plain("ext4"), all_of("destroyed")),
    "ext4, data=journal": (plain("ext4", "data=journal"), all_of("unverified")),
    "ext4, inline_data": (plain("ext4", make=["-O", "inline_data"]),
                          all_of("destroyed", door="unverified", clock="unverified",
                                 broker="unverified")),
    "xfs": (plain("xfs", size="300M"), all_of("destroyed")),
    "xfs, reflinks": (reflinked, all_of("destroyed", door="unverified", list="unverified")),
    "btrfs": (plain("btrfs", size="120M"), all_of("unverified")),
    "btrfs, snapshot": (snapshot, all_of("unverified")),
    "ext4 in a file on btrfs": (behind_a_loop, all_of("unverified")),
    "overlay": (overlay, all_of("failed")),
    "FUSE": (by_fuse, all_of("unverified")),
    "tmpfs": (in_memory, all_of("unverified" if swaps() and not KEPT_IN_MEMORY else "destroyed")),
}


# --- moments ----------------------------------------------------------------------------------------

def wipe_and_finish(night):
    said = night.ask("WIPE")
    said.update(night.ask("FINISH"))
    return {name: said[name] for name in NAMES}


def mounted(night, said):
    said["wipe"] = wipe_and_finish(night)
    night.end()


def not_yet(night, said):
    """Unmounted in the evening, and mounted again while porchlight-wipe runs."""
    night.sh("umount srv/venue")
    away = wipe_and_finish(night)
    assert away == all_of("unverified"), away
    assert night.pending()
    source = "data/disk" if night.condition.startswith("ext4 in a file") else night.images[-1]
    options = ",data=journal" if "journal" in night.condition else ""
    night.sh(f"mount -o loop{options} {source} srv/venue")
    wait.until(lambda: "is there now: finishing it" in night.wiper.said(), night.wiper.said)
    said["wipe"] = {n: o for n, o in night.ask("STATUS").items() if n in NAMES}
    night.end()


def gone(night, said):
    """The host has removed them."""
    night.sh("cd srv/venue; rm -r door.key cell desk.luks sheets list.csv journal password; sync")
    said["wipe"] = wipe_and_finish(night)
    night.end()


def read_only(night, said):
    """As after an I/O error; writable again at the next start."""
    night.sh("mount -o remount,ro srv/venue")
    refused = wipe_and_finish(night)
    assert refused == all_of("failed"), refused
    night.end()
    assert night.pending()
    night.sh("mount -o remount,rw srv/venue")
    night.pending()
    said["wipe"] = {n: o for n, o in night.ask("STATUS").items() if n in NAMES}
    night.end()


def full(night, said):
    night.sh("dd if=/dev/zero of=srv/venue/fill bs=1M 2>/dev/null || true; "
             "dd if=/dev/zero of=srv/venue/fill2 bs=4k 2>/dev/null || true; sync")
    said["wipe"] = wipe_and_finish(night)
    night.end()
    left = night.mounts.see(night.venue)
    assert not any((left / name).exists() for name in ("door.key", "list.csv", "password")), \
        "a full disk keeps a name readable"


MOMENTS = {"mounted": mounted, "not yet mounted": not_yet, "removed before": gone, "read-only": read_only,
           "full": full}


def no_word_is_better(night, moment, said, left):
    for name in NAMES:
        outcome = said["wipe"][name]
        if outcome == "destroyed":
            assert name not in left, f"{name} is called destroyed, and is on the device"
        if outcome == "already gone":
            assert moment == "removed before", f"{name}: nobody but the wipe removed it"
        if moment == "mounted":
            best = RANK.index(said["plan"][name])
            assert RANK.index(outcome) <= best, f"{name}: the plan promised {RANK[best]}"
            bad = outcome in ("unverified", "failed")
            assert (said["drill"][name] in ("unverified", "failed")) >= bad, f"{name}: the drill"
            assert (said["doctor"][name] != "ok") == bad, f"{name}: doctor: {said['doctor']}"


def one_row(made, condition, moment):
    folder = fresh("t")
    make, best = CONDITIONS[condition]
    try:
        with Night(folder, made) as night:
            night.condition = condition
            make(night)
            said = {"plan": {n: t["best"] for n, t in night.plan().items()},
                    "doctor": night.doctor(), "drill": night.ask("DRILL")}
            night.end()
            MOMENTS[moment](night, said)
            left = night.scan()
            no_word_is_better(night, moment, said, left)
            if moment in ("mounted", "not yet mounted", "read-only"):
                assert said["wipe"] == best, said["wipe"]
            return [f"| {n} | {condition} | {moment} | {said['plan'][n]} | {said['doctor'][n]} | "
                    f"{said['drill'][n]} | {said['wipe'][n]} | {'found' if n in left else 'none'} |"
                    for n in NAMES]
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def made():
    folder = fresh("t")
    yield container(folder)
    shutil.rmtree(folder, ignore_errors=True)


# A folder below another one is there with it; bindfs gives no room of its own.
NONE = {(c, "not yet mounted") for c in ("overlay", "FUSE", "tmpfs")} | {
    ("overlay", "read-only"), ("FUSE", "read-only"), ("FUSE", "full"),
    ("ext4 in a file on btrfs", "full")}
ROWS = [(c, m) for c in CONDITIONS for m in MOMENTS if (c, m) not in NONE]


@pytest.mark.parametrize("condition, moment", ROWS, ids=[f"{c}: {m}" for c, m in ROWS])
def test_no_word_is_better_than_the_bytes(made, condition, moment):
    row = one_row(made, condition, moment)
    out = ROOT / "build/wipe-places"
    out.mkdir(parents=True, exist_ok=True)
    (out / f"{ROWS.index((condition, moment)):02}").write_text("\n".join(row) + "\n")
    table = ["| target | on | moment | plan | doctor | drill | wipe | raw device |",
             "|---|---|---|---|---|---|---|---|"]
    table += [line for part in sorted(out.iterdir()) for line in part.read_text().splitlines() if line]
    (ROOT / "build/wipe-places.md").write_text("\n".join(table) + "\n")
