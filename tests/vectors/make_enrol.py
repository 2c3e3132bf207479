#!/usr/bin/python3
"""Makes enrol.json: what is said while a phone joins, with keys that are one byte repeated. In
Python, from the descriptions in kiosk/core/invitation.h and enrol.h; C, the page and tests/vectors/third read
it.

    python3 -m tests.vectors.make_enrol > tests/vectors/enrol.json

Of what is refused it has `none`, links that are no invitation; `refused`, the welcome's bytes changed (as in
signed.json; `at` another venue, kiosk or topic); and `wrong`, the welcome's text changed.
"""

import base64
import dataclasses
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


def link(data):
    return f"https://kettle.example.org/#i={base64.urlsafe_b64encode(data).decode().rstrip('=')}"


def changed(**changes):
    fragment = dataclasses.replace(INVITATION, **changes).fragment()
    return base64.urlsafe_b64decode(fragment + "=" * (-len(fragment) % 4))


def no_invitations():
    good = changed()
    rows = [("a byte short", good[:-1]), ("a byte long", good + b"\0"), ("nothing at all", b""),
            ("cut before its password", good[:126]), ("unknown flags", good[:1] + b"\4" + good[2:]),
            ("a short password", changed(password="x" * 15)), ("no broker", changed(brokers=[], pins=[])),
            ("five brokers", changed(brokers=INVITATION.brokers[:1] * 5, pins=[b""] * 5)),
            ("a broker without TLS", changed(brokers=["ws://kettle.example.org/mqtt"], pins=[b""])),
            ("a short pin", changed(pins=[b"", bytes(31)])),
            ("a push server without TLS", changed(push="http://push.example.org/q8Zt")),
            ("a broker that is no text", good.replace(b"wss://far", b"wss://f\xffr"))]
    return [{"why": why, "link": link(data)} for why, data in rows]


def welcome(signer="kiosk", to=PHONE, topic=TOPIC):
    text = json.dumps({"v": envelope.VERSION, "kind": "welcome"})
    return base64.b64encode(envelope.seal_welcome(text, to, KEYS[signer][1], topic)).decode()


def refused():
    for what, at in (("version", 0), ("form", 1), ("ephemeral key", 2), ("letter", 400)):
        yield {"why": f"a changed bit of the {what}", "xor": [at, 1]}
    yield from ({"why": "a byte short", "cut": 767}, {"why": "a byte long", "add": 1},
                {"why": "nothing at all", "cut": 0})
    for what in ("venue", "kiosk"):
        yield {"why": f"another {what}", "at": {what: "f53b59f25483bb49"}}
    yield from ({"why": why, "wire": wire} for why, wire in (
        ("signed by the root", welcome("root")), ("sealed to the kiosk", welcome(to=KEYS["kiosk"][0])),
        ("on another topic", welcome(topic=TOPIC.replace("enrol", "answer"))),
        ("for another account", welcome(topic=TOPIC[:-1] + "c")),
        ("a letter to the kiosk", base64.b64encode(envelope.seal_letter(
            "{}", PHONE, TOPIC, KEYS["kiosk"][1])).decode())))


def wrong(certificate):
    other = na.crypto_sign(b"porchlight-staff\0" + bytes.fromhex(VENUE + KIOSK) + PHONE, KEYS["root"][1])[:64]
    return [{"why": why, "change": change} for why, change in (
        ("another members' key", {"venue_key": "67" * 32}), ("another MAC", {"mac": "00" * 32}),
        ("the letter's MAC", {"mac": INVITATION.letter_mac(PHONE, True, PASSWORD)}),
        ("a certificate that the root did not make", {"certificate": "55" * 64}),
        ("a certificate for another account", {"certificate": other.hex()}),
        ("a changed bit of the certificate", {"certificate": f"{int(certificate, 16) ^ 1:0128x}"}),
        ("no certificate", {"certificate": None}), ("another account", {"account": KIOSK}))]


def make():
    i = INVITATION
    spare = dataclasses.replace(i, spare=True)
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
        "spare": {"link": link(changed(spare=True)),
                  "mac": spare.letter_mac(PHONE, True, spare.password)},
        "none": no_invitations(),
        "letter": {"text": json.dumps(letter, separators=(",", ":")), "password": PASSWORD},
        "confirm": {"nonce": NONCE.hex(), "digits": i.digits(PHONE, NONCE),
                    **said("confirm", account=ACCOUNT, nonce=NONCE.hex())},
        "welcome": {"venue_key": VENUE_KEY.hex(), "certificate": certificate.hex(),
                    **said("welcome", account=ACCOUNT, venue_key=VENUE_KEY.hex(),
                           certificate=certificate.hex(),
                           mac=i.welcome_mac(PHONE, VENUE_KEY))},
        "refused": list(refused()), "wrong": wrong(certificate.hex()),
        "refusals": [{"reason": reason, **said("refused", account=ACCOUNT, reason=reason,
                                               **({"speaks": [envelope.VERSION]}
                                                  if reason == "version" else {}))}
                     for reason in REASONS],
        "rotate": {"venue_key": VENUE_KEY.hex(), **said("rotate", venue_key=VENUE_KEY.hex())},
    }


if __name__ == "__main__":
    print(json.dumps(make(), indent=4))
