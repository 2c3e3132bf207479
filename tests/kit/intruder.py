"""Somebody who works with a broker's operator and holds keys: those of a member's phone, of a staff phone, or of a
kiosk that was taken away. He reads what these keys open, and writes what he likes on every topic: signed by what
he really has. Made from PROTOCOL.md, by the third implementation."""

import json
import secrets
import struct
import time
import uuid

from tests.kit.member import phone_seed
from tests.kit.root_word import root_word
from tests.kit.voice import hexed
from tests.vectors.third import joining, texts, wire

COMMANDS = ("all-clear", "abort", "lockdown", "caution", "drill")
HARMLESS = COMMANDS[:2]  # in quiet
CLEAR = ("beat", "presence", "ring")


def in_seconds(at):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))


class Intruder:
    """`has`: "member", "staff" or "kiosk". `account` is the phone's, `phone` a listener: what it reads, a phone that
    he has reads too. `others`: phones in whose names he writes. `made` are the alerts that he made up."""

    FORGERIES = ("alarm", "end", "state", "beat", "presence", "ring", "box", "root", "key", "answer", "command",
                 "ping")

    def __init__(self, operator, has, account, phone, others, chance):
        self.operator, self.has, self.account, self.phone, self.chance = operator, has, account, phone, chance
        self.others, self.made, self.asked, self.since = others, set(), [], time.monotonic()
        kiosk = operator.kiosk
        self.venue, self.kiosk, self.place = kiosk.venue, kiosk.id, kiosk.place
        self.public, self.members_key = kiosk.keys.kiosk, kiosk.keys.venue
        seeds = {"kiosk": lambda: hexed(kiosk.credentials / "kiosk.key")}
        self.seed = seeds.get(has, lambda: phone_seed(account))()
        self.seq, self.epoch, self.harmless = 0, 0, False  # harmless: his commands are

    # What he reads

    def newest(self):
        """The place of the kiosk's newest message, which anybody at the broker reads."""
        return max((struct.unpack(">QQ", wired[2:18]) for wired in self.operator.kept_of("beat")), default=(1, 1))

    def alert(self):
        """The last alert that a phone was given; without one, one that there never was."""
        seen = [r.body["id"] for r in list(self.phone.received)
                if r.topic in ("alert", "state") and r.body and r.body.get("id")]
        return seen[-1] if seen else str(uuid.uuid4())

    def hears(self):
        """Pings to a kiosk whose keys he has: beats echo them."""
        for topic, letter in self.operator.letters[-20:]:
            place = wire.Place(self.venue, self.kiosk, f"{self.place}/{topic}")
            try:
                said = json.loads(wire.letter_open(wire.TO_KIOSK, letter, place, self.seed)[0])
            except wire.Refused:
                continue
            if said.get("kind") == "ping":
                self.asked = [*self.asked, said["nonce"]][-16:]

    # What he writes

    def order(self):
        """Newer than all that there is: as a kiosk that runs, or to be believed at any price."""
        more = self.chance.random() < (0.05 if self.has == "kiosk" else 0.5)
        if self.has != "kiosk" or not self.epoch:
            self.epoch, self.seq = self.newest()
        self.epoch += self.chance.choice([1, 1 << 20]) * more
        self.seq += self.chance.choice([1, 1, 1, 1000])
        return self.epoch, self.seq

    def says(self, topic, kind, **more):
        """As a kiosk does, by the key that he has."""
        epoch, seq = self.order()
        common = {"epoch": epoch, "seq": seq, "at": in_seconds(time.time())}
        if topic != "ring" and kind != "beat":
            common |= {"id": None, "age_ms": None, "drill": False, "resumed": False, "detail": None}
        if topic not in ("ring", "presence"):
            common |= {"up": int((time.monotonic() - self.since) * 1000) + 60_000, "synced": True}
        place, text = wire.Place(self.venue, self.kiosk, f"{self.place}/{topic}", epoch, seq), \
            texts.said(kind, **common | more)
        made = wire.clear_make(place, self.seed, text) if topic in CLEAR else \
            wire.members_make(place, self.members_key, self.seed, text)
        self.operator.plays(topic, made, side=self.chance.choice([None, None, 0, 1]),
                            retain=self.chance.choice([None, True, False]))

    def id_made_up(self):
        made = str(uuid.UUID(int=self.chance.getrandbits(128), version=4))
        self.made.add(made)
        return made

    def proof(self, alert):
        """By his own phone: a staff phone's certificate is genuine, a member has signed one himself."""
        root = hexed(self.operator.kiosk.root_key) if self.has == "staff" else self.seed
        account = self.account or secrets.token_hex(8)
        certificate = wire.sign(root, b"porchlight-staff\0" + bytes.fromhex(self.venue + account)
                                + wire.public_of(self.seed))
        return {"proof": joining.base64url(wire.proof_make(self.venue, self.kiosk, alert, *self.newest(), account,
                                                           self.seed, certificate))}

    def any_proof(self, alert):
        return self.proof(alert) if self.chance.random() < 0.6 else {}

    def letter(self, topic, kind, **more):
        place = wire.Place(self.venue, self.kiosk, f"{self.place}/{topic}")
        self.operator.posts(topic, wire.letter_make(wire.TO_KIOSK, place, self.public, self.seed,
                                                    texts.said(kind, **more)))

    # Forgeries

    def forges(self, what):
        getattr(self, f"_{what}")()

    def _alarm(self):
        self.says("alert", self.chance.choice(["lockdown", "lockdown", "caution"]), id=self.id_made_up(),
                  drill=self.chance.random() < 0.2)

    def _end(self):
        alert = self.alert()
        self.says("alert", "all-clear", id=alert, drill=self.chance.random() < 0.2,
                  detail=self.chance.choice([None, None, "unconfirmed"]), **self.any_proof(alert))

    def _state(self):
        alert = self.alert()
        active = self.chance.random() < 0.3
        self.says("state", "state", state=self.chance.choice(["caution", "lockdown"]) if active else "quiet",
                  id=self.chance.choice([alert, self.id_made_up()]) if active else None, unconfirmed=False,
                  nonce=secrets.token_hex(16), **self.any_proof(alert))

    def _beat(self):
        if self.has == "kiosk":
            self.hears()
        self.says("beat", "beat", state=0, staff=0, ring=0, echo=self.asked)
        self.asked = []

    def _presence(self):
        self.says("presence", self.chance.choice(["online", "lost"]), connection=self.chance.randrange(9))

    def _ring(self):
        on = self.chance.random() < 0.6
        self.says("ring", "ring", id=self.id_made_up() if on else self.alert(), on=on,
                  staff=self.chance.choice([None, self.id_made_up()]))

    def _box(self):
        """What only staff phones read: their public keys are on the card."""
        kind, topic = self.chance.choice(["code", "duress", "nothing"]), self.chance.choice(["notice", "staff"])
        text = texts.said(kind, id=self.alert(), at=in_seconds(time.time()))
        box = wire.box_make(self.venue, self.kiosk, text, [wire.public_of(phone_seed(a)) for a in self.others])
        place = wire.Place(self.venue, self.kiosk, f"{self.place}/{topic}", *self.order())
        self.operator.plays(topic, wire.staff_make(place, self.seed, int(time.time()), box))

    def _root(self):
        """The root key is on no card, and no phone has it."""
        word = root_word(self.seed, self.venue, self.kiosk, self.chance.choice([None, self.public]),
                         (self.alert(), *self.newest()), self.others[:1])
        self.operator.plays("root", word, retain=self.chance.choice([True, False]))

    def _key(self):
        """A key of his own for every phone. A kiosk may give one: that he does not try with its keys."""
        for account in self.others if self.has != "kiosk" else ():
            place = wire.Place(self.venue, self.kiosk, f"{self.place}/enrol/{account}")
            text = texts.said("rotate", venue_key=secrets.token_hex(32))
            self.operator.plays(f"enrol/{account}", wire.letter_make(
                wire.TO_PHONE, place, wire.public_of(phone_seed(account)), self.seed, text), retain=True)

    def _answer(self):
        """In another phone's name, on its topic and on his own."""
        other = self.chance.choice(self.others)
        self.letter(f"ack/{self.chance.choice([other, self.account or other])}",
                    self.chance.choice(["seen", "safe", "help"]), id=self.alert(), account=other, epoch=0,
                    seq=self.chance.randrange(1, 200))

    def _command(self):
        """A staff phone's own, for which the kiosk's state has the nonce, or a member's in a staff phone's name."""
        states = self.phone.all("state", "state")
        if not states or self.has == "kiosk":
            return
        state = states[-1].body
        alert, epoch, seq = state["id"] or self.alert(), state["epoch"], state["seq"]
        name = self.account if self.has == "staff" else self.others[0]
        proof = wire.sign(self.seed, wire.proof_signed(self.venue, self.kiosk, alert, epoch, seq, name))
        self.letter(f"command/{name}", f"command-{self.chance.choice(HARMLESS if self.harmless else COMMANDS)}",
                    id=state["id"], epoch=epoch, seq=seq, account=name, nonce=state["nonce"],
                    proof=joining.base64url(proof))

    def _ping(self):
        """As if a relay had rung for all that there is."""
        relay = self.account or self.others[0]
        epoch, seq = self.newest()
        self.letter(f"relay/{relay}", "ping", nonce=secrets.token_hex(8), epoch=epoch, seq=seq, ring=seq)
