"""What a kiosk, or the root key, says to a registrar and is told: forms 9 and 10, requests and answers."""

import json

from tests.vectors.third.joining import base64url, unbase64url
from tests.vectors.third.texts import ACCOUNT, PASSWORD, once, words
from tests.vectors.third.wire import (ANNOUNCEMENT, HELLO, VERSION, Refused, blake2b, certified, check, opening,
                                      sign, signed_by, u64, u64_at, verify)

KINDS = ("create", "promote", "suspend", "restore", "password", "remove", "disown")
ROLES = ("newcomer", "member", "staff", "relay", "kiosk", "root")
STANDINGS = ("welcome", "unknown venue", "not certified", "disowned")
OUTCOMES = ("done", "refused", "later", "old")
LIMIT = 2 ** 48
DAY = 86400
WITH = {"role": ("create", "promote"), "password": ("create", "promote", "password"), "kiosk": ("disown",)}
BYTES = {"public": 32, "cert": 64, "staff": 96, "grant": 64}


def hello_make(public, certificate=bytes(64)):
    return bytes((VERSION, HELLO)) + public + certificate + bytes(670)


def hello_open(wire):
    opening(wire, HELLO)
    check(not any(wire[98:]))
    return wire[2:34], wire[34:98]


def announced(venue, kiosk, last, standing):
    return b"porchlight-registrar\0" + bytes.fromhex(venue + kiosk) + u64(last) + bytes((standing,))


def announcement_make(venue, kiosk, seed, public, last, standing):
    signature = sign(seed, announced(venue, kiosk, last, standing))
    return (bytes((VERSION, ANNOUNCEMENT)) + public + signature + u64(last) + bytes((standing,))
            + bytes(661))


def announcement_open(wire, venue, kiosk):
    """The registrar's public key, the last number, and what it thinks of the asker."""
    opening(wire, ANNOUNCEMENT)
    last, standing = u64_at(wire, 98), wire[106]
    check(last < LIMIT and standing < len(STANDINGS) and not any(wire[107:]))
    verify(wire[2:34], wire[34:98], announced(venue, kiosk, last, standing))
    return wire[2:34], last, STANDINGS[standing]


def belongs(public, certificate, venue, kiosk, root_public):
    """Whether this key may ask for this kiosk: it is the root's, or certified by it."""
    return public == root_public or signed_by(root_public, certificate,
                                              certified("cert", venue, public, kiosk))


def number(value, limit=LIMIT):
    return type(value) is int and 0 <= value < limit


def object_of(text):
    try:
        said = json.loads(text.decode("utf-8"), object_pairs_hook=once)
    except ValueError as error:
        raise Refused("malformed") from error
    check(type(said) is dict and said.get("v") == VERSION)
    return said


def request_make(kind, n, account, public, **more):
    said = {"v": VERSION, "kind": kind, "n": n, "account": account, **more, "public": public}
    return json.dumps({key: base64url(value) if key in BYTES else value for key, value in said.items()},
                      separators=(",", ":")).encode()


def request_read(text):
    """The request with its keys and signatures as bytes."""
    said = object_of(text)
    check(said.get("kind") in KINDS and number(said.get("n")) and ACCOUNT(said.get("account")))
    for key, kinds in WITH.items():
        check((key in said) == (said["kind"] in kinds))
    check(said.get("role", ROLES[0]) in ROLES and ACCOUNT(said.get("kiosk", said["account"])))
    check("password" not in said or PASSWORD(said["password"]))
    check("public" in said)
    for key in BYTES.keys() & said.keys():
        check(words(said[key]))
        said[key] = unbase64url(said[key])
        check(len(said[key]) == BYTES[key])
    return said


def grant_signed(request, venue):
    role = 1 + ROLES.index(request["role"]) if "role" in request else 0
    return (b"porchlight-grant\0" + bytes.fromhex(venue) + bytes((KINDS.index(request["kind"]), role))
            + bytes.fromhex(request["account"]) + bytes.fromhex(request.get("kiosk", "00" * 8))
            + blake2b(request.get("password", "").encode()))


def granted(request, venue, root_public):
    """Whether the root wants it: it asks itself, has granted it, or has certified this staff phone."""
    if request["public"] == root_public:
        return True
    if request["kind"] == "promote" and request["role"] == "staff" and "staff" in request:
        phone, signature = request["staff"][:32], request["staff"][32:]
        return signed_by(root_public, signature, certified("staff", venue, phone, request["account"]))
    return (request["kind"] in ("create", "suspend", "remove") and "grant" in request
            and signed_by(root_public, request["grant"], grant_signed(request, venue)))


class Numbers:
    """Which requests of one asker are taken."""

    def __init__(self):
        self.last, self.text, self.disowned = 0, None, False

    def came(self, n, text):
        if self.disowned:
            return "refused"
        if n > self.last:
            self.last, self.text = n, text
            return "taken"
        return "repeated" if (n, text) == (self.last, self.text) else "old"


def answer_make(kind, n, last, after=0, why="", dropped=0):
    said = {"v": VERSION, "kind": kind, "n": n, "last": last, "after": after, "why": why}
    return json.dumps({**said, "dropped": dropped} if dropped else said, separators=(",", ":")).encode()


def answer_read(text):
    said = object_of(text)
    check(said.get("kind") in OUTCOMES and number(said.get("n")) and number(said.get("last")))
    check(number(said.get("after"), DAY + 1) and words(said.get("why")) and number(said.get("dropped", 0)))
    return said
