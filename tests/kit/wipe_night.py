"""A venue with seven kinds of targets on a file system of the test's choice: what plan, doctor, drill and
wipe say of each, and what a scan of the raw device finds afterwards. Needs root."""

import hashlib
import secrets
import shutil
import subprocess

from tests.kit import wipe_table, wiper
from tests.kit.doctor import ask
from tests.kit.mounts import written
from tests.kit.place import fresh
from tests.kit.wipe_mounts import InMounts

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


def container(folder):
    """A LUKS2 container, and 64 bytes of its key slot."""
    path = folder / "made.luks"
    with open(path, "wb") as f:
        f.truncate(4 << 20)
    subprocess.run(["cryptsetup", "luksFormat", "-q", *LUKS, str(path), "-"], input=PASS, check=True,
                   capture_output=True)
    return path.read_bytes()


class Night(InMounts):
    """A prefix whose /srv/venue is what the test mounts there."""

    def __init__(self, folder, made):
        super().__init__(folder)
        self.made, self.data = made, folder / "data"
        self.data.mkdir()
        self.plan(PLAN)
        wiper.write_conf(folder)
        self.secrets = {name: secrets.token_bytes(32) for name in NAMES}
        self.secrets["desk"] = made[SLOT:SLOT + 64]
        self.more = []  # bytes that count as the container, too
        self.condition = ""
        self.images = []

    def __exit__(self, *_):
        if self.wiper:
            self.wiper.kill()
        self.mounts.__exit__()

    # --- the file system ----------------------------------------------------------------------

    def mount(self, kind, *options, size="32M", make=(), at=None):
        self.images.append(self.mounts.image(kind, size, make))
        self.mounts.mount(self.images[-1], at or self.venue, *options)

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
        wanted = [*self.secrets.items(), *(("desk", more) for more in self.more)]
        parts = [part for image in self.images for part in written(image)]
        parts += [path.read_bytes() for path in self.data.rglob("*") if path.is_file()]
        return {name for name, secret in wanted if any(secret in part for part in parts)}

    # --- what is said -------------------------------------------------------------------------

    def doctor(self):
        checks = ask(self.prefix, [str(a) for a in self.mounts.inside()])["config"]
        return {name: checks[f"wipe {name}"].verdict if f"wipe {name}" in checks else "ok"
                for name in NAMES}

    def pending(self):
        return self.run("--resume").returncode != 0


def all_of(outcome, **other):
    return {**{name: outcome for name in NAMES}, **other}


def wipe_and_finish(night):
    said = night.ask("WIPE")
    said.update(night.ask("FINISH"))
    return {name: said[name] for name in NAMES}


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
            assert (said["drill"].get(name, "failed") in ("unverified", "failed")) >= bad, f"{name}: the drill"
            assert (said["doctor"][name] != "ok") == bad, f"{name}: doctor: {said['doctor']}"


def row(group, number, made, named, make, best, moment, happen):
    """One condition at one moment, into the table. `named`: the condition; `best`: {target: what may be said
    at best}, None where that is not fixed."""
    folder = fresh("t")
    try:
        with Night(folder, made) as night:
            night.condition = named
            make(night)
            said = {"plan": {n: t["best"] for n, t in night.look().items()},
                    "doctor": night.doctor(), "drill": night.ask("DRILL")}
            night.end()
            happen(night, said)
            left = night.scan()
            wipe_table.note(group, number, [
                wipe_table.line(n, named, moment, said["plan"][n], said["doctor"][n],
                                said["drill"].get(n, "not made"), said["wipe"][n], n in left) for n in NAMES])
            no_word_is_better(night, moment, said, left)
            assert best is None or said["wipe"] == best, said["wipe"]
    finally:
        shutil.rmtree(folder, ignore_errors=True)
