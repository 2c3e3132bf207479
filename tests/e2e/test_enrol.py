"""Phones join the venue by an invitation, over a real mosquitto with its dynamic security plugin, by
the real porchlightd and the command as a host uses it. The phones are tests/kit/joining.py's."""

import hashlib
import json
import re
import secrets
import signal
import ssl
import time

import pytest

from tests.kit import doctor, envelope, local, process, wait
from tests.kit.clock import faketime
from tests.kit.joining import Joiner, open_welcome, read_link


def test_a_member_joins_and_receives_an_alert(venue):
    phone = venue.member()
    venue.kiosk.sim("switch", "hold", "400ms")
    alert = phone.eyes.wait("lockdown", "alert")
    phone.eyes.answer(alert.body["id"], "safe")
    wait.until(lambda: venue.kiosk.status()["safe"] == 1, "the answer counted")
    assert venue.ask("phones")["members"] == 1
    assert "one-time" not in (venue.kiosk.state / "phones").read_text()


def test_the_invitation_says_what_the_page_needs(venue):
    before = int(time.time())
    said = venue.invite()
    i = read_link(said["link"])
    assert said["link"].startswith("https://kettle.example.org/#i=") and len(said["link"]) < 280
    assert i.brokers == ["wss://b0.example.org/mqtt"] and i.account == said["account"]
    assert before + 600 <= i.expires <= time.time() + 600
    assert (i.venue, i.kiosk) == (venue.kiosk.venue, venue.kiosk.id)


def test_a_used_invitation_is_dead(venue):
    link = venue.invite()["link"]
    venue.arrived(Joiner(link, venue.brokers[0]))
    assert Joiner(link, venue.brokers[0]).refused


def the_same_phone(link, broker, before):
    """A phone that comes back after a broken connection."""
    again = Joiner(link, broker)
    again.public, again.secret, again.password = before.public, before.secret, before.password
    return again


def test_a_phone_that_comes_back_is_welcomed_again(venue):
    link = venue.invite()["link"]
    first = Joiner(link, venue.brokers[0])
    first.ask()
    key = first.welcomed()
    first.close()
    again = the_same_phone(link, venue.brokers[0], first)
    again.ask()
    assert again.welcomed()["venue_key"] == key["venue_key"]


def test_an_invitation_that_two_phones_answer_lets_neither_in(venue):
    """Photographed: both phones learn of it, and so does the host."""
    child, said = venue.invite_waiting()
    first = Joiner(said["link"], venue.brokers[0])
    first.ask()
    first.welcomed()
    second = Joiner(said["link"], venue.brokers[0])  # as one account, it takes the connection over
    first.answers = second.answers  # and hears all that is sent there
    opened = []
    second.client.on_message = lambda _c, _d, m: [opened.append(open_for(p, m.payload))
                                                  for p in (first, second)]
    second.ask()
    wait.until(lambda: {(p, a["reason"]) for p, a in filter(None, opened)}
               >= {(first, "copied"), (second, "copied")}, "both phones refused")
    assert child.wait(20) == 1
    assert "somebody has copied it" in child.stderr.read()
    venue.settled(set())
    assert venue.ask("phones")["members"] == 0
    assert "answered by two phones" in venue.kiosk.daemon.said()


def open_for(phone, wire):
    try:
        said = open_welcome(wire, phone.public, phone.secret, phone.kiosk_public, phone.topic)
        return (phone, said) if said["kind"] == "refused" else None
    except Exception:
        return None  # for the other phone


def test_a_used_invitation_that_is_tried_again_is_noticed(make_venue):
    """At a broker that still lets the one-time account in."""
    venue = make_venue(brokers=2)
    child, said = venue.invite_waiting()
    phone = venue.arrived(Joiner(said["link"], venue.brokers[0]))
    assert child.wait(20) == 0
    venue.settled({phone.account}, broker=1)
    slow = venue.brokers[1]
    slow.role("newcomer", venue.kiosk.venue, venue.kiosk.id, phone.account)
    slow.steward.command(command="modifyClient", username=phone.account,
                         password=phone.invitation.password,
                         roles=[{"rolename": f"newcomer-{phone.account}"}])
    late = Joiner(said["link"], slow)
    late.ask()
    assert late.refusal() == "copied"
    wait.until(lambda: any(open_for(phone, r.wire) for r in phone.eyes.received
                           if r.topic == f"enrol/{phone.account}"), "the first phone to learn of it")
    assert "then tried by another" in venue.kiosk.daemon.said()


WRONG = {
    "staff": "secret", "account": None, "signature": None, "password": None, "kind": None,
    "public": None, "mac": "secret", "role": "role", "version": "version",
}


@pytest.mark.parametrize("what", WRONG)
def test_a_letter_that_is_not_right_is_refused(venue, what):
    phone = venue.newcomer()
    before = venue.kiosk.status()["refused"]
    wrong = {"staff": {"staff": True}, "account": {"account": "0" * 16},
             "signature": {"signer": Joiner(venue.invite()["link"], venue.brokers[0]).secret},
             "password": {"password": "short"}, "kind": {"kind": "enrolled"},
             "public": {"public": "00" * 32}, "mac": {"mac": "00" * 32},
             "role": {"staff": True,
                      "mac": phone.invitation.letter_mac(phone.public, True, phone.password)},
             "version": {"version": 3}}[what]
    phone.ask(**wrong)
    wait.until(lambda: venue.kiosk.status()["refused"] > before, "the refusal")
    if WRONG[what]:
        assert phone.refusal() == WRONG[what]
        phone.answers.clear()
    assert not phone.answers
    phone.ask()  # and it costs the right phone nothing
    assert phone.welcomed()["account"] == phone.account


def test_a_phone_of_another_version_learns_which_one_is_spoken(venue):
    phone = venue.newcomer()
    wire = envelope.seal_letter(json.dumps({"v": 1, "kind": "enrol", "account": phone.account,
                                            "public": phone.public.hex()}),
                                phone.kiosk_public, phone.topic, phone.secret)
    phone.client.publish(phone.topic, b"\1" + wire[1:], 1)
    said = phone.reply("refused")
    assert (said["reason"], said["speaks"]) == ("version", [envelope.VERSION])


def test_a_phone_learns_that_its_invitation_was_taken_back(venue):
    child, said = venue.invite_waiting()
    phone = Joiner(said["link"], venue.brokers[0])
    phone.ask()
    phone.welcomed()
    child.terminate()
    assert phone.refusal() == "withdrawn"


def test_enrolled_is_believed_of_that_phone_alone(venue):
    phone, thief = venue.newcomer(), venue.newcomer()
    phone.ask()
    phone.welcomed()
    phone.letter(signer=thief.secret, kind="enrolled")
    time.sleep(1)
    assert venue.ask("phones")["members"] == 0
    phone.done()
    wait.until(lambda: venue.ask("phones")["members"] == 1, "the member")


def test_an_invitation_ends_with_the_command_that_made_it(venue):
    child, said = venue.invite_waiting()
    venue.settled({said["account"]})
    child.terminate()
    assert child.wait(20) == 1
    venue.settled(set())
    assert Joiner(said["link"], venue.brokers[0]).refused
    assert venue.ask("phones")["invited"] == 0


def test_an_expired_invitation_is_dead(make_venue, folder):
    """Eleven minutes in a moment: porchlightd's clocks, the monotonic one too, are moved."""
    venue = make_venue(start=False)
    stamp = folder / "stamp"
    stamp.write_text("+0\n")
    venue.kiosk.daemon = venue.kiosk.spawn(
        "porchlightd", "--prefix", venue.kiosk.prefix,
        env=process.environment(LD_PRELOAD=faketime(), FAKETIME_TIMESTAMP_FILE=stamp,
                                FAKETIME_NO_CACHE="1", ASAN_OPTIONS="verify_asan_link_order=0"))
    wait.until(lambda: local.answers(venue.kiosk.run / "control.sock"), "the control socket")
    wait.until(venue.kiosk.connected, venue.kiosk.daemon.said)
    said, used = venue.invite(), venue.invite()
    waiting = Joiner(said["link"], venue.brokers[0])
    stays = venue.arrived(Joiner(used["link"], venue.brokers[0]))
    stamp.write_text("+660\n")
    # Timers know nothing of the moved clock: being asked makes porchlightd look at it.
    wait.until(lambda: venue.kiosk.status()["ok"] and waiting.down.is_set(),
               "the newcomer to be thrown out", 30, every=0.1)
    venue.settled({stays.account}, within=30)
    assert Joiner(said["link"], venue.brokers[0]).refused
    assert venue.ask("phones")["invited"] == 0 and venue.ask("phones")["members"] == 1


def lets_nobody_in(joiner):
    joiner.ask()
    time.sleep(1.5)
    joiner.ask()
    wait.until(lambda: not joiner.down.is_set(), "still there", 2)
    assert not joiner.answers, joiner.answers


def ask_control(venue, what):
    return local.control(venue.kiosk.run / "control.sock", what)


def test_an_invitation_that_a_lockdown_overtakes_joins_nobody(venue):
    staff = venue.staff()
    child, said = venue.invite_waiting()
    ask_control(venue, "lockdown")
    early = Joiner(said["link"], venue.brokers[0])
    lets_nobody_in(early)
    assert child.poll() is None  # nothing on site shows it
    ask_control(venue, "code")
    venue.cli("root", "end", "--root", venue.kiosk.root_key, within=60)
    wait.until(lambda: venue.kiosk.status()["state"] == "quiet", "the end")
    lets_nobody_in(early)  # nor after the alert: somebody may have photographed it
    assert venue.member().account in venue.accounts() and staff.let_in_at()


def answers_on_site(venue):
    """What the commands of a host say, without what differs each time."""
    said = []
    for args in (["invite", "--leave", "--json"], ["phones", "--json"], ["status", "--json"],
                 ["all-clear", "--final"], ["drill"]):
        done = venue.kiosk.cli(*args)
        text = re.sub(r'"(account|link|id|at)":"[^"]*"|"(age_ms|beat_ms)":\d+|"last_drill":[^}]*}?',
                      "", done.stdout)
        said.append((args[0], done.returncode, text, done.stderr))
        if args[0] == "drill":
            assert ask_control(venue, "code")["ok"]
    return said


def test_a_hidden_lockdown_answers_as_quiet_does(make_venue):
    """Code or duress was pressed: who is on site must not learn from any command that an alert goes
    on."""
    venue, quiet = make_venue(), make_venue()
    assert ask_control(venue, "lockdown")["ok"] and ask_control(venue, "code")["ok"]
    assert ask_control(quiet, "code")["ok"]
    for one in (venue, quiet):
        wait.until(lambda: one.kiosk.status()["brokers"][0]["registrar"] == "", "the registrar")
    hidden, calm = answers_on_site(venue), answers_on_site(quiet)
    assert hidden == calm
    newcomer = Joiner(venue.invite()["link"], venue.brokers[0])
    lets_nobody_in(newcomer)  # though it looks good


def test_an_open_alert_says_why_and_a_staff_phone_joins_all_the_same(venue):
    ask_control(venue, "lockdown")
    told = venue.cli("invite", "--leave", code=1).stderr
    assert "an alert is active" in told and "porchlight root end" in told
    venue.staff()
    ask_control(venue, "code")  # hidden now
    staff = venue.staff()
    assert staff.let_in_at()


def operator_makes(venue, role, account, password):
    """At a broker without a registrar: the role's rights, and an invitation's for the same account."""
    steward, roles = venue.brokers[0].steward, []
    for name in (role, "newcomer"):
        request = venue.kiosk.cli("rights", name, venue.kiosk.venue, venue.kiosk.id, account).stdout
        steward.ask(request)
        roles.append({"rolename": json.loads(request)["commands"][0]["rolename"]})
    steward.command(command="createClient", username=account, password=password, roles=roles)


def test_spare_accounts_where_no_registrar_runs(make_venue, folder):
    venue = make_venue(start=False)
    venue.kiosk.change({"broker b0": {"registrar": "no"}})
    venue.kiosk.start()
    venue.registrars[0].stop()
    account, password, spares = secrets.token_hex(8), secrets.token_urlsafe(24), folder / "spares"
    operator_makes(venue, "member", account, password)
    assert "--accounts FILE" in venue.cli("invite", "--leave", code=1).stderr
    spares.write_text(f"# from the operator\nmember {account} {password}\n")
    spares.chmod(0o600)
    assert "for a staff phone left" in venue.cli(
        "invite", "--staff", "--root", venue.kiosk.root_key, "--accounts", spares, code=1).stderr
    phone = Joiner(venue.invite("--accounts", spares)["link"], venue.brokers[0])
    assert (phone.account, phone.password, phone.invitation.spare) == (account, password, True)
    assert spares.read_text() == f"# from the operator\nused {account}\n"
    key = phone.join()
    wait.until(lambda: venue.ask("phones")["members"] == 1, "the phone", 10)
    eyes = phone.member(key)
    venue.kiosk.mailboxes.append(eyes)
    ask_control(venue, "lockdown")
    eyes.wait("lockdown", "alert")
    kept = [p for p in venue.kiosk.prefix.rglob("*") if p.is_file() and password in
            p.read_text(errors="ignore")]
    assert not kept, "its password is stored"
    wait.never(lambda: venue.kiosk.status()["brokers"][0]["registrar"], "a fault of the registrar's", 11)
    told = venue.cli("revoke", account, within=60)
    assert f"ask its operator to delete the account {account}" in told.stderr
    assert "All others have a new key" in told.stdout
    assert f"{account} is off this kiosk's list, but can still connect" in told.stdout
    assert "porchlight-registrar" not in told.stderr, "what the config says is no fault"
    assert "for a member phone left" in venue.cli("invite", "--accounts", spares, code=1).stderr
    spares.write_text("member 12 short\n")
    assert "line 1 is none of" in venue.cli("invite", "--accounts", spares, code=1).stderr


def test_an_invitation_pins_the_authority_that_is_known(venue):
    assert read_link(venue.invite()["link"]).pins == [b""]
    pem = venue.brokers[0].ca
    venue.kiosk.change({"broker b0": {"phones_ca": pem}})
    venue.kiosk.daemon.signal(signal.SIGHUP)
    der = ssl.PEM_cert_to_DER_cert(pem.read_text())
    wait.until(lambda: read_link(venue.invite()["link"]).pins == [hashlib.sha256(der).digest()],
               "the pin", 10)


def test_invite_and_rotate_right_after_revoke(venue):
    gone, stays = venue.member(), venue.member()
    venue.cli("revoke", gone.account, within=60)
    venue.cli("rotate", within=60)
    assert venue.member().account in venue.accounts()
    assert stays.let_in_at()


def test_a_drill_ends_no_invitation(venue):
    phone = venue.newcomer()
    venue.cli("drill")
    phone.ask()
    assert phone.welcomed()


def test_no_invitation_outlives_a_restart(venue):
    said = venue.invite()
    venue.kiosk.daemon.kill()
    assert said["account"] in venue.accounts()
    venue.kiosk.start()
    venue.settled(set())


def test_many_invitations(venue):
    links = [venue.invite()["link"] for _ in range(16)]
    assert "too many are open" in venue.cli("invite", "--leave", code=1).stderr
    for link in links[:3]:
        venue.arrived(Joiner(link, venue.brokers[0]))
    assert venue.ask("phones")["members"] == 3


@pytest.mark.parametrize("change, why", [
    ({"venue": {"page": None}}, "[venue] page is not set"),
    ({"broker b0": {"phones": None}}, "no [broker] has phones = set"),
])
def test_what_is_missing_is_named(venue, change, why):
    venue.kiosk.change(change)
    venue.kiosk.daemon.popen.send_signal(1)
    wait.until(lambda: why in venue.kiosk.cli("invite", "--leave").stderr, why)


def test_a_broker_without_a_registrar_is_named(venue):
    def registrar():
        return doctor.ask(venue.kiosk.prefix)["broker"].get("b0, registrar")
    venue.invite()  # the registrar has answered
    venue.registrars[0].stop()
    told = venue.cli("invite", "--leave", code=1, within=40).stderr
    assert "Broker b0: its registrar does not answer any more" in told
    assert "withdrawn" in told
    venue.kiosk.daemon.kill()
    venue.kiosk.start()
    told = venue.cli("invite", "--leave", code=1, within=40).stderr
    assert "Broker b0: no registrar answers there" in told and "porchlight-registrar" in told
    assert registrar().verdict == "warning"
    assert "b0: no registrar answers there" in registrar().said
    venue.registrars[0].start()
    wait.until(lambda: venue.kiosk.cli("invite", "--leave").returncode == 0, "the registrar", 40)
    assert registrar().verdict == "ok"
