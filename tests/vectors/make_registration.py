#!/usr/bin/python3
"""Makes registration.json: what is said with a registrar, good and refused. By the implementation that was
written from PROTOCOL.md alone.

    python3 -m tests.vectors.make_registration > tests/vectors/registration.json

The file, keys being one byte repeated (`seeds`):
  hellos         each with its key and certificate, and whether it `belongs` to the venue's kiosk
  announcements  each with what it says
  requests       each with its text, its letter (`wire`), and whether the root has `granted` it
  texts          requests that no registrar reads
  answers        each with its text and its letter
  unread         answers that no kiosk reads
  numbers        requests that come one after the other, and what becomes of each
  refused        a changed message: `xor`, `cut` and `add` as in signed.json, `at` another venue or kiosk,
                 `wire` another one. `of` says which: hello, announcement, request or answer
"""

import base64
import json

from tests.vectors.third import registration as reg
from tests.vectors.third import wire

VENUE, KIOSK, OTHER = "245b1cd24b1b033d", "7dd879d4c4aa715d", "f53b59f25483bb49"
WHO, ROOTS, NEXT = "07827bce7ac774db", "5d0c3f7e1b2a4968", "1c9e8d7f6a5b4032"  # accounts
SEEDS = {"root": "22", "kiosk": "33", "phone": "44", "stranger": "55", "registrar": "66", "ephemeral": "77"}
KEYS = {name: bytes.fromhex(byte) * 32 for name, byte in SEEDS.items()}
PUBLIC = {name: wire.public_of(seed) for name, seed in KEYS.items()}
PASSWORD, END = "fresh-password-0123456789", 2 ** 48


def b64(data):
    return base64.b64encode(data).decode()


def certificate(signer="root", venue=VENUE, kiosk=KIOSK, of="kiosk"):
    return wire.sign(KEYS[signer], wire.certified("cert", venue, PUBLIC[of], kiosk))


def certified_staff(account=WHO, signer="root"):
    return PUBLIC["phone"] + wire.sign(KEYS[signer], wire.certified("staff", VENUE, PUBLIC["phone"], account))


def place(topic, kiosk=KIOSK):
    return wire.Place(VENUE, kiosk, f"porchlight/{VENUE}/{kiosk}/{topic}")


def hellos():
    rows = [("a kiosk's", "kiosk", certificate(), KIOSK, True), ("the root's", "root", bytes(64), ROOTS, True),
            ("another kiosk's", "kiosk", certificate(kiosk=OTHER), KIOSK, False),
            ("another venue's", "kiosk", certificate(venue=OTHER), KIOSK, False),
            ("certified by a stranger", "kiosk", certificate("stranger"), KIOSK, False),
            ("certified for another key", "kiosk", certificate(of="stranger"), KIOSK, False),
            ("not certified", "kiosk", bytes(64), KIOSK, False)]
    return [{"name": name, "key": PUBLIC[key].hex(), "certificate": signature.hex(), "kiosk": kiosk,
             "belongs": belongs, "wire": b64(reg.hello_make(PUBLIC[key], signature))}
            for name, key, signature, kiosk, belongs in rows]


def announcement(last, standing, signer="registrar", kiosk=KIOSK):
    return reg.announcement_make(VENUE, kiosk, KEYS[signer], PUBLIC["registrar"], last, standing)


def announcements():
    rows = [(KIOSK, 17, 0), (KIOSK, END - 1, 0), (KIOSK, 0, 1), (KIOSK, 0, 2), (KIOSK, 17, 3), (ROOTS, 3, 0)]
    return [{"kiosk": kiosk, "last": last, "standing": standing,
             "wire": b64(announcement(last, standing, kiosk=kiosk))} for kiosk, last, standing in rows]


def request(kind, n, account=WHO, asker="kiosk", grants=None, **more):
    """`grants`: what the root has granted in place of exactly this, or {} for this."""
    made = {"kind": kind, "account": account, **more}
    if grants is not None:
        more["grant"] = wire.sign(KEYS["root"], reg.grant_signed({**made, **grants}, VENUE))
    if asker != "root":
        more["cert"] = certificate(of=asker)
    return reg.request_make(kind, n, account, PUBLIC[asker], **more)


def request_letter(text, signer="kiosk", to="registrar", topic="registrar", kiosk=KIOSK, form=wire.TO_KIOSK):
    return wire.letter_make(form, place(topic, kiosk), PUBLIC[to], KEYS[signer], text, KEYS["ephemeral"])


def requests():
    word = {"password": PASSWORD}
    asked = [
        ("a newcomer", "kiosk", False, request("create", 1, role="newcomer", **word)),
        ("a relay that is granted", "kiosk", True, request("create", 2, role="relay", **word, grants={})),
        ("another role than is granted", "kiosk", False,
         request("create", 2, role="kiosk", **word, grants={"role": "relay"})),
        ("another password than is granted", "kiosk", False,
         request("create", 2, role="relay", **word, grants={"password": PASSWORD[::-1]})),
        ("another account than is granted", "kiosk", False,
         request("create", 2, role="relay", **word, grants={"account": NEXT})),
        ("a member", "kiosk", False, request("promote", 3, role="member", **word)),
        ("a staff phone that is certified", "kiosk", True,
         request("promote", 4, role="staff", **word, staff=certified_staff())),
        ("a staff phone that is certified for another account", "kiosk", False,
         request("promote", 4, role="staff", **word, staff=certified_staff(NEXT))),
        ("a staff phone that a stranger certified", "kiosk", False,
         request("promote", 4, role="staff", **word, staff=certified_staff(signer="stranger"))),
        ("a member with a staff phone's certificate", "kiosk", False,
         request("promote", 4, role="member", **word, staff=certified_staff())),
        ("suspend a member", "kiosk", False, request("suspend", 5)),
        ("suspend, granted", "kiosk", True, request("suspend", 6, grants={})),
        ("suspend where remove is granted", "kiosk", False, request("suspend", 6, grants={"kind": "remove"})),
        ("remove, granted", "kiosk", True, request("remove", 7, grants={})),
        *((f"{kind}, which nobody can grant", "kiosk", False, request(kind, 8, grants={}, **more))
          for kind, more in (("promote", {"role": "staff", **word}), ("restore", {}), ("password", word),
                             ("disown", {"kiosk": OTHER}))),
        ("the largest number", "kiosk", False, request("suspend", END - 1)),
        ("a key that nobody knows", "kiosk", False, request("suspend", 9, weather="fair")),
        *((f"the root asks to {kind}", "root", True, request(kind, n, asker="root", **more))
          for n, (kind, more) in enumerate((("create", {"role": "root", **word}),
                                            ("promote", {"role": "staff", **word}), ("suspend", {}),
                                            ("restore", {}), ("password", word), ("remove", {}),
                                            ("disown", {"kiosk": KIOSK})), 1)),
    ]
    return [{"name": name, "asker": asker, "kiosk": ROOTS if asker == "root" else KIOSK, "granted": granted,
             "text": text.decode(),
             "wire": b64(request_letter(text, asker, kiosk=ROOTS if asker == "root" else KIOSK))}
            for name, asker, granted, text in asked]


def changed(text, **changes):
    """None takes a key away."""
    said = {**json.loads(text), **changes}
    return json.dumps({key: value for key, value in said.items() if value is not None}, separators=(",", ":"))


def texts():
    word = {"password": PASSWORD}
    create, suspend = request("create", 1, role="newcomer", **word), request("suspend", 1)
    disown = request("disown", 1, kiosk=OTHER)
    short = json.loads(suspend)["public"][:-2]
    rows = [("version 1", suspend, {"v": 1}), ("an unknown kind", suspend, {"kind": "delete"}),
            ("no number", suspend, {"n": None}), ("a number below 0", suspend, {"n": -1}),
            ("a number with a fraction", suspend, {"n": 1.5}), ("a number as text", suspend, {"n": "1"}),
            ("a number of 2^48", suspend, {"n": END}), ("no account", suspend, {"account": None}),
            ("an account by a name", suspend, {"account": "admin"}),
            ("an account in capitals", suspend, {"account": WHO.upper()}),
            ("no key", suspend, {"public": None}), ("a short key", suspend, {"public": short}),
            ("a key that is none", suspend, {"public": "?" * 43}),
            ("a short certificate", suspend, {"cert": short}), ("a short grant", suspend, {"grant": short}),
            ("a short staff certificate", suspend, {"staff": short}),
            ("no role", create, {"role": None}), ("an unknown role", create, {"role": "admin"}),
            ("no password", create, {"password": None}), ("a short password", create, {"password": "x" * 15}),
            ("a long password", create, {"password": "x" * 65}),
            ("a password with a quote", create, {"password": PASSWORD + '"'}),
            ("a role where none belongs", suspend, {"role": "member"}),
            ("a password where none belongs", suspend, word), ("a kiosk where none belongs", suspend,
                                                               {"kiosk": OTHER}),
            ("no kiosk to disown", disown, {"kiosk": None}),
            ("a kiosk that is none", disown, {"kiosk": OTHER[:-1]})]
    return [*({"why": why, "text": changed(text, **changes)} for why, text, changes in rows),
            *({"why": f"not an object: {text!r}", "text": text} for text in ("", "[]", "null", "{"))]


ANSWER = ("later", 17, 16, 3600, "this kiosk has made as many accounts as one may for now")


def answers():
    rows = [("done", 17, 17, 0, ""), ("refused", 17, 17, 0, "nothing was changed: that account is suspended"),
            ANSWER, ("old", 3, END - 1, 0, "that number was used before"), ("later", 1, 0, reg.DAY, "x" * 255),
            ("done", 18, 18, 0, "", 2010)]
    keys = ("kind", "n", "last", "after", "why", "dropped")
    return [{**dict(zip(keys, (*row, 0))), "text": text.decode(), "wire": b64(answer_letter(text))}
            for row in rows for text in [reg.answer_make(*row)]]


def answer_letter(text, signer="registrar", to="kiosk", form=wire.TO_PHONE, kiosk=KIOSK):
    return wire.letter_make(form, place("registered", kiosk), PUBLIC[to], KEYS[signer], text,
                            KEYS["ephemeral"])


def unread():
    good = reg.answer_make(*ANSWER)
    rows = [("version 1", {"v": 1}), ("an unknown kind", {"kind": "perhaps"}), ("no number", {"n": None}),
            ("a number of 2^48", {"n": END}), ("no last number", {"last": None}),
            ("a last number below 0", {"last": -1}), ("no time", {"after": None}),
            ("a time below 0", {"after": -1}), ("more than a day", {"after": reg.DAY + 1}),
            ("a dropped below 0", {"dropped": -1}), ("a dropped as text", {"dropped": "7"}),
            ("a dropped of 2^48", {"dropped": END})]
    return [*({"why": why, "text": changed(good, **changes)} for why, changes in rows),
            *({"why": f"not an object: {text!r}", "text": text} for text in ("", "[]", "{"))]


def numbers():
    return [
        {"n": 0, "text": "a", "then": "old"}, {"n": 1, "text": "a", "then": "taken"},
        {"n": 1, "text": "a", "then": "repeated"}, {"n": 1, "text": "b", "then": "old"},
        {"n": 7, "text": "b", "then": "taken"}, {"n": 7, "text": "b", "then": "repeated"},
        {"n": 1, "text": "a", "then": "old"}, {"n": 6, "text": "c", "then": "old"},
        {"n": END - 1, "text": "c", "then": "taken"}, {"n": 8, "text": "c", "then": "old"},
        {"n": END - 1, "text": "c", "then": "repeated"},
        {"disowned": True, "n": END - 1, "text": "c", "then": "refused"}]


def refused():
    for of, bits in (("hello", (("version", 0), ("form", 1), ("padding", 98), ("last byte", 767))),
                     ("announcement", (("version", 0), ("form", 1), ("key", 2), ("signature", 34),
                                       ("number", 105), ("standing", 106), ("padding", 107),
                                       ("last byte", 767))),
                     ("request", (("version", 0), ("form", 1), ("ephemeral key", 2), ("letter", 400))),
                     ("answer", (("version", 0), ("form", 1), ("ephemeral key", 2), ("letter", 400)))):
        yield from ({"of": of, "why": f"a changed bit of the {what}", "xor": [at, 1]} for what, at in bits)
        yield from ({"of": of, "why": why, **change} for why, change in (
            ("a byte short", {"cut": 767}), ("nothing at all", {"cut": 0}), ("a byte long", {"add": 1})))
        if of != "hello":
            yield from ({"of": of, "why": f"another {what}", "at": {what: OTHER}} for what in ("venue", "kiosk"))
    text, answer = request("suspend", 5), reg.answer_make(*ANSWER)
    yield from ({"of": of, "why": why, "wire": b64(made)} for of, why, made in (
        ("announcement", "signed by a stranger", announcement(17, 0, "stranger")),
        ("announcement", "a last number of 2^48", announcement(END, 0)),
        ("announcement", "an unknown standing", announcement(17, 4)),
        ("announcement", "to the root", announcement(17, 0, kiosk=ROOTS)),
        ("request", "signed by a stranger", request_letter(text, "stranger")),
        ("request", "sealed to a stranger", request_letter(text, to="stranger")),
        ("request", "on another topic", request_letter(text, topic="registered")),
        ("request", "as a letter to a phone", request_letter(text, form=wire.TO_PHONE)),
        ("request", "by a key that is not certified",
         request_letter(reg.request_make("suspend", 5, WHO, PUBLIC["kiosk"]))),
        ("request", "by a stranger who names its own key",
         request_letter(reg.request_make("suspend", 5, WHO, PUBLIC["stranger"], cert=certificate()), "stranger")),
        ("request", "by a stranger in the root's name",
         request_letter(reg.request_make("suspend", 5, WHO, PUBLIC["root"]), "stranger")),
        ("answer", "signed by a stranger", answer_letter(answer, "stranger")),
        ("answer", "sealed to a stranger", answer_letter(answer, to="stranger")),
        ("answer", "as a letter to the kiosk", answer_letter(answer, form=wire.TO_KIOSK))))


def make():
    return {"about": "What is said with a registrar. Keys: each seed is one byte repeated.",
            "venue": VENUE, "kiosk": KIOSK, "seeds": {k: v for k, v in SEEDS.items() if k != "ephemeral"},
            "hellos": hellos(), "announcements": announcements(), "requests": requests(), "texts": texts(),
            "answers": answers(), "unread": unread(), "numbers": numbers(), "refused": list(refused())}


if __name__ == "__main__":
    print(json.dumps(make(), indent=1))
