"""What is missing, hung or killed beside the alarm changes nothing in the alert's delivery."""

import time

import pytest

from tests.kit import wait
from tests.kit.kiosk import FAST, Kiosk

# A press that is to be one of its own begins after the gap of the one before.
GAP_S = 0.2


def hold_and_hear(kiosk, member, count=1):
    time.sleep(GAP_S)
    wires = kiosk.wires()
    wires.hold(0.4)
    wires.close()
    return member.wait("lockdown", "alert", count=count)


def screen_is_connected(kiosk):
    """The screen holds its end of screen.sock: one more established end than the listener."""
    path = str(kiosk.run / "screen.sock")
    with open("/proc/net/unix") as table:
        return sum(line.rstrip().endswith(path) for line in table) > 1


def test_without_a_screen(kiosk):
    kiosk.start()
    hold_and_hear(kiosk, kiosk.member())


@pytest.mark.parametrize("what", ["kill", "freeze"])
def test_a_screen_that_is_killed_or_hangs(kiosk, what):
    kiosk.start()
    screen = kiosk.start_screen()
    wait.until(lambda: screen_is_connected(kiosk), lambda: f"the screen's link: {screen.said()}")
    member = kiosk.member()
    first = hold_and_hear(kiosk, member)
    getattr(screen, what)()
    again = hold_and_hear(kiosk, member, count=2)
    assert again.body["id"] == first.body["id"]
    # Many cue changes meet a screen that reads nothing; the daemon goes on all the same.
    wires = kiosk.wires()
    for _ in range(300):
        wires.set("front", True)
        wires.set("front", False)
    assert kiosk.status()["ok"]
    hold_and_hear(kiosk, member, count=3)


def test_a_screen_outlives_the_daemon_and_finds_the_next(kiosk):
    kiosk.start()
    screen = kiosk.start_screen()
    wait.until(lambda: screen_is_connected(kiosk), "the screen's link")
    kiosk.daemon.kill()
    kiosk.start()
    wait.until(lambda: screen_is_connected(kiosk), lambda: f"the link again: {screen.said()}")
    assert screen.alive


def test_without_porchlight_wipe_the_alert_goes_out(kiosk):
    kiosk.start()
    member = kiosk.member()
    kiosk.wires().hold(0.8)  # the wipe's hold is 0.6 s, and nobody serves wipe.sock
    member.wait("lockdown", "alert")
    assert kiosk.status()["ok"]


def test_a_hung_porchlight_wipe_delays_nothing(kiosk):
    kiosk.start()
    folder = kiosk.prefix / "srv/venue"
    folder.mkdir(parents=True)
    (folder / "key").write_text("a key\n")
    wiper = kiosk.start_wipe("[root venue]\npath = /srv/venue\n\n"
                             "[key sheet]\npath = /srv/venue/key\n")
    wiper.freeze()
    member = kiosk.member()
    kiosk.wires().hold(0.8)
    member.wait("lockdown", "alert")
    assert kiosk.status()["ok"]
    wiper.thaw()
    wait.until(lambda: not (folder / "key").exists(), lambda: f"the wipe: {wiper.said()}")


def test_a_dead_broker_costs_the_other_nothing():
    with Kiosk(conf=FAST, brokers=2) as kiosk:
        kiosk.brokers[0].stop()
        kiosk.start(connected=False)
        wait.until(lambda: kiosk.status()["brokers"][1]["connected"], "the second broker")
        hold_and_hear(kiosk, kiosk.member(broker=1))
