"""The wipe on file systems, volumes and disks that this machine's kernel may lack, in a second kernel:
what plan, drill and wipe say, and what a scan of the raw disks finds. No word may be better than the
bytes."""

import secrets

import pytest

from tests.kit import uml, wipe_table
from tests.kit.storage import KINDS, SIZES, TARGETS, UNSEEN, best

# These need the board (tests/board/test_storage.py): that kernel lacks exFAT, and NFS a service that
# nobody wants on his machine.
HERE = [kind for kind in KINDS if kind not in ("exfat", "nfs")]


def disks(folder, count, megabytes):
    made = [folder / f"disk{n}" for n in range(count)]
    for path in made:
        with open(path, "wb") as f:
            f.truncate(megabytes << 20)
    return made


def count(folder, name, number, word):
    return sum((folder / f"{name}{n}").read_bytes().count(word.encode()) for n in range(number))


@pytest.mark.parametrize("kind", HERE)
def test_no_word_is_better_than_the_bytes(folder, kind):
    made, word = KINDS[kind], "canary-" + secrets.token_hex(20)
    images = disks(folder, made.disks, SIZES.get(kind, 64))
    said = uml.run(folder, images, "tests.long.storage_inside", kind, word)
    before, left = (count(folder, name, made.disks, word) for name in ("before", "disk"))
    print(f"\n{kind}: {made.best}, on the raw disks {before} before, {left} after")
    assert kind in UNSEEN or before >= 9, "the scan must find what is there"
    assert said == dict.fromkeys(("plan", "drill", "wipe"), best(kind))
    wipe_table.note("e-storage", HERE.index(kind), [
        wipe_table.line(name.removeprefix(f"{kind}-"), kind, "mounted", said["plan"][name], "not asked",
                        said["drill"][name], said["wipe"][name], left > 0) for name in best(kind)])
    assert made.best != "destroyed" or left == 0, "called destroyed, and on the disk"


def test_a_disk_that_fails_in_the_middle(folder):
    """Its file system turns read-only; once the disk writes again, the rest is done."""
    word = "canary-" + secrets.token_hex(20)
    said = uml.run(folder, disks(folder, 1, 32), "tests.long.storage_inside", "flaky", word, 32)
    names = [f"flaky-{name}" for name in TARGETS]
    assert said["plan"] == dict.fromkeys(names, "destroyed")
    assert said["wipe"] == dict.fromkeys(names, "failed")
    assert count(folder, "before", 1, word) >= 10
    assert said["resumed"] == 0 and "no wipe is pending" in said["then"]
    assert count(folder, "disk", 1, word) == 0


@pytest.mark.parametrize("loses", [False, True], ids=["whole", "without its second disk"])
def test_a_raid_of_lvm(folder, loses):
    """As md's: the disk that is missing keeps what it has."""
    word = "canary-" + secrets.token_hex(20)
    said = uml.run(folder, disks(folder, 2, 64), "tests.long.storage_inside", "raid", word, loses)
    names = [f"raid-{name}" for name in TARGETS]
    outcomes = dict.fromkeys(names, "unverified" if loses else "destroyed")
    assert said == dict.fromkeys(("plan", "drill", "wipe"), outcomes)
    assert count(folder, "before", 2, word) >= 18
    assert (count(folder, "disk", 2, word) > 0) == loses


def test_a_unit_that_is_stopped_first_is_no_obstacle(folder):
    """And where nobody could stop it, as here without systemd, the wipe says so."""
    said = uml.run(folder, [], "tests.long.storage_inside", "kept", "canary-" + secrets.token_hex(20))
    assert "open for writing in keeper.service (" in said["listed"]
    good = dict.fromkeys((f"kept-{name}" for name in TARGETS), "destroyed")
    assert said["without"]["plan"] == said["without"]["drill"] == {**good, "kept-list": "unverified"}
    assert said["with"]["plan"] == {**good, "keeper": "destroyed"}
    assert said["with"]["drill"] == {**good, "keeper": "already gone"}
    assert said["with"]["wipe"] == {**good, "keeper": "already gone", "kept-list": "unverified"}


def test_a_file_that_became_shorter_on_fat(folder):
    word = "canary-" + secrets.token_hex(20)
    said = uml.run(folder, disks(folder, 1, 64), "tests.long.storage_inside", "fat", word)
    assert said["wipe"] == {f"fat-{name}": "destroyed" for name in TARGETS}
    assert count(folder, "before", 1, word) > 1000 and count(folder, "disk", 1, word) == 0


@pytest.mark.parametrize("kind", ["vfat", "xfs"])
def test_another_stick_at_the_same_device_is_another_place(folder, kind):
    """Both give the device's number for an id: FAT always, XFS before Linux 6.9."""
    said = uml.run(folder, [], "tests.long.storage_inside", "stick", "canary-" + secrets.token_hex(20), kind)
    assert said["wipe"] == {f"stick-{name}": "unverified" for name in TARGETS}
    assert said["resumed"] == 0 and said["then"] == {f"stick-{name}": "destroyed" for name in TARGETS}
