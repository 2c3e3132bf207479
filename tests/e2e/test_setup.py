"""porchlight setup: what it makes runs, keeps, changes, and is never found half done."""

import stat
import time

import pytest
from nacl import bindings as na

from tests.kit.setup import Venue
from tests.kit.voice import hexed


@pytest.fixture(name="venue")
def new_venue():
    with Venue() as made:
        yield made


def test_from_answers_to_a_drill_that_a_phone_answered(venue):
    began = time.monotonic()
    venue.set_up()
    venue.start_broker()
    account, password = venue.admit()
    venue.start()
    phone = venue.phone(account, password, "--ack", "seen")
    phone.wait(topic="state", within=20)
    drill = venue.cli("setup", "--drill")
    assert drill.returncode == 0, (drill, venue.daemon.said())
    assert "A phone received it" in drill.stdout
    print(f"from answers to a drill that was answered: {time.monotonic() - began:.1f} s")
    assert phone.all(topic="alert", drill=True)
    assert not venue.status()["drill"]


def test_keys_that_belong_together_and_a_root_that_left(venue):
    venue.set_up()
    kept = venue.etc / "credentials"
    root_public, _ = na.crypto_sign_seed_keypair(hexed(venue.root))
    assert stat.S_IMODE(venue.root.stat().st_mode) == 0o600
    assert hexed(kept / "root.pub") == root_public
    fields = [bytes.fromhex(venue.venue), bytes.fromhex(venue.kiosk), hexed(kept / "kiosk.pub")]
    na.crypto_sign_open(hexed(kept / "kiosk.cert") + b"porchlight-cert\0" + b"".join(fields),
                        root_public)
    root = venue.root.read_bytes().strip()
    assert not [name for name, data in venue.files().items() if root in data]
    for name in ("credentials", "broker", "ca"):
        assert stat.S_IMODE((venue.etc / name).stat().st_mode) == 0o700
