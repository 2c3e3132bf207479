"""Phones are revoked, and the others get a new key: at one broker, and at one that was away."""

import time

import pytest

from tests.kit import envelope, wait
from tests.kit.joining import Joiner, finds
from tests.kit.kiosk import Keys


# --- revoke ---------------------------------------------------------------------------------------

def test_a_revoked_phone_is_out_at_once(venue):
    phone, stays = venue.member(), venue.member()
    out = []
    phone.eyes.client.on_disconnect = lambda *_: out.append(time.monotonic())
    began = time.monotonic()
    done = venue.cli("revoke", phone.account)
    wait.until(lambda: out, "the connection to end")
    print(f"revoked phone out after {1000 * (out[0] - began):.0f} ms, command and all")
    assert "All others have a new key" in done.stdout
    assert phone.refused_at()
    venue.settled({stays.account})
    key = bytes.fromhex((venue.kiosk.credentials / "venue.key").read_text())
    assert key != phone.venue_key
    finds(stays, stays.eyes, key.hex())
    stays.eyes.keys = Keys(key, stays.kiosk_public)
    venue.kiosk.sim("switch", "hold", "400ms")
    stays.eyes.wait("lockdown", "alert")
    assert not phone.eyes.all("lockdown", "alert")
    assert "no phone of this kiosk" in venue.cli("revoke", phone.account, code=1).stderr


def test_a_revoked_staff_phone_commands_no_more(venue):
    phone, root = venue.staff(), venue.kiosk.root_key
    # Not even the kiosk shuts a staff phone's account out by itself; but it obeys it no more.
    assert "--root" in venue.cli("revoke", phone.account, code=1).stderr
    assert not venue.client(phone.account).get("disabled")
    assert not (venue.kiosk.state / "staff" / f"{phone.account}.cert").exists()
    assert venue.ask("phones")["staff"] == 0
    venue.cli("revoke", "--root", root, phone.account)
    wait.until(lambda: venue.client(phone.account).get("disabled"), "it to be shut out", 10)


def test_a_copied_invitation_costs_no_more_than_a_new_key(venue):
    """The first of two phones may have been sent the members' key."""
    before = (venue.kiosk.credentials / "venue.key").read_text()
    child, said = venue.invite_waiting()
    first = Joiner(said["link"], venue.brokers[0])
    first.ask()
    first.welcomed()
    first.close()
    Joiner(said["link"], venue.brokers[0]).ask()
    assert child.wait(20) == 1
    assert (venue.kiosk.credentials / "venue.key").read_text() != before


def test_revoke_without_a_broker_says_that_the_key_is_the_old_one(venue):
    phone = venue.member()
    before = (venue.kiosk.credentials / "venue.key").read_text()
    venue.brokers[0].process.kill()
    wait.until(lambda: not venue.kiosk.connected(), "the broker missed", 20)
    done = venue.cli("revoke", phone.account, code=1, within=40)
    assert "sudo porchlight rotate" in done.stdout and "The key was not changed" in done.stderr
    assert (venue.kiosk.credentials / "venue.key").read_text() == before


def test_wrong_accounts(venue):
    assert venue.cli("revoke", "Ayla", code=2).stderr
    assert "no phone" in venue.cli("revoke", "0" * 16, code=1).stderr


# --- a new venue key ------------------------------------------------------------------------------

def test_rotate_reaches_the_phones_that_remain(venue):
    stays, gone = venue.member(), venue.member()
    venue.cli("revoke", gone.account)
    wait.until(venue.kiosk.connected, "the kiosk, which has a new key already, at its broker", 20)
    old = (venue.kiosk.credentials / "venue.key").read_text()
    venue.cli("rotate", within=40)
    fresh_key = bytes.fromhex((venue.kiosk.credentials / "venue.key").read_text())
    assert fresh_key.hex() != old.strip()
    finds(stays, stays.eyes, fresh_key.hex())
    stays.eyes.keys = Keys(fresh_key, stays.kiosk_public)
    venue.kiosk.sim("switch", "hold", "400ms")
    alert = stays.eyes.wait("lockdown", "alert")
    with pytest.raises(envelope.Refused):
        envelope.open_broadcast(alert.wire, bytes.fromhex(old), stays.kiosk_public,
                                f"{venue.kiosk.place}/alert")


def test_a_phone_that_slept_finds_the_new_key(venue):
    phone = venue.member()
    phone.eyes.close()
    venue.cli("rotate", within=40)
    key = (venue.kiosk.credentials / "venue.key").read_text().strip()
    woken = phone.member(bytes.fromhex(key))
    venue.kiosk.mailboxes.append(woken)
    finds(phone, woken, key)
    # A broker keeps nothing over a restart; the kiosk sends it again.
    venue.brokers[0].process.stop()
    venue.brokers[0].start()
    wait.until(venue.kiosk.connected, "the kiosk at the broker again", 20)
    late = phone.member(bytes.fromhex(key))
    venue.kiosk.mailboxes.append(late)
    finds(phone, late, key)


def test_the_new_key_is_the_next_starts(venue):
    venue.member()
    venue.cli("rotate", within=40)
    venue.kiosk.daemon.kill()
    venue.kiosk.start()
    key = bytes.fromhex((venue.kiosk.credentials / "venue.key").read_text())
    phone = venue.member()
    assert phone.venue_key == key
    phone.eyes.wait("state", "state")


def test_rotate_without_a_broker_changes_nothing(venue):
    old = (venue.kiosk.credentials / "venue.key").read_text()
    venue.brokers[0].process.kill()
    wait.until(lambda: not venue.kiosk.connected(), "the broker missed", 20)
    assert "no phone would get the new one" in venue.cli("rotate", code=1).stderr
    assert (venue.kiosk.credentials / "venue.key").read_text() == old


# --- two brokers ----------------------------------------------------------------------------------

def test_a_broker_that_was_away_learns_it_all(make_venue):
    venue = make_venue(brokers=2)
    first = venue.member()
    venue.settled({first.account}, broker=1)
    venue.brokers[1].stop()
    wait.until(lambda: not venue.kiosk.connected(), "the broker missed", 20)
    told = venue.cli("revoke", first.account, code=1, within=40)
    assert "Broker b1: it is not connected" in told.stderr
    # With the new key that all others got it connects again.
    wait.until(lambda: venue.kiosk.status()["brokers"][0]["connected"], "the broker that is up", 20)
    child, said = venue.invite_waiting()
    second = venue.arrived(Joiner(said["link"], venue.brokers[0]))
    venue.brokers[1].start()
    venue.settled({second.account}, broker=1, within=40)
    assert first.refused_at(venue.brokers[1])
    elsewhere = second.let_in_at(venue.brokers[1])
    assert elsewhere, "the new phone is not let in at the broker that was away"
    assert child.wait(20) == 0


def test_revoked_while_away_and_a_restart_between(make_venue):
    venue = make_venue(brokers=2)
    phone = venue.member()
    venue.settled({phone.account}, broker=1)
    venue.brokers[1].stop()
    wait.until(lambda: not venue.kiosk.connected(), "the broker missed", 20)
    venue.cli("revoke", phone.account, code=1, within=40)
    venue.kiosk.daemon.kill()
    venue.kiosk.start(connected=False)
    venue.brokers[1].start()
    venue.settled(set(), broker=1, within=40)
    wait.until(lambda: venue.ask("phones")["going"] == 0, "the book to be clean")
