"""What is said with a registrar, by the implementation that was written from PROTOCOL.md alone."""

import base64

import pytest

from tests.vectors.test_third import cases, named, twisted, vectors
from tests.vectors.third import registration, wire

SAID = vectors("registration")
SEEDS = {who: bytes.fromhex(byte) * 32 for who, byte in SAID["seeds"].items()}
PUBLIC = {who: wire.public_of(seed) for who, seed in SEEDS.items()}


def sent(row):
    return base64.b64decode(row["wire"])


def place(topic, kiosk=SAID["kiosk"], venue=SAID["venue"]):
    return wire.Place(venue, kiosk, f"porchlight/{venue}/{kiosk}/{topic}")


@pytest.mark.parametrize("row", named(SAID["hellos"]))
def test_a_hello(row):
    public, certificate = registration.hello_open(sent(row))
    assert (public.hex(), certificate.hex()) == (row["key"], row["certificate"])
    assert registration.belongs(public, certificate, SAID["venue"], row["kiosk"],
                                PUBLIC["root"]) == row["belongs"]


def announced(data, kiosk=SAID["kiosk"], venue=SAID["venue"]):
    return registration.announcement_open(data, venue, kiosk)


@pytest.mark.parametrize("row", SAID["announcements"],
                         ids=lambda row: f"{registration.STANDINGS[row['standing']]} {row['last']}")
def test_an_announcement(row):
    assert announced(sent(row), row["kiosk"]) == (
        PUBLIC["registrar"], row["last"], registration.STANDINGS[row["standing"]])


def asked(data, at):
    """What a registrar does with a letter on its topic."""
    text, signature = wire.letter_open(wire.TO_KIOSK, data, at, SEEDS["registrar"])
    request = registration.request_read(text)
    wire.check(registration.belongs(request["public"], request.get("cert", bytes(64)), at.venue, at.kiosk,
                                    PUBLIC["root"]), "forged")
    wire.letter_verify(wire.TO_KIOSK, at, request["public"], text, signature)
    return text, request


@pytest.mark.parametrize("row", named(SAID["requests"]))
def test_a_request(row):
    text, request = asked(sent(row), place("registrar", row["kiosk"]))
    assert text.decode() == row["text"]
    assert request["public"] == PUBLIC[row["asker"]]
    assert registration.granted(request, SAID["venue"], PUBLIC["root"]) == row["granted"]


@pytest.mark.parametrize("row", named(SAID["texts"], "why"))
def test_a_request_that_no_registrar_reads(row):
    with pytest.raises(wire.Refused):
        registration.request_read(row["text"].encode())


def answered(data, at):
    text, signature = wire.letter_open(wire.TO_PHONE, data, at, SEEDS["kiosk"])
    wire.letter_verify(wire.TO_PHONE, at, PUBLIC["registrar"], text, signature)
    return text


@pytest.mark.parametrize("row", named(SAID["answers"], "kind"))
def test_an_answer(row):
    text = answered(sent(row), place("registered"))
    assert text.decode() == row["text"]
    said = registration.answer_read(text)
    assert all(said[key] == row[key] for key in ("kind", "n", "last", "after", "why"))
    assert said.get("dropped", 0) == row["dropped"]


@pytest.mark.parametrize("row", named(SAID["unread"], "why"))
def test_an_answer_that_no_kiosk_reads(row):
    with pytest.raises(wire.Refused):
        registration.answer_read(row["text"].encode())


def test_a_number_is_taken_once():
    numbers = registration.Numbers()
    for row in SAID["numbers"]:
        numbers.disowned = row.get("disowned", False)
        assert numbers.came(row["n"], row["text"]) == row["then"], row


OPEN = {"hello": lambda data, **_: registration.hello_open(data), "announcement": announced,
        "request": lambda data, **at: asked(data, place("registrar", **at)),
        "answer": lambda data, **at: answered(data, place("registered", **at))}
GOOD = {"hello": SAID["hellos"][0], "announcement": SAID["announcements"][0],
        "request": next(row for row in SAID["requests"] if row["name"] == "suspend a member"),
        "answer": SAID["answers"][0]}


@pytest.mark.parametrize("of", OPEN)
def test_what_is_twisted_was_good(of):
    OPEN[of](sent(GOOD[of]))


@pytest.mark.parametrize("row", cases(SAID["refused"]))
def test_a_twisted_message_is_refused(row):
    with pytest.raises(wire.Refused):
        OPEN[row["of"]](twisted(sent(GOOD[row["of"]]), row), **row.get("at", {}))
