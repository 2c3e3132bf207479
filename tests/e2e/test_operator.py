"""Whoever runs the broker, alone and together with a member's phone, a seized kiosk, a revoked staff phone,
a relay's host: nothing is read, forged or ended, and what is held back shows within the promised time. The
real programs, at their true times for phones (15 s without a sign of life, 10 s for what a beat names)."""

import json
import re
import secrets
import time

import pytest

from tests.kit import wait
from tests.kit.apps import Phones, running_venue
from tests.kit.kiosk import FAST, Kiosk
from tests.kit.member import paho_client, phone_key
from tests.kit.broker_operator import Operator
from tests.kit.clock import ELSEWHERE, elsewhere
from tests.kit.voice import Staff, Voice
from tests.vectors.third import joining, texts, wire

CALM = {"quiet", "all-clear", "drill"}
PROMISED_S = 20.0


def shown(phone):
    return phone.all("show")[-1].body["show"]


def never_calm(phone, seconds):
    since = len(phone.all("show"))
    wait.never(lambda: [s for s in phone.all("show")[since:] if s.body["show"] in CALM] or
               shown(phone) in CALM, "calm on a phone", seconds)


@pytest.fixture
def venue():
    with running_venue() as made:
        yield made


@pytest.fixture
def operator():
    with Kiosk(conf={**FAST, "timing": {"beat": "5s"}}) as kiosk:
        kiosk.start()
        made = Operator(kiosk)
        yield made
        made.close()


@pytest.fixture
def phone(operator):
    made = operator.listener()
    made.wait("show", show="quiet")
    return made


def press(operator):
    operator.kiosk.wires().hold(0.4)
    wait.until(lambda: operator.kiosk.status()["state"] == "lockdown", "the lockdown on site")


def staff_ends_it(operator):
    done = operator.kiosk.staff_command("all-clear")
    assert done.returncode == 0, done.stderr


def test_who_passes_everything_on_is_not_noticed(operator, phone):
    """So that the others fail for a reason."""
    press(operator)
    phone.wait("show", show="lockdown")
    staff_ends_it(operator)
    phone.wait("show", show="all-clear")
    assert not [s for s in phone.all("show") if s.body["show"] == "lost"]


@pytest.mark.parametrize("drops", [{"alert", "state"}, {"beat"}, {"alert", "state", "presence", "beat"}])
def test_what_is_dropped_shows_within_the_promise(operator, phone, drops):
    operator.drops |= drops
    began = time.monotonic()
    press(operator)
    wait.until(lambda: shown(phone) not in CALM, lambda: f"no calm; it shows {shown(phone)}", 60)
    changed = [s for s in phone.all("show") if s.body["show"] not in CALM][-1]
    assert changed.at - began < PROMISED_S
    never_calm(phone, 3)


def test_a_staff_phone_notices_that_what_is_for_staff_is_dropped(operator):
    phone = operator.listener("staff")
    phone.wait("show", show="quiet")
    operator.drops |= {"notice", "staff"}
    operator.kiosk.wires().presses(6, on=0.05, off=0.05)

    def noticed():
        body = phone.all("show")[-1].body
        return body["show"] == "lost" and body["kiosks"][operator.kiosk.id]["held"]
    wait.until(noticed, lambda: f"lost, for what is held back; it shows {phone.all('show')[-1].body}", 60)


@pytest.mark.parametrize("seconds", [16, 40])
def test_what_is_delayed_is_no_quiet(operator, phone, seconds):
    """From a moment on everything comes so late; a press in that time shows, late or not."""
    operator.delays["all"] = seconds
    press(operator)
    wait.until(lambda: shown(phone) not in CALM, lambda: f"no calm; it shows {shown(phone)}", 60)
    never_calm(phone, 3)
    wait.until(lambda: shown(phone) == "lockdown", lambda: f"lockdown; it shows {shown(phone)}", 90)


def test_a_short_delay_is_no_alarm(operator, phone):
    operator.delays["all"] = 2
    press(operator)
    phone.wait("show", show="lockdown")
    staff_ends_it(operator)
    phone.wait("show", show="all-clear")


@pytest.mark.parametrize("zone, step", ELSEWHERE)
def test_a_phone_whose_clock_is_wrong_says_delayed_when_messages_are_and_only_then(operator, zone, step):
    phone = operator.listener(env=elsewhere(operator.kiosk.folder, zone, step))
    phone.wait("show", show="quiet")
    since = len(phone.all("show"))
    wait.never(lambda: [s for s in phone.all("show")[since:] if s.body["show"] != "quiet"], "anything but quiet", 17)
    operator.delays["all"] = 40
    wait.until(lambda: shown(phone) == "lost", lambda: f"no sign of life; it shows {shown(phone)}", 60)
    wait.until(lambda: phone.all("show")[-1].body["kiosks"][operator.kiosk.id]["delayed"],
               lambda: f"that messages come late: {phone.all('show')[-1].body}", 90)
    never_calm(phone, 3)


def test_all_of_it_played_again_in_another_order_ends_no_lockdown_and_calls_nobody(operator, phone):
    press(operator)
    phone.wait("show", show="lockdown")
    staff_ends_it(operator)
    phone.wait("show", show="all-clear")
    before = len(phone.all("lockdown", verdict="told"))
    for topic, payload in reversed(list(operator.kept)):
        operator.plays(topic, payload)
    wait.never(lambda: shown(phone) == "lockdown" or
               len(phone.all("lockdown", verdict="told")) > before, "the old lockdown again", 2)
    time.sleep(0.3)
    press(operator)
    phone.wait("show", show="lockdown", count=2)
    for topic, payload in list(operator.kept):
        operator.plays(topic, payload)
    never_calm(phone, 3)


# With a member's phone

def test_with_a_members_phone_it_forges_and_answers_nothing(operator, phone):
    """It has the members' key, and a phone's own key, and writes whatever it likes."""
    kiosk, stranger = operator.kiosk, secrets.token_bytes(32)
    press(operator)
    alert = phone.wait("show", show="lockdown") and phone.wait("lockdown").body["id"]
    epoch = 1 << 40
    for seq, (topic, kind, more) in enumerate([
            ("alert", "all-clear", {}), ("state", "state", {"state": "quiet", "unconfirmed": False, "seen": 0,
                                                            "safe": 0, "nonce": "0" * 32})]):
        place = wire.Place(kiosk.venue, kiosk.id, f"{kiosk.place}/{topic}", epoch, seq)
        said = texts.said(kind, id=alert, epoch=epoch, seq=seq, at=None, age_ms=0, drill=False,
                          resumed=False, detail=None, up=1, synced=False, **more)
        operator.plays(topic, wire.members_make(place, kiosk.keys.venue, stranger, said))
    wait.until(lambda: len([r for r in phone.all("refused") if "forged" in r.body["why"]]) >= 2,
               "the forgeries refused")
    never_calm(phone, 2)
    # Its own key signs an answer in another phone's name, on that phone's topic.
    victim, _ = kiosk.account_of("staff")
    mine, _ = kiosk.account_of("member")
    place = wire.Place(kiosk.venue, kiosk.id, f"{kiosk.place}/ack/{victim}")
    letter = wire.letter_make(wire.TO_KIOSK, place, kiosk.keys.kiosk, phone_key(mine)[1][:32],
                              texts.said("safe", id=alert, account=victim, epoch=0, seq=0))
    operator.at_kiosk.publish(place.topic, letter, 1).wait_for_publish(10)
    wait.never(lambda: kiosk.status()["safe"] > 0, "an answer in another's name", 1.5)


# With the seized kiosk

def test_with_the_seized_kiosk_it_ends_no_lockdown(operator, phone):
    press(operator)
    alert = phone.wait("lockdown").body["id"]
    phone.wait("show", show="lockdown")
    operator.kiosk.daemon.kill()
    operator.drops |= {"presence"}
    with Voice(operator.kiosk, epoch=1 << 40) as voice:
        nobody = Staff(voice, secrets.token_bytes(32), operator.kiosk.account_of("staff")[0])
        for proof in ({}, {"proof": nobody.proof(alert, 1 << 40, 1, voice.secret)}):
            voice.alert("all-clear", alert, **proof)
            voice.alert("caution", alert)
            voice.alert("all-clear", alert, drill=True)
            voice.state("quiet", **proof)
            voice.beat()
        phone.wait("show", show="unconfirmed")
        never_calm(phone, 3)


# With a staff phone that was revoked

def test_with_a_revoked_staff_phone_it_commands_nothing(venue):
    phones = Phones(venue)
    member, staff = phones.member(), phones.staff()
    venue.cli("revoke", "--root", venue.kiosk.root_key, staff.account)
    venue.kiosk.sim("switch", "hold", "400ms")
    phones.until(member, "lockdown")
    steward = venue.brokers[0].steward
    steward.command(command="createRole", rolename="operator", acls=[
        {"acltype": kind, "topic": "#", "allow": True}
        for kind in ("subscribeLiteral", "publishClientSend", "publishClientReceive")])
    steward.command(command="createClient", username="operator", password="operator-password",
                    roles=[{"rolename": "operator"}])
    client = paho_client("operator")
    client.username_pw_set("operator", "operator-password")
    client.tls_set(ca_certs=str(venue.brokers[0].ca))
    client.connect("localhost", venue.brokers[0].port)
    client.loop_start()
    refused = venue.kiosk.status()["refused"]
    for kind in ("command-all-clear", "command-caution", "command-drill", "command-abort"):
        topic = f"{member.place}command/{staff.account}"
        place = wire.Place(venue.kiosk.venue, venue.kiosk.id, topic)
        epoch, seq = member.looked_at
        proof = wire.sign(staff.seed, wire.proof_signed(place.venue, place.kiosk, member.alert(), epoch, seq,
                                                        staff.account))
        said = texts.said(kind, id=member.alert(), epoch=epoch, seq=seq, account=staff.account,
                          nonce=member.nonce, proof=joining.base64url(proof))
        client.publish(topic, wire.letter_make(wire.TO_KIOSK, place, staff.invited.kiosk_public, staff.seed,
                                               said), 1).wait_for_publish(10)
    wait.until(lambda: venue.kiosk.status()["refused"] >= refused + 4, "the commands refused")
    assert venue.kiosk.status()["state"] == "lockdown" and member.shown() == "lockdown"
    client.disconnect()
    client.loop_stop()
    phones.close()


# With a relay's host

def test_with_a_relays_host_it_reads_nothing(venue, tmp_path):
    """Every key in the folder that `porchlight relay` makes, tried on everything that was ever sent."""
    phones, seen = Phones(venue), []
    app = phones.member()
    inner = app.from_venue

    def noting(topic, payload, retained):
        seen.append((topic, payload))
        inner(topic, payload, retained)
    app.from_venue = noting
    carried = tmp_path / "relay"
    venue.cli("relay", "--root", venue.kiosk.root_key, carried)
    venue.kiosk.sim("switch", "hold", "400ms")
    phones.until(app, "lockdown")
    sealed = [(topic, payload) for topic, payload in seen if topic in ("alert", "state")]
    assert sealed
    kept = "\n".join(p.read_text(errors="replace") for p in carried.rglob("*") if p.is_file())
    keys = {bytes.fromhex(k) for k in re.findall(r"\b[0-9a-f]{64}\b", kept)}
    assert keys and app.key not in keys
    for topic, payload in sealed:
        place = wire.Place(venue.kiosk.venue, venue.kiosk.id, app.place + topic)
        assert json.loads(wire.members_open(payload, place, app.key, app.invited.kiosk_public)[0])
        for key in keys:
            with pytest.raises(wire.Refused):
                wire.members_open(payload, place, key, app.invited.kiosk_public)
    phones.close()
