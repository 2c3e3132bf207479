"""The header of a Raspberry Pi, by gpio-sim in the board's own kernel: labels and names as Debian's device
tree has them, lines that others hold, a chip that vanishes, bias, debouncing in the kernel, outputs, a chip of chips."""

import contextlib
import time

import pytest

from tests.board.modules import modules
from tests.board.test_package import bytes_of
from tests.board.venue import SWITCH
from tests.kit import wait

FRONT, FOURTH, DOOR, LAMP = 17, 4, 22, 27
PULLED_UP = {"bias": "pull-up", "active": "low"}


def pi_lines():
    """Where the kernel's device tree names a line otherwise, GPIO4 is the header's line 4 all the same."""
    return {"switch front": {"line": "GPIO17", **PULLED_UP},
            "switch back": {"line": "GPIO4", "other_line": None, **PULLED_UP},
            "switch open": {"line": "GPIO13", **PULLED_UP},
            "switch wall": {"line": f"gpiochip0:{SWITCH}", **PULLED_UP},
            "door entrance": {"line": f"pinctrl-bcm2711:{DOOR}", **PULLED_UP, "active": "high"},
            "output motor": {"line": f"GPIO{LAMP}", "kind": "motor", "on": "lockdown: steady"}}


@pytest.fixture(scope="module")
def booted(venues):
    from tests.board.conftest import SUITE
    made = {f"/root/{name}.ko": (data, 0o644) for name, data in modules(SUITE).items()}
    script = bytes_of(__file__.replace("test_pi_header.py", "pi.sh"))
    venue = venues(conf=pi_lines(), files={**made, "/root/pi.sh": (script, 0o755)})
    venue.boot(armed=False)
    venue.board.run("/root/pi.sh load /root && /root/pi.sh make")
    for line, up in ((FRONT, True), (FOURTH, True), (DOOR, False)):
        pull(venue, line, up)
    return venue


def pull(venue, line, up):
    venue.board.run(f"/root/pi.sh pull {line} {'up' if up else 'down'}")


def press(venue, line):
    pull(venue, line, False)
    time.sleep(2.5)
    pull(venue, line, True)


def faults_of(status):
    return sorted(one["name"] for one in status["inputs"] + status["outputs"] if one["fault"])


def all_there(venue):
    venue.wait_status(lambda s: not faults_of(s), 120)


@pytest.mark.parametrize("line, name", [(FRONT, "front"), (FOURTH, "back")])
def test_a_press_by_the_names_of_a_pi(venue, line, name):
    all_there(venue)
    staff = venue.member("staff")
    press(venue, line)
    staff.wait("lockdown", within=60)
    wait.until(lambda: any(r.body and r.body.get("where") == name for r in staff.all(topic="staff")),
               lambda: [r.body for r in staff.all(topic="staff")])


def test_an_output_is_read_from_outside(venue):
    all_there(venue)
    assert venue.board.run(f"/root/pi.sh see {LAMP}").strip() == "0"
    phone = venue.member()
    press(venue, FRONT)
    phone.wait("lockdown", within=60)
    venue.board.wait_for(f"test $(/root/pi.sh see {LAMP}) = 1", 30)


def test_the_kiosk_pulls_its_lines_and_has_the_kernel_debounce_them(venue):
    """Nothing else pulls GPIO13 up: the wire is open. libgpiod 1 has no debouncing in the kernel."""
    all_there(venue)
    assert venue.board.run("/root/pi.sh see 13").strip() == "1"
    said = venue.board.run("gpioinfo | grep GPIO13")
    words = ('"porchlight switch open"', "active-low", "[used pull-up]") if has_gpiod1(venue) else (
        'consumer="porchlight switch open"', "active-low", "bias=pull-up", "edges=both", "debounce-period=7500us")
    for word in words:
        assert word in said, said


def has_gpiod1(venue):
    return venue.suite == "bookworm"


@contextlib.contextmanager
def by_a_program(venue):
    """libgpiod 1's gpiomon takes a chip and an offset, and has no name but its own. The screen would have
    porchlightd started again, by its socket."""
    holder, line = ("gpiomon", "$(gpiofind GPIO17)") if has_gpiod1(venue) else ("neighbour", "-C neighbour GPIO17")
    venue.board.run("systemctl stop porchlight-screen porchlightd")
    venue.board.run(f"systemd-run -q --collect -u neighbour gpiomon {line}")
    venue.board.wait_for(f"gpioinfo | grep GPIO17 | grep -q {holder}", 60)
    venue.board.run("systemctl start porchlightd porchlight-screen")
    try:
        yield holder
    finally:
        venue.board.run("systemctl stop neighbour")


@contextlib.contextmanager
def by_a_driver(venue):
    venue.board.run(f"/root/pi.sh gone; /root/pi.sh make {FRONT} neighbour")
    try:
        yield "neighbour"
    finally:
        venue.board.run("/root/pi.sh gone; /root/pi.sh make")


@pytest.mark.parametrize("held", [by_a_program, by_a_driver])
def test_a_line_that_others_hold_is_a_fault_that_names_them(venue, held):
    all_there(venue)
    venue.board.run("journalctl -q -n 1 --cursor-file=/run/said")  # from here on
    with held(venue) as holder:
        words = f"line GPIO17 is in use by {holder}"
        venue.wait_status(lambda s: faults_of(s) == ["front"] and words in s["inputs"][0]["fault"], 120)
        venue.board.wait_for("journalctl -q --no-pager -o cat --after-cursor=\"$(cat /run/said)\" -u porchlightd"
                             f" | grep 'front: {words}'", 60)
        assert words in venue.board.call("porchlight doctor --json")[1]
    all_there(venue)
    phone = venue.member()
    press(venue, FRONT)
    phone.wait("lockdown", within=60)


def test_a_chip_that_vanishes_while_its_switch_is_pressed_is_a_fault_and_no_press(venue):
    all_there(venue)
    staff = venue.member("staff")
    pull(venue, FRONT, False)
    venue.board.run("/root/pi.sh gone")
    staff.wait("fault", within=60, where="front")
    venue.wait_status(lambda s: faults_of(s) == ["back", "entrance", "front", "motor", "open"], 60)
    wait.never(lambda: staff.all(topic="alert"), "an alert", 5)
    venue.press(2.5)  # the switch on the other chip
    staff.wait("lockdown", within=60)
    venue.board.run("/root/pi.sh make")
    all_there(venue)
    venue.board.wait_for(f"test $(/root/pi.sh see {LAMP}) = 1", 30)


def test_a_chip_of_other_chips_lines(booted):
    """gpio-aggregator, as for a container that is given two lines of the header."""
    booted.board.run("cd /sys/bus/platform/drivers/gpio-aggregator && echo 'pinctrl-bcm2711 20,21' >new_device")
    booted.board.run("sed -i 's/line = GPIO17$/line = gpio-aggregator.0:1/' /etc/porchlight/porchlight.conf")
    booted.reset()
    phone = booted.member()
    all_there(booted)
    press(booted, 21)
    phone.wait("lockdown", within=60)
