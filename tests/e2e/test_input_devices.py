"""Buttons without wires: keys of input devices, which the kernel's side of is played by
tests/kit/input_devices.c."""

import signal
import time

import pytest

from tests.kit import wait
from tests.kit.doctor import ask
from tests.kit.input_devices import PRESSED, RELEASED, Device, start
from tests.kit.kiosk import FAST, Kiosk
from tests.kit.preload import library

REMOTE = {"switch front": {**FAST["switch front"], "line": "key:AB Shutter3:KEY_VOLUMEUP"},
          "door entrance": None}


class Venue:
    def __init__(self, conf=None, **device):
        self.kiosk = Kiosk(conf={**REMOTE, **(conf or {})}).__enter__()
        self.device = Device(self.kiosk.prefix, **device) if device is not None else None

    def start(self):
        start(self.kiosk)
        self.staff = self.kiosk.member("staff")
        return self

    def input(self):
        return next(i for i in self.kiosk.status()["inputs"] if i["name"] == "front")

    def wait_good(self):
        wait.until(lambda: self.input()["fault"] is None, lambda: f"the button: {self.input()}")

    def wait_gone(self):
        wait.until(lambda: "it is gone" in (self.input()["fault"] or ""),
                   lambda: f"the button: {self.input()}")

    def alarms(self, device=None):
        """A hold of the button is a lockdown."""
        (device or self.device).hold(0.4)
        self.staff.wait("lockdown", "alert")

    def said_nothing(self, seconds=1.0):
        wait.never(lambda: self.staff.all(topic="alert"), "an alert", seconds)


@pytest.fixture
def venue():
    made = []

    def make(conf=None, **device):
        made.append(Venue(conf, **device))
        return made[-1]

    yield make
    for v in made:
        v.kiosk.close()


def test_a_hold_with_its_repeats_is_one_lockdown(venue):
    v = venue().start()
    assert v.device.grabbed == v.kiosk.daemon.popen.pid, "nobody else sees the key"
    v.device.hold(0.5)
    v.staff.wait("lockdown", "alert")
    time.sleep(0.3)
    assert len(v.staff.all("lockdown", "alert")) == 1


def test_two_presses_are_a_caution_and_other_keys_are_none(venue):
    v = venue(keys=("KEY_VOLUMEUP", "KEY_A")).start()
    v.device.key(PRESSED, "KEY_A")
    v.device.key(RELEASED, "KEY_A")
    v.device.train(2, on=0.08, off=0.08)
    assert v.staff.wait("caution", "alert").body["detail"] is None


def test_any_of_several_keys_is_the_button(venue):
    keys = ("KEY_F5", "KEY_ESC")
    v = venue({"switch front": {**REMOTE["switch front"], "line": "key:R400:KEY_F5+KEY_ESC"}},
              name="R400", keys=keys).start()
    for key in keys:
        v.device.key(PRESSED, key)
        time.sleep(0.08)
        v.device.key(RELEASED, key)
        time.sleep(0.08)
    v.staff.wait("caution", "alert")


def test_a_very_short_press_counts(venue):
    v = venue().start()
    v.device.train(2, on=0.002, off=0.08)
    v.staff.wait("caution", "alert")


def test_lost_events_are_made_up_for(venue):
    v = venue().start()
    v.device.key(PRESSED)
    time.sleep(0.05)
    v.device.lose(down=[])  # the release is among what was lost
    v.said_nothing(0.8)
    v.device.lose(down=["KEY_VOLUMEUP"])  # a press was
    v.staff.wait("lockdown", "alert")


@pytest.mark.parametrize("released", [False, True], ids=["at once", "after its release"])
def test_a_device_that_goes_while_pressed_is_a_fault_and_no_press(venue, released):
    v = venue().start()
    v.device.key(PRESSED)
    time.sleep(0.08)
    v.device.key(RELEASED)
    time.sleep(0.08)
    v.device.key(PRESSED)  # two of these would be a caution
    time.sleep(0.08)
    if released:
        v.device.key(RELEASED)
    v.device.unplug()
    v.staff.wait("fault", detail="button-gone")
    v.wait_gone()
    assert "front" in v.kiosk.cli("status").stdout
    v.said_nothing(0.8)
    v.device.plug()
    v.staff.wait("fault", detail="button-good")
    v.alarms()


def test_a_button_that_is_missing_at_the_start_works_as_soon_as_it_comes(venue):
    v = venue()
    v.device.unplug()
    v.start()
    v.wait_gone()
    v.device.plug()
    v.wait_good()
    v.alarms()


def test_the_press_that_wakes_a_button_counts(venue):
    v = venue().start()
    v.device.unplug()
    v.wait_gone()
    v.device.plug(down=["KEY_VOLUMEUP"])
    v.staff.wait("lockdown", "alert")


def test_a_press_that_lasts_over_a_loss_is_a_fault(venue):
    v = venue().start()
    v.device.key(PRESSED)
    time.sleep(0.05)
    v.device.unplug()
    v.wait_gone()
    v.device.plug(down=["KEY_VOLUMEUP"])
    v.staff.wait("fault", detail="found")
    v.said_nothing(0.8)
    v.device.key(RELEASED)
    v.staff.wait("fault", detail="freed")
    v.alarms()


def test_found_again_by_name_under_another_number(venue):
    v = venue().start()
    v.device.unplug()
    v.wait_gone()
    Device(v.kiosk.prefix, name="Keyboard", keys=("KEY_A",), number=0)
    again = Device(v.kiosk.prefix, number=7)
    v.wait_good()
    v.alarms(again)


def test_two_of_one_name_are_told_apart_by_what_is_their_own(venue):
    v = venue({"switch front": {**REMOTE["switch front"],
                                "line": "key:20:73:5c:aa:00:01:KEY_VOLUMEUP"}},
              uniq="20:73:5c:aa:00:01")
    other = Device(v.kiosk.prefix, number=1, uniq="20:73:5c:aa:00:02")
    v.start()
    v.wait_good()
    assert v.device.grabbed and not other.grabbed
    v.kiosk.change({"switch front": {"line": "key:AB Shutter3:KEY_VOLUMEUP"}})
    v.kiosk.daemon.signal(signal.SIGHUP)
    wait.until(lambda: "event0, event1 share that name" in v.kiosk.daemon.said(),
               v.kiosk.daemon.said)
    wait.until(lambda: v.kiosk.status()["faults"], "the line of the new config as a fault")
    v.alarms()


def test_a_key_that_the_device_lacks_is_named(venue):
    v = venue(keys=("KEY_A",))
    v.start()
    assert "has no such key" in v.kiosk.daemon.said()
    assert v.input()["fault"]


def test_a_low_battery_is_reported_once_and_shown(venue):
    v = venue(battery=9).start()
    v.staff.wait("fault", detail="button-battery", within=15)
    shown = v.input()
    assert shown["battery"] == 9 and "battery is low" in shown["fault"]
    v.alarms()
    assert len(v.staff.all("fault", detail="button-battery")) == 1


def test_a_thousand_presses(venue):
    """As code after code: none is lost, and none is invented, or a code would be another count."""
    conf = {"switch front": {**REMOTE["switch front"], "release": "5ms", "gap": "100ms",
                             "code": "10"}}
    v = venue(conf).start()
    for _ in range(100):
        v.device.train(10, on=0.004, off=0.012)
        time.sleep(0.15)
    def codes():
        return len(v.staff.all("code", "notice"))
    wait.until(lambda: codes() == 100, lambda: f"a hundred codes, not {codes()}")
    assert not v.staff.all("duress")
    v.said_nothing(0.3)


def test_doctor_tells_a_button_that_is_gone_from_one_that_may_not_be_opened(venue):
    v = venue().start()
    before = ["env", f"LD_PRELOAD={library('input_devices')}"]
    found = ask(v.kiosk.prefix, before)["line"]
    assert found["front"].verdict == "ok" and "chips" not in found
    v.device.unplug()
    v.wait_gone()
    found = ask(v.kiosk.prefix, before)["line"]["front"]
    assert found.verdict == "failure" and "no button of that name is connected" in found.said
    v.kiosk.daemon.stop()
    v.device.plug()
    assert "not pressed" in ask(v.kiosk.prefix, before)["line"]["front"].said
