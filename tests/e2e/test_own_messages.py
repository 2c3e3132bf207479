"""What brokers keep of a kiosk is read before it is written over: a lost record, an old card and a
copy are noticed, phones believe the kiosk again, and no alert is lost between card and broker."""

import contextlib
import json
import struct

import pytest
from nacl import bindings as na

from tests.kit import envelope, record, wait
from tests.kit.clock import HOUR, start_at
from tests.kit.kiosk import FAST, Kiosk
from tests.e2e.test_slow_card import blocked

# What no hand of a test may wait for: states are repeated when they change, and after a minute.
CONF = {**FAST, "wipe": {"enabled": "no"}, "timing": {"state": "1min", "state_alert": "30s"}}


@pytest.fixture
def kiosk():
    with Kiosk(kind="o", conf=CONF) as made:
        yield made


def shows(listener, show):
    """Waits until the phone shows that; what it does not show yet, it explains."""
    def explained():
        return (f"a phone that shows {show}; it showed {[r.body for r in listener.all('show')][-3:]}; "
                f"what came last: {[(r.kind, r.body) for r in listener.all()][-6:]}")
    wait.until(lambda: listener.all("show")[-1:] and listener.all("show")[-1].body["show"] == show,
               explained)


def epoch_of(kiosk):
    """That of the newest record."""
    bytes_ = kiosk.record()
    slots = [s for s in (bytes_[:record.SIZE], bytes_[record.SLOT:]) if s[:4] == b"PLR2"]
    return struct.unpack(">Q", max(slots, key=lambda s: struct.unpack(">I", s[38:42])[0])[4:12])[0]


def copies(kiosk):
    """What status and doctor say of it."""
    return [f for f in kiosk.status()["faults"] if "a copy of this kiosk has spoken" in f]


def test_a_record_that_is_lost_while_the_clock_is_behind(kiosk):
    """Phones know a later epoch than the new one. They go on with the kiosk all the same."""
    kiosk.start()
    phone, staff = kiosk.listener(), kiosk.member("staff")
    shows(phone, "quiet")
    before = epoch_of(kiosk)
    kiosk.daemon.kill()
    (kiosk.state / "record").unlink()
    start_at(kiosk, -2 * HOUR)
    staff.wait("fault", "notice", detail="copy")
    assert len(copies(kiosk)) == 1 and "stop one" in copies(kiosk)[0]
    wait.until(lambda: epoch_of(kiosk) > before, "an epoch above that of before, in the record")
    shows(phone, "quiet")
    kiosk.wires().hold(0.4)
    shows(phone, "lockdown")
    assert phone.wait("lockdown", "alert").body["epoch"] > before


def test_an_old_card_is_put_back(kiosk):
    kiosk.start()
    old = kiosk.record()
    for _ in range(3):
        kiosk.daemon.kill()
        kiosk.start()
    phone = kiosk.listener()
    shows(phone, "quiet")
    newest = epoch_of(kiosk)
    kiosk.daemon.kill()
    (kiosk.state / "record").write_bytes(old)
    kiosk.start()
    wait.until(lambda: copies(kiosk), kiosk.status)
    wait.until(lambda: epoch_of(kiosk) > newest, "an epoch above the newest, in the record")
    shows(phone, "quiet")
    kiosk.wires().hold(0.4)
    shows(phone, "lockdown")


def test_the_usual_restart_says_nothing_of_a_copy(kiosk):
    kiosk.start()
    for _ in range(2):
        kiosk.wires().hold(0.4)
        wait.until(lambda: kiosk.status()["state"] == "lockdown", kiosk.status)
        kiosk.daemon.kill()
        kiosk.start()
    wait.never(lambda: copies(kiosk), "a copy", 1.5)


@contextlib.contextmanager
def twin_of(kiosk):
    """A second Pi with a backup of the first: the same keys, accounts and record."""
    twin = Kiosk(kind="o", conf=CONF)
    twin.brokers = []
    twin.venue, twin.id, twin.place = kiosk.venue, kiosk.id, kiosk.place
    for path in kiosk.credentials.iterdir():
        (twin.credentials / path.name).write_bytes(path.read_bytes())
        (twin.credentials / path.name).chmod(path.stat().st_mode & 0o777)
    for path in kiosk.state.iterdir():
        if path.is_file():
            (twin.state / path.name).write_bytes(path.read_bytes())
            (twin.state / path.name).chmod(path.stat().st_mode & 0o777)
    twin.conf = kiosk.conf
    twin.change({})
    with twin:
        yield twin


def test_a_backup_is_tried_on_a_second_pi_and_the_first_comes_back(kiosk):
    kiosk.start()
    phone, staff = kiosk.listener(), kiosk.member("staff")
    shows(phone, "quiet")
    kiosk.daemon.stop()
    with twin_of(kiosk) as twin:
        for _ in range(3):
            twin.start()
            twin.daemon.stop()
    shows(phone, "lost")
    kiosk.start()
    staff.wait("fault", "notice", detail="copy")
    shows(phone, "quiet")
    kiosk.wires().hold(0.4)
    shows(phone, "lockdown")
    assert copies(kiosk)


def test_two_copies_at_once(kiosk):
    """They take the connection from each other, which costs a bounded number of connections and of
    epochs. It is reported, and an alert of either arrives."""
    kiosk.start()
    phone, staff = kiosk.member(), kiosk.member("staff")
    phone.wait("state", "state")
    with twin_of(kiosk) as twin:
        twin.start(connected=False)
        staff.wait("fault", "notice", detail="copy")
        kiosk.wires().hold(0.4)
        one = wait.until(lambda: kiosk.status()["alert"], "the first one's alert")["id"]
        phone.wait("lockdown", "alert", id=one)
        twin.wires().hold(0.4)
        other = wait.until(lambda: twin.status()["alert"], "the copy's alert")["id"]
        phone.wait("lockdown", "alert", id=other)
        wait.until(lambda: copies(kiosk) or copies(twin), "that it is reported")
        epochs = {r.body["epoch"] for r in phone.received if r.body}
        assert len(epochs) <= 6, epochs
        for one in (kiosk, twin):
            assert len(one.daemon.said().splitlines()) < 120, one.daemon.said()


@pytest.mark.parametrize("gesture, state", (("lockdown", "lockdown"), ("caution", "caution")))
def test_a_power_cut_between_the_publication_and_the_record(kiosk, gesture, state):
    """Phones have an alert that the card never had: after the restart it goes on, under its id."""
    kiosk.start()
    phone = kiosk.listener()
    shows(phone, "quiet")
    with blocked(kiosk):
        if gesture == "lockdown":
            kiosk.wires().hold(0.4)
        else:
            kiosk.wires().presses(2, on=0.06, off=0.06)
        shows(phone, state)
        wait.until(lambda: phone.all("state", "state", state=state), "the state at the broker")
        kiosk.daemon.kill()
    first = phone.wait(state, "alert").body["id"]
    shows(phone, state)
    kiosk.start()
    wait.until(lambda: kiosk.status()["state"] == state, kiosk.status)
    assert kiosk.status()["alert"]["id"] == first
    again = phone.wait(state, "alert", resumed=True)
    assert again.body["id"] == first
    shows(phone, state)
    kiosk.daemon.kill()
    kiosk.start()
    assert kiosk.status()["state"] == state, "it is in the record now"


def test_a_late_will_is_corrected(kiosk):
    """The will of a dead connection may come when the kiosk has long been back."""
    kiosk.start()
    spy = kiosk.spy(["presence"])
    online = spy.wait("online", "presence").body
    seed = bytes.fromhex((kiosk.credentials / "kiosk.key").read_text().strip())
    secret = na.crypto_sign_seed_keypair(seed)[1]
    topic = f"{kiosk.place}/presence"
    will = {**online, "kind": "lost", "seq": 0, "at": None}
    spy.client.publish(topic, envelope.seal_clear(json.dumps(will), secret, topic, online["epoch"], 0),
                       qos=1, retain=True)
    spy.wait("lost", "presence")
    wait.until(lambda: spy.received[-1].kind == "online", "presence, corrected")
    late = kiosk.spy(["presence"])
    assert late.wait(topic="presence").kind == "online"


def test_a_state_of_another_kiosk_begins_nothing(kiosk):
    """What the operator writes there, under another key or in another place, counts for nothing."""
    kiosk.start()
    spy = kiosk.spy(["state", "presence"])
    state = spy.wait("state", "state").body
    _, secret = na.crypto_sign_keypair()
    topic = f"{kiosk.place}/state"
    forged = {**state, "epoch": state["epoch"] + 5, "state": "lockdown",
              "id": "7d0c8a52-6f5b-4b1e-9a33-0d3e5b6f7a81"}
    spy.client.publish(topic, envelope.seal_broadcast(json.dumps(forged), kiosk.keys.venue, secret,
                                                      topic, forged["epoch"], state["seq"]),
                       qos=1, retain=True)
    wait.until(lambda: len([r for r in spy.received if r.why]) > 0, "the forged state, given back")
    kiosk.daemon.kill()
    kiosk.start()
    wait.never(lambda: copies(kiosk) or kiosk.status()["state"] != "quiet", "anything", 1)


def test_a_record_is_lost_and_the_broker_has_forgotten_everything(kiosk):
    """Then phones alone know the later epoch: a staff phone that is open says so."""
    kiosk.start()
    phone, staff = kiosk.listener(), kiosk.listener("staff")
    shows(phone, "quiet")
    shows(staff, "quiet")
    before = epoch_of(kiosk)
    kiosk.daemon.kill()
    (kiosk.state / "record").unlink()
    kiosk.brokers[0].stop()
    kiosk.brokers[0].start()
    start_at(kiosk, -2 * HOUR)
    wait.until(lambda: epoch_of(kiosk) > before, "an epoch above that of before", 60)
    shows(phone, "quiet")
    assert copies(kiosk)
