"""Staff phones command; everything that only looks like a staff phone is refused and counted."""

import json
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from nacl import bindings as na

from tests.kit import envelope, wait
from tests.kit.joining import open_welcome
from tests.kit.member import enlist, phone_key
from tests.kit.voice import Voice

# For a command that gets no answer, and still has to arrive: a broker without MQTT 5 hangs up at it first.
NO_ANSWER = "12s"


@pytest.fixture
def staff(kiosk):
    """A staff phone of this kiosk: (run a command, its account)."""
    kiosk.start()
    kiosk.staff_phone()
    return kiosk.staff_command


def test_a_staff_phone_ends_a_lockdown_and_proves_it(kiosk, staff):
    member = kiosk.member()
    kiosk.wires().hold(0.4)
    alert = member.wait("lockdown", "alert")
    done = staff("all-clear")
    assert done.returncode == 0, done.stderr
    clear = member.wait("all-clear", "alert")
    assert clear.body["id"] == alert.body["id"] and clear.body["detail"] is None
    assert clear.body["proof"]
    state = member.wait("state", "state", state="quiet", proof=clear.body["proof"])
    assert state


def test_the_proof_outlives_a_restart(kiosk, staff):
    kiosk.wires().hold(0.4)
    wait.until(lambda: kiosk.status()["state"] == "lockdown", "the lockdown")
    assert staff("all-clear").returncode == 0
    wait.until(lambda: kiosk.status()["state"] == "quiet", "the end of it")
    kiosk.daemon.kill()
    kiosk.start()
    late = kiosk.member()
    assert late.wait("state", "state", state="quiet").body["proof"]


def test_a_staff_phone_calls_a_lockdown_a_caution_and_a_drill(kiosk, staff):
    member = kiosk.member()
    for word, kind, drill in (("caution", "caution", False), ("lockdown", "lockdown", False),
                              ("all-clear", "all-clear", False), ("drill", "lockdown", True)):
        done = staff(word)
        assert done.returncode == 0, f"{word}: {done.stderr}"
        member.wait(kind, "alert", drill=drill)
    assert staff("abort").returncode == 0
    member.wait("all-clear", "alert", drill=True)


@pytest.mark.parametrize("count, kind", [(5, "code"), (4, "duress")])
def test_what_was_pressed_stays_until_a_staff_phone_ends_it(kiosk, staff, count, kind):
    phone, wires = kiosk.member("staff"), kiosk.wires()
    wires.presses(count, on=0.05, off=0.05)
    pressed = phone.wait(kind, "notice").body
    kept = phone.wait(kind, "staff").body
    assert (kept["id"], kept["at"]) == (pressed["id"], pressed["at"])
    assert phone.wait("state", "state", id=pressed["id"]).body["state"] == "quiet"
    time.sleep(0.3)
    wires.presses(5, on=0.05, off=0.05)
    phone.wait(kind, "notice", count=2)  # the code takes no duress back
    before = len(phone.all("nothing", "staff"))
    assert staff("all-clear").returncode == 0
    phone.wait("nothing", "staff", count=before + 1)
    assert phone.wait("state", "state", id=None)


def test_a_key_that_the_root_did_not_sign_commands_nothing(kiosk, staff):
    member = kiosk.member()
    kiosk.wires().hold(0.4)
    member.wait("lockdown", "alert")
    other = kiosk.folder / "stolen.key"
    other.write_text("11" * 32 + "\n")
    other.chmod(0o600)
    assert staff("all-clear", key=other, patience=NO_ANSWER).returncode != 0
    assert not member.all("all-clear", "alert")
    assert kiosk.status()["state"] == "lockdown"
    assert kiosk.status()["refused"] >= 1


def test_a_certificate_that_the_root_did_not_sign_makes_no_staff_phone(kiosk, staff):
    """Whoever has the kiosk can write one, and has every account there."""
    account = kiosk.account_of("staff")[0]
    certificate = kiosk.state / "staff" / f"{account}.cert"
    public = certificate.read_text()[:64]
    certificate.write_text(f"{public}{'5a' * 64}\n")
    kiosk.daemon.kill()
    kiosk.start()
    assert staff("lockdown", patience=NO_ANSWER).returncode != 0
    assert kiosk.status()["state"] == "quiet" and kiosk.status()["refused"] >= 1


def test_a_recorded_command_works_no_second_time(kiosk, staff):
    """The very bytes of a staff phone's all-clear, sent again during the next lockdown."""
    spy = kiosk.spy([f"command/{kiosk.account_of('staff')[0]}"])
    member, wires = kiosk.member(), kiosk.wires()
    wires.hold(0.4)
    member.wait("lockdown", "alert")
    assert staff("all-clear").returncode == 0
    member.wait("all-clear", "alert")
    time.sleep(0.5)  # a press that follows at once is the same one, with a contact that dropped out
    wires.hold(0.4)
    member.wait("lockdown", "alert", count=2)
    before = kiosk.status()["refused"]
    phone = kiosk.member("staff")
    wait.until(lambda: spy.received, "what the spy saw")
    wire = spy.received[0].wire
    phone.client.publish(f"{kiosk.place}/command/{phone.account}", wire, qos=1).wait_for_publish(5)
    wait.until(lambda: kiosk.status()["refused"] > before, "the replay counted")
    assert kiosk.status()["state"] == "lockdown"
    assert len(member.all("all-clear", "alert")) == 1


def test_a_recorded_lockdown_begins_no_second_one(kiosk, staff):
    """It names no alert, so that the kiosk's nonce alone shows that it is old."""
    spy, member = kiosk.spy([f"command/{kiosk.account_of('staff')[0]}"]), kiosk.member()
    assert staff("lockdown").returncode == 0
    member.wait("lockdown", "alert")
    assert staff("all-clear").returncode == 0
    member.wait("all-clear", "alert")
    before, phone = kiosk.status()["refused"], kiosk.member("staff")
    wait.until(lambda: spy.received, "what the spy saw")
    phone.client.publish(f"{kiosk.place}/command/{phone.account}", spy.received[0].wire, qos=1).wait_for_publish(5)
    wait.until(lambda: kiosk.status()["refused"] > before, "the replay counted")
    assert kiosk.status()["state"] == "quiet"


def refusals(kiosk, phone, secret):
    """What the kiosk answered to that phone's commands."""
    topic, (public, _) = f"answer/{phone.account}", na.crypto_sign_seed_keypair(secret[:32])
    return [open_welcome(r.wire, public, secret, kiosk.keys.kiosk, f"{kiosk.place}/{topic}")
            for r in phone.received if r.topic == topic]


@pytest.mark.parametrize("change, why", [
    ({"nonce": "00" * 16}, "replayed"),
    ({"kind": "command-all-clear", "id": "00000000-0000-4000-8000-000000000000"}, "stale"),
    ({"kind": "command-all-clear"}, "forged"),  # without a proof
])
def test_a_refused_command_gets_an_answer_that_says_why(kiosk, staff, change, why):
    account = kiosk.account_of("staff")[0]
    seed = bytes.fromhex(kiosk.staff_phone()[1].read_text())
    secret = na.crypto_sign_seed_keypair(seed)[1]
    phone = kiosk.member("staff", topics=["state", "alert", f"answer/{account}"])
    kiosk.wires().hold(0.4)
    alert = phone.wait("lockdown", "alert").body["id"]
    state = phone.wait("state", "state", state="lockdown").body
    phone.write(f"command/{account}",
                {"v": envelope.VERSION, "kind": "command-drill", "id": alert, "account": account,
                 "epoch": state["epoch"], "seq": state["seq"], "nonce": state["nonce"], **change},
                secret)
    said = wait.until(lambda: refusals(kiosk, phone, secret), "the kiosk's answer")[0]
    assert said == {"v": envelope.VERSION, "kind": "refused", "of": change.get("kind", "command-drill"),
                    "nonce": change.get("nonce", state["nonce"]), "reason": why}
    assert kiosk.status()["state"] == "lockdown"


@pytest.mark.parametrize("why, said", [("replayed", "another command meanwhile"),
                                       ("stale", "another alert is active"),
                                       ("forged", "convince no phone")])
def test_the_command_says_why_it_was_refused(kiosk, staff, why, said):
    kiosk.daemon.stop()
    account = kiosk.account_of("staff")[0]
    public = na.crypto_sign_seed_keypair(
        bytes.fromhex(kiosk.staff_phone()[1].read_text()))[0]
    with Voice(kiosk) as voice, ThreadPoolExecutor(1) as pool:
        voice.state("quiet", nonce=bytes(15) + b"\1")
        done = pool.submit(staff, "drill")
        asked, _ = voice.letter("command")
        for nonce, reason in (("00" * 16, "an older one's"), (asked["nonce"], why)):
            text = json.dumps({"v": envelope.VERSION, "kind": "refused", "of": asked["kind"],
                               "nonce": nonce, "reason": reason})
            voice.publish(f"answer/{account}", envelope.seal_welcome(
                text, public, voice.secret, f"{kiosk.place}/answer/{account}"))
        done = done.result()
    assert done.returncode == 1 and said in " ".join(done.stderr.split())


def test_garbage_and_floods_cost_the_alert_nothing(kiosk, staff):
    phone = kiosk.member("staff")
    topic = f"{kiosk.place}/command/{phone.account}"
    for i in range(400):
        phone.client.publish(topic, bytes([i % 256]) * (i * 5 % 1900), qos=0)
    member = kiosk.member()
    kiosk.wires().hold(0.4)
    member.wait("lockdown", "alert")
    assert kiosk.status()["refused"] > 0


def test_a_retained_command_is_refused(kiosk, staff):
    kiosk.wires().hold(0.4)
    wait.until(lambda: kiosk.status()["state"] == "lockdown", "the lockdown")
    phone = kiosk.member("staff")
    phone.client.publish(f"{kiosk.place}/command/{phone.account}", b"x" * 768, qos=1,
                         retain=True).wait_for_publish(5)
    kiosk.daemon.kill()
    kiosk.start()
    wait.until(lambda: kiosk.status()["refused"] >= 1, "the retained command counted")
    assert kiosk.status()["state"] == "lockdown"


def test_answers_are_counted_once_an_account_and_forgotten(kiosk, staff):
    member, wires = kiosk.member(), kiosk.wires()
    wires.hold(0.4)
    alert = member.wait("lockdown", "alert")
    for kind in ("seen", "seen", "safe", "safe"):
        member.answer(alert.body["id"], kind)
    wait.until(lambda: (kiosk.status()["seen"], kiosk.status()["safe"]) == (1, 1), "one answer")
    member.answer("00000000-0000-4000-8000-000000000000")
    other = kiosk.member("staff")
    other.answer(alert.body["id"])
    wait.until(lambda: (kiosk.status()["seen"], kiosk.status()["safe"]) == (2, 1), "two answers")
    assert staff("all-clear").returncode == 0
    wait.until(lambda: kiosk.status()["seen"] == 0, "the answers forgotten")


def test_an_answer_for_another_account_is_refused(kiosk, staff):
    member = kiosk.member()
    kiosk.wires().hold(0.4)
    alert = member.wait("lockdown", "alert")
    member.write(f"ack/{member.account}", {"v": 2, "kind": "seen", "id": alert.body["id"],
                                           "epoch": 0, "seq": 0, "account": "0" * 16})
    wait.until(lambda: kiosk.status()["refused"] >= 1, "the refusal")
    assert kiosk.status()["seen"] == 0


def operators_answer(kiosk, operator, alert, account, secret, inner=None):
    """An answer on an account's topic, signed with a key that may be another's."""
    full = f"{kiosk.place}/ack/{account}"
    text = json.dumps({"v": envelope.VERSION, "kind": "safe", "id": alert, "epoch": 0, "seq": 0,
                       "account": inner or account})
    operator.client.publish(full, envelope.seal_letter(text, kiosk.keys.kiosk, full, secret), 1)


def test_an_answer_counts_only_if_its_own_phone_signed_it(kiosk):
    """Who runs the broker, with all the keys of one member's phone."""
    kiosk.start()
    member, operator = kiosk.member(), kiosk.spy(["alert"])
    kiosk.wires().hold(0.4)
    alert = member.wait("lockdown", "alert").body["id"]
    staff = kiosk.account_of("staff")[0]
    for n in range(50):
        operators_answer(kiosk, operator, alert, f"{n:016x}", member.secret)
    for account, inner in ((staff, None), (staff, member.account), (member.account, staff)):
        operators_answer(kiosk, operator, alert, account, member.secret, inner)
    for account in (member.account, staff):
        operators_answer(kiosk, operator, alert, account, None)
    wait.until(lambda: kiosk.status()["refused"] == 55,
               lambda: f"55 refusals; status: {kiosk.status()}")
    assert (kiosk.status()["seen"], kiosk.status()["safe"]) == (0, 0)
    operators_answer(kiosk, operator, alert, member.account, member.secret)
    wait.until(lambda: kiosk.status()["safe"] == 1, "the one answer that these keys can give")


def test_a_whole_venue_may_answer_at_once(kiosk):
    """120 phones, as fast as a broker passes it on."""
    accounts = [f"{n:016x}" for n in range(120)]
    enlist(kiosk.state, {account: "member" for account in accounts})
    kiosk.start()
    member, operator = kiosk.member(), kiosk.spy(["alert"])
    kiosk.wires().hold(0.4)
    alert = member.wait("lockdown", "alert").body["id"]
    for account in accounts:
        operators_answer(kiosk, operator, alert, account, phone_key(account)[1])
    wait.until(lambda: kiosk.status()["safe"] == len(accounts),
               lambda: f"120 answers; status: {kiosk.status()}")
    assert kiosk.status()["refused"] == 0


def test_status_on_site_reads_the_same_after_code_and_duress(kiosk, staff):
    wires = kiosk.wires()
    said = []
    for count in (5, 6):
        wires.hold(0.4)
        wait.until(lambda: kiosk.status()["state"] == "lockdown", "the lockdown")
        time.sleep(0.3)
        wires.presses(count, on=0.05, off=0.05)
        wait.until(lambda: kiosk.status()["state"] == "quiet", "calm on site")
        time.sleep(0.5)
        status = kiosk.status()
        for b in status["brokers"]:
            b.pop("beat_ms")
        said.append(json.dumps(status, sort_keys=True))
        assert staff("all-clear").returncode == 0
    assert said[0] == said[1]
