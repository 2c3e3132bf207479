"""Who has no account at the venue, or none any more, or one for something else: nobody at all, a phone
that was revoked, the root of another venue, the broker's registrar, a button by radio, Home Assistant. Each
tries every topic of the table in kiosk/common/topics.c; all of it is refused. build/rights.md has how many
acts of each kind of account."""

import contextlib
import json
import secrets
import shutil
import socket
import ssl

import pytest

from tests.e2e.test_rights import LEAST, Client, Place, noted, table
from tests.kit import process
from tests.kit.fake_broker import CONNACK, CONNECT, DISCONNECT, PUBLISH, SUBSCRIBE, number, text
from tests.kit.place import fresh, program
from tests.phone.serving import REQUEST

REFUSED = {0x86, 0x87}  # bad user name or password; not authorized


def packet(kind, flags, body):
    return bytes([kind << 4 | flags]) + number(len(body)) + body


def connect(client_id, user=None, password=None, will=None):
    flags = 2 | (0x80 if user is not None else 0) | (0x40 if password is not None else 0)
    body = text(client_id)
    if will:
        flags |= 0x04 | 0x08 | 0x20  # QoS 1, retained
        body += b"\0" + text(will[0]) + text(will[1])
    for one in (user, password):
        body += text(one) if one is not None else b""
    return packet(CONNECT, 0, text("MQTT") + bytes([5, flags]) + b"\0\x0a" + b"\0" + body)


def publish(topic, payload, retain):
    return packet(PUBLISH, 2 | retain, text(topic) + b"\0\x01" + b"\0" + payload)


def subscribe(topic):
    return packet(SUBSCRIBE, 2, b"\0\x02" + b"\0" + text(topic) + b"\x01")


class Stranger:
    """Sends CONNECT and an act in one breath, and reads all that comes until the broker hangs up."""

    def __init__(self, place):
        self.place, self.acts = place, 0
        self.context = ssl.create_default_context(cafile=str(place.broker.ca))
        self.marks = []

    def says(self, port, tls, data):
        with socket.create_connection(("localhost", port), 30) as plain:
            wrapped = self.context.wrap_socket(plain, server_hostname="localhost") if tls else plain
            wrapped.sendall(data)
            came = b""
            with contextlib.suppress(ConnectionResetError):
                while more := wrapped.recv(4096):
                    came += more
            if tls:
                wrapped.close()
            return came

    def tries(self, acts, **who):
        """At both of the broker's own doors, as `who`: each act is refused with the connection."""
        for n, act in enumerate(acts):
            self.acts += 1
            port, tls = ((self.place.broker.port, True), (self.place.broker.local, False))[n % 2]
            came = self.says(port, tls, connect(secrets.token_hex(8), **who) + act)
            code = came[3] if came[:1] == bytes([CONNACK << 4]) else came[2] if \
                came[:1] == bytes([DISCONNECT << 4]) else None
            assert came == b"" or code in REFUSED, (who, act, came)

    def writes_and_reads(self):
        """Every topic of this venue: written, written for later, read."""
        for name, (per_account, _, _) in table().items():
            full = self.place.full(name, self.place.other if per_account else "")
            for retain in (0, 1):
                self.marks.append(secrets.token_bytes(24))
                yield publish(full, self.marks[-1], retain)
            yield subscribe(full)

    def nothing_came(self):
        came = [payload for _, payload in self.place.eyes.came]
        assert not [mark for mark in self.marks if mark in came]


@pytest.fixture
def place():
    folder = fresh("e")
    folder.chmod(0o755)
    made = Place(folder)
    yield made
    made.close()
    shutil.rmtree(folder, ignore_errors=True)


def test_nobody_without_an_account_does_anything(place):
    stranger = Stranger(place)
    member = place.accounts["member"]
    for who in ({}, {"user": ""}, {"user": member}, {"user": member, "password": "wrong-password-00"},
                {"user": "admin", "password": "admin"}, {"user": place.other, "password": ""}):
        stranger.tries(stranger.writes_and_reads(), **who)
    for name in ("state", "alert", "presence", "root"):
        stranger.marks.append(secrets.token_bytes(24))
        came = stranger.says(place.broker.port, True,
                             connect("x", will=(place.full(name, ""), stranger.marks[-1])))
        assert came[3] in REFUSED, came
        stranger.acts += 1
    stranger.nothing_came()
    noted("nobody", stranger.acts)
    assert stranger.acts >= LEAST


def test_an_account_that_was_revoked_does_nothing_more(place):
    stranger = Stranger(place)
    for role in ("member", "staff"):
        who = {"user": place.accounts[role], "password": place.passwords[role]}
        client = Client(place.broker, *who.values())
        assert client.subscribes(place.full("state", ""))
        place.broker.steward.command(command="disableClient", username=who["user"])
        # The connection that was open: nothing of it counts.
        stranger.marks.append(secrets.token_bytes(24))
        client.client.publish(place.full("ack", who["user"]), stranger.marks[-1], 1)
        for _ in range(2):
            stranger.tries(stranger.writes_and_reads(), **who)
        place.broker.steward.command(command="deleteClient", username=who["user"])
        stranger.tries(stranger.writes_and_reads(), **who)
        client.close()
    stranger.nothing_came()
    noted("revoked", stranger.acts)
    assert stranger.acts >= LEAST


def tries_everything(place, client, except_for=()):
    """(refused, marks): with an account of its own, every topic of this venue and of its neighbour."""
    refused, marks = 0, {}
    for name, (per_account, _, _) in table().items():
        for kiosk in (place.kiosk, place.sibling, place.accounts["root"]):
            for account in [place.other, place.accounts["member"]] if per_account else [""]:
                full = place.full(name, account, kiosk)
                if (name, "reads") not in except_for:
                    assert not client.subscribes(full), full
                    refused += 1
                if (name, "writes") not in except_for:
                    for retain in (False, True):
                        mark = secrets.token_bytes(24)
                        marks[mark] = full
                        client.client.publish(full, mark, 1, retain)
                        refused += 1
    return refused, marks


def administers(place, client):
    """How many acts it tried upon others' accounts."""
    tried = 0
    for user in (*place.accounts.values(), "admin"):
        for command in ("disableClient", "deleteClient", "getClient", "listClients"):
            client.client.publish(REQUEST, json.dumps({"commands": [{"command": command,
                                                                     "username": user}]}), 1)
            tried += 1
    return tried


def nothing_of(place, client, marks):
    client.client.publish(f"porchlight/{place.venue}/nowhere", b"x", 1).wait_for_publish(30)
    assert not [marks[payload] for _, payload in place.eyes.came if payload in marks]


def test_the_root_of_another_venue_does_nothing_here(place):
    account, password = secrets.token_hex(8), secrets.token_urlsafe(24)
    place.broker.account("root", place.other_venue, account, account, password)
    client = Client(place.broker, account, password)
    before = place.administration()
    refused, marks = tries_everything(place, client)
    refused += administers(place, client)
    nothing_of(place, client, marks)
    assert place.administration() == before
    client.close()
    noted("root of another venue", refused)
    assert refused >= LEAST


def test_the_registrar_neither_reads_nor_writes_what_phones_read(place):
    place.broker.steward.ask(process.run([program("porchlight"), "rights", "registrar"]).stdout)
    place.broker.steward.command(command="createClient", username="registrar",
                                 password="registrar-password-0",
                                 roles=[{"rolename": "porchlight-registrar"}])
    client = Client(place.broker, "registrar", "registrar-password-0")
    refused, marks = tries_everything(place, client,
                                      {("registrar", "reads"), ("registered", "writes")})
    for wide in ("#", "porchlight/#", "porchlight/+/+/+", "porchlight/+/+/state", "$SYS/#"):
        assert not client.subscribes(wide), wide
        refused += 1
    nothing_of(place, client, marks)
    client.close()
    noted("registrar", refused)
    assert refused >= LEAST


# What the handbook gives accounts of other programs that share a broker, and what of the table is in that.
OTHERS = {"button": ([("subscribePattern", "zigbee2mqtt/#"), ("publishClientReceive", "zigbee2mqtt/#")], []),
          "Home Assistant": ([(kind, f"porchlight/VENUE/KIOSK/{name}") for name in ("alert", "entity/+", "text")
                              for kind in ("subscribePattern", "publishClientReceive")] +
                             [(kind, "homeassistant/#") for kind in
                              ("subscribePattern", "publishClientReceive", "publishClientSend")], ["alert"])}


@pytest.mark.parametrize("name", OTHERS)
def test_another_programs_account_does_nothing_but_its_own(place, name):
    rights, reads = OTHERS[name]
    here = [(kind, topic.replace("VENUE", place.venue).replace("KIOSK", place.kiosk)) for kind, topic in rights]
    place.broker.steward.command(command="createRole", rolename="other", acls=[
        {"acltype": kind, "topic": topic, "allow": True} for kind, topic in here])
    place.broker.steward.command(command="createClient", username="other", password="other-password-0123",
                                 roles=[{"rolename": "other"}])
    client = Client(place.broker, "other", "other-password-0123")
    before = place.administration()
    assert all(client.subscribes(topic) for kind, topic in here if kind == "subscribePattern"), "its own"
    refused, marks = tries_everything(place, client, {(topic, "reads") for topic in reads})
    for topic in reads:
        assert not client.subscribes(place.full(topic, "", place.sibling)), "of another kiosk"
        refused += 1
    for wide in ("#", "porchlight/#", "porchlight/+/+/+", "porchlight/+/+/state", "$SYS/#", "$CONTROL/#"):
        assert not client.subscribes(wide), wide
        refused += 1
    refused += administers(place, client)
    nothing_of(place, client, marks)
    assert place.administration() == before
    client.close()
    noted(name, refused)
    assert refused >= LEAST
