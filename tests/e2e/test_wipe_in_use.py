"""Files that somebody still uses: a program that has one open may write its contents again after the
wipe, and the kernel keeps copies of memory in its swap. Needs root; mounts in a namespace of their own."""

import subprocess

import pytest

from tests.kit import local, wait
from tests.kit.mounts import Mounts
from tests.kit.process import Process
from tests.e2e.test_wipe_absent import HEAD, LIST, TREE, Venue

KEEPER = """
import os, time
text = os.read(7, 100)
print("open", flush=True)
while True:
    time.sleep(0.05)
    os.pwrite(7, text, 0)
    os.fdatasync(7)
"""


@pytest.fixture
def venue(folder):
    made = Venue(folder)
    with Mounts(folder) as made.mounts:
        yield made
        made.end()


def keeper(venue, path, user=None):
    """A program that writes again and again what it has read."""
    drop = ["setpriv", "--reuid", user, "--clear-groups"] if user else []
    made = Process("keeper", venue.mounts.inside(
        "sh", "-c", 'exec 7<>"$0"; exec "$@"', path, *drop, "/usr/bin/python3", "-c", KEEPER),
        venue.prefix / "keeper.said")
    wait.until(lambda: "open" in made.said(), made.said)
    return made


@pytest.mark.parametrize("user", [None, "65534"], ids=["root's", "another user's"])
@pytest.mark.parametrize("plan, name, path", [(LIST, "list", "list.csv"),
                                              (TREE, "sheets", "sheets/one")], ids=["file", "tree"])
def test_a_program_that_still_writes_is_named(venue, plan, name, path, user):
    """Before and after: in the plan, by the drill, and at night."""
    venue.plan(plan)
    image = venue.disk()
    venue.sh(f"mkdir srv/venue/sheets; printf CANARY-AFTERWARDS >srv/venue/{path}; sync")
    writer = keeper(venue, venue.venue / path, user)
    try:
        assert venue.accept() == {name: "unverified"}
        said = venue.run("--plan").stdout
        assert "a program has it open, and may write its contents again" in said
        assert f"open for writing in python3 ({writer.pid})" in said
        assert venue.ask("DRILL") == {name: "unverified"}
        assert venue.ask("WIPE") == {name: "unverified"}
        assert not venue.there(path)
        assert f"may write its contents again: python3 ({writer.pid})" in venue.wiper.said()
        assert venue.ask("WIPE") == {name: "unverified"}, "once it is gone it is no better"
        wait.until(lambda: b"CANARY-AFTERWARDS" in image.read_bytes(), "it was written again")
    finally:
        writer.kill()


def test_a_program_that_only_reads_changes_nothing(venue):
    venue.plan(LIST)
    venue.disk()
    venue.sh("echo guests >srv/venue/list.csv")
    reader = Process("reader", venue.mounts.inside(
        "sh", "-c", f"exec 7<{venue.venue}/list.csv; echo open; exec sleep 60"),
        venue.prefix / "reader.said")
    wait.until(lambda: "open" in reader.said(), reader.said)
    assert venue.accept() == {"list": "destroyed"}
    assert venue.ask("WIPE") == {"list": "destroyed"}
    reader.kill()


def swaps():
    with open("/proc/swaps") as f:
        return [line for line in f.read().splitlines()[1:] if not line.startswith("/dev/zram")]


@pytest.fixture
def swap(venue):
    """A swap file that is in use, on an ext4 of its own."""
    venue.plan(HEAD + "[file swap]\npath = /srv/venue/swap\n"
               "[root memory]\npath = /srv/memory\n[tmpfs ram]\npath = /srv/memory\n")
    venue.disk()
    venue.sh("mkdir srv/memory; mount -t tmpfs none srv/memory; echo guests >srv/memory/list; "
             "dd if=/dev/zero of=srv/venue/swap bs=64k count=16 2>/dev/null; chmod 600 srv/venue/swap; "
             "mkswap -q srv/venue/swap >/dev/null 2>&1")
    yield lambda: venue.sh("swapon srv/venue/swap")
    subprocess.run(venue.mounts.inside("swapoff", str(venue.venue / "swap")), capture_output=True)
    subprocess.run(venue.mounts.inside("umount", str(venue.prefix / "srv/memory")), capture_output=True)


def test_swap_keeps_what_was_in_memory(venue, swap):
    before = "unverified" if swaps() else "destroyed"
    assert venue.accept() == {"swap": "destroyed", "ram": before}
    swap()
    assert venue.accept() == {"swap": "failed", "ram": "unverified"}
    said = venue.run("--plan").stdout
    assert "the kernel swaps to it" in said and "swap is on" in said
    venue.start()
    assert local.wipe(venue.socket, "CHECK")[-1][0] == 3
    assert venue.ask("WIPE") == {"swap": "failed", "ram": "unverified"}
    assert venue.there("swap")


# --- a server that is gone --------------------------------------------------------------------------

BOTH = (HEAD + "[key door]\npath = /srv/venue/door.key\n"
        "[root nas]\npath = /srv/far\n[key far]\npath = /srv/far/door.key\n[tree old]\npath = /srv/far/old\n")


@pytest.fixture
def silent(venue):
    """A file system whose program is stopped, as a server that is switched off: who asks it waits."""
    venue.sh("mkdir -p data/old srv/far; echo far >data/door.key; echo old >data/old/one")
    program = Process("bindfs", venue.mounts.inside("bindfs", "-f", str(venue.prefix / "data"),
                                                    str(venue.prefix / "srv/far")),
                      venue.prefix / "bindfs.said")
    wait.until(lambda: " fuse" in venue.sh(f"grep {venue.prefix}/srv/far /proc/self/mountinfo || true"),
               "the mount")
    yield program
    program.thaw()
    venue.end()
    venue.sh("umount -l srv/far")
    program.kill()


def test_what_does_not_answer_holds_up_no_key(venue, silent):
    venue.plan(BOTH)
    venue.sh("echo near >srv/venue/door.key")
    assert venue.accept() == {"door": "destroyed", "far": "unverified", "old": "unverified"}
    venue.start()
    silent.freeze()
    said = venue.ask("WIPE")
    assert said == {"door": "destroyed", "far": "unverified", "old": "unverified"}
    assert "its file system does not answer" in venue.wiper.said()
    assert not (venue.prefix / "srv/venue/door.key").exists()
    done = venue.run("--plan")
    assert "its file system does not answer" in done.stdout
    silent.thaw()  # and is not forgotten
    wait.until(lambda: "finishing it" in venue.wiper.said(), venue.wiper.said)
    wait.until(lambda: not (venue.prefix / "data/door.key").exists(), venue.wiper.said)
    wait.until(lambda: not (venue.prefix / "data/old").exists(), venue.wiper.said)


def test_what_does_not_answer_in_fstab_holds_up_nothing(venue, silent):
    venue.plan(LIST)
    venue.sh("echo guests >srv/venue/list.csv; "
             "printf 'nas:/ /srv/far nfs defaults 0 0\\nnas:/in /srv/far/in nfs defaults 0 0\\n' >etc/fstab")
    assert venue.accept() == {"list": "destroyed"}
    venue.start()
    silent.freeze()
    assert venue.ask("WIPE") == {"list": "destroyed"}
