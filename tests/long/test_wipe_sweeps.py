"""The wipe cut, and its calls failing, at every single system call, over every kind of target.

Needs root (mounts) and the build without sanitizers: LeakSanitizer does not work under ptrace.
The number of points is printed; `pytest -s` shows it.
"""

import os
import shutil
import subprocess

import pytest

from tests.kit import wipe_hidden, wiper
from tests.kit.mounts import Mounts
from tests.kit.traced import Traced, build, each_fault, each_kill, resume
from tests.kit.wipe_place import KINDS, WipePlace, checksum

STEP = int(os.environ.get("STEP", "1"))  # each call; STEP=9: every ninth, for a quick look


@pytest.fixture(scope="module")
def tracer():
    return build()


def calm(place):
    assert place.sentinel_intact(), "something outside of the plan was touched"
    assert not place.strays()


# The record's own folder, and the file system's, are outside of the image: they are not what is
# swept here.
@pytest.fixture
def place(folder):
    with WipePlace(folder) as made:
        yield made


def every_kind_answers(traced, credential):
    assert [n for k, o, n in traced.replies if k == "1"] == KINDS_IN_ORDER
    outcomes = {n: o for k, o, n in traced.replies if k == "1"}
    assert outcomes.pop("broker") == credential
    assert outcomes.pop("book") == "2"  # no systemd here, or no such unit
    assert set(outcomes.values()) == {"1"}, traced.replies


KINDS_IN_ORDER = ["book", "clock", "door", "vault", "desk", "sheets", "list", "log", "ram", "broker"]


def test_kill_at_every_call(tracer, place):
    assert set(KINDS_IN_ORDER) == set(KINDS)
    place.plant()
    assert place.alive() == set(KINDS) - {"book"}, "the check itself must see what is alive"
    whole = Traced(tracer, place, "WIPE", "list")
    every_kind_answers(whole, "0")
    assert place.alive() == {"broker"}
    untouched = resumed = 0
    for at in each_kill(tracer, place, range(1, whole.count + 1, STEP)):
        before = place.alive()
        if resume(place):
            resumed += 1
            assert place.alive() == {"broker"}, f"killed at call {at} of {whole.count}"
        elif before != {"broker"}:
            # Not yet asked for in a way that outlasts us: then nothing may have been touched.
            untouched += 1
            assert before == set(KINDS) - {"book"}, f"call {at}: touched before the intent stood"
        calm(place)
    print(f"\nkill sweep, WIPE: {len(range(0, whole.count, STEP))} of {whole.count} points, {untouched} before the intent stood, "
          f"{resumed} resumed; all dead after each rerun")
    assert resumed * STEP > 300


def test_kill_at_every_call_of_finish(tracer, place):
    place.plant()
    Traced(tracer, place, "WIPE", "list")
    assert place.alive() == {"broker"}
    whole = Traced(tracer, place, "FINISH", "list")
    assert not place.alive()
    resumed = 0
    for at in each_kill(tracer, place, range(1, whole.count + 1, STEP), "FINISH"):
        before = place.alive()
        if resume(place):
            resumed += 1
            assert not place.alive(), f"killed at call {at} of {whole.count}"
        else:
            assert before in ({"broker"}, set())
        calm(place)
    print(f"\nkill sweep, FINISH: {len(range(0, whole.count, STEP))} of {whole.count} points, {resumed} resumed")
    assert resumed * STEP > 50


# Once, and from then on for good. EINTR for good is no machine's behaviour: such a call never ends.
@pytest.mark.parametrize("fault, sticky", [("EIO", False), ("ENOSPC", False), ("EINTR", False),
                                           ("short", False), ("EIO", True), ("ENOSPC", True)])
def test_fault_at_every_call(tracer, place, fault, sticky):
    honest = full = 0
    for at, cut in each_fault(tracer, place, fault, sticky, STEP):
        lies = cut.claimed() & place.alive()
        assert not lies, f"{fault} at call {at}: claimed as destroyed but alive: {lies}\n{cut.log}"
        assert place.sentinel_intact(), f"{fault} at call {at}"
        honest += 1
        full += place.alive() == {"broker"}
    print(f"\nfault sweep, {fault}{' sticky' if sticky else ''}: {honest} points, none claimed "
          f"what was not so; at {full} all was destroyed all the same")


# Memory, randomness and sockets come and go with how many ask; what is compared is work on files.
ASIDE = {9, 10, 11, 12, 28, 7, 43, 44, 45, 47, 288, 318}
MKDIR, FDATASYNC = 83, 75


def work_on_files(traced):
    return [nr for _, nr, _ in traced.calls if nr not in ASIDE]


def test_drill_makes_the_same_calls(tracer, place):
    """From the opening of the record to its last line, over targets that look as decoys do."""
    kinds = ["[key k]\npath = /srv/disk/venue/k\n", "[file f]\npath = /srv/disk/venue/f\n",
             "[tree t]\npath = /srv/disk/venue/t\n", "[journal j]\npath = /srv/disk/venue/j\n",
             "[cell c]\ncell = file:/srv/disk/venue/c\n"]
    (place.folder / "etc/porchlight/wipe.plan").write_text(
        "[root venue]\npath = /srv/disk/venue\n" + "".join(kinds))
    place.plant()
    v = place.venue

    def plant_targets():
        for name in "kf":
            (v / name).write_bytes(b"x" * 32)
        (v / "c").write_bytes((v / "cell").read_bytes())
        for name in "tj":
            (v / name / "folder").mkdir(parents=True)
            (v / name / "one").write_bytes(b"x" * 300)
            (v / name / "folder/two").write_bytes(b"x" * 8192)
            (v / name / "link").symlink_to("one")

    plant_targets()
    for word in ("DRILL", "WIPE"):  # records and remembered places are made once
        Traced(tracer, place, word, "list")
    plant_targets()
    before = checksum(v)
    drill = Traced(tracer, place, "DRILL", "list")
    assert checksum(v) == before
    wipe = Traced(tracer, place, "WIPE", "list")
    assert checksum(v) != before
    calls = work_on_files(wipe)
    calls = calls[calls.index(MKDIR):len(calls) - calls[::-1].index(FDATASYNC)]
    rehearsed = work_on_files(drill)
    assert len(calls) > 100
    assert any(rehearsed[at:at + len(calls)] == calls for at in range(len(rehearsed))), \
        "the drill does not do what the wipe does"
    print(f"\ndrill: the same {len(calls)} calls, in the same order")


# --- the same where an overwrite is no proof -------------------------------------------------------

WEAK = """[root venue]
path = /srv/disk/venue
[key door]
path = /srv/disk/venue/door.key
[tree sheets]
path = /srv/disk/venue/sheets
[file list]
path = /srv/disk/venue/list.csv
"""


class Weak:
    """Context manager: three targets on a file system that keeps old blocks, or has no room."""

    def __init__(self, folder, kind, full):
        self.folder, self.kind, self.full = folder, kind, full
        self.socket = folder / "run/porchlight/wipe.sock"
        for made in ("etc/porchlight", "run/porchlight", "var/lib", "srv/disk"):
            (folder / made).mkdir(parents=True)
        (folder / "etc/porchlight/wipe.plan").write_text(WEAK)

    def __enter__(self):
        self.mounts = Mounts(self.folder).__enter__()
        image = self.mounts.image(self.kind, "300M" if self.kind == "xfs" else "64M")
        self.mounts.mount(image, self.folder / "srv/disk")
        self.disk = self.mounts.see(self.folder / "srv/disk")
        self.venue = self.disk / "venue"
        return self

    def __exit__(self, *_):
        self.mounts.__exit__()

    def inside(self, *argv):
        return self.mounts.inside(*argv)

    def plant(self):
        shutil.rmtree(self.folder / "var/lib/porchlight-wipe", ignore_errors=True)
        (self.disk / "fill").unlink(missing_ok=True)
        for old in (self.venue, self.disk / "kept"):
            shutil.rmtree(old, ignore_errors=True)
        (self.venue / "sheets/deep").mkdir(parents=True)
        (self.disk / "kept").mkdir()
        (self.venue / "door.key").write_bytes(b"CANARY" + bytes(26))
        (self.venue / "list.csv").write_bytes(b"CANARY\n" * 9000)
        for name in ("one", "deep/two"):
            (self.venue / "sheets" / name).write_bytes(b"CANARY\n" * 3000)
        for path in list(self.venue.rglob("*")):  # what a snapshot or cp --reflink keeps
            if path.is_file():
                run(["cp", "--reflink=always", path, self.disk / "kept" / path.name])
        if self.full:
            run(["sh", "-c", f"dd if=/dev/zero of={self.disk}/fill bs=1M 2>/dev/null; "
                             f"dd if=/dev/zero bs=4k oflag=append conv=notrunc of={self.disk}/fill "
                             "2>/dev/null; true"])
        run(["sync", "-f", self.disk])

    def left(self):
        return {name for name in ("door.key", "list.csv", "sheets") if (self.venue / name).exists()}


def run(argv):
    subprocess.run([str(a) for a in argv], check=True, capture_output=True)


def each_kill_that_resumes(tracer, place, calls):
    """The call, and what the record says after the start that follows it."""
    for at in each_kill(tracer, place, calls):
        if resume(place, proved=False):
            yield at, wiper.results(place.folder)


@pytest.mark.parametrize("kind, full", [("xfs", False), ("btrfs", False), ("btrfs", True)],
                         ids=["xfs, reflinks", "btrfs", "btrfs, full"])
def test_kill_where_an_overwrite_is_no_proof(tracer, folder, kind, full):
    with Weak(folder, kind, full) as place:
        place.plant()
        whole = Traced(tracer, place, "WIPE", "list")
        assert whole.ended() and not whole.claimed() & {"door", "sheets", "list"}, whole.replies
        assert not place.left(), "a name stays readable"
        resumed = 0
        for at, said in each_kill_that_resumes(tracer, place, range(1, whole.count + 1, STEP)):
            resumed += 1
            assert set(said) == {"door", "sheets", "list"}, f"killed at call {at}: {said}"
            assert not {1, 2} & set(said.values()), f"killed at call {at}: {said} is better than it is"
            assert not place.left(), f"killed at call {at} of {whole.count}: a name stays readable"
        print(f"\nkill sweep, {kind}{', full' if full else ''}: {len(range(0, whole.count, STEP))} of {whole.count} points, {resumed} "
              "resumed; nothing was called destroyed, and no name stayed")
        assert resumed * STEP > 50


@pytest.mark.parametrize("fault", ["EIO", "ENOSPC", "EROFS", "short"])
def test_faults_where_an_overwrite_is_no_proof(tracer, folder, fault):
    with Weak(folder, "xfs", False) as place:
        points = 0
        for at, cut in each_fault(tracer, place, fault, step=STEP):
            points += 1
            assert not cut.claimed() & {"door", "sheets", "list"}, \
                f"{fault} at call {at}: claimed {cut.claimed()}\n{cut.log}"
        print(f"\nfault sweep, {fault}, xfs with reflinks: {points} points, nothing claimed")


# --- the same with what a look at the file does not show -------------------------------------------



class Hidden(Weak):
    """kit/wipe_hidden.py's targets."""

    def __init__(self, folder):
        super().__init__(folder, "ext4", False)
        (folder / "etc/porchlight/wipe.plan").write_text(wipe_hidden.PLAN)

    def plant(self):
        run(["chattr", "-R", "-i", self.venue] if self.venue.exists() else ["true"])
        for old in (self.folder / "var/lib/porchlight-wipe", self.venue):
            shutil.rmtree(old, ignore_errors=True)
        self.canary = wipe_hidden.plant(self.venue)

    def on_the_disk(self):
        run(["sync", "-f", self.disk])
        return wipe_hidden.left(self.folder / f"image{self.mounts.images}", self.canary)


def test_kill_with_what_does_not_show(tracer, folder):
    with Hidden(folder) as place:
        place.plant()
        assert place.on_the_disk()
        whole = Traced(tracer, place, "WIPE", "list")
        assert whole.ended() and not place.on_the_disk(), whole.replies
        assert set(wiper.results(place.folder).values()) == {1}
        resumed = 0
        for at, said in each_kill_that_resumes(tracer, place, range(1, whole.count + 1, STEP)):
            resumed += 1
            assert set(said.values()) <= {1, 2, 3}, f"killed at call {at}: {said}"
            assert not place.on_the_disk(), f"killed at call {at} of {whole.count}: {said}, and it is on the disk"
        print(f"\nkill sweep, what does not show: {whole.count} calls, {resumed} resumed; nothing was left")
        assert resumed * STEP > 50


@pytest.mark.parametrize("fault", ["EIO", "ENOSPC", "short"])
def test_faults_with_what_does_not_show(tracer, folder, fault):
    with Hidden(folder) as place:
        points = wrong = 0
        for at, cut in each_fault(tracer, place, fault, step=STEP):
            points += 1
            left = place.on_the_disk()
            wrong += bool(left)
            last = {name: outcome for kind, outcome, name in cut.replies if kind == "1"}
            claimed = {name for name, outcome in last.items() if outcome in "12"}
            assert not left & claimed, f"{fault} at call {at}: claimed, and on the disk\n{cut.log}"
        print(f"\nfault sweep, {fault}, what does not show: {points} points, {wrong} left something, "
              "and nothing of that was claimed")
