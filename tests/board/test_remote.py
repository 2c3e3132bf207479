"""A Bluetooth remote by the real kernel's /dev/uhid: its battery runs low, it dies while it is pressed."""

import time

import pytest

from tests.board.test_package import bytes_of
from tests.board.test_usb_button import remote
from tests.board.venue import SWITCH
from tests.kit import wait

CODE = 9
NAME = "Porchlight test remote"
SLOW = {"gap": "1500ms", "press_max": "2s", "hold": "3s", "wipe_hold": "0", "code": str(CODE)}
CONF = {"switch front": SLOW, "switch remote": {"line": f"key:{NAME}:KEY_A", **SLOW}}


@pytest.fixture(scope="module")
def booted(venues):
    script = bytes_of(__file__.replace("test_remote.py", "remote.pl"))
    venue = venues(conf=CONF, files={"/root/remote.pl": (script, 0o644)})
    venue.boot()
    venue.board.run("modprobe uhid; mkfifo -m 600 /run/remote")
    return venue


def order(venue, text):
    venue.board.run(f"echo {text} >/run/remote")


def pair(venue):
    """A remote of this board, new or back; gives nothing until the kiosk has it."""
    venue.board.run("systemctl stop remote.service 2>/dev/null; "
                    f"systemd-run -q --collect -u remote.service perl /root/remote.pl '{NAME}'")
    venue.wait_status(lambda s: remote(s)["fault"] is None, 120)


def test_battery_of_the_remote_is_reported_low(venue):
    pair(venue)
    staff = venue.member("staff")
    order(venue, "battery 9")
    capacity = "cat /sys/class/power_supply/hid-*/capacity"
    venue.board.wait_for(f"test $({capacity}) = 9", 60)
    venue.board.run("systemctl restart porchlightd")  # it asks every ten minutes, and at its start
    staff.wait("fault", within=120, detail="button-battery", where="remote")
    order(venue, "battery 90")


def test_remote_that_dies_while_it_is_pressed_is_a_fault_and_no_press(venue):
    pair(venue)
    staff = venue.member("staff")
    order(venue, "down")
    time.sleep(1)
    venue.board.run("systemctl kill -s KILL remote.service")
    staff.wait("fault", within=60, detail="button-gone", where="remote")
    wait.never(lambda: staff.all(topic="alert"), "an alert", 8)
    pair(venue)
    order(venue, "down")
    staff.wait("lockdown", within=60)
    order(venue, "up")


def test_wire_works_beside_it(venue):
    phone = venue.member()
    venue.press(4, SWITCH)
    phone.wait("lockdown", within=60)
