"""Who belongs to the venue: phones are invited, join, are revoked and given new keys, over a real
mosquitto with its dynamic security plugin, by the real porchlightd and the command as a host uses
it. The phones are tests/kit/joining.py's."""

import json
import shutil
import subprocess
import time

import pytest

from tests.kit import pki, wait
from tests.kit.joining import Joiner, open_welcome
from tests.kit.kiosk import FAST
from tests.kit.place import fresh
from tests.kit.stewarded import Venue


@pytest.fixture(scope="module")
def authority():
    made = fresh("e")
    made.chmod(0o755)
    yield pki.Authority(made / "ca")
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture
def make_venue(authority):
    made, folders = [], []

    def make(start=True, **more):
        folder = fresh("e")
        folder.chmod(0o755)
        folders.append(folder)
        venue = Venue(folder, authority, conf=dict(FAST), **more)
        made.append(venue)
        venue.__enter__()
        if start:
            venue.kiosk.start()
        return venue
    yield make
    for venue in made:
        venue.__exit__(None)
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def venue(make_venue):
    return make_venue()


# --- joining --------------------------------------------------------------------------------------

def test_a_member_joins_and_hears_an_alert(venue):
    phone = venue.member()
    venue.kiosk.sim("switch", "hold", "400ms")
    alert = phone.eyes.wait("lockdown", "alert")
    phone.eyes.answer(alert.body["id"], "safe")
    wait.until(lambda: venue.kiosk.status()["safe"] == 1, "the answer counted")
    assert venue.ask("phones")["members"] == 1
    assert "one-time" not in (venue.kiosk.state / "phones").read_text()


def test_the_invitation_says_what_the_page_needs(venue):
    said = venue.invite()
    i = Joiner(said["link"], venue.brokers[0]).invitation
    assert said["link"].startswith("https://kettle.example.org/#i=")
    assert i["b"] == ["wss://b0.example.org/mqtt"] and i["a"] == said["account"]
    assert 500 < i["x"] - time.time() <= 600
    assert (i["V"], i["k"]) == (venue.kiosk.venue, venue.kiosk.id)


def test_a_used_invitation_is_dead(venue):
    link = venue.invite()["link"]
    venue.arrived(Joiner(link, venue.brokers[0]))
    assert Joiner(link, venue.brokers[0]).refused


def test_an_invitation_is_the_first_phones(venue):
    link = venue.invite()["link"]
    first = Joiner(link, venue.brokers[0])
    first.ask()
    key = first.welcomed()
    first.close()
    second = Joiner(link, venue.brokers[0])
    second.ask()
    time.sleep(1)
    assert not second.answers
    again = Joiner(link, venue.brokers[0])  # the first phone, come back after a broken connection
    again.public, again.secret, again.password = first.public, first.secret, first.password
    again.ask()
    assert again.welcomed()["venue_key"] == key["venue_key"]
