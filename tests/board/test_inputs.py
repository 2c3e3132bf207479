"""Real lines, every gesture: what a hand does at the wires, and what phones receive."""

import random
import time

import pytest

from tests.board.venue import BACK, BACK_OTHER, DOOR, SWITCH
from tests.kit import wait


@pytest.fixture(scope="module")
def booted(venues):
    venue = venues()
    venue.boot()
    return venue


def test_two_presses_are_a_caution(venue):
    phone = venue.member()
    venue.presses(2)
    assert phone.wait("caution", within=60).body["detail"] is None
    assert not phone.all("lockdown")


def test_code_takes_a_caution_back(venue):
    phone = venue.member()
    venue.presses(2)
    phone.wait("caution", within=60)
    time.sleep(1.5)
    venue.presses(5)
    phone.wait("all-clear", within=60)
    venue.wait_status(lambda s: s["state"] == "quiet")


def test_code_in_a_lockdown_is_not_confirmed(venue):
    phone = venue.member()
    venue.press(2.5)
    phone.wait("lockdown", within=60)
    time.sleep(1)
    venue.presses(5)
    assert venue.wait_status(lambda s: s["on_site"] == "quiet")["state"] == "quiet"
    wait.until(lambda: any(r.body and r.body.get("unconfirmed") for r in phone.all("state")),
               lambda: "the state says unconfirmed", 20)


def test_duress_looks_like_the_code_on_site(venue):
    staff = venue.member("staff")
    venue.press(2.5)
    staff.wait("lockdown", within=60)
    time.sleep(1)
    venue.presses(6)
    staff.wait("duress", within=60)
    found = venue.wait_status(lambda s: s["on_site"] == "quiet")
    assert found["state"] == "quiet" and "duress" not in str(found)
    assert not staff.all("all-clear")


def test_door_held_open_reaches_staff_alone(venue):
    staff, phone = venue.member("staff"), venue.member()
    venue.board.wires.set(DOOR, 1)
    staff.wait(topic="notice", within=60)
    venue.board.wires.set(DOOR, 0)
    assert not [r for r in phone.received if r.topic == "notice"]
    assert not phone.all("lockdown") + phone.all("caution")


def interrupts(venue):
    """How often the kernel was notified of an edge by the GPIO controller."""
    return sum(int(count) for line in venue.board.run("grep pl061 /proc/interrupts").splitlines()
               for count in line.split()[1:3])


def test_bounce_and_noise_are_no_press(venue):
    """Seeded contact bounce: bursts of pulses shorter than the debounce time, for 20 s."""
    phone = venue.member()
    chance = random.Random(88)
    before = interrupts(venue)
    end = time.monotonic() + 20
    while time.monotonic() < end:
        for _ in range(chance.randrange(1, 12)):
            venue.board.wires.set(SWITCH, 0)
            venue.board.wires.set(SWITCH, 1)
        time.sleep(chance.uniform(0.02, 0.4))
    time.sleep(2)
    assert interrupts(venue) - before >= 50, "the noise did not reach the lines"
    assert not phone.all("lockdown") + phone.all("caution")
    assert venue.status()["state"] == "quiet"
    venue.press(2.5)
    phone.wait("lockdown", within=60)


def test_press_through_a_bouncing_contact_is_one_alert(venue):
    phone = venue.member()
    for level in (0, 1) * 6:
        venue.board.wires.set(SWITCH, level)
    venue.press(2.5)
    for level in (0, 1) * 6:
        venue.board.wires.set(SWITCH, level)
    phone.wait("lockdown", within=60)
    time.sleep(3)
    assert len({a.body["id"] for a in phone.all("lockdown")}) == 1
    assert not phone.all("caution")


@pytest.mark.parametrize("levels", [(1, 1), (0, 0)], ids=["cut", "shorted"])
def test_supervised_pair_at_fault_is_reported_and_no_press(venue, levels):
    staff = venue.member("staff")
    venue.board.wires.set(BACK, levels[0])
    venue.board.wires.set(BACK_OTHER, levels[1])
    fault = staff.wait("fault", within=60)
    assert fault.body["detail"]
    venue.wait_status(lambda s: any(i["name"] == "back" and i["fault"] for i in s["inputs"]))
    assert not staff.all("lockdown") + staff.all("caution")
    venue.board.wires.set(BACK, 1)
    venue.board.wires.set(BACK_OTHER, 0)
    venue.wait_status(lambda s: not any(i["fault"] for i in s["inputs"]))


def test_supervised_pair_alerts(venue):
    phone = venue.member()
    venue.board.wires.set(BACK_OTHER, 1)
    venue.board.wires.set(BACK, 0)
    phone.wait("lockdown", within=60)
    venue.board.wires.set(BACK, 1)
    venue.board.wires.set(BACK_OTHER, 0)


def test_switch_held_at_boot_is_a_fault_until_released(booted):
    booted.reset()
    phone = booted.member("staff")
    booted.board.cut_power()
    booted.boot(levels={SWITCH: 0})
    booted.wait_status(lambda s: any(i["name"] == "front" and i["fault"] for i in s["inputs"]))
    assert booted.status()["state"] == "quiet"
    booted.board.wires.set(SWITCH, 1)
    booted.wait_status(lambda s: not any(i["fault"] for i in s["inputs"]))
    assert not phone.all("lockdown") + phone.all("caution")
    booted.press(2.5)
    phone.wait("lockdown", within=60)
