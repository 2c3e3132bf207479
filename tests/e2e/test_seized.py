"""Somebody has the kiosk's card, with every key and password on it: at the broker that it shares with
another venue they delete nothing and take over nothing, and cannot keep the host from disowning it."""

import json
import secrets
import threading

import pytest
from nacl import bindings as na

from tests.e2e.test_rights import COMMANDS, Client
from tests.kit import process, wait
from tests.kit.apps import running_venue
from tests.kit.place import program
from tests.kit.registrar import Asker, Root
from tests.phone.serving import REQUEST


@pytest.fixture
def venue():
    with running_venue() as made:
        yield made


def another_venue(venue):
    """Shares the broker and its registrar: its kiosk's account."""
    account, kiosk, root = secrets.token_hex(8), secrets.token_hex(8), Root()
    registrar = venue.registrars[0]
    registrar.stop()
    registrar.venue(secrets.token_hex(8), root.public.hex(),
                    {account: ("kiosk", kiosk, secrets.token_urlsafe(24))})
    registrar.start()
    wait.until(lambda: account in venue.everybody(), "the other venue's kiosk", 15)
    return account


def what_is_on_the_card(venue):
    """The account's password, the kiosk's secret key, and the root's certificate for it."""
    def text(name):
        return (venue.kiosk.credentials / name).read_text().strip()
    _, secret = na.crypto_sign_seed_keypair(bytes.fromhex(text("kiosk.key")))
    return text("broker-b0"), secret, bytes.fromhex(text("kiosk.cert"))


def administers(venue, password, victims):
    """What a kiosk of 0.1.0 could do: it speaks to the broker's plugin itself."""
    thief = Client(venue.brokers[0], venue.account, password)
    assert not thief.subscribes(REQUEST + "/response")
    for command in COMMANDS:
        for user in ("admin", *victims):
            thief.client.publish(REQUEST, json.dumps({"commands": [{
                "command": command, "username": user, "rolename": "admin",
                "password": "thief-password-000", "roles": [{"rolename": "admin"}]}]}), 1)
    thief.client.publish("done", b"", 1).wait_for_publish(30)
    thief.close()


def asks(venue, password, secret, certificate, victims):
    """What it can do with the kiosk's keys: it asks the registrar."""
    thief = Asker(venue.brokers[0], venue.kiosk.venue, venue.kiosk.id, venue.account, password,
                  secret, certificate)
    pw = "thief-password-000"
    said = {(kind, account): thief.ask(kind, account, **fields)["kind"]
            for account in ("0" * 16, *victims)
            for kind, fields in {
                "create": {"role": "staff", "password": pw}, "restore": {}, "remove": {},
                "password": {"password": pw}, "promote": {"role": "staff", "password": pw},
                "disown": {"kiosk": venue.kiosk.id}}.items()}
    return thief, said


def test_a_seized_kiosk_rules_nothing(venue):
    members, staff = [venue.member() for _ in range(6)], venue.staff()
    theirs = another_venue(venue)
    root_account = next(a for a in venue.everybody() - {"admin"} for r in venue.client(a)["roles"]
                        if r["rolename"].startswith("root-"))
    kept = [m.account for m in members] + [staff.account, theirs, root_account]
    before = {a: venue.client(a) for a in kept}
    everybody = venue.everybody()
    venue.kiosk.daemon.kill()
    card = what_is_on_the_card(venue)
    administers(venue, card[0], [kept[0], theirs, root_account])
    assert venue.everybody() == everybody
    thief, said = asks(venue, *card, [kept[0], staff.account, theirs, root_account])
    # A staff phone's account is promoted to what it is: nothing is done, and not its password.
    assert said.pop(("promote", staff.account)) == "done"
    assert set(said.values()) == {"refused"}, said
    assert staff.let_in_at()
    suspended = [thief.ask("suspend", a)["kind"] for a in kept]
    assert suspended == ["done"] * 5 + ["later"] + ["refused"] * 3, suspended
    assert venue.everybody() == everybody
    assert {a: venue.client(a)["roles"] for a in kept} == {a: c["roles"] for a, c in before.items()}

    # The host, elsewhere: a backup of the card, and the root key.
    venue.cli("retire", "--root", venue.kiosk.root_key, within=60)
    assert not [a for a in kept if venue.client(a).get("disabled")]
    assert venue.client(venue.account)["disabled"]
    gone = threading.Event()
    thief.client.on_disconnect = lambda *_: gone.set()
    wait.until(lambda: gone.is_set() or not thief.client.is_connected(), "the thief out", 30)
    thief.close()


def test_nobody_else_retires_a_kiosk(venue):
    password, secret, certificate = what_is_on_the_card(venue)
    venue.kiosk.daemon.kill()
    thief = Asker(venue.brokers[0], venue.kiosk.venue, venue.kiosk.id, venue.account, password,
                  secret, certificate)
    assert thief.ask("disown", venue.account, kiosk=venue.kiosk.id)["kind"] == "refused"
    thief.close()
    done = process.run([program("porchlight-registrar"), "--prefix", venue.registrars[0].prefix,
                        "--check"])
    assert done.returncode == 0, done.stderr
