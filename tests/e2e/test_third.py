"""An app that was written from PROTOCOL.md alone, at a real kiosk with a real broker and registrar."""

import shutil

import pytest

from tests.kit import pki, wait
from tests.kit.admin_socket import Venue
from tests.kit.kiosk import FAST
from tests.kit.place import fresh
from tests.vectors.third.app import App


@pytest.fixture
def venue():
    folder = fresh("e")
    folder.chmod(0o755)
    with Venue(folder, pki.Authority(folder / "ca"), conf=dict(FAST)) as made:
        made.kiosk.start()
        yield made
    shutil.rmtree(folder, ignore_errors=True)


class Phones:
    def __init__(self, venue):
        self.venue, self.open = venue, []

    def app(self, link, host=None):
        broker = self.venue.brokers[0]
        app = App(link, (broker.host, broker.port, str(broker.ca)))
        self.open.append(app)
        app.join(host)
        self.until(app, "quiet")
        return app

    def member(self):
        return self.app(self.venue.invite()["link"])

    def staff(self):
        child, said = self.venue.invite_waiting("--staff", "--root", str(self.venue.kiosk.root_key))

        def host(digits):
            child.stdin.write(digits + "\n")
            child.stdin.flush()
        app = self.app(said["link"], host)
        assert child.wait(20) == 0, child.stderr.read()
        return app

    def until(self, app, shown):
        wait.until(lambda: app.shown() == shown, lambda: f"{shown} on the app; it shows {app.shown()}, "
                   f"was told {app.verdicts[-12:]}, refused {app.refused}\n"
                   f"{self.venue.kiosk.daemon.said()[-1500:]}")


@pytest.fixture
def phones(venue):
    made = Phones(venue)
    yield made
    for app in made.open:
        app.close()


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
