"""How soon staff learn that one of two ways has failed, at the true timings of a kiosk as it ships; and
that no alert is lost, whichever ways fail, and when."""

import os
import random
import time

import pytest

from tests.kit import wait
from tests.kit.kiosk import FAST
from tests.kit.place import ROOT
from tests.kit.two_ways import FAILURES, TwoWays, WAYS

PROMISE_S = 20
SCHEDULES = int(os.environ.get("SCHEDULES", "200"))
FIRST = int(os.environ.get("SCHEDULES_FROM", "1"))


@pytest.mark.parametrize("how", ["cut", "blackhole", "portal", "carrier"])
def test_staff_learn_in_time_that_a_way_has_failed(how):
    with TwoWays(conf=FAST, scaled=False) as kiosk:
        kiosk.start()
        staff = kiosk.member("staff")
        time.sleep(6)  # a sign of life has come back by each
        began = time.monotonic()
        kiosk.fail("eth0", how)
        down = staff.wait("fault", detail="path-down", where="b0", within=60)
        assert down.at - began < PROMISE_S


def schedule(seed):
    """[(when in s, what, interface, how)]: one way fails or both, each in a way of its own and for as long as
    chance says, before, in and after a press."""
    chance = random.Random(seed)
    moves = [(chance.uniform(0, 3), "press", None, None)]
    for interface in chance.sample(sorted(WAYS), chance.choice([1, 1, 2])):
        how, fails = chance.choice(FAILURES), chance.uniform(0, 3)
        moves += [(fails, "fail", interface, how), (fails + chance.uniform(0.1, 6), "heal", interface, how)]
    return sorted(moves, key=lambda move: move[0])


def play(kiosk, wires, moves):
    """When the press began."""
    began = pressed = time.monotonic()
    for at, what, interface, how in moves:
        time.sleep(max(0, began + at - time.monotonic()))
        if what == "press":
            pressed = time.monotonic()
            wires.hold(0.4)
        else:
            getattr(kiosk, what)(interface, how)
    return pressed


def test_no_alert_is_lost_or_doubled_in_schedules():
    """What each took, and what failed, is in build/two-ways.tsv."""
    known, rows = set(), []
    with TwoWays(conf=FAST) as kiosk:
        kiosk.start()
        phone, wires = kiosk.member(), kiosk.wires()

        def fresh():
            return {r.body["id"]: r for r in reversed(phone.all("lockdown", "alert"))
                    if r.body["id"] not in known}
        for seed in range(FIRST, FIRST + SCHEDULES):
            moves = schedule(seed)
            pressed = play(kiosk, wires, moves)
            found = wait.until(fresh, lambda: f"{seed} {moves}: {kiosk.status()} {kiosk.daemon.said()[-3000:]}", 90)
            wait.until(kiosk.connected, lambda: f"{seed} {moves}: {kiosk.status()}", 90)
            done = kiosk.end_alert()
            assert done.returncode == 0, f"{seed}: {done.stderr}"
            wait.until(lambda: kiosk.status()["state"] == "quiet", lambda: f"{seed}: {kiosk.status()}")
            found |= fresh()
            assert len(found) == 1, f"{seed} {moves}: one press, {len(found)} alerts"
            known |= set(found)
            rows.append(f"{seed}\t{(found.popitem()[1].at - pressed) * 1000:.0f}\t"
                        + "; ".join(f"{at:.1f} {what} {interface or ''} {how or ''}".strip()
                                    for at, what, interface, how in moves))
    (ROOT / "build/two-ways.tsv").write_text("seed\tms\tmoves\n" + "\n".join(rows) + "\n")
