"""Every kind of target on every file system and at every moment that hosts have: what plan, doctor,
drill and wipe said, and what a scan of the raw device found afterwards. No word may be better than
the bytes. `make wipe-table` writes these and more to build/wipe-places.md.

Needs root: file systems are mounted, in a namespace of their own. What this kernel cannot mount (NFS,
F2FS, ZFS, CIFS) is judged from facts, in tests/unit/wipe/test_place.c."""

import shutil

import pytest

from tests.kit import wait, wipe_night
from tests.kit.mounts import IN_MEMORY, KEPT_IN_MEMORY, swaps
from tests.kit.place import fresh
from tests.kit.wipe_night import NAMES, all_of, container, wipe_and_finish

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


CONDITIONS = {
    "ext4": (plain("ext4"), all_of("destroyed")),
    "ext4, data=journal": (plain("ext4", "data=journal"), all_of("unverified")),
    "ext4, inline_data": (plain("ext4", make=["-O", "inline_data"]), all_of("unverified")),
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
    make, best = CONDITIONS[condition]
    fixed = moment in ("mounted", "not yet mounted", "read-only")
    wipe_night.row("a-place", ROWS.index((condition, moment)), made, condition, make, best if fixed else None,
                   moment, MOMENTS[moment])
