"""The plan promises no more than the wipe does, whatever is at a target's path, and what is called
destroyed or gone is not on the raw device. Needs root; the mounts live in a namespace of their own."""

import hashlib
import os
import secrets

import pytest

from tests.kit import wait
from tests.kit.mounts import IN_MEMORY, written
from tests.kit.process import Process
from tests.kit.wipe_mounts import HEAD, LIST, TREE, MountedVenue

CANARY = "canary-" + secrets.token_hex(16)
FOLDER = HEAD + "[file list]\npath = /srv/venue/in/list.csv\n"


@pytest.fixture
def venue(folder):
    with MountedVenue(folder) as made:
        made.image = made.disk()
        yield made


def on_the_disk(venue):
    venue.sh("sync; umount -R srv/venue || umount -l srv/venue; sync")
    return any(CANARY.encode() in part for part in written(venue.image))


# What it would leave alone: what is put at the target's path, and what is said.
REFUSED = {
    "a link": (LIST, f"echo {CANARY} >srv/venue/other; ln -s other srv/venue/list.csv"),
    "a link on the way": (FOLDER, "mkdir srv/venue/other; ln -s other srv/venue/in; "
                          f"echo {CANARY} >srv/venue/other/list.csv"),
    "a file on the way": (FOLDER, f"echo {CANARY} >srv/venue/in"),
    "a folder for a file": (LIST, f"mkdir srv/venue/list.csv; echo {CANARY} >srv/venue/list.csv/in"),
    "a file for a folder": (TREE, f"echo {CANARY} >srv/venue/sheets"),
    "another mount over a file": (LIST, f"echo {CANARY} >srv/venue/list.csv; echo other >other; "
                                  "mount --bind other srv/venue/list.csv"),
    "another mount at a folder": (TREE, "mkdir srv/venue/sheets; mount -t tmpfs none srv/venue/sheets"),
    "another mount on the way": (FOLDER, f"mkdir srv/venue/in other; echo {CANARY} >srv/venue/in/list.csv; "
                                 "mount --bind other srv/venue/in; echo other >other/list.csv"),
    "a folder of a disk for a tmpfs": (TREE.replace("[tree", "[tmpfs"),
                                       f"mkdir srv/venue/sheets; echo {CANARY} >srv/venue/sheets/in"),
    "a plain folder for an encrypted one": (TREE.replace("[tree", "[fscrypt"),
                                            f"mkdir srv/venue/sheets; echo {CANARY} >srv/venue/sheets/in"),
    "a chip that is not there": (HEAD + "[cell clock]\ncell = nvmem:rtc0\n", "true"),
    "folders that are too deep": (TREE, "mkdir srv/venue/sheets; cd srv/venue/sheets; for i in $(seq 201); do "
                                  f"mkdir d; cd d; done; echo {CANARY} >in"),
    "a mount of somebody who does not let root in": (
        LIST, f"chmod 711 .; umount srv/venue; mkdir data; echo {CANARY} >data/list.csv; "
        # That user may not be let in where the project is: by way of /mnt.
        "chown -R 65534 data srv/venue; mount --bind . /mnt; (cd /mnt; setpriv --reuid 65534 --regid 65534 "
        "--clear-groups bindfs --no-allow-other data srv/venue); mount --move /mnt/srv/venue srv/venue; umount -l /mnt"),
    "no partition": (HEAD + "[luks desk]\ndevice = /dev/none-here\n", "true"),
}


@pytest.mark.parametrize("plan, make", REFUSED.values(), ids=list(REFUSED))
def test_what_is_left_alone_is_not_promised(venue, plan, make):
    venue.plan(plan)
    venue.sh(make + "; sync")
    promised = venue.accept()
    assert list(promised.values()) == ["failed"]
    assert venue.run("--plan").returncode == 1 and "All of it can be destroyed" not in venue.run("--plan").stdout
    assert set(venue.ask("DRILL").values()) <= {"failed"}
    assert venue.ask("WIPE") == promised


def test_a_mount_that_was_at_the_targets_own_path(venue):
    """What was in it is not in the empty folder that is there without it."""
    venue.plan(TREE)
    venue.sh("mkdir srv/venue/sheets")
    venue.image = venue.disk("srv/venue/sheets")
    venue.sh(f"echo {CANARY} >srv/venue/sheets/in; sync")
    assert venue.accept() == {"sheets": "failed"}
    venue.sh("umount srv/venue/sheets")
    assert venue.ask("WIPE") == {"sheets": "unverified"}


# --- nothing is at the path, and the data is whole -----------------------------------------------

MOVED = {
    "under another name": "mv srv/venue/in/list.csv srv/venue/in/guests",
    "into another folder": "mkdir srv/venue/out; mv srv/venue/in/list.csv srv/venue/out",
    "its folder": "mv srv/venue/in srv/venue/out; mkdir srv/venue/in",
    "out of the root": "mkdir whole/out; mv whole/venue/in/list.csv whole/out",
}


@pytest.mark.parametrize("move", MOVED.values(), ids=list(MOVED))
def test_what_was_moved_is_not_gone(venue, move):
    venue.plan(FOLDER)
    venue.sh("umount srv/venue; mkdir whole; mount -o loop " + str(venue.image) + " whole; mkdir whole/venue; "
             "mount --bind whole/venue srv/venue")
    venue.sh(f"mkdir srv/venue/in; echo {CANARY} >srv/venue/in/list.csv; sync")
    assert venue.accept() == {"list": "destroyed"}
    venue.sh(move)
    assert venue.accept() == {"list": "unverified"}, "the host accepts that it is missing"
    assert venue.ask("WIPE") == {"list": "unverified"}
    assert "still in its file system" in venue.wiper.said()
    venue.sh("umount whole")
    assert on_the_disk(venue)


def test_what_was_moved_with_its_root_is_not_gone(folder):
    with MountedVenue(folder) as venue:
        venue.plan(LIST)
        venue.image = venue.disk("srv")
        venue.sh(f"mkdir srv/venue; echo {CANARY} >srv/venue/list.csv; sync")
        assert venue.accept() == {"list": "destroyed"}
        venue.sh("mv srv/venue srv/out")
        assert venue.accept() == venue.ask("WIPE") == {"list": "unverified"}
        venue.end()
        venue.sh("umount srv")
        assert any(CANARY.encode() in part for part in written(venue.image))


REPLACED = {
    "another file": (LIST, f"echo {CANARY} >srv/venue/list.csv",
                     "mv srv/venue/list.csv srv/venue/first; echo new >srv/venue/list.csv"),
    "a file that has a second name": (LIST, f"echo {CANARY} >srv/venue/list.csv",
                                      "ln srv/venue/list.csv srv/venue/first; echo new >srv/venue/new; "
                                      "mv srv/venue/new srv/venue/list.csv"),
    "another folder": (TREE, f"mkdir srv/venue/sheets; echo {CANARY} >srv/venue/sheets/in",
                       "mv srv/venue/sheets srv/venue/first; mkdir srv/venue/sheets"),
}


@pytest.mark.parametrize("plan, make, replace", REPLACED.values(), ids=list(REPLACED))
def test_what_was_replaced_and_kept_is_not_destroyed(venue, plan, make, replace):
    venue.plan(plan)
    venue.sh(make + "; sync")
    assert set(venue.accept().values()) == {"destroyed"}
    venue.sh(replace)
    assert set(venue.ask("WIPE").values()) == {"unverified"}
    assert "what was at its path before is still in its file system" in venue.wiper.said()
    assert on_the_disk(venue)


def test_what_was_replaced_for_good_is_destroyed(venue):
    venue.plan(LIST)
    venue.sh("echo guests >srv/venue/list.csv; sync")
    venue.accept()
    venue.sh("echo new >srv/venue/new; mv srv/venue/new srv/venue/list.csv; sync")
    assert venue.ask("WIPE") == {"list": "destroyed"}


@pytest.mark.parametrize("also, outcome", [("", "unverified"), ("also = yes\n", "destroyed")], ids=["stays", "goes"])
def test_what_was_moved_to_the_trash(venue, also, outcome):
    venue.plan(LIST + also)
    venue.sh(f"echo {CANARY} >srv/venue/list.csv; sync")
    venue.accept()
    venue.sh("mkdir -p srv/venue/.Trash-0/info srv/venue/.Trash-0/files; mv srv/venue/list.csv srv/venue/.Trash-0/files; "
             "printf '[Trash Info]\nPath=list.csv\n' >srv/venue/.Trash-0/info/list.csv.trashinfo")
    assert venue.ask("WIPE") == {"list": outcome}
    assert on_the_disk(venue) == (outcome == "unverified")


def test_what_is_deleted_and_open_is_not_gone(venue):
    venue.plan(LIST)
    venue.sh(f"echo {CANARY} >srv/venue/list.csv; sync")
    venue.accept()
    reader = Process("reader", venue.mounts.inside("sh", "-c", f"exec 7<{venue.venue}/list.csv; "
                                                   f"rm {venue.venue}/list.csv; echo open; exec sleep 999"),
                     venue.prefix / "reader.said")
    wait.until(lambda: "open" in reader.said(), reader.said)
    assert venue.ask("WIPE") == {"list": "unverified"}
    reader.kill()
    assert on_the_disk(venue)


def test_what_was_removed_for_good_is_gone(venue):
    venue.plan(LIST)
    venue.sh("echo guests >srv/venue/list.csv; sync")
    venue.accept()
    venue.sh("rm srv/venue/list.csv; echo other >srv/venue/other; sync")
    assert venue.ask("WIPE") == {"list": "already gone"}


@pytest.mark.parametrize("before", [False, True], ids=["after the plan was accepted", "before"])
@pytest.mark.parametrize("kind", ["tmpfs", "ext4"])
def test_what_is_mounted_over_is_not_gone(venue, kind, before):
    """Both the same kind, so that type and source do not show it."""
    venue.plan(LIST)
    over = {"tmpfs": "mount -t tmpfs none srv/venue",
            "ext4": f"mount -o loop {venue.mounts.image('ext4')} srv/venue"}[kind]
    if kind == "tmpfs":
        venue.sh("umount srv/venue; mount -t tmpfs none srv/venue")
    venue.sh(f"echo {CANARY} >srv/venue/list.csv; sync")
    assert before or venue.accept() == {"list": "destroyed"}
    venue.sh(over)
    assert venue.accept() == {"list": "unverified"}
    assert venue.ask("WIPE") == {"list": "unverified"}
    venue.end()
    venue.sh("umount srv/venue")
    assert venue.there()


# --- what belongs to the file itself -------------------------------------------------------------

SETTLE = LIST.replace("venue\n", "venue\nsettle = yes\n", 1)


@pytest.mark.parametrize("size", [0, 700], ids=["in the inode", "in a block of its own"])
def test_notes_of_programs_on_a_file_go_too(venue, size):
    """Extended attributes go through the journal, which settle = yes zeroes."""
    venue.plan(SETTLE)
    venue.sh("echo guests >srv/venue/list.csv")
    os.setxattr(venue.mounts.see(venue.venue) / "list.csv", "user.note", CANARY.encode() + bytes(size))
    venue.sh("sync")
    assert venue.accept() == {"list": "destroyed"}
    assert venue.ask("WIPE") == {"list": "destroyed"}
    assert not on_the_disk(venue)


@pytest.mark.parametrize("where", ["sheets", "sheets/deep"])
def test_notes_of_programs_on_a_folder_go_too(venue, where):
    venue.plan(TREE.replace("venue\n", "venue\nsettle = yes\n", 1))
    venue.sh("mkdir -p srv/venue/sheets/deep")
    os.setxattr(venue.mounts.see(venue.venue) / where, "user.note", CANARY.encode())
    venue.sh("sync")
    assert venue.accept() == venue.ask("WIPE") == {"sheets": "destroyed"}
    assert not on_the_disk(venue)


@pytest.mark.parametrize("kind, plan", [("ext4", LIST), ("ext4", LIST.replace("[file", "[key")), ("ext4", TREE),
                                        ("xfs", SETTLE)], ids=["a file", "a key", "a folder", "XFS, settle = yes"])
def test_notes_of_programs_stay_in_the_journal(folder, kind, plan):
    with MountedVenue(folder) as venue:
        venue.image = venue.mounts.image(kind, "300M" if kind == "xfs" else "32M")
        venue.mounts.mount(venue.image, venue.venue)
        venue.plan(plan)
        venue.sh("mkdir -p srv/venue/sheets; echo guests >srv/venue/list.csv")
        os.setxattr(venue.mounts.see(venue.venue) / ("sheets" if plan == TREE else "list.csv"), "user.note",
                    CANARY.encode())
        venue.sh("sync")
        assert set(venue.accept().values()) == set(venue.ask("DRILL").values()) == {"unverified"}
        assert set(venue.ask("WIPE").values()) == {"unverified"}
        assert on_the_disk(venue)


@pytest.mark.parametrize("size, said", [(8, "destroyed"), (9, "unverified")])
def test_the_time_that_journald_notes_is_none(venue, size, said):
    """All of its files have it; what is longer is no such time."""
    venue.plan(LIST)
    venue.sh("echo guests >srv/venue/list.csv")
    os.setxattr(venue.mounts.see(venue.venue) / "list.csv", "user.crtime_usec", bytes(size))
    venue.sh("sync")
    assert venue.accept() == venue.ask("WIPE") == {"list": said}


SHEET = "[file one]\npath = /srv/venue/sheets/one\n"
SHARED = {"a folder and a file in it": TREE + SHEET,
          "a key in a folder": TREE + SHEET.replace("[file", "[key"),
          "a file, named twice": HEAD + SHEET + SHEET.replace("one]", "two]")}


@pytest.mark.parametrize("plan", SHARED.values(), ids=list(SHARED))
def test_what_one_target_could_not_prove_the_other_does_not_claim(folder, plan):
    """A copy shares the file's blocks, and the second target finds nothing, or an empty folder."""
    with MountedVenue(folder) as venue:
        venue.image = venue.mounts.image("xfs", "300M")
        venue.mounts.mount(venue.image, venue.venue)
        venue.plan(plan)
        venue.sh(f"mkdir srv/venue/sheets; yes {CANARY} | head -c 9000 >srv/venue/sheets/one; sync; "
                 "cp --reflink=always srv/venue/sheets/one srv/venue/kept; sync")
        assert set(venue.accept().values()) == set(venue.ask("WIPE").values()) == {"unverified"}
        assert on_the_disk(venue)


def test_what_shared_its_blocks_once_is_destroyed(folder):
    """XFS has blocks in reserve for a file that was copied by reflink and changed, and would write there."""
    with MountedVenue(folder) as venue:
        venue.image = venue.mounts.image("xfs", "300M")
        venue.mounts.mount(venue.image, venue.venue)
        venue.plan(LIST)
        change = "printf x | dd of=list.csv conv=notrunc 2>/dev/null; sync"  # its first block
        venue.sh(f"cd srv/venue; (head -c 4096 /dev/zero; yes {CANARY} | head -c 90000) >list.csv; {change}; "
                 f"cp --reflink=always list.csv other; {change}; rm other; sync")
        assert venue.accept() == venue.ask("WIPE") == {"list": "destroyed"}
        assert not on_the_disk(venue)


def test_what_was_in_the_journal_goes_as_the_plan_advises(folder):
    """Mounted without data=journal from now on, and with settle = yes."""
    with MountedVenue(folder) as venue:
        venue.image = venue.mounts.image("ext4")
        venue.mounts.mount(venue.image, venue.venue, "data=journal")
        venue.plan(LIST)
        venue.sh(f"yes {CANARY} | head -c 90000 >srv/venue/list.csv; sync")
        listed = venue.run("--plan").stdout
        assert "Mount it without data=journal." in listed and "write settle = yes in its root" in listed
        venue.mounts.umount(venue.venue)
        venue.mounts.mount(venue.image, venue.venue)
        venue.plan(LIST.replace("[file", "settle = yes\n[file"))
        assert venue.accept() == venue.ask("WIPE") == {"list": "destroyed"}
        assert not on_the_disk(venue)


def test_what_was_small_once_is_in_the_journal(folder):
    """With inline_data it was in its inode. Nothing shows that of a file that has grown since."""
    with MountedVenue(folder) as venue:
        venue.image = venue.mounts.image("ext4", options=["-O", "inline_data"])
        venue.mounts.mount(venue.image, venue.venue)
        venue.plan(LIST)
        venue.sh(f"echo {CANARY} >srv/venue/list.csv; sync; seq 9000 >>srv/venue/list.csv; sync")
        assert venue.accept() == venue.ask("DRILL") == venue.ask("WIPE") == {"list": "unverified"}
        assert "its file system keeps small files in inodes (inline_data)" in venue.wiper.said()
        assert on_the_disk(venue)


UPPER = "[root up]\npath = /srv/up\n[file copy]\npath = /srv/up/up/list.csv\n[tree copies]\npath = /srv/up/up/sheets\n"


@pytest.mark.parametrize("upper, outcome", [("", "unverified"), (UPPER, "destroyed")], ids=["left out", "named, too"])
def test_what_an_overlay_copied_of_it(venue, upper, outcome):
    """Who reads the sheet through the overlay gets the copy, which is as good."""
    venue.plan(TREE + "[file list]\npath = /srv/venue/list.csv\n" + upper)
    venue.sh("mkdir srv/venue/sheets srv/up; cd srv; touch venue/sheets/one venue/list.csv; "
             f"mkdir up/up up/work over; mount -t tmpfs -o {IN_MEMORY} none up; mkdir up/up up/work")
    assert set(venue.accept().values()) <= {"destroyed", "unverified"}
    venue.sh("mount -t overlay none -o lowerdir=srv/venue,upperdir=srv/up/up,workdir=srv/up/work srv/over".replace(
        "=srv", f"={venue.prefix}/srv") + f"; for f in sheets/one list.csv; do echo {CANARY} >>srv/over/$f; done")
    wanted = {"list": outcome, "sheets": outcome}
    assert {n: o for n, o in venue.accept().items() if n in wanted} == wanted
    assert {n: o for n, o in venue.ask("WIPE").items() if n in wanted} == wanted
    assert ("an overlay that is mounted on it has a copy" in venue.wiper.said()) == (outcome == "unverified")
    left = venue.sh(f"grep -rl {CANARY} srv/over srv/up || true").split()
    assert bool(left) == (outcome == "unverified"), left
    venue.sh("umount srv/over")


CELL = HEAD + "[cell clock]\ncell = file:/srv/venue/cell\n"


@pytest.mark.parametrize("make, also, outcome", [
    ("chattr +i srv/venue/cell", "", "destroyed"),
    ("cp srv/venue/cell srv/venue/cell~", "", "unverified"),
    ("cp srv/venue/cell srv/venue/cell~", "also = yes\n", "destroyed")], ids=["locked", "a copy", "a copy, too"])
def test_a_cell_that_is_a_file(venue, make, also, outcome):
    venue.plan(CELL + also)
    key = CANARY.encode()[-32:]
    cell = venue.mounts.see(venue.venue) / "cell"
    cell.write_bytes(b"PLc1" + key + hashlib.blake2b(key, digest_size=16).digest()[:4])
    cell.chmod(0o600)
    venue.sh(make + "; sync")
    assert venue.accept() == venue.ask("DRILL") == {"clock": outcome}
    assert venue.ask("WIPE") == {"clock": outcome}
    venue.end()
    venue.sh("sync; umount srv/venue")
    left = any(key in part for part in written(venue.image))
    assert left == (outcome == "unverified")


# --- bytes that a look at the file does not show ---------------------------------------------------

@pytest.mark.parametrize("make", [
    "fallocate --zero-range --length 200000 srv/venue/list.csv",
    "fallocate --zero-range --offset 4096 --length 8192 srv/venue/list.csv",
    "truncate -s 3G srv/venue/list.csv",
    "fallocate --length 1M srv/venue/list.csv",
], ids=["zeroed in place", "partly zeroed in place", "mostly a hole", "with blocks never written"])
def test_blocks_that_read_as_zeros_are_overwritten(venue, make):
    venue.plan(LIST)
    venue.sh(f"yes {CANARY} | head -c 200000 >srv/venue/list.csv; sync; {make}; sync")
    assert venue.accept() == {"list": "destroyed"}
    assert venue.ask("WIPE") == {"list": "destroyed"}
    assert not on_the_disk(venue)
