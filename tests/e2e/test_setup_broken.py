"""Set-up when something is wrong: it names the fix, and the earlier state stays whole."""

import fcntl
import signal
import socket
import subprocess

import pytest

from tests.kit import pki, process, wait
from tests.kit.place import program
from tests.kit.setup import Venue, clock_at
from tests.kit.wires import Wires

QUIET = process.environment(ASAN_OPTIONS="detect_leaks=0:verify_asan_link_order=0")


@pytest.fixture(name="venue")
def new_venue():
    with Venue() as made:
        made.set_up()
        yield made


def refused(venue, done, *said):
    """It failed, printed all of this, and changed nothing."""
    assert done.returncode == 1, done
    for words in said:
        assert words in done.stderr, (words, done.stderr)
    assert venue.files() == venue.before
    assert not list((venue.prefix / "etc").glob(".porchlight*"))


def given(venue, text):
    path = venue.prefix / "given.conf"
    path.write_text(text)
    venue.before = venue.files()
    return venue.cli("setup", "--answers", path)


@pytest.mark.parametrize("text, said", [
    ("[setup]\nswich = GPIO4\n", ":2: [setup] swich: found an unknown key"),
    ("[setup]\ncode = 3\n", ':2: [setup] code: found "3", expected a number, 4 to 12'),
    ("[setup]\ncode = 13\n", ':2: [setup] code: found "13"'),
    ("[setup]\n\ndoor = GPIO5\ndoor = GPIO6\n", ":4: [setup] door: this key is already at line 3"),
    ("switch = GPIO4\n", ":1: switch: found a key before any section; expected a header such as [setup]"),
    ("[setup]\n[setup]\n", ":2: [setup] this section is already at line 1"),
    ("[kiosk]\nid = 1\n", ":1: found the unknown section [kiosk]; expected one of [setup]"),
    ("# nothing\n", "there is no section [setup]"),
    ("", "there is no section [setup]"),
    ("[setup]\nbroker = somewhere\n", "expected here, elsewhere or both"),
    ("[setup]\nbroker = both\n", "outside: broker = both needs the address"),
    ("[setup]\nhost = a b\n", "expected a host name or an address"),
    ("[setup]\nhost = 192.168.1.300\n", "expected a host name or an address"),
    ("[setup]\nhost = pi..local\n", "expected a host name or an address"),
    ("[setup]\noutside = 10.0.0.256:8883\n", "expected HOST or HOST:PORT"),
    ("[setup]\noutside = :8883\n", "expected HOST or HOST:PORT"),
    ("[setup]\nport = 0\n", "expected a port, 1 to 65535"),
    ("[setup]\nport = 8883\npage_port = 8883\n", "port and page_port are both 8883"),
    ("[setup]\nswitch = GPIO4\ndoor = GPIO4\n", "switch and door are both GPIO4"),
    ("[setup]\nswitch = none\n", "switch: found none. Without a switch nobody can raise an alarm"),
    ("[setup]\nswitch = mqtt:zigbee2mqtt/office\n", "it never starts the wipe, takes no code and ends nothing"),
    ("[setup]\nroot = stick/key\n", "expected print, or a path that begins with /"),
    ("[setup]\nlights = blue\n", "expected dark or as-they-are"),
    ("[setup]\nwhat\n", ":2: "),
])
def test_a_wrong_answer_is_refused(venue, text, said):
    refused(venue, given(venue, text), said, "Nothing was changed")


def test_all_wrong_answers_are_reported_at_once(venue):
    refused(venue, given(venue, "[setup]\ncode = 1\nswich = x\nport = y\n"), "given.conf:2",
            "given.conf:3", "given.conf:4")


def test_without_answers_or_a_terminal_it_refuses(venue):
    venue.before = venue.files()
    refused(venue, venue.cli("setup", "--answers", venue.prefix / "nowhere"), "No such file")
    alone = venue.cli("setup")
    assert alone.returncode == 2 and "--answers FILE" in alone.stderr
    assert venue.files() == venue.before


# --- the machine --------------------------------------------------------------------------------------

def test_a_port_that_another_program_uses(venue):
    with socket.socket() as s:
        s.bind(("0.0.0.0", 0))
        s.listen()
        port = s.getsockname()[1]
        refused(venue, given(venue, f"[setup]\nport = {port}\n"), f"another program uses port {port}",
                "systemctl disable --now mosquitto")


def test_a_port_that_our_own_broker_uses_is_fine(venue):
    venue.start_broker()
    assert venue.again(door="none").returncode == 0


def test_a_second_set_up_at_the_same_time_is_refused(venue):
    with open(venue.prefix / "run/porchlight-setup.lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        refused(venue, given(venue, "[setup]\ndoor = none\n"), "another porchlight setup")
        late = venue.cli("keys", "renew")
        assert late.returncode == 1 and "another porchlight setup" in late.stderr
    assert venue.again(door="none").returncode == 0


def test_a_clock_that_was_never_set_stops_it(venue):
    path = venue.write("given.conf", door="none")
    venue.before = venue.files()
    done = venue.cli("setup", "--answers", path, env=clock_at("@1970-01-01 00:02:00"))
    refused(venue, done, "timedatectl set-time")


@pytest.mark.parametrize("call, fault, said", [
    ("write", "ENOSPC", "the disk is full"), ("fsync", "ENOSPC", "the disk is full"),
    ("mkdir", "EROFS", "the file system is read-only"), ("link", "EROFS", "is read-only"),
    ("mkdir", "EACCES", "Run it with sudo"), ("link", "EDQUOT", "the disk is full"),
    ("renameat2", "EINVAL", "two folders are exchanged"), ("fsync", "EIO", "Input/output error"),
    ("renameat2", "EROFS", "the file system is read-only")])
def test_a_disk_that_refuses_to_write(venue, call, fault, said):
    answers = venue.prefix / "given.conf"
    answers.write_text("[setup]\nswitch = sim:desk\ndrill = no\n")
    venue.before = venue.files()
    # The first folder is /run, where there is no lock yet; error messages are writes too.
    which = {"mkdir": "2+", "write": "1"}.get(call, "1+")
    done = process.run(["strace", "-qq", "-o", "/dev/null", "-e", f"trace={call}", "-e",
                        f"inject={call}:error={fault}:when={which}", program("porchlight"),
                        "--prefix", venue.prefix, "setup", "--answers", answers], 60, env=QUIET)
    assert done.returncode == 1 and said in done.stderr, done
    assert venue.cli("setup", "--settle").returncode == 0
    refused(venue, done)


# --- what is there already ----------------------------------------------------------------------------

def test_a_half_written_config_stops_it(venue):
    conf = venue.etc / "porchlight.conf"
    conf.write_bytes(conf.read_bytes()[:2000])
    refused(venue, given(venue, "[setup]\ndoor = none\n"), "porchlight check", "Nothing was changed")


def test_answers_that_would_make_the_config_wrong_are_refused(venue):
    conf = venue.etc / "porchlight.conf"
    conf.write_text(conf.read_text() + "\n[switch office]\nline = sim:desk\n")
    refused(venue, given(venue, "[setup]\nswitch = sim:desk\n"), "sim:desk",
            "the config would be wrong")


def test_a_damaged_account_file_is_not_replaced(venue):
    (venue.prefix / "var/lib/porchlight-broker/dynamic-security.json").write_text("{\n")
    refused(venue, given(venue, "[setup]\nbroker = both\noutside = mqtt.example.org\n"),
            "not a file of mosquitto's dynamic security")


def test_an_authority_that_phones_trust_is_not_replaced(venue):
    venue.set_up()
    (venue.etc / "ca/ca.key").unlink()
    before = venue.files()
    done = venue.again(switch="sim:other")
    assert done.returncode == 1 and "porchlight restore brings the key back" in done.stderr
    assert venue.files() == before


def test_another_venues_root_key_is_refused(venue):
    venue.root.write_text("7" * 64 + "\n")
    refused(venue, given(venue, "[setup]\nbroker = both\noutside = mqtt.example.org\n"),
            "another venue's root key")


def test_a_root_key_that_others_can_read_is_refused(venue):
    venue.root.chmod(0o644)
    refused(venue, given(venue, "[setup]\nbroker = both\noutside = mqtt.example.org\n"), "chmod 600")


# --- where the root key goes ----------------------------------------------------------------------------

@pytest.mark.parametrize("place, said", [
    ("etc/porchlight/root.key", "belongs off site"), ("etc/porchlight/credentials/r", "off site"),
    ("nowhere/root.key", "Is the USB stick mounted?"), (None, "needs a terminal")])
def test_places_where_a_root_key_may_not_go(place, said):
    with Venue() as venue:
        (venue.etc / "credentials").mkdir(parents=True)
        root = venue.prefix / place if place else "print"
        venue.before = venue.files()
        refused(venue, venue.cli("setup", "--answers", venue.write(root=root)), said)
        assert not place or not root.exists()


def test_a_stick_that_cannot_be_written_stops_it(venue):
    with Venue() as other:
        done = process.run(["strace", "-qq", "-o", "/dev/null", "-P", f"{other.root}.new", "-e",
                            "trace=write,fsync,openat", "-e", "inject=write,fsync:error=ENOSPC",
                            program("porchlight"), "--prefix", other.prefix, "setup", "--answers",
                            other.write()], 60, env=QUIET)
        other.before = {}
        refused(other, done, "Is the stick full")
        assert not other.root.exists()
    assert venue.files()


# --- somebody else's broker -----------------------------------------------------------------------------

def account(venue, ca, text=None):
    path = venue.prefix / "account"
    path.write_text(text or f"[account]\nuser = us\npassword = secret-of-ours\nca = {ca}\n")
    return given(venue, f"[setup]\nbroker = elsewhere\noutside = mqtt.example.org\n"
                       f"outside_account = {path}\n")


def test_an_account_with_a_wrong_ca_is_refused(venue):
    (venue.prefix / "ca.pem").write_text("no certificate\n")
    refused(venue, account(venue, venue.prefix / "ca.pem"), "holds no certificate")
    refused(venue, account(venue, venue.prefix / "nowhere.pem"), "nowhere.pem: No such file")


def test_an_account_with_an_expired_ca_is_refused(venue):
    old, _ = pki.Authority(venue.prefix / "ca").server("old", begins=-30, ends=-3.5)
    refused(venue, account(venue, old), "expired 3 days ago", "Nothing was changed")


@pytest.mark.parametrize("text, said", [
    ("[account]\nuser = us\n", "[account] password: is missing"),
    ("[acount]\nuser = us\n", ":1: found the unknown section [acount]"),
    ("[account]\nsecret = x\n", ":2: [account] secret: found an unknown key"), ("nothing\n", ":1: "),
    ("[account]\npassword = a\u200bb\n", ":2: [account] password: something invisible is in it"),
    ("[account]\npassword = a #b\n", "[account] user: is missing")])
def test_a_wrong_account_file_is_refused(venue, text, said):
    """A password is what is written, # included; whatever is wrong, it is not printed."""
    done = account(venue, "/nowhere", text)
    refused(venue, done, said, "Nothing was changed")
    assert "a #b" not in text or "[account] password: " not in done.stderr
    assert "a #b" not in done.stderr and "a\u200bb" not in done.stderr
    refused(venue, given(venue, "[setup]\nbroker = elsewhere\noutside = mqtt.example.org\n"
                               "outside_account = /nowhere/account\n"), "/nowhere/account: No such")


# --- the drill --------------------------------------------------------------------------------------------

def test_a_drill_that_nobody_answers_fails(venue):
    venue.start_broker()
    venue.start()
    done = venue.again(drill="yes", drill_wait="2")
    assert done.returncode == 1, done
    assert "No phone answered within 2 s" in done.stderr and "porchlight invite" in done.stderr
    assert "This kiosk is set up" in done.stdout and not venue.status()["drill"]


def drill_of(venue):
    """`setup --drill` while its drill runs."""
    drill = subprocess.Popen([program("porchlight"), "--prefix", venue.prefix, "setup", "--drill"],
                             stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, text=True, env=process.environment())
    wait.until(lambda: venue.status()["drill"], venue.status, 30)
    return drill


def test_a_real_alert_during_the_drill_is_not_taken_back(venue):
    """The code, which ends a drill, would show the alert as ended here."""
    venue.start_broker()
    venue.start()
    drill = drill_of(venue)
    Wires(venue.prefix / "run/porchlight/sim.sock").hold(1.7, "counter")
    _, said = drill.communicate(timeout=60)
    assert drill.returncode == 1 and "because of a real alert" in said, said
    status = venue.status()
    assert status["state"] == status["on_site"] == "lockdown" and not status["drill"]


def test_a_drill_that_is_left_ends(venue):
    venue.start_broker()
    venue.start()
    drill = drill_of(venue)
    drill.send_signal(signal.SIGINT)
    _, said = drill.communicate(timeout=60)
    assert drill.returncode == 1 and "the drill is over" in said, said
    assert not venue.status()["drill"] and venue.status()["state"] == "quiet"
