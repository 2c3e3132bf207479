#!/usr/bin/python3
"""Makes tests/vectors/root_word.json from the words of kiosk/core/root_word.h alone, in another
language, so that C, the phone page and the words agree. The same file on every run; --check exits 1
if the stored one would change.

The file: `keys`, `venue`, `kiosk`; `words`, each with what it says and its `wire` (base64);
`refused`, a change to a word named in `of`: `xor` [offset, mask], `cut`, `add`, `wire`, or another
venue, kiosk or root key in `at`; `joined`: words that are read one after the other, and what they
say together."""

import base64
import hashlib
import json
import pathlib
import struct
import sys

from nacl import bindings as sodium

SIZE = 768


def draw(label, size):
    return hashlib.shake_256(b"porchlight root word vectors/" + label.encode()).digest(size)


ROOT = sodium.crypto_sign_seed_keypair(draw("root", 32))
STRANGER = sodium.crypto_sign_seed_keypair(draw("stranger", 32))
VENUE, KIOSK, PUBLIC = draw("venue", 8), draw("kiosk", 8), draw("kiosk key", 32)
FIRST = "6c1f9d0e-54b3-4c27-9a1d-2f0d5e8b7a66"
SECOND = "0d6a1c52-7c1e-4f5f-8a37-93c4b2a1e005"


def account(i):
    return draw(f"account {i}", 8)


def word(made, retired=None, ended=None, revoked=(), flags=None, count=None, tail=b"", secret=None):
    said = flags if flags is not None else (1 if retired else 0) | (2 if ended else 0)
    body = bytes([said]) + (retired or bytes(32))
    if ended:
        body += bytes.fromhex(ended[0].replace("-", "")) + struct.pack(">QQ", *ended[1:])
    else:
        body += bytes(32)
    body += bytes([len(revoked) if count is None else count]) + b"".join(revoked)
    body = (body + tail).ljust(SIZE - 74, b"\0")
    head = bytes([2, 8]) + struct.pack(">Q", made)
    covered = b"porchlight-root\0" + VENUE + KIOSK + head + body
    return head + sodium.crypto_sign(covered, secret or ROOT[1])[:64] + body


def said(made, retired=None, ended=None, revoked=()):
    return {"made": made, "retired": retired.hex() if retired else None,
            "ended": dict(zip(("id", "epoch", "seq"), ended)) if ended else None,
            "revoked": [one.hex() for one in revoked]}


WORDS = {
    "nothing": (1764000000, None, None, ()),
    "retired": (1764000001, PUBLIC, None, ()),
    "ended": (1764000002, None, (FIRST, 7, 41), ()),
    "ended later": (1764000003, None, (SECOND, 7, 42), ()),
    "ended in an earlier epoch": (1764000009, None, (SECOND, 6, 900), ()),
    "ended at the end of numbers": (2**53 - 1, None, (SECOND, 2**53 - 1, 2**53 - 1), ()),
    "revoked": (1764000004, None, None, (account(1),)),
    "two revoked": (1764000005, None, None, (account(2), account(1))),
    "all of it": (1764000006, PUBLIC, (FIRST, 7, 41), tuple(account(i) for i in range(64))),
}


def make():
    text = {name: base64.b64encode(word(*w)).decode() for name, w in WORDS.items()}
    refused = []

    def refuse(why, of="all of it", **change):
        if "wire" in change:
            change["wire"] = base64.b64encode(change["wire"]).decode()
        refused.append({"of": of, "why": why, **change})

    refuse("version 1", xor=[0, 3])
    refuse("another form", xor=[1, 1])
    for offset, what in [(9, "time"), (10, "signature"), (74, "flags"), (75, "key"), (107, "id"),
                         (130, "epoch"), (138, "seq"), (139, "count"), (140, "accounts"),
                         (767, "padding")]:
        refuse(f"a changed bit of the {what}", xor=[offset, 1])
    refuse("a byte short", cut=SIZE - 1)
    refuse("nothing at all", cut=0)
    refuse("a byte long", add=1)
    other = draw("other", 8).hex()
    refuse("another venue's", at={"venue": other})
    refuse("another kiosk's", at={"kiosk": other})
    refuse("another root's", at={"root_public": STRANGER[0].hex()})
    refuse("signed by a stranger", wire=word(1, PUBLIC, secret=STRANGER[1]))
    refuse("an unknown flag", wire=word(1, flags=4))
    refuse("a key although nothing is retired", wire=word(1, PUBLIC, flags=0))
    refuse("an id although nothing is ended", wire=word(1, ended=(FIRST, 0, 0), flags=0))
    refuse("an epoch of 2^53", wire=word(1, ended=(FIRST, 2**53, 0)))
    refuse("more accounts than fit", wire=word(1, count=65))
    refuse("bytes behind the last account", wire=word(1, revoked=(account(1),), tail=b"x"))
    return {
        "keys": {"root_public": ROOT[0].hex(), "root_seed": draw("root", 32).hex()},
        "venue": VENUE.hex(), "kiosk": KIOSK.hex(),
        "words": [{"name": name, "says": said(*w), "wire": text[name]}
                  for name, w in WORDS.items()],
        "refused": refused,
        "joined": [
            {"of": ["nothing"], "says": said(0)},
            {"of": ["retired", "nothing"], "says": said(1764000001, PUBLIC)},
            {"of": ["ended", "ended later"], "says": said(1764000003, None, (SECOND, 7, 42))},
            {"of": ["ended later", "ended"], "says": said(1764000003, None, (SECOND, 7, 42))},
            {"of": ["ended", "ended in an earlier epoch"],
             "says": said(1764000002, None, (FIRST, 7, 41))},
            {"of": ["revoked", "two revoked"],
             "says": said(1764000005, None, None, (account(1), account(2)))},
            {"of": ["ended", "retired", "revoked"],
             "says": said(1764000004, PUBLIC, (FIRST, 7, 41), (account(1),))},
        ],
    }


def main():
    path = pathlib.Path(__file__).with_name("root_word.json")
    text = json.dumps(make(), indent=1) + "\n"
    if sys.argv[1:] == ["--check"]:
        return 0 if path.read_text() == text else 1
    path.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
