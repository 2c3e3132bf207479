"""porchlight-registrar beside a real mosquitto: what kiosks and root keys may order, what they may
not, and that nothing is done twice or forgotten, whoever is restarted when."""

import contextlib
import re
import secrets
import shutil
import time

import pytest
from nacl import bindings as na

from tests.kit import doctor, wait
from tests.kit.place import fresh
from tests.kit.registrar import Asker, Registrar, Root, b64
from tests.phone.serving import Broker, Steward
from tests.phone.test_access import Client


def new_id():
    return secrets.token_hex(8)


def password():
    return secrets.token_urlsafe(24)


class House:
    """A broker, its registrar, and two venues that share them: `here` has two kiosks."""

    def __init__(self, folder, authority):
        self.broker = Broker(folder, authority).start()
        self.own_steward()
        self.registrar = Registrar(folder / "registrar", self.broker)
        self.askers = []
        self.here, self.there = self.venue(2), self.venue(1)
        self.registrar.start()
        for account in [*self.here["accounts"], *self.there["accounts"]]:
            self.ready(account)

    def own_steward(self):
        """The registrar takes the administrator's account and gives it more rights, which ends that
        account's connections: whoever asks the broker meanwhile needs another."""
        pw, admin = password(), self.broker.steward
        admin.command(command="createClient", username="steward", password=pw,
                      roles=[{"rolename": "admin"}])
        admin.close()
        self.broker.steward = Steward(self.broker, "steward", pw)

    def venue(self, kiosks):
        root, venue = Root(), new_id()
        accounts = {new_id(): ("kiosk", new_id(), password()) for _ in range(kiosks)}
        root_account = new_id()
        accounts[root_account] = ("root", root_account, password())
        self.registrar.venue(venue, root.public.hex(), accounts)
        return {"root": root, "id": venue, "accounts": accounts}

    def kiosk(self, venue=None, number=0, root=None):
        venue = venue or self.here
        account, (_, kiosk, pw) = list(venue["accounts"].items())[number]
        public, secret = na.crypto_sign_keypair()
        certificate = (root or venue["root"]).certify(venue["id"], kiosk, public)
        return self._asker(venue, kiosk, account, pw, secret, certificate)

    def root(self, venue=None):
        venue = venue or self.here
        account, (_, kiosk, pw) = list(venue["accounts"].items())[-1]
        return self._asker(venue, kiosk, account, pw, venue["root"].secret, bytes(64))

    def _asker(self, venue, kiosk, account, pw, secret, certificate):
        self.ready(account)
        self.askers.append(Asker(self.broker, venue["id"], kiosk, account, pw, secret,
                                 certificate))
        self.askers[-1].account = account
        return self.askers[-1]

    def ready(self, account):
        wait.until(lambda: self.client(account), f"the account {account}", 15)

    def client(self, account):
        """The account as the broker has it; None: it has none."""
        if account not in self.accounts():
            return None
        said = self.broker.steward.command(command="getClient", username=account)
        return said["responses"][0]["data"]["client"]

    def accounts(self):
        said = self.broker.steward.command(command="listClients")
        return set(said["responses"][0]["data"]["clients"])

    def role(self, account):
        return [r["rolename"].split("-")[0] for r in self.client(account)["roles"]]

    def suspended(self, account):
        return self.client(account).get("disabled", False)

    def member(self, asker):
        """An account that this kiosk made and promoted."""
        account = new_id()
        made = asker.ask("create", account, role="newcomer", password=password())
        assert made["kind"] == "done", made
        promoted = asker.ask("promote", account, role="member", password=password())
        assert promoted["kind"] == "done", promoted
        return account

    def close(self):
        for asker in self.askers:
            asker.close()
        self.registrar.stop()
        self.broker.stop()


def lines(house, *parts):
    """Those of the registrar's log that have all of it."""
    return [line for line in house.registrar.said().splitlines() if all(p in line for p in parts)]


@pytest.fixture
def house(authority):
    folder = fresh("e")
    folder.chmod(0o755)
    made = House(folder, authority)
    yield made
    made.close()
    shutil.rmtree(folder, ignore_errors=True)


def test_a_kiosk_lets_a_phone_in_and_shuts_it_out(house):
    kiosk = house.kiosk()
    account = house.member(kiosk)
    assert house.role(account) == ["member"]
    assert house.client(account)["clientid"] == account
    assert kiosk.ask("suspend", account)["kind"] == "done"
    assert house.suspended(account)
    open_invitation = new_id()
    kiosk.ask("create", open_invitation, role="newcomer", password=password())
    assert kiosk.ask("suspend", open_invitation)["kind"] == "done"
    assert open_invitation not in house.accounts()


def test_a_kiosk_suspends_at_most_five_a_day(house):
    kiosk = house.kiosk()
    accounts = [house.member(kiosk) for _ in range(6)]
    said = [kiosk.ask("suspend", account) for account in accounts]
    assert [s["kind"] for s in said] == ["done"] * 5 + ["later"], said
    assert "five" in said[5]["why"] and 0 < said[5]["after"] <= 86400
    assert [house.suspended(a) for a in accounts] == [True] * 5 + [False]
    # A restart of the registrar gives no new five, and the root key needs none of them.
    house.registrar.stop()
    house.registrar.start()
    kiosk.hello()
    assert kiosk.ask("suspend", accounts[5])["kind"] == "later"
    grant = house.here["root"].grant(house.here["id"], "suspend", accounts[5])
    assert kiosk.ask("suspend", accounts[5], grant=b64(grant))["kind"] == "done"
    assert house.suspended(accounts[5])


def test_a_request_is_done_once_and_answered_as_often_as_it_comes(house):
    kiosk = house.kiosk()
    account = house.member(kiosk)
    assert kiosk.ask("suspend", account)["kind"] == "done"
    wire = kiosk.wires[-1]
    house.root().ask("restore", account)
    assert not house.suspended(account)
    for restart in (False, True):
        if restart:
            house.registrar.kill()
            house.registrar.start()
        assert kiosk.send(wire)["kind"] == "done"
        assert not house.suspended(account), "an old packet was obeyed once more"
    kiosk.hello()
    kiosk.ask("create", new_id(), role="newcomer", password=password())
    old = kiosk.send(wire)
    assert old["kind"] == "old" and old["last"] == kiosk.number, old
    assert not house.suspended(account)
    reused = kiosk.ask("suspend", account, number=kiosk.number)
    assert reused["kind"] == "old" and not house.suspended(account)


def greeted(kiosk):
    """Nobody may be there yet: a kiosk greets again too."""
    with contextlib.suppress(AssertionError):
        return kiosk.hello()


def test_a_broker_that_restarts_in_between_loses_no_request(house):
    kiosk = house.kiosk()
    account = house.member(kiosk)
    house.broker.stop()
    house.broker.start()
    wait.until(kiosk.client.is_connected, "the asker back", 30)
    wait.until(lambda: greeted(kiosk), "the registrar back", 60)
    assert kiosk.ask("suspend", account)["kind"] == "done"
    assert house.suspended(account)


def test_staff_and_relays_need_the_root_key(house):
    kiosk, root, venue = house.kiosk(), house.here["root"], house.here["id"]
    account, phone = new_id(), na.crypto_sign_keypair()[0]
    kiosk.ask("create", account, role="newcomer", password=password())
    bare = kiosk.ask("promote", account, role="staff", password=password())
    assert bare["kind"] == "refused" and "root key" in bare["why"]
    other = root.staff(venue, new_id(), phone)
    assert kiosk.ask("promote", account, role="staff", password=password(),
                     staff=b64(other))["kind"] == "refused"
    assert kiosk.ask("promote", account, role="staff", password=password(),
                     staff=b64(root.staff(venue, account, phone)))["kind"] == "done"
    assert house.role(account) == ["staff"]
    assert kiosk.ask("suspend", account)["kind"] == "refused" and not house.suspended(account)
    relay, pw = new_id(), password()
    assert kiosk.ask("create", relay, role="relay", password=pw)["kind"] == "refused"
    grant = root.grant(venue, "create", relay, "relay", password=pw)
    assert kiosk.ask("create", relay, role="relay", password=password(),
                     grant=b64(grant))["kind"] == "refused"
    assert kiosk.ask("create", relay, role="relay", password=pw, grant=b64(grant))["kind"] == "done"
    assert house.role(relay) == ["relay"]
    for kind in ("suspend", "remove"):
        assert kiosk.ask(kind, relay)["kind"] == "refused"
    assert house.root().ask("remove", relay)["kind"] == "done"
    assert relay not in house.accounts()


def test_a_disowned_kiosk_is_shut_out_and_what_it_suspended_is_restored(house):
    kiosk, other, root = house.kiosk(), house.kiosk(number=1), house.root()
    members = [house.member(kiosk) for _ in range(3)]
    for account in members[:2]:
        kiosk.ask("suspend", account)
    elsewhere = house.member(other)
    other.ask("suspend", elsewhere)
    for _ in range(2):
        said = root.ask("disown", kiosk.account, kiosk=kiosk.kiosk)
        assert said["kind"] == "done", said
    assert house.suspended(kiosk.account) and not house.suspended(other.account)
    assert [house.suspended(a) for a in members] == [False] * 3
    assert house.suspended(elsewhere), "another kiosk's decision was undone"
    # Its keys order nothing more, whoever sends for it.
    assert other.ask("suspend", house.member(other))["kind"] == "done"
    house.root()  # still has its account
    house.registrar.stop()
    house.registrar.start()
    house.broker.steward.command(command="enableClient", username=kiosk.account)
    wait.until(kiosk.client.is_connected, "the seized kiosk at the broker", 30)
    assert kiosk.hello()[2] == 3
    assert kiosk.ask("suspend", members[2])["kind"] == "refused"
    assert not house.suspended(members[2])
    assert [kiosk.hello()[2] for _ in range(3)] == [3] * 3
    # Greetings once, and what it asked for.
    assert len(lines(house, f"kiosk {kiosk.kiosk}", ": refused: ", "disowned")) == 2


def test_a_kiosk_orders_nothing_over_accounts_that_are_not_its_own(house):
    kiosk, sibling, stranger = house.kiosk(), house.kiosk(number=1), house.kiosk(house.there)
    theirs = {"a sibling's member": house.member(sibling),
              "another venue's member": house.member(stranger),
              "another venue's kiosk": stranger.account, "a sibling": sibling.account,
              "itself": kiosk.account, "the root's": list(house.here["accounts"])[-1]}
    pw = password()
    before = {name: house.client(account) for name, account in theirs.items()}
    for name, account in theirs.items():
        for kind, fields in {"create": {"role": "newcomer", "password": pw},
                             "promote": {"role": "member", "password": pw}, "suspend": {},
                             "restore": {}, "password": {"password": pw}, "remove": {},
                             "disown": {"kiosk": kiosk.kiosk}}.items():
            said = kiosk.ask(kind, account, **fields)
            assert said["kind"] == "refused" and said["why"], (name, kind, said)
    assert {name: house.client(a)["roles"] for name, a in theirs.items()} == \
        {name: c["roles"] for name, c in before.items()}
    assert not any(house.suspended(a) for a in theirs.values())


def test_another_venues_root_key_and_uncertified_keys_are_refused(house):
    forged = house.kiosk(root=Root())
    assert forged.hello()[2] == 2
    victim = house.member(house.kiosk(number=1))
    forged.client.publish(forged.topic, forged.request("suspend", victim), 1)
    theirs = house.root(house.there)
    assert theirs.ask("remove", victim)["kind"] == "refused"
    assert not house.suspended(victim) and victim in house.accounts()
    assert forged.answers == []


def test_a_venue_that_the_registrar_does_not_know_is_told_so(house):
    venue, kiosk, account, pw = new_id(), new_id(), new_id(), password()
    house.broker.account("kiosk", venue, kiosk, account, pw)
    public, secret = na.crypto_sign_keypair()
    asker = Asker(house.broker, venue, kiosk, account, pw, secret,
                  Root().certify(venue, kiosk, public))
    house.askers.append(asker)
    assert [asker.hello()[2] for _ in range(3)] == [1] * 3
    assert len(lines(house, f"venue {venue}, kiosk {kiosk}: refused: ", "no file of that venue")) == 1


def test_the_log_says_what_was_refused_and_why(house):
    kiosk, other, theirs = house.kiosk(), house.kiosk(number=1), house.kiosk(house.there)
    member = house.member(other)
    staff = new_id()
    wrong = house.kiosk(root=Root())
    asked = {"another kiosk of the venue made that account": (kiosk, "suspend", member),
             "only the venue's root key may do that": (kiosk, "remove", member),
             "the broker has no such account; invite it again": (kiosk, "promote", staff),
             "it is not this venue's": (theirs, "suspend", member)}
    for why, (asker, kind, account) in asked.items():
        role = {"role": "member", "password": password()} if kind == "promote" else {}
        assert asker.ask(kind, account, **role)["kind"] == "refused"
        wait.until(lambda: lines(house, f"venue {asker.venue}, kiosk {asker.kiosk}: {kind}", ": refused: ", why),
                   house.registrar.said)
    old = kiosk.request("suspend", member, number=1)
    assert kiosk.send(old)["kind"] == "old"
    wrong.hello()
    wrong.client.publish(wrong.topic, wrong.request("remove", member), 1)
    kiosk.client.publish(kiosk.topic, b"\2\2" + bytes(766), 1)
    for asker, why in ((kiosk, "that number was used before"), (wrong, "not signed by the root key"),
                       (kiosk, "its letter is no request")):
        wait.until(lambda: lines(house, f"kiosk {asker.kiosk}", ": refused: ", why), house.registrar.said)
    assert not lines(house, member), "accounts are nobody's business"


def test_who_is_refused_without_end_fills_no_log_and_all_of_it_is_counted(house):
    kiosk, calm = house.kiosk(), house.kiosk(house.there)
    kinds, refused = ["restore", "password", "remove", "disown"], 0
    kiosk.hello()
    for i in range(36):
        more = {"password": password()} if kinds[i % 4] == "password" else {}
        more |= {"kiosk": kiosk.kiosk} if kinds[i % 4] == "disown" else {}
        refused += kiosk.ask(kinds[i % 4], new_id(), **more)["kind"] == "refused"
    assert refused == 36
    assert len(lines(house, f"kiosk {kiosk.kiosk}", ": refused: ")) == 4
    house.member(calm)
    house.registrar.stop()
    assert lines(house, "since this start 36 requests and greetings were refused")


def test_what_one_kiosk_sends_too_much_of_is_counted(house):
    flooder = house.kiosk()
    flooder.hello()
    wire, sent = flooder.request("create", new_id(), role="newcomer", password=password()), 600
    began = time.monotonic()
    for last in [flooder.client.publish(flooder.topic, wire, 1) for _ in range(sent)]:
        last.wait_for_publish(60)
    wait.until(lambda: lines(house, f"too many messages on {flooder.topic}"), house.registrar.said)
    wait.until(lambda: flooder.answers, "an answer")
    house.member(house.kiosk(house.there))  # after all of the flood
    took = time.monotonic() - began
    time.sleep(5)  # its connection reports what it has dropped once a second, or where nothing comes every 2
    house.registrar.stop()
    assert len(lines(house, "too many messages")) == 1
    counted = re.search(r"since this start (\d+) messages were over", house.registrar.said())
    assert counted, house.registrar.said()
    # Taken: a burst of 40, the greeting among them, and four a second.
    assert sent - 40 - 4 * took <= int(counted[1]) <= sent - 39, counted[0]


def flood(client, topic):
    """600 messages. What is counted of them at least by now, as a function: taken are a burst of 40, and four a
    second."""
    began = time.monotonic()
    for last in [client.publish(topic, b"x" * 768, 1) for _ in range(600)]:
        last.wait_for_publish(60)
    return lambda: 600 - 40 - 4 * (time.monotonic() - began)


def test_who_asks_is_told_how_much_is_not_looked_at(house):
    flooder, kiosk = house.kiosk(), house.kiosk(house.there)
    kiosk.hello()
    assert "dropped" not in kiosk.ask("suspend", new_id())
    least = flood(flooder.client, flooder.topic)
    wait.until(lambda: kiosk.ask("suspend", new_id()).get("dropped", 0) >= least(), "the count of all of it")


def test_the_kiosk_shows_how_much_its_registrar_did_not_look_at(make_venue):
    venue = make_venue(start=False)
    word = (venue.kiosk.credentials / "broker-b0").read_text().strip()
    thief = Client(venue.brokers[0], venue.account, word)
    least = flood(thief.client, f"{venue.kiosk.place}/registrar")
    thief.close()
    venue.kiosk.start()
    assert "messages to its registrar" not in venue.cli("status").stdout, "it has not been asked yet"

    def told_at_an_invitation():
        venue.invite()
        return venue.ask("status")["brokers"][0]["registrar_dropped"]
    told = wait.until(lambda: (count := told_at_an_invitation()) >= least() and count, "the count", every=1)
    assert told < 600 and f"{told} messages to its registrar were too many" in venue.cli("status").stdout
    found = doctor.ask(venue.kiosk.prefix)["broker"]["b0, registrar's flood"]
    assert found.verdict == "warning" and f"{told} messages" in found.said


def test_a_flood_by_one_kiosk_costs_that_kiosk_alone(house):
    flooder, kiosk = house.kiosk(), house.kiosk(house.there)
    flooder.hello()
    wire = flooder.request("create", new_id(), role="newcomer", password=password())
    for _ in range(3000):
        flooder.client.publish(flooder.topic, wire, 0)
    account = house.member(kiosk)
    assert house.role(account) == ["member"]
    assert len(flooder.answers) < 200
