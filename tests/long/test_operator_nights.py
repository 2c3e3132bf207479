"""Short nights with a broker's operator who drops, delays, reorders and replays any kind of message, with
the real programs: porchlightd, two mosquittos, `porchlight listen` as a member's phone and as staff's, and
porchlight-relay. 100 nights, each from its seed.

- No phone shows quiet or all-clear while a lockdown is active and 20 s have passed.
- A lockdown that comes within seconds is never refused.
- What is replayed rings nobody more than once."""

import os
import random
import secrets
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from tests.kit import wait
from tests.kit.kiosk import FAST, Kiosk
from tests.kit.broker_operator import Operator
from tests.kit.pushes import HandRelay, Pushes

COUNT = int(os.environ.get("OPERATOR", "100"))
FIRST = int(os.environ.get("OPERATOR_FROM", "1"))
NOTICED_S = 20.0  # promised
WATCHED_S = 8.0  # and then
FRESH_S = 5.0  # delayed by less than this, a message is fresh wherever it arrives
CALM = ("quiet", "all-clear")
KINDS = ("alert", "state", "presence", "beat", "notice", "staff", "ring", "answer", "root", "ack", "command",
         "relay")


@dataclass
class Night:
    seed: int
    does: dict
    pressed: bool
    killed: bool
    wrong: list = field(default_factory=list)
    counted: dict = field(default_factory=dict)

    def __str__(self):
        odd = {kind: name for kind, (name, _) in self.does.items() if name != "pass"}
        return (f"night {self.seed}: {'lockdown' if self.pressed else 'no press'}"
                f"{', then the kiosk is killed' * self.killed}; {odd}: {self.wrong} {self.counted}")


def policies(seed):
    """For each kind of message what this operator does with it: (its name, for Operator.does)."""
    chance, out = random.Random(seed), {}
    for kind in KINDS:
        name = chance.choice(["pass"] * 4 + ["drop", "delay", "delay", "reorder", "replay"])
        seconds, own = round(600 ** chance.random(), 1), random.Random(chance.random())  # 1 to 600 s
        out[kind] = {"pass": ("pass", lambda: [0]), "drop": ("drop", lambda: []),
                     "delay": (f"delay {seconds} s", lambda s=seconds: [s]),
                     "reorder": ("reorder", lambda r=own: [r.uniform(0, 4)]),
                     "replay": ("replay", lambda r=own: [0, r.uniform(1, 20)])}[name]
    return out


def shown(phone, since=0.0):
    """(when, what) each time that what the phone shows changed; before `since`, the last alone."""
    all_shown = [(r.at, r.body["show"]) for r in phone.all("show")]
    before = [s for s in all_shown if s[0] <= since][-1:]
    return before + [s for s in all_shown if s[0] > since]


def calls(phone, since):
    """Alarms that made a phone ring since then, whether by the alert or by the state: (which, why)."""
    return [(r.body.get("state") or r.kind, r.body["verdict"]) for r in list(phone.received)
            if r.at > since and r.body.get("verdict") in ("told", "late")
            and {r.kind, r.body.get("state")} & {"lockdown", "caution"}]


def begin(operator, relay, phones):
    """A caution that staff end, honestly passed on: what the operator has to replay."""
    kiosk = operator.kiosk
    for phone in phones:
        phone.wait("show", show="quiet", within=60)
    kiosk.wires().presses(2, on=0.05, off=0.05)
    for phone in phones:
        phone.wait("show", show="caution")
    done = kiosk.staff_command("abort", patience="30s", within=40)
    assert done.returncode == 0, done.stderr
    for phone in phones:
        wait.until(lambda: shown(phone)[-1][1] in CALM, lambda: f"the end: {shown(phone)}")
    wait.until(lambda: len(relay.reasons()) >= 2, "the relay's rings for that")


def judge(night, relay, phones, times):
    began, pressed, end = times
    for phone in phones:
        rung = calls(phone, began)
        told, copies = rung.count(("lockdown", "told")), len([r for r in rung if r[1] == "late"])
        night.counted.setdefault("calls", []).append(rung)
        if told > 1 or copies > 1 or len(rung) > told + copies:
            night.wrong.append("it rang more than once for one press or for copies")
        if not night.pressed:
            continue
        after = shown(phone, pressed)
        calm = [(round(at - pressed, 1), what) for at, what in shown(phone, pressed + NOTICED_S)
                if what in CALM and at < end]
        if calm:
            night.wrong.append(f"a phone showed {calm} s after the press")
        alert = night.does["alert"][0]
        soon = alert in ("pass", "reorder", "replay") or \
            alert.startswith("delay") and float(alert.split()[1]) < FRESH_S
        if soon and not (told and "lockdown" in [what for _, what in after]):
            night.wrong.append(f"a fresh lockdown was refused: {after}")
    rings = relay.reasons()[2:]
    night.counted["rings"] = rings
    if night.pressed and not rings:
        night.wrong.append("the relay rang nobody")
    if len([r for r in rings if r.startswith("an alert")]) > 1 + night.pressed:
        night.wrong.append(f"the relay rang {rings}")


def play(seed):
    chance = random.Random(seed)
    night = Night(seed, policies(seed), chance.random() < 0.8, chance.random() < 0.4)
    kiosk, pushes = Kiosk("o", conf={**FAST, "wipe": {"enabled": "no"}}), Pushes()
    account = secrets.token_hex(8), secrets.token_hex(12)
    operator = relay = None
    try:
        with kiosk:
            kiosk.staff_phone()  # before: a reload could read the config while the operator changes it
            kiosk.start()
            operator = Operator(kiosk, {account[0]: ("relay", account[1])})
            relay = HandRelay(kiosk, pushes, operator.phones, account).start()
            phones = [operator.listener(), operator.listener("staff")]
            begin(operator, relay, phones)
            operator.does = {kind: what for kind, (_, what) in night.does.items()}
            began = time.monotonic()
            time.sleep(chance.uniform(0, 4))
            pressed = time.monotonic()
            if night.pressed:
                pressed = kiosk.wires().hold(0.4) / 1e9 + 0.3
            for _ in range(3):
                operator.replays(chance.sample(["alert", "state", "ring", "beat", "presence", "staff"], 3),
                                 chance.uniform(0, NOTICED_S))
            time.sleep(chance.uniform(0.5, 3))
            if night.killed:
                kiosk.daemon.kill()
            end = pressed + NOTICED_S + WATCHED_S
            time.sleep(max(0.0, end - time.monotonic()))
            judge(night, relay, phones, (began, pressed, end))
            relay.stop()
    except Exception as why:  # the report names the night, whatever it was
        night.wrong.append(f"{type(why).__name__}: {why}")
    finally:
        if operator:
            operator.close()
        pushes.close()
        if relay and relay.process:
            relay.process.kill()
    return night


def test_no_operator_makes_a_lockdown_look_calm():
    with ThreadPoolExecutor(8) as pool:
        nights = list(pool.map(play, range(FIRST, FIRST + COUNT)))
    bad = [night for night in nights if night.wrong]
    for night in bad:
        print(night)
    print(f"{len(nights)} nights, {sum(n.pressed for n in nights)} with a lockdown: {len(bad)} bad")
    assert not bad
