#!/usr/bin/python3
"""Makes words.json: the host's own lines in pieces, by the implementation that was written from PROTOCOL.md
alone.

    python3 -m tests.vectors.make_words > tests/vectors/words.json
"""

import base64
import hashlib
import json

from tests.vectors.third import wire

VENUE, KIOSK = "245b1cd24b1b033d", "7dd879d4c4aa715d"
KEY, SEED = bytes.fromhex("12" * 32), bytes.fromhex("33" * 32)
WAY = "Geri qayıdın, evə gedin."
LONG = "ა" * 150  # 450 bytes
QUOTED = 'Say "no", and a \\ is one too.'
SETS = {
    "a link alone": (1764000000, "tel:+994501234567", []),
    "one line": (1764000001, None, [("az", "lockdown-way", WAY)]),
    "two languages": (1764000002, "https://example.org/help", [
        ("az", "lockdown-way", WAY), ("az", "contact", "Vəkil"), ("en", "lockdown-way", QUOTED),
        ("en", "caution-staff", "Ask."), ("en", "contact", "Lawyer, day and night")]),
    "lines that fill a piece each": (1764000003, None, [
        ("ka", "lockdown-way", LONG), ("ka", "lockdown-inside", LONG), ("ka", "contact", "ვ")]),
    "taken back": (1764000004, None, []),
}
EPOCH, ROOM = 7, 644
HEAD = 'v":2,"kind":"words","epoch":9007199254740991,"seq":9007199254740991,"revision":9007199254740991,' \
    '"piece":39,"pieces":40,"link":null,"language":""}'


def dump(said):
    return json.dumps(said, separators=(",", ":"), ensure_ascii=False)


def cut(lines):
    """The lines in pieces: of one language, and with the longest numbers no longer than a text may be."""
    pieces, size = [], 0
    for language, key, text in lines:
        more = len(dump({key: text}).encode()) - 1
        if not pieces or pieces[-1][0] != language or size + more > ROOM:
            pieces.append((language, []))
            size = len(HEAD) + 3 + len(language)
        pieces[-1][1].append((key, text))
        size += more
    return pieces


def texts(revision, link, lines):
    pieces = [(None, []), *cut(lines)]
    for i, (language, of) in enumerate(pieces):
        yield {"v": 2, "kind": "words", "epoch": EPOCH, "seq": 20 + i, "revision": revision, "piece": i,
               "pieces": len(pieces), "link": link if i == 0 else None, "language": language, **dict(of)}


def sealed(name, said):
    place = wire.Place(VENUE, KIOSK, f"porchlight/{VENUE}/{KIOSK}/words/{said['piece']:016x}", EPOCH,
                       said["seq"])
    nonce = hashlib.sha256(f"{name} {said['piece']}".encode()).digest()[:24]
    made = wire.members_make(place, KEY, SEED, dump(said).encode(), nonce)
    return {"topic": place.topic, "seq": said["seq"], "nonce": nonce.hex(), "text": dump(said),
            "wire": base64.b64encode(made).decode()}


def refused():
    good = next(texts(1764000000, None, []))
    line = [*texts(*SETS["one line"])][1]
    for why, said in {
            "another version": {**good, "v": 3}, "another kind": {**good, "kind": "state"},
            "no epoch": {k: v for k, v in good.items() if k != "epoch"},
            "a seq of 2^53": {**good, "seq": 2 ** 53}, "a revision below 0": {**good, "revision": -1},
            "a piece behind the last": {**good, "piece": 1}, "no pieces": {**good, "pieces": 0},
            "41 pieces": {**good, "pieces": 41}, "a link that is a number": {**good, "link": 5},
            "no language": {k: v for k, v in good.items() if k != "language"},
            "a line in no language": {**line, "language": None},
            "a line that is null": {**line, "lockdown-way": None},
            "an empty line": {**line, "lockdown-way": ""}}.items():
        yield {"why": why, "text": dump(said)}
    yield {"why": "not JSON", "text": dump(good)[:-1]}
    yield {"why": "a list", "text": "[]"}


def make():
    return {
        "keys": {"venue": KEY.hex(), "kiosk_seed": SEED.hex(), "kiosk_public": wire.public_of(SEED).hex()},
        "venue": VENUE, "kiosk": KIOSK, "epoch": EPOCH,
        "sets": [{"name": name, "revision": revision, "link": link, "lines": lines,
                  "pieces": [sealed(name, said) for said in texts(revision, link, lines)]}
                 for name, (revision, link, lines) in SETS.items()],
        "refused": [*refused()],
        # [set, piece] as they come, and the revision in use after each.
        "taken": [
            {"name": "in any order", "comes": [["two languages", 2], ["two languages", 0],
                                               ["two languages", 1]], "uses": [0, 0, 1764000002]},
            {"name": "the same piece twice is one", "comes": [["one line", 0], ["one line", 0],
                                                              ["one line", 1]],
             "uses": [0, 0, 1764000001]},
            {"name": "a newer set that is not whole", "comes": [
                ["a link alone", 0], ["two languages", 0], ["two languages", 1]],
             "uses": [1764000000, 1764000000, 1764000000]},
            {"name": "an older set, later", "comes": [["taken back", 0], ["one line", 0], ["one line", 1]],
             "uses": [1764000004, 1764000004, 1764000004]},
            {"name": "a newer set between", "comes": [["one line", 0], ["taken back", 0], ["one line", 1]],
             "uses": [0, 1764000004, 1764000004]},
        ],
    }


if __name__ == "__main__":
    print(json.dumps(make(), indent=1, ensure_ascii=False))
