#!/usr/bin/python3
"""Makes tests/vectors/staff_box.json with tests/kit/staff_box.py, so that C and the phone page open
what a third implementation sealed. Every byte comes from a seed: the file is the same on every run.

    python3 -m tests.vectors.make_staff_box            writes staff_box.json beside this script
    python3 -m tests.vectors.make_staff_box --check    exits 1 if the stored file would change

The file:
  keys     the kiosk's public key, and the seeds of eight staff phones and of a stranger, in hex
  box      a box (base64), its text, and which phones it is for
  wire     a box as a signed message (768 bytes, base64): its place and time
  refused  a change to the first `wire`, and the result that it must give: of checking the message
           (`step` check) or of opening its box as phone 0 (`step` open)
"""

import base64
import hashlib
import json
import pathlib
import sys

from nacl import bindings as sodium

from tests.kit import envelope, staff_box

SEED = b"porchlight staff box vectors 1"


def draw(label, size):
    return hashlib.shake_256(SEED + b"/" + label.encode()).digest(size)


def key_pair(label):
    return sodium.crypto_sign_seed_keypair(draw(label, 32))


VENUE, KIOSK = draw("venue", 8).hex(), draw("kiosk", 8).hex()
KIOSK_KEY, STRANGER = key_pair("kiosk key"), key_pair("stranger")
PHONES = [key_pair(f"phone {i}") for i in range(staff_box.SLOTS)]
VERSION = envelope.place(7, VENUE, KIOSK, 0, 0, "")[11]
DURESS = json.dumps({"v": VERSION, "kind": "duress", "id": "6c1f9d0e-54b3-4c27-9a1d-2f0d5e8b7a66",
                     "at": "2026-11-22T18:33:04Z"}, separators=(",", ":"))


def topic(name):
    return f"porchlight/{VENUE}/{KIOSK}/{name}"


def base64_of(data):
    return base64.b64encode(data).decode()


def box(label, text, phones, venue=VENUE, **odd):
    drawn = iter(range(1000))
    return staff_box.seal(venue, KIOSK, [PHONES[i][0] for i in phones], text,
                          lambda size: draw(f"{label} {next(drawn)}", size),
                          [(3 * i + 5) % staff_box.SLOTS for i in range(staff_box.SLOTS)], **odd)


BOXES = [
    ("duress", DURESS, [0]),
    ("for all", DURESS.replace("duress", "code"), list(range(staff_box.SLOTS))),
    ("for nobody", DURESS, []),
    ("empty text", "", [1, 2]),
    ("full text", "x" * staff_box.TEXT_MAX, [7, 3]),
    ("not ascii", "დახმარება, مساعدة", [4]),
]


def wire(made, name, epoch, seq, time, signer=KIOSK_KEY):
    return staff_box.sign(made, signer[1], topic(name), epoch, seq, time)


def make():
    boxes = [{"name": label, "text": text, "phones": phones,
              "box": base64_of(box(label, text, phones))} for label, text, phones in BOXES]
    made = box("duress", DURESS, [0])
    wires = [{"topic": topic(name), "epoch": epoch, "seq": seq, "time": time,
              "wire": base64_of(wire(made, name, epoch, seq, time))}
             for name, epoch, seq, time in [("staff", 3, 41, 1795372384), ("notice", 3, 42, 0),
                                            ("staff", 2**53 - 1, 2**53 - 1, 2**53 - 1)]]
    refused = []

    def refuse(why, result, step="check", **change):
        refused.append({"why": why, "result": result, "step": step, **change})

    at = ("staff", 3, 41, 1795372384)
    refuse("another version", "malformed", xor=[0, 8])
    refuse("another form", "malformed", xor=[1, 6])
    refuse("a byte short", "malformed", cut=767)
    refuse("an epoch above 2^53", "malformed", xor=[2, 0x20])
    for offset, what in [(9, "epoch"), (17, "seq"), (18, "signature"), (89, "time"), (90, "box"),
                         (767, "box's end")]:
        refuse(f"a changed bit of the {what}", "forged", xor=[offset, 1])
    refuse("another topic", "forged", topic=topic("notice"))
    refuse("another signer", "forged", wire=base64_of(wire(made, *at, signer=STRANGER)))
    refuse("another venue's box, signed by the kiosk", "not ours", "open",
           wire=base64_of(wire(box("odd", DURESS, [0], draw("other", 8).hex()), *at)))
    refuse("a box for others", "not ours", "open",
           wire=base64_of(wire(box("odd", DURESS, [1, 2]), *at)))
    refuse("padding that is not zero", "malformed", "open",
           wire=base64_of(wire(box("odd", DURESS, [0], padding=1), *at)))
    return {"keys": {"venue_id": VENUE, "kiosk_id": KIOSK, "kiosk_public": KIOSK_KEY[0].hex(),
                     "phones": [draw(f"phone {i}", 32).hex() for i in range(staff_box.SLOTS)],
                     "stranger": draw("stranger", 32).hex()},
            "box": boxes, "wire": wires, "refused": refused}


def main():
    path = pathlib.Path(__file__).with_name("staff_box.json")
    text = json.dumps(make(), indent=1, ensure_ascii=False) + "\n"
    if sys.argv[1:] == ["--check"]:
        return 0 if path.read_text() == text else 1
    path.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
