"""porchlightd stopped and started again, as an upgrade does it."""

import time

from tests.kit import wait
from tests.kit.finger import Finger


def restart(kiosk):
    kiosk.daemon.stop()
    kiosk.start(connected=False)


def test_a_press_just_after_is_sent(kiosk):
    """The first touch that the new one takes is followed at once by a gesture, before any broker is
    connected; it is delivered as one alert."""
    kiosk.start()
    member = kiosk.member()
    with Finger(kiosk) as finger:
        wait.until(lambda: finger.taken, "the finger")
        restart(kiosk)
        stopped = time.monotonic()
        wait.until(lambda: finger.taken[-1] > stopped, kiosk.daemon.said)
        kiosk.wires().hold(0.4)
    member.wait("lockdown", "alert", within=30)
    assert len({m.body["id"] for m in member.all("lockdown", "alert")}) == 1


def test_a_press_just_before_is_delivered_all_the_same(kiosk):
    """Stopped as soon as the gesture is complete, before the broker could take it."""
    kiosk.start()
    member = kiosk.member()
    kiosk.brokers[0].freeze()
    wires = kiosk.wires()
    wires.hold(0.4)
    wait.until(lambda: kiosk.status()["state"] == "lockdown", kiosk.status)
    restart(kiosk)
    kiosk.brokers[0].thaw()
    member.wait("lockdown", "alert", within=40)
    assert len({m.body["id"] for m in member.all("lockdown", "alert")}) == 1


def test_a_standing_alert_outlives_it(kiosk):
    kiosk.start()
    member = kiosk.member()
    kiosk.wires().hold(0.4)
    first = member.wait("lockdown", "alert")
    restart(kiosk)
    again = member.wait("lockdown", "alert", resumed=True, within=30)
    assert again.body["id"] == first.body["id"]
    assert kiosk.status()["state"] == "lockdown"
