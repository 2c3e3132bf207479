#!/usr/bin/python3
"""Makes enrol.json: what is said while a phone joins, with keys that are one byte repeated. In
Python, from the descriptions in kiosk/core/invitation.h and enrol.h; C and the page read it.

    python3 -m tests.vectors.make_enrol > tests/vectors/enrol.json
"""

import base64
import json

from nacl import bindings as na

from tests.kit import envelope
from tests.kit.joining import Invitation

SEEDS = {"kiosk": "33", "root": "22", "phone": "44"}
KEYS = {name: na.crypto_sign_seed_keypair(bytes.fromhex(seed) * 32) for name, seed in SEEDS.items()}
ACCOUNT, VENUE, KIOSK = "07827bce7ac774db", "245b1cd24b1b033d", "7dd879d4c4aa715d"
TOPIC = f"porchlight/{VENUE}/{KIOSK}/enrol/{ACCOUNT}"
PHONE = KEYS["phone"][0]
PASSWORD, VENUE_KEY, NONCE = "fresh-password-0123456789", bytes.fromhex("66") * 32, bytes(range(16))
REASONS = ["version", "closed", "expired", "copied", "secret", "role", "digits", "withdrawn"]

INVITATION = Invitation(ACCOUNT, VENUE, KIOSK, 1795380000, KEYS["kiosk"][0], KEYS["root"][0],
                        bytes.fromhex("77") * 32, "one-time-0123456789abcdef",
                        ["wss://kettle.example.org/mqtt", "wss://far.example.org/mqtt"], staff=True,
                        pins=[b"", bytes.fromhex("88") * 32], push="https://push.example.org/q8Zt")


def said(kind, **fields):
    """The kiosk's message to this phone."""
    text = json.dumps({"v": envelope.VERSION, "kind": kind, **fields}, separators=(",", ":"))
    wire = envelope.seal_welcome(text, PHONE, KEYS["kiosk"][1], TOPIC)
    return {"text": text, "wire": base64.b64encode(wire).decode()}


def make():
    i = INVITATION
    certificate = na.crypto_sign(b"porchlight-staff\0" + bytes.fromhex(VENUE + ACCOUNT) + PHONE,
                                 KEYS["root"][1])[:64]
    fields = {name: value for name, value in i.__dict__.items() if isinstance(value, (int, str))}
    letter = {"v": envelope.VERSION, "kind": "enrol", "account": ACCOUNT, "public": PHONE.hex(),
              "password": PASSWORD, "staff": True, "mac": i.letter_mac(PHONE, True, PASSWORD)}
    return {
        "about": "What is said while a phone joins. Keys: each seed is one byte repeated.",
        "seeds": SEEDS,
        "topic": TOPIC,
        "invitation": {**fields, "secret": i.secret.hex(), "brokers": i.brokers,
                       "pins": [p.hex() for p in i.pins],
                       "link": f"https://kettle.example.org/#i={i.fragment()}"},
        "letter": {"text": json.dumps(letter, separators=(",", ":")), "password": PASSWORD},
        "confirm": {"nonce": NONCE.hex(), "digits": i.digits(PHONE, NONCE),
                    **said("confirm", account=ACCOUNT, nonce=NONCE.hex())},
        "welcome": {"venue_key": VENUE_KEY.hex(), "certificate": certificate.hex(),
                    **said("welcome", account=ACCOUNT, venue_key=VENUE_KEY.hex(),
                           certificate=certificate.hex(),
                           mac=i.welcome_mac(PHONE, VENUE_KEY))},
        "refusals": [{"reason": reason, **said("refused", account=ACCOUNT, reason=reason,
                                               **({"speaks": [envelope.VERSION]}
                                                  if reason == "version" else {}))}
                     for reason in REASONS],
        "rotate": {"venue_key": VENUE_KEY.hex(), **said("rotate", venue_key=VENUE_KEY.hex())},
    }


if __name__ == "__main__":
    print(json.dumps(make(), indent=4))
