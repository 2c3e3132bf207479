"""A LUKS2 partition as a target, on a loop device with a partition of its own: what dies, what must
not, and the same cut at every system call. Needs root; an open mapping is tried on the board."""

import os
import secrets
import stat
import subprocess

import pytest

from tests.kit import local, process, wait, wiper
from tests.kit.place import program
from tests.kit.traced import Traced, build, resume

MIB = 1 << 20
BEGIN, SIZE, DISK = 2 * MIB, 4 * MIB, 8 * MIB
PASS = b"a passphrase"
LINK = "disk/by-partuuid/0451-ab"
PLAN = """[root venue]
path = /srv/venue
[luks book]
device = {}
mapping = porchlight-test-none
"""


class Disk:
    """Context manager: a disk with one partition, and its nodes below folder/dev."""

    def __init__(self, folder):
        self.folder, self.image = folder, folder / "disk"
        self.socket = folder / "run/porchlight/wipe.sock"
        for made in ("etc/porchlight", "run/porchlight", "var/lib", "srv/venue", "dev",
                     "dev/disk/by-partuuid"):
            (folder / made).mkdir(parents=True)
        self.noise = secrets.token_bytes(DISK)

    def __enter__(self):
        self.image.write_bytes(self.noise)
        self.loop = subprocess.run(["losetup", "-f", "--show", str(self.image)], check=True,
                                   capture_output=True, text=True).stdout.strip()
        subprocess.run(["delpart", self.loop, "1"], capture_output=True)  # of a run that was cut
        subprocess.run(["addpart", self.loop, "1", str(BEGIN // 512), str(SIZE // 512)], check=True)
        self.part = self.loop + "p1"
        wait.until(lambda: os.path.exists(self.part), "the partition's node")
        for node in (self.loop, self.part):
            info = os.stat(node)
            os.mknod(self.folder / node[1:], 0o600 | stat.S_IFBLK, info.st_rdev)
        (self.folder / "dev" / LINK).symlink_to("../../" + self.part[5:])
        made = self.folder / "made"
        with open(made, "wb") as f:
            f.truncate(SIZE)
        subprocess.run(["cryptsetup", "luksFormat", "-q", "--type", "luks2", "--pbkdf", "pbkdf2",
                        "--pbkdf-force-iterations", "1000", "--luks2-metadata-size", "16k",
                        "--luks2-keyslots-size", "1m", str(made), "-"], input=PASS, check=True,
                       capture_output=True)
        self.made = made.read_bytes()
        self.plan()
        return self

    def __exit__(self, *_):
        # Who else looks at a partition that was written to, as udev does, keeps it for a moment.
        wait.until(lambda: subprocess.run(["delpart", self.loop, "1"],
                                          capture_output=True).returncode == 0,
                   "the partition to be let go of", within=30)
        subprocess.run(["losetup", "-d", self.loop], check=True)

    def plan(self, device=None):
        (self.folder / "etc/porchlight/wipe.plan").write_text(PLAN.format(device or self.part))

    def plant(self):
        subprocess.run(["rm", "-rf", str(self.folder / "var/lib/porchlight-wipe")], check=True)
        self.write(self.made)

    def write(self, data):
        with open(self.part, "r+b") as f:
            f.write(data)
            os.fsync(f.fileno())

    def opens(self):
        return subprocess.run(["cryptsetup", "open", "--test-passphrase", "--key-file", "-",
                               self.part], input=PASS, capture_output=True).returncode == 0

    def alive(self):
        """Whether a header loads, or any sector of the key slots is as it was made."""
        with open(self.part, "rb") as f:
            now = f.read()
        slots = range(32768, 32768 + 64 * 4000, 512)
        return now[:6] == b"LUKS\xba\xbe" or b"SKUL\xba\xbe" in now or any(
            self.made[at:at + 512] == now[at:at + 512] for at in slots)

    def around_is_intact(self):
        """What is on the disk before and behind the partition."""
        with open(self.loop, "rb") as f:
            now = f.read()
        return now[:BEGIN] == self.noise[:BEGIN] and now[BEGIN + SIZE:] == self.noise[BEGIN + SIZE:]

    def wipe(self, word="WIPE"):
        started = wiper.start(self.folder)
        out = local.wipe(self.socket, word)
        wiper.end(started)
        return out[0][1]


@pytest.fixture
def disk(folder):
    with Disk(folder) as made:
        yield made


def shown_again(disk):
    """To look remembers nothing."""
    return process.run([program("porchlight-wipe"), "--prefix", disk.folder, "--look"]).stdout


def shown(disk):
    return process.run([program("porchlight-wipe"), "--prefix", disk.folder, "--plan"]).stdout


@pytest.mark.parametrize("by", ["node", "link"])
def test_a_partition_dies_and_nothing_beside_it(disk, by):
    disk.plan(f"/dev/{LINK}" if by == "link" else None)
    disk.plant()
    assert disk.opens() and disk.alive() and "(there)" in shown(disk)
    assert disk.wipe("DRILL") == "destroyed" and disk.opens()
    assert disk.wipe() == "destroyed"
    assert not disk.opens() and not disk.alive() and disk.around_is_intact()
    with open(disk.part, "rb") as f:
        assert f.read()[2 * MIB:] == disk.made[2 * MIB:], "the data is not rewritten"
    assert disk.wipe() == "already gone"


def test_another_container_under_the_same_name(disk):
    """Disks are found in another order. It waits for the one that was there when the plan was accepted."""
    disk.plant()
    assert process.run([program("porchlight-wipe"), "--prefix", disk.folder, "--plan"]).returncode == 0
    change = ["cryptsetup", "luksUUID", "-q", "--uuid"]
    uuid = process.run(["cryptsetup", "luksUUID", disk.part]).stdout.strip()
    process.run([*change, "0451fefe-0451-4451-8451-fefe0451fefe", disk.part]).check_returncode()
    assert "another container than when you accepted" in " ".join(shown_again(disk).split())
    assert disk.wipe() == "unverified" and not disk.opens()
    assert process.run([program("porchlight-wipe"), "--prefix", disk.folder, "--pending"]).returncode == 1
    disk.write(disk.made)
    assert process.run(["cryptsetup", "luksUUID", disk.part]).stdout.strip() == uuid
    assert process.run([program("porchlight-wipe"), "--prefix", disk.folder, "--resume"]).returncode == 0
    assert not disk.opens()


def test_a_partition_that_is_being_encrypted_in_place(disk):
    """Its clear bytes are overwritten after the keys, and nothing beside it."""
    clear = b"GUEST-LIST-ANNA\n" * (SIZE // 16)
    disk.write(clear)
    # The header is in front; the data is set aside at the partition's end.
    done = subprocess.run(["cryptsetup", "reencrypt", "--encrypt", "--init-only", "-q",
                           "--reduce-device-size", "2M", "--luks2-metadata-size", "16k",
                           "--luks2-keyslots-size", "512k", "--pbkdf", "pbkdf2",
                           "--pbkdf-force-iterations", "1000", "--key-file", "-", disk.part],
                          input=PASS, capture_output=True)
    assert done.returncode == 0, done.stderr
    disk.plan()
    assert "its encryption in place is not finished" in shown(disk)
    assert disk.wipe("DRILL") == "unverified", "a drill promises no more than the wipe"
    assert disk.wipe() == "failed", "at first: the rest takes its time"
    with open(disk.part, "rb") as f:
        assert b"GUEST-LIST" not in f.read()
    assert not disk.opens() and disk.around_is_intact()
    assert disk.wipe() == "unverified"


def test_what_is_in_use_is_left_alone(disk, folder):
    """A mounted file system on it; and the whole disk, of which a partition is mounted."""
    subprocess.run(["mkfs.ext4", "-q", disk.part], check=True)
    where = folder / "mounted"
    where.mkdir()
    subprocess.run(["mount", disk.part, str(where)], check=True)
    try:
        (where / "kept").write_text("must stay\n")
        os.sync()
        with open(disk.loop, "rb") as f:
            before = f.read()
        for device in (disk.part, disk.loop):
            disk.plan(device)
            assert "refused" in shown(disk) and "Would be reported as failed" in shown(disk)
            assert disk.wipe() == "failed"
        subprocess.run(["sync", "-f", str(where)], check=True)
        with open(disk.loop, "rb") as f:
            assert f.read() == before
    finally:
        subprocess.run(["umount", str(where)], check=True)


def test_what_is_no_luks_is_left_alone(disk):
    before = secrets.token_bytes(SIZE)
    disk.write(before)
    assert disk.wipe() == "failed"
    with open(disk.part, "rb") as f:
        assert f.read() == before
    assert disk.around_is_intact()


@pytest.mark.parametrize("to", ["../../../srv/venue/file", "../../disk/by-partuuid/other", "loop",
                                "/dev/null", "../../.."])
def test_links_that_lead_elsewhere(disk, to):
    link = disk.folder / "dev" / LINK
    link.unlink()
    link.symlink_to(to)
    (disk.folder / "srv/venue/file").write_bytes(disk.made)
    disk.plan(f"/dev/{LINK}")
    assert disk.wipe() == "failed"
    assert (disk.folder / "srv/venue/file").read_bytes() == disk.made


def test_a_node_that_is_none(disk):
    """A file or a symlink in the place of the node: not followed, not touched."""
    node = disk.folder / disk.part[1:]
    node.unlink()
    assert disk.wipe() == "failed", "a device that is not there may still hold its header"
    node.write_bytes(disk.made)
    assert disk.wipe() == "failed" and node.read_bytes() == disk.made
    node.unlink()
    node.symlink_to(disk.part)
    disk.plant()
    assert disk.wipe() == "failed" and disk.opens()


@pytest.fixture(scope="module")
def tracer():
    return build()


def test_cut_and_failing_at_every_call(tracer, disk):
    disk.plant()
    whole = Traced(tracer, disk, "WIPE", "list")
    assert not disk.alive()
    resumed = 0
    for at in range(1, whole.count + 1):
        disk.plant()
        Traced(tracer, disk, "WIPE", "kill", at)
        if resume(disk):
            resumed += 1
            assert not disk.alive(), f"killed at call {at} of {whole.count}"
        assert disk.around_is_intact()
    faults = 0
    for number, _, can_fail in whole.calls:
        for fault in ("EIO", "short") if can_fail else ():
            disk.plant()
            cut = Traced(tracer, disk, "WIPE", fault, number)
            assert not (cut.claimed() and disk.alive()), f"{fault} at call {number}\n{cut.log}"
            assert disk.around_is_intact()
            faults += 1
    print(f"\npartition: {whole.count} points killed, {resumed} resumed and all dead; {faults} "
          "faults, none claimed what was not so")
    assert resumed > 50
