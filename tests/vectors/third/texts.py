"""The texts: one flat JSON object; a table of what each kind must have."""

import json
import re
from datetime import datetime, timezone

from tests.vectors.third.joining import unbase64url
from tests.vectors.third.wire import LIMIT, check

HEX16 = re.compile(r"[0-9a-f]{16}")
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


def number(value):
    return type(value) is int and 0 <= value < LIMIT


def truth(value):
    return type(value) is bool


def words(value):
    return type(value) is str


def shape(pattern):
    return lambda value: words(value) and pattern.fullmatch(value) is not None


def maybe(kind):
    return lambda value: value is None or kind(value)


def nonces(value):
    return (type(value) is list and len(value) <= 16
            and all(words(one) and HEX16.fullmatch(one) for one in value))


def coded(size):
    """base64url of so many bytes."""
    return lambda value: words(value) and len(unbase64url(value)) == size


IDENT, AT, ACCOUNT = shape(UUID), shape(TIME), shape(HEX16)
NONCE, KEY = shape(re.compile(r"[0-9a-f]{32}")), shape(re.compile(r"[0-9a-f]{64}"))
DETAIL = shape(re.compile(r"[a-z0-9-]{1,23}"))
PRESENCE = {"id": maybe(IDENT), "epoch": number, "seq": number, "at": maybe(AT), "age_ms": maybe(number),
            "drill": truth, "resumed": truth, "detail": maybe(DETAIL)}
COMMON = {**PRESENCE, "up": number, "synced": truth}
BOXED = {"id": maybe(IDENT), "at": maybe(AT)}
WHERE = shape(re.compile(r"[a-z0-9_-]{1,31}"))
ANSWER = {"id": IDENT, "account": ACCOUNT, "epoch": number, "seq": number}
COMMAND = {**ANSWER, "id": maybe(IDENT), "nonce": NONCE}
PASSWORD = shape(re.compile(r"[A-Za-z0-9_-]{16,64}"))
ENDPOINT = shape(re.compile(r'https://[!#-\[\]-~]{0,439}'))
PROOF = coded(200)
OWN = {"account": ACCOUNT, "auth": coded(16)}

KINDS = {
    "lockdown": {**COMMON, "id": IDENT}, "caution": {**COMMON, "id": IDENT},
    "all-clear": {**COMMON, "id": IDENT},
    "state": {**COMMON, "state": lambda s: s in ("quiet", "caution", "lockdown"), "unconfirmed": truth,
              "nonce": NONCE},
    "counts": {**BOXED, **{count: number for count in ("seen", "safe", "help", "of", "rang", "phones")}},
    "code": {**BOXED, "id": IDENT}, "duress": {**BOXED, "id": IDENT}, "nothing": BOXED,
    "door": {**BOXED, "detail": DETAIL}, "fault": {**BOXED, "detail": DETAIL},
    "drill-report": {**BOXED, "seen": number, "safe": number, "rang": number},
    "beat": {"epoch": number, "seq": number, "at": maybe(AT), "synced": truth, "up": number,
             "state": number, "staff": number, "ring": number, "echo": nonces},
    "ring": {"epoch": number, "seq": number, "at": maybe(AT), "id": maybe(IDENT), "on": truth,
             "staff": maybe(IDENT)},
    "online": {**PRESENCE, "connection": number}, "lost": {**PRESENCE, "connection": number},
    "seen": ANSWER, "safe": ANSWER, "help": ANSWER, "rang": ANSWER,
    "subscribed": {**ANSWER, "id": maybe(IDENT), "hash": NONCE},
    "ping": {"nonce": ACCOUNT, "epoch": number, "seq": number, "ring": number},
    "again": {"account": ACCOUNT, "password": PASSWORD, "broker": words},
    **{f"command-{kind}": COMMAND for kind in ("lockdown", "caution", "all-clear", "drill", "abort")},
    "enrol": {"account": ACCOUNT, "public": KEY, "password": PASSWORD, "staff": truth, "mac": KEY},
    "enrolled": {"account": ACCOUNT},
    "subscribe": {**OWN, "endpoint": ENDPOINT, "p256dh": coded(65)},
    "unsubscribe": OWN, "test": OWN, "awake": {**OWN, "id": IDENT},
    "staff": {"account": ACCOUNT, "public": coded(32), "certificate": coded(64)},
    "revoked": PRESENCE, "vouched": {**PRESENCE, "hash": NONCE},
    "confirm": {"account": ACCOUNT, "nonce": NONCE},
    "welcome": {"account": ACCOUNT, "venue_key": KEY, "mac": KEY},
    "refused": {"reason": words},
    "rotate": {"venue_key": KEY},
    "words": {key: number for key in ("epoch", "seq", "revision", "piece", "pieces")} |
             {key: maybe(words) for key in ("link", "language")},
}


# What is checked where it is there. A relay without Web Push, or an earlier one, does not count phones.
PERHAPS = {"ping": {"rang": number, "phones": number, "month": number, "dropped": number},
           "state": {"proof": PROOF}, "all-clear": {"proof": PROOF},
           **{kind: {"where": WHERE} for kind in ("code", "duress", "nothing", "door", "fault")}}


def once(pairs):
    check(len({key for key, _ in pairs}) == len(pairs))
    return dict(pairs)


def parse(text):
    """The object, or Refused: not JSON, a key twice, a zero byte, a key missing or of another type."""
    try:
        said = json.loads(text.decode("utf-8"), object_pairs_hook=once)
    except ValueError:
        said = None
    check(type(said) is dict and b"\0" not in text and b"\\u0000" not in text)
    check(said.get("v") == 2 and said.get("kind") in KINDS)
    for key, fits in KINDS[said["kind"]].items():
        check(key in said and fits(said[key]))
    for key, fits in PERHAPS.get(said["kind"], {}).items():
        check(key not in said or fits(said[key]))
    check(said["kind"] != "ping" or "phones" not in said or "rang" in said)
    return said


def seconds(at):
    """Seconds since 1970 of the text of `at`."""
    return int(datetime.strptime(at, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc).timestamp())


def said(kind, **more):
    return json.dumps({"v": 2, "kind": kind, **more}, separators=(",", ":")).encode()
