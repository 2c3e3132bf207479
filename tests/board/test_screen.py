"""The monitor: what a stranger sees of an alert, and one that is plugged in after the boot."""

import pytest

from tests.board import screen
from tests.board.venue import SWITCH
from tests.kit import wait


@pytest.fixture(scope="module")
def venue(venues):
    """Its monitor is not plugged in when it boots."""
    venue = venues(display=True, monitor=False)
    venue.boot()
    return venue


def status_of_connector(venue):
    """The driver of the emulated display looks only when it is asked to."""
    return venue.board.run("cd /sys/class/drm/card*-*/ && echo detect >status; cat status").strip()


def test_alarm_without_a_monitor(venue):
    assert status_of_connector(venue) == "disconnected"
    for unit in ("porchlightd", "porchlight-screen"):
        assert venue.board.run(f"systemctl is-active {unit}").strip() == "active"
    phone = venue.member()
    venue.press(1.8)
    phone.wait("lockdown", within=20)
    venue.reset()


def test_monitor_plugged_in_later_shows_the_picture(venue):
    venue.board.monitor(True)
    wait.until(lambda: status_of_connector(venue) == "connected", "the monitor", 60, every=0.5)
    shots = screen.Shots(venue.board, venue.folder)
    shots.wait_picture()
    assert venue.board.run("systemctl is-active porchlight-screen").strip() == "active"


def test_same_to_a_stranger(venue, record_property):
    """Across a press, its acceptance and the code, no block of the picture changes more within two
    seconds than it does by itself, give or take what a level is rounded by."""
    shots = screen.Shots(venue.board, venue.folder)
    shots.wait_picture()
    # The calmest of some whiles is its own: a picture that has just come is still fading in.
    own = min(screen.most_change(shots.series(8)) for _ in range(4))
    venue.board.wires.set(SWITCH, 0)
    series = shots.series(3)
    venue.board.wires.set(SWITCH, 1)
    series += shots.series(8)
    assert venue.status()["state"] == "lockdown"
    found = screen.most_change(series)
    record_property("own drift", f"{own:.2f}")
    record_property("across the alert", f"{found:.2f}")
    assert found <= 1.5 * own + 2


def test_monitor_pulled_and_plugged_again(venue):
    venue.board.monitor(False)
    wait.until(lambda: status_of_connector(venue) == "disconnected", "no monitor", 60, every=0.5)
    assert venue.status()["state"] == "lockdown"
    venue.board.monitor(True)
    screen.Shots(venue.board, venue.folder).wait_picture()
    assert venue.board.run("systemctl is-active porchlightd").strip() == "active"
