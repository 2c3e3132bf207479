"""The root key behind --root: its file, its paper as a file, and its paper typed in at a terminal."""

import os
import secrets
import shutil
import signal

import pytest
from nacl import bindings as na

from tests.kit import pki, process
from tests.kit.joining import Joiner
from tests.kit.kiosk import FAST, Kiosk
from tests.kit.paper import paper, slipped, type_in
from tests.kit.place import fresh, program
from tests.kit.admin_socket import Venue
from tests.kit.terminal import Terminal
from tests.kit.voice import hexed

PHONE = na.crypto_sign_keypair()[0].hex()
ASKED = {"invite": ["invite", "--staff"], "retire": ["retire"], "relay": ["relay", "FOLDER"],
         "registrar": ["registrar", "VENUE"],
         "sign": ["keys", "sign", "--venue", "0" * 16, "--account", "1" * 16, "--public", PHONE],
         "staff": ["keys", "staff", "--public", PHONE],
         "end": ["root", "end"]}
GONE = "\033[A\r\033[2K"  # what takes the line above off the screen


@pytest.fixture(name="kiosk", scope="module")
def one_kiosk():
    away = {"host": "localhost", "port": 1, "tls": "no"}  # nobody is asked for anything
    with Kiosk(kind="r", brokers=0, conf={"broker away": away}) as made:
        yield made


def asked(what, kiosk, root):
    """The words of a command that wants the root key."""
    folder = fresh("r")
    args = [str(folder / a) if a.isupper() and a != PHONE else a for a in ASKED[what]]
    shutil.rmtree(folder)
    return ["--prefix", str(kiosk.prefix), *args, "--root", str(root)]


def at_terminal(*args):
    return Terminal([program("porchlight"), *args])


def sign(kiosk, root):
    return kiosk.cli(*asked("sign", kiosk, root)[2:])


def on_file(folder, text):
    path = folder / "paper"
    path.write_text(text)
    path.chmod(0o600)
    return path


def test_a_staff_phone_is_invited_with_the_key_from_paper(folder):
    folder.chmod(0o755)
    with Venue(folder, pki.Authority(folder / "ca"), conf=dict(FAST)) as venue:
        venue.kiosk.start()
        lines = paper(hexed(venue.kiosk.root_key))
        venue.kiosk.root_key.unlink()
        t = at_terminal("--prefix", str(venue.kiosk.prefix), "invite", "--staff", "--link",
                        "--root", "-")
        t.until("from its paper")
        t.until("line 1: ")
        t.say(slipped(lines[0]))
        assert "does not match" in t.until("line 1: ")
        t.say(lines[1])  # a right line in a wrong place
        assert "does not match" in t.until("line 1: ")
        t.say(lines[0])
        for number, line in enumerate(lines[1:], 2):
            t.until(f"line {number}: ")
            t.say(line)
        link = t.until("The invitation is for one staff phone").split("#i=")[1].split()[0]
        phone = Joiner("#i=" + link, venue.brokers[0])
        phone.ask()
        t.until("the six digits that the phone in front of you shows")
        t.say(phone.digits())
        phone.welcomed()
        phone.done()
        t.until("A phone has joined")
        assert t.end() == 0
        assert (venue.kiosk.state / "staff" / f"{phone.account}.cert").exists()


@pytest.mark.parametrize("numbered", [True, False])
def test_typed_in_it_signs_as_the_file_does(kiosk, numbered):
    expected = sign(kiosk, kiosk.root_key).stdout.strip()
    assert len(expected) == 128
    t = at_terminal(*asked("sign", kiosk, "-"))
    lines = paper(hexed(kiosk.root_key), numbered)
    lines[2] = lines[2].upper()
    said = ""
    for number, line in enumerate(lines, 1):
        said += t.until(f"line {number}: ")
        t.say(line)
    said += t.until(expected)
    assert t.end() == 0
    assert said.count(GONE) == 4 and all(line + "\n" + GONE in said for line in lines), repr(said)


def test_whoever_leaves_has_done_nothing(kiosk):
    before = sorted((kiosk.state / "staff").glob("*"))
    t = at_terminal(*asked("staff", kiosk, "-"))
    t.until("line 1: ")
    t.say(paper(hexed(kiosk.root_key))[0])
    t.until("line 2: ")
    os.write(t.fd, b"\x03")
    assert t.end() == -signal.SIGINT
    t = at_terminal(*asked("staff", kiosk, "-"))
    t.until("line 1: ")
    os.write(t.fd, b"\x04")
    t.until("Nothing was done: the root key was not typed in")
    assert t.end() == 1
    assert sorted((kiosk.state / "staff").glob("*")) == before


def test_another_venues_paper(kiosk):
    t = at_terminal(*asked("staff", kiosk, "-"))
    type_in(t, paper(secrets.token_bytes(32)))
    t.until("what you typed is another venue's root key")
    assert t.end() == 1


@pytest.mark.parametrize("what", ASKED)
def test_without_a_terminal_it_says_how_else(kiosk, what):
    done = kiosk.cli(*asked(what, kiosk, "-")[2:], start_new_session=True)
    assert done.returncode == 2, done
    assert "there is no terminal" in done.stderr and "the four lines of its paper" in done.stderr
    assert "Usage: porchlight " in done.stderr


@pytest.mark.parametrize("what", ["invite", "retire", "sign", "staff", "end"])
def test_a_file_that_is_not_there(kiosk, folder, what):
    done = kiosk.cli(*asked(what, kiosk, folder / "root.key")[2:])
    assert done.returncode == 1
    assert (f"{folder}/root.key: there is no such file. Is the stick mounted? To type the root key in "
            "from its paper: --root -") in done.stderr
    assert "setup makes it" not in done.stderr


def test_a_key_that_others_may_read(kiosk, folder):
    path = on_file(folder, kiosk.root_key.read_text())
    path.chmod(0o644)
    done = sign(kiosk, path)
    assert done.returncode == 1 and f"chmod 600 {path}" in done.stderr and done.stdout == "", done


@pytest.mark.parametrize("words", [["retire"], ["root", "show"], ["root", "end"]])
def test_on_another_machine_it_asks_for_the_sheet(kiosk, folder, words):
    done = process.run([program("porchlight"), "--prefix", folder, *words, "--root", kiosk.root_key])
    assert done.returncode == 1 and "--paper keep.html" in done.stderr, done
    assert "setup" not in done.stderr


@pytest.mark.parametrize("between", ["\n", "\r\n", "\n\n    "])
@pytest.mark.parametrize("numbered", [True, False])
def test_the_paper_as_a_file(kiosk, folder, numbered, between):
    text = between.join(paper(hexed(kiosk.root_key), numbered)) + between
    done = sign(kiosk, on_file(folder, text))
    assert done.returncode == 0 and done.stdout == sign(kiosk, kiosk.root_key).stdout, done
    assert kiosk.cli(*asked("staff", kiosk, on_file(folder, text))[2:]).returncode == 0


@pytest.mark.parametrize("change, why", [
    (lambda lines: [*lines[:2], slipped(lines[2]), lines[3]], "line 3 does not match"),
    (lambda lines: [lines[1], lines[0], *lines[2:]], "line 1 does not match"),
    (lambda lines: lines[:3], "is not a root key"), (lambda lines: [*lines, lines[3]], "is not a root key"),
    (lambda lines: [], "is not a root key"), (lambda lines: ["".join(lines)], "is not a root key")])
def test_a_paper_with_a_slip(kiosk, folder, change, why):
    done = sign(kiosk, on_file(folder, "\n".join(change(paper(hexed(kiosk.root_key)))) + "\n"))
    assert done.returncode == 1 and why in done.stderr and not done.stdout, done
