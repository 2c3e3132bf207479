"""Who belongs to the venue: phones are invited, join, are revoked and given new keys, over a real
mosquitto with its dynamic security plugin, by the real porchlightd and the command as a host uses
it. The phones are tests/kit/joining.py's."""

import hashlib
import json
import re
import secrets
import shutil
import signal
import ssl
import subprocess
import time

import pytest
from nacl import bindings as na

from tests.kit import doctor, envelope, local, pki, process, wait
from tests.kit.clock import faketime
from tests.kit.joining import Invitation, Joiner, finds, open_welcome, read_link
from tests.kit.kiosk import FAST, Keys
from tests.kit.place import fresh, program
from tests.kit.admin_socket import Venue
from tests.kit.root_word import reads
from tests.kit.terminal import Terminal
from tests.kit.voice import hexed




@pytest.fixture(scope="module")
def authority():
    made = fresh("e")
    made.chmod(0o755)
    yield pki.Authority(made / "ca")
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture
def make_venue(authority):
    made, folders = [], []

    def make(start=True, **more):
        folder = fresh("e")
        folder.chmod(0o755)
        folders.append(folder)
        venue = Venue(folder, authority, conf=dict(FAST), **more)
        made.append(venue)
        venue.__enter__()
        if start:
            venue.kiosk.start()
        return venue
    yield make
    for venue in made:
        venue.__exit__(None)
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def venue(make_venue):
    return make_venue()


# --- joining --------------------------------------------------------------------------------------

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
    told = venue.cli("revoke", account, within=60)
    assert f"ask its operator to delete the account {account}" in told.stderr
    assert "All others have a new key" in told.stdout
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


# --- how it is shown ------------------------------------------------------------------------------

def read_code(picture):
    """What zbar, a reader of other people's making, sees in a picture."""
    done = subprocess.run(["zbarimg", "-q", "--raw", "-Sbinary", picture], capture_output=True,
                          check=False, timeout=30)
    return done.stdout.decode().strip()


def test_the_picture_is_the_link(venue, folder):
    picture = folder / "invitation.png"
    venue.cli("invite", "--leave", "--png", picture)
    link = read_code(picture)
    assert picture.stat().st_mode & 0o777 == 0o600
    phone = venue.arrived(Joiner(link, venue.brokers[0]))
    again = venue.cli("invite", "--leave", "--png", picture, code=1)
    assert "the file exists" in again.stderr
    venue.settled({phone.account})
    assert venue.ask("phones")["invited"] == 0


def read_blocks(lines, folder):
    """The text of a code that was drawn in half blocks."""
    code = [line for line in lines if line and set(line) <= set(" ▀▄█")]
    width, scale = len(code[0]), 4
    rows = [[(c in "▀█", c in "▄█")[half] for c in line.ljust(width)]
            for line in code for half in (0, 1)]
    raw = b"".join(bytes(0 if dark else 255 for dark in row for _ in range(scale))
                   for row in rows for _ in range(scale))
    picture = folder / "terminal.pgm"
    picture.write_bytes(b"P5 %d %d 255\n" % (width * scale, len(rows) * scale) + raw)
    return read_code(picture), width, len(code)


def test_the_code_in_the_terminal_is_the_link(venue, folder):
    lines = venue.cli("invite", "--leave").stdout.splitlines()
    link, _, _ = read_blocks(lines, folder)
    venue.arrived(Joiner(link, venue.brokers[0]))


def test_the_code_fits_the_terminal_or_the_command_says_so(venue, folder):
    def invite(columns, lines):
        t = Terminal([program("porchlight"), "--prefix", str(venue.kiosk.prefix), "invite",
                      "--leave"], size=(columns, lines))
        said = t.until_end()
        return re.sub(r"\033\[[0-9;]*m", "", said), t.end()
    said, code = invite(200, 200)
    link, width, height = read_blocks(said.splitlines(), folder)
    assert code == 0 and "smaller font" not in said and link.startswith("http")
    for columns, lines in [(width - 4, 200), (200, height + 3)]:  # a smaller margin will do
        said, code = invite(columns, lines)
        link, small, low = read_blocks(said.splitlines(), folder)
        assert code == 0 and "smaller font" not in said and link.startswith("http")
        assert small <= columns and low + 5 <= lines
    said, code = invite(80, 24)
    assert code == 0 and "The code is higher than this terminal" in said and "--on-screen" in said
    assert read_blocks(said.splitlines(), folder)[0].startswith("http")
    before = venue.ask("phones")["invited"]
    said, code = invite(width - 5, 200)
    assert code == 1 and "The invitation was withdrawn" in " ".join(said.split())
    assert "▀" not in said and "--png FILE" in said
    assert venue.ask("phones")["invited"] == before


def test_the_code_on_the_screen_goes_when_it_is_used(venue):
    with local.connect(venue.kiosk.run / "screen.sock") as screen:
        screen.recv(4096)
        said = venue.invite("--on-screen")
        assert said["screens"] == 1

        def code():
            packet = screen.recv(4096)
            return (int.from_bytes(packet[8:12], "little"),
                    packet[16:16 + int.from_bytes(packet[12:16], "little")].decode()) \
                if packet[4] == 2 else code()
        assert code() == (60, said["link"])
        venue.arrived(Joiner(said["link"], venue.brokers[0]))
        assert code() == (0, "")


def test_without_a_screen_it_says_so(venue):
    assert "no screen is connected" in venue.cli("invite", "--leave", "--on-screen", code=1).stderr
    venue.settled(set())


@pytest.mark.parametrize("args", [["--png"], ["--on-screen", "--link"], ["Ayla"],
                                  ["--root", "x"], ["--staff", "--leave"]])
def test_wrong_usage(venue, args):
    assert venue.cli("invite", *args, code=2).stderr


# --- staff ----------------------------------------------------------------------------------------

def test_a_staff_phone_signed_at_the_kiosk(venue):
    phone = venue.staff()
    assert venue.ask("phones")["staff"] == 1
    assert (venue.kiosk.state / "staff" / f"{phone.account}.cert").exists()
    command(venue, phone, "drill")
    wait.until(lambda: venue.kiosk.status()["drill"], "the drill that staff asked for")


def command(venue, phone, name):
    """The staff phone's letter, with the nonce of the state it looks at."""
    state = phone.eyes.wait("state", "state").body
    phone.eyes.write(f"command/{phone.account}",
                     {"v": 2, "kind": f"command-{name}", "id": state["id"],
                      "epoch": state["epoch"], "seq": state["seq"], "account": phone.account,
                      "nonce": state["nonce"]}, phone.secret)


def test_a_staff_phone_signed_elsewhere(venue, folder):
    child, said = venue.invite_waiting("--staff")
    phone = Joiner(said["link"], venue.brokers[0])
    phone.ask()
    type_in(child, phone.digits())
    told = child.stdout
    line = ""
    while "--public" not in line:
        line = (line if "keys sign" in line else "") + told.readline()
    args = line.replace("\\\n", "").split()[1:]
    args[args.index("FILE")] = str(venue.kiosk.root_key)
    # The computer with the root key knows nothing of this kiosk.
    signed = subprocess.run([*venue.program, "--prefix", folder, *args], capture_output=True,
                            text=True, check=True, timeout=20).stdout
    type_in(child, "00" * 64, signed.strip())
    assert phone.welcomed()["certificate"] == signed.strip()
    phone.done()
    assert child.wait(20) == 0
    assert "not the root key's signature" in child.stderr.read()


def type_in(child, *lines):
    child.stdin.write("".join(f"{line}\n" for line in lines))
    child.stdin.flush()


def other_digits(digits):
    return f"{(int(digits) + 1) % 10**6:06}"


def test_digits_may_be_mistyped_twice(venue):
    child, said = venue.invite_waiting("--staff", "--root", str(venue.kiosk.root_key))
    phone = Joiner(said["link"], venue.brokers[0])
    phone.ask()
    right = phone.digits()
    wrong = other_digits(right)
    type_in(child, "12345", "twelve", wrong, wrong, f"{right[:3]} {right[3:]}")
    phone.welcomed()
    phone.done()
    assert child.wait(20) == 0
    told = child.stderr.read()
    assert told.count("Those are not six digits") == 2
    assert "2 tries are left" in told and "1 try is left" in told


def test_the_third_wrong_digits_end_the_invitation(venue):
    child, said = venue.invite_waiting("--staff", "--root", str(venue.kiosk.root_key))
    phone = Joiner(said["link"], venue.brokers[0])
    phone.ask()
    type_in(child, *[other_digits(phone.digits())] * 3)
    assert phone.refusal() == "digits"
    assert child.wait(20) == 1
    assert "three times" in child.stderr.read()
    venue.settled(set())


def test_nobody_is_signed_before_the_digits(venue):
    child, said = venue.invite_waiting("--staff")
    phone = Joiner(said["link"], venue.brokers[0])
    phone.ask()
    phone.digits()
    answer = json.loads(local.ask(venue.kiosk.run / "admin.sock",
                                  f"certify {phone.account} {'00' * 64}"))
    assert "digits" in answer["error"]
    assert not [a for a in phone.answers if a["kind"] == "welcome"]


# --- an operator of a broker ----------------------------------------------------------------------

def operator_joins(venue, account, staff, secret=None):
    """Who runs the broker knows the account, and the kiosk's key from any member's phone. He gives
    himself a password there."""
    password = secrets.token_hex(16)
    venue.brokers[0].steward.command(command="modifyClient", username=account, password=password)
    public = bytes.fromhex((venue.kiosk.credentials / "kiosk.pub").read_text())
    root = bytes.fromhex((venue.kiosk.credentials / "root.pub").read_text())
    made = Invitation(account, venue.kiosk.venue, venue.kiosk.id, 0, public, root,
                      secret or secrets.token_bytes(32), password, ["wss://b0.example.org/mqtt"],
                      staff)
    return Joiner("#i=" + made.fragment(), venue.brokers[0])


@pytest.mark.parametrize("staff", [False, True], ids=["member", "staff"])
def test_who_runs_the_broker_cannot_answer_an_invitation(venue, staff):
    more = ["--staff", "--root", str(venue.kiosk.root_key)] if staff else []
    child, said = venue.invite_waiting(*more)
    thief = operator_joins(venue, said["account"], staff)
    thief.ask()
    assert thief.refusal() == "secret"
    thief.done()
    time.sleep(1)
    assert child.poll() is None and venue.ask("phones")["members"] == 0
    assert not [a for a in thief.answers if a["kind"] != "refused"]


@pytest.mark.parametrize("swap", ["public", "password"])
def test_who_runs_the_broker_cannot_change_a_letter(venue, swap):
    """He cannot open the letter, so he makes one of his own around the MAC of a phone's. (He would
    need the phone's help to know it.)"""
    child, said = venue.invite_waiting()
    invited = Joiner(said["link"], venue.brokers[0])
    invited.close()
    mac = invited.invitation.letter_mac(invited.public, False, invited.password)
    thief = operator_joins(venue, said["account"], False)
    if swap == "public":
        thief.password = invited.password
    else:
        thief.public, thief.secret = invited.public, invited.secret
    thief.ask(mac=mac)
    assert thief.refusal() == "secret"
    assert child.poll() is None


def test_a_photograph_and_the_broker_together_make_no_staff_phone(venue):
    """The thief has the secret and keeps the invited phone's letter back. Its digits are not those
    of the phone in front of the host, which shows none, or others."""
    child, said = venue.invite_waiting("--staff", "--root", str(venue.kiosk.root_key))
    invitation = read_link(said["link"])
    thief = operator_joins(venue, said["account"], True, invitation.secret)
    thief.ask()
    nonce = bytes.fromhex(thief.reply("confirm")["nonce"])
    invited, _ = na.crypto_sign_keypair()
    shown = invitation.digits(invited, nonce)  # even if the nonce were passed on to it
    assert shown != thief.digits()
    type_in(child, shown, shown, shown)
    assert thief.refusal() == "digits"
    assert child.wait(20) == 1 and venue.ask("phones")["staff"] == 0
    assert not (venue.kiosk.state / "staff").exists()


def test_replayed_letters_and_answers_let_nobody_in(venue):
    child, said = venue.invite_waiting()
    phone = Joiner(said["link"], venue.brokers[0])
    heard = []
    taken = phone.client.on_message
    phone.client.on_message = lambda *args: (heard.append(args[2].payload), taken(*args))
    venue.arrived(phone)
    assert child.wait(20) == 0
    second = venue.invite()["account"]
    spy = operator_joins(venue, second, False)
    for wire in heard:  # what was said while the first phone joined, on another account's topic
        spy.client.publish(spy.topic, wire, 1).wait_for_publish(10)
    time.sleep(1)
    assert venue.ask("phones")["members"] == 1
    assert not [a for a in spy.answers if a["kind"] == "welcome"]


def test_another_venues_root_cannot_sign(venue, make_venue):
    other = make_venue(start=False)
    told = venue.cli("invite", "--staff", "--root", other.kiosk.root_key, code=1).stderr
    assert "another venue's root key" in told
    assert venue.ask("phones")["invited"] == 0


# --- going ----------------------------------------------------------------------------------------

def test_a_revoked_phone_is_out_at_once(venue):
    phone, stays = venue.member(), venue.member()
    out = []
    phone.eyes.client.on_disconnect = lambda *_: out.append(time.monotonic())
    began = time.monotonic()
    done = venue.cli("revoke", phone.account)
    wait.until(lambda: out, "the connection to end")
    print(f"revoked phone out after {1000 * (out[0] - began):.0f} ms, command and all")
    assert "All others have a new key" in done.stdout
    assert phone.refused_at()
    venue.settled({stays.account})
    key = bytes.fromhex((venue.kiosk.credentials / "venue.key").read_text())
    assert key != phone.venue_key
    finds(stays, stays.eyes, key.hex())
    stays.eyes.keys = Keys(key, stays.kiosk_public)
    venue.kiosk.sim("switch", "hold", "400ms")
    stays.eyes.wait("lockdown", "alert")
    assert not phone.eyes.all("lockdown", "alert")
    assert "no phone of this kiosk" in venue.cli("revoke", phone.account, code=1).stderr


def test_a_revoked_staff_phone_commands_no_more(venue):
    phone, root = venue.staff(), venue.kiosk.root_key
    # Not even the kiosk shuts a staff phone's account out by itself; but it obeys it no more.
    assert "--root" in venue.cli("revoke", phone.account, code=1).stderr
    assert not venue.client(phone.account).get("disabled")
    assert not (venue.kiosk.state / "staff" / f"{phone.account}.cert").exists()
    assert venue.ask("phones")["staff"] == 0
    venue.cli("revoke", "--root", root, phone.account)
    wait.until(lambda: venue.client(phone.account).get("disabled"), "it to be shut out", 10)


def test_a_copied_invitation_costs_no_more_than_a_new_key(venue):
    """The first of two phones may have been sent the members' key."""
    before = (venue.kiosk.credentials / "venue.key").read_text()
    child, said = venue.invite_waiting()
    first = Joiner(said["link"], venue.brokers[0])
    first.ask()
    first.welcomed()
    first.close()
    Joiner(said["link"], venue.brokers[0]).ask()
    assert child.wait(20) == 1
    assert (venue.kiosk.credentials / "venue.key").read_text() != before


def test_revoke_without_a_broker_says_that_the_key_is_the_old_one(venue):
    phone = venue.member()
    before = (venue.kiosk.credentials / "venue.key").read_text()
    venue.brokers[0].process.kill()
    wait.until(lambda: not venue.kiosk.connected(), "the broker missed", 20)
    done = venue.cli("revoke", phone.account, code=1, within=40)
    assert "sudo porchlight rotate" in done.stdout and "The key was not changed" in done.stderr
    assert (venue.kiosk.credentials / "venue.key").read_text() == before


def test_wrong_accounts(venue):
    assert venue.cli("revoke", "Ayla", code=2).stderr
    assert "no phone" in venue.cli("revoke", "0" * 16, code=1).stderr


# --- a new venue key ------------------------------------------------------------------------------

def test_rotate_reaches_the_phones_that_remain(venue):
    stays, gone = venue.member(), venue.member()
    venue.cli("revoke", gone.account)
    wait.until(venue.kiosk.connected, "the kiosk, which has a new key already, at its broker", 20)
    old = (venue.kiosk.credentials / "venue.key").read_text()
    venue.cli("rotate", within=40)
    fresh_key = bytes.fromhex((venue.kiosk.credentials / "venue.key").read_text())
    assert fresh_key.hex() != old.strip()
    finds(stays, stays.eyes, fresh_key.hex())
    stays.eyes.keys = Keys(fresh_key, stays.kiosk_public)
    venue.kiosk.sim("switch", "hold", "400ms")
    alert = stays.eyes.wait("lockdown", "alert")
    with pytest.raises(envelope.Refused):
        envelope.open_broadcast(alert.wire, bytes.fromhex(old), stays.kiosk_public,
                                f"{venue.kiosk.place}/alert")


def test_a_phone_that_slept_finds_the_new_key(venue):
    phone = venue.member()
    phone.eyes.close()
    venue.cli("rotate", within=40)
    key = (venue.kiosk.credentials / "venue.key").read_text().strip()
    woken = phone.member(bytes.fromhex(key))
    venue.kiosk.mailboxes.append(woken)
    finds(phone, woken, key)
    # A broker keeps nothing over a restart; the kiosk sends it again.
    venue.brokers[0].process.stop()
    venue.brokers[0].start()
    wait.until(venue.kiosk.connected, "the kiosk at the broker again", 20)
    late = phone.member(bytes.fromhex(key))
    venue.kiosk.mailboxes.append(late)
    finds(phone, late, key)


def test_the_new_key_is_the_next_starts(venue):
    venue.member()
    venue.cli("rotate", within=40)
    venue.kiosk.daemon.kill()
    venue.kiosk.start()
    key = bytes.fromhex((venue.kiosk.credentials / "venue.key").read_text())
    phone = venue.member()
    assert phone.venue_key == key
    phone.eyes.wait("state", "state")


def test_rotate_without_a_broker_changes_nothing(venue):
    old = (venue.kiosk.credentials / "venue.key").read_text()
    venue.brokers[0].process.kill()
    wait.until(lambda: not venue.kiosk.connected(), "the broker missed", 20)
    assert "no phone would get the new one" in venue.cli("rotate", code=1).stderr
    assert (venue.kiosk.credentials / "venue.key").read_text() == old


# --- two brokers ----------------------------------------------------------------------------------

def test_a_broker_that_was_away_learns_it_all(make_venue):
    venue = make_venue(brokers=2)
    first = venue.member()
    venue.settled({first.account}, broker=1)
    venue.brokers[1].stop()
    wait.until(lambda: not venue.kiosk.connected(), "the broker missed", 20)
    told = venue.cli("revoke", first.account, code=1, within=40)
    assert "Broker b1: it is not connected" in told.stderr
    # With the new key that all others got it connects again.
    wait.until(lambda: venue.kiosk.status()["brokers"][0]["connected"], "the broker that is up", 20)
    child, said = venue.invite_waiting()
    second = venue.arrived(Joiner(said["link"], venue.brokers[0]))
    venue.brokers[1].start()
    venue.settled({second.account}, broker=1, within=40)
    assert first.refused_at(venue.brokers[1])
    elsewhere = second.let_in_at(venue.brokers[1])
    assert elsewhere, "the new phone is not let in at the broker that was away"
    assert child.wait(20) == 0


def test_revoked_while_away_and_a_restart_between(make_venue):
    venue = make_venue(brokers=2)
    phone = venue.member()
    venue.settled({phone.account}, broker=1)
    venue.brokers[1].stop()
    wait.until(lambda: not venue.kiosk.connected(), "the broker missed", 20)
    venue.cli("revoke", phone.account, code=1, within=40)
    venue.kiosk.daemon.kill()
    venue.kiosk.start(connected=False)
    venue.brokers[1].start()
    venue.settled(set(), broker=1, within=40)
    wait.until(lambda: venue.ask("phones")["going"] == 0, "the book to be clean")


# --- the book -------------------------------------------------------------------------------------

def test_phones_shows_counts_and_the_last_drill(venue):
    phone = venue.member()
    assert venue.ask("phones")["drill"] is None
    venue.cli("drill")
    ring = phone.eyes.wait("lockdown", "alert", drill=True)
    phone.eyes.answer(ring.body["id"], "rang")
    phone.eyes.answer(ring.body["id"])
    wait.until(lambda: venue.kiosk.status()["seen"] == 1, "the answer counted")
    venue.cli("all-clear")
    said = wait.until(lambda: venue.ask("phones") if venue.ask("phones")["drill"] else None,
                      "the drill's report")
    assert (said["drill"]["seen"], said["drill"]["rang"], said["members"]) == (1, 1, 1)
    assert "accounts" not in said
    assert venue.ask("phones", "--ids")["accounts"] == [{"account": phone.account, "staff": False}]
    plainly = venue.cli("phones").stdout
    assert "members:    1" in plainly and phone.account not in plainly


def test_a_damaged_list_of_phones_holds_no_alert_up(venue):
    phone = venue.member()
    venue.kiosk.daemon.kill()
    book = venue.kiosk.state / "phones"
    book.write_text(book.read_text() + "Ayla\n")
    venue.kiosk.start()
    assert "phones: line 3" in venue.kiosk.daemon.said()
    assert "could not be opened" in venue.cli("invite", "--leave", code=1).stderr
    venue.kiosk.sim("switch", "hold", "400ms")
    phone.eyes.wait("lockdown", "alert")


def test_the_admin_socket_is_for_root_alone(venue):
    assert (venue.kiosk.run / "admin.sock").stat().st_mode & 0o777 == 0o600
    for request in ["revoke", "invite nobody", "certify x y", "rotate 00", "rotated 00", "party",
                    "invite member screen now", "phones all"]:
        answer = json.loads(local.ask(venue.kiosk.run / "admin.sock", request))
        assert answer["ok"] is False and answer["error"]


def test_a_plain_venue_has_no_keys_to_give(make_venue, folder):
    from tests.kit.kiosk import Kiosk
    with Kiosk(kind="c", plain=True) as plain:
        plain.start()
        assert "A plain venue" in plain.cli("invite").stderr


# --- a kiosk that is disowned ---------------------------------------------------------------------

def is_disowned(venue, wire):
    public = hexed(venue.kiosk.credentials / "kiosk.pub")
    said = reads(wire, hexed(venue.kiosk.credentials / "root.pub"), venue.kiosk.venue,
                 venue.kiosk.id)
    return said is not None and said[0] == public


def test_a_retired_kiosk_is_out_permanently(venue):
    phone = venue.member()
    venue.cli("retire", "--root", venue.kiosk.root_key, within=60)
    wait.until(lambda: any(is_disowned(venue, r.wire) for r in phone.eyes.received
                           if r.topic == "root"), "the root's word", 10)
    wait.until(lambda: venue.kiosk.status()["brokers"][0]["fault"] == "credentials",
               lambda: f"that the kiosk is out: {venue.kiosk.status()}", 20)
    later = phone.member(phone.venue_key)
    venue.kiosk.mailboxes.append(later)
    kept = later.wait(topic="root")
    assert kept.retained and is_disowned(venue, kept.wire)


def test_retire_names_a_broker_that_is_away_and_goes_on(make_venue):
    venue = make_venue(brokers=2)
    venue.brokers[0].stop()
    told = venue.cli("retire", "--root", venue.kiosk.root_key, code=1, within=60).stderr
    assert "broker b0" in told and "broker b1" not in told
    venue.brokers[0].start()
    told = venue.cli("retire", "--root", venue.kiosk.root_key, within=60).stderr
    assert told == ""  # it can be repeated where it is done


def test_only_the_root_retires(venue, make_venue):
    other = make_venue(start=False)
    assert "another venue's" in venue.cli("retire", "--root", other.kiosk.root_key, code=1).stderr
    assert venue.kiosk.connected()
    assert venue.cli("retire", code=2).stderr
