#!/usr/bin/python3
"""Makes tests/vectors/envelope.json: the envelope written a second time, from the words of
kiosk/core/envelope.h alone and in another language, so that C, the phone page and the words agree.

Every byte comes from the seed below, so the file is the same on every run:

    tests/vectors/make_vectors.py            writes envelope.json beside this script
    tests/vectors/make_vectors.py --check    exits 1 if the stored file would change

The file:
  keys       what the vectors use, in hex: the venue's key, the kiosk's seed and public key, and
             the same of a staff phone and of strangers
  broadcast  nonce and text in, `wire` (768 bytes, base64) out: sealing gives the same bytes,
             opening gives the text back
  clear      text in, `wire` out: signed and not sealed, so without a nonce
  letter     sealed with a fixed ephemeral key, so only opening can be compared
  refused    a change to a vector named in `of`, and the result it must give. `xor` [offset, mask]
             changes wire bytes, `cut` keeps so many bytes, `add` appends zeros, `wire` replaces
             all; `place` and `keys` change what the opener expects
"""

import base64
import hashlib
import json
import pathlib
import struct
import sys

from nacl import bindings as sodium

SIZE = 768
TEXT_MAX = 644
LETTER_MAX = 652
VERSION = 2
CLEAR_MAX = 684
SEED = b"porchlight envelope vectors 1"


def draw(label, size):
    return hashlib.shake_256(SEED + b"/" + label.encode()).digest(size)


def key_pair(label):
    public, secret = sodium.crypto_sign_seed_keypair(draw(label, 32))
    return {"public": public, "secret": secret, "seed": draw(label, 32)}


VENUE = draw("venue", 8)
KIOSK = draw("kiosk", 8)
VENUE_KEY = draw("venue key", 32)
KIOSK_KEY = key_pair("kiosk key")
STAFF_KEY = key_pair("staff key")
STRANGER_KEY = key_pair("stranger key")
ACCOUNT = draw("account", 8).hex()


def topic(name):
    return f"porchlight/{VENUE.hex()}/{KIOSK.hex()}/{name}"


def bound(form, place, text=b""):
    name = place["topic"].encode()
    return (b"porchlight\0" + bytes([VERSION, form]) + bytes.fromhex(place["venue"])
            + bytes.fromhex(place["kiosk"])
            + struct.pack(">QQH", place["epoch"], place["seq"], len(name)) + name + text)


def inner(signature, text, size, length=None, padding=0):
    length = len(text) if length is None else length
    body = signature + struct.pack(">H", length) + text
    return body + bytes([padding]) * (size - len(body))


def broadcast(place, text, nonce, signer=KIOSK_KEY, venue_key=VENUE_KEY, **odd):
    signature = sodium.crypto_sign(bound(1, place, text), signer["secret"])[:64]
    sealed = sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(
        inner(signature, text, 64 + 2 + TEXT_MAX, **odd), bound(1, place), nonce, venue_key)
    wire = bytes([VERSION, 1]) + struct.pack(">QQ", place["epoch"], place["seq"]) + nonce + sealed
    assert len(wire) == SIZE
    return wire


def clear(place, text, signer=KIOSK_KEY, **odd):
    signature = sodium.crypto_sign(bound(6, place, text), signer["secret"])[:64]
    wire = (bytes([VERSION, 6]) + struct.pack(">QQ", place["epoch"], place["seq"])
            + inner(signature, text, 64 + 2 + CLEAR_MAX, **odd))
    assert len(wire) == SIZE
    return wire


def letter(place, text, ephemeral, signer=None, to=KIOSK_KEY, **odd):
    signature = bytes(64)
    if signer is not None:
        timeless = dict(place, epoch=0, seq=0)
        signature = sodium.crypto_sign(bound(2, timeless, text), signer["secret"])[:64]
    box = sodium.crypto_sign_ed25519_pk_to_curve25519(to["public"])
    epk = sodium.crypto_scalarmult_base(ephemeral)
    nonce = hashlib.blake2b(epk + box, digest_size=24).digest()
    sealed = sodium.crypto_box(inner(signature, text, 64 + 2 + LETTER_MAX, **odd), nonce, box,
                               ephemeral)
    wire = bytes([VERSION, 2]) + epk + sealed
    assert len(wire) == SIZE
    return wire


def place(name, epoch=0, seq=0):
    return {"venue": VENUE.hex(), "kiosk": KIOSK.hex(), "topic": topic(name), "epoch": epoch,
            "seq": seq}


def compact(**fields):
    return json.dumps(fields, separators=(",", ":"))


def base64_of(data):
    return base64.b64encode(data).decode()


BROADCASTS = [
    ("lockdown", "alert", 3, 41, compact(
        v=VERSION, kind="lockdown", id="6c1f9d0e-54b3-4c27-9a1d-2f0d5e8b7a66", epoch=3, seq=41,
        at="2026-11-22T18:33:04Z", age_ms=2, drill=False, resumed=False, detail=None)),
    ("empty text", "state", 0, 0, ""),
    ("full text", "state", 2**53 - 1, 2**53 - 1, "x" * TEXT_MAX),
    ("not ascii", "state", 1, 2, "Salam, дорогие, გამარჯობა, مرحبا"),
]

CLEARS = [
    ("beat", "beat", 3, 42, compact(
        v=VERSION, kind="beat", epoch=3, seq=42, at="2026-11-22T18:33:05Z", synced=True,
        up=86400123, state=41, staff=40, ring=39, echo=[draw("beat nonce", 8).hex()])),
    ("ring", "ring", 3, 39, compact(
        v=VERSION, kind="ring", epoch=3, seq=39, at=None,
        id="6c1f9d0e-54b3-4c27-9a1d-2f0d5e8b7a66", on=True, staff=None)),
    ("lost", "presence", 3, 0, compact(
        v=VERSION, kind="lost", id=None, epoch=3, seq=0, at=None, age_ms=None, drill=False,
        resumed=False, detail=None, connection=7)),
    ("empty clear text", "beat", 0, 0, ""),
    ("full clear text", "ring", 2**53 - 1, 2**53 - 1, "z" * CLEAR_MAX),
]

LETTERS = [
    ("seen", f"ack/{ACCOUNT}", None, compact(
        v=VERSION, kind="seen", id="6c1f9d0e-54b3-4c27-9a1d-2f0d5e8b7a66", epoch=0, seq=0,
        account=ACCOUNT)),
    ("command", f"command/{ACCOUNT}", STAFF_KEY, compact(
        v=VERSION, kind="command-caution", id=None, epoch=0, seq=0, account=ACCOUNT,
        nonce=draw("command nonce", 16).hex())),
    ("full letter", f"enrol/{ACCOUNT}", None, "y" * LETTER_MAX),
]


def make():
    broadcasts, clears, letters, refused = [], [], [], []
    for label, name, epoch, seq, text in BROADCASTS:
        at, nonce = place(name, epoch, seq), draw("nonce " + label, 24)
        broadcasts.append({"name": label, "place": at, "nonce": nonce.hex(), "text": text,
                           "wire": base64_of(broadcast(at, text.encode(), nonce))})
    for label, name, epoch, seq, text in CLEARS:
        at = place(name, epoch, seq)
        clears.append({"name": label, "place": at, "text": text,
                       "wire": base64_of(clear(at, text.encode()))})
    for label, name, signer, text in LETTERS:
        at = place(name)
        letters.append({"name": label, "place": at, "text": text, "signed": signer is not None,
                        "wire": base64_of(letter(at, text.encode(), draw("box " + label, 32),
                                                 signer))})

    def refuse(of, why, result, **change):
        refused.append({"of": of, "why": why, "result": result, **change})

    at, text = broadcasts[0]["place"], broadcasts[0]["text"].encode()
    nonce = draw("nonce odd", 24)
    other = draw("other id", 8).hex()
    refuse("lockdown", "version 1", "malformed", xor=[0, 3])
    refuse("lockdown", "another form", "malformed", xor=[1, 3])
    refuse("lockdown", "a byte short", "malformed", cut=SIZE - 1)
    refuse("lockdown", "nothing at all", "malformed", cut=0)
    refuse("lockdown", "a byte long", "malformed", add=1)
    refuse("lockdown", "an epoch above 2^53", "malformed", xor=[2, 0x20])
    refuse("lockdown", "a seq above 2^53", "malformed", xor=[10, 0x80])
    for offset, what in [(9, "epoch"), (17, "seq"), (18, "nonce"), (42, "signature"),
                         (106, "length"), (108, "text"), (700, "padding"), (767, "tag")]:
        refuse("lockdown", f"a changed bit of the {what}", "not ours", xor=[offset, 1])
    refuse("lockdown", "another venue", "not ours", place={"venue": other})
    refuse("lockdown", "another kiosk", "not ours", place={"kiosk": other})
    refuse("lockdown", "another topic", "not ours", place={"topic": topic("notice")})
    refuse("lockdown", "another venue's key", "not ours",
           keys={"venue": draw("other venue key", 32).hex()})
    refuse("lockdown", "another kiosk's public key", "forged",
           keys={"kiosk_public": STRANGER_KEY["public"].hex()})
    refuse("lockdown", "a member's forgery, right key and wrong signer", "forged",
           wire=base64_of(broadcast(at, text, nonce, signer=STRANGER_KEY)))
    refuse("lockdown", "a length behind the end", "malformed",
           wire=base64_of(broadcast(at, text, nonce, length=TEXT_MAX + 1)))
    refuse("lockdown", "a length that cuts the text", "malformed",
           wire=base64_of(broadcast(at, text, nonce, length=len(text) - 1)))
    refuse("lockdown", "padding that is not zero", "malformed",
           wire=base64_of(broadcast(at, text, nonce, padding=32)))
    refuse("lockdown", "plain JSON", "malformed", wire=base64_of(text))
    refuse("lockdown", "a letter in a broadcast's place", "malformed", wire=letters[0]["wire"])

    at, text = letters[1]["place"], letters[1]["text"].encode()
    odd = draw("box odd", 32)
    refuse("command", "version 1", "malformed", xor=[0, 3])
    refuse("command", "a broadcast in a letter's place", "malformed", xor=[1, 3])
    refuse("command", "a byte short", "malformed", cut=SIZE - 1)
    refuse("command", "a changed bit of the sender's key", "not ours", xor=[2, 1])
    refuse("command", "a changed bit of the text", "not ours", xor=[200, 1])
    refuse("command", "a letter to another kiosk", "not ours",
           wire=base64_of(letter(at, text, odd, STAFF_KEY, to=STRANGER_KEY)))
    refuse("command", "padding that is not zero", "malformed",
           wire=base64_of(letter(at, text, odd, STAFF_KEY, padding=1)))
    refuse("command", "another signer", "forged",
           wire=base64_of(letter(at, text, odd, STRANGER_KEY)))
    refuse("command", "no signature", "forged", wire=base64_of(letter(at, text, odd)))
    refuse("command", "another account's topic", "forged",
           place={"topic": topic("command/" + other)})
    refuse("command", "another venue", "forged", place={"venue": other})

    at, text = clears[0]["place"], clears[0]["text"].encode()
    refuse("beat", "version 1", "malformed", xor=[0, 3])
    refuse("beat", "another form", "malformed", xor=[1, 7])
    refuse("beat", "a byte short", "malformed", cut=SIZE - 1)
    refuse("beat", "an epoch above 2^53", "malformed", xor=[2, 0x20])
    refuse("beat", "a length behind the end", "malformed",
           wire=base64_of(clear(at, text, length=CLEAR_MAX + 1)))
    refuse("beat", "a length that cuts the text", "malformed",
           wire=base64_of(clear(at, text, length=len(text) - 1)))
    refuse("beat", "padding that is not zero", "malformed", xor=[SIZE - 1, 1])
    for offset, what in [(9, "epoch"), (17, "seq"), (18, "signature"), (90, "text")]:
        refuse("beat", f"a changed bit of the {what}", "forged", xor=[offset, 1])
    refuse("beat", "another signer", "forged",
           wire=base64_of(clear(at, text, signer=STRANGER_KEY)))
    refuse("beat", "another kiosk's public key", "forged",
           keys={"kiosk_public": STRANGER_KEY["public"].hex()})
    refuse("beat", "another topic", "forged", place={"topic": topic("ring")})
    refuse("beat", "another venue", "forged", place={"venue": other})
    refuse("beat", "a broadcast in its place", "malformed", wire=broadcasts[0]["wire"])
    refuse("lockdown", "a clear message in its place", "malformed", wire=clears[0]["wire"])
    return {
        "keys": {
            "venue": VENUE_KEY.hex(),
            "kiosk_seed": KIOSK_KEY["seed"].hex(), "kiosk_public": KIOSK_KEY["public"].hex(),
            "staff_seed": STAFF_KEY["seed"].hex(), "staff_public": STAFF_KEY["public"].hex(),
        },
        "broadcast": broadcasts,
        "clear": clears,
        "letter": letters,
        "refused": refused,
    }


def main():
    path = pathlib.Path(__file__).with_name("envelope.json")
    text = json.dumps(make(), indent=1, ensure_ascii=False) + "\n"
    if sys.argv[1:] == ["--check"]:
        return 0 if path.read_text() == text else 1
    path.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
