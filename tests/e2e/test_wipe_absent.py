"""Absent is not gone: what is missing because it is not mounted stays on the wipe's list, and what
cannot be done is named. Needs root; the mounts live in a namespace of their own."""

import hashlib
import os
import struct

import pytest

from tests.kit import local, wait
from tests.kit.process import Process
from tests.kit.wipe_mounts import HEAD, LIST, TREE, MountedVenue

SLOT = 272  # bytes of a slot before its checksum (kiosk/wipe/progress.h)


@pytest.fixture
def venue(folder):
    with MountedVenue(folder) as made:
        yield made


def test_it_waits_until_it_is_mounted_over_many_starts(venue):
    """More starts than a failure is tried at; then it is mounted, and the next start finishes it."""
    venue.plan(LIST)
    image = venue.disk()
    venue.sh("echo guests >srv/venue/list.csv; echo card >list.csv")
    assert venue.accept() == {"list": "destroyed"}
    venue.sh("umount srv/venue")
    assert venue.ask("WIPE") == {"list": "unverified"}
    assert "was on another file system" in venue.wiper.said()
    for _ in range(8):
        done = venue.resume()
        assert done.returncode == 1 and "was interrupted" in done.stderr, done.stderr
    venue.mounts.mount(image, venue.venue)
    assert venue.there() and venue.resume().returncode == 0 and not venue.there()
    assert "no wipe is pending" in venue.resume().stderr


def test_a_wait_ends_when_the_plan_no_longer_names_it(venue):
    venue.plan(LIST)
    venue.disk()
    venue.sh("echo guests >srv/venue/list.csv")
    venue.accept()
    venue.sh("umount srv/venue")
    venue.ask("WIPE")
    assert venue.resume().returncode == 1
    venue.plan(HEAD.replace("venue", "other") + "[file kept]\npath = /srv/other/kept\n")
    (venue.prefix / "srv/other").mkdir()
    (venue.prefix / "srv/other/kept").write_text("x")
    assert venue.resume().returncode == 0
    assert "no wipe is pending" in venue.resume().stderr


def test_what_is_left_below_the_mount_point_is_not_it(venue):
    """An old copy of the same name on the card is destroyed, and is not taken for the other."""
    venue.plan(LIST)
    venue.sh("echo old >srv/venue/list.csv")
    image = venue.disk()
    venue.sh("echo guests >srv/venue/list.csv")
    venue.accept()
    venue.sh("umount srv/venue")
    assert venue.ask("WIPE") == {"list": "unverified"}
    assert not venue.there() and "was destroyed, but it was on another" in venue.wiper.said()
    venue.mounts.mount(image, venue.venue)
    wait.until(lambda: not venue.there(), venue.wiper.said)
    wait.until(lambda: venue.ask("STATUS") == {"list": "destroyed"}, venue.wiper.said)


@pytest.mark.parametrize("over", ["mount -t tmpfs none srv/venue", "mount --bind other srv/venue"])
def test_mounted_over(venue, over):
    venue.plan(LIST)
    venue.disk()
    venue.sh("mkdir other; echo guests >srv/venue/list.csv")
    venue.accept()
    venue.sh(over)
    assert venue.ask("WIPE") == {"list": "unverified"}
    venue.sh("umount srv/venue")
    wait.until(lambda: not venue.there(), venue.wiper.said)


def test_a_bind_that_is_not_mounted(venue):
    """The same file system, another folder of it."""
    venue.plan(LIST)
    venue.sh("mkdir data; echo guests >data/list.csv; mount --bind data srv/venue")
    venue.accept()
    venue.sh("umount srv/venue")
    assert venue.ask("WIPE") == {"list": "unverified"}
    venue.sh("mount --bind data srv/venue")
    wait.until(lambda: not venue.there(), venue.wiper.said)


def test_a_mount_in_a_tree(venue):
    """While it is mounted the plan refuses the tree; unmounted, the tree is not all of it."""
    venue.plan(TREE)
    venue.disk()
    venue.sh("mkdir -p srv/venue/sheets/in; echo x >srv/venue/sheets/one")
    venue.disk("srv/venue/sheets/in")
    venue.sh("echo guests >srv/venue/sheets/in/two")
    assert venue.accept() == {"sheets": "failed"}
    venue.sh("umount srv/venue/sheets/in")
    assert venue.ask("WIPE") == {"sheets": "unverified"}
    assert "was mounted in it is not mounted now" in venue.wiper.said()
    assert venue.resume().returncode == 1


@pytest.mark.parametrize("where", ["/srv/venue", "/srv/venue/", "//srv/./venue", "/srv//venue/.",
                                   "/srv"])
@pytest.mark.parametrize("how", ["fstab", "etc/systemd/system", "run/systemd/generator"])
def test_what_fstab_or_a_unit_would_mount(venue, how, where):
    """Never accepted, and nothing at its path: an unmounted partition is not reached."""
    venue.plan(LIST)
    if how == "fstab":
        (venue.prefix / "etc/fstab").write_text(f"/dev/sda2 {where} ext4 noauto 0 2\n")
    else:
        unit = venue.prefix / how / "srv-venue.mount"
        unit.parent.mkdir(parents=True)
        unit.write_text(f"[Unit]\nDescription=x\n[Mount]\nWhat=/dev/sda2\nWhere = {where}\n")
    assert venue.accept() == {"list": "unverified"}
    assert venue.ask("WIPE") == {"list": "unverified"}
    assert "is not mounted, so it was not reached" in venue.wiper.said()
    assert venue.resume().returncode == 1


def test_an_automount_is_not_waited_for(venue):
    """To open it could take as long as its device takes to come."""
    venue.plan(LIST + "[root other]\npath = /srv/other\n[key door]\npath = /srv/other/door.key\n")
    venue.sh("mkdir srv/other; echo key >srv/other/door.key")
    venue.accept()
    # An automount whose daemon never answers: whoever opens the folder waits without end.
    venue.sh("mkfifo pipe; (sleep infinity <>pipe >said 2>&1 & echo $! >sleeper); "
             "mount -t autofs -o fd=9,pgrp=1,minproto=5,maxproto=5,direct none srv/venue 9<>pipe")
    assert venue.ask("WIPE") == {"list": "unverified", "door": "destroyed"}
    venue.end()
    venue.sh("umount -l srv/venue; kill $(cat sleeper)")


def test_never_seen_is_not_gone(venue):
    venue.plan(LIST)
    assert venue.accept() == {"list": "unverified"}
    assert venue.ask("WIPE") == {"list": "unverified"}
    assert "nothing ever was seen there" in venue.wiper.said()
    for start in range(2, 8):
        assert (venue.resume().returncode == 0) == (start > 6), start


def test_seen_and_removed_is_gone(venue):
    venue.plan(LIST)
    venue.sh("echo guests >srv/venue/list.csv")
    venue.accept()
    venue.sh("rm srv/venue/list.csv")
    assert venue.ask("WIPE") == {"list": "already gone"}
    assert "no wipe is pending" in venue.resume().stderr


@pytest.mark.parametrize("spoil", [lambda p: p.unlink(), lambda p: p.write_text("{"),
                                   lambda p: p.write_bytes(os.urandom(5000)),
                                   lambda p: p.write_text("")])
def test_a_memory_that_is_lost_is_no_memory(venue, spoil):
    venue.plan(LIST)
    venue.sh("echo guests >srv/venue/list.csv")
    venue.accept()
    venue.sh("rm srv/venue/list.csv")
    spoil(venue.places)
    assert venue.ask("WIPE") == {"list": "unverified"}


def test_only_the_host_accepts_another_place(venue):
    """Neither a start of the service, nor a check, nor doctor's look; the listing does."""
    venue.plan(LIST)
    venue.sh("echo old >srv/venue/list.csv")
    image = venue.disk()
    venue.sh("echo guests >srv/venue/list.csv")
    venue.accept()
    venue.sh("umount srv/venue")
    before = venue.places.read_text()
    venue.run("--look")
    venue.start()
    assert [p[0] for p in local.wipe(venue.socket, "CHECK")] == [3]
    venue.ask("DRILL")
    assert venue.places.read_text() == before
    assert venue.accept() == {"list": "unverified"}
    assert venue.places.read_text() != before
    assert venue.accept() == {"list": "destroyed"}
    assert [p[:2] for p in local.wipe(venue.socket, "CHECK")] == [(2, "nothing")]
    assert image.exists()


def test_a_check_names_what_would_fail(venue):
    venue.plan(LIST)
    venue.sh("echo guests >srv/venue/list.csv; ln srv/venue/list.csv srv/venue/second")
    venue.start()
    said = local.wipe(venue.socket, "CHECK")
    assert said[-1][0] == 3 and said[-1][3].startswith("list: ")
    assert "second name" in venue.wiper.said()


def test_a_program_that_runs_from_a_tree_is_named(venue):
    venue.plan(TREE)
    venue.sh("mkdir srv/venue/sheets; cp /bin/sleep srv/venue/sheets/tool; echo x >srv/venue/sheets/one")
    tool = Process("tool", [venue.venue / "sheets/tool", "60"], venue.prefix / "tool.said")
    try:
        wait.until(lambda: os.readlink(f"/proc/{tool.pid}/exe").endswith("tool"), "the tool")
        assert venue.accept() == {"sheets": "failed"}
        assert venue.ask("WIPE") == {"sheets": "failed"}
        assert f"a program runs from it: tool ({tool.pid})" in venue.wiper.said()
        assert not venue.there("sheets/one") and venue.there("sheets/tool")
    finally:
        tool.kill()
    assert venue.resume().returncode == 0 and not venue.there("sheets")


def test_a_file_that_is_held_open_on_fuse_is_named(venue):
    venue.plan(LIST)
    venue.sh("mkdir data; echo guests >data/list.csv; bindfs data srv/venue")
    holder = Process("holder", venue.mounts.inside("sh", "-c", f"exec 7<{venue.venue}/list.csv; "
                                                   f"touch {venue.prefix}/held-open; exec sleep 60"),
                     venue.prefix / "holder.said")
    wait.until(lambda: (venue.prefix / "held-open").exists(), holder.said)
    assert venue.ask("WIPE") == {"list": "failed"}
    assert f"({holder.pid})" in venue.wiper.said()
    holder.kill()
    venue.end()
    venue.sh("umount -l srv/venue")


def test_a_file_that_a_loop_device_uses(venue):
    venue.plan(HEAD + "[file disk]\npath = /srv/venue/disk\n")
    venue.sh("truncate -s 8M srv/venue/disk; mkfs.ext4 -q srv/venue/disk; mkdir in; "
             "mount -o loop srv/venue/disk in")
    assert venue.accept() == {"disk": "unverified"}
    assert venue.ask("WIPE") == {"disk": "unverified"}
    assert "a loop device uses it" in venue.wiper.said()


def test_a_second_wipe_of_what_the_first_could_not_prove(venue):
    """It is missing then, and that is still no proof."""
    venue.plan(LIST)
    venue.mounts.mount(venue.mounts.image("btrfs", "120M"), venue.venue)
    venue.sh("echo guests >srv/venue/list.csv")
    venue.accept()
    assert venue.ask("WIPE") == {"list": "unverified"}
    assert venue.ask("WIPE") == {"list": "unverified"}
    venue.end()
    assert venue.ask("WIPE") == {"list": "unverified"}


# --- what 0.1.0 left ------------------------------------------------------------------------------

def write_as_0_1_0(path):
    """Takes the marks out of each slot of a progress file that holds one: 0.1.0 knew none."""
    data = bytearray(path.read_bytes())
    for at in range(2 * 4096, len(data), 4096):
        if struct.unpack_from("=I", data, at)[0] == 0x50524853:
            struct.pack_into("=I", data, at + 20, 0)
            data[at + SLOT:at + SLOT + 16] = hashlib.blake2b(data[at:at + SLOT], digest_size=16).digest()
    path.write_bytes(data)


def test_a_wipe_of_0_1_0_that_was_cut_short_is_finished(venue):
    """Its record has no marks, and beside it is no memory: a wipe cut short by an upgrade."""
    venue.plan(LIST + TREE.replace(HEAD, ""))
    venue.sh("mkdir srv/venue/sheets; for i in $(seq 300); do echo $i >srv/venue/sheets/$i; done; "
             "echo guests >srv/venue/list.csv")
    venue.start()
    record = venue.prefix / "var/lib/porchlight-wipe/progress"
    with local.connect(venue.socket) as s:
        s.send(b"WIPE")
        wait.until(lambda: record.exists() and any(record.read_bytes()[:2 * 4096]), venue.wiper.said)
        venue.wiper.kill()
    venue.wiper = None
    write_as_0_1_0(record)
    venue.places.unlink(missing_ok=True)
    begun = "was interrupted" in venue.run("--resume").stderr
    assert begun != (venue.there() and venue.there("sheets/1"))
    if begun:
        assert not venue.there() and not venue.there("sheets")


def test_a_result_of_0_1_0_is_no_proof(venue):
    """It called things destroyed without a look at what is below them."""
    venue.plan(LIST + TREE.replace(HEAD, ""))
    venue.sh("mkdir srv/venue/sheets; echo guests >srv/venue/sheets/1; echo guests >srv/venue/list.csv")
    assert venue.ask("WIPE") == dict.fromkeys(("sheets", "list"), "destroyed")
    assert "worst result: destroyed" in venue.status()
    assert venue.ask("WIPE") == dict.fromkeys(("sheets", "list"), "already gone")
    assert venue.status().count("An earlier wipe destroyed it.") == 2
    venue.end()
    write_as_0_1_0(venue.prefix / "var/lib/porchlight-wipe/progress")
    assert venue.ask("STATUS") == dict.fromkeys(("sheets", "list"), "unverified")
    said = venue.status()
    assert said.count('Not proved: version 0.1.0 of porchlight-wipe did this and called it "already gone"') == 2
    assert "worst result: unverified" in said


def test_what_an_interrupted_wipe_left_is_not_the_missing_target(venue):
    """A file of the same name below the mount, which the wipe had renamed when it was cut short."""
    venue.plan(LIST)
    image = venue.disk()
    venue.sh("echo guests >srv/venue/list.csv; sync")
    venue.accept()
    renamed = ".wiped" + hashlib.blake2b(b"list", digest_size=16).hexdigest()
    venue.sh(f"umount srv/venue; echo other >srv/venue/{renamed}")
    assert venue.ask("WIPE") == {"list": "unverified"}
    assert not (venue.prefix / "srv/venue" / renamed).exists()
    venue.mounts.mount(image, venue.venue)
    wait.until(lambda: not venue.there(), venue.wiper.said)


@pytest.mark.parametrize("also", ["", "also = yes\n"], ids=["stays", "goes"])
@pytest.mark.parametrize("kind", ["file", "key"])
def test_what_belongs_to_a_missing_target_is_not_the_target(venue, kind, also):
    """A copy in the folder below the mount, which the wipe may find while the mount is away."""
    venue.plan(LIST.replace("[file", f"[{kind}") + also)
    image = venue.disk()
    venue.sh("echo guests >srv/venue/list.csv; sync")
    assert venue.accept() == {"list": "destroyed"}
    venue.sh("umount srv/venue; echo guests >srv/venue/list.csv~")
    assert venue.ask("WIPE") == {"list": "unverified"}
    assert "which is not mounted there" in venue.wiper.said()
    assert (venue.prefix / "srv/venue/list.csv~").exists() == (not also)
    venue.mounts.mount(image, venue.venue)
    wait.until(lambda: not venue.there(), venue.wiper.said)
