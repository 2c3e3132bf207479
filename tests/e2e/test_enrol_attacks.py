"""Who runs a broker, or has photographed an invitation, joins nobody and changes nothing."""

import secrets
import time

import pytest
from nacl import bindings as na

from tests.kit.joining import Invitation, Joiner, read_link, type_in


def operator_joins(venue, account, staff, secret=None):
    """Who runs the broker knows the account, and the kiosk's key from any member's phone. He gives
    himself a password there."""
    password = secrets.token_hex(16)
    venue.brokers[0].steward.command(command="modifyClient", username=account, password=password)
    public = bytes.fromhex((venue.kiosk.credentials / "kiosk.pub").read_text())
    root = bytes.fromhex((venue.kiosk.credentials / "root.pub").read_text())
    made = Invitation(account, venue.kiosk.venue, venue.kiosk.id, 0, public, root,
                      secret or secrets.token_bytes(32), password, ["wss://b0.example.org/mqtt"],
                      staff)
    return Joiner("#i=" + made.fragment(), venue.brokers[0])


@pytest.mark.parametrize("staff", [False, True], ids=["member", "staff"])
def test_who_runs_the_broker_cannot_answer_an_invitation(venue, staff):
    more = ["--staff", "--root", str(venue.kiosk.root_key)] if staff else []
    child, said = venue.invite_waiting(*more)
    thief = operator_joins(venue, said["account"], staff)
    thief.ask()
    assert thief.refusal() == "secret"
    thief.done()
    time.sleep(1)
    assert child.poll() is None and venue.ask("phones")["members"] == 0
    assert not [a for a in thief.answers if a["kind"] != "refused"]


@pytest.mark.parametrize("swap", ["public", "password"])
def test_who_runs_the_broker_cannot_change_a_letter(venue, swap):
    """He cannot open the letter, so he makes one of his own around the MAC of a phone's. (He would
    need the phone's help to know it.)"""
    child, said = venue.invite_waiting()
    invited = Joiner(said["link"], venue.brokers[0])
    invited.close()
    mac = invited.invitation.letter_mac(invited.public, False, invited.password)
    thief = operator_joins(venue, said["account"], False)
    if swap == "public":
        thief.password = invited.password
    else:
        thief.public, thief.secret = invited.public, invited.secret
    thief.ask(mac=mac)
    assert thief.refusal() == "secret"
    assert child.poll() is None


def test_a_photograph_and_the_broker_together_make_no_staff_phone(venue):
    """The thief has the secret and keeps the invited phone's letter back. Its digits are not those
    of the phone in front of the host, which shows none, or others."""
    child, said = venue.invite_waiting("--staff", "--root", str(venue.kiosk.root_key))
    invitation = read_link(said["link"])
    thief = operator_joins(venue, said["account"], True, invitation.secret)
    thief.ask()
    nonce = bytes.fromhex(thief.reply("confirm")["nonce"])
    invited, _ = na.crypto_sign_keypair()
    shown = invitation.digits(invited, nonce)  # even if the nonce were passed on to it
    assert shown != thief.digits()
    type_in(child, shown, shown, shown)
    assert thief.refusal() == "digits"
    assert child.wait(20) == 1 and venue.ask("phones")["staff"] == 0
    assert not (venue.kiosk.state / "staff").exists()


def test_replayed_letters_and_answers_let_nobody_in(venue):
    child, said = venue.invite_waiting()
    phone = Joiner(said["link"], venue.brokers[0])
    heard = []
    taken = phone.client.on_message
    phone.client.on_message = lambda *args: (heard.append(args[2].payload), taken(*args))
    venue.arrived(phone)
    assert child.wait(20) == 0
    second = venue.invite()["account"]
    spy = operator_joins(venue, second, False)
    for wire in heard:  # what was said while the first phone joined, on another account's topic
        spy.client.publish(spy.topic, wire, 1).wait_for_publish(10)
    time.sleep(1)
    assert venue.ask("phones")["members"] == 1
    assert not [a for a in spy.answers if a["kind"] == "welcome"]
