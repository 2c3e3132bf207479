"""A place with one target of every kind, planted afresh for each round, and a look whether they are
dead. Needs root: it mounts an ext4 image (with encryption) and a tmpfs below the prefix."""

import ctypes
import fcntl
import hashlib
import os
import secrets
import shutil
import struct
import subprocess
from pathlib import Path

from tests.kit import process
from tests.kit.mounts import IN_MEMORY

ADD_KEY, REMOVE_KEY, SET_POLICY = 0xC0506617, 0xC0406618, 0x800C6613
PASSPHRASE = b"a passphrase of the tests"
SLOT_0 = 32768, 32768 + 64 * 4000  # behind two headers of 16 kB: a 64-byte key in 4000 stripes

PLAN = """; one of each
[root venue]
path = /srv/disk/venue
[root memory]
path = /srv/memory
[tree sheets]
path = /srv/disk/venue/sheets
[file list]
path = /srv/disk/venue/list.csv
[journal log]
path = /srv/disk/venue/journal
[tmpfs ram]
path = /srv/memory
[unit book]
unit = venue-book.service
[cell clock]
cell = file:/srv/disk/venue/cell
[key door]
path = /srv/disk/venue/door.key
[luks vault]
path = /srv/disk/venue/vault.luks
[fscrypt desk]
path = /srv/disk/venue/desk
[credential broker]
path = /srv/disk/venue/broker.password
"""

KINDS = ["book", "clock", "door", "vault", "desk", "sheets", "list", "log", "ram", "broker"]


def checksum(folder):
    """Names, modes and contents of all below `folder`."""
    total = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        info = path.lstat()
        total.update(f"{path.relative_to(folder)} {info.st_mode} {info.st_nlink}\n".encode())
        if path.is_symlink():
            total.update(os.readlink(path).encode())
        elif path.is_file():
            total.update(path.read_bytes())
    return total.hexdigest()


def encrypt_folder(folder):
    """Makes it an fscrypt v2 folder under a fresh random key; the key's identifier."""
    key = secrets.token_bytes(64)
    arg = bytearray(struct.pack("=II32sII8I", 2, 0, b"", len(key), 0, *[0] * 8) + key)
    fd = os.open(folder, os.O_RDONLY)
    try:
        fcntl.ioctl(fd, ADD_KEY, arg, True)
        identifier = bytes(arg[8:24])
        fcntl.ioctl(fd, SET_POLICY, struct.pack("=4B4x16s", 2, 1, 4, 3, identifier))
    finally:
        os.close(fd)
    return identifier


def remove_key(folder, identifier):
    fd = os.open(folder, os.O_RDONLY)
    try:
        fcntl.ioctl(fd, REMOVE_KEY, bytearray(struct.pack("=II32sI5I", 2, 0, identifier, 0,
                                                          *[0] * 5)), True)
    finally:
        os.close(fd)


class WipePlace:
    """Context manager. `folder` is the prefix; the image may be the caller's own file."""

    def __init__(self, folder, image=None, size="48M", plan=PLAN, options="loop"):
        self.folder = folder
        self.image = image or folder / "image"
        self.size, self.plan, self.options = size, plan, options
        self.disk, self.memory = folder / "srv/disk", folder / "srv/memory"
        self.venue, self.sentinel = self.disk / "venue", self.disk / "sentinel"
        self.wipe_dir = folder / "var/lib/porchlight-wipe"
        self.socket = folder / "run/porchlight/wipe.sock"
        self.mounted, self.key_id = [], None

    def __enter__(self):
        for name in ("etc/porchlight", "run/porchlight", "var/lib", "srv/disk", "srv/memory"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        (self.folder / "etc/porchlight/wipe.plan").write_text(self.plan)
        process.run(["truncate", "-s", self.size, self.image]).check_returncode()
        process.run(["mkfs.ext4", "-q", "-O", "encrypt", "-b", "4096", self.image]
                    ).check_returncode()
        try:
            self.mount()
            process.run(["mount", "-t", "tmpfs", "-o", IN_MEMORY, "none", self.memory]
                        ).check_returncode()
            self.mounted.append(self.memory)
            self.vault_made = self.make_vault()
            self.make_sentinel()
        except BaseException:
            self.__exit__()
            raise
        return self

    def mount(self):
        process.run(["mount", "-o", self.options, self.image, self.disk]).check_returncode()
        self.mounted.append(self.disk)

    def __exit__(self, *_):
        for where in reversed(self.mounted):
            subprocess.run(["umount", "-l", str(where)], check=True)
        self.mounted = []

    def make_vault(self):
        """A real LUKS2 container, made once and copied into place at each planting."""
        path = self.folder / "vault.made"
        process.run(["truncate", "-s", "3M", path]).check_returncode()
        subprocess.run(["cryptsetup", "luksFormat", "-q", "--type", "luks2", "--pbkdf", "pbkdf2",
                        "--pbkdf-force-iterations", "1000", "--luks2-metadata-size", "16k",
                        "--luks2-keyslots-size", "1m", str(path), "-"], input=PASSPHRASE,
                       check=True, capture_output=True)
        return path

    def make_sentinel(self):
        deep = self.sentinel / "a/b"
        deep.mkdir(parents=True)
        (self.sentinel / "one").write_bytes(secrets.token_bytes(5000))
        (deep / "two").write_bytes(secrets.token_bytes(100))
        (deep / "link").symlink_to("../../one")
        self.sentinel_sum = checksum(self.sentinel)

    def plant(self):
        """Fresh targets; the record and what an earlier round left are taken away."""
        shutil.rmtree(self.wipe_dir, ignore_errors=True)
        if self.key_id:
            try:
                remove_key(self.disk, self.key_id)
            except OSError:
                pass
        shutil.rmtree(self.venue, ignore_errors=True)
        for left in self.memory.iterdir():
            shutil.rmtree(left) if left.is_dir() else left.unlink()
        v = self.venue
        (v / "sheets/deep").mkdir(parents=True)
        (v / "sheets/monday").write_bytes(b"CANARY monday " * 40)
        (v / "sheets/deep/tuesday").write_bytes(b"CANARY tuesday " * 700)
        (v / "sheets/link").symlink_to("../../sentinel/one")
        (v / "list.csv").write_bytes(b"CANARY list\n" * 9000)
        (v / "journal").mkdir()
        (v / "journal/system.journal").write_bytes(b"CANARY log\n" * 100)
        (self.memory / "CANARY").write_bytes(b"CANARY memory\n")
        self.cell_key = secrets.token_bytes(32)
        check = hashlib.blake2b(self.cell_key, digest_size=16).digest()[:4]
        (v / "cell").write_bytes(b"PLc1" + self.cell_key + check)
        (v / "cell").chmod(0o600)
        (v / "door.key").write_bytes(b"CANARY key " + secrets.token_bytes(16))
        shutil.copyfile(self.vault_made, v / "vault.luks")
        (v / "desk").mkdir()
        self.key_id = encrypt_folder(v / "desk")
        (v / "desk/CANARY").write_bytes(b"CANARY desk\n")
        (v / "broker.password").write_bytes(b"CANARY password\n")
        for name in ("venue", "."):
            fd = os.open(self.disk / name, os.O_RDONLY)
            os.fsync(fd)
            os.close(fd)

    # --- is it dead? --------------------------------------------------------------------------

    def vault_opens(self):
        """Whether any sector of the key slots, or a header, is as it was made."""
        path = self.venue / "vault.luks"
        if not path.exists():
            return False
        made, now = self.vault_made.read_bytes(), path.read_bytes()
        if now[:6] == b"LUKS\xba\xbe" or b"SKUL\xba\xbe" in now[:1 << 20]:
            return True
        return any(made[at:at + 512] == now[at:at + 512] for at in range(*SLOT_0, 512))

    def desk_opens(self):
        desk = self.venue / "desk"
        if not desk.exists():
            return False
        for name in os.listdir(desk):
            try:
                (desk / name).read_bytes()
                return True
            except OSError:
                pass
        return False

    def alive(self):
        """The names of the targets that are not dead."""
        v = self.venue
        cell = (v / "cell").read_bytes() if (v / "cell").exists() else b""
        left = {
            "clock": any(cell[4:36]),
            "door": (v / "door.key").exists(),
            "vault": self.vault_opens(),
            "desk": self.desk_opens(),
            "sheets": (v / "sheets").exists(),
            "list": (v / "list.csv").exists(),
            "log": (v / "journal").exists(),
            "ram": any(self.memory.iterdir()),
            "broker": (v / "broker.password").exists(),
        }
        return {name for name, lives in left.items() if lives}

    def strays(self):
        """Names in the venue's folder that belong to nothing: stubs of a cut run."""
        known = {"cell", "vault.luks", "desk", "sheets", "list.csv", "journal", "door.key",
                 "broker.password", ".porchlight-drill"}
        return {p.name for p in self.venue.iterdir()} - known

    def sentinel_intact(self):
        return checksum(self.sentinel) == self.sentinel_sum


def drop_caches():
    ctypes.CDLL(None).sync()
    Path("/proc/sys/vm/drop_caches").write_text("3")
