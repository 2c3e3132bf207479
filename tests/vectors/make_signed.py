#!/usr/bin/python3
"""Makes signed.json: certificates, the proof of an all-clear, a relay's offer, every letter, texts of every
kind, and the body of a wake-up. By the implementation that was written from PROTOCOL.md alone.

    python3 -m tests.vectors.make_signed > tests/vectors/signed.json
"""

import base64
import json

from tests.vectors.third import joining, push, wire

VENUE, KIOSK, ACCOUNT = "245b1cd24b1b033d", "7dd879d4c4aa715d", "07827bce7ac774db"
SEEDS = {"root": "22", "kiosk": "33", "staff": "44", "push": "55"}
KEYS = {name: bytes.fromhex(byte) * 32 for name, byte in SEEDS.items()}
PUBLIC = {name: wire.public_of(seed) for name, seed in KEYS.items()}
ALERT, NONCE, PASSWORD = "6c1f9d0e-54b3-4c27-9a1d-2f0d5e8b7a66", "0f" * 16, "fresh-password-0123456789"
SCALARS = {"browser": "66" * 32, "sender": "77" * 32}
AUTH, SALT, TEST = "88" * 16, "99" * 16, "aa" * 8
POINT = push.point_of(bytes.fromhex(SCALARS["browser"]))
CERTIFICATES = {of: wire.sign(KEYS["root"], wire.certified(purpose, VENUE, PUBLIC[of], who))
                for of, purpose, who in (("kiosk", "cert", KIOSK), ("staff", "staff", ACCOUNT),
                                         ("push", "push", ""))}


def b64(data):
    return base64.b64encode(data).decode()


def proof():
    return wire.proof_make(VENUE, KIOSK, ALERT, 3, 41, ACCOUNT, KEYS["staff"], CERTIFICATES["staff"])


def twists(bits):
    return [{"why": f"a changed bit of {what}", "xor": [at, 1]} for what, at in bits]


def offer():
    said = b"porchlight-offer\0" + bytes.fromhex(VENUE) + POINT
    return bytes((wire.VERSION, wire.OFFER)) + PUBLIC["push"] + CERTIFICATES["push"] + POINT + wire.sign(
        KEYS["push"], said) + bytes(541)


def text(kind, **fields):
    return json.dumps({"v": 2, "kind": kind, **fields}, separators=(",", ":"))


def letter(topic, kind, to="kiosk", signed="staff", **fields):
    place = wire.Place(VENUE, KIOSK, f"porchlight/{VENUE}/{KIOSK}/{topic}/{ACCOUNT}")
    said, form = text(kind, **fields), wire.TO_PHONE if to == "staff" else wire.TO_KIOSK
    made = wire.letter_make(form, place, PUBLIC[to], KEYS.get(signed), said.encode())
    return {"topic": topic, "to": to, "signed": signed, "text": said, "wire": b64(made)}


def letters():
    answer = {"id": ALERT, "epoch": 0, "seq": 2, "account": ACCOUNT}
    command = {"id": ALERT, "epoch": 3, "seq": 41, "account": ACCOUNT, "nonce": NONCE}
    clear = joining.base64url(proof()[136:])
    own = {"account": ACCOUNT}
    return [
        *(letter("ack", kind, **answer) for kind in ("seen", "safe", "help", "rang")),
        letter("ack", "ping", epoch=3, seq=42, ring=39, nonce="9babcbafc438e8bb"),
        letter("ack", "subscribed", id=None, epoch=0, seq=0, **own, hash=push.auth_hash(bytes.fromhex(AUTH)).hex()),
        letter("ack", "again", **own, password=PASSWORD, broker="wss://kettle.example.org/mqtt"),
        *(letter("command", f"command-{kind}", **command) for kind in ("lockdown", "caution", "drill",
                                                                      "abort")),
        letter("command", "command-all-clear", **command, proof=clear),
        letter("enrol", "enrol", **own, public=PUBLIC["staff"].hex(), password=PASSWORD, staff=True,
               mac="ab" * 32),
        letter("enrol", "enrolled", **own),
        letter("answer", "refused", "staff", "kiosk", of="command-caution", nonce=NONCE, reason="replayed"),
        letter("relay", "ping", epoch=3, seq=42, ring=39, nonce="9babcbafc438e8bb"),
        letter("relay", "ping", epoch=3, seq=42, ring=39, nonce="9babcbafc438e8bb", rang=4, phones=5),
        letter("wake", "subscribe", "push", None, **own, endpoint="https://push.example.net/x",
               p256dh=joining.base64url(POINT), auth=joining.base64url(bytes.fromhex(AUTH))),
        *(letter("wake", kind, "push", None, **own, auth=joining.base64url(bytes.fromhex(AUTH)))
          for kind in ("unsubscribe", "test")),
        letter("wake", "awake", "push", None, **own, auth=joining.base64url(bytes.fromhex(AUTH)), id=ALERT),
        letter("wake", "staff", "push", "staff", **own, public=joining.base64url(PUBLIC["staff"]),
               certificate=joining.base64url(CERTIFICATES["staff"])),
    ]


COMMON = {"id": ALERT, "epoch": 3, "seq": 41, "at": "2026-11-22T18:33:04Z", "age_ms": 2, "drill": False,
          "resumed": False, "detail": None}
AGED = {"synced": True, "up": 5000}
STATE = {**COMMON, **AGED, "state": "quiet", "unconfirmed": False, "nonce": NONCE}
SHORT = {"epoch": 3, "seq": 42, "at": None}
BEAT = {**SHORT, **AGED, "state": 41, "staff": 0, "ring": 39, "echo": ["9babcbafc438e8bb"]}
GOOD = {"lockdown": ("alert", {**COMMON, **AGED}), "caution": ("alert", {**COMMON, **AGED, "detail": "unclear"}),
        "all-clear": ("alert", {**COMMON, **AGED, "detail": "unconfirmed"}),
        "state": ("state", {**STATE, "id": None, "at": None, "age_ms": None}), "beat": ("beat", BEAT),
        "online": ("presence", {**COMMON, "id": None, "connection": 7}),
        "lost": ("presence", {**COMMON, "id": None, "at": None, "connection": 7}),
        "code": ("notice", {"id": ALERT, "at": None}), "duress": ("staff", {"id": ALERT, "at": None}),
        "nothing": ("staff", {"id": None, "at": None}),
        "door": ("notice", {"id": None, "at": None, "detail": "held-open"}),
        "fault": ("notice", {"id": None, "at": None, "detail": "cut"}),
        "counts": ("notice", {"id": ALERT, "at": None, "seen": 3, "safe": 2, "help": 1, "of": 9, "rang": 4,
                              "phones": 5}),
        "drill-report": ("notice", {"id": ALERT, "at": None, "age_ms": 7, "detail": "b0", "seen": 3, "safe": 2,
                                    "rang": 1})}
BOXED = {"notice", "staff"}


def refused():
    """(why, kind, what is changed): None takes a key away."""
    for kind in ("lockdown", "state", "beat", "online"):
        for key in GOOD[kind][1]:
            yield f"{kind} without {key}", kind, {key: ...}
    yield from (("a lockdown of no alert", "lockdown", {"id": None}),
                ("an id in upper case", "lockdown", {"id": ALERT.upper()}),
                ("an id that is cut", "lockdown", {"id": ALERT[:-1]}),
                ("an epoch of 2^53", "lockdown", {"epoch": 2 ** 53}),
                ("a seq below 0", "lockdown", {"seq": -1}), ("a seq with a fraction", "lockdown", {"seq": 1.5}),
                ("a number as text", "lockdown", {"epoch": "3"}),
                ("a time without its zone", "lockdown", {"at": "2026-11-22T18:33:04"}),
                ("drill as a number", "lockdown", {"drill": 0}),
                ("detail in capitals", "caution", {"detail": "Unclear"}),
                ("a detail that is too long", "caution", {"detail": "x" * 24}),
                ("an unknown state", "state", {"state": "calm"}),
                ("a short nonce", "state", {"nonce": NONCE[:-1]}),
                ("seventeen echoes", "beat", {"echo": ["9babcbafc438e8bb"] * 17}),
                ("an echo that is none", "beat", {"echo": ["9babcbafc438e8bg"]}),
                ("a code of no alert", "code", {"id": None}), ("a door without a detail", "door", {"detail": ...}),
                ("version 1", "lockdown", {"v": 1}), ("an unknown kind", "lockdown", {"kind": "fire"}))


def changed(kind, changes):
    said = {"v": 2, "kind": kind, **GOOD[kind][1], **changes}
    return json.dumps({k: v for k, v in said.items() if v is not ...}, separators=(",", ":"))


def texts():
    rows = [{"why": kind, "topic": topic, "text": text(kind, **fields), "good": True}
            for kind, (topic, fields) in GOOD.items()]
    rows.append({"why": "a key that nobody knows", "topic": "alert", "good": True,
                 "text": changed("lockdown", {"weather": "fair"})})
    rows += [{"why": why, "topic": GOOD[kind][0], "text": changed(kind, changes), "good": False}
             for why, kind, changes in refused()]
    rows += [{"why": f"not an object: {said!r}", "topic": "alert", "text": said, "good": False}
             for said in ("", "[]", "null", "{", '{"v":2}')]
    return [{**row, "boxed": row["topic"] in BOXED} for row in rows]


def wake_ups():
    browser, sender = bytes.fromhex(SCALARS["browser"]), bytes.fromhex(SCALARS["sender"])
    return [{"text": said, "body": b64(push.seal(push.point_of(browser), bytes.fromhex(AUTH), sender,
                                                 bytes.fromhex(SALT), said.encode(), 64))}
            for said in ("", f"test {TEST}", f"check {TEST}")]


def make():
    other = {"venue": {"venue": "f53b59f25483bb49"}, "kiosk": {"kiosk": "f53b59f25483bb49"},
             "root": {"root_public": PUBLIC["kiosk"].hex()}}
    elsewhere = [{"why": f"another {what}", "at": at} for what, at in other.items()]
    return {
        "about": "What is signed and said. Keys: each seed is one byte repeated; accounts, ids in hex.",
        "venue": VENUE, "kiosk": KIOSK, "account": ACCOUNT, "seeds": SEEDS, "scalars": SCALARS,
        "auth": AUTH, "salt": SALT,
        "certificates": {of: signature.hex() for of, signature in CERTIFICATES.items()},
        "proof": {"says": {"id": ALERT, "epoch": 3, "seq": 41, "account": ACCOUNT}, "bytes": b64(proof()),
                  "refused": [*twists((("the id", 0), ("the epoch", 23), ("the seq", 31), ("the account", 39),
                                       ("the key", 40), ("the root's signature", 72),
                                       ("the staff phone's signature", 136))), *elsewhere,
                              {"why": "a byte short", "cut": 199}, {"why": "a byte long", "add": 1}]},
        "offer": {"vapid": POINT.hex(), "wire": b64(offer()),
                  "refused": [*twists((("the version", 0), ("the form", 1), ("the push key", 2),
                                       ("the root's signature", 34), ("the point", 98),
                                       ("the push key's signature", 163), ("the padding", 767))),
                              elsewhere[0], elsewhere[2], {"why": "a byte short", "cut": 767}]},
        "letters": letters(), "texts": texts(), "wake_ups": wake_ups(),
        "arrived": {"nonce": TEST, "wire": b64(push.arrived(VENUE, ACCOUNT, bytes.fromhex(AUTH),
                                                            bytes.fromhex(TEST)))}}


if __name__ == "__main__":
    print(json.dumps(make(), indent=1))
