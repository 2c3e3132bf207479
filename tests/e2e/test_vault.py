"""Vaults and their key cells, as far as no mount is needed: tests/long opens and wipes them."""

import hashlib
import subprocess

import pytest

from tests.kit import process
from tests.kit.place import program


@pytest.fixture
def kiosk(folder):
    for made in ("etc/porchlight", "srv/venue", "sys/bus/nvmem/devices/rtc0"):
        (folder / made).mkdir(parents=True)
    cell = folder / "sys/bus/nvmem/devices/rtc0/nvmem"
    cell.write_bytes(b"\xff" * 56)
    cell.chmod(0o600)
    return folder


def vault(kiosk, *args):
    return process.run([program("porchlight"), "--prefix", kiosk, "vault", *args])


def create(kiosk, *more, cell="nvmem:rtc0", name="desk", path="/srv/venue/desk.luks"):
    return vault(kiosk, "create", name, "--make", "luks", "--path", path, "--mount", "/srv/desk",
                 "--size", "16", "--cell", cell, *more)


def opens(container, key):
    return subprocess.run(["cryptsetup", "open", "--test-passphrase", "--key-file", "-",
                           str(container)], input=key, capture_output=True).returncode == 0


def test_cell_and_salt_open_it_together_and_neither_alone(kiosk):
    done = create(kiosk)
    assert done.returncode == 0, done.stderr
    cell = (kiosk / "sys/bus/nvmem/devices/rtc0/nvmem").read_bytes()
    assert cell[:4] == b"PLc1" and cell[40:] == b"\xff" * 16
    key = cell[4:36]
    kept = dict(line.split(" = ") for line in
                (kiosk / "etc/porchlight/vaults/desk").read_text().splitlines())
    salt = bytes.fromhex(kept["salt"])
    use = b"porchlight vault 1 luks"
    container = kiosk / "srv/venue/desk.luks"
    derived = hashlib.blake2b(salt + use, key=key).digest()
    assert opens(container, derived)
    for wrong in (key, salt, key + salt, hashlib.blake2b(salt + use).digest(),
                  hashlib.blake2b(salt + use, key=bytes(32)).digest(),
                  hashlib.blake2b(bytes(32) + use, key=key).digest()):
        assert not opens(container, wrong)
    assert key not in container.read_bytes() and derived not in container.read_bytes()
    assert key.hex() not in (kiosk / "etc/porchlight/vaults/desk").read_text()


def test_a_key_in_use_is_not_replaced(kiosk):
    assert create(kiosk).returncode == 0
    before = (kiosk / "sys/bus/nvmem/devices/rtc0/nvmem").read_bytes()
    again = create(kiosk, name="other", path="/srv/venue/other.luks")
    assert again.returncode == 1 and "already holds a key" in again.stderr
    assert (kiosk / "sys/bus/nvmem/devices/rtc0/nvmem").read_bytes() == before


def test_a_file_as_cell_must_be_meant(kiosk):
    refused = create(kiosk, cell="file:/srv/venue/cell")
    assert refused.returncode == 2 and "survives" in refused.stderr
    assert not (kiosk / "srv/venue/cell").exists()
    meant = create(kiosk, "--i-know-this-survives", cell="file:/srv/venue/cell")
    assert meant.returncode == 0, meant.stderr
    assert (kiosk / "srv/venue/cell").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("spoil, word", [
    (lambda c: c.chmod(0o644), "others can read"),
    (lambda c: c.write_bytes(b"\xff" * 39), "a key takes 40"),
    (lambda c: c.unlink(), "No such file"),
])
def test_cells_that_are_not_fit(kiosk, spoil, word):
    spoil(kiosk / "sys/bus/nvmem/devices/rtc0/nvmem")
    done = create(kiosk)
    assert done.returncode == 1 and word in done.stderr, done.stderr
    assert not (kiosk / "srv/venue/desk.luks").exists()


def test_ram_takes_a_file_from_a_stick(kiosk):
    (kiosk / "stick").write_bytes(bytes(range(64)))
    done = create(kiosk, "--key-file", kiosk / "stick", cell="ram")
    assert done.returncode == 0 and "stick" in done.stdout, done.stderr
    (kiosk / "short").write_bytes(b"x" * 31)
    short = create(kiosk, "--key-file", kiosk / "short", cell="ram", name="b", path="/srv/venue/b")
    assert short.returncode == 1 and "32 to 4096" in short.stderr


@pytest.mark.parametrize("args", [
    ["create"], ["create", "x"], ["open"], ["open", "../x"], ["close", "nobody"], ["status", "a/b"],
    ["burn", "x"], ["create", "x", "--make", "zip", "--path", "/x", "--cell", "ram"],
    ["status", "a", "b"],
])
def test_wrong_use(kiosk, args):
    done = vault(kiosk, *args)
    assert done.returncode in (1, 2) and done.stderr.startswith("porchlight vault: ")
