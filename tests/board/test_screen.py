"""The monitor: what a stranger sees of an alert, and one that is plugged in after the boot."""

import time

import pytest

from tests.board import screen
from tests.board.venue import SWITCH
from tests.kit import wait


@pytest.fixture(scope="module")
def venue(venues):
    """Its monitor is not plugged in when it boots."""
    venue = venues(display=True, monitor=False, conf={"screen": {"languages": "en"}})
    venue.boot()
    return venue


def status_of_connector(venue):
    """The driver of the emulated display looks only when it is asked to."""
    return venue.board.run("cd /sys/class/drm/card*-*/ && echo detect >status; cat status").strip()


def test_alarm_without_a_monitor(venue):
    assert status_of_connector(venue) == "disconnected"
    for unit in ("porchlightd", "porchlight-screen"):
        venue.board.wait_for(f"systemctl is-active {unit}")
    phone = venue.member()
    venue.press(2.5)
    phone.wait("lockdown", within=60)
    venue.reset()


def test_monitor_plugged_in_later_shows_the_picture(venue):
    venue.board.monitor(True)
    wait.until(lambda: status_of_connector(venue) == "connected", "the monitor", 240, every=0.5)
    shots = screen.Shots(venue.board, venue.folder)
    shots.wait_picture()
    assert venue.board.run("systemctl is-active porchlight-screen").strip() == "active"


def wait_early_in_a_minute(venue):
    """Its clock's digits change with the minute, cue or no cue; until :50 they will not."""
    wait.until(lambda: 5 <= int(venue.board.run("date +%S")) <= 12, "a minute that begins", 120,
               every=1)


def test_same_to_a_stranger(venue, record_property):
    """Across a press, its acceptance and what a phone answered, no block of the picture changes more
    within two seconds than some block does by itself, give or take what a level is rounded by."""
    shots = screen.Shots(venue.board, venue.folder)
    shots.wait_picture()
    time.sleep(30)  # a picture that has just come is still fading in
    phone = venue.member()
    wait_early_in_a_minute(venue)
    own = screen.most_change(shots.series(15))
    venue.board.wires.set(SWITCH, 0)
    series = shots.series(3)
    venue.board.wires.set(SWITCH, 1)
    phone.answer(phone.wait("lockdown", within=60).body["id"])
    series += shots.series(12)
    status = venue.status()
    assert status["state"] == "lockdown" and status["seen"] == 1
    found = screen.most_change(series)
    record_property("own drift", f"{own:.2f}")
    record_property("across the alert", f"{found:.2f}")
    assert found <= 1.5 * own + 2


def test_monitor_pulled_and_plugged_again(venue):
    venue.board.monitor(False)
    wait.until(lambda: status_of_connector(venue) == "disconnected", "no monitor", 240, every=0.5)
    assert venue.status()["state"] == "lockdown"
    venue.board.monitor(True)
    screen.Shots(venue.board, venue.folder).wait_picture()
    assert venue.board.run("systemctl is-active porchlightd").strip() == "active"
