"""Every vector, by the implementation that was written from PROTOCOL.md alone."""

import base64
import json
from pathlib import Path

import pytest

from tests.vectors.third import joining, push, root_word, texts, wire, words
from tests.vectors.third.freshness import Freshness
from tests.vectors.third.view import View, worst

HERE = Path(__file__).parent


def vectors(name):
    return json.loads((HERE / f"{name}.json").read_text(encoding="utf-8"))


def named(rows, key="name"):
    return [pytest.param(row, id=row[key]) for row in rows]


def cases(rows):
    return [pytest.param(row, id=f"{row.get('of', 'staff')}: {row['why']}") for row in rows]


def twisted(data, row):
    """The message of a row of `refused`: changed as it says, or another one."""
    if "wire" in row:
        return base64.b64decode(row["wire"])
    if "cut" in row:
        return data[:row["cut"]]
    if "add" in row:
        return data + bytes(row["add"])
    if "xor" in row:
        at, bits = row["xor"]
        return data[:at] + bytes((data[at] ^ bits,)) + data[at + 1:]
    return data


ENVELOPE, ENROL, BOX, ROOT = vectors("envelope"), vectors("enrol"), vectors("staff_box"), vectors("root_word")
MESSAGES = {row["name"]: row for key in ("broadcast", "clear", "letter") for row in ENVELOPE[key]}


def place_of(row, **other):
    place = {**row["place"], **other}
    return wire.Place(place["venue"], place["kiosk"], place["topic"], place["epoch"], place["seq"])


def opened(data, row, place, keys):
    """A message of envelope.json as its reader opens it: the kind of row says which form it has."""
    key = {name: bytes.fromhex(value) for name, value in {**ENVELOPE["keys"], **keys}.items()}
    if row in ENVELOPE["broadcast"]:
        return wire.members_open(data, place, key["venue"], key["kiosk_public"])[0]
    if row in ENVELOPE["clear"]:
        return wire.clear_open(data, place, key["kiosk_public"])[0]
    text, signature = wire.letter_open(wire.TO_KIOSK, data, place, key["kiosk_seed"])
    if row["signed"]:
        wire.letter_verify(wire.TO_KIOSK, place, key["staff_public"], text, signature)
    return text


@pytest.mark.parametrize("row", named(MESSAGES.values()))
def test_a_message_opens(row):
    assert opened(base64.b64decode(row["wire"]), row, place_of(row), {}).decode() == row["text"]


@pytest.mark.parametrize("row", named(ENVELOPE["broadcast"] + ENVELOPE["clear"]))
def test_a_message_is_made_byte_for_byte(row):
    key, place = ENVELOPE["keys"], place_of(row)
    seed, text = bytes.fromhex(key["kiosk_seed"]), row["text"].encode()
    if "nonce" in row:
        made = wire.members_make(place, bytes.fromhex(key["venue"]), seed, text, bytes.fromhex(row["nonce"]))
    else:
        made = wire.clear_make(place, seed, text)
    assert made == base64.b64decode(row["wire"])


@pytest.mark.parametrize("row", cases(ENVELOPE["refused"]))
def test_a_twisted_message_is_refused(row):
    of = MESSAGES[row["of"]]
    data, place = twisted(base64.b64decode(of["wire"]), row), place_of(of, **row.get("place", {}))
    with pytest.raises(wire.Refused) as refused:
        opened(data, of, place, row.get("keys", {}))
    assert refused.value.why == row["result"]


PHONES = [bytes.fromhex(seed) for seed in BOX["keys"]["phones"]]
VENUE, KIOSK = BOX["keys"]["venue_id"], BOX["keys"]["kiosk_id"]


@pytest.mark.parametrize("row", named(BOX["box"]))
def test_a_box_opens_for_its_phones_and_for_nobody_else(row):
    box = base64.b64decode(row["box"])
    for number, seed in enumerate([*PHONES, bytes.fromhex(BOX["keys"]["stranger"])]):
        if number in row["phones"]:
            assert wire.box_open(box, VENUE, KIOSK, seed).decode() == row["text"]
        else:
            with pytest.raises(wire.Refused, match="not ours"):
                wire.box_open(box, VENUE, KIOSK, seed)


@pytest.mark.parametrize("row", BOX["wire"], ids=lambda row: row["topic"])
def test_a_staff_message_is_checked(row):
    place = wire.Place(VENUE, KIOSK, row["topic"])
    time, box, at = wire.staff_check(base64.b64decode(row["wire"]), place,
                                     bytes.fromhex(BOX["keys"]["kiosk_public"]))
    assert (time, at.epoch, at.seq) == (row["time"], row["epoch"], row["seq"])
    assert len(box) == 678


@pytest.mark.parametrize("row", cases(BOX["refused"]))
def test_a_twisted_staff_message_is_refused(row):
    data = twisted(base64.b64decode(BOX["wire"][0]["wire"]), row)
    place = wire.Place(VENUE, KIOSK, row.get("topic", BOX["wire"][0]["topic"]))

    def check():
        return wire.staff_check(data, place, bytes.fromhex(BOX["keys"]["kiosk_public"]))[1]
    if row["step"] == "open":
        box = check()
    with pytest.raises(wire.Refused) as refused:
        if row["step"] == "open":
            wire.box_open(box, VENUE, KIOSK, PHONES[0])
        else:
            check()
    assert refused.value.why == row["result"]


def word(data, **at):
    return root_word.word_open(data, at.get("venue", ROOT["venue"]), at.get("kiosk", ROOT["kiosk"]),
                               bytes.fromhex(at.get("root_public", ROOT["keys"]["root_public"])))


WORDS = {row["name"]: base64.b64decode(row["wire"]) for row in ROOT["words"]}


def said(of):
    return {"made": of.made, "retired": of.retired and of.retired.hex(), "revoked": list(of.revoked),
            "ended": of.ended and dict(zip(("id", "epoch", "seq"), of.ended))}


@pytest.mark.parametrize("row", named(ROOT["words"]))
def test_a_root_word_opens(row):
    assert said(word(WORDS[row["name"]])) == row["says"]


@pytest.mark.parametrize("row", cases(ROOT["refused"]))
def test_a_twisted_root_word_is_refused(row):
    with pytest.raises(wire.Refused):
        word(twisted(WORDS[row["of"]], row), **row.get("at", {}))


@pytest.mark.parametrize("row", ROOT["joined"], ids=lambda row: " + ".join(row["of"]))
def test_root_words_are_joined(row):
    union = root_word.Word()
    for name in row["of"]:
        union = root_word.joined(union, word(WORDS[name]))
    assert said(union) == row["says"]


SEEDS = {who: bytes.fromhex(byte) * 32 for who, byte in ENROL["seeds"].items()}
PHONE = wire.public_of(SEEDS["phone"])


def enrol_place():
    return wire.Place(ENROL["invitation"]["venue"], ENROL["invitation"]["kiosk"], ENROL["topic"])


def letter_of(data, place):
    text, signature = wire.letter_open(wire.TO_PHONE, data, place, SEEDS["phone"])
    wire.letter_verify(wire.TO_PHONE, place, wire.public_of(SEEDS["kiosk"]), text, signature)
    return text.decode()


def letter(row):
    return letter_of(base64.b64decode(row["wire"]), enrol_place())


def test_an_invitation_is_read():
    said, read = ENROL["invitation"], joining.invitation_read(ENROL["invitation"]["link"])
    for key in ("account", "venue", "kiosk", "expires", "password", "staff", "push"):
        assert getattr(read, key) == said[key], key
    assert read.secret.hex() == said["secret"]
    assert [address for address, _ in read.brokers] == said["brokers"]
    assert [pin.hex() for _, pin in read.brokers] == said["pins"]
    assert read.kiosk_public == wire.public_of(SEEDS["kiosk"])
    assert read.root_public == wire.public_of(SEEDS["root"])


def test_a_spare_account_keeps_its_password():
    spare = joining.invitation_read(ENROL["spare"]["link"])
    assert spare.spare and not joining.invitation_read(ENROL["invitation"]["link"]).spare
    assert joining.letter_mac(spare, PHONE, spare.password).hex() == ENROL["spare"]["mac"]


@pytest.mark.parametrize("row", named(ENROL["none"], "why"))
def test_no_invitation(row):
    with pytest.raises(wire.Refused):
        joining.invitation_read(row["link"])


def test_letter_digits_and_welcome_are_proved():
    invited = joining.invitation_read(ENROL["invitation"]["link"])
    asked, confirmed, welcomed = (json.loads(ENROL[key]["text"]) for key in ("letter", "confirm", "welcome"))
    assert asked["public"] == PHONE.hex()
    assert asked["mac"] == joining.letter_mac(invited, PHONE, asked["password"]).hex()
    assert joining.digits(invited, PHONE, bytes.fromhex(confirmed["nonce"])) == ENROL["confirm"]["digits"]
    assert joining.welcome_read(invited, PHONE, welcomed) == (
        bytes.fromhex(ENROL["welcome"]["venue_key"]), bytes.fromhex(ENROL["welcome"]["certificate"]))


@pytest.mark.parametrize("row", named(ENROL["wrong"], "why"))
def test_a_wrong_welcome_is_refused(row):
    said = {**json.loads(ENROL["welcome"]["text"]), **row["change"]}
    with pytest.raises(wire.Refused):
        joining.welcome_read(joining.invitation_read(ENROL["invitation"]["link"]), PHONE,
                             {key: value for key, value in said.items() if value is not None})


@pytest.mark.parametrize("row", named(ENROL["refused"], "why"))
def test_a_twisted_letter_to_a_phone_is_refused(row):
    at = row.get("at", {})
    place = wire.Place(at.get("venue", ENROL["invitation"]["venue"]), at.get("kiosk", ENROL["invitation"]["kiosk"]),
                       ENROL["topic"])
    with pytest.raises(wire.Refused):
        letter_of(twisted(base64.b64decode(ENROL["welcome"]["wire"]), row), place)


@pytest.mark.parametrize("row", [ENROL["confirm"], ENROL["welcome"], *ENROL["refusals"], ENROL["rotate"]],
                         ids=lambda row: json.loads(row["text"])["kind"])
def test_a_letter_to_a_phone_opens(row):
    assert letter(row) == row["text"]


@pytest.mark.parametrize("case", named(vectors("freshness")["cases"]))
def test_freshness(case):
    fresh = Freshness(tuple(case.get("reads", ("state",))))
    for step in case["steps"]:
        now = step["at"]
        if "ask" in step:
            fresh.ask(now, step["ask"])
        if "linked" in step:
            fresh.linked(now)
        if "got" in step:
            fresh.got(now, *step["got"])
        if "beat" in step:
            beat = step["beat"]
            fresh.beat(now, beat["epoch"], beat["up"], beat["newest"], beat.get("echo", ()))
        if "age" in step:
            age = fresh.age(now, *step["age"])
            assert (-1 if age is None else age) == step["is"], step
        if "wants" in step:
            epoch, wants = step["wants"]
            assert fresh.wants(now, epoch) == wants, step
        if "held" in step:
            assert fresh.held(now) == step["held"], step


SHOWN = ("silent", "stale", "delayed", "undated", "held", "late", "rooted")


def given(view, step):
    """The step's message as texts.parse would give it, how old it is, and its proof."""
    said = {"kind": step["say"], "epoch": step.get("epoch", 0), "seq": step.get("seq", 0),
            "id": step.get("id"), "at": step.get("pressed"), "connection": step.get("connection", 0), "detail": step.get("detail"),
            "drill": step.get("drill", False), "state": step.get("state", "quiet"),
            "unconfirmed": step.get("unconfirmed", False), "help": step.get("help", 0)}
    if "up" in step:
        said["up"] = step["up"]
    if step["say"] == "beat":
        said.update(zip(("state", "staff"), step.get("names", (0, 0))))
        said["echo"] = [step["echo"]] if "echo" in step else []
    live = 0 if view.plain or not step.get("retained") and "wall_age" not in step else None
    age = step.get("wall_age") if step.get("wall_age") is not None else live
    proof = (*step["proof"], "a")[:4] if "proof" in step else None  # the account is "a" unless it is said
    return said, age, proof


@pytest.mark.parametrize("case", named(vectors("view")["cases"]))
def test_view(case):
    view = View(**case.get("rules", {}))
    for step in case["steps"]:
        now = step["at"]
        if "link" in step:
            view.set_link(now, step["link"])
        if "root" in step:
            word = root_word.Word(1, None, tuple(step["root"].get("ended", ())) or None,
                                  tuple(step["root"].get("revoked", ())))
            verdict = view.root(now, word, step["root"].get("retired", False))
            assert step.get("root_then", verdict) == verdict, step
        if "ask" in step:
            view.fresh.ask(now, step["ask"])
        if "say" in step:
            said, age, proof = given(view, step)
            believed = proof[:3] if proof and proof[3] not in view.word.revoked else None
            verdict = view.receive(now, said, step.get("retained", False), age, believed)
            assert step.get("then", verdict) == verdict, step
        found = {"show": view.show(now), "duress": view.duress(), "code": view.code(),
                 **{name: getattr(view, name)(now) for name in SHOWN}}
        for key, value in found.items():
            assert step.get(key, value) == value, (key, step)


@pytest.mark.parametrize("row", vectors("view")["worst"], ids=lambda row: "+".join(row["of"]) or "nothing")
def test_the_worst_is_shown(row):
    assert worst(row["of"]) == row["is"]


SIGNED = vectors("signed")
OWN = {who: bytes.fromhex(byte) * 32 for who, byte in SIGNED["seeds"].items()}
OWN_PUBLIC = {who: wire.public_of(seed) for who, seed in OWN.items()}


@pytest.mark.parametrize("of, purpose, who", [("kiosk", "cert", SIGNED["kiosk"]),
                                              ("staff", "staff", SIGNED["account"]), ("push", "push", "")])
def test_what_the_root_certifies(of, purpose, who):
    signature = bytes.fromhex(SIGNED["certificates"][of])
    wire.verify(OWN_PUBLIC["root"], signature, wire.certified(purpose, SIGNED["venue"], OWN_PUBLIC[of], who))
    assert not wire.signed_by(OWN_PUBLIC["root"], signature,
                              wire.certified(purpose, SIGNED["kiosk"], OWN_PUBLIC[of], who))


def proof_of(data, **at):
    return wire.proof_open(data, at.get("venue", SIGNED["venue"]), at.get("kiosk", SIGNED["kiosk"]),
                           bytes.fromhex(at.get("root_public", OWN_PUBLIC["root"].hex())))


def test_a_proof_opens():
    opened_proof, says = proof_of(base64.b64decode(SIGNED["proof"]["bytes"])), SIGNED["proof"]["says"]
    assert (opened_proof.alert, opened_proof.epoch, opened_proof.seq, opened_proof.account) == tuple(
        says[key] for key in ("id", "epoch", "seq", "account"))


@pytest.mark.parametrize("row", SIGNED["proof"]["refused"], ids=lambda row: row["why"])
def test_a_twisted_proof_is_refused(row):
    with pytest.raises(wire.Refused):
        proof_of(twisted(base64.b64decode(SIGNED["proof"]["bytes"]), row), **row.get("at", {}))


def offer_of(data, **at):
    return wire.offer_open(data, at.get("venue", SIGNED["venue"]),
                           bytes.fromhex(at.get("root_public", OWN_PUBLIC["root"].hex())))


def test_an_offer_opens():
    assert offer_of(base64.b64decode(SIGNED["offer"]["wire"])) == (
        OWN_PUBLIC["push"], bytes.fromhex(SIGNED["offer"]["vapid"]))


@pytest.mark.parametrize("row", SIGNED["offer"]["refused"], ids=lambda row: row["why"])
def test_a_twisted_offer_is_refused(row):
    with pytest.raises(wire.Refused):
        offer_of(twisted(base64.b64decode(SIGNED["offer"]["wire"]), row), **row.get("at", {}))


def gone_of(data, venue=SIGNED["venue"]):
    return wire.gone_open(data, venue, OWN_PUBLIC["push"])


def test_an_address_is_gone():
    assert gone_of(base64.b64decode(SIGNED["gone"]["wire"])) == wire.blake2b(SIGNED["gone"]["endpoint"].encode())


@pytest.mark.parametrize("row", SIGNED["gone"]["refused"], ids=lambda row: row["why"])
def test_a_twisted_word_that_an_address_is_gone_is_refused(row):
    with pytest.raises(wire.Refused):
        gone_of(twisted(base64.b64decode(SIGNED["gone"]["wire"]), row), **row.get("at", {}))


def reported(data):
    try:
        return push.is_arrived(data, SIGNED["venue"], SIGNED["account"], bytes.fromhex(SIGNED["auth"]),
                               bytes.fromhex(SIGNED["arrived"]["nonce"]))
    except wire.Refused:
        return False


def test_the_report_of_a_test():
    assert reported(base64.b64decode(SIGNED["arrived"]["wire"]))


@pytest.mark.parametrize("row", SIGNED["arrived"]["refused"], ids=lambda row: row["why"])
def test_a_twisted_report_is_refused(row):
    assert not reported(twisted(base64.b64decode(SIGNED["arrived"]["wire"]), row))


@pytest.mark.parametrize("row", SIGNED["letters"], ids=lambda row: json.loads(row["text"])["kind"])
def test_a_letter_of_every_kind_opens(row):
    topic = f"porchlight/{SIGNED['venue']}/{SIGNED['kiosk']}/{row['topic']}/{SIGNED['account']}"
    place, form = wire.Place(SIGNED["venue"], SIGNED["kiosk"], topic), wire.TO_PHONE if row["to"] == "staff" \
        else wire.TO_KIOSK
    text, signature = wire.letter_open(form, base64.b64decode(row["wire"]), place, OWN[row["to"]])
    assert text.decode() == row["text"]
    if row["signed"]:
        wire.letter_verify(form, place, OWN_PUBLIC[row["signed"]], text, signature)
    else:
        assert not any(signature)


@pytest.mark.parametrize("row", SIGNED["texts"] + SIGNED["asked"], ids=lambda row: row["why"])
def test_a_text_is_read_or_refused(row):
    if row["good"]:
        assert texts.parse(row["text"].encode())["kind"] == json.loads(row["text"])["kind"]
    else:
        with pytest.raises(wire.Refused):
            texts.parse(row["text"].encode())


@pytest.mark.parametrize("row", SIGNED["wake_ups"], ids=lambda row: row["text"] or "nothing")
def test_a_wake_up_opens(row):
    body = base64.b64decode(row["body"])
    assert len(body) == 86 + 64 + 16
    assert push.unseal(bytes.fromhex(SIGNED["scalars"]["browser"]), bytes.fromhex(SIGNED["auth"]),
                       body).decode() == row["text"]


def test_a_subscription_is_named_by_the_hash_of_its_secret():
    said = [json.loads(row["text"]) for row in SIGNED["letters"] if '"subscribed"' in row["text"]]
    assert [s["hash"] for s in said] == [push.auth_hash(bytes.fromhex(SIGNED["auth"])).hex()]


LINES = vectors("words")
LINE_SETS = {row["name"]: row for row in LINES["sets"]}


def piece_of(row):
    key = {name: bytes.fromhex(value) for name, value in LINES["keys"].items()}
    place = wire.Place(LINES["venue"], LINES["kiosk"], row["topic"])
    text, place = wire.members_open(base64.b64decode(row["wire"]), place, key["venue"], key["kiosk_public"])
    assert (text.decode(), place.seq) == (row["text"], row["seq"])
    return words.piece_read(text)


@pytest.mark.parametrize("row", named(LINES["sets"]))
def test_the_hosts_lines_are_read_whole(row):
    all_of_it = words.Words()
    taken = [all_of_it.take(piece_of(piece)) for piece in row["pieces"]]
    assert taken == [False] * (len(taken) - 1) + [True]
    assert (all_of_it.revision, all_of_it.link) == (row["revision"], row["link"])
    assert [[lang, k, t] for lang, lines in all_of_it.languages.items()
            for k, t in lines.items()] == row["lines"]


@pytest.mark.parametrize("row", LINES["refused"], ids=lambda row: row["why"])
def test_a_piece_that_is_wrong_is_refused(row):
    with pytest.raises(wire.Refused):
        words.piece_read(row["text"].encode())


@pytest.mark.parametrize("row", named(LINES["taken"]))
def test_the_newest_whole_set_is_used(row):
    used = words.Words()
    for (name, piece), revision in zip(row["comes"], row["uses"]):
        used.take(piece_of(LINE_SETS[name]["pieces"][piece]))
        assert used.revision == revision, name
