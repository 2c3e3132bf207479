"""A relay as `porchlight relay` makes it, carried to its place by its own install.sh: nobody has read
its source, and no key is copied by hand."""

import copy
import json
import os
import secrets
import time

import pytest
from nacl import bindings as na

from tests.kit import kiosk as kit
from tests.kit import envelope, process, wait
from tests.kit.place import program
from tests.kit.process import Process
from tests.kit.registrar import Root
from tests.kit.admin_socket import PAGE, Venue
from tests.phone.pushservice import PushService
from tests.phone.serving import fill
from tests.phone.test_access import Client
from tests.phone.test_webpush import Phone


HOUR = time.localtime().tm_hour
AWAKE = f"{(HOUR + 12) % 24:02}:00-{(HOUR + 13) % 24:02}:00"


class Host:
    """A venue, and a machine outside it: a folder that install.sh takes for its root."""

    def __init__(self, folder, authority, conf):
        self.venue = Venue(folder / "venue", authority, conf=conf)
        self.service = PushService(authority.server("push"))
        self.carried, self.outside = folder / "relay", folder / "outside"
        self.authority, self.process = authority, None
        (self.outside / "var/lib/porchlight-relay").mkdir(parents=True)

    # What a phone of test_webpush wants to know.
    @property
    def broker(self):
        return self.venue.brokers[0]

    @property
    def kiosk(self):
        return self.venue.kiosk

    def make(self, *more, code=0):
        return self.venue.cli("relay", "--root", self.kiosk.root_key, *more, self.carried, code=code)

    def another(self, folder):
        """A second relay of the venue, on a machine of its own."""
        made = copy.copy(self)
        made.carried, made.outside, made.process = folder / "relay", folder / "outside", None
        (made.outside / "var/lib/porchlight-relay").mkdir(parents=True)
        return made

    def install(self):
        """As a host does, but that the services are the tests' own."""
        path = f"{os.path.dirname(program('porchlight-relay'))}:/usr/bin:/bin"
        done = process.run([self.carried / "install.sh"],
                           env=process.environment(PREFIX=self.outside, PATH=path))
        assert done.returncode == 0, done.stderr
        etc = self.outside / "etc/porchlight"
        conf = (etc / "relay.conf").read_text()
        conf = conf.replace("ca = /etc/porchlight", f"ca = {etc}").replace(
            "#services = fcm", f"ca = {self.authority.pem}\nservices = localhost:{self.service.port} fcm"
        ).replace("#beat = 5s", "beat = 1s")
        (etc / "relay.conf").write_text(conf)
        return self.start()

    def start(self):
        self.process = Process("porchlight-relay", [program("porchlight-relay"), "--prefix",
                                                    self.outside], self.outside / "log")
        wait.until(lambda: "connected\n" in self.process.said(),
                   lambda: f"its connection; it said {self.process.said()}", 60)
        return self

    def phone(self):
        made = Phone(self)
        made.subscribe()
        kept = self.outside / "var/lib/porchlight-relay/subscriptions"
        wait.until(kept.exists, "the subscription kept", 60)
        return made

    def said(self, what, times=1):
        wait.until(lambda: self.process.said().count(what) >= times,
                   lambda: f"{what!r}; it said {self.process.said()}", 60)

    def stop(self):
        if self.process:
            assert self.process.stop() == 0 and not self.process.trouble(), self.process.said()
            self.process = None

    def close(self):
        self.stop()
        self.service.stop()
        assert not self.service.faults, self.service.faults


@pytest.fixture
def host(folder, authority, request):
    made = Host(folder, authority, getattr(request, "param", None))
    with made.venue:
        made.kiosk.start()
        yield made
        made.close()


def test_it_rings_when_the_switch_is_held(host):
    said = host.make().stdout
    assert "install.sh" in said and "relay = yes" in said
    assert host.venue.ask("phones")["relays"] == 1
    phone = host.install().phone()
    host.kiosk.sim("switch", "hold", "1.7s")
    assert host.service.wait(phone.subscription)[1] == ""


def test_it_has_no_key_that_opens_messages_and_needs_none(host):
    host.make()
    phone = host.install().phone()
    key = (host.kiosk.credentials / "venue.key").read_text().strip()
    for file in [f for top in (host.carried, host.outside) for f in top.rglob("*") if f.is_file()]:
        assert key not in file.read_text(errors="replace"), file
    host.venue.cli("rotate", within=60)
    host.kiosk.sim("switch", "hold", "1.7s")
    host.service.wait(phone.subscription)
    assert host.process.said().count("ringing: an alert") == 1
    assert "silent" not in host.process.said()


def test_an_old_relay_is_told_to_delete_the_key_that_it_had(host):
    host.make()
    host.install().stop()
    kept = host.outside / f"var/lib/porchlight-relay/venue-{host.kiosk.id}.key"
    given = host.outside / "etc/porchlight/credentials/venue.key"
    for file in (kept, given):
        file.write_text("00" * 32 + "\n")
        file.chmod(0o600)
    checked = process.run([program("porchlight-relay"), "--prefix", host.outside, "--check"])
    assert checked.returncode == 0 and "venue.key is not used any more" in checked.stderr
    host.start().said("venue.key is not used any more")
    assert given.exists() and not kept.exists()


def test_the_kiosk_knows_its_relays_by_their_signature(host):
    """Who runs a broker cannot play a relay that is dead."""
    account = host.venue.ask("relay", "--root", host.kiosk.root_key, host.carried)["account"]
    password = (host.carried / "credentials/relay-broker").read_text().strip()
    seed = bytes.fromhex((host.carried / "credentials/relay.key").read_text().strip())
    relay = Client(host.broker, account, password)
    topic = f"{host.kiosk.place}/relay/{account}"
    public = na.crypto_sign_seed_keypair(bytes.fromhex(
        (host.kiosk.credentials / "kiosk.key").read_text().strip()))[0]

    def says(nonce, signer):
        ping = {"v": 2, "kind": "ping", "epoch": 0, "seq": 0, "ring": 0, "nonce": nonce}
        relay.client.publish(topic, envelope.seal_letter(json.dumps(ping), public, topic, signer), 1)

    relay.subscribe(f"{host.kiosk.place}/beat")

    def echoed(nonce):
        beats = [envelope.open_clear(wire, public, f"{host.kiosk.place}/beat")[2]
                 for name, wire, *_ in list(relay.came) if name.endswith("/beat")]
        return any(nonce in json.loads(text)["echo"] for text in beats)
    says("1111111111111111", None)
    says("2222222222222222", na.crypto_sign_keypair()[1])
    says("3333333333333333", na.crypto_sign_seed_keypair(seed)[1])
    wait.until(lambda: echoed("3333333333333333"), "the echo of what the relay signed", 60)
    assert not echoed("1111111111111111") and not echoed("2222222222222222")
    assert host.kiosk.status()["refused_for"] == {"foreign": 2}


@pytest.mark.parametrize("host", [{"alert": {"relay": "yes"}}], ids=["expected"], indirect=True)
def test_what_a_relay_does_not_look_at_is_shown_at_the_kiosk(host):
    """One account's letters beyond its budget: the kiosk learns how many by the relay's pings."""
    def shown():
        return next((line for line in host.kiosk.cli("status").stdout.splitlines() if "messages to it" in line), None)

    host.make()
    phone = host.install().phone()
    wait.until(lambda: host.kiosk.status()["relays_alive"] == 1, "its sign of life", 60)
    assert host.kiosk.status()["relay_dropped"] == 0 and shown() is None
    for _ in range(300):
        phone.letter("test")
    host.said("too many messages")
    count = wait.until(lambda: host.kiosk.status()["relay_dropped"] > 200 and shown(), "what it dropped", 60)
    assert int(count.split()[0]) <= 293 and "too many from one account, and not looked at." in count
    host.stop()
    host.start()
    wait.until(lambda: host.kiosk.status()["relay_dropped"] == 0, "another start, which counts anew", 60)


def test_a_revoked_relay_is_out(host):
    account = host.venue.ask("relay", "--root", host.kiosk.root_key, host.carried)["account"]
    host.install()
    host.venue.cli("revoke", "--root", host.kiosk.root_key, account)
    host.said("not connected")
    assert host.venue.ask("phones")["relays"] == 0
    host.venue.settled([])


def test_two_relays_of_a_venue_have_one_push_key_and_accounts_of_their_own(host, folder):
    host.make()
    host.venue.cli("relay", "--root", host.kiosk.root_key, folder / "second")
    assert host.venue.ask("phones")["relays"] == 2

    def both(name):
        return [(at / "credentials" / name).read_text() for at in (host.carried, folder / "second")]
    assert len(set(both("push.key"))) == 1 and len(set(both("push.cert"))) == 1
    assert len(set(both("relay.key"))) == 2 and len(set(both("relay-broker"))) == 2


@pytest.mark.parametrize("host", [{"alert": {"relay": "yes"}, "trouble": {"quiet_hours": AWAKE}}],
                         ids=["expected"], indirect=True)
def test_of_two_relays_the_silent_one_is_named_and_the_other_rings_staff(host, folder):
    def alive():
        return host.kiosk.status()["relays_alive"]

    other = host.another(folder / "second")
    staff = host.venue.staff()
    host.make()
    account = host.venue.ask("relay", "--root", host.kiosk.root_key, other.carried)["account"]
    phone = host.install().phone()
    phone.show_staff(Root(bytes.fromhex(host.kiosk.root_key.read_text().strip())))
    kept = host.outside / "var/lib/porchlight-relay/subscriptions"
    wait.until(lambda: " staff" in kept.read_text(), "that the relay knows a staff phone", 60)
    other.install()
    try:
        wait.until(lambda: alive() == 2, "both relays' signs of life", 60)
        other.stop()
        staff.eyes.wait("fault", "notice", detail="one-relay-silent", where=account, within=60)
        wait.until(lambda: "" in [text for _, text, *_ in phone.subscription.got], "staff phone rung", 60)
        host.said("ringing: staff are asked for")
        assert "1 of 2 send signs of life" in host.kiosk.cli("status").stdout
        other.start()
        wait.until(lambda: alive() == 2, "both again", 60)
    finally:
        other.stop()


def test_what_is_wrong_is_named(host, folder):
    there = folder / "there"
    there.mkdir()
    for args, code, words in ((["--root", host.kiosk.root_key, there], 1, "exists already. Choose a new name"),
                              ([folder / "new"], 2, "--root FILE is missing"),
                              (["--root", host.kiosk.root_key, folder / "none/new"], 1, "Is the stick mounted?"),
                              (["--root", host.kiosk.root_key, "--ntfy", "push.example.org/x", folder / "new"], 2,
                               "--ntfy takes"),
                              (["--root", host.kiosk.root_key, "--contact", "me@example.org", folder / "new"], 2,
                               "--contact takes"),
                              (["--root", host.carried, folder / "new"], 1, "relay"),
                              (["--root", host.kiosk.root_key, "--broker", "nowhere",
                                folder / "new"], 1, 'no broker "nowhere"')):
        said = host.venue.cli("relay", *args, code=code).stderr
        assert words in said, said
        assert not (folder / "new").exists()
    assert host.venue.ask("phones")["relays"] == 0


def test_where_it_is_to_listen_it_needs_an_account(host):
    host.broker.process.kill()
    wait.until(lambda: not host.kiosk.connected(), "the broker missed", 20)
    assert "needs an account at broker b0: it is not connected" in " ".join(host.make(code=1).stderr.split())
    assert not host.carried.exists() and host.venue.ask("phones")["relays"] == 0


def test_without_the_token_for_ntfy_nothing_is_installed(host):
    host.make("--ntfy", "https://push.example.org/x")
    done = process.run([host.carried / "install.sh"], env=process.environment(
        PREFIX=host.outside, PATH=f"{os.path.dirname(program('porchlight-relay'))}:/usr/bin:/bin"))
    assert done.returncode == 1 and f"to {host.carried}/credentials/push-first" in done.stderr, done
    assert not (host.outside / "etc").exists()
    (host.carried / "credentials/push-first").write_text("tk_1\n")
    host.install()


def test_a_folder_gets_another_kiosk_of_the_venue_and_no_other(host):
    account = host.venue.ask("relay", "--root", host.kiosk.root_key, "--ntfy",
                             "https://push.example.org/x", host.carried)["account"]
    assert (host.carried / "ntfy.yml").read_text() == fill(
        "config/push/ntfy.yml.in", URL="https://push.example.org", PORT=2586, STATE="/var/lib/ntfy",
        UPSTREAM="https://ntfy.sh")
    again = host.venue.ask("relay", "--root", host.kiosk.root_key, host.carried)
    assert again["account"] == account, "the same relay, entered once more"
    conf = host.carried / "relay.conf"
    assert conf.read_text().count(f"[kiosk k{host.kiosk.id[:8]}]") == 1
    conf.write_text(conf.read_text().replace(f"id = {host.kiosk.venue}", "id = " + "0" * 16))
    assert "not the relay.conf" in host.venue.cli(
        "relay", "--root", host.kiosk.root_key, host.carried, code=1).stderr


def another_kiosk(host):
    """Of the same venue, at the same broker, as a backup of the first one would make it."""
    first, broker = host.kiosk, host.broker
    made = kit.Kiosk(brokers=0, conf={
        "venue": {"id": first.venue, "page": PAGE},
        "broker b0": {"host": "localhost", "port": broker.port, "ca": broker.ca, "user": "later",
                      "password": "broker-b0", "outside": "yes",
                      "phones": "wss://b0.example.org/mqtt"}})
    made.venue, password = first.venue, secrets.token_hex(16)
    (made.credentials / "broker-b0").write_text(password + "\n")
    (made.credentials / "broker-b0").chmod(0o600)
    made.change({"broker b0": {"user": made.id}})
    for key in ("venue.key", "root.pub"):
        (made.credentials / key).write_text((first.credentials / key).read_text())
    root = Root(bytes.fromhex(first.root_key.read_text().strip()))
    public = bytes.fromhex((made.credentials / "kiosk.pub").read_text())
    (made.credentials / "kiosk.cert").write_text(
        root.certify(first.venue, made.id, public).hex() + "\n")
    file = made.prefix / "venue"
    done = made.cli("registrar", "--root", first.root_key, "--broker", "b0", file)
    assert done.returncode == 0, done.stderr
    broker.registrar.stop()
    broker.registrar.add(file).start()
    wait.until(lambda: made.id in host.venue.everybody(), "the second kiosk's account", 15)
    return made


def test_one_relay_serves_two_kiosks(host):
    account = host.venue.ask("relay", "--root", host.kiosk.root_key, host.carried)["account"]
    with another_kiosk(host) as back:
        back.start()
        added = back.cli("relay", "--json", "--root", host.kiosk.root_key, host.carried)
        assert added.returncode == 0, added.stderr
        assert json.loads(added.stdout)["account"] == account
        phone = host.install().phone()
        back.sim("switch", "hold", "1.7s")
        host.service.wait(phone.subscription)
        host.kiosk.sim("switch", "hold", "1.7s")
        host.service.wait(phone.subscription, 2)
        assert "silent" not in host.process.said()
        host.stop()
