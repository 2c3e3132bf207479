"""Set-up at a terminal: its questions, the drawing, what it sees, the root key on paper."""

import os
import re

import pytest

from tests.e2e.test_setup import joined
from tests.kit.place import program
from tests.kit.setup import PORTS, Venue
from tests.kit.terminal import Terminal
from tests.kit.wires import Wires

KEY_LINE = re.compile(r"^    (\d):((?: [0-9a-f]{4}){5})$", re.M)


@pytest.fixture(name="venue")
def new_venue():
    with Venue() as made:
        # Ports are nobody's question: the last run's stand.
        (made.etc).mkdir(parents=True)
        (made.etc / "setup.conf").write_text("[setup]\n" + "".join(
            f"{p} = {made.answers[p]}\n" for p in PORTS) + "drill = no\n")
        yield made


def begin(venue):
    return Terminal([program("porchlight"), "--prefix", str(venue.prefix), "setup"])


def to_the_root(t, venue, root, look_over=True):
    """Answers all questions, the root key's last. The drawing."""
    t.until("GPIO17] ")
    t.say("sim:counter")
    t.until("GPIO22] ")
    t.say("sim:entrance")
    drawing = t.until("Enter goes on")
    t.say()
    for default in ("[5] ", "[here] ", "[porchlight.local] ", "[dark] "):
        t.until(default)
        t.say()
    asked = t.until("[print] ")
    t.say(root)
    if look_over:
        t.until("Enter makes it so")
        t.say()
    assert "7. Where does the venue's root key go?" in asked
    return drawing


def test_a_root_key_on_a_stick(venue):
    t = begin(venue)
    drawing = to_the_root(t, venue, str(venue.root))
    assert "GND" in drawing and "| o o |" in drawing
    t.until("The wipe is off")
    assert t.end() == 0
    assert venue.root.exists() and venue.conf()["switch counter"]["line"] == "sim:counter"


def test_a_root_key_on_paper_is_read_back(venue):
    t = begin(venue)
    to_the_root(t, venue, "print")
    shown = t.until("line 1: ")
    lines = [line.strip() for _, line in KEY_LINE.findall(shown)]
    assert len(lines) == 4
    t.say(lines[0].replace(lines[0][0], "e" if lines[0][0] != "e" else "d", 1))
    assert "does not fit" in t.until("line 1: ")
    t.say(lines[1])  # a right line in a wrong place
    t.until("line 1: ")
    for number, line in enumerate(lines, 1):
        t.say(line)
        if number < 4:
            t.until(f"line {number + 1}: ")
    assert "porchlight invite --staff --root -\n" in t.until("The wipe is off")
    assert t.end() == 0
    seed = "".join("".join(line.split()[:4]) for line in lines)
    assert not [n for n, d in venue.files().items() if seed.encode() in d]
    card = (venue.etc / "papers/keep.html").read_text()
    assert "invite --staff --root -<" in card and "retire --root -<" in card
    # Typed in again, it opens what only the root may.
    (venue.prefix / "again.conf").write_text("[setup]\ndrill = no\n")
    t = begin(venue)
    for _ in range(2):
        t.until("] ")
        t.say()
    t.until("Enter goes on")
    t.say()
    t.until("as it is] ")
    t.say()
    t.until("[here] ")
    t.say("both")
    t.until("[porchlight.local] ")
    t.say()
    t.until("[none] ")
    t.say("mqtt.example.org")
    t.until("[make] ")
    t.say()
    t.until("[dark] ")
    t.say()
    t.until("Enter makes it so")
    t.say()
    for number, line in enumerate(lines, 1):
        t.until(f"line {number}: ")
        t.say(line)
    t.until("carry ")
    assert t.end() == 0
    assert venue.conf()["broker outside"]["host"] == "mqtt.example.org"


def test_a_key_that_is_not_read_back_changes_nothing(venue):
    before = venue.files()
    t = begin(venue)
    to_the_root(t, venue, "print")
    t.until("line 1: ")
    os.write(t.fd, b"\x04")  # the end of what is typed
    t.until("nothing was changed")
    assert t.end() == 1
    assert venue.files() == before


def interrupt(t):
    os.write(t.fd, b"\x03")  # Ctrl-C, as a keyboard sends it
    t.until("nothing was changed")
    assert t.end() == 1


@pytest.mark.parametrize("at", ["GPIO17] ", "GPIO22] ", "Enter goes on", "[5] ", "[here] ",
                                "[porchlight.local] ", "[none] ", "[make] ", "[dark] ", "[print] ",
                                "Enter makes it so", "line 1: ", "line 2: "])
def test_leaving_at_any_question_changes_nothing(venue, at):
    """Nor is anything left that it had prepared, keys among it."""
    before = venue.files()
    t = begin(venue)
    for prompt, answer in (("GPIO17] ", "sim:counter"), ("GPIO22] ", "sim:entrance"),
                           ("Enter goes on", ""), ("[5] ", ""), ("[here] ", "both"),
                           ("[porchlight.local] ", ""), ("[none] ", "mqtt.example.org"),
                           ("[make] ", ""), ("[dark] ", ""), ("[print] ", ""),
                           ("Enter makes it so", ""), ("line 1: ", None), ("line 2: ", None)):
        said = t.until(prompt)
        if prompt == at:
            break
        t.say(KEY_LINE.findall(said)[0][1] if answer is None else answer)
    interrupt(t)
    assert venue.files() == before
    assert not list((venue.prefix / "etc").glob(".porchlight*"))


def test_an_answer_that_will_not_do_is_asked_again_at_once(venue):
    """Not when all the others were typed."""
    t = begin(venue)
    t.until("GPIO17] ")
    t.say("none")
    assert "raises no alarm" in t.until("[none] ")
    t.say("sim:counter")
    t.until("GPIO22] ")
    t.say("none")
    t.until("Enter goes on")
    t.say()
    t.until("[5] ")
    t.say()
    t.until("[here] ")
    t.say("elsewhere")
    t.until("[none] ")
    t.say()
    assert "has a name" in t.until("[none] ")
    t.say("mqtt.example.org")
    t.until("[make] ")
    t.say("/nowhere/account")
    assert "no such file" in t.until("[/nowhere/account] ")
    t.say("make")
    t.until("[dark] ")
    t.say()
    t.until("[print] ")
    t.say("/nowhere/root.key")
    assert "is the stick mounted" in t.until("[/nowhere/root.key] ")
    t.say(str(venue.root))
    t.until("Enter makes it so")
    interrupt(t)


def test_an_answer_is_changed_at_the_end(venue):
    t = begin(venue)
    to_the_root(t, venue, str(venue.root), look_over=False)
    assert re.search(r"5\. host +porchlight\.local\n", t.until("Enter makes it so"))
    t.say("9")
    assert "expected 1 to 7" in t.until("Enter makes it so")
    t.say("4")
    t.until("[here] ")
    t.say("elsewhere")
    t.until("[none] ")  # what that asks for is asked
    t.say("mqtt.example.org")
    t.until("[make] ")
    t.say()
    assert "host" not in re.findall(r"^   \d\. (\w+)", t.until("Enter makes it so"), re.M)
    t.say("1")
    t.until("[sim:counter] ")
    t.say("sim:desk")
    t.until("Enter goes on")
    t.say()
    t.until("Enter makes it so")
    t.say()
    t.until("The wipe is off")
    assert t.end() == 0
    assert venue.conf()["switch counter"]["line"] == "sim:desk"
    assert "broker here" not in venue.conf()


def rehearse(venue):
    venue.set_up()
    venue.start_broker()
    venue.start()
    return Terminal([program("porchlight"), "--prefix", str(venue.prefix), "setup", "--drill"])


def test_the_drill_waits_for_whoever_invites_a_phone(venue):
    t = rehearse(venue)
    t.until("Press Enter when a phone has joined")
    assert not venue.status()["drill"]
    phone = joined(venue)
    t.say()
    t.until("The drill has begun")
    phone.answer(phone.wait("lockdown", "alert", drill=True, within=30).body["id"])
    t.until("A phone received it")
    assert t.end() == 0 and not venue.status()["drill"]


def test_a_drill_that_is_left_before_it_begins(venue):
    t = rehearse(venue)
    t.until("Press Enter when a phone has joined")
    os.write(t.fd, b"\x03")
    t.until("nothing was rehearsed")
    assert t.end() == 1 and venue.status()["state"] == "quiet"


def test_what_switch_and_door_say_is_shown(venue):
    t = begin(venue)
    t.until("GPIO17] ")
    t.say("sim:counter")
    t.until("GPIO22] ")
    t.say("sim:entrance")
    t.until("door is closed now")
    wires = Wires(venue.prefix / "run/porchlight/sim.sock")
    for line, on, off in (("counter", "switch: pressed", "switch: let go"),
                          ("entrance", "door: open", "door: closed")):
        wires.set(line, True)
        t.until(on)
        wires.set(line, False)
        t.until(off)
    t.until("[5] ")
    os.write(t.fd, b"\x04")
    assert t.end() == 1


def test_a_wrong_answer_is_asked_again(venue):
    t = begin(venue)
    t.until("GPIO17] ")
    t.say("a line?")
    assert "expected a line" in t.until("GPIO17] ")
    os.write(t.fd, b"\x04")
    t.until("nothing was changed")
    assert t.end() == 1


def test_the_drawing_names_the_pins():
    with Venue() as venue:
        t = begin(venue)
        t.until("GPIO17] ")
        t.say()
        t.until("GPIO22] ")
        t.say("GPIO4")
        drawing = t.until("Enter goes on")
        os.close(t.fd)
        os.waitpid(t.pid, 0)
    assert re.search(r"switch --- GPIO17 11 \| o o \| 12", drawing)
    assert re.search(r"door --- +GPIO4 +7 \| o o \| 8", drawing)
