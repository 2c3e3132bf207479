"""The relay rings again until a phone says that it is awake; and the weekly test, whose arrival is
reported. Against a push service that reads the RFCs for itself."""

import hashlib
import hmac
import time
import uuid

import pytest

from tests.kit import envelope, wait
from tests.phone.ntfy import Ntfy, Relay
from tests.phone.kiosk import Kiosk
from tests.phone.pushservice import PushService, Subscription
from tests.phone.serving import Broker
from tests.phone.test_webpush import Night


class Again(Night):
    """A relay that rings again after a second; `more` of its [relay], `web` of its [webpush]."""

    def __init__(self, folder, authority, web=None, **more):
        self.folder, self.authority = folder, authority
        self.broker = Broker(folder, authority).start()
        self.kiosk = Kiosk([self.broker]).online()
        self.service = PushService(authority.server("push"))
        self.ntfy = Ntfy(folder).listen() if more.pop("topic", False) else None
        self.relay = Relay(folder, self.broker, [self.kiosk], self.ntfy, web={
            "contact": "mailto:host@example.org", "ca": authority.pem,
            "services": f"localhost:{self.service.port}", **(web or {})}, **more)
        self.relay.start()

    def close(self):
        super().close()
        if self.ntfy:
            self.ntfy.stop()


@pytest.fixture
def make(folder, authority):
    made = []

    def night(**more):
        made.append(Again(folder, authority, **more))
        return made[-1]
    yield night
    for one in made:
        one.close()


def awake(phone, alert, **more):
    auth = more.pop("auth", phone.subscription.keys()["auth"])
    phone.letter("awake", auth=auth, id=alert, **more)


def quiet_from_now(night, phones, seconds):
    before = [len(p.subscription.got) for p in phones]
    time.sleep(seconds)
    return [len(p.subscription.got) - n for p, n in zip(phones, before)]


def test_a_phone_rings_again_until_it_is_awake(make):
    night = make(again="1s")
    sleeper, waker = night.phone(), night.phone()
    night.kept(2)
    alert = night.kiosk.alarm("lockdown")
    for p in (sleeper, waker):
        night.service.wait(p.subscription, 2)
    awake(waker, alert)
    count = len(sleeper.subscription.got)
    night.service.wait(sleeper.subscription, count + 2)
    assert len(waker.subscription.got) <= 3, "one may have been on its way"
    at = [when for when, *_ in sleeper.subscription.got]
    assert all(text == "" for _, text, *_ in sleeper.subscription.got), "it says nothing new"
    assert at[3] - at[2] > at[1] - at[0], "the pauses grow"
    other = night.kiosk.alarm("caution")
    night.service.wait(waker.subscription, len(waker.subscription.got) + 2)
    awake(waker, other)


def test_it_ends_with_the_alert_and_after_half_an_hour(make):
    """Scaled by sixty: half a minute."""
    night = make(again="1s")
    phone = night.phone()
    night.kept(1)
    night.kiosk.alarm("lockdown")
    night.service.wait(phone.subscription, 2)
    night.kiosk.all_clear()
    wait.until(lambda: night.relay.process.said().count("an alert, a drill, or the end") == 2, "its end")
    time.sleep(1)
    assert quiet_from_now(night, [phone], 4) == [0]
    before = night.relay.process.said().count("not awake")
    night.kiosk.alarm("lockdown")
    wait.until(lambda: night.relay.process.said().count("not awake") == before + 8, "eight times more", 60)
    time.sleep(2)
    before = night.relay.process.said().count("not awake")
    assert quiet_from_now(night, [phone], 7) == [0]
    assert night.relay.process.said().count("not awake") == before


def test_nobody_else_can_say_that_a_phone_is_awake(make):
    """Not whoever runs the broker, nor a phone that was revoked: they lack the subscription's secret."""
    night = make(again="1s")
    phone, revoked = night.phone(), night.phone()
    night.kept(2)
    stolen = Subscription(night.service).keys()["auth"]
    night.kiosk.say(f"wake/{revoked.account}", "revoked")
    night.kept(1)
    alert = night.kiosk.alarm("lockdown")
    awake(phone, alert, auth=stolen)
    awake(phone, alert, auth=None)
    awake(phone, str(uuid.uuid4()))  # of another alert
    awake(revoked, alert)
    awake(revoked, alert, account=phone.account, auth=phone.subscription.keys()["auth"])
    phone.letter("awake", auth=phone.subscription.keys()["auth"])
    count = len(phone.subscription.got)
    night.service.wait(phone.subscription, count + 2)


def test_a_topic_rings_again_less_often(make):
    night = make(again="1s", topic=True)
    phone = night.phone()
    night.kept(1)
    night.kiosk.alarm("lockdown")
    night.ntfy.wait(2)
    at = [when for when, _ in night.ntfy.heard]
    assert at[1] - at[0] > 4.5
    assert len(phone.subscription.got) >= 3
    night.kiosk.all_clear()
    night.ntfy.wait(3)
    time.sleep(11)
    assert len(night.ntfy.heard) == 3


# --- the weekly test ---------------------------------------------------------------------------


def report(night, phone, nonce, auth=None, account=None, topic=None):
    """As a page's service worker does."""
    auth = auth or phone.subscription.auth
    said = b"porchlight-arrived\0" + bytes.fromhex(night.kiosk.venue) + bytes.fromhex(
        account or phone.account) + bytes.fromhex(nonce)
    wire = envelope.head(12) + hmac.digest(auth, said, "sha256")
    phone.client.publish(topic or f"{night.kiosk.place}/wake/{phone.account}", wire + bytes(768 - len(wire)))


def told(night):
    """What the relay said to the kiosk last: (rang, phones)."""
    last = night.relay.beats(night.kiosk)[-1][1]
    return last.get("rang"), last.get("phones")


def vouch(night, *phones):
    """As the kiosk does when a phone says that its subscription is its own."""
    for phone in phones:
        hashed = hashlib.blake2b(phone.subscription.auth, digest_size=16).hexdigest()
        night.kiosk.say(f"wake/{phone.account}", "vouched", hash=hashed)


def nonce_of(night, phone, count=1):
    _, text, headers, size = night.service.wait(phone.subscription, count)
    kind, nonce = text.split(" ")
    assert size == 86 + 64 + 16, "the service can tell a test by its length"
    return kind, nonce, headers["Topic"]


def test_each_phone_gets_a_silent_test_and_its_arrival_is_counted(make):
    night = make(web={"check": "20s"})
    phone, silent = night.phone(), night.phone()
    night.kept(2)
    vouch(night, phone, silent)
    wait.until(lambda: told(night) == (0, 2), lambda: f"two phones; {told(night)}", 60)
    kind, nonce, topic = nonce_of(night, phone)
    assert (kind, topic) == ("check", "kettle-check")
    assert nonce != nonce_of(night, silent)[1]
    report(night, phone, nonce)
    wait.until(lambda: told(night) == (1, 2), lambda: f"one of two; {told(night)}", 60)
    nonce_of(night, phone, 2)  # the next period's
    night.relay.stop()
    night.relay.start()
    before = len(night.relay.beats(night.kiosk))
    wait.until(lambda: len(night.relay.beats(night.kiosk)) > before, "a beat", 60)
    assert told(night) == (1, 2), "it is remembered over a restart"


def test_an_arrival_is_believed_of_that_phone_alone(make):
    night = make(web={"check": "0"})
    phone, other = night.phone(), night.phone()
    night.kept(2)
    phone.letter("test")
    vouch(night, phone, other)
    kind, nonce, _ = nonce_of(night, phone)
    assert kind == "test"
    report(night, phone, "00" * 8)
    report(night, phone, nonce, auth=other.subscription.auth)
    report(night, other, nonce, auth=phone.subscription.auth)
    report(night, other, nonce)
    phone.client.publish(f"{night.kiosk.place}/wake/{phone.account}", envelope.head(12) + bytes(766))
    before = len(night.relay.beats(night.kiosk))
    wait.until(lambda: len(night.relay.beats(night.kiosk)) > before + 2, "beats", 60)
    assert told(night) == (0, 2)
    report(night, phone, nonce)
    wait.until(lambda: told(night) == (1, 2), lambda: f"one of two; {told(night)}", 60)


def test_a_stranger_who_subscribes_first_in_a_phones_name_counts_as_nobody(make):
    """Whoever runs the broker. Before the kiosk has vouched for the phone's own, and after."""
    night = make(web={"check": "0"})
    phone = night.phone()
    night.kept(1)
    stranger, phone.subscription = phone.subscription, Subscription(night.service)
    phone.subscribe()
    night.kept(2)

    def arrives(subscription):
        count = len(subscription.got)
        phone.letter("test", auth=subscription.keys()["auth"])
        _, text, *_ = night.service.wait(subscription, count + 1)
        report(night, phone, text.split(" ")[1], auth=subscription.auth)
    arrives(stranger)
    before = len(night.relay.beats(night.kiosk))
    wait.until(lambda: len(night.relay.beats(night.kiosk)) > before + 2, "beats", 60)
    assert told(night) == (0, 1)
    vouch(night, phone)
    arrives(phone.subscription)
    wait.until(lambda: told(night) == (1, 1), lambda: f"one; {told(night)}", 60)


def test_an_alert_does_not_wait_for_a_test_nor_a_test_for_an_alert(make):
    night = make(web={"check": "10s"}, again="1s")
    phone = night.phone()
    night.kept(1)
    night.kiosk.alarm("lockdown")
    for kind in ("", "check"):
        wait.until(lambda: any(text.split(" ")[0] == kind for _, text, *_ in phone.subscription.got),
                   f"a push {kind!r} in the alert", 60)
