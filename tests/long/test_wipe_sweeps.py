"""The wipe cut, and its calls failing, at every single system call, over every kind of target.

Needs root (mounts) and the build without sanitizers: LeakSanitizer does not work under ptrace.
The number of points is printed; `pytest -s` shows it.
"""

import pytest

from tests.kit.traced import Traced, build, resume
from tests.kit.wipe_place import KINDS, WipePlace, checksum

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
    for at in range(1, whole.count + 1):
        place.plant()
        Traced(tracer, place, "WIPE", "kill", at)
        before = place.alive()
        if resume(place):
            resumed += 1
            assert place.alive() == {"broker"}, f"killed at call {at} of {whole.count}"
        elif before != {"broker"}:
            # Not yet asked for in a way that outlasts us: then nothing may have been touched.
            untouched += 1
            assert before == set(KINDS) - {"book"}, f"call {at}: touched before the intent stood"
        calm(place)
    print(f"\nkill sweep, WIPE: {whole.count} points, {untouched} before the intent stood, "
          f"{resumed} resumed; all dead after each rerun")
    assert resumed > 300


def test_kill_at_every_call_of_finish(tracer, place):
    def wiped():
        place.plant()
        Traced(tracer, place, "WIPE", "list")
        assert place.alive() == {"broker"}

    wiped()
    whole = Traced(tracer, place, "FINISH", "list")
    assert not place.alive()
    resumed = 0
    for at in range(1, whole.count + 1):
        wiped()
        Traced(tracer, place, "FINISH", "kill", at)
        before = place.alive()
        if resume(place):
            resumed += 1
            assert not place.alive(), f"killed at call {at} of {whole.count}"
        else:
            assert before in ({"broker"}, set())
        calm(place)
    print(f"\nkill sweep, FINISH: {whole.count} points, {resumed} resumed")
    assert resumed > 50


# Once, and from then on for good. EINTR for good is no machine's behaviour: such a call never ends.
@pytest.mark.parametrize("fault, sticky", [("EIO", False), ("ENOSPC", False), ("EINTR", False),
                                           ("short", False), ("EIO", True), ("ENOSPC", True)])
def test_fault_at_every_call(tracer, place, fault, sticky):
    place.plant()
    whole = Traced(tracer, place, "WIPE", "list")
    points = [n for n, nr, can_fail in whole.calls if can_fail]
    honest = full = 0
    for at in points:
        how = [fault, at] + (["sticky"] if sticky else [])
        place.plant()
        cut = Traced(tracer, place, "WIPE", *how)
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
    for word in ("DRILL", "WIPE"):  # records are made once, and nothing is there yet to destroy
        Traced(tracer, place, word, "list")
    for name in "kf":
        (v / name).write_bytes(b"x" * 32)
    (v / "c").write_bytes((v / "cell").read_bytes())
    for name in "tj":
        (v / name / "folder").mkdir(parents=True)
        (v / name / "one").write_bytes(b"x" * 300)
        (v / name / "folder/two").write_bytes(b"x" * 8192)
        (v / name / "link").symlink_to("one")
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
