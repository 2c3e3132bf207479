"""porchlight-relay's second way out, against a push service that reads the RFCs for itself."""

import json
import secrets
import stat
import threading
import time
import uuid

import pytest
from nacl import bindings as na

from tests.kit import envelope, process, wait
from tests.kit.place import program
from tests.phone.kiosk import Kiosk, Root, b64
from tests.phone.ntfy import Relay
from tests.phone.pushservice import PushService, Subscription, believe
from tests.phone.serving import Broker
from tests.phone.test_access import Client


class Phone:
    """A member's connection that asks to be rung, as the page does."""

    def __init__(self, night):
        self.night, self.account = night, secrets.token_hex(8)
        password = secrets.token_urlsafe(24)
        night.broker.account("member", night.kiosk.venue, night.kiosk.id, self.account, password)
        self.client = Client(night.broker, self.account, password)
        assert self.client.subscribe(f"{night.kiosk.place}/push")
        self.offer = wait.until(lambda: self.client.came and self.client.came[0][1],
                                "the relay's offer", 60)
        self.subscription = Subscription(night.service)

    def letter(self, kind, account=None, key=None, **fields):
        if kind in ("test", "unsubscribe"):
            fields = {"auth": self.subscription.keys()["auth"], **fields}
        topic = f"{self.night.kiosk.place}/wake/{self.account}"
        text = json.dumps({"v": 2, "kind": kind, "account": account or self.account,
                           **fields}).encode()
        inner = bytes(64) + len(text).to_bytes(2, "big") + text + bytes(652 - len(text))
        wire = b"\2\2" + na.crypto_box_seal(
            inner, na.crypto_sign_ed25519_pk_to_curve25519(key or self.offer[2:34]))
        self.client.publish(topic, wire)

    def show_staff(self, root=None):
        """As a staff phone's page does: the root's certificate, signed by the certified key."""
        public, secret = na.crypto_sign_keypair()
        topic = f"{self.night.kiosk.place}/wake/{self.account}"
        venue = bytes.fromhex(self.night.kiosk.venue)
        certificate = (root or self.night.kiosk.root).sign(
            "porchlight-staff", venue, bytes.fromhex(self.account), public)
        text = json.dumps({"v": 2, "kind": "staff", "account": self.account, "public": b64(public),
                           "certificate": b64(certificate)})
        self.client.publish(topic, envelope.seal_letter(text, self.offer[2:34], topic, secret))

    def subscribe(self, **more):
        self.letter("subscribe", **{**self.subscription.keys(), **more})
        return self


class Night:
    web = {}

    def __init__(self, folder, authority):
        self.folder, self.authority = folder, authority
        self.broker = Broker(folder, authority).start()
        self.kiosk = Kiosk([self.broker]).online()
        self.service = PushService(authority.server("push"))
        self.relay = Relay(folder, self.broker, [self.kiosk], None, web={
            "contact": "mailto:host@example.org", "ca": authority.pem,
            "services": f"push.example.org localhost:{self.service.port} *.push.example.net", **self.web},
            again="0s")  # each alert rings once, however long a busy machine takes (test_awake has the rest)
        self.relay.start()

    def phone(self, **more):
        made = Phone(self)
        made.subscribe(**more)
        return made

    def stored(self):
        return self.relay.stored()

    def kept(self, count):
        wait.until(lambda: len(self.stored()) == count,
                   lambda: f"{count} subscriptions kept; there are {self.stored()}", 60)

    def close(self):
        self.relay.stop()
        self.kiosk.close()
        self.service.stop()
        self.broker.stop()
        assert not self.service.faults, self.service.faults


@pytest.fixture
def night(folder, authority):
    made = Night(folder, authority)
    yield made
    made.close()


def test_an_offer_is_the_roots_word(night):
    offer = Phone(night).offer
    key, root, venue = offer[2:34], night.kiosk.root.public, bytes.fromhex(night.kiosk.venue)
    assert len(offer) == 768 and offer[:2] == b"\2\5" and offer[227:] == bytes(541)
    na.crypto_sign_open(offer[34:98] + b"porchlight-push\0" + venue + key, root)
    na.crypto_sign_open(offer[163:227] + b"porchlight-offer\0" + venue + offer[98:163], key)


def test_an_alert_rings_every_phone_and_says_nothing(night):
    phones = [night.phone() for _ in range(5)]
    night.service.vapid = phones[0].offer[98:163]
    night.kept(5)
    night.kiosk.alarm("lockdown")
    for p in phones:
        _, text, headers, size = night.service.wait(p.subscription)
        assert text == "" and headers["Topic"] == "kettle"
        assert size == 86 + 64 + 16
        assert "Expect" not in headers
    time.sleep(0.5)
    assert all(len(p.subscription.got) == 1 for p in phones)
    night.kiosk.alarm("lockdown")
    for p in phones:
        night.service.wait(p.subscription, 2)
    bodies = {p.subscription.got[0][2]["Authorization"] for p in phones}
    assert len(bodies) == 1, "a token for each phone shows the service less of who belongs together"


def test_only_pseudonyms_are_kept(night):
    phone = night.phone()
    night.kept(1)
    line = night.stored()[0]
    path = night.relay.subscriptions
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    for told in (phone.account, night.kiosk.id, night.kiosk.venue, night.relay.account):
        assert told not in line
    assert line.split()[3:] == ["member", phone.subscription.endpoint]
    said = night.relay.process.said()
    assert phone.account not in said and phone.subscription.path not in said


def test_a_code_wakes_the_phones_that_show_that_they_are_staff(night):
    member, staff, liar = night.phone(), night.phone(), night.phone()
    night.kept(3)
    staff.show_staff()
    liar.show_staff(root=Root())  # another venue's
    wait.until(lambda: [line.split()[3] for line in night.stored()].count("staff") == 1,
               lambda: f"one staff phone; {night.stored()}", 60)
    night.kiosk.ring(False, staff=str(uuid.uuid4()))
    assert night.service.wait(staff.subscription)[1] == ""
    night.kiosk.alarm("lockdown")
    night.service.wait(staff.subscription, 2)
    for phone in (member, liar):
        night.service.wait(phone.subscription)
        assert len(phone.subscription.got) == 1, "woken for a code, which is for staff alone"


def test_a_gone_subscription_is_dropped(night):
    gone, unknown, stays = night.phone(), night.phone(), night.phone()
    gone.subscription.answer = 410
    del night.service.subscriptions[unknown.subscription.path]  # 404
    night.kept(3)
    night.kiosk.alarm("caution")
    night.service.wait(stays.subscription)
    night.kept(1)
    assert stays.subscription.endpoint in night.stored()[0]
    asked = night.service.asked
    night.kiosk.all_clear()
    night.service.wait(stays.subscription, 2)
    time.sleep(0.5)
    assert night.service.asked == asked + 1


def test_service_down_and_back_is_reported_once(night):
    phone = night.phone()
    night.kept(1)
    night.service.stop()
    night.kiosk.alarm("lockdown")
    night.relay.complains()
    night.service.start()
    night.service.wait(phone.subscription)
    time.sleep(2)
    assert len(phone.subscription.got) == 1


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_refusal_is_tried_again_and_holds_up_nobody_else(night, status):
    slow, quick = night.phone(), night.phone()
    night.kept(2)
    slow.subscription.answer = status
    night.kiosk.alarm("lockdown")
    night.service.wait(quick.subscription)
    wait.until(lambda: night.service.asked >= 3, "another attempt", 60)
    slow.subscription.answer = 201
    night.service.wait(slow.subscription)
    assert len(quick.subscription.got) == 1 and len(night.stored()) == 2


@pytest.mark.parametrize("status", [400, 401, 403, 406, 413])
def test_a_dead_subscription_is_dropped_and_the_relay_goes_on(night, status):
    """Its service refuses it and takes the others': that is the phone's affair, not the relay's."""
    dead, *others = [night.phone() for _ in range(3)]
    night.kept(3)

    def beats():
        return len(night.relay.beats(night.kiosk))
    dead.subscription.answer = status
    night.kiosk.alarm("lockdown")
    for phone in others:
        night.service.wait(phone.subscription)
    night.kept(2)
    before = beats()
    wait.until(lambda: beats() >= before + 3, "beats", 60)
    assert [len(p.subscription.got) for p in others] == [1, 1]
    assert "refuses a subscription" in night.relay.process.said()


class Weekly(Night):
    web = {"check": "8s"}


@pytest.mark.parametrize("status", [201, 500])
def test_a_ring_test_that_is_asked_for_while_a_silent_one_is_on_its_way_comes_too(folder, authority, status):
    night = Weekly(folder, authority)
    phone, take = night.phone(), night.service.take
    under_way, go_on = threading.Event(), threading.Event()

    def slow(path, headers, body):
        """The first push, which is a silent test, is answered late."""
        if path != phone.subscription.path or under_way.is_set():
            return take(path, headers, body)
        under_way.set()
        assert go_on.wait(60)
        return take(path, headers, body) if status == 201 else status
    night.service.take = slow
    try:
        assert under_way.wait(60), "no silent test"
        phone.letter("test")
        other = Subscription(night.service)
        phone.letter("subscribe", **other.keys())
        night.kept(2)  # letters are read in their order: the wish for a test was read too
        go_on.set()
        wait.until(lambda: [t for _, t, *_ in phone.subscription.got if t.startswith("test")],
                   lambda: f"the test that rings; came {phone.subscription.got}", 60)
    finally:
        go_on.set()
        night.close()


def test_a_busy_service_is_given_the_time_it_asks_for(night):
    phone = night.phone()
    night.kept(1)
    phone.subscription.answer, night.service.retry_after = 503, 6
    night.kiosk.alarm("lockdown")
    wait.until(lambda: night.service.asked, "the first attempt")
    phone.subscription.answer = 201
    came = night.service.wait(phone.subscription)[0]
    assert came - night.service.refused_at > 5


def test_the_longest_names_are_taken_and_longer_ones_refused(night):
    """A push service may have any name; none of them ends the relay."""
    honest = night.phone()
    night.kept(1)
    labels = ".".join("abcd"[i] * 58 for i in range(4)) + "."
    for host in (f"localhost:{night.service.port}", labels[:253 - 16] + "push.example.net",
                 labels + "much.too.long.for.any.name.push.example.net"):
        Phone(night).subscribe(endpoint=f"https://{host}/{'p' * 100}")
    night.kept(3)
    night.kiosk.alarm("lockdown")
    night.service.wait(honest.subscription)
    assert night.relay.process.alive


def test_a_relay_that_reaches_no_service_does_not_beat(night):
    night.phone()
    night.kept(1)

    def beats():
        return len(night.relay.beats(night.kiosk))
    wait.until(lambda: beats() >= 2, "two beats", 60)
    night.service.stop()
    night.kiosk.alarm("lockdown")
    night.relay.complains()
    night.relay.ceases_to_beat(night.kiosk)
    before = beats()
    night.service.start()
    wait.until(lambda: beats() > before, "beats again", 60)


def test_a_test_goes_to_that_phone_alone(night):
    phone, other = night.phone(), night.phone()
    night.kept(2)
    began = time.monotonic()
    phone.letter("test")
    phone.letter("test")
    at, text, headers, size = night.service.wait(phone.subscription)
    assert 9.5 < at - began and text.split(" ")[0] == "test" and headers["Topic"] == "kettle-test"
    assert size == 86 + 64 + 16, "the service can tell a test by its length"
    night.kiosk.alarm("lockdown")
    assert night.service.wait(other.subscription)[1] == ""
    assert night.service.wait(phone.subscription, 2)[1] == ""


def test_an_alert_does_not_wait_for_a_test(night):
    phone = night.phone()
    night.kept(1)
    phone.letter("test")
    time.sleep(0.5)
    night.kiosk.alarm("lockdown")
    assert night.service.wait(phone.subscription)[1] == "", "what comes first is the alert"


def test_taken_back_revoked_and_asked_again(night):
    one, two = night.phone(), night.phone()
    night.kept(2)
    one.letter("unsubscribe")
    night.kept(1)
    night.kiosk.say(f"wake/{two.account}", "revoked")
    night.kept(0)
    one.subscribe()
    night.kept(1)
    old, one.subscription = one.subscription, Subscription(night.service)
    one.subscribe()
    night.kept(2)
    one.letter("unsubscribe", auth=old.keys()["auth"])
    night.kept(1)
    assert one.subscription.endpoint in night.stored()[0]


def test_whoever_runs_the_broker_takes_no_ring_away(night):
    """They send what they like in the phone's name, and lack its subscription's secret."""
    phone = night.phone()
    night.kept(1)
    forger = Subscription(night.service)
    for kind in ("unsubscribe", "test"):
        phone.letter(kind, auth=forger.keys()["auth"])
        phone.letter(kind, auth=None)
    for fields in (forger.keys(), {**forger.keys(), "auth": phone.subscription.keys()["auth"]},
                   Subscription(night.service).keys()):
        phone.letter("subscribe", **fields)
    wait.until(lambda: fields["endpoint"] in "".join(night.stored()), "the last of them", 60)
    assert len(night.stored()) == 2, "a forged one takes the place of a forged one"
    assert phone.subscription.endpoint in night.stored()[0]
    night.relay.stop()
    night.relay.start()
    night.kiosk.alarm("lockdown")
    assert night.service.wait(phone.subscription)[1] == ""


def test_what_is_no_honest_subscription_is_refused(night):
    good, bad = night.phone(), Phone(night)
    night.kept(1)
    inside = f"https://127.0.0.1:{night.service.port}/push/x"
    for change in ({"endpoint": inside}, {"endpoint": "https://localhost/x"},
                   {"endpoint": f"https://localhost:{night.service.port}@10.0.0.1/x"},
                   {"endpoint": f"http://localhost:{night.service.port}/x"},
                   {"p256dh": good.subscription.keys()["auth"]},
                   {"p256dh": "B" + "A" * 86}, {"auth": "short"},
                   {"account": good.account}):
        bad.subscribe(**change)
    bad.letter("subscribe", key=night.kiosk.public, **bad.subscription.keys())
    bad.client.publish(f"{night.kiosk.place}/wake/{bad.account}", secrets.token_bytes(768))
    # Another member's name on the topic is the broker's to refuse.
    bad.client.publish(f"{night.kiosk.place}/wake/{good.account}", secrets.token_bytes(768))
    night.phone()
    night.kept(2)
    assert bad.subscription.endpoint not in "".join(night.stored())
    assert good.subscription.endpoint in "".join(night.stored())


def test_one_command_deletes_them_all(night):
    phones = [night.phone() for _ in range(3)]
    night.kept(3)
    done = process.run([program("porchlight-relay"), "--prefix", night.relay.folder,
                        "--forget-subscriptions"])
    assert done.returncode == 0 and done.stdout == "deleted: 3\n", done
    assert not night.relay.subscriptions.exists()
    wait.until(lambda: "were deleted" in night.relay.process.said(), "the running relay's word", 60)
    night.kiosk.alarm("lockdown")
    time.sleep(1.5)
    assert not any(p.subscription.got for p in phones)
    assert not night.relay.subscriptions.exists()
    again = process.run([program("porchlight-relay"), "--prefix", night.relay.folder,
                         "--forget-subscriptions"])
    assert again.stdout == "deleted: 0\n", again


def test_they_outlive_the_relay(night):
    phone = night.phone()
    night.kept(1)
    night.relay.stop()
    night.relay.start()
    night.kiosk.alarm("lockdown")
    night.service.wait(phone.subscription)


def test_a_key_that_the_root_did_not_sign_is_refused(folder, authority):
    night = Night(folder, authority)
    night.close()
    (night.relay.credentials / "push.cert").write_text("00" * 64 + "\n")
    done = process.run([program("porchlight-relay"), "--prefix", night.relay.folder], 20)
    assert done.returncode == 1 and "porchlight keys push" in done.stderr


def test_the_judge_can_say_no():
    """The service's own eyes: a token of another time, place or key is not believed."""
    header = ("vapid t=eyJ0eXAiOiJKV1QiLCJhbGciOiJFUzI1NiJ9.eyJhdWQiOiJodHRwczovL3B1c2guZXhhbXBsZ"
              "S5uZXQiLCJleHAiOjE0NTM1MjM3NjgsInN1YiI6Im1haWx0bzpwdXNoQGV4YW1wbGUuY29tIn0.i3CYb7t"
              "4xfxCDquptFOepC9GAu_HLGkMlMuCGSK2rpiUfnK9ojFwDXb1JrErtmysazNjjvW2L9OkSSHzvoD1oA, "
              "k=BA1Hxzyi1RUM1b5wjxsn7nGxAszw2u61m164i3MrAIxHF6YK5h4SDYic-dRuU_RCPCfA5aq9ojSwk5Y2"
              "EmClBPs")
    with pytest.raises(AssertionError):
        believe(header, "https://push.example.net", None)  # signed well, and long over
    with pytest.raises(Exception):
        believe(header.replace("i3CYb", "i3CYa"), "https://push.example.net", None)


def test_a_flood_by_one_phone_costs_that_phone_alone(night):
    loud, calm = Phone(night), Phone(night)
    for _ in range(500):
        loud.client.publish(f"{night.kiosk.place}/wake/{loud.account}", secrets.token_bytes(768))
    wait.until(lambda: f"too many messages on {night.kiosk.place}/wake/{loud.account}"
               in night.relay.process.said(), night.relay.process.said, 60)
    calm.subscribe()
    night.kept(1)
    night.kiosk.alarm("lockdown")
    night.service.wait(calm.subscription)
    assert night.relay.process.said().count("too many messages") == 1
