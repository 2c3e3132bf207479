"""The seven kinds of targets in conditions other than a plain file on a plain file system: links, locks, holes,
mounts, programs that use them, containers half converted, copies beside them. What plan, doctor, drill and wipe
said, and what a scan of the raw device found: rows of build/wipe-places.md. Needs root."""

import shutil

import pytest

from tests.kit import luks_containers as luks
from tests.kit import wait, wipe_night
from tests.kit.mounts import IN_MEMORY
from tests.kit.place import fresh
from tests.kit.process import Process
from tests.kit.wipe_night import PLAN, SLOT, all_of, container, wipe_and_finish

FILES = "door.key cell desk.luks sheets/deep/monday list.csv journal/system.journal password"

CHANGE = "printf x | dd of=list.csv conv=notrunc 2>/dev/null;"  # of its first block


def after(script, kind="ext4", **more):
    """Planted on a fresh disk, and then this is done to them in srv/venue."""
    def make(night):
        night.mount(kind, **more)
        night.plant()
        night.sh(f"cd srv/venue; {script}; sync")
    return make


def covered(night):
    night.mount("ext4")
    night.plant()
    night.mount("ext4")


def written_to(night):
    """A program has each file open for writing; it ends with the mounts' holder."""
    night.mount("ext4")
    night.plant()
    opened = " ".join(f"{n}>>srv/venue/{name}" for n, name in enumerate(FILES.split(), 3) if n < 10)
    night.programs = Process("writer", night.mounts.inside(
        "sh", "-ec", f"cd {night.prefix}; exec {opened}; echo open; exec sleep 999"), night.prefix / "writer.said")
    wait.until(lambda: "open" in night.programs.said(), night.programs.said)


CONDITIONS = {
    "ext4, chattr +i": (after(f"chattr +i {FILES} sheets/deep sheets journal"), all_of("destroyed")),
    "ext4, folders with chattr +a": (after("chattr +a sheets/deep sheets journal ."), all_of("destroyed")),
    "ext4, zeroed in place": (after("fallocate -z -l 6400 list.csv; fallocate -z -l 9000 sheets/deep/monday"),
                              all_of("destroyed")),
    "ext4, mostly holes": (after("truncate -s 1G list.csv sheets/deep/monday journal/system.journal"),
                           all_of("destroyed")),
    "ext4, a second name": (after(f"mkdir other; for f in {FILES}; do ln $f other/; done"), all_of("failed")),
    "ext4, behind a link": (after("mkdir other; for f in *; do [ $f = other ] || [ $f = lost+found ] || "
                                  "{ mv $f other/; ln -s other/$f $f; }; done"), all_of("failed")),
    "ext4, copies beside it": (after("for f in door.key cell desk.luks list.csv password; do cp $f $f~; done; "
                                     "cp desk.luks desk.img"),
                               all_of("unverified", sheets="destroyed", log="destroyed")),
    "ext4, another mount in it": (after("mount -t tmpfs none sheets/deep; mount -t tmpfs none journal; touch o; "
                                        "mount --bind o list.csv"),
                                  all_of("destroyed", sheets="failed", log="failed", list="failed")),
    "ext4, another ext4 over it": (covered, all_of("unverified")),
    "ext4, open for writing": (written_to, all_of("unverified", desk="destroyed")),
    "ext4, a loop device on it": (
        after("for f in list.csv sheets/deep/monday; do truncate -s 64k $f; losetup -f --show $f; done >../../loops"),
        all_of("destroyed", list="unverified", sheets="unverified")),
    "xfs, shared its blocks once": (  # XFS would still write beside them
        after(f"fallocate -i -l 4096 list.csv; {CHANGE} sync; cp --reflink=always list.csv other; {CHANGE} sync; "
              "rm other", "xfs", size="300M"), all_of("destroyed")),
    "xfs, zeroed in place": (after("fallocate -z -l 6400 list.csv", "xfs", size="300M"), all_of("destroyed")),
    "xfs, chattr +i": (after(f"chattr +i {FILES}", "xfs", size="300M"), all_of("destroyed")),
}


# --- moments ---------------------------------------------------------------------------------------

def mounted(night, said):
    said["wipe"] = wipe_and_finish(night)
    night.end()
    if getattr(night, "programs", None):
        night.programs.kill()
    night.sh("chattr -a srv/venue 2>/dev/null || true; [ ! -e loops ] || xargs losetup -d <loops")


def moved(night, said):
    """All are under other names in the same file system."""
    night.sh("cd srv/venue; mkdir other; mv door.key cell desk.luks sheets list.csv journal password other; sync")
    said["wipe"] = wipe_and_finish(night)
    night.end()
    assert said["wipe"] == all_of("unverified")


def deleted_and_open(night, said):
    opened = " ".join(f"{n}<srv/venue/{name}" for n, name in enumerate(FILES.split(), 3) if n < 10)
    reader = Process("reader", night.mounts.inside(
        "sh", "-ec", f"cd {night.prefix}; exec {opened}; rm -r srv/venue/*; echo open; exec sleep 999"),
        night.prefix / "reader.said")
    wait.until(lambda: "open" in reader.said(), reader.said)
    said["wipe"] = wipe_and_finish(night)
    night.end()
    reader.kill()
    assert said["wipe"] == all_of("unverified")


def mounted_over(night, said):
    """Another one of the same kind."""
    night.mount(**night.again) if night.again else night.sh(f"mount -t tmpfs -o {IN_MEMORY} none srv/venue")
    said["wipe"] = wipe_and_finish(night)
    night.end()
    assert said["wipe"] == all_of("unverified")


def placed(kind, **more):
    def make(night):
        night.again = {"kind": kind, **more}
        night.mount(kind, **more)
        night.plant()
    return make


def in_memory(night):
    night.again = None
    night.sh(f"mount -t tmpfs -o size=64m,{IN_MEMORY} none srv/venue")
    night.plant()


PLACES = {"ext4": placed("ext4"), "xfs": placed("xfs", size="300M"), "btrfs": placed("btrfs", size="120M"),
          "tmpfs": in_memory}
MOMENTS = {"moved": moved, "deleted, and open": deleted_and_open, "mounted over": mounted_over}


# --- containers ------------------------------------------------------------------------------------

def luks1(path):
    luks.blank(path, 8 << 20)
    luks.done("luksFormat", "--type", "luks1", "-q", "--pbkdf-force-iterations", "1000", "--key-file", "-", path)
    return luks.ATTACHED


def luks2(path, *more):
    luks.blank(path, 32 << 20)
    luks.done("luksFormat", *luks.FAST, *more, path)
    return luks.ATTACHED


def two_slots(path):
    luks2(path, "--luks2-metadata-size", "64k")
    (path.parent / "second").write_bytes(b"another passphrase")
    luks.done("luksAddKey", *luks.FAST, path, path.parent / "second")
    luks.done("token", "add", "--key-description", "desk", path)
    return luks.ATTACHED


def reencrypting(path):
    luks2(path)
    luks.done("reencrypt", "--init-only", "--force-offline-reencrypt", *luks.FAST, path)
    return luks.ATTACHED


def first_header_damaged(path):
    luks2(path)
    with open(path, "r+b") as f:
        f.write(bytes(4096))
    return luks.ATTACHED


def no_header_loads(path):
    luks2(path)
    data = bytearray(path.read_bytes())
    data[200] ^= 1
    data[16384 + 200] ^= 1
    path.write_bytes(data)
    return luks.ATTACHED


def apart(path):
    luks.blank(path, 32 << 20)
    luks.done("luksFormat", "--header", path.with_suffix(".hdr"), *luks.FAST, path)
    return luks.APART


def apart_data_alone(path):
    apart(path)
    return luks.ATTACHED


def apart_header_alone(path):
    apart(path)
    return "path = /srv/venue/desk.hdr\n"


def backup_beside(path):
    luks2(path)
    luks.done("luksHeaderBackup", path, "--header-backup-file", path.with_suffix(".bak"))
    return luks.ATTACHED


def backup_goes_too(path):
    return backup_beside(path) + "also = yes\n"


CONTAINERS = [(luks1, "destroyed"), (luks2, "destroyed"), (two_slots, "destroyed"), (reencrypting, "destroyed"),
              (luks.encrypting, "unverified"), (luks.half_encrypted, "unverified"),
              (luks.decrypting, "unverified"), (luks.null_cipher, "unverified"), (luks.partly, "unverified"),
              (first_header_damaged, "destroyed"), (no_header_loads, "unverified"), (apart, "destroyed"),
              (apart_data_alone, "unverified"), (apart_header_alone, "unverified"),
              (backup_beside, "unverified"), (backup_goes_too, "destroyed")]


def slot_of(path):
    """64 bytes of the first key slot, wherever the container keeps it."""
    for header in (path, path.with_suffix(".hdr")):
        data = header.read_bytes()[:1 << 20] if header.exists() else b""
        is_luks1 = data[:8] == b"LUKS\xba\xbe\0\1"
        is_luks2 = not is_luks1 and b"LUKS" in (data[:4], data[16384:16388][::-1], data[65536:65540][::-1])
        for at in (4096,) if is_luks1 else (SLOT, 2 * 65536) if is_luks2 else ():
            if any(data[at:at + 64]):
                return data[at:at + 64]
    return None


def with_container(make):
    def made(night):
        night.mount("ext4", size="200M")
        night.plant()
        path = night.prefix / "made/desk.luks"
        path.parent.mkdir()
        text = make(path)
        night.secrets["desk"] = slot_of(path)
        night.more = [luks.CLEAR * 2]
        assert night.secrets["desk"]
        old = "path = /srv/venue/desk.luks\n"
        (night.prefix / "etc/porchlight/wipe.plan").write_text(PLAN.replace(old, text))
        night.sh("rm srv/venue/desk.luks; for f in made/desk.*; do cp --sparse=always $f srv/venue/; done; "
                 "rm -r made; sync")
    return made


@pytest.fixture(scope="module")
def made():
    folder = fresh("t")
    yield container(folder)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.parametrize("condition", CONDITIONS)
def test_conditions(made, condition):
    make, best = CONDITIONS[condition]
    wipe_night.row("b-condition", list(CONDITIONS).index(condition), made, condition, make, best, "mounted", mounted)


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("place", PLACES)
def test_moments(made, place, moment):
    number = list(PLACES).index(place) * len(MOMENTS) + list(MOMENTS).index(moment)
    wipe_night.row("c-moment", number, made, place, PLACES[place], None, moment, MOMENTS[moment])


@pytest.mark.parametrize("make, best", CONTAINERS, ids=[m.__name__ for m, _ in CONTAINERS])
def test_containers(made, make, best):
    names = [m for m, _ in CONTAINERS]
    wipe_night.row("d-container", names.index(make), made, "LUKS: " + make.__name__.replace("_", " "),
                   with_container(make), all_of("destroyed", desk=best), "mounted", mounted)
