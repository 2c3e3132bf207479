"""What somebody else still uses or serves: a program that has a file open may write its contents again
after the wipe, and a server that is gone may let us wait. Needs root; mounts in a namespace of their own."""

import pytest

from tests.kit import wait
from tests.kit.process import Process, own_mounts
from tests.kit.wipe_mounts import HEAD, LIST, TREE, MountedVenue

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
    with MountedVenue(folder) as made:
        yield made


def opener(venue, name, *argv):
    """A program in the venue's mounts that says when it has its file open."""
    made = Process(name, venue.mounts.inside(*argv), venue.prefix / f"{name}.said")
    wait.until(lambda: "open" in made.said(), made.said)
    return made


def keeper(venue, path, user=None):
    """A program that writes again and again what it has read."""
    drop = ["setpriv", "--reuid", user, "--clear-groups"] if user else []
    return opener(venue, "keeper", "sh", "-c", 'exec 7<>"$0"; exec "$@"', path, *drop,
                  "/usr/bin/python3", "-c", KEEPER)


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


def has_open(venue, opens):
    """A program that has done so in the folder of the plan, and stays."""
    reader = Process("reader", venue.mounts.inside(
        "sh", "-c", f"cd {venue.venue}; {opens}; echo open; exec sleep 60"), venue.prefix / "reader.said")
    wait.until(lambda: "open" in reader.said(), reader.said)
    return reader


def test_a_program_that_only_reads_changes_nothing(venue):
    venue.plan(LIST)
    venue.disk()
    venue.sh("echo guests >srv/venue/list.csv")
    reader = has_open(venue, "exec 7<list.csv")
    assert venue.accept() == {"list": "destroyed"}
    assert venue.ask("WIPE") == {"list": "destroyed"}
    reader.kill()


# As $1 is deleted, it stays open: in a program, through another mount of the folder, which may be gone, and which a
# container may have in a namespace of its own, there also in a chroot; in memory alone; in a loop device.
MAPS = """
import ctypes, os, sys, time
libc = ctypes.CDLL(None)
libc.mmap.restype = ctypes.c_void_p
fd = os.open(sys.argv[1], os.O_RDONLY)
assert libc.mmap(None, ctypes.c_size_t(1), 1, 2, fd, ctypes.c_long(0)) != ctypes.c_void_p(-1).value
os.close(fd)
os.unlink(sys.argv[1])
print("open", flush=True)
time.sleep(60)
"""
CONTAINER = " ".join([*own_mounts(), "sh", "-ec"])
HOLDS = "; rm $1; echo open; exec sleep 60"
KEPT = {
    "open": ("exec 7<$1" + HOLDS, "sleep"),
    "by another mount": ("mkdir ../other; mount --bind . ../other; exec 7<../other/$1" + HOLDS, "sleep"),
    "in a container": (f"mkdir ../other; exec {CONTAINER} 'mount --bind . ../other; exec 7<../other/$1"
                       + HOLDS + "' sh $1", "sleep"),
    "by a mount that is gone": ("mkdir ../other; mount --bind . ../other; exec 7<../other/$1; umount -l ../other"
                                + HOLDS, "sleep"),
    "in a chroot in a container": (
        f"mkdir ../root; exec {CONTAINER} 'mount --rbind / ../root; mount --bind . ../root/mnt; exec 7<../root/mnt/$1; "
        "rm $1; echo open; exec chroot ../root sleep 60' sh $1", "sleep"),
    "mapped": (f"exec /usr/bin/python3 -c '{MAPS}' $1", "python3"),
    "a loop device": ("truncate -s 64k $1; losetup -f --show $1 >../../loop" + HOLDS, "loop"),
}


@pytest.mark.parametrize("how", KEPT)
@pytest.mark.parametrize("what, plan", [("sheets/deep/monday", TREE), ("list.csv", LIST)], ids=["tree", "file"])
def test_a_deleted_file_that_somebody_has_open_is_not_destroyed(venue, what, plan, how):
    """Its contents are on the disk, and can be read in /proc: also where another has its name now."""
    venue.plan(plan)
    image = venue.disk()
    venue.sh("mkdir -p srv/venue/sheets/deep; cd srv/venue; echo CANARY-KEPT | tee sheets/deep/monday >list.csv; sync")
    does, who = KEPT[how]
    keeper = Process("keeper", venue.mounts.inside("sh", "-ec", f"cd {venue.venue}; {does}", "sh", what),
                     venue.prefix / "keeper.said")
    try:
        wait.until(lambda: "open" in keeper.said(), keeper.said)
        venue.sh(f"echo new >srv/venue/{what}")
        name = "sheets" if "sheets" in what else "list"
        assert venue.accept() == {name: "unverified"}
        assert f"a deleted file of it is open in {who}" in venue.run("--plan").stdout
        assert venue.ask("DRILL") == venue.ask("WIPE") == {name: "unverified"}
        assert "a program has a deleted file of it open, whose contents stay" in venue.wiper.said()
        assert b"CANARY-KEPT" in image.read_bytes()
    finally:
        venue.sh("[ ! -e loop ] || losetup -d $(cat loop)")
        keeper.kill()


def test_a_deleted_file_of_another_file_system_in_a_loop_device_changes_nothing(venue):
    """Its mount is gone, so its path says nothing of where it was: the kernel does."""
    venue.plan(LIST)
    venue.disk()
    venue.sh("echo guests >srv/venue/list.csv; mkdir other; mount -t tmpfs other other; "
             "truncate -s 64k other/list.csv; losetup -f --show other/list.csv >loop; rm other/list.csv; umount -l other")
    try:
        assert "(deleted)" in venue.sh("cat /sys/block/$(basename $(cat loop))/loop/backing_file")
        assert venue.accept() == venue.ask("DRILL") == venue.ask("WIPE") == {"list": "destroyed"}
    finally:
        venue.sh("losetup -d $(cat loop)")


# As a file server does for its clients: "r" others may read meanwhile, "w" nobody. Whoever is polite lets go at once.
LEASE = """
import fcntl, os, signal, sys
kind = {"r": fcntl.F_RDLCK, "w": fcntl.F_WRLCK}[sys.argv[1]]
fd = os.open(sys.argv[2], os.O_RDONLY)
signal.signal(signal.SIGIO, lambda *_: os.close(fd) if sys.argv[3] == "polite" else None)
fcntl.fcntl(fd, fcntl.F_SETLEASE, kind)
print("open", flush=True)
while True:
    signal.pause()
"""


def lease(venue, kind, path, manner):
    return opener(venue, "server", "/usr/bin/python3", "-c", LEASE, kind, venue.venue / path, manner)


@pytest.mark.parametrize("kind", "rw")
@pytest.mark.parametrize("plan, name, path", [(LIST, "list", "list.csv"),
                                              (TREE, "sheets", "sheets/one")], ids=["file", "tree"])
def test_a_lease_that_is_kept_is_promised_as_it_is_at_night(venue, plan, name, path, kind):
    """And what it keeps is destroyed once it is gone: the kernel ends it after 45 s."""
    venue.plan(plan)
    image = venue.disk()
    venue.sh(f"mkdir srv/venue/sheets; echo CANARY-LEASED >srv/venue/{path}; sync")
    server = lease(venue, kind, path, "keeps it")
    assert venue.accept() == venue.ask("DRILL") == {name: "failed"}
    assert "a program holds a lease on it and does not let go" in venue.run("--plan").stdout
    assert venue.ask("WIPE") == {name: "failed"}
    assert b"CANARY-LEASED" in image.read_bytes()
    server.kill()
    wait.until(lambda: not venue.there(path), venue.wiper.said)
    wait.until(lambda: venue.ask("STATUS") == {name: "destroyed"}, venue.wiper.said)
    venue.sh("sync")
    assert b"CANARY-LEASED" not in image.read_bytes()


@pytest.mark.parametrize("kind", "rw")
def test_a_lease_that_is_given_up_is_no_obstacle(venue, kind):
    venue.plan(LIST)
    venue.disk()
    venue.sh("echo guests >srv/venue/list.csv; sync")
    for word in (venue.accept, lambda: venue.ask("DRILL"), lambda: venue.ask("WIPE")):
        server = lease(venue, kind, "list.csv", "polite")
        assert word() == {"list": "destroyed"}
        server.kill()


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
