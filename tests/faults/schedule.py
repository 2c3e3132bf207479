"""What goes wrong, when, and what is pressed in the middle of it: from a seed, always the same."""

import random
from dataclasses import dataclass

LENGTH_S = 6.0  # faults happen within this; then everything is repaired
HOLD_S = 0.35  # the harness's switch asks for 0.3 s
CALM_S = 0.12  # no kill so soon after a gesture is complete: see Schedule.near

KINDS = ["kill", "restart", "freeze", "broker-kill", "broker-freeze", "cut", "blackhole", "delay",
         "reset", "portal", "dns", "six", "disk", "record", "clock"]
RETRY_S = 2.0  # porchlightd tries the record again every second until it is durable
# What the world outside adds: names that are looked up by DNS, brokers that refuse or limit, clocks, cards.
WORLD_KINDS = ["dns-slow", "dns-wrong", "dns-mute", "dialect", "dialect", "rights", "rights", "clocks",
               "lost-record", "slow-disk"]


@dataclass(frozen=True)
class Fault:
    at: float
    kind: str
    broker: int = 0
    lasts: float = 0.0
    how: int = 0  # a number of chance, for kinds that come in several ways

    @property
    def ends(self):
        return min(self.at + self.lasts, LENGTH_S)


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
    world: bool = False

    def __str__(self):
        told = [(g.at, f"{g.kind} is pressed") for g in self.gestures]
        told += [(f.at, f"{f.kind} broker {f.broker} for {f.lasts:.1f} s") for f in self.faults]
        return f"seed {self.seed}{' of the world' * self.world}: " + "; ".join(f"{t:.2f} {what}" for t, what in sorted(told))


def _gestures(r):
    first = r.uniform(0.3, 3.0)
    if r.random() < 0.3:
        return (Gesture(first, "caution"), Gesture(first + r.uniform(1.2, 2.0), "lockdown"))
    return (Gesture(first, r.choice(["lockdown", "lockdown", "caution"])),)


def _near(at, gestures):
    """A kill between the first edge and the moment when the record is durable (a few ms after the
    gesture is complete) leaves open whether there was a gesture: such schedules judge nothing."""
    return any(g.at - 0.1 < at < g.complete + CALM_S for g in gestures)


def _forgets(at, kind, lasts, faults):
    """A press, a card that takes no record of it and a power cut lose that press, and the design
    says so: kills keep clear of such cards, until the record has been tried again."""
    ends = min(at + lasts, LENGTH_S)
    if kind in ("kill", "restart", "lost-record"):
        return any(f.kind in ("record", "slow-disk") and f.at - RETRY_S < at < f.ends + RETRY_S for f in faults)
    return kind in ("record", "slow-disk") and any(f.kind in ("kill", "restart", "lost-record")
                                                   and at - RETRY_S < f.at < ends + RETRY_S for f in faults)


def _world(r, brokers, gestures, faults):
    """More faults, of the kinds of the world."""
    for _ in range(r.randint(1, 4)):
        kind, how = r.choice(WORLD_KINDS), r.randrange(1 << 16)
        g = r.choice(gestures)
        at = max(0.1, g.at - r.uniform(0.0, 1.5))
        lasts = max(0.1, g.complete - at + r.uniform(-0.3, 2.0))
        if kind == "lost-record":  # a press whose record is lost before it left is lost: the design says so
            at, lasts = r.uniform(0.1, 0.4), 0.1
            if any(g.at < at + 0.8 for g in gestures):
                continue
        if not _forgets(at, kind, lasts, faults):
            faults.append(Fault(at, kind, r.randrange(brokers), lasts, how))


def make(seed, world=False):
    r = random.Random(seed)
    brokers = r.choice([1, 1, 2])
    gestures = _gestures(r)
    faults = []
    for _ in range(r.randint(2, 6)):
        kind = r.choice(KINDS)
        at = r.uniform(0.1, LENGTH_S - 0.5)
        lasts = r.uniform(0.2, 2.5)
        if r.random() < 0.6:  # most faults are about a gesture, or there is little to see
            g = r.choice(gestures)
            at = max(0.1, g.at - r.uniform(0.0, 1.0))
            lasts = g.complete - at + r.uniform(-0.2, 1.5)
        how = r.randrange(1 << 16)
        if kind in ("kill", "restart", "freeze") and _near(at, gestures):
            continue
        if kind == "freeze" and any(at - 0.1 < g.complete and g.at < at + 1.2 for g in gestures):
            continue
        lasts = max(0.1, lasts)
        if not _forgets(at, kind, lasts, faults):
            faults.append(Fault(at, kind, r.randrange(brokers), lasts, how))
    if world:
        _world(r, brokers, gestures, faults)
    return Schedule(seed, brokers, gestures, tuple(sorted(faults, key=lambda f: f.at)), world)
