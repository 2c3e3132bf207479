"""What nobody may do at the broker, whoever they are: a table of attempts, each made over the real
wire against the roles that `porchlight rights` prints. The kiosk's own eyes say what came through."""

import json
import secrets
import ssl
import threading

import pytest

from tests.kit import process, wait
from tests.kit.member import paho_client
from tests.kit.place import program
from tests.phone.kiosk import Kiosk
from tests.phone.serving import Broker, REQUEST


class Client:
    """One account's connection, and what the broker answered to each thing it tried."""

    def __init__(self, broker, account, password, client_id=None, v5=True):
        self.came, self.granted, self.refused = [], [], None
        self.up, self.down = threading.Event(), threading.Event()
        self.client = paho_client(client_id or account, v5)
        self.client.username_pw_set(account, password)
        self.client.tls_set(ca_certs=str(broker.ca), tls_version=ssl.PROTOCOL_TLS_CLIENT)
        self.client.on_connect = self._on_connect
        self.client.on_disconnect = lambda *_: self.down.set()
        self.client.on_message = lambda _c, _d, m: self.came.append((m.topic, m.payload))
        self.client.on_subscribe = lambda _c, _d, _i, codes, *_: self.granted.extend(
            c if isinstance(c, int) else c.value for c in codes)
        self.client.reconnect_delay_set(60, 60)
        self.client.connect("localhost", broker.port, keepalive=10)
        self.client.loop_start()
        wait.until(lambda: self.up.is_set() or self.down.is_set() or self.refused, "an answer", 60)

    def _on_connect(self, _client, _data, _flags, code, *_):
        code = code if isinstance(code, int) else code.value
        if code == 0:
            self.up.set()
        else:
            self.refused = code

    @property
    def connected(self):
        return self.up.is_set() and not self.down.is_set()

    def subscribe(self, topic):
        """Whether the broker granted it."""
        before = len(self.granted)
        self.client.subscribe(topic, 1)
        wait.until(lambda: len(self.granted) > before, f"an answer to {topic}", 60)
        return self.granted[-1] < 0x80

    def publish(self, topic, payload=b"x" * 768, retain=False):
        self.client.publish(topic, payload, 1, retain)

    def close(self):
        self.client.disconnect()
        self.client.loop_stop()


class Place:
    """A broker, two kiosks of two venues, and one account of each role."""

    ROLES = ["member", "staff", "newcomer", "relay"]
    EVERY = [*ROLES, "kiosk"]

    def __init__(self, folder, authority):
        self.broker = Broker(folder, authority).start()
        self.kiosk, self.foreign = Kiosk([self.broker]), Kiosk([self.broker])
        self.accounts, self.clients = {}, {}
        for role in self.EVERY:
            account, password = secrets.token_hex(8), secrets.token_urlsafe(24)
            self.broker.account(role, self.kiosk.venue, self.kiosk.id, account, password)
            self.accounts[role] = (account, password)
        self.other, self.other_password = secrets.token_hex(8), secrets.token_urlsafe(24)
        self.broker.account("member", self.kiosk.venue, self.kiosk.id, self.other,
                            self.other_password)
        # One who may read everything sees what came through.
        self.broker.steward.command(
            command="createRole", rolename="eyes",
            acls=[{"acltype": t, "topic": "#", "allow": True}
                  for t in ("subscribeLiteral", "publishClientReceive")])
        self.broker.steward.command(command="createClient", username="eyes",
                                    password="eyes-password-0123", roles=[{"rolename": "eyes"}])
        self.eyes = Client(self.broker, "eyes", "eyes-password-0123")
        assert self.eyes.subscribe("#")

    def as_(self, role):
        if role not in self.clients:
            self.clients[role] = Client(self.broker, *self.accounts[role])
        assert self.clients[role].connected, f"the {role} is out: {self.broker.said()}"
        return self.clients[role]

    def topic(self, name, role):
        return (name.replace("HERE", self.kiosk.place).replace("THERE", self.foreign.place)
                .replace("OTHER", self.other).replace("MINE", self.accounts[role][0]))

    def close(self):
        for c in [*self.clients.values(), self.eyes]:
            c.close()
        self.kiosk.close()
        self.foreign.close()
        self.broker.stop()


@pytest.fixture(scope="module")
def place(tmp_path_factory, authority):
    folder = tmp_path_factory.mktemp("access")
    folder.chmod(0o755)
    folder.parent.chmod(0o755)
    made = Place(folder, authority)
    yield made
    made.close()


@pytest.fixture
def own_place(folder, authority):
    made = Place(folder, authority)
    yield made
    made.close()


FORBIDDEN_TO_WRITE = [
    ("member", "HERE/alert"), ("member", "HERE/state"), ("member", "HERE/presence"),
    ("member", "HERE/beat"), ("member", "HERE/notice"), ("member", "HERE/ack/OTHER"),
    ("member", "HERE/command/MINE"), ("member", "HERE/enrol/OTHER"), ("member", "HERE/enrol/MINE"),
    ("member", "HERE/answer/MINE"), ("staff", "HERE/answer/MINE"), ("relay", "HERE/answer/OTHER"),
    ("member", "HERE/push"), ("member", "HERE/wake/OTHER"), ("staff", "HERE/words/0000000000000000"), ("staff", "HERE/push"),
    ("newcomer", "HERE/wake/MINE"), ("relay", "HERE/wake/OTHER"),
    ("member", "HERE/relay/MINE"), ("member", "THERE/alert"), ("member", "THERE/ack/MINE"),
    ("member", "$CONTROL/dynamic-security/v1"), ("member", "elsewhere"),
    ("staff", "HERE/alert"), ("staff", "HERE/state"), ("staff", "HERE/command/OTHER"),
    ("staff", "HERE/enrol/OTHER"), ("staff", "THERE/command/MINE"),
    ("newcomer", "HERE/alert"), ("newcomer", "HERE/enrol/OTHER"), ("newcomer", "HERE/ack/MINE"),
    ("newcomer", "HERE/command/MINE"),
    ("relay", "HERE/alert"), ("relay", "HERE/state"), ("relay", "HERE/relay/OTHER"),
    ("relay", "HERE/command/MINE"), ("relay", "HERE/presence"),
    ("kiosk", "HERE/command/MINE"), ("kiosk", "HERE/ack/OTHER"), ("kiosk", "HERE/relay/MINE"),
    ("kiosk", "THERE/alert"), ("kiosk", "THERE/state"), ("kiosk", "THERE/enrol/OTHER"),
    ("kiosk", "elsewhere"),
]

FORBIDDEN_TO_READ = [
    ("member", "HERE/wake/+"), ("member", "HERE/wake/MINE"), ("staff", "HERE/wake/OTHER"),
    ("newcomer", "HERE/push"), ("relay", "THERE/wake/+"),
    ("member", "#"), ("member", "+/#"), ("member", "porchlight/#"), ("member", "HERE/#"),
    ("member", "HERE/ack/+"), ("member", "HERE/ack/OTHER"), ("member", "HERE/notice"),
    ("member", "HERE/command/+"), ("member", "HERE/enrol/OTHER"), ("member", "THERE/state"),
    ("member", "$SYS/#"), ("member", "$CONTROL/#"), ("member", "$share/all/HERE/ack/+"),
    ("staff", "HERE/ack/+"), ("staff", "HERE/enrol/+"), ("staff", "THERE/notice"),
    ("newcomer", "HERE/alert"), ("newcomer", "HERE/state"), ("newcomer", "HERE/enrol/OTHER"),
    ("newcomer", "HERE/presence"),
    ("relay", "HERE/ack/+"), ("relay", "HERE/notice"), ("relay", "HERE/enrol/+"),
    ("relay", "HERE/enrol/OTHER"), ("member", "HERE/answer/OTHER"), ("staff", "HERE/answer/OTHER"),
    ("staff", "HERE/answer/+"), ("newcomer", "HERE/answer/MINE"), ("relay", "HERE/answer/+"),
    ("kiosk", "#"), ("kiosk", "HERE/#"), ("kiosk", "HERE/alert"), ("kiosk", "HERE/notice"),
    ("kiosk", "THERE/ack/+"), ("kiosk", "THERE/enrol/+"), ("kiosk", "$CONTROL/#"),
    ("kiosk", "$SYS/#"),
]

ALLOWED_TO_WRITE = [("member", "HERE/ack/MINE"), ("member", "HERE/wake/MINE"),
                    ("staff", "HERE/command/MINE"),
                    ("newcomer", "HERE/enrol/MINE"), ("relay", "HERE/relay/MINE"),
                    ("kiosk", "HERE/alert")]


def came(place, mark):
    return [t for t, p in list(place.eyes.came) if p == mark]


@pytest.mark.parametrize("role,topic", ALLOWED_TO_WRITE)
def test_what_is_theirs_goes_through(place, role, topic):
    """The attempts below would fail for nothing if these did."""
    mark = secrets.token_bytes(768)
    place.as_(role).publish(place.topic(topic, role), mark)
    wait.until(lambda: came(place, mark), f"{role} on {topic}", 60)


@pytest.mark.parametrize("role,topic", FORBIDDEN_TO_WRITE)
@pytest.mark.parametrize("retain", [False, True], ids=["plain", "retained"])
def test_nobody_writes_what_is_not_theirs(place, role, topic, retain):
    mark, proof = secrets.token_bytes(768), secrets.token_bytes(768)
    client = place.as_(role)
    client.publish(place.topic(topic, role), mark, retain)
    # What is allowed comes after it on the same connection: when that is there, the other is not.
    allowed = next(t for r, t in ALLOWED_TO_WRITE if r == role)
    client.publish(place.topic(allowed, role), proof)
    wait.until(lambda: came(place, proof), "what is allowed", 60)
    assert not came(place, mark)


@pytest.mark.parametrize("role,topic", FORBIDDEN_TO_READ)
def test_nobody_reads_what_is_not_theirs(place, role, topic):
    assert not place.as_(role).subscribe(place.topic(topic, role))


def test_a_member_reads_what_is_theirs(place):
    for name in ("alert", "state", "presence", "beat", "words/+"):
        assert place.as_("member").subscribe(f"{place.kiosk.place}/{name}")


@pytest.mark.parametrize("who,client_id", [
    ("member", "kiosk"), ("member", "other"), ("member", "random"), ("newcomer", "kiosk"),
    ("relay", "kiosk")])
def test_no_client_id_is_taken_over(place, who, client_id):
    ids = {"kiosk": place.kiosk.account, "other": place.other, "random": secrets.token_hex(8)}
    thief = Client(place.broker, *place.accounts[who], client_id=ids[client_id])
    assert not thief.connected
    assert place.kiosk.clients[0].is_connected()
    thief.close()


@pytest.mark.parametrize("user,password", [
    ("member", "wrong-password-0123456789"), ("kiosk", "0123456789abcdef"), ("admin", "admin"),
    (None, None), ("nobody", "0123456789abcdef")])
def test_nobody_comes_in_without_a_password(place, user, password):
    known = {"member": place.accounts["member"][0], "kiosk": place.kiosk.account}
    client = Client(place.broker, known.get(user, user), password, client_id=known.get(user, "x"))
    assert not client.connected
    client.close()


def test_a_packet_over_4_kb_ends_the_connection(place):
    flood = Client(place.broker, place.other, place.other_password)
    flood.publish(f"{place.kiosk.place}/ack/{place.other}", bytes(5000))
    assert flood.down.wait(60)
    assert not [1 for t, p in place.eyes.came if len(p) > 4352]
    flood.close()


def test_a_revoked_phone_is_out_at_once(place):
    account, password = secrets.token_hex(8), secrets.token_urlsafe(24)
    place.broker.account("member", place.kiosk.venue, place.kiosk.id, account, password)
    phone = Client(place.broker, account, password)
    assert phone.connected and phone.subscribe(f"{place.kiosk.place}/alert")
    place.broker.steward.command(command="deleteClient", username=account)
    place.kiosk.alarm("lockdown")
    assert phone.down.wait(60), "still in"
    again = Client(place.broker, account, password)
    assert not again.connected
    wait.until(lambda: came(place, place.kiosk.sent["alert"]), "the alert", 60)
    assert not phone.came
    phone.close()
    again.close()


FLOOD = 20000  # messages: many seconds' worth, on any machine


def test_a_flood_does_not_hold_an_alert_back(own_place):
    """At a broker of its own: what it leaves in the queues there is in nobody's way."""
    place = own_place
    flood, reader = place.as_("member"), Client(place.broker, place.other, place.other_password)
    assert reader.subscribe(f"{place.kiosk.place}/alert")
    done = []
    flood.client.on_publish = lambda *_: done.append(1)
    for _ in range(FLOOD):
        flood.publish(f"{place.kiosk.place}/ack/{place.accounts['member'][0]}")
    wait.until(lambda: done, "the beginning of the flood", 60)
    place.kiosk.alarm("lockdown")
    wait.until(lambda: reader.came, "the alert", 60)
    assert len(done) < FLOOD, "the alert came after the flood"
    reader.close()


def test_the_broker_keeps_its_administration_to_the_registrar(place):
    assert REQUEST.startswith("$CONTROL/")
    for role in Place.EVERY:
        assert not place.as_(role).subscribe(REQUEST + "/response")


# What somebody who is no registrar would like to have done, by the plugin's own words.
WISHES = [
    {"command": "createClient", "username": "intruder", "password": "0123456789abcdef"},
    {"command": "addClientRole", "username": "MINE", "rolename": "eyes"},
    {"command": "modifyClient", "username": "OTHER", "password": "0123456789abcdef"},
    {"command": "deleteClient", "username": "OTHER"},
    {"command": "setDefaultACLAccess",
     "acls": [{"acltype": "publishClientSend", "allow": True}]},
]


def accounts(place):
    """All accounts with their roles, and what is allowed by default."""
    answer = place.broker.steward.command(command="listClients", verbose=True)
    access = place.broker.steward.command(command="getDefaultACLAccess")
    return (answer["responses"][0]["data"]["clients"],
            access["responses"][0]["data"]["acls"])


@pytest.mark.parametrize("role", Place.EVERY)
@pytest.mark.parametrize("wish", WISHES, ids=[w["command"] for w in WISHES])
def test_nobody_but_the_registrar_changes_an_account(place, role, wish):
    before = accounts(place)
    mark = secrets.token_bytes(768)
    text = json.dumps({"commands": [wish]}).replace("MINE", place.accounts[role][0]).replace(
        "OTHER", place.other)
    place.as_(role).publish(REQUEST, text.encode())
    allowed = {**dict(ALLOWED_TO_WRITE), "kiosk": "HERE/alert"}[role]
    place.as_(role).publish(place.topic(allowed, role), mark)
    wait.until(lambda: came(place, mark), "what is allowed", 60)
    assert accounts(place) == before


def test_the_registrars_account_does(place):
    """The wishes above would fail for nothing if this did."""
    account = secrets.token_hex(8)
    made = process.run([program("porchlight"), "rights", "registrar"])
    place.broker.steward.ask(made.stdout)
    place.broker.steward.command(command="createClient", username="registrar",
                                 password="registrar-password-0",
                                 roles=[{"rolename": "porchlight-registrar"}])
    registrar = Client(place.broker, "registrar", "registrar-password-0")
    assert registrar.subscribe(REQUEST + "/response")
    registrar.publish(REQUEST, json.dumps({"commands": [
        {"command": "createClient", "username": account,
         "password": secrets.token_hex(16)}]}).encode())
    wait.until(lambda: account in str(accounts(place)[0]), "the account", 60)
    for made in (account, "registrar"):
        place.broker.steward.command(command="deleteClient", username=made)
    registrar.close()
