"""With cover, whoever watches the wire sees the same packets in the same slots, alert or not."""

import time

from tests.kit.duress_nights import Tap
from tests.kit.kiosk import FAST, Kiosk

SLOT_S, SLOT_NS = 2.0, 2e9


def slots_of(tap, since, until):
    """The lengths that the kiosk sent in each slot: records less than half a slot apart are one's."""
    slots, last = [], None
    for at, length in tap.since(since, "up", until):
        if last is None or at - last > SLOT_NS / 2:
            slots.append([])
        slots[-1].append(length)
        last = at
    return slots[1:-1]  # the first and the last may be cut


# MQTT's own PINGREQ (2 bytes) and the PUBACK (4) for what the kiosk receives are no part of a slot.
def publications(slots):
    return [sorted(n for n in slot if n > 200) for slot in slots]


# All that an output may show unless the host says more.
OUTPUTS = {"output motor": {"line": "sim:motor", "kind": "motor", "tick": "20ms",
                            "on": "sensed, accepted, seen, safe, help, no-path, trouble, lockdown, all-clear"},
           "output lamp": {"line": "sim:lamp", "on": "seen, safe, help, no-path, trouble, all-clear"}}


def test_the_wire_looks_the_same_with_and_without_an_alert():
    with Kiosk(conf={**FAST, **OUTPUTS, "kiosk": {"cover": "yes"}}) as kiosk:
        tap = Tap(kiosk.brokers[0].port)
        kiosk.change({"broker b0": {"port": tap.port}})
        kiosk.start()
        member, staff, wires = kiosk.member(), kiosk.member("staff"), kiosk.wires()
        time.sleep(SLOT_S)
        calm = time.monotonic_ns()
        time.sleep(5 * SLOT_S)
        pressed = time.monotonic_ns()
        wires.hold(0.4)
        time.sleep(0.3)
        wires.presses(6, on=0.05, off=0.05)
        wires.set("entrance", True)
        member.wait("lockdown", "alert")
        staff.wait("duress", "notice")
        staff.wait("duress", "staff")
        staff.wait("state", "state", state="lockdown", unconfirmed=True)
        time.sleep(max(0.0, 5 * SLOT_S - (time.monotonic_ns() - pressed) / 1e9))
        before = publications(slots_of(tap, calm, pressed))
        # From two slots before: the one in which the switch was pressed counts.
        after = publications(slots_of(tap, pressed - 2 * SLOT_NS, time.monotonic_ns()))
        assert len(before) >= 3 and len(after) >= 3
        assert len({tuple(s) for s in before}) == 1, before
        assert {tuple(s) for s in after} == {tuple(before[0])}, (before[0], after)
        tap.close()


def test_without_cover_the_same_measure_sees_the_alert():
    with Kiosk(conf=FAST) as kiosk:
        tap = Tap(kiosk.brokers[0].port)
        kiosk.change({"broker b0": {"port": tap.port}, "timing": {"beat": "2s", "state": "1min"}})
        kiosk.start()
        time.sleep(SLOT_S)
        calm = time.monotonic_ns()
        time.sleep(5 * SLOT_S)
        pressed = time.monotonic_ns()
        kiosk.wires().hold(0.4)
        time.sleep(5 * SLOT_S)
        before = publications(slots_of(tap, calm, pressed))
        after = publications(slots_of(tap, pressed - 10**9, time.monotonic_ns()))
        assert {tuple(s) for s in after} != {tuple(s) for s in before}
        tap.close()
