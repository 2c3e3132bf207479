"""Short nights with a broker's operator who drops, delays, reorders and replays any kind of message, also as what
brokers keep and to some phones alone, with the real programs: porchlightd, three mosquittos, `porchlight listen`
as a member's phone and as staff's, porchlight-relay, `porchlight root revoke` and `retire`. A quarter each: he is
alone, or works with who has a member's phone, a staff phone that is revoked during the night, a kiosk that is
seized and retired. 100 nights, each from its seed.

- No phone shows quiet or all-clear while a lockdown is active and it has shown that, or 20 s have passed. Who has
  a seized kiosk can show quiet to a phone that was not given the lockdown, and to no other.
- A lockdown that comes within seconds is never refused.
- What is replayed rings nobody more than once.
- Nobody but a kiosk makes a phone ring, and nobody gives its answers or commands. A retired one rings nothing."""

import os
import random
import secrets
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from tests.kit import wait
from tests.kit.broker_operator import Operator
from tests.kit.intruder import Intruder
from tests.kit.kiosk import FAST, Kiosk
from tests.kit.member import enlist, phone_key
from tests.kit.paper import root_account
from tests.kit.pushes import HandRelay, Pushes
from tests.kit.voice import hexed

COUNT = int(os.environ.get("OPERATOR", "100"))
FIRST = int(os.environ.get("OPERATOR_FROM", "1"))
NOTICED_S = 20.0  # promised
WATCHED_S, LONG_S = 8.0, 68.0  # and then; in one night of eight
FRESH_S = 5.0  # delayed by less than this, a message is fresh wherever it arrives
THROUGH_S = 3.0  # what was played is with phone and relay
ORDERED_S = 12.0  # the root key's order is carried out
CALM = ("quiet", "all-clear")
WITH = ("nobody", "member", "staff", "kiosk")  # whose keys he has
MEMBER, STAFF = 0, 1  # at which of his brokers they are; the relay is at the member's
KINDS = ("alert", "state", "presence", "beat", "notice", "staff", "ring", "answer", "root", "ack", "command",
         "relay", "enrol", "words", "wake")
FROM_KIOSK = ("alert", "state", "ring", "beat", "presence", "staff", "notice", "root")
AT_ONCE = ("pass", "replay")  # what is done with a message that arrives as soon as it is sent


@dataclass
class Night:
    seed: int
    does: dict
    only: dict
    plan: list = field(repr=False)
    has: str = "nobody"
    pressed: bool = True
    killed: bool = False
    watched: float = WATCHED_S
    wrong: list = field(default_factory=list)
    counted: dict = field(default_factory=dict)

    def __str__(self):
        odd = {kind: name + (" for " + ("the member", "staff")[self.only[kind]] if kind in self.only else "")
               for kind, (name, _) in self.does.items() if name != "pass"}
        plan = "\n    ".join(f"{at:5.1f} s {what} {' '.join(map(str, args))}" for at, what, args in self.plan)
        return (f"night {self.seed}, with {self.has}: {odd}; watched for {self.watched:g} s\n    {plan}\n"
                f"  wrong: {self.wrong} {self.counted}")

    def does_at(self, kind, side):
        return self.does[kind][0] if self.only.get(kind, side) == side else "pass"


def policies(chance):
    """For each kind of message what this operator does with it: (its name, for Operator.does)."""
    out = {}
    for kind in KINDS:
        name = chance.choice(["pass"] * 4 + ["drop", "delay", "delay", "reorder", "replay"])
        seconds, own = round(600 ** chance.random(), 1), random.Random(chance.random())  # 1 to 600 s
        out[kind] = {"pass": ("pass", lambda: [0]), "drop": ("drop", lambda: []),
                     "delay": (f"delay {seconds} s", lambda s=seconds: [s]),
                     "reorder": ("reorder", lambda r=own: [r.uniform(0, 4)]),
                     "replay": ("replay", lambda r=own: [0, r.uniform(1, 20)])}[name]
    return out


def replays(chance):
    side, kept = chance.choice([None, None, MEMBER, STAFF]), chance.random() < 0.25
    return "replay", (chance.sample(FROM_KIOSK, 3), side, kept or None)


def drawn(seed):
    """What happens: (s after the beginning, what, with what), in that order."""
    chance = random.Random(seed)
    does, has = policies(chance), WITH[seed % len(WITH)]
    only = {kind: chance.choice([MEMBER, STAFF]) for kind in KINDS if chance.random() < 0.2}
    night = Night(seed, does, only, [], has, chance.random() < 0.8, has == "kiosk" or chance.random() < 0.4,
                  LONG_S if chance.random() < 0.125 else WATCHED_S)
    press = chance.uniform(0, 10)
    until = press + NOTICED_S + night.watched
    gone = press + chance.uniform(1, 4)
    plan = [(press, "press", ())] * night.pressed + [(gone, "kill", ())] * night.killed
    plan += [(chance.uniform(*when), *replays(chance)) for when in [(0, press)] * 3 + [(press, until)] * 4]
    plan += [(chance.uniform(0, until), "post", (chance.sample(["ack", "command", "relay"], 2),)) for _ in range(2)]
    # Not while what is fresh may still come: what is sent to a phone that is away is lost.
    plan += [(chance.uniform(press + FRESH_S + 2, until), "kick", who) for who in
             chance.sample([("member", MEMBER), ("staff", STAFF)], chance.randrange(3))]
    if has != "nobody":
        begins = gone if has == "kiosk" else 0
        often = {"staff": ["command"] * 6}.get(has, ["end", "state"])
        plan += [(chance.uniform(begins, until), "forge", (chance.choice([*Intruder.FORGERIES, *often]),))
                 for _ in range(int(until - begins))]
    if has == "kiosk":  # which seems to run
        plan += [(at, "forge", ("beat",)) for at in range(int(gone) + 1, int(until), 2)]
        plan += [(gone + chance.uniform(1, 15), "order", ("retire",))]
    if has == "staff":
        plan += [(chance.uniform(0, 12), "order", ("root", "revoke"))]
    night.plan = sorted(plan, key=lambda move: move[0])
    return night, chance


class Play:
    """A night's kiosk and who is around it. `their` is the account of the phone that somebody has."""

    def __init__(self, night, chance):
        self.night, self.chance = night, chance
        self.kiosk, self.pushes = Kiosk("o", conf={**FAST, "wipe": {"enabled": "no"}}), Pushes()
        self.operator = self.relay = self.thief = None
        self.phones, self.orders, self.their = [], [], secrets.token_hex(8)
        self.began = self.pressed = self.end = self.rung = 0

    def __enter__(self):
        kiosk, near, night = self.kiosk, self.kiosk.brokers[0], self.night
        account, password = root_account(hexed(kiosk.root_key), "b0")
        near.account("root", account, password)
        if night.has in ("member", "staff"):
            near.account(night.has, self.their, secrets.token_hex(12))
            enlist(kiosk.state, {self.their: night.has})
        kiosk.__enter__()
        kiosk.staff_phone()  # before: a reload could read the config while the operator changes it
        if night.has == "staff":
            done = kiosk.cli("keys", "staff", "--root", kiosk.root_key, "--public",
                             phone_key(self.their)[0].hex(), "--account", self.their)
            assert done.returncode == 0, done.stderr
        kiosk.start()
        relay = secrets.token_hex(8), secrets.token_hex(12)
        self.operator = Operator(kiosk, {relay[0]: ("relay", relay[1])}, sides=2)
        self.relay = HandRelay(kiosk, self.pushes, self.operator.sides[MEMBER], relay).start()
        self.phones = [self.operator.listener(), self.operator.listener("staff", side=STAFF)]
        return self

    def __exit__(self, kind, _why, _trace):
        for order in self.orders:
            order.join()
        if self.operator:
            self.operator.close()
        self.pushes.close()
        if self.relay and self.relay.process:
            self.relay.process.kill()
        self.kiosk.close(quietly=kind is not None)

    def begin(self):
        """A caution and a lockdown that staff end, honestly passed on: what the operator has to replay."""
        wires = self.kiosk.wires()
        for phone in self.phones:
            phone.wait("show", show="quiet", within=60)
        for alarm, press, end in (("caution", lambda: wires.presses(2, on=0.05, off=0.05), "abort"),
                                  ("lockdown", lambda: wires.hold(0.4), "all-clear")):
            press()
            for phone in self.phones:
                phone.wait("show", show=alarm)
            done = self.kiosk.staff_command(end, patience="30s", within=40)
            assert done.returncode == 0, done.stderr
            for phone in self.phones:
                wait.until(lambda: shown(phone)[-1][1] in CALM, lambda: f"the end: {shown(phone)}")
        wait.until(lambda: len(self.relay.reasons()) >= 4, "the relay's rings for that")
        self.rung = len(self.relay.reasons())

    def intruder(self):
        others = [self.kiosk.account_of(role)[0] for role in ("staff", "member")]
        return Intruder(self.operator, self.night.has, None if self.night.has == "kiosk" else self.their,
                        self.phones[MEMBER], others, self.chance)

    def through(self):
        night, operator = self.night, self.operator
        operator.does, operator.only = {kind: what for kind, (_, what) in night.does.items()}, night.only
        self.thief = self.intruder() if night.has != "nobody" else None
        self.began = self.pressed = time.monotonic()
        for at, what, args in night.plan:
            time.sleep(max(0.0, self.began + at - time.monotonic()))
            getattr(self, what)(*args)
        self.end = self.pressed + NOTICED_S + night.watched
        time.sleep(max(0.0, self.end - time.monotonic()))

    # What happens

    def press(self):
        self.pressed = self.kiosk.wires().hold(0.4) / 1e9 + 0.3

    def kill(self):
        self.kiosk.daemon.kill()

    def replay(self, kinds, side, retain):
        self.operator.replays(kinds, side=side, retain=retain)

    def post(self, kinds):
        self.operator.replays_letters(kinds)

    def kick(self, role, side):
        self.operator.kicks(role, side)

    def certificate(self):
        """Of the staff phone that somebody has, at the kiosk: it is deleted when the phone is revoked."""
        return self.kiosk.state / "staff" / f"{self.their}.cert"

    def forge(self, what):
        """A staff phone that is not revoked yet could end the lockdown, and call one out."""
        self.thief.harmless = self.night.has == "staff" and self.certificate().exists()
        if not (self.thief.harmless and what == "command" and self.pressed > self.began):
            self.thief.forges(what)

    def order(self, *words):
        """By the root key. No registrar answers here: the operator shuts nobody out."""
        more = (self.their,) if "revoke" in words else ()
        ordered = threading.Thread(target=lambda: self.night.counted.update(ordered=self.kiosk.cli(
            *words, *more, "--root", self.kiosk.root_key, within=60).stderr))
        self.orders.append(ordered)
        ordered.start()


def shown(phone, since=0.0):
    """(when, what) each time that what the phone shows changed; before `since`, the last alone."""
    all_shown = [(r.at, r.body["show"]) for r in phone.all("show")]
    before = [s for s in all_shown if s[0] <= since][-1:]
    return before + [s for s in all_shown if s[0] > since]


def called(phone, since):
    """What made a phone ring as an alarm since then, whether by the alert or by the state."""
    return [r for r in list(phone.received) if r.at > since and r.body and r.body.get("verdict") in ("told", "late")
            and {r.kind, r.body.get("state")} & {"lockdown", "caution"}]


def retired_at(phone):
    told = phone.all("root", retired=True)
    return told[0].at if told else float("inf")


def judge_calm(play, phone):
    night = play.night
    if not night.pressed:
        return
    alarmed = [at for at, what in shown(phone, play.pressed) if what in ("lockdown", "unconfirmed")]
    since = min(alarmed[:1] + [play.end if night.has == "kiosk" else play.pressed + NOTICED_S])
    calm = [(round(at - play.pressed, 1), what) for at, what in shown(phone, since) if what in CALM and at < play.end]
    if calm:
        night.wrong.append(f"a phone showed {calm} s after the press")


def judge_calls(play, phone):
    night = play.night
    rung = [(r.body.get("state") or r.kind, r.body["verdict"]) for r in called(phone, play.began)]
    told, copies = rung.count(("lockdown", "told")), len([r for r in rung if r[1] == "late"])
    night.counted.setdefault("calls", []).append(rung)
    if night.has != "kiosk" and (told > 1 or copies > 1 or len(rung) > told + copies):
        night.wrong.append("it rang more than once for one press or for copies")
    forged = [r.body for r in called(phone, play.began) if play.thief and r.body["id"] in play.thief.made]
    if forged and night.has != "kiosk":
        night.wrong.append(f"it rang for what nobody pressed: {forged}")
    return told


def judge_fresh(play, phone, side, told):
    """Who has a seized kiosk makes what comes later than he does look late."""
    night, alert = play.night, play.night.does_at("alert", side)
    soon = alert in AT_ONCE or night.has != "kiosk" and (
        alert == "reorder" or alert.startswith("delay") and float(alert.split()[1]) < FRESH_S)
    after = [what for _, what in shown(phone, play.pressed)]
    if night.pressed and soon and not (told and "lockdown" in after):
        night.wrong.append(f"a fresh lockdown was refused: {after}")


def judge_retired(play, phone, side):
    """A phone that was given the root key's order."""
    night, since = play.night, retired_at(phone)
    at = next(at for at, what, _ in night.plan if what == "order")
    if since > play.end:
        if night.does_at("root", side) in AT_ONCE and play.end - play.began - at > ORDERED_S:
            night.wrong.append(f"the order to retire did not come: {night.counted['ordered']}")
        return
    later = {what for at, what in shown(phone, since + 0.5)}
    rung = [r.body for r in called(phone, since)]
    if later != {"retired"} or rung:
        night.wrong.append(f"retired, a phone showed {later} and rang for {rung}")
    if side == MEMBER and [at for at in play.pushes.heard if at > since + THROUGH_S]:
        night.wrong.append("a relay rang for a kiosk that is retired")


def judge_relay(play):
    night, rings = play.night, play.relay.reasons()[play.rung:]
    night.counted["rings"] = rings
    if night.has == "kiosk":
        return
    if night.pressed and not rings:
        night.wrong.append("the relay rang nobody")
    if len([r for r in rings if r.startswith("an alert")]) > 1 + night.pressed:
        night.wrong.append(f"the relay rang {rings}")


def judge_kiosk(play):
    """Nobody has ended, begun or answered anything there."""
    status = play.kiosk.status()
    is_so = status["state"], status["drill"], status["seen"], status["safe"], status["help"]
    if is_so != ("lockdown" if play.night.pressed else "quiet", False, 0, 0, 0):
        play.night.wrong.append(f"the kiosk was led to {is_so}")
    if play.night.has == "staff" and play.certificate().exists():
        play.night.wrong.append(f"the staff phone was not revoked: {play.night.counted['ordered']}")


def judge(play):
    for side, phone in enumerate(play.phones):
        judge_calm(play, phone)
        judge_fresh(play, phone, side, judge_calls(play, phone))
        if play.night.has == "kiosk":
            judge_retired(play, phone, side)
    judge_relay(play)
    if not play.night.killed:
        judge_kiosk(play)


def played(seed):
    night, chance = drawn(seed)
    try:
        with Play(night, chance) as play:
            play.begin()
            play.through()
            for order in play.orders:
                order.join()
            judge(play)
            play.relay.stop()
    except Exception as why:  # the report names the night, whatever it was
        night.wrong.append(f"{type(why).__name__}: {why}")
    return night


def test_no_operator_makes_a_lockdown_look_calm():
    with ThreadPoolExecutor(8) as pool:
        nights = list(pool.map(played, range(FIRST, FIRST + COUNT)))
    bad = [night for night in nights if night.wrong]
    for night in bad:
        print(night)
    print(f"{len(nights)} nights, {sum(n.pressed for n in nights)} with a lockdown: {len(bad)} bad")
    assert not bad
