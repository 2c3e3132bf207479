"""How soon staff learn that one of two ways has failed, at the true timings of a kiosk as it ships; and
that no alert is lost, whichever ways fail, and when. What each took is in the table build/paths.md."""

import os
import random
import statistics
import time

import pytest

from tests.kit import wait
from tests.kit.kiosk import FAST
from tests.kit.place import ROOT
from tests.kit.two_ways import ByModem, FAILURES, TwoWays, WAYS

PROMISE_S = 20
PRESSES = int(os.environ.get("PRESSES", "10"))  # for each row of the table
HOLD_S, COMPLETE_MS = 0.4, 300  # a press, and when its hold is complete: FAST
TABLE, SCHEDULED = ROOT / "build/paths.md", ROOT / "build/two-ways.tsv"
SCHEDULES = int(os.environ.get("SCHEDULES", "200"))
FIRST = int(os.environ.get("SCHEDULES_FROM", "1"))


@pytest.mark.parametrize("how", ["cut", "blackhole", "portal", "carrier"])
@pytest.mark.parametrize("interface, section", zip(WAYS, ["b0", "lte"]))
def test_staff_learn_in_time_that_a_way_has_failed(interface, section, how):
    with TwoWays(conf=FAST, scaled=False) as kiosk:
        kiosk.start()
        staff = kiosk.member("staff")
        time.sleep(6)  # a sign of life has come back by each
        began = time.monotonic()
        kiosk.fail(interface, how)
        down = staff.wait("fault", detail="path-down", where=section, within=60)
        wait.until(lambda: "path-down" in {t["code"] for t in kiosk.status()["troubles"]}, lambda: kiosk.status(), 60)
        shown = time.monotonic()  # by the screen's cue as well
        assert max(down.at, shown) - began < PROMISE_S


def test_a_modem_that_loses_its_cell_and_has_another_address_then():
    """At the timings of LTE: 30 to 80 ms there and back, some seconds without a cell, an interface without ARP."""
    with ByModem(conf=FAST, scaled=False) as kiosk:
        kiosk.start()
        staff, presses = kiosk.member("staff"), Presses(kiosk)
        wait.until(kiosk.connected, lambda: kiosk.status(), 60)
        kiosk.fail("eth0", "carrier")
        wait.until(lambda: way_is_lost(kiosk, "eth0"), lambda: kiosk.status(), 60)
        presses.wires.hold(HOLD_S)
        presses.arrived("by the modem alone")
        kiosk.heal("eth0", "carrier")
        assert presses.rest("by the modem alone") == 1
        kiosk.fail("eth0", "carrier")
        kiosk.detach()
        presses.wires.hold(HOLD_S)
        time.sleep(4)
        assert not presses.fresh(), "it left by neither way"
        kiosk.attach()
        presses.arrived("attached again, at another address")
        kiosk.heal("eth0", "carrier")
        assert presses.rest("attached again, at another address") == 1
        down = len(staff.all("fault", detail="path-down", where="lte"))
        kiosk.detach()
        staff.wait("fault", detail="path-down", where="lte", count=down + 1, within=60)
        back = len(staff.all("fault", detail="path-back", where="lte"))
        kiosk.attach()
        staff.wait("fault", detail="path-back", where="lte", count=back + 1, within=60)


class Table:
    """build/paths.md, written again with each row. Times are from the complete hold to a member's phone."""

    def __init__(self):
        self.rows = {}

    def add(self, name, took, lost, doubled):
        ms = [max(0, t - COMPLETE_MS) for t in took]
        self.rows[name] = (len(took) + lost, lost, doubled, f"{statistics.median(ms):.0f}", f"{max(ms):.0f}")
        head = ["what fails in the middle of it", "alerts", "lost", "doubled", "median, ms", "slowest, ms"]
        lines = [head, ["---"] * len(head), *([name, *row] for name, row in self.rows.items())]
        TABLE.write_text("".join(f"| {' | '.join(map(str, line))} |\n" for line in lines))


@pytest.fixture(scope="module")
def table():
    return Table()


class Presses:
    """One kiosk, pressed again and again, each time from rest with both ways working."""

    def __init__(self, kiosk):
        self.kiosk, self.phone, self.wires, self.known = kiosk, kiosk.member(), kiosk.wires(), set()

    def fresh(self):
        """{id: its first copy} of the alerts since the last rest."""
        return {r.body["id"]: r for r in reversed(self.phone.all("lockdown", "alert"))
                if r.body["id"] not in self.known}

    def arrived(self, what):
        return wait.until(self.fresh, lambda: f"{what}: {self.kiosk.status()} {self.kiosk.daemon.said()[-3000:]}",
                          90)

    def rest(self, what):
        """Ends the alert. Gives how many there were in all."""
        wait.until(self.kiosk.connected, lambda: f"{what}: {self.kiosk.status()}", 90)
        done = self.kiosk.end_alert()
        assert done.returncode == 0, f"{what}: {done.stderr}"
        wait.until(lambda: self.kiosk.status()["state"] == "quiet", lambda: f"{what}: {self.kiosk.status()}")
        found = self.fresh()
        self.known |= set(found)
        time.sleep(0.3)  # a shorter release would be a drop-out of the hold before
        return len(found)


OTHER = dict(zip(WAYS, reversed(WAYS)))
CASES = {"nothing": [], **{f"{OTHER[one]}, before it: {one} alone": [(OTHER[one], None)] for one in WAYS},
         **{f"{one}: {how}": [(one, how)] for one in WAYS for how in FAILURES}}


def test_the_table_of_paths(table):
    """Each way alone, and the pair with either failing in each way as the switch is pressed."""
    with TwoWays(conf=FAST) as kiosk:
        kiosk.start()
        presses = Presses(kiosk)
        for case, failures in CASES.items():
            took, doubled = [], 0
            for _ in range(PRESSES):
                for interface, how in failures:
                    kiosk.fail(interface, how or "carrier")
                    if not how:
                        wait.until(lambda i=interface: way_is_lost(kiosk, i), lambda: kiosk.status(), 60)
                began = time.monotonic()
                presses.wires.hold(HOLD_S)
                first = next(iter(presses.arrived(case).values()))
                took.append((first.at - began) * 1000)
                for interface, how in failures:
                    kiosk.heal(interface, how or "carrier")
                doubled += presses.rest(case) - 1
            table.add(case, took, 0, doubled)
            assert doubled == 0, f"{case}: one press, two alerts"


def way_is_lost(kiosk, interface):
    return next(b for b in kiosk.status()["brokers"] if b["interface"] == interface)["lost"]


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
            wires.hold(HOLD_S)
        else:
            getattr(kiosk, what)(interface, how)
    return pressed


def test_no_alert_is_lost_or_doubled_in_schedules(table):
    """What each took, and what failed, is in build/two-ways.tsv."""
    rows, took = [], []
    with TwoWays(conf=FAST) as kiosk:
        kiosk.start()
        presses = Presses(kiosk)
        for seed in range(FIRST, FIRST + SCHEDULES):
            moves = schedule(seed)
            pressed = play(kiosk, presses.wires, moves)
            first = next(iter(presses.arrived(f"{seed} {moves}").values()))
            found = presses.rest(f"{seed} {moves}")
            assert found == 1, f"{seed} {moves}: one press, {found} alerts"
            took.append((first.at - pressed) * 1000)
            rows.append(f"{seed}\t{took[-1]:.0f}\t"
                        + "; ".join(f"{at:.1f} {what} {interface or ''} {how or ''}".strip()
                                    for at, what, interface, how in moves))
            SCHEDULED.write_text("seed\tms\tmoves\n" + "\n".join(rows) + "\n")
    table.add(f"one way or both, as {SCHEDULES} seeded schedules say", took, 0, 0)
