"""Vaults and their key cells, as far as no mount is needed: tests/long opens and wipes them."""

import hashlib
import os
import secrets
import signal
import subprocess

import pytest

from tests.kit import process, wait
from tests.kit.place import program
from tests.kit.terminal import Terminal


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


def cell_of(kiosk):
    return kiosk / "sys/bus/nvmem/devices/rtc0/nvmem"


@pytest.mark.parametrize("spoil", [
    lambda k: (k / "srv/venue/desk.luks").write_text("something else"),
    lambda k: (k / "etc/porchlight/vaults").write_text("in the way"),
])
def test_a_vault_that_is_not_made_keeps_no_key_in_its_cell(kiosk, spoil):
    """Else the next one would always be refused: the cell holds a key."""
    spoil(kiosk)
    assert create(kiosk).returncode == 1
    assert cell_of(kiosk).read_bytes() == bytes(40) + b"\xff" * 16
    (kiosk / "srv/venue/desk.luks").unlink(missing_ok=True)
    (kiosk / "etc/porchlight/vaults").unlink(missing_ok=True)
    assert create(kiosk).returncode == 0


def test_a_name_that_is_taken(kiosk):
    assert create(kiosk).returncode == 0
    before = cell_of(kiosk).read_bytes()
    again = create(kiosk, path="/srv/venue/other.luks")
    assert again.returncode == 1 and "a vault desk already" in again.stderr
    assert cell_of(kiosk).read_bytes() == before and not (kiosk / "srv/venue/other.luks").exists()


def test_the_folder_above_is_made(kiosk):
    assert create(kiosk, path="/srv/new/deep/desk.luks").returncode == 0
    assert (kiosk / "srv/new/deep").stat().st_mode & 0o777 == 0o700
    (kiosk / "stick").write_bytes(bytes(64))
    blocked = create(kiosk, "--key-file", kiosk / "stick", name="b", cell="ram",
                     path="/srv/new/deep/desk.luks/x")
    assert blocked.returncode == 1 and "Not a directory" in blocked.stderr


def test_what_the_plan_wants_is_said_as_it_is_written(kiosk):
    said = create(kiosk).stdout
    plan = said[said.index("["):]
    (kiosk / "etc/porchlight/wipe.plan").write_text("[root venue]\npath = /srv/venue\n" + plan)
    shown = process.run([program("porchlight"), "--prefix", kiosk, "wipe", "--plan"])
    assert shown.returncode == 0 and "luks desk" in shown.stdout and "cell desk-key" in shown.stdout


def test_only_its_own_key_opens_it(kiosk):
    for name in ("right", "wrong"):
        (kiosk / name).write_bytes(secrets.token_bytes(64))
    assert create(kiosk, "--key-file", kiosk / "right", cell="ram").returncode == 0
    wrong = vault(kiosk, "open", "desk", "--key-file", kiosk / "wrong")
    assert wrong.returncode == 1 and "this is not its key" in wrong.stderr
    right = vault(kiosk, "open", "desk", "--key-file", kiosk / "right")
    assert "not its key" not in right.stderr  # whether it opens is the kernel's, in tests/board


class Typist(Terminal):
    def __init__(self, kiosk, *args):
        super().__init__([program("porchlight"), "--prefix", str(kiosk), "vault", *args])

    def type(self, question, text):
        self.until(question)
        assert not self.shows_what_is_typed(), "it asks before it hides what is typed"
        self.say(text)


MAKE = ("create", "desk", "--make", "luks", "--path", "/srv/venue/desk.luks", "--mount", "/srv/d",
        "--size", "16", "--cell", "ram")


def test_a_typed_key(kiosk):
    typist = Typist(kiosk, *MAKE)
    typist.type("New key of the vault desk: ", "twelve letters and more")
    typist.type("Type it again: ", "twelve letters, and more")
    typist.until("you typed two different keys")
    assert typist.end() == 1 and not (kiosk / "srv/venue/desk.luks").exists()
    typist = Typist(kiosk, *MAKE)
    typist.type("New key of the vault desk: ", "twelve letters and more")
    typist.type("Type it again: ", "twelve letters and more")
    said = typist.until("The vault desk is made")
    assert typist.end() == 0 and "letters" not in said
    typist = Typist(kiosk, "open", "desk")
    typist.type("Key of the vault desk: ", "twelve letters, not those")
    typist.until("this is not its key")
    assert typist.end() == 1


def test_ctrl_c_leaves_a_terminal_that_shows_what_is_typed(kiosk):
    typist = Typist(kiosk, *MAKE)
    typist.until("New key of the vault desk: ")
    wait.until(lambda: not typist.shows_what_is_typed(), "the terminal")
    os.write(typist.fd, b"half a key\x03")
    _, status = os.waitpid(typist.pid, 0)
    assert os.waitstatus_to_exitcode(status) == -signal.SIGINT
    assert typist.shows_what_is_typed()
    os.close(typist.fd)


def test_a_make_that_is_none_is_named(kiosk):
    done = vault(kiosk, "create", "x", "--make", "lux", "--path", "/srv/x")
    assert done.returncode == 2
    assert done.stderr.startswith("porchlight vault: --make lux: expected luks or fscrypt.")


@pytest.mark.parametrize("args", [
    ["create"], ["create", "x"], ["open"], ["open", "../x"], ["close", "nobody"], ["status", "a/b"],
    ["burn", "x"], ["create", "x", "--make", "zip", "--path", "/x", "--cell", "ram"],
    ["status", "a", "b"], ["create", "x", "--size", "16x"], ["create", "x", "--size", "7"],
    [*MAKE[:5], "srv/desk.luks", *MAKE[6:]], [*MAKE[:5], "/srv/" + "x" * 260, *MAKE[6:]],
    [*MAKE[:5], "/srv/a\nmount = /", *MAKE[6:]], [*MAKE, "--cell", "file:" + "/x" * 200],
    ["create", "x", "--make", "fscrypt", "--path", "/srv/x", "--mount", "/x", "--cell", "ram"],
    [*MAKE, "--cell", "nvmem:rtc0", "--key-file", "/x"],
])
def test_wrong_use(kiosk, args):
    done = vault(kiosk, *args)
    assert done.returncode in (1, 2) and done.stderr.startswith("porchlight vault: ")
