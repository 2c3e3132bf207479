"""porchlight-registrar beside a real RabbitMQ: kiosks let phones in and shut them out, root keys retire
kiosks, and nobody reaches another venue's accounts, by the management API."""

import secrets
import shutil

import pytest
from nacl import bindings as na

from tests.kit import pki, process, wait
from tests.kit.member import paho_client
from tests.kit.place import fresh
from tests.kit.registrar import Asker, Root
from tests.long.managed_rabbitmq import BesideRabbit, Managed


def new_id():
    return secrets.token_hex(8)


def password():
    return secrets.token_urlsafe(24)


class Phone:
    """A connection of one account. `ended` once the broker has closed it."""

    def __init__(self, broker, account, word):
        self.codes, self.ended, self.granted = [], False, []
        self.client = paho_client(account, broker.v5)
        self.client.username_pw_set(account, word)
        self.client.tls_set(ca_certs=str(broker.ca))
        self.client.on_connect = lambda *args: self.codes.append(args[3])
        self.client.on_disconnect = lambda *_: setattr(self, "ended", True)
        self.client.on_subscribe = lambda *args: self.granted.append(args[3])
        self.client.connect("localhost", broker.port)
        self.client.loop_start()
        wait.until(lambda: self.codes or self.ended, f"an answer to {account}", 15)

    @property
    def is_in(self):
        return bool(self.codes) and int(getattr(self.codes[0], "value", self.codes[0])) == 0

    def close(self):
        self.client.loop_stop()
        self.client.disconnect()


def gets_in(broker, account, word):
    phone = Phone(broker, account, word)
    phone.close()
    return phone.is_in


class House:
    """A RabbitMQ, its registrar, and two venues that share them."""

    def __init__(self, folder, authority):
        self.broker = Managed(folder / "rabbit", authority).start()
        self.registrar = BesideRabbit(folder / "registrar", self.broker)
        self.askers, self.phones = [], []
        self.here, self.there = self.venue(2), self.venue(1)
        self.registrar.start()
        for account in [*self.here["accounts"], *self.there["accounts"]]:
            wait.until(lambda one=account: self.broker.ask(f"users/{one}/permissions"), f"the account {account}", 30)

    def venue(self, kiosks):
        root, venue, root_account = Root(), new_id(), new_id()
        accounts = {new_id(): ("kiosk", new_id(), password()) for _ in range(kiosks)}
        accounts[root_account] = ("root", root_account, password())
        self.registrar.venue(venue, root.public.hex(), accounts)
        return {"root": root, "id": venue, "accounts": accounts}

    def kiosk(self, venue=None, number=0):
        venue = venue or self.here
        account, (_, kiosk, word) = list(venue["accounts"].items())[number]
        public, secret = na.crypto_sign_keypair()
        return self._asker(venue, kiosk, account, word, secret, venue["root"].certify(venue["id"], kiosk, public))

    def root(self, venue=None):
        venue = venue or self.here
        account, (_, kiosk, word) = list(venue["accounts"].items())[-1]
        return self._asker(venue, kiosk, account, word, venue["root"].secret, bytes(64))

    def _asker(self, venue, kiosk, account, word, secret, certificate):
        self.askers.append(Asker(self.broker, venue["id"], kiosk, account, word, secret, certificate))
        self.askers[-1].account = account
        return self.askers[-1]

    def phone(self, account, word):
        self.phones.append(Phone(self.broker, account, word))
        return self.phones[-1]

    def member(self, asker):
        """(account, password) of a phone that this kiosk let in."""
        account, word = new_id(), password()
        for kind, role, one in (("create", "newcomer", password()), ("promote", "member", word)):
            said = asker.ask(kind, account, role=role, password=one)
            assert said["kind"] == "done", said
        return account, word

    def close(self):
        for one in self.askers + self.phones:
            one.close()
        self.registrar.stop()
        self.broker.stop()


@pytest.fixture(autouse=True, scope="module")
def no_process_left():
    """A RabbitMQ takes half a minute to start: one for all of these."""
    yield
    process.end_and_complain()


@pytest.fixture(scope="module")
def house():
    folder = fresh("r")
    folder.chmod(0o755)
    made = House(folder, pki.Authority(folder / "ca"))
    yield made
    made.close()
    shutil.rmtree(folder, ignore_errors=True)


def test_a_phone_is_invited_and_has_its_rights_and_no_others(house):
    kiosk = house.kiosk()
    account, first, second = new_id(), password(), password()
    assert kiosk.ask("create", account, role="newcomer", password=first)["kind"] == "done"
    base = f"porchlight/{kiosk.venue}/{kiosk.kiosk}"
    newcomer = house.phone(account, first)
    assert newcomer.is_in
    newcomer.client.subscribe(f"{base}/enrol/{account}", 1)
    wait.until(lambda: newcomer.granted, "its own answers", 15)
    assert kiosk.ask("promote", account, role="member", password=second)["kind"] == "done"
    wait.until(lambda: newcomer.ended, "the end of the one-time connection", 15)
    assert not gets_in(house.broker, account, first)
    member = house.phone(account, second)
    assert member.is_in
    member.client.subscribe(f"{base}/alert", 1)
    wait.until(lambda: member.granted, "its alerts", 15)
    # RabbitMQ ends the connection of whoever asks for more, or says so in its answer.
    member.client.subscribe(f"{base}/notice", 1)
    wait.until(lambda: member.ended or len(member.granted) > 1, "an answer", 15)
    assert member.ended or int(getattr(member.granted[1][0], "value", member.granted[1][0])) >= 0x80


def test_the_hosts_lines_are_read_by_members_and_written_by_their_kiosk(house):
    """What is kept comes for exact names alone: the page asks for each piece by its name."""
    kiosk, stranger = house.kiosk(), house.kiosk(house.there)
    first, second = (f"porchlight/{kiosk.venue}/{kiosk.kiosk}/words/{n:016x}" for n in (0, 1))
    came, kept = [], []

    def phone(into, *topics):
        one = house.phone(*house.member(kiosk))
        one.client.on_message = lambda _, __, m: into.append((m.topic, m.payload))
        for topic in topics:
            one.client.subscribe(topic, 1)
        wait.until(lambda: len(one.granted) == len(topics), "what it may read", 15)
        return one

    live = phone(came, f"{first[:-17]}/+")
    kiosk.client.publish(first, b"line", 1, True)
    wait.until(lambda: came == [(first, b"line")], lambda: f"the live piece; {came}", 15)
    phone(kept, first, second)
    wait.until(lambda: kept == [(first, b"line")], lambda: f"the kept piece; {kept}", 15)
    live.client.publish(second, b"a member's", 1, True)
    wait.until(lambda: live.ended, "the end of a member that writes", 15)
    stranger.client.publish(first, b"a stranger's", 1, True)
    wait.until(lambda: not stranger.client.is_connected(), "the end of another venue's kiosk", 15)
    assert came == kept == [(first, b"line")]


def test_a_phone_is_revoked_at_once_and_restored_by_the_root(house):
    kiosk, root = house.kiosk(), house.root()
    account, word = house.member(kiosk)
    phone = house.phone(account, word)
    assert phone.is_in
    assert kiosk.ask("suspend", account)["kind"] == "done"
    wait.until(lambda: phone.ended, "the end of its connection", 15)
    phone.close()
    assert not gets_in(house.broker, account, word)
    assert "suspended" in house.broker.user(account)["tags"]
    assert root.ask("restore", account)["kind"] == "done"
    assert gets_in(house.broker, account, word)
    assert root.ask("password", account, password=(again := password()))["kind"] == "done"
    assert not gets_in(house.broker, account, word) and gets_in(house.broker, account, again)
    assert root.ask("remove", account)["kind"] == "done"
    assert house.broker.user(account) is None
    assert root.ask("remove", account)["kind"] == "done", "once more is harmless"


def test_a_retired_kiosk_is_shut_out_and_what_it_suspended_is_restored(house):
    kiosk, root = house.kiosk(number=1), house.root()
    account, word = house.member(kiosk)
    assert kiosk.ask("suspend", account)["kind"] == "done"
    assert not gets_in(house.broker, account, word)
    assert root.ask("disown", kiosk.account, kiosk=kiosk.kiosk)["kind"] == "done"
    wait.until(lambda: not kiosk.client.is_connected(), "the end of its connection", 15)
    assert "suspended" in house.broker.user(kiosk.account)["tags"]
    assert gets_in(house.broker, account, word)


def test_nobody_reaches_another_venues_accounts(house):
    kiosk, stranger = house.kiosk(), house.kiosk(house.there)
    account, word = house.member(stranger)
    before = house.broker.user(account)
    for kind, fields in {"create": {"role": "newcomer", "password": password()},
                         "promote": {"role": "member", "password": password()}, "suspend": {}}.items():
        assert kiosk.ask(kind, account, **fields)["kind"] == "refused", kind
    for name in ("registrar", stranger.account):
        if len(name) == 16:
            assert kiosk.ask("suspend", name)["kind"] == "refused"
    assert house.broker.user(account) == before and gets_in(house.broker, account, word)
    assert stranger.client.is_connected()


def test_the_registrar_goes_on_where_it_was_when_it_is_killed(house):
    kiosk = house.kiosk()
    account, word = new_id(), password()
    assert kiosk.ask("create", account, role="newcomer", password=password())["kind"] == "done"
    house.registrar.kill()
    house.registrar.start()
    kiosk.hello()
    assert kiosk.ask("promote", account, role="member", password=word)["kind"] == "done"
    assert gets_in(house.broker, account, word)
    assert sorted(house.broker.user(account)["tags"]) == sorted(
        ["porchlight-member", f"venue-{kiosk.venue}", f"kiosk-{kiosk.kiosk}"])
