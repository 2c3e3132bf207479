"""A kiosk is disowned by the root key."""

from tests.kit import wait
from tests.kit.kiosk import Kiosk
from tests.kit.paper import root_account
from tests.kit.place import program
from tests.kit.root_word import reads
from tests.kit.terminal import Terminal
from tests.kit.voice import hexed


def is_disowned(venue, wire):
    public = hexed(venue.kiosk.credentials / "kiosk.pub")
    said = reads(wire, hexed(venue.kiosk.credentials / "root.pub"), venue.kiosk.venue,
                 venue.kiosk.id)
    return said is not None and said[0] == public


def test_a_retired_kiosk_is_out_permanently(venue):
    phone = venue.member()
    venue.cli("retire", "--root", venue.kiosk.root_key, within=60)
    wait.until(lambda: any(is_disowned(venue, r.wire) for r in phone.eyes.received
                           if r.topic == "root"), "the root key's message", 10)
    wait.until(lambda: venue.kiosk.status()["brokers"][0]["fault"] == "credentials",
               lambda: f"that the kiosk is out: {venue.kiosk.status()}", 20)
    later = phone.member(phone.venue_key)
    venue.kiosk.mailboxes.append(later)
    kept = later.wait(topic="root")
    assert kept.retained and is_disowned(venue, kept.wire)


def test_retire_names_a_broker_that_is_away_and_goes_on(make_venue):
    venue = make_venue(brokers=2)
    venue.brokers[0].stop()
    done = venue.cli("retire", "--root", venue.kiosk.root_key, within=60)
    assert "broker b0" in done.stderr and "broker b1" not in done.stderr
    assert "each broker that was reached shuts that kiosk out" in done.stdout
    venue.brokers[1].stop()
    done = venue.cli("retire", "--root", venue.kiosk.root_key, code=1, within=60)
    assert "broker b0" in done.stderr and "broker b1" in done.stderr and "Done" not in done.stdout
    venue.brokers[1].start()
    venue.brokers[0].start()
    told = venue.cli("retire", "--root", venue.kiosk.root_key, within=60).stderr
    assert told == ""  # it can be repeated where it is done


def test_at_a_terminal_it_asks_first(venue):
    t = Terminal([program("porchlight"), "--prefix", str(venue.kiosk.prefix), "retire", "--root",
                  str(venue.kiosk.root_key)])
    assert f"kiosk {venue.kiosk.id} of venue {venue.kiosk.venue}" in t.until("Disown it? Type yes: ")
    t.say()
    t.until("Nothing was done")
    assert t.end() == 1 and venue.kiosk.connected() and not venue.kiosk.status()["retired"]


def test_only_the_root_retires(venue, make_venue):
    other = make_venue(start=False)
    assert "another venue's" in venue.cli("retire", "--root", other.kiosk.root_key, code=1).stderr
    assert venue.kiosk.connected()
    assert venue.cli("retire", code=2).stderr


def test_a_broker_that_refuses_its_registrar_s_topics_is_asked_a_few_times_and_has_the_message():
    with Kiosk() as kiosk:
        broker = kiosk.brokers[0]
        broker.account("root", *root_account(hexed(kiosk.root_key), "b0"))
        broker.stop()
        broker.start()  # with that account, which may write what the root key says, and no more
        kiosk.start()
        done = kiosk.cli("retire", "--root", kiosk.root_key, within=60)
        assert done.returncode == 1 and "refuses a topic" in done.stderr, done
        assert 1 <= broker.said().count("/registrar'") < 20
        wait.until(lambda: kiosk.status()["retired"], "the root key's message")
