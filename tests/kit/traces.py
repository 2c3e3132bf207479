"""What a press at the door leaves behind, for whoever must not tell code from duress: packets at the
broker, the card, the log, the answers on site, and a member's phone."""

import json
import re
import time

from tests.kit import record, wait
from tests.kit.kiosk import FAST, Kiosk

CODE, DURESS = 5, 6
STATES = ("quiet", "caution", "lockdown", "drill")
# What an output may show of an alert without "visible = yes". Troubles blink by the clock.
OUTPUTS = {"output motor": {"line": "sim:motor", "kind": "motor", "tick": "20ms",
                            "on": "sensed, accepted, seen, safe, help, lockdown, all-clear"},
           "output lamp": {"line": "sim:lamp", "tick": "20ms", "on": "seen, safe, help, all-clear"}}
# Repeats by the clock would come at other moments: they are put out of the way.
CONF = {**FAST, **OUTPUTS, "timing": {"state": "1min", "state_alert": "1min", "beat": "5s"}}
# What differs from one night to the next, whatever was pressed.
CHANCE = re.compile(r'"(id|at|nonce|epoch|seq|age_ms|up|beat_ms|staff|state|ring)":("[^"]*"|[0-9]+)')


class Night:
    """A kiosk in one of STATES, at which `presses` are made at the door."""

    def __init__(self, presses, state):
        self.presses, self.state = presses, state

    def __enter__(self):
        self.kiosk = Kiosk(kind="d", conf=CONF).__enter__()
        self.kiosk.staff_phone()
        self.kiosk.start()
        self.spy = self.kiosk.spy(["#"])
        self.member = self.kiosk.member()
        self.wires = self.kiosk.wires()
        self.member.wait("state", "state")
        begin = {"quiet": lambda: None, "caution": lambda: self.wires.presses(2, on=.05, off=.05),
                 "lockdown": lambda: self.wires.hold(0.4),
                 "drill": lambda: self.kiosk.cli("drill")}
        begin[self.state]()
        if self.state != "quiet":
            self.member.wait("caution" if self.state == "caution" else "lockdown", "alert")
        time.sleep(0.6)
        return self

    def __exit__(self, *why):
        self.kiosk.__exit__(*why)

    def switched(self, since=None):
        """When outputs were last switched, in ns; or which were, and whether on or off, in order, since then."""
        all_ = {name: [(int(c[2:]), int(c[0])) for c in self.wires.say(f"history {name}").split()]
                for name in ("motor", "lamp")}
        if since is None:
            return max((at for changes in all_.values() for at, _ in changes), default=0)
        return {name: [level for at, level in changes if at > since] for name, changes in all_.items()}

    def press(self, seconds=1.5):
        """What the press leaves within that time, as text that can be compared."""
        packets, heard, before = len(self.spy.received), len(self.member.received), self.switched()
        lines = len(self.kiosk.daemon.said())
        pressed = self.wires.presses(self.presses, on=0.05, off=0.05)
        wait.until(lambda: any(r.topic == "notice" for r in self.spy.received[packets:]),
                   "the notice to staff", 10)
        time.sleep(seconds)
        sent = [r for r in self.spy.received[packets:] if r.topic != "beat"]
        self.delays = [r.at for r in sent]
        self.pressed = pressed
        status = self.kiosk.status()
        for broker in status["brokers"]:
            broker.pop("error", None)
        return {
            "packets": [(r.topic, len(r.wire), r.wire[:2].hex(), r.retained) for r in sent],
            "card": record.traces(self.kiosk.record()),
            "log": self.kiosk.daemon.said()[lines:],
            "status": CHANCE.sub("", json.dumps(status, separators=(",", ":"), sort_keys=True)),
            "member": [CHANCE.sub("", json.dumps(r.body, separators=(",", ":")))
                       for r in self.member.received[heard:] if r.topic != "beat"],
            "outputs": self.switched(before),
        }
