"""An app that was written from PROTOCOL.md alone, at a real kiosk with a real broker and registrar."""

import pytest

from tests.kit import wait
from tests.kit.apps import Phones, running_venue


@pytest.fixture
def venue():
    with running_venue() as made:
        yield made


@pytest.fixture
def phones(venue):
    made = Phones(venue)
    yield made
    made.close()


def test_a_member_joins_shows_a_press_and_answers(venue, phones):
    app = phones.member()
    venue.kiosk.sim("switch", "hold", "400ms")
    phones.until(app, "lockdown")
    assert ("lockdown", "told") in app.verdicts
    app.answer("seen")
    wait.until(lambda: venue.kiosk.status()["seen"] == 1, "the app's answer")
    assert not app.refused


def test_staff_join_by_six_digits_and_end_a_lockdown_on_every_app(venue, phones):
    member, staff = phones.member(), phones.staff()
    venue.kiosk.sim("switch", "hold", "400ms")
    for app in (member, staff):
        phones.until(app, "lockdown")
    staff.all_clear()
    for app in (member, staff):
        phones.until(app, "all-clear")
        assert ("all-clear", "told") in app.verdicts and not app.refused
    assert venue.kiosk.status()["state"] == "quiet"


def test_a_kiosk_that_lost_its_power_is_told_again_who_needs_help(venue, phones):
    member, staff = phones.member(), phones.staff()
    venue.kiosk.sim("switch", "hold", "400ms")
    for app in (member, staff):
        phones.until(app, "lockdown")
    member.answer("help")
    wait.until(lambda: venue.kiosk.status()["help"] == 1, "the call for help")
    venue.kiosk.daemon.kill()
    venue.kiosk.start()
    wait.until(lambda: (s := venue.kiosk.status())["help"] == s["seen"] == 1, "the call for help, once more")
    assert not member.refused
