"""One part of a kiosk is broken when it starts, or when it reads a new config: the others work, and
what is broken is named wherever staff look."""

import contextlib
import json
import signal
import ssl

import pytest

from tests.kit import process, wait
from tests.kit.kiosk import FAST, Kiosk
from tests.kit.place import ROOT

FAULT = 1 << 7  # CUE_FAULT


@pytest.fixture
def two():
    with Kiosk(conf=FAST, brokers=2) as made:
        yield made


def secret(kiosk, data, mode=0o600):
    path = kiosk.credentials / "broker-b1"
    path.write_bytes(data)
    path.chmod(mode)


def folder_instead(kiosk):
    path = kiosk.credentials / "broker-b1"
    path.unlink()
    path.mkdir(mode=0o700)


def link_instead(kiosk):
    path = kiosk.credentials / "broker-b1"
    path.unlink()
    path.symlink_to(kiosk.folder / "nowhere")


def ca(kiosk, data):
    path = kiosk.folder / "other-ca.pem"
    if data is not None:
        path.write_bytes(data)
    kiosk.change({"broker b1": {"ca": path}})


def key_file(kiosk):
    ca(kiosk, b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")


def host_lines(kiosk, text):
    (kiosk.etc / "words.conf").write_text(text)


# What is broken: how, and a word of the sentence that names it.
BROKEN = {
    "no password": (lambda k: (k.credentials / "broker-b1").unlink(), "broker-b1"),
    "an empty password": (lambda k: secret(k, b"\n"), "broker-b1: is empty"),
    "a password of two lines": (lambda k: secret(k, b"one\ntwo\n"), "more than one line"),
    "a password that all can read": (lambda k: secret(k, b"one\n", 0o644), "broker-b1"),
    "a password that is a folder": (lambda k: folder_instead(k), "broker-b1"),
    "a password that leads nowhere": (lambda k: link_instead(k), "broker-b1"),
    "a password that is no text": (lambda k: secret(k, b"\xff\xfe\n"), "UTF-8"),
    "no CA": (lambda k: ca(k, None), "other-ca.pem"),
    "an empty CA": (lambda k: ca(k, b""), "other-ca.pem"),
    "a CA that is a key": (key_file, "other-ca.pem"),
    "a CA in DER": (lambda k: ca(k, ssl.PEM_cert_to_DER_cert(k.authority.pem.read_text())),
                    "other-ca.pem"),
    "a broker without a host": (lambda k: k.change({"broker b1": {"host": None}}), "host"),
    "a broker with a wrong host": (lambda k: k.change({"broker b1": {"host": "http://x"}}), "host"),
    "a broker without a password": (lambda k: k.change({"broker b1": {"password": None}}), "user"),
    "a broker twice": (lambda k: k.change({"broker b2": k.conf["broker b0"]}), "host"),
    "a misspelt section": (lambda k: k.change({"brokr b3": {"host": "x"}}), "brokr"),
    "a door's line": (lambda k: k.change({"door yard": {"line": "22"}}), "yard"),
    "a switch without a line": (lambda k: k.change({"switch desk": {"code": "5"}}), "desk"),
    "a line twice": (lambda k: k.change({"door yard": {"line": "sim:front"}}), "yard"),
    "a word for a number": (lambda k: k.change({"alert": {"abort_window": "soon"}}), "soon"),
    "the host's own lines": (lambda k: host_lines(k, "[words]\nlink = 0501234567\n"), "words.conf:2"),
    "a language of theirs": (lambda k: host_lines(k, "[fr]\nlockdown-way = Non\n"), "words.conf:1"),
    "the record's place": (lambda k: k.change({"kiosk": {"record": "nvmem:absent0"}}), "record"),
    "the record's place in the config": (lambda k: k.change({"kiosk": {"record": "here"}}),
                                         "record"),
    "the screen's city": (lambda k: k.change({"screen": {"city": "Bakuu"}}), "city"),
    "the wipe's grace": (lambda k: k.change({"wipe": {"grace": "20"}}), "grace"),
}


def findings(kiosk):
    said = json.loads(kiosk.cli("doctor", "--json", within=60).stdout)
    return [c["said"] for c in said["checks"] if c["verdict"] == "failure"]


@pytest.mark.parametrize("case", BROKEN)
def test_the_rest_works(two, case):
    """A press reaches the other broker's phones, by the switch that is right."""
    spoil, word = BROKEN[case]
    spoil(two)
    two.start(connected=False)
    wait.until(lambda: any(b["connected"] for b in two.status()["brokers"]), two.daemon.said)
    member = two.member()
    two.wires().hold(0.4)
    member.wait("lockdown", "alert")

    wait.until(lambda: two.status()["cue"] & FAULT, two.status)
    if "CA" in case:
        assert any(word in f for f in two.status()["faults"]), two.status()
    status = two.cli("status").stdout
    assert "fault" in status or "NOT connected" in status or "record" in status, status
    assert any(word in s for s in findings(two)) or "record's place" == case[4:], findings(two)
    checked = two.cli("check")
    if case != "the record's place":
        assert checked.returncode == 1 and word in checked.stdout + checked.stderr, checked


def language_of_all(kiosk, text):
    """The file of the first language of the screen; the installed ones are not there."""
    own = kiosk.etc / "languages"
    own.mkdir()
    for code in ("az", "ru", "en"):
        (own / f"{code}.conf").write_text((ROOT / f"config/languages/{code}.conf").read_text())
    (own / "az.conf").write_bytes(text)
    return own / "az.conf"


LANGUAGES = {"empty": b"", "no text": b"\xff\xfe\x00", "a key that there is none of": b"greeting = Salam\n",
             "cut off": (ROOT / "config/languages/az.conf").read_bytes()[:300]}


@pytest.mark.parametrize("case", LANGUAGES)
def test_a_language_file_that_is_broken_costs_that_language_alone(kiosk, case):
    """Check and doctor name it, by the screen's own reader; the picture has the other languages."""
    path = language_of_all(kiosk, LANGUAGES[case])
    screen = kiosk.spawn("porchlight-screen", "--prefix", kiosk.prefix, "--headless",
                         env=process.environment(SDL_VIDEODRIVER="dummy"))
    kiosk.start()
    wait.until(lambda: "az.conf" in screen.said(), screen.said)
    member = kiosk.member()
    kiosk.wires().hold(0.4)
    member.wait("lockdown", "alert")
    assert screen.alive and screen.said().count("that language is left out") == 1
    assert any("az.conf" in f and "leaves out" in f for f in findings(kiosk)), findings(kiosk)
    checked = kiosk.cli("check")
    assert checked.returncode == 1 and "az.conf" in checked.stdout + checked.stderr, checked
    path.write_text((ROOT / "config/languages/az.conf").read_text())
    assert kiosk.cli("check").returncode == 0
    assert not any("az.conf" in f for f in findings(kiosk))


def test_the_hosts_lines_that_are_put_right_need_no_restart(kiosk):
    host_lines(kiosk, "[fr]\nlockdown-way = Non\n")
    kiosk.start()
    wait.until(lambda: any("words.conf" in f for f in kiosk.status()["faults"]), kiosk.status)
    (kiosk.etc / "words.conf").unlink()
    wait.until(lambda: kiosk.status()["faults"] == [], kiosk.status)


def test_a_ca_that_is_put_right_needs_no_restart(two):
    """Nor does its fault need a network: nothing listens at that broker's port."""
    two.brokers[1].kill()
    ca(two, None)
    two.start(connected=False)
    wait.until(lambda: any("other-ca.pem does not exist" in f for f in two.status()["faults"]), two.status)
    assert "ca, ca = " in two.status()["brokers"][1]["error"]
    two.brokers[1].start()
    ca(two, two.authority.pem.read_bytes())
    wait.until(two.connected, two.status, 60)
    assert two.status()["faults"] == []


@pytest.mark.parametrize("name", ("kiosk.key", "venue.key", "root.pub"))
def test_a_kiosk_without_keys_still_senses_and_wipes(kiosk, name):
    """It cannot alert anybody, and says so; nothing else waits for the keys."""
    (kiosk.credentials / name).write_text("not hex\n")
    venue = kiosk.folder / "srv/venue"
    venue.mkdir(parents=True)
    (venue / "list").write_text("names\n")
    kiosk.start_wipe("[root venue]\npath = /srv/venue\n[file list]\npath = /srv/venue/list\n")
    kiosk.start(connected=False)
    assert any(name in f for f in kiosk.status()["faults"]), kiosk.status()
    kiosk.wires().hold(0.9)
    wait.until(lambda: not (venue / "list").exists(), kiosk.daemon.said)
    assert kiosk.status()["state"] == "lockdown"
    assert any(name in s for s in findings(kiosk))


def test_no_switch_at_all(kiosk):
    """Its only line is wrong: the kiosk is there, and says that it cannot be pressed."""
    kiosk.change({"switch front": {"line": "17"}, "door entrance": None})
    kiosk.start()
    assert kiosk.status()["inputs"] == []
    assert any("front" in f for f in kiosk.status()["faults"])
    assert kiosk.status()["cue"] & FAULT


def hup(kiosk, said):
    before = kiosk.daemon.said().count(said)
    kiosk.daemon.signal(signal.SIGHUP)
    wait.until(lambda: kiosk.daemon.said().count(said) > before, kiosk.daemon.said)


def test_a_reload_with_a_mistake_is_named_until_it_is_fixed(two):
    two.start()
    two.change({"broker b1": {"host": "http://x"}})
    hup(two, "the old config stays in use")
    assert any("http://x" in f for f in two.status()["faults"]), two.status()
    assert two.connected() and len(two.status()["brokers"]) == 2
    two.change({"broker b1": {"host": two.brokers[1].host}})
    hup(two, "porchlight.conf: applied")
    assert two.status()["faults"] == []


def test_a_reload_keeps_the_password_that_can_no_longer_be_read(two):
    two.start()
    secret(two, b"one\ntwo\n")
    two.change({"alert": {"abort_window": "30s"}})
    hup(two, "porchlight.conf: applied")
    assert any("broker-b1" in f for f in two.status()["faults"]), two.status()
    wait.until(two.connected, two.daemon.said)


@contextlib.contextmanager
def changed_while_running(kiosk, sections):
    kiosk.start()
    kiosk.change(sections)
    hup(kiosk, "porchlight.conf: applied")
    yield kiosk


def test_a_reload_keeps_the_lines_where_a_new_one_cannot_be_opened(two):
    """The rest of the new config is in use all the same."""
    two.change({"door entrance": None, "switch front": {"line": "sim:front"}})
    with changed_while_running(two, {"switch desk": {"line": "sim:d" + "x" * 57},
                                     "alert": {"abort_window": "30s"}}):
        member = two.member()
        two.wires().hold(0.4)
        member.wait("lockdown", "alert")


PASSWORDS = ["k9 ;Lq2xPw;77z", '"in quotes"', "# no comment", "Пароль=1", "a\u00a0b", "back\\slash", "x" * 180]
PASTED = {"as it is": "{}\n", "without a line end": "{}", "with Windows line ends": "{}\r\n",
          "with a byte order mark": "\ufeff{}\n", "with a mark and Windows line ends": "\ufeff{}\r\n"}


@pytest.mark.parametrize("form", PASTED)
def test_a_password_is_taken_as_people_paste_it(form):
    """Each at a real broker, and check, doctor and the daemon agree."""
    kiosk = Kiosk(conf=FAST, brokers=len(PASSWORDS))
    for i, (broker, password) in enumerate(zip(kiosk.brokers, PASSWORDS)):
        broker.account("kiosk", kiosk.account, password)
        (kiosk.credentials / f"broker-b{i}").write_bytes(PASTED[form].format(password).encode())
    with kiosk:
        kiosk.start(connected=False)
        wait.until(kiosk.connected, lambda: f"{[b['fault'] for b in kiosk.status()['brokers']]}")
        assert kiosk.cli("check").returncode == 0


# What no config's key can say: a mosquitto takes all but colons in its file of passwords.
USERS = ["k9 ;Lq2xPw;77z", '"in quotes"', "Қапы=1", "ünïcödé", "a\u00a0b", "back\\slash", "日本語", "x" * 100]


@pytest.mark.parametrize("form", ["{}", " {} ", "{}\r"])
def test_a_user_is_taken_as_people_name_it(form):
    """Each at a real broker, and check and the daemon agree. Windows line ends and spaces around it are none
    of the name."""
    kiosk = Kiosk(conf=FAST, brokers=len(USERS))
    for i, (broker, user) in enumerate(zip(kiosk.brokers, USERS)):
        password = broker.accounts.pop(kiosk.account)[1]
        broker.account("kiosk", user, password)
        kiosk.change({f"broker b{i}": {"user": form.format(user)}})
    with kiosk:
        kiosk.start(connected=False)
        wait.until(kiosk.connected, lambda: f"{[(b['name'], b['fault'], b['error']) for b in kiosk.status()['brokers']]}"
                   f"{kiosk.daemon.said()}")
        assert kiosk.cli("check").returncode == 0
        member = kiosk.member(broker=len(USERS) - 1)
        kiosk.wires().hold(0.4)
        member.wait("lockdown", "alert")
