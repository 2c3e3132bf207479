"""A relay behind a broker that delays or holds back: it rings locked phones, and says why in its log. And
what is passed on as it comes rings for alerts alone."""

import secrets

import pytest

from tests.kit import wait
from tests.kit.broker_operator import Operator
from tests.kit.clock import ELSEWHERE, elsewhere
from tests.kit.kiosk import FAST, Kiosk
from tests.kit.pushes import HandRelay, Pushes

SILENT, HELD, ALERT = "a kiosk is silent", "what a kiosk sends is held back", "an alert"
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
