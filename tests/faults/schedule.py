"""What goes wrong, when, and what is pressed in the middle of it: from a seed, always the same."""

import random
from dataclasses import dataclass

LENGTH_S = 6.0  # faults happen within this; then everything is mended
HOLD_S = 0.35  # the harness's switch asks for 0.3 s
CALM_S = 0.12  # no kill so soon after a gesture is complete: see Schedule.near

KINDS = ["kill", "restart", "freeze", "broker-kill", "broker-freeze", "cut", "blackhole", "delay",
         "reset", "disk"]


@dataclass(frozen=True)
class Fault:
    at: float
    kind: str
    broker: int = 0
    lasts: float = 0.0


@dataclass(frozen=True)
class Gesture:
    at: float  # when the hand begins
    kind: str  # lockdown, caution

    @property
    def complete(self):
        return self.at + (HOLD_S if self.kind == "lockdown" else 0.6)


@dataclass(frozen=True)
class Schedule:
    seed: int
    brokers: int
    gestures: tuple
    faults: tuple

    def __str__(self):
        told = [(g.at, f"{g.kind} is pressed") for g in self.gestures]
        told += [(f.at, f"{f.kind} broker {f.broker} for {f.lasts:.1f} s") for f in self.faults]
        return f"seed {self.seed}: " + "; ".join(f"{t:.2f} {what}" for t, what in sorted(told))


def _gestures(r):
    first = r.uniform(0.3, 3.0)
    if r.random() < 0.3:
        return (Gesture(first, "caution"), Gesture(first + r.uniform(1.2, 2.0), "lockdown"))
    return (Gesture(first, r.choice(["lockdown", "lockdown", "caution"])),)


def _near(at, gestures):
    """A kill between the first edge and the moment when the record is durable (a few ms after the
    gesture is complete) leaves open whether there was a gesture: such schedules judge nothing."""
    return any(g.at - 0.1 < at < g.complete + CALM_S for g in gestures)


def make(seed):
    r = random.Random(seed)
    brokers = r.choice([1, 1, 2])
    gestures = _gestures(r)
    faults = []
    disk = r.random() < 0.15  # a disk that fails and a kill together may lose a press, and do
    for _ in range(r.randint(2, 6)):
        kind = r.choice(KINDS)
        at = r.uniform(0.1, LENGTH_S - 0.5)
        lasts = r.uniform(0.2, 2.5)
        if r.random() < 0.6:  # most faults are about a gesture, or there is little to see
            g = r.choice(gestures)
            at = max(0.1, g.at - r.uniform(0.0, 1.0))
            lasts = g.complete - at + r.uniform(-0.2, 1.5)
        if disk and kind in ("kill", "restart") or kind == "disk" and not disk:
            continue
        if kind in ("kill", "restart", "freeze") and _near(at, gestures):
            continue
        if kind == "freeze" and any(at - 0.1 < g.complete and g.at < at + 1.2 for g in gestures):
            continue
        faults.append(Fault(at, kind, r.randrange(brokers), max(0.1, lasts)))
    return Schedule(seed, brokers, gestures, tuple(sorted(faults, key=lambda f: f.at)))
