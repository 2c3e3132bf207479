"""A vault whose key is in a TPM 2, here a software one at a prefix's /dev/tpmrm0, and its death."""

import hashlib
import subprocess

import pytest

from tests.kit import process, wiper
from tests.kit.place import program
from tests.kit.tpm import Tpm

CELL = "tpm:1800001"
PLAN = f"""[root venue]
path = /srv/venue
[cell chip]
cell = {CELL}
"""
MARK = b"PLc1"


@pytest.fixture
def kiosk(folder):
    for made in ("etc/porchlight", "srv/venue", "run/porchlight", "var/lib"):
        (folder / made).mkdir(parents=True)
    (folder / "etc/porchlight/wipe.plan").write_text(PLAN)
    return folder


@pytest.fixture
def tpm(kiosk):
    with Tpm(kiosk, kiosk) as made:
        yield made


def create(kiosk, name="desk", cell=CELL):
    return process.run([program("porchlight"), "--prefix", kiosk, "vault", "create", name, "--make",
                        "luks", "--path", f"/srv/venue/{name}.luks", "--mount", "/srv/desk",
                        "--size", "16", "--cell", cell])


def ask(kiosk, *words):
    """The outcomes of the plan's cell, word by word, of one porchlight-wipe."""
    started = wiper.start(kiosk)
    out = [wiper.outcomes(kiosk, word)["chip"] for word in words]
    wiper.end(started)
    return out


def key_in(tpm):
    """The key as the TPM's own store has it, or None."""
    for path in tpm.state.iterdir():
        at, data = 0, path.read_bytes()
        while (at := data.find(MARK, at)) >= 0:
            key = data[at + 4:at + 36]
            if data[at + 36:at + 40] == hashlib.blake2b(key, digest_size=16).digest()[:4]:
                return key
            at += 1
    return None


def opens(kiosk, key):
    kept = dict(line.split(" = ") for line in
                (kiosk / "etc/porchlight/vaults/desk").read_text().splitlines())
    derived = hashlib.blake2b(bytes.fromhex(kept["salt"]) + b"porchlight vault 1 luks", key=key
                              ).digest()
    return subprocess.run(["cryptsetup", "open", "--test-passphrase", "--key-file", "-",
                           str(kiosk / "srv/venue/desk.luks")], input=derived,
                          capture_output=True).returncode == 0


def test_the_key_is_kept_in_the_tpm_and_destroyed_there(kiosk, tpm):
    done = create(kiosk)
    assert done.returncode == 0, done.stderr
    key = key_in(tpm)
    assert key and opens(kiosk, key) and not opens(kiosk, bytes(32))
    for path in kiosk.rglob("*"):
        if path.is_file() and tpm.state not in path.parents:
            assert key not in path.read_bytes(), path
    assert ask(kiosk, "DRILL") == ["destroyed"] and key_in(tpm) == key
    assert ask(kiosk, "WIPE", "WIPE") == ["destroyed", "already gone"]
    assert not tpm.holds(key) and not tpm.holds(MARK)


def test_the_key_outlives_a_restart_of_the_tpm(kiosk, tpm):
    assert create(kiosk).returncode == 0
    key = key_in(tpm)
    tpm.stop()
    tpm.start()
    again = create(kiosk, "other")
    assert again.returncode == 1 and "already holds a key" in again.stderr
    assert key_in(tpm) == key
    assert ask(kiosk, "WIPE") == ["destroyed"]
    tpm.stop()
    tpm.start()
    assert not tpm.holds(key)


def test_a_tpm_that_is_not_there_is_a_failure(kiosk):
    """It may still hold the key: so it is neither gone nor destroyed, and all programs still run."""
    done = create(kiosk)
    assert done.returncode == 1 and "dev/tpmrm0: No such file" in done.stderr
    assert not (kiosk / "srv/venue/desk.luks").exists()
    assert ask(kiosk, "WIPE") == ["failed"]


def test_another_index_is_left_alone(kiosk, tpm):
    """An index that Porchlight did not define, and one outside of the owner's range."""
    for cell, word in (("tpm:1400001", "index of the owner's"), ("tpm:", "index of the owner's"),
                       ("tpm:1800001x", "index of the owner's")):
        done = create(kiosk, cell=cell)
        assert done.returncode == 1 and word in done.stderr, done.stderr
    plan = kiosk / "etc/porchlight/wipe.plan"
    plan.write_text(PLAN.replace(CELL, "tpm:../1"))
    bad = process.run([program("porchlight-wipe"), "--prefix", kiosk, "--plan"])
    assert bad.returncode == 3 and "tpm:" in bad.stderr


def test_a_tpm_that_goes_in_the_middle(kiosk, tpm):
    assert create(kiosk).returncode == 0
    tpm.process.freeze()
    tpm.process.kill()
    assert ask(kiosk, "WIPE") == ["failed"]
    tpm.stop()
    tpm.start()
    assert key_in(tpm)
    assert ask(kiosk, "WIPE") == ["destroyed"] and key_in(tpm) is None
