"""From the request to keys dead, at three sizes of data, beside shred and luksErase in the same run.

As root, on an ext4 of its own in a file that is wholly written, as a kiosk's card has: on a file system
that others write to, each sync writes their data too. The clock's cell is in memory, as a clock's
does; its wires, some 12 ms for three times 40 bytes at 100 kHz, are not in the figure.
"""

import contextlib
import hashlib
import os
import secrets
import shutil
import subprocess
import time

from tests.bench.peers import old_tree
from tests.bench.report import percentile
from tests.kit import local, wiper
from tests.kit.place import fresh

PLAN = """[root venue]
path = /srv/venue
[cell clock]
cell = nvmem:rtc0
[key door]
path = /srv/venue/door.key
[luks vault]
path = /srv/venue/vault.luks
"""
MIB = 1 << 20
SIZES = (("256 MB", 256 * MIB), ("2 GB", 2048 * MIB), ("32 GB sparse", 32768 * MIB))
FILLED = 2048 * MIB  # what is really written, for shred to overwrite; the rest is a hole
DISK = FILLED + 768 * MIB
ROUNDS = 100
PASS = b"a passphrase"


class Vault:
    def __init__(self, folder):
        self.folder, self.path = folder, folder / "srv/venue/vault.luks"
        self.cell = folder / "sys/bus/nvmem/devices/rtc0/nvmem"
        for made in ("etc/porchlight", "run/porchlight", "var/lib", "srv/venue",
                     "sys/bus/nvmem/devices/rtc0"):
            (folder / made).mkdir(parents=True, exist_ok=True)
        (folder / "etc/porchlight/wipe.plan").write_text(PLAN)
        self.path.touch()
        os.truncate(self.path, 32 * MIB)
        subprocess.run(["cryptsetup", "luksFormat", "-q", "--type", "luks2", "--pbkdf", "pbkdf2",
                        "--pbkdf-force-iterations", "1000", "--luks2-metadata-size", "16k",
                        "--luks2-keyslots-size", "1m", str(self.path), "-"], input=PASS,
                       check=True, capture_output=True)
        self.front = self.path.read_bytes()[:2 * MIB]

    def fill(self, size):
        """Data behind the header, as far as it is really written; the rest a hole."""
        noise = secrets.token_bytes(MIB)
        with open(self.path, "r+b") as f:
            f.seek(2 * MIB)
            for _ in range((min(size, FILLED) - f.tell()) // MIB):
                f.write(noise)
            f.truncate(size)
            os.fsync(f.fileno())

    def plant(self):
        with open(self.path, "r+b") as f:
            f.write(self.front)
            os.fsync(f.fileno())
        key = secrets.token_bytes(32)
        self.cell.write_bytes(b"PLc1" + key + hashlib.blake2b(key, digest_size=16).digest()[:4])
        self.cell.chmod(0o600)
        (self.folder / "srv/venue/door.key").write_bytes(secrets.token_bytes(32))
        os.sync()


def wipe(socket):
    """Milliseconds from the request to the last key's durable death, as the asker sees it."""
    with local.connect(socket, 30) as s:
        begun = time.perf_counter()
        s.send(b"WIPE")
        while True:
            _, kind, outcome, *_, name = local.PROGRESS.unpack(s.recv(96))
            assert kind == 1 and local.OUTCOMES[outcome] == "destroyed", name
            if name.rstrip(b"\0") == b"vault":
                took = (time.perf_counter() - begun) * 1000
                break
        while local.PROGRESS.unpack(s.recv(96))[1] != 2:
            pass
    return took


def timed(argv, **more):
    begun = time.perf_counter()
    subprocess.run(argv, check=True, capture_output=True, **more)
    return (time.perf_counter() - begun) * 1000


def sync_alone(folder):
    """What the disk takes for one small write to be durable: all of the above are made of it."""
    took = []
    with open(folder / "one", "wb") as f:
        for _ in range(ROUNDS):
            begun = time.perf_counter()
            os.pwrite(f.fileno(), b"x" * 4096, 0)
            os.fdatasync(f.fileno())
            took.append((time.perf_counter() - begun) * 1000)
    return took


@contextlib.contextmanager
def own_disk(folder):
    """Where the bench works: on the disk we have if we may not mount."""
    if os.geteuid() != 0:
        yield folder
        return
    image, disk = folder / "image", folder / "disk"
    disk.mkdir()
    with open(image, "wb") as f:
        for _ in range(DISK // MIB):
            f.write(bytes(MIB))
        os.fsync(f.fileno())
    subprocess.run(["mkfs.ext4", "-q", "-E", "lazy_itable_init=0,lazy_journal_init=0", str(image)],
                   check=True)
    loop = subprocess.run(["losetup", "-f", "--show", "--direct-io=on", str(image)], check=True,
                          capture_output=True, text=True).stdout.strip()
    try:
        subprocess.run(["mount", "-o", "noatime", loop, str(disk)], check=True)
        for at in (disk / "sys", disk / "old/sys"):
            at.mkdir(parents=True)
            subprocess.run(["mount", "-t", "tmpfs", "none", str(at)], check=True)
        yield disk
    finally:
        subprocess.run(["umount", "-R", "-l", str(disk)], check=True)
        subprocess.run(["losetup", "-d", loop], check=True)


def one_size(report, vault, old, name, size):
    """`old`: version 0.1.0's vault, of the smallest size."""
    vault.fill(size)
    took, erased, before = [], [], []
    for _ in range(ROUNDS):  # in turn: all meet the same disk, and the same neighbours on it
        vault.plant()
        took.append(wipe(wiper.socket_of(vault.folder)))
        vault.plant()
        erased.append(timed(["cryptsetup", "luksErase", "-q", str(vault.path)]))
        if size == SIZES[0][1]:
            old.plant()
            before.append(wipe(wiper.socket_of(old.folder)))
    for name_of, share in (("median", 50), ("p99", 99)):
        report.row(f"{name}: keys dead, {name_of}", percentile(took, share), "ms", limit=20,
                   peer=percentile(erased, share))
        if before:
            report.row(f"{name}: keys dead by 0.1.0, {name_of}", percentile(before, share), "ms",
                       peer=percentile(erased, share))
    if size <= FILLED:
        report.row(f"{name}: shred -n1 of the same file", timed(["shred", "-n1", str(vault.path)]),
                   "ms")


def bench(report):
    report.heading(f"wipe: a cell, a key file and a LUKS2 header, {ROUNDS} times each; "
                   "the peer is cryptsetup luksErase, in turn with it, which does the LUKS2 header alone; "
                   "0.1.0 is built from this repository's history")
    tree = old_tree("porchlight-wipe")
    folder = fresh("b")
    try:
        with own_disk(folder) as disk:
            measure(report, disk, tree / "build/release/porchlight-wipe")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def measure(report, folder, old_binary):
    vault, old = Vault(folder), Vault(folder / "old")
    old.fill(SIZES[0][1])
    for one in (vault, old):
        one.plant()
    started = wiper.start(folder, said=folder / "said")
    started_old = wiper.start(old.folder, said=folder / "said.old", binary=old_binary)
    alone = sync_alone(folder)
    report.row("one fdatasync of 4 kB alone, median", percentile(alone, 50), "ms")
    report.row("one fdatasync of 4 kB alone, p99", percentile(alone, 99), "ms")
    for name, size in SIZES:
        one_size(report, vault, old, name, size)
    assert started.stop() == 0 and started_old.stop() == 0
