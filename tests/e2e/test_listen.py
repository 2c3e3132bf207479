"""porchlight listen: a member's phone in a terminal, and what it refuses to believe."""

import json
import secrets
import socket
import threading

import pytest
from nacl import bindings as na

from tests.kit import wait
from tests.kit.kiosk import Kiosk, phone_file
from tests.kit.member import Listener, phone_key
from tests.kit.voice import Staff, Voice, alert_id, hexed


@pytest.fixture(name="kiosk")
def one_kiosk():
    """Broker, config and keys; no porchlightd: a Voice speaks for it."""
    with Kiosk(kind="l") as made:
        yield made


@pytest.fixture(name="voice")
def one_voice(kiosk):
    with Voice(kiosk) as made:
        yield made


def listen(kiosk, *args, role="member"):
    account, password = kiosk.account_of(role)
    secret = kiosk.credentials / "listen"
    secret.write_text(password + "\n")
    secret.chmod(0o600)
    made = Listener(["--prefix", str(kiosk.prefix), "--user", account, "--password", "listen",
                     "--key", phone_file(kiosk.folder, account), *args],
                    kiosk.logs / f"listen.{secrets.token_hex(4)}")
    kiosk.mailboxes.append(made)
    made.wait("link", up=True)
    return made


def shows(member, what, count=1, within=10):
    return member.wait("show", show=what, count=count, within=within)


def test_a_lockdown_repeated_and_called_off_at_the_door(kiosk, voice):
    member, alert = listen(kiosk), alert_id()
    shows(member, "unknown")
    voice.state()
    shows(member, "quiet")
    voice.alert("lockdown", alert, age_ms=2)
    got = member.wait("lockdown", "alert", verdict="told")
    assert got.body["id"] == alert and got.body["received_ns"] > 0 and not got.body["retained"]
    shows(member, "lockdown")
    voice.alert("lockdown", alert, age_ms=900)
    member.wait("lockdown", "alert", verdict="repeated")
    voice.state("lockdown", alert)
    voice.alert("all-clear", alert, detail="unconfirmed")
    shows(member, "unconfirmed")
    staff = Staff(voice, secrets.token_bytes(32), secrets.token_hex(8))  # of another venue's root
    voice.alert("all-clear", alert, proof=staff.proof(alert, voice.epoch, voice.seq))
    member.wait("all-clear", "alert", verdict="unproved", proved=False)
    assert not member.all("show", show="all-clear")


def test_staffs_proof_ends_it(kiosk, voice):
    member, alert = listen(kiosk), alert_id()
    staff = Staff(voice, hexed(kiosk.root_key), secrets.token_hex(8))
    voice.alert("lockdown", alert)
    shows(member, "lockdown")
    voice.state("quiet")
    shows(member, "unconfirmed")
    voice.alert("all-clear", alert, proof=staff.proof(alert, voice.epoch, voice.seq, voice.secret))
    member.wait("all-clear", "alert", verdict="unproved")
    voice.alert("all-clear", alert, proof=staff.proof(alert, voice.epoch, voice.seq))
    member.wait("all-clear", "alert", verdict="told", proved=True)
    shows(member, "all-clear")


def test_what_is_not_the_kiosks_is_refused_and_named(kiosk, voice):
    member, alert = listen(kiosk), alert_id()
    stranger = na.crypto_sign_keypair()[1]
    body = voice.body("lockdown", id=alert)
    sealed = voice.seal("alert", body)
    bent = bytes([*sealed[:300], sealed[300] ^ 1, *sealed[301:]])
    for wire, why in [
            (b'{"v":2,"kind":"lockdown"}', "plain"),
            (voice.seal("alert", body, secret=stranger), "forged"),
            (voice.seal("alert", body, venue_key=secrets.token_bytes(32)), "not ours"),
            (voice.seal("state", body), "not ours"),
            (bent, "not ours"),
            (sealed[:-1], "malformed"),
            (secrets.token_bytes(1900), "malformed"),
            (voice.seal("alert", {**body, "kind": "door", "detail": "held-open"}), "malformed"),
            (voice.seal("alert", {**body, "v": 1}), "another version")]:
        before = len(member.all("refused"))
        voice.publish("alert", wire)
        got = member.wait("refused", "alert", count=before + 1)
        assert why in got.body["why"], got.body
    assert not member.all("lockdown") and not member.all("show", show="lockdown")
    voice.publish("alert", sealed)
    shows(member, "lockdown")


def test_a_replay_changes_nothing(kiosk, voice):
    member, first, second = listen(kiosk), alert_id(), alert_id()
    caution = voice.alert("caution", first)
    clear = voice.alert("all-clear", first)
    shows(member, "all-clear")
    voice.publish("alert", caution)
    member.wait("caution", "alert", verdict="old")
    voice.alert("lockdown", second)
    shows(member, "lockdown")
    voice.publish("alert", clear)
    member.wait("all-clear", "alert", verdict="old")
    wait.never(lambda: member.all("show")[-1].body["show"] != "lockdown", "another show", 0.5)


def test_a_silent_kiosk_is_lost_and_its_lockdown_is_not(kiosk, voice):
    member, alert = listen(kiosk), alert_id()
    voice.state()
    quiet = shows(member, "quiet")
    lost = shows(member, "lost")
    # Not before three beats of 1 s are missing.
    assert lost.body["received_ns"] - quiet.body["received_ns"] > 2.9e9
    voice.beat()
    shows(member, "quiet", count=2)
    voice.alert("lockdown", alert)
    shows(member, "lockdown")
    silent = wait.until(lambda: [s for s in member.all("show", show="lockdown")
                                 if all(k["silent"] for k in s.body["kiosks"].values())],
                        "a silent kiosk in lockdown")
    assert silent


def test_a_retained_state_is_read_at_once(kiosk, voice):
    voice.state("lockdown", alert_id())
    member = listen(kiosk)
    got = shows(member, "lockdown")
    assert all(k["stale"] for k in got.body["kiosks"].values())


def test_each_alert_is_answered_once(kiosk, voice):
    member, first, second = listen(kiosk, "--ack", "seen"), alert_id(), alert_id()
    account = kiosk.account_of("member")[0]
    voice.alert("caution", first)
    said, on = voice.letter("ack")
    assert (said["kind"], said["id"], said["account"], on) == ("seen", first, account, account)
    voice.alert("caution", first)
    voice.state("caution", first)
    voice.alert("lockdown", second)
    assert voice.letter("ack", 2)[0]["id"] == second
    wait.never(lambda: len(voice.letters) > 2, "a third answer", 0.5)
    assert len({wire for _, wire in voice.letters}) == 2
    assert all(len(wire) == 768 for _, wire in voice.letters)
    member.wait("sent", count=2)


def test_a_kiosk_that_restarted_is_answered_once_more(kiosk, voice):
    member, alert = listen(kiosk, "--ack", "help"), alert_id()
    voice.alert("caution", alert)
    first = voice.letter("ack")[0]
    voice.epoch, voice.seq = voice.epoch + 1, 0
    for _ in range(2):
        voice.state("caution", alert)
    assert voice.letter("ack", 2)[0] == first
    voice.state("caution", alert)
    voice.alert("lockdown", other := alert_id())
    assert voice.letter("ack", 3)[0]["id"] == other
    member.wait("sent", count=3)


def test_duress_and_notices_are_for_staff(kiosk, voice):
    account, _, _ = kiosk.staff_phone()
    public = phone_key(account)[0]
    member, staff = listen(kiosk), listen(kiosk, "--staff", role="staff")
    alert = alert_id()
    voice.alert("lockdown", alert)
    for one in (member, staff):
        shows(one, "lockdown")
    before = len(member.all("show"))
    voice.to_staff("notice", "duress", public, id=alert)
    voice.to_staff("staff", "duress", public, id=alert)
    voice.to_staff("notice", "fault", public, detail="cut")
    staff.wait("duress", "notice", verdict="told")
    staff.wait("duress", "staff", verdict="accepted")
    staff.wait("fault", "notice", verdict="told", detail="cut")
    wait.until(lambda: any(k["duress"] for s in staff.all("show")
                           for k in s.body["kiosks"].values()), "duress on the staff phone")
    wait.never(lambda: len(member.all("show")) != before, "a change on the member's phone", 0.3)
    assert not member.all("fault")
    assert not any("duress" in str(r.body) or "code" in r.body for r in member.received)
    voice.to_staff("notice", "fault", detail="cut")  # for no phone
    staff.wait("closed", "notice")
    assert not staff.all("refused")


def test_a_staff_listener_without_its_key_is_told_what_is_missing(kiosk):
    done = kiosk.cli("listen", "--staff", "--for", "1s")
    assert done.returncode == 2 and "--key FILE is missing" in done.stderr


def test_the_worst_of_two_kiosks_is_shown(kiosk, voice):
    other = secrets.token_hex(8)
    # The second kiosk's certificate must hold: without one the phone does not begin.
    (kiosk.credentials / f"kiosk-{other}.pub").write_text(
        (kiosk.credentials / "kiosk.pub").read_text())
    (kiosk.credentials / f"kiosk-{other}.cert").write_text("00" * 64 + "\n")
    done = kiosk.cli("listen", "--also", other)
    assert done.returncode == 1 and "root" in done.stderr


def test_lines_for_a_person(kiosk, voice):
    account, _ = kiosk.account_of("member")
    lines, alert = [], alert_id()
    result = {}

    def run():
        result["done"] = kiosk.cli("listen", "--user", account, "--password", "listen", "--until",
                                   "lockdown", "--for", "15s")
    first = listen(kiosk)  # writes the password's file
    wait.until(lambda: voice.answered, "the first one's ping", 15)
    first.close()
    before = voice.answered
    thread = threading.Thread(target=run)
    thread.start()
    # An alert before the answer has no known age: it would be shown, and called late.
    wait.until(lambda: voice.answered > before, "an answered ping", 15)
    stop = wait.until(lambda: not thread.is_alive() or voice.alert("lockdown", alert, age_ms=7)
                      and not thread.is_alive(), "the end of listen", 15, every=0.3)
    thread.join()
    assert stop and result["done"].returncode == 0, result["done"]
    lines = result["done"].stdout.splitlines()
    assert any("connected, listening" in line for line in lines)
    assert any(f"LOCKDOWN [{alert[:8]}], 7 ms after the gesture" in line for line in lines), lines
    assert lines[-1].endswith("LOCKDOWN")


def test_until_is_not_reached(kiosk):
    done = kiosk.cli("listen", "--until", "lockdown", "--for", "300ms")
    assert done.returncode == 1


@pytest.mark.parametrize("args, code, why", [
    (["--ack", "maybe"], 2, "--ack maybe: expected seen, safe or help"),
    (["--until", "panic"], 2, "--until panic: expected what a phone can show"),
    (["--for", "soon"], 2, "--for soon: expected a time"),
    (["--nonsense"], 2, "There is no option --nonsense"),
    (["more"], 2, "one argument too many"),
    (["--broker", "nowhere"], 1, "no broker of that name"),
    (["--also", "xyz"], 1, "16 hex digits"),
    (["--connect", "example.org"], 1, "HOST:PORT"),
    (["--connect", "example.org:1883"], 1, "only over TLS"),
    (["--password", "missing"], 1, "there is no such file"),
    (["--venue", "1", "--kiosk", "2", "--connect", "localhost:1"], 2, "16 hex digits"),
    (["--connect", "localhost:1883", "--ca", "/nowhere.pem"], 1,
     "--ca: /nowhere.pem: there is no such file. Expected the PEM file of the broker's CA."),
])
def test_wrong_use_is_explained(kiosk, args, code, why):
    done = kiosk.cli("listen", *args)
    assert done.returncode == code and why in done.stderr, done


@pytest.mark.parametrize("args, why", [
    (lambda k, free: ["--connect", f"127.0.0.1:{free}"], "refused"),
    (lambda k, free: ["--connect", f"localhost:{k.brokers[0].port}", "--ca", "{other}"],
     "certificate"),
    (lambda k, free: ["--user", "nobody"], "not authori"),
    (lambda k, free: ["--connect", "no-such-host.invalid:1", "--ca", str(k.brokers[0].ca)],
     "no-such-host.invalid"),
])
def test_a_way_that_fails_is_named(kiosk, folder, args, why):
    from tests.kit import pki
    other = pki.Authority(folder / "ca").pem
    with socket.create_server(("127.0.0.1", 0)) as s:
        free = s.getsockname()[1]
    argv = [str(a).replace("{other}", str(other)) for a in args(kiosk, free)]
    done = kiosk.cli("listen", *argv, "--for", "1500ms", "--json")
    assert done.returncode == 0
    downs = [line for line in done.stdout.splitlines() if '"link"' in line]
    assert len(downs) == 1 and why in downs[0].lower(), downs


class OldBroker(threading.Thread):
    """Speaks MQTT 3.1.1 alone. How it turns version 5 away: `rude` hangs up, else CONNACK 1. `grant`
    is its answer to every subscription."""

    def __init__(self, grant=b"\x01"):
        super().__init__(daemon=True)
        self.grant, self.levels = grant, []
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]

    def run(self):
        while True:
            try:
                client, _ = self.socket.accept()
            except OSError:
                return
            with client:
                self.serve(client)

    def serve(self, client):
        connect = client.recv(4096)
        if not connect:
            return  # the probe
        level = connect[connect.index(b"MQTT") + 4]
        self.levels.append(level)
        if level != 4:
            client.sendall(b"\x20\x02\x00\x01")
            return
        client.sendall(b"\x20\x02\x00\x00")
        buffer = b""
        while data := client.recv(4096):
            buffer += data
            while len(buffer) > 1 and len(buffer) >= 2 + buffer[1]:
                kind, packet, buffer = buffer[0] >> 4, buffer[2:2 + buffer[1]], buffer[2 + buffer[1]:]
                if kind == 8:
                    client.sendall(b"\x90\x03" + packet[:2] + self.grant)


def test_a_broker_of_the_older_version(kiosk):
    broker = OldBroker()
    broker.start()
    try:
        done = kiosk.cli("listen", "--connect", f"127.0.0.1:{broker.port}", "--for", "1500ms", "--json")
    finally:
        broker.socket.close()
    assert '"up":true' in done.stdout, done
    assert broker.levels == [5, 4]


def test_topics_that_the_broker_denies_are_named(kiosk):
    broker = OldBroker(grant=b"\x80")
    broker.start()
    try:
        done = kiosk.cli("listen", "--connect", f"127.0.0.1:{broker.port}", "--for", "1500ms", "--json")
    finally:
        broker.socket.close()
    denied = [json.loads(line) for line in done.stdout.splitlines() if '"denied"' in line]
    assert {d["what"].split("/", 3)[3] for d in denied} == {"root", "alert", "state", "presence", "beat", "words/+"}
    assert all("porchlight rights" in d["reason"] for d in denied)


def test_an_answer_that_the_broker_denies_is_named(kiosk, voice):
    account = kiosk.account_of("member")[0]
    rights = kiosk.brokers[0].folder / "rights"
    allowed = rights.read_text()
    rights.write_text(allowed.replace(f"topic write {kiosk.place}/ack/{account}\n", ""))
    assert rights.read_text() != allowed
    kiosk.brokers[0].reload()
    member = listen(kiosk, "--ack", "seen")
    voice.alert("lockdown", alert_id())
    assert "porchlight rights" in member.wait("unsent").body["reason"]
    assert not member.all("sent")


def test_a_session_keeps_what_comes_while_it_is_away(kiosk, voice):
    alert = alert_id()
    listen(kiosk, "--session", "pocket").close()
    voice.alert("lockdown", alert)
    assert listen(kiosk, "--session", "pocket").wait("lockdown", "alert").body["id"] == alert
    assert not listen(kiosk, "--session", "another").all("lockdown")
