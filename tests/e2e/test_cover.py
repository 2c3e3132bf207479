"""With cover, whoever watches the wire sees the same packets in the same slots, alert or not."""

import time
from collections import Counter

from tests.kit import wait
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


def crowd(operator, tap, phones, alert):
    """Every phone opens its page three times, and answers the alert if there is one: what the kiosk sends
    meanwhile, {length: how often}, from the middle of one slot to the middle of another."""
    operator.wait(topic="beat", count=len(operator.all(topic="beat")) + 1)
    time.sleep(SLOT_S / 2)
    began = time.monotonic_ns()
    for phone in phones:
        for n in range(3):
            hashed = phone.subscribed(f"{alert} {n}".encode())
            operator.wait("vouched", f"wake/{phone.account}", hash=hashed)
        for kind in ("seen", "help", "safe") if alert else ():
            phone.answer(alert, kind)
    answered = time.monotonic_ns()
    took = SLOT_NS * (2 + (answered - began) // SLOT_NS)
    time.sleep(max(0.0, (began + took - time.monotonic_ns()) / 1e9))
    return Counter(length for _, length in tap.since(began, "up", began + took) if length > 200)


def test_a_crowd_gets_the_same_in_quiet_and_in_an_alert_and_changes_no_slot():
    """That phones write shows on the wire, whatever a kiosk does. What it sends because of that shows nothing
    more: a packet for each page that is opened, in every state, and none for an answer."""
    with Kiosk(conf={**FAST, **OUTPUTS, "kiosk": {"cover": "yes"}}) as kiosk:
        tap = Tap(kiosk.brokers[0].port)
        kiosk.change({"broker b0": {"port": tap.port}})
        kiosk.start()
        member, staff, operator = kiosk.member(), kiosk.member("staff"), kiosk.spy(["beat", "wake/+"])
        time.sleep(SLOT_S)
        calm = time.monotonic_ns()
        time.sleep(4 * SLOT_S)
        slot = Counter(publications(slots_of(tap, calm, time.monotonic_ns()))[0])
        sent = [crowd(operator, tap, [member, staff], None)]
        kiosk.wires().hold(0.4)
        alert = member.wait("lockdown", "alert").body["id"]
        sent.append(crowd(operator, tap, [member, staff], alert))
        wait.until(lambda: kiosk.status()["help"] == 0 and kiosk.status()["safe"] == 2, kiosk.status)
        for all_ in sent:
            slots = {all_[length] / often for length, often in slot.items()}
            more = {length: often for length, often in all_.items() if length not in slot}
            assert len(slots) == 1 and slots.pop() >= 2, (slot, all_)
            assert list(more.values()) == [6], (slot, all_)
        assert len({frozenset(all_.keys()) for all_ in sent}) == 1, sent
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
