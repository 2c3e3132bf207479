"""Whoever has an account at a broker tries everything that is not its own: every topic of the table in
kiosk/common/topics.c, at every kiosk and for every account, and every command of the broker's
administration. All of it is refused, and what an account may do is not."""

import fcntl
import itertools
import json
import re
import secrets
import shutil
import threading

import pytest

from tests.kit import pki, wait
from tests.kit.member import paho_client
from tests.kit.place import ROOT, fresh
from tests.phone.serving import REQUEST, Broker

ROLES = ["kiosk", "member", "staff", "newcomer", "relay", "root"]
LEAST = 150  # acts of each kind of account

COMMANDS = ["createClient", "deleteClient", "enableClient", "disableClient", "getClient",
            "listClients", "modifyClient", "setClientId", "setClientPassword", "addClientRole",
            "removeClientRole", "createGroup", "deleteGroup", "addGroupClient",
            "removeGroupClient", "addGroupRole", "removeGroupRole", "getGroup", "listGroups",
            "modifyGroup", "setAnonymousGroup", "getAnonymousGroup", "createRole", "deleteRole",
            "getRole", "listRoles", "modifyRole", "addRoleACL", "removeRoleACL",
            "setDefaultACLAccess", "getDefaultACLAccess"]


def table():
    """{topic: (per account, roles that write, roles that read)}."""
    text = (ROOT / "kiosk/common/topics.c").read_text()
    groups = dict(re.findall(r"#define (\w+)\s+\(((?:\w+|[ |])+)\)", text))
    rows = re.findall(r"\[TOPIC_\w+\] =\s*\{\s*\"(\w+)\",\s*(\w+),\s*\w+,\s*\d,\s*([^,]+?),\s*"
                      r"([^,]+?),\s*\w+\s*\}", text)

    def roles(words):
        """A group of roles, such as PHONES, may be made of others."""
        found = set()
        for word in re.findall(r"\w+", words):
            found |= {word[5:].lower()} if word.startswith("ROLE_") else roles(groups[word])
        return found
    found = {name: (account == "true", roles(writes), roles(reads))
             for name, account, writes, reads in rows}
    assert {"alert", "ack", "registrar", "registered", "state"} <= found.keys(), found
    return found


class Client:
    """`page`: by the listener to which the proxy passes what the members' page sends."""

    def __init__(self, broker, account, password, page=False):
        self.granted, self.came, self.ready = [], [], threading.Event()
        self.client = paho_client(account, transport="websockets" if page else "tcp")
        self.client.username_pw_set(account, password)
        if not page:
            self.client.tls_set(ca_certs=str(broker.ca))
        self.client.on_connect = lambda *_: self.ready.set()
        self.client.on_message = lambda _c, _d, m: self.came.append((m.topic, m.payload))
        self.client.on_subscribe = self._on_subscribe
        self.client.connect("localhost", broker.websocket if page else broker.port)
        self.client.loop_start()
        assert self.ready.wait(30), "not let in"

    def _on_subscribe(self, _client, _data, _mid, codes, *_):
        self.granted.append(codes[0] if isinstance(codes[0], int) else codes[0].value)

    def subscribes(self, topic):
        before = len(self.granted)
        self.client.subscribe(topic, 1)
        wait.until(lambda: len(self.granted) > before, f"an answer to {topic}", 30)
        return self.granted[-1] < 0x80

    def close(self):
        self.client.disconnect()
        self.client.loop_stop()


class Place:
    def __init__(self, folder):
        self.broker = Broker(folder, pki.Authority(folder / "ca")).start()
        self.venue, self.kiosk, self.sibling = (secrets.token_hex(8) for _ in range(3))
        self.other_venue, self.other_kiosk = secrets.token_hex(8), secrets.token_hex(8)
        self.other = secrets.token_hex(8)
        self.accounts, self.passwords = {}, {}
        for role in ROLES:
            account = self.kiosk if role == "kiosk" else secrets.token_hex(8)
            where = "+" if role == "relay" else account if role == "root" else self.kiosk
            self.accounts[role], self.passwords[role] = account, secrets.token_urlsafe(24)
            self.broker.account(role, self.venue, where, account, self.passwords[role])
        steward = self.broker.steward
        steward.command(command="createRole", rolename="eyes",
                        acls=[{"acltype": t, "topic": "#", "allow": True}
                              for t in ("subscribeLiteral", "publishClientReceive")])
        steward.command(command="createClient", username="eyes", password="eyes-password-0123",
                        roles=[{"rolename": "eyes"}])
        self.eyes = Client(self.broker, "eyes", "eyes-password-0123")
        assert self.eyes.subscribes("#")

    def full(self, name, account, kiosk=None):
        return f"porchlight/{self.venue}/{kiosk or self.kiosk}/{name}" + (account and f"/{account}")

    def administration(self):
        steward = self.broker.steward
        return [steward.command(command=c, **more)["responses"][0]["data"] for c, more in (
            ("listClients", {"verbose": True}), ("listRoles", {"verbose": True}),
            ("listGroups", {"verbose": True}), ("getDefaultACLAccess", {}))]

    def close(self):
        self.eyes.close()
        self.broker.stop()


def noted(who, refused):
    """A row of build/rights.md."""
    print(f"{who}: {refused} acts, all refused")
    path = ROOT / "build/rights.md"
    path.parent.mkdir(exist_ok=True)
    with path.open("a+", encoding="utf-8") as table:
        fcntl.flock(table, fcntl.LOCK_EX)
        table.seek(0)
        rows = {row.split(" | ")[0][2:]: row for row in table.read().splitlines()[2:]}
        rows[who] = f"| {who} | {refused} |"
        table.truncate(0)
        table.write("\n".join(["| account | acts that were refused |", "|---|---|",
                               *sorted(rows.values())]) + "\n")


@pytest.fixture
def place():
    folder = fresh("e")
    folder.chmod(0o755)
    made = Place(folder)
    yield made
    made.close()
    shutil.rmtree(folder, ignore_errors=True)


def may(role, rule, write, venue, kiosk, account, place):
    """What the table says of one account, one topic and one account in it ("" if it has none)."""
    name, (per_account, writes, reads) = rule
    own = place.accounts[role]
    if role not in (writes if write else reads) or venue != place.venue:
        return False
    if name == "words" and not write:  # a phone reads all numbers at once
        return account == "+" and kiosk == place.kiosk
    everybody = per_account and (role == "kiosk" or (role == "relay" and name == "wake"))
    if everybody and not write:  # it reads all of them at once; a relay one by one too
        account = own if account == "+" or role == "relay" else ""
    if per_account and account != own and not (everybody and write):
        return False
    if role == "relay":
        return True
    if role == "root":
        return kiosk == own if name in ("registrar", "registered") else True
    return kiosk == place.kiosk


def topics(role, place):
    """Every name of the table, at every kiosk, for one's own account and another."""
    own = place.accounts[role]
    kiosks = [(place.venue, place.kiosk), (place.venue, place.sibling),
              (place.other_venue, place.other_kiosk), (place.venue, own)]
    for rule in table().items():
        for venue, kiosk in dict.fromkeys(kiosks):
            for account in ([own, place.other, "+"] if rule[1][0] else [""]):
                full = f"porchlight/{venue}/{kiosk}/{rule[0]}" + (f"/{account}" if account else "")
                yield rule, venue, kiosk, account, full


WIDE = ["#", "+/#", "porchlight/#", "porchlight/VENUE/#", "porchlight/VENUE/KIOSK/#",
        "porchlight/VENUE/KIOSK/+", "porchlight/+/+/alert", "porchlight/+/+/state",
        "porchlight/VENUE/+/notice", "porchlight/+/+/registrar", "porchlight/+/+/registered",
        "porchlight/VENUE/+/command/+", "$CONTROL/#", REQUEST, REQUEST + "/response", "$SYS/#",
        "$share/g/#", "$share/g/porchlight/#"]


@pytest.mark.parametrize("role, page", [*((role, False) for role in ROLES), ("member", True), ("staff", True),
                                        ("newcomer", True)])
def test_an_account_does_what_is_its_own_and_nothing_else(place, role, page):
    client = Client(place.broker, place.accounts[role], place.passwords[role], page)
    before, refused, granted, forbidden = place.administration(), 0, 0, {}
    for rule, venue, kiosk, account, full in topics(role, place):
        reads = may(role, rule, False, venue, kiosk, account, place)
        assert client.subscribes(full) == reads, f"{role} subscribes to {full}"
        refused, granted = refused + (not reads), granted + reads
        writes = account == "+" or may(role, rule, True, venue, kiosk, account, place)
        granted += writes
        for retain in () if writes else (False, True):
            mark = secrets.token_bytes(24)
            forbidden[mark] = full
            client.client.publish(full, mark, 1, retain)
    for wide in WIDE:
        wide = wide.replace("VENUE", place.venue).replace("KIOSK", place.kiosk)
        assert not client.subscribes(wide), f"{role} subscribes to {wide}"
        refused += 1
    for command, user in itertools.product(COMMANDS, (place.accounts[role], "admin")):
        text = json.dumps({"commands": [{
            "command": command, "username": user, "rolename": "admin", "groupname": "all",
            "password": "0123456789abcdef", "clientid": "x", "acltype": "publishClientSend",
            "topic": "#", "allow": True, "roles": [{"rolename": "admin"}],
            "acls": [{"acltype": "publishClientSend", "allow": True}]}]})
        client.client.publish(REQUEST, text, 1)
        refused += 1
    last = client.client.publish(f"porchlight/{place.venue}/nowhere", b"x", 1)
    last.wait_for_publish(30)
    # Packets of one connection are handled in their order: all of it has been.
    assert place.administration() == before
    assert not [forbidden[p] for _, p in place.eyes.came if p in forbidden]
    refused += len(forbidden)
    noted(f"{role}, by the page" if page else role, refused)
    assert refused >= LEAST, f"{role}: {refused}"
    assert granted > 0
    client.close()
