"""A relay behind a broker that delays or holds back: it rings locked phones, and says why in its log. And
what is passed on as it comes rings for alerts alone."""

import secrets
from pathlib import Path

import pytest

from tests.kit import wait
from tests.kit.broker_operator import Operator
from tests.kit.clock import ELSEWHERE, elsewhere
from tests.kit.kiosk import FAST, Kiosk
from tests.kit.pushes import HandRelay, Pushes

SILENT, HELD, ALERT = "a kiosk is silent", "what a kiosk sends is held back", "an alert"
ALERT_OR_END = "an alert, a drill, or the end of one"
STAFF = "staff are asked for"


@pytest.fixture
def night():
    kiosk, pushes = Kiosk("o", conf={**FAST, "wipe": {"enabled": "no"}}), Pushes()
    account = secrets.token_hex(8), secrets.token_hex(12)
    with kiosk:
        kiosk.start()
        operator = Operator(kiosk, {account[0]: ("relay", account[1])})
        relay = HandRelay(kiosk, pushes, operator.phones, account).start()
        yield operator, relay, pushes
        relay.stop()
        operator.close()
    pushes.close()


def rings(relay, *reasons):
    wait.until(lambda: any(said.startswith(reasons) for said in relay.reasons()),
               lambda: f"a ring because {reasons}: {relay.process.said()}", 40)


@pytest.mark.parametrize("seconds", [20, 60])
def test_a_broker_that_is_late_rings(night, seconds):
    operator, relay, pushes = night
    operator.delays["all"] = seconds
    rings(relay, SILENT)
    wait.until(lambda: pushes.heard, "the push")


@pytest.mark.parametrize("kind, reasons", [("beat", (SILENT,)), ("ring", (HELD, SILENT))])
def test_what_is_dropped_rings(night, kind, reasons):
    operator, relay, pushes = night
    operator.drops.add(kind)
    operator.kiosk.wires().hold(0.4)
    rings(relay, *reasons)
    wait.until(lambda: pushes.heard, "the push")


def test_a_ring_that_the_broker_confirmed_and_dropped_comes_again(night):
    operator, relay, _ = night
    operator.drops.add("ring")
    operator.kiosk.wires().hold(0.4)
    rings(relay, HELD, SILENT)
    assert ALERT not in relay.reasons()
    operator.drops.discard("ring")
    rings(relay, ALERT)


def test_who_passes_everything_on_rings_for_the_alert_alone(night):
    operator, relay, pushes = night
    operator.kiosk.wires().hold(0.4)
    rings(relay, ALERT)
    for _ in range(5):
        operator.replays(["ring", "beat", "presence"])
    wait.never(lambda: len(relay.reasons()) > 1, "another ring", 20)
    assert len(pushes.heard) == 1


def record_a_busy_day(operator, relay):
    """Three alerts with their ends, and a code: what the operator then has to play again."""
    kiosk = operator.kiosk
    for word in ("lockdown", "all-clear") * 3:
        asked = len(relay.reasons())
        done = kiosk.staff_command(word)
        assert done.returncode == 0, done.stderr
        wait.until(lambda: len(relay.reasons()) > asked, lambda: f"a ring for {word}: {relay.reasons()}")
    kiosk.wires().presses(5, on=.05, off=.05)
    rings(relay, STAFF)
    wait.until(lambda: relay.kept.exists() and relay.kept.read_bytes()[:768] == operator.kept_of("ring")[-1],
               "the newest ring on the relay's disk")


def forgets(operator):
    """Nothing is retained any more that says to a relay what is newest."""
    operator.at_phones.publish(f"{operator.place}/ring", b"", 1, True).wait_for_publish(10)


def plays_the_day(operator, relay):
    """All recorded rings as they were sent, twice. At most one is rung for as late, and the code of a moment ago."""
    before = len(relay.reasons())
    for wire in operator.kept_of("ring") * 2:
        operator.at_phones.publish(f"{operator.place}/ring", wire, 1).wait_for_publish(10)
    wait.never(lambda: len(relay.reasons()) > before + 2, "a third ring", 3)


@pytest.mark.parametrize("ends", ["stop", "kill"])
def test_rings_that_were_recorded_ring_once_an_hour_at_most_however_often_a_relay_starts(night, ends):
    operator, relay, pushes = night
    record_a_busy_day(operator, relay)
    assert len(operator.kept_of("ring")) >= 7
    before = len(relay.reasons())
    assert before >= 7
    for _ in range(3):
        getattr(relay, ends)()
        forgets(operator)
        relay.start()
        plays_the_day(operator, relay)
    # The first that is old rings, as what a kiosk may have sent that lost its record; and the code is a moment old.
    assert relay.reasons()[before:].count(ALERT_OR_END) <= 1, relay.reasons()
    assert relay.reasons()[before:].count(STAFF) <= 3, relay.reasons()
    rung, heard = len(relay.reasons()), len(pushes.heard)
    assert operator.kiosk.staff_command("lockdown").returncode == 0
    wait.until(lambda: len(relay.reasons()) > rung, lambda: f"a ring for what is new: {relay.reasons()}", 5)
    wait.until(lambda: len(pushes.heard) > heard, "its push")


def break_off(path):
    path.write_bytes(path.read_bytes()[:700])


def other_bytes(path):
    kept = bytearray(path.read_bytes())
    kept[5] ^= 1  # a later epoch than the kiosk's, which it did not sign
    path.write_bytes(kept)


@pytest.mark.parametrize("harm", [Path.unlink, break_off, other_bytes])
def test_a_relay_whose_newest_ring_is_lost_or_broken_on_its_disk_rings(night, harm):
    operator, relay, pushes = night
    operator.kiosk.wires().presses(5, on=.05, off=.05)
    rings(relay, STAFF)
    wait.until(relay.kept.exists, "the newest ring on the relay's disk")
    relay.stop()
    harm(relay.kept)
    harmed = relay.kept.exists()
    relay.start()
    assert ("is not what porchlight-relay wrote" in relay.process.said()) == harmed
    operator.kiosk.wires().hold(0.4)
    rings(relay, ALERT)
    wait.until(lambda: relay.kept.exists() and relay.kept.read_bytes()[:768] == operator.kept_of("ring")[-1],
               "the newest ring in its place")


@pytest.mark.parametrize("zone, step", ELSEWHERE)
def test_a_relay_elsewhere_whose_clock_is_wrong_rings_for_what_is_late_and_for_nothing_else(night, zone, step):
    operator, relay, pushes = night
    relay.stop()
    relay.start(elsewhere(operator.kiosk.folder, zone, step))
    wait.never(relay.reasons, "a ring", 17)
    operator.delays["all"] = 40
    rings(relay, SILENT)
    wait.until(lambda: pushes.heard, "the push")


@pytest.mark.parametrize("zone, step", ELSEWHERE)
def test_a_relay_elsewhere_that_starts_again_rings_for_what_staff_were_asked_for_a_moment_ago(night, zone, step):
    operator, relay, _ = night
    operator.kiosk.wires().presses(5, on=.05, off=.05)
    rings(relay, STAFF)
    relay.stop()
    relay.start(elsewhere(operator.kiosk.folder, zone, step))
    wait.until(lambda: relay.reasons() == [STAFF, STAFF], relay.process.said, 20)  # of both runs
