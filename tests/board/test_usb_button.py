"""A button without wires by the real kernel: a USB keyboard that is plugged, unplugged, and dies."""

import time

import pytest

from tests.kit import wait

KEYBOARD = {"switch remote": {"line": "key:QEMU QEMU USB Keyboard:KEY_A", "gap": "1s",
                              "press_max": "2s", "hold": "3s", "wipe_hold": "0"}}


@pytest.fixture(scope="module")
def booted(venues):
    venue = venues(conf=KEYBOARD)
    venue.boot()
    return venue


def remote(status):
    return next(i for i in status["inputs"] if i["name"] == "remote")


def plug(venue):
    venue.board.plug_keyboard()
    venue.wait_status(lambda s: remote(s)["fault"] is None, 120)


def press(venue, seconds):
    venue.board.key("a", True)
    time.sleep(seconds)
    venue.board.key("a", False)


def test_it_is_missing_at_the_start_and_works_once_it_is_plugged_in(venue):
    venue.wait_status(lambda s: "it is gone" in (remote(s)["fault"] or ""))
    phone = venue.member()
    plug(venue)
    node = venue.board.run("grep -l 'QEMU USB Keyboard' /sys/class/input/event*/device/name"
                           " | cut -d/ -f5").strip()
    assert venue.board.run(f"stat -c %U:%a /dev/input/{node}").strip() == "porchlight:600"
    press(venue, 5)
    phone.wait("lockdown", within=60)


def test_unplugged_while_it_is_pressed_is_a_fault_and_no_press(venue):
    staff = venue.member("staff")
    venue.board.key("a", True)
    time.sleep(1)
    venue.board.unplug()
    staff.wait("fault", within=60, detail="button-gone")
    wait.never(lambda: staff.all(topic="alert"), "an alert", 8)
    plug(venue)
    press(venue, 5)
    staff.wait("lockdown", within=60)


def test_two_presses_are_a_caution(venue):
    phone = venue.member()
    for _ in range(2):
        press(venue, 0.3)
        time.sleep(0.3)
    alert = phone.wait("caution", within=60).body["id"]
    wait.never(lambda: phone.all("lockdown") or {a.body["id"] for a in phone.all("caution")} - {alert},
               "another alert", 2)


def test_input_devices_are_allowed_because_the_config_has_one(venue):
    allowed = venue.board.run("systemctl show -p DeviceAllow porchlightd")
    assert "char-input r" in allowed
