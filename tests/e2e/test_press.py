"""A press, carried through the whole house to a member's phone over TLS."""

import time

import pytest

from tests.kit import wait
from tests.kit.kiosk import FAST, Kiosk

# A train that is to be one of its own begins after the gap of the one before.
GAP_S = 0.2


def test_a_hold_reaches_the_member_as_one_lockdown(kiosk):
    kiosk.start()
    member, wires = kiosk.member(), kiosk.wires()
    began = time.monotonic()
    wires.hold(0.4)
    got = member.wait("lockdown", "alert")
    assert len(got.wire) == 768
    assert not got.retained
    assert got.aged_since(began)
    assert got.body["drill"] is False and got.body["resumed"] is False
    member.wait("state", "state", state="lockdown", id=got.body["id"])
    wait.never(lambda: len(member.all("lockdown", "alert")) > 1, "a second alert", 0.5)


def test_two_presses_are_a_caution_and_the_code_takes_nothing_back(kiosk):
    kiosk.start()
    member, wires = kiosk.member(), kiosk.wires()
    wires.presses(2, on=0.05, off=0.05)
    caution = member.wait("caution", "alert")
    wires.presses(5, on=0.05, off=0.05)
    clear = member.wait("all-clear", "alert")
    assert clear.body["id"] == caution.body["id"]
    assert clear.body["detail"] == "unconfirmed"
    member.wait("state", "state", state="caution", unconfirmed=True)
    assert kiosk.status()["state"] == "quiet"
    assert kiosk.staff_command("abort").returncode == 0
    member.wait("state", "state", state="quiet")


def test_one_short_press_is_nothing(kiosk):
    kiosk.start()
    member, wires = kiosk.member(), kiosk.wires()
    wires.press(on=0.05)
    wait.never(lambda: member.all(topic="alert"), "an alert", 1)


def test_the_code_in_a_lockdown_is_not_confirmed(kiosk):
    kiosk.start()
    member, wires = kiosk.member(), kiosk.wires()
    wires.hold(0.4)
    member.wait("lockdown", "alert")
    wait.until(lambda: kiosk.status()["state"] == "lockdown", "lockdown on site")
    time.sleep(GAP_S)
    wires.presses(5, on=0.05, off=0.05)
    member.wait("all-clear", "alert", detail="unconfirmed")
    assert kiosk.status()["state"] == "quiet"
    member.wait("state", "state", state="lockdown", unconfirmed=True)


def test_another_count_is_duress_and_looks_like_the_code_but_to_staff(kiosk):
    kiosk.start()
    member, staff, wires = kiosk.member(), kiosk.member("staff"), kiosk.wires()
    wires.hold(0.4)
    member.wait("lockdown", "alert")
    time.sleep(GAP_S)
    wires.presses(6, on=0.05, off=0.05)
    staff.wait("duress", "notice")
    staff.wait("duress", "staff")
    assert kiosk.status()["state"] == "quiet"
    member.wait("all-clear", "alert", detail="unconfirmed")
    assert "duress" not in str([r.body for r in member.received])


def test_plain_is_bare_json_that_any_mqtt_app_reads():
    with Kiosk(conf=FAST, plain=True) as kiosk:
        kiosk.start()
        member = kiosk.member()
        kiosk.wires().hold(0.4)
        got = member.wait("lockdown", "alert")
        assert got.wire.startswith(b"{") and got.wire.endswith(b"}")
        member.wait("state", "state", state="lockdown")


def test_the_state_is_retained_for_whoever_comes_late(kiosk):
    kiosk.start()
    member, wires = kiosk.member(), kiosk.wires()
    wires.hold(0.4)
    member.wait("lockdown", "alert")
    member.wait("state", "state", state="lockdown")
    late = kiosk.member("staff")
    got = late.wait("state", "state")
    assert got.retained and got.body["state"] == "lockdown"
    assert late.wait("online", "presence").retained
    assert not late.all(topic="alert")


def test_the_will_speaks_for_a_kiosk_that_was_killed(kiosk):
    kiosk.start()
    member = kiosk.member()
    member.wait("online", "presence")
    member.wait("beat")
    kiosk.daemon.kill()
    member.wait("lost", "presence")


# What each broker is given because of one press, in the order of the names. Version 0.1.0 sent alert and state, in
# a plain venue the text too, and the code the same.
COSTS = {("sealed", "lockdown"): ["alert", "ring", "staff", "state"],
         ("sealed", "caution"): ["alert", "ring", "staff", "state"],
         ("sealed", "code"): ["alert", "notice", "ring", "staff", "state"],
         ("plain", "lockdown"): ["alert", "presence", "ring", "state", "text"],
         ("plain", "code"): ["alert", "presence", "state"]}


def press_it(kiosk, member, what):
    wires = kiosk.wires()
    before = len(member.all(topic="alert"))
    {"lockdown": lambda: wires.hold(0.4), "caution": lambda: wires.presses(2, on=0.05, off=0.05),
     "code": lambda: wires.presses(5, on=0.05, off=0.05)}[what]()
    member.wait(topic="alert", count=before + 1)


@pytest.mark.parametrize("form, what", COSTS)
def test_a_press_costs_each_broker_at_most_two_packets_more_than_0_1_0(form, what):
    """The alert and the state, as ever; for relays whom they ring; for staff where it was pressed, and for plain apps
    that the kiosk is there. Only the code, which begins no alert, costs one more. Beats, and what phones ask, come by
    the clock."""
    slow = {**FAST, "timing": {"state": "1min", "state_alert": "1min", "beat": "2s"}}
    with Kiosk(conf=slow, plain=form == "plain", brokers=2) as kiosk:
        if form == "sealed":
            kiosk.staff_phone()
        kiosk.start()
        spies = [kiosk.spy(["#"], broker=i) for i in range(2)]
        member = kiosk.member()
        if what == "code":
            press_it(kiosk, member, "lockdown")
        # Of a broker that was slow to answer at first, staff learn by a notice that is not this press's.
        wait.until(lambda: not any(b["lost"] for b in kiosk.status()["brokers"]), kiosk.status)
        member.wait("beat", count=len(member.all("beat")) + 2)
        before = [len(spy.received) for spy in spies]
        press_it(kiosk, member, what)
        member.wait("beat", count=len(member.all("beat")) + 3)
        for spy, seen in zip(spies, before):
            said = [r.topic for r in spy.received[seen:] if r.topic != "beat" and "/" not in r.topic]
            assert sorted(said) == COSTS[form, what]


def test_staff_phones_get_the_counts_with_the_first_answer_and_with_each_repetition():
    """That nobody has answered yet is worth no packet of its own."""
    with Kiosk(conf={**FAST, "timing": {"state": "1min", "state_alert": "1min", "beat": "1s"}}) as kiosk:
        kiosk.start()
        staff, member = kiosk.member("staff"), kiosk.member()
        kiosk.wires().hold(0.4)
        alert = member.wait("lockdown", "alert").body
        member.wait("beat", count=len(member.all("beat")) + 2)
        assert not staff.all("counts", "notice", id=alert["id"])
        member.answer(alert["id"])
        assert staff.wait("counts", "notice", id=alert["id"]).body["seen"] == 1
