#!/usr/bin/python3
"""Makes signed.json: certificates, the proof of an all-clear, a relay's offer and what else it says, every
letter, texts of every kind, and the body of a wake-up. By the implementation that was written from PROTOCOL.md alone.

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
AUTH, SALT, TEST, EPHEMERAL = "88" * 16, "99" * 16, "aa" * 8, b"\xbb" * 32
ENDPOINT, OTHER = "https://push.example.net/x", "f53b59f25483bb49"
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
    made = wire.letter_make(form, place, PUBLIC[to], KEYS.get(signed), said.encode(), EPHEMERAL)
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
        letter("relay", "ping", epoch=3, seq=42, ring=39, nonce="9babcbafc438e8bb", rang=4, phones=6, month=5),
        letter("relay", "ping", epoch=3, seq=42, ring=39, nonce="9babcbafc438e8bb", dropped=2010),
        letter("wake", "subscribe", "push", None, **own, endpoint=ENDPOINT,
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
    for key in ("seen", "safe", "help", "of", "rang", "phones"):
        yield f"counts without {key}", "counts", {key: ...}
    for key in ("seen", "safe", "rang"):
        yield f"a drill-report whose {key} is below 0", "drill-report", {key: -1}
    for kind in ("state", "all-clear"):
        yield f"a proof of {kind} that is not base64url", kind, {"proof": "a?b!"}
        yield f"a proof of {kind} as a number", kind, {"proof": 200}
    for kind in ("code", "duress", "nothing", "door", "fault"):
        yield f"a {kind} at a place in capitals", kind, {"where": "Front"}
        yield f"a {kind} at a place with a long name", kind, {"where": "x" * 32}
    yield from (("a lockdown of no alert", "lockdown", {"id": None}),
                ("an all-clear of no alert", "all-clear", {"id": None}),
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


def changed(kind, changes, good=None):
    said = {"v": 2, "kind": kind, **(good or GOOD[kind][1]), **changes}
    return json.dumps({k: v for k, v in said.items() if v is not ...}, separators=(",", ":"))


def texts():
    rows = [{"why": kind, "topic": topic, "text": text(kind, **fields), "good": True}
            for kind, (topic, fields) in GOOD.items()]
    shown = joining.base64url(proof())
    rows += [{"why": why, "topic": GOOD[kind][0], "good": True, "text": changed(kind, changes)}
             for why, kind, changes in (
                 ("a key that nobody knows", "lockdown", {"weather": "fair"}),
                 ("counts in quiet", "counts", {"id": None}), ("a state with a proof", "state", {"proof": shown}),
                 ("an all-clear with a proof", "all-clear", {"proof": shown, "detail": None}),
                 *((f"a {kind} at a place", kind, {"where": "x" * 31})
                   for kind in ("code", "duress", "nothing", "door", "fault")))]
    rows += [{"why": why, "topic": GOOD[kind][0], "text": changed(kind, changes), "good": False}
             for why, kind, changes in refused()]
    rows += [{"why": f"not an object: {said!r}", "topic": "alert", "text": said, "good": False}
             for said in ("", "[]", "null", "{", '{"v":2}')]
    return [{**row, "boxed": row["topic"] in BOXED} for row in rows]


# What a phone does not read: from the kiosk to relays, and what phones and relays say, by their letters.
TO_RELAYS = {"ring": ("ring", {**SHORT, "id": ALERT, "on": True, "staff": None}),
             "revoked": ("wake", {**COMMON, "id": None}), "vouched": ("wake", {**COMMON, "id": None, "hash": NONCE})}
NEEDED = {"seen": ("id", "account", "epoch", "seq"), "command-lockdown": ("id", "account", "epoch", "seq", "nonce"),
          "subscribed": ("id", "account", "epoch", "seq", "hash"), "ping": ("epoch", "seq", "ring", "nonce"),
          "again": ("account", "password", "broker"), "enrol": ("account", "public", "password", "staff", "mac"),
          "enrolled": ("account",), "subscribe": ("account", "endpoint", "p256dh", "auth"),
          "unsubscribe": ("account", "auth"), "test": ("account", "auth"), "awake": ("account", "auth", "id"),
          "staff": ("account", "public", "certificate"), "ring": tuple(TO_RELAYS["ring"][1]),
          "revoked": tuple(COMMON), "vouched": (*COMMON, "hash")}
SHORT_KEY, LONG_ENDPOINT = joining.base64url(bytes(15)), "https://" + "x" * 440
WRONG = [*(("of no alert", kind, {"id": None}) for kind in ("seen", "safe", "help", "rang")),
         ("an answer by a name", "safe", {"account": "me"}),
         ("an account in capitals", "help", {"account": ACCOUNT.upper()}),
         ("an answer with a seq of 2^53", "rang", {"seq": 2 ** 53}), ("version 1", "seen", {"v": 1}),
         ("a short nonce", "command-drill", {"nonce": NONCE[:-1]}), ("an unknown command", "command-lockdown",
                                                                     {"kind": "command-rest"}),
         ("a nonce that is none", "ping", {"nonce": "9babcbafc438e8bg"}),
         ("phones below 0", "ping", {"rang": 0, "phones": -1}), ("phones without rang", "ping", {"phones": 5}),
         ("a month below 0", "ping", {"rang": 4, "phones": 5, "month": -1}),
         ("a dropped below 0", "ping", {"dropped": -1}), ("a dropped as text", "ping", {"dropped": "7"}),
         ("a short hash", "subscribed", {"hash": NONCE[:-1]}), ("a short password", "again", {"password": "x" * 15}),
         ("a short MAC", "enrol", {"mac": "ab" * 31}), ("a short key", "enrol", {"public": "ab" * 31}),
         ("a long password", "enrol", {"password": "x" * 65}), ("staff as a number", "enrol", {"staff": 1}),
         ("an address without TLS", "subscribe", {"endpoint": "http://push.example.net/x"}),
         ("an address with a space", "subscribe", {"endpoint": ENDPOINT + " "}),
         ("an address that is too long", "subscribe", {"endpoint": LONG_ENDPOINT}),
         ("a short point", "subscribe", {"p256dh": SHORT_KEY}), ("a short secret", "test", {"auth": SHORT_KEY}),
         ("a secret with padding", "test", {"auth": joining.base64url(bytes.fromhex(AUTH)) + "=="}),
         ("awake for no alert", "awake", {"id": None}), ("a short certificate", "staff", {"certificate": SHORT_KEY}),
         ("on as text", "ring", {"on": "yes"}), ("staff that is no id", "ring", {"staff": ACCOUNT}),
         ("a short hash", "vouched", {"hash": NONCE[:-1]}), ("an epoch of 2^53", "revoked", {"epoch": 2 ** 53})]


def asked():
    good = {**TO_RELAYS}
    for row in letters():
        if row["to"] != "staff":
            said = json.loads(row["text"])
            good.setdefault(said.pop("kind"), (row["topic"], said))
    rows = [("as it is", kind, {}) for kind in good]
    rows += [("without its number of the month", "ping", {"rang": 4, "phones": 5}),
             ("in quiet", "command-lockdown", {"id": None}),
             ("with what it has dropped", "ping", {"dropped": 2010}),
             ("a key that nobody knows", "seen", {"weather": "fair"}),
             ("the longest address", "subscribe", {"endpoint": LONG_ENDPOINT[:-1]})]
    bad = [(f"without {key}", kind, {key: ...}) for kind, keys in NEEDED.items() for key in keys] + WRONG
    return [{"why": f"{kind}: {why}", "topic": good[kind][0], "text": changed(kind, changes, good[kind][1]),
             "good": is_good} for is_good, rows in ((True, rows), (False, bad)) for why, kind, changes in rows]


def gone():
    twisted = twists((("the version", 0), ("the form", 1), ("the hash", 2), ("the signature", 34),
                      ("the padding", 98), ("the last byte", 767)))
    return {"endpoint": ENDPOINT, "wire": b64(wire.gone_make(VENUE, KEYS["push"], ENDPOINT)),
            "refused": [*twisted, {"why": "another venue", "at": {"venue": OTHER}},
                        {"why": "a byte short", "cut": 767}, {"why": "a byte long", "add": 1},
                        {"why": "nothing at all", "cut": 0},
                        {"why": "signed by a stranger", "wire": b64(wire.gone_make(VENUE, KEYS["kiosk"], ENDPOINT))},
                        {"why": "an offer", "wire": b64(offer())}]}


def arrived():
    def report(venue=VENUE, account=ACCOUNT, auth=AUTH, nonce=TEST):
        return b64(push.arrived(venue, account, bytes.fromhex(auth), bytes.fromhex(nonce)))
    twisted = twists((("the version", 0), ("the form", 1), ("the MAC", 2), ("the padding", 34),
                      ("the last byte", 767)))
    return {"nonce": TEST, "wire": report(),
            "refused": [*twisted, {"why": "a byte short", "cut": 767}, {"why": "a byte long", "add": 1},
                        {"why": "nothing at all", "cut": 0}, {"why": "an offer", "wire": b64(offer())},
                        {"why": "another venue", "wire": report(venue=OTHER)},
                        {"why": "another account", "wire": report(account=OTHER)},
                        {"why": "another subscription", "wire": report(auth="89" * 16)},
                        {"why": "another test", "wire": report(nonce="ab" * 8)}]}


def wake_ups():
    browser, sender = bytes.fromhex(SCALARS["browser"]), bytes.fromhex(SCALARS["sender"])
    return [{"text": said, "body": b64(push.seal(push.point_of(browser), bytes.fromhex(AUTH), sender,
                                                 bytes.fromhex(SALT), said.encode(), 64))}
            for said in ("", f"test {TEST}", f"check {TEST}")]


def make():
    other = {"venue": {"venue": OTHER}, "kiosk": {"kiosk": OTHER},
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
        "gone": gone(), "arrived": arrived(),
        "letters": letters(), "texts": texts(), "asked": asked(), "wake_ups": wake_ups()}


if __name__ == "__main__":
    print(json.dumps(make(), indent=1))
