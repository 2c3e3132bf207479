"""porchlight command: a staff phone's letter, read by a kiosk's voice made with PyNaCl."""

import base64
import json
import secrets
import struct
import threading
import uuid

import pytest
from nacl import bindings as na

from tests.kit.kiosk import Kiosk
from tests.kit.voice import Voice, alert_id, hexed


@pytest.fixture(name="staffed")
def with_staff():
    """A kiosk whose staff account has a key; a Voice speaks for it."""
    with Kiosk(kind="c") as kiosk:
        kiosk.account_id, kiosk.key, kiosk.password_name = kiosk.staff_phone()
        kiosk.staff_public = hexed(kiosk.state / "staff" / f"{kiosk.account_id}.cert")[:32]
        yield kiosk


class Order(threading.Thread):
    """porchlight command in the background."""

    def __init__(self, kiosk, *args):
        super().__init__()
        self.kiosk, self.args, self.done = kiosk, args, None
        self.start()

    def run(self):
        self.done = self.kiosk.cli("command", *self.args, "--key", self.kiosk.key, "--user",
                                   self.kiosk.account_id, "--password", self.kiosk.password_name)

    def result(self):
        self.join(20)
        assert self.done, "porchlight command hangs"
        return self.done


@pytest.mark.parametrize("name, before, after", [
    ("lockdown", {"state": "quiet"}, {"state": "lockdown"}),
    ("caution", {"state": "quiet"}, {"state": "caution"}),
    ("drill", {"state": "quiet"}, {"state": "lockdown", "drill": True}),
    ("abort", {"state": "caution"}, {"state": "quiet"}),
    ("all-clear", {"state": "lockdown"}, {"state": "quiet"}),
])
def test_a_signed_letter_with_the_current_nonce(staffed, name, before, after):
    nonce, alert = secrets.token_bytes(16), alert_id()
    standing = None if before["state"] == "quiet" else alert
    with Voice(staffed) as voice:
        voice.state(alert_id=standing, nonce=nonce, **before)
        order = Order(staffed, name, "--json")
        said, account = voice.letter("command", signer=staffed.staff_public)
        assert (said["kind"], said["account"]) == (f"command-{name}", account)
        assert (said["nonce"], said["id"], said["seq"]) == (nonce.hex(), standing, voice.seq)
        if name == "all-clear":
            check_word(staffed, said)
        voice.state(alert_id=None if after["state"] == "quiet" else alert,
                    nonce=secrets.token_bytes(16), **after)
        done = order.result()
        assert done.returncode == 0 and json.loads(done.stdout)["obeyed"] is True, done
        assert len(voice.letters) == 1


def check_word(kiosk, said):
    """The all-clear's signature, which every phone will ask for, from the words of cert.h."""
    word = base64.urlsafe_b64decode(said["proof"] + "==")
    covered = (b"porchlight-all-clear\0" + bytes.fromhex(kiosk.venue) + bytes.fromhex(kiosk.id)
               + uuid.UUID(said["id"]).bytes + struct.pack(">QQ", said["epoch"], said["seq"])
               + bytes.fromhex(said["account"]))
    assert na.crypto_sign_open(word + covered, kiosk.staff_public) == covered


def test_a_nonce_that_another_phone_has_used(staffed):
    first, second = secrets.token_bytes(16), secrets.token_bytes(16)
    with Voice(staffed) as voice:
        voice.state(nonce=first)
        order = Order(staffed, "caution")
        assert voice.letter("command")[0]["nonce"] == first.hex()
        voice.state(nonce=second)  # quiet still: that letter came too late
        assert voice.letter("command", 2)[0]["nonce"] == second.hex()
        voice.state("caution", alert_id(), nonce=secrets.token_bytes(16))
        done = order.result()
        assert done.returncode == 0 and "obeyed after" in done.stdout


def test_a_kiosk_that_does_not_obey(staffed):
    with Voice(staffed) as voice:
        voice.state(nonce=bytes(16))
        done = Order(staffed, "lockdown", "--for", "1500ms").result()
        assert done.returncode == 1 and "did not obey" in done.stderr
        voice.letter("command")


def test_no_kiosk_at_all(staffed):
    done = Order(staffed, "lockdown", "--for", "1s").result()
    assert done.returncode == 3 and "No state arrived" in done.stderr


def test_a_forged_state_gets_no_letter(staffed):
    with Voice(staffed) as voice:
        body = voice.body("state", state="quiet", unconfirmed=False, seen=0, safe=0,
                          nonce="00" * 16)
        voice.publish("state", voice.seal("state", body, secret=na.crypto_sign_keypair()[1]), True)
        done = Order(staffed, "lockdown", "--for", "1s").result()
        assert done.returncode == 3 and not voice.letters


@pytest.mark.parametrize("args", [[], ["party"], ["drill", "caution"], ["drill", "--for", "soon"]])
def test_wrong_usage(staffed, args):
    assert Order(staffed, *args).result().returncode == 2


def test_a_plain_venue_takes_none():
    with Kiosk(kind="c", plain=True) as kiosk:
        done = kiosk.cli("command", "drill", "--key", "/nowhere")
        assert done.returncode == 1 and "plain venue" in done.stderr
