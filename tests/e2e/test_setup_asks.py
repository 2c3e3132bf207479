"""Set-up at a terminal: its questions, the drawing, the test of the wires, the root key on paper."""

import os
import re
import shutil

import pytest

from tests.e2e.test_setup import joined
from tests.kit.input_devices import PRESSED, RELEASED, Device
from tests.kit.place import program
from tests.kit.preload import library
from tests.kit.setup import Venue
from tests.kit.setup_machine import Machine
from tests.kit.terminal import Terminal
from tests.kit.wires import Wires

KEY_LINE = re.compile(r"^    (\d):((?: [0-9a-f]{4}){5})$", re.M)


@pytest.fixture(name="venue")
def new_venue():
    with Venue() as made:
        made.keep_ports(drill="no")
        yield made


def begin(venue, command=None):
    return Terminal([command or program("porchlight"), "--prefix", str(venue.prefix), "setup"])


def test_a_language_that_the_screen_does_not_have_is_refused_at_once(venue):
    """It has those that are installed, and the host's own."""
    installed = venue.prefix / "usr"
    for folder, codes in ((installed / "share/porchlight/languages", ("az", "ru", "en")),
                          (venue.etc / "languages", ("ka",))):
        folder.mkdir(parents=True)
        for code in codes:
            (folder / f"{code}.conf").touch()
    (installed / "bin").mkdir()
    t = begin(venue, shutil.copy(program("porchlight"), installed / "bin"))
    for default, answer in (("GPIO17] ", "sim:counter"), ("GPIO22] ", "none"), ("go on without", ""),
                            ("[5] ", ""), ("[here] ", ""), ("[porchlight.local] ", ""), ("[yes] ", ""),
                            ("[Baku] ", ""), ("[az, ru, en] ", "ka, de, en")):
        t.until(default)
        t.say(answer)
    assert "cannot speak de" in t.until("[az, ru, en] ")
    t.say("ka, en")
    t.until("[dark] ")
    os.write(t.fd, b"\x04")
    t.until("othing was changed")
    assert t.end() == 1


def the_screen(t):
    for default in ("[yes] ", "[Baku] ", "[az, ru, en] "):
        t.until(default)
        t.say()


def the_page(t, at="localhost:1"):
    """Nothing listens there, and no name is looked up outside."""
    t.until("[mqtt.example.org] ")
    t.say(at)


def to_the_root(t, venue, root, look_over=True):
    """Answers all questions, the root key's last. Gives what was shown with the drawing."""
    t.until("GPIO17] ")
    t.say("sim:counter")
    t.until("GPIO22] ")
    t.say("sim:entrance")
    drawing = t.until("Press Enter to go on")
    t.say()
    for default in ("[5] ", "[here] ", "[porchlight.local] ", "[yes] ", "[Baku] ", "[az, ru, en] ",
                    "[dark] "):
        t.until(default)
        t.say()
    asked = t.until("[print] ")
    t.say(root)
    if look_over:
        t.until("Press Enter to apply")
        t.say()
    assert "10. Where should the venue's root key go?" in asked
    return drawing


def test_a_root_key_goes_to_a_stick(venue):
    t = begin(venue)
    drawing = to_the_root(t, venue, str(venue.root))
    assert "GND" in drawing and "| o o |" in drawing
    t.until("The wipe is off")
    assert t.end() == 0
    assert venue.root.exists() and venue.conf()["switch counter"]["line"] == "sim:counter"
    lines = re.sub("\x1b\\[[0-9;]*m", "", t.all).splitlines()
    assert not [line for line in lines if len(line) > 79 and str(venue.prefix) not in line]


# Set-up without a prefix, on a network of its own; then beside the real avahi-daemon.
NETWORK = """
hostname kettle && ip link set lo up && ip link add out type veth peer name in || exit 9
ip address add 10.9.9.1/24 dev out && ip link set out up && ip link set in up
"""

NAMED = NETWORK + """
avahi-daemon --no-drop-root --no-chroot --no-rlimits -f {folder}/avahi.conf >{folder}/avahi.log 2>&1 &
for i in $(seq 1200); do grep -q "startup complete" {folder}/avahi.log && break; sleep .05; done
porchlight setup --answers {answers} || exit 8
"""

AVAHI = "[server]\nuse-ipv6=no\nenable-dbus=no\n[publish]\npublish-hinfo=no\npublish-workstation=no\n"


def test_the_name_that_avahi_answers_to_is_offered(folder):
    machine = Machine(folder)
    (folder / "avahi.conf").write_text(AVAHI)
    answers = machine.answers(host=None)
    done = machine.run(NAMED.format(folder=folder, answers=answers) + """
        name=$(sed -n 's/^host = //p' /etc/porchlight/setup.conf)
        echo "offered $name"
        python3 -c 'import socket, sys
s = socket.socket(socket.AF_UNIX)
s.connect("/run/avahi-daemon/socket")
s.sendall(f"RESOLVE-HOSTNAME {sys.argv[1]}\\n".encode())
print(s.recv(500).decode())' "$name"
    """, network=True)
    assert done.returncode == 0, (done, (folder / "avahi.log").read_text())
    assert "offered kettle.local\n" in done.stdout
    assert re.search(r"^\+ \d+ \d+ kettle.local 10\.9\.9\.1$", done.stdout, re.M), done.stdout


@pytest.mark.parametrize("route, offered", [("ip route add default via 10.9.9.2", "10.9.9.1"),
                                            ("true", "porchlight.local")])
def test_without_avahi_the_address_is_offered(folder, route, offered):
    machine = Machine(folder)
    done = machine.run(f"{NETWORK}\n{route}\nporchlight setup --answers {machine.answers(host=None)} && "
                       "grep '^host' /etc/porchlight/setup.conf", network=True)
    assert done.returncode == 0 and f"host = {offered}\n" in done.stdout, done


def test_a_root_key_on_paper_is_typed_in_again(venue):
    t = begin(venue)
    to_the_root(t, venue, "print")
    shown = t.until("line 1: ")
    lines = [line.strip() for _, line in KEY_LINE.findall(shown)]
    assert len(lines) == 4
    t.say(lines[0].replace(lines[0][0], "e" if lines[0][0] != "e" else "d", 1))
    assert "does not match" in t.until("line 1: ")
    t.say(lines[1])  # a right line in the wrong place
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
    assert "invite --staff --root -<" in card and "retire --root - <b>--paper keep.html<" in card
    # Typed in again, it opens what only the root may.
    (venue.prefix / "again.conf").write_text("[setup]\ndrill = no\n")
    t = begin(venue)
    for _ in range(2):
        t.until("] ")
        t.say()
    t.until("Press Enter to go on")
    t.say()
    t.until("unchanged] ")
    t.say()
    t.until("[here] ")
    t.say("both")
    t.until("[porchlight.local] ")
    t.say()
    t.until("[none] ")
    t.say("mqtt.example.org")
    t.until("[make] ")
    t.say()
    the_page(t)
    the_screen(t)
    t.until("[dark] ")
    t.say()
    t.until("Press Enter to apply")
    t.say()
    for number, line in enumerate(lines, 1):
        t.until(f"line {number}: ")
        t.say(line)
    t.until("porchlight outside --root -")
    assert t.end() == 0
    assert venue.conf()["broker outside"]["host"] == "mqtt.example.org"


def test_a_root_key_that_is_not_typed_in_changes_nothing(venue):
    before = venue.files()
    t = begin(venue)
    to_the_root(t, venue, "print")
    t.until("line 1: ")
    os.write(t.fd, b"\x04")  # the end of what is typed
    t.until("othing was changed")
    assert t.end() == 1
    assert venue.files() == before


def interrupt(t):
    os.write(t.fd, b"\x03")  # Ctrl-C, as a keyboard sends it
    t.until("othing was changed")
    assert t.end() == 1


@pytest.mark.parametrize("at", ["GPIO17] ", "GPIO22] ", "Press Enter to go on", "[5] ", "[here] ",
                                "[porchlight.local] ", "[none] ", "[make] ", "[mqtt.example.org] ", "[yes] ", "[Baku] ",
                                "[az, ru, en] ", "[dark] ", "[print] ", "Press Enter to apply", "line 1: ", "line 2: "])
def test_leaving_at_any_question_changes_nothing(venue, at):
    """Nothing that it had prepared is left either, such as keys."""
    before = venue.files()
    t = begin(venue)
    for prompt, answer in (("GPIO17] ", "sim:counter"), ("GPIO22] ", "sim:entrance"),
                           ("Press Enter to go on", ""), ("[5] ", ""), ("[here] ", "both"),
                           ("[porchlight.local] ", ""), ("[none] ", "mqtt.example.org"),
                           ("[make] ", ""), ("[mqtt.example.org] ", "localhost:1"), ("[yes] ", ""), ("[Baku] ", ""),
                           ("[az, ru, en] ", ""), ("[dark] ", ""), ("[print] ", ""),
                           ("Press Enter to apply", ""), ("line 1: ", None), ("line 2: ", None)):
        said = t.until(prompt)
        if prompt == at:
            break
        t.say(KEY_LINE.findall(said)[0][1] if answer is None else answer)
    interrupt(t)
    assert venue.files() == before
    assert not list((venue.prefix / "etc").glob(".porchlight*"))


def test_an_answer_that_cannot_be_used_is_asked_again_at_once(venue):
    """Not only after all the others. What was refused is not offered."""
    t = begin(venue)
    t.until("GPIO17] ")
    t.say("none")
    assert "Without a switch" in t.until("[GPIO17] ")
    t.say("sim:counter")
    t.until("GPIO22] ")
    t.say("none")
    t.until("Press Enter to go on")
    t.say()
    t.until("[5] ")
    t.say()
    t.until("[here] ")
    t.say("elsewhere")
    t.until("[none] ")
    t.say()
    assert "broker's host name" in t.until("[none] ")
    t.say("mqtt.example.org")
    t.until("[make] ")
    t.say("/nowhere/account")
    assert "no such file" in t.until("[make] ")
    t.say("make")
    the_page(t, "none")
    assert "that shows the page" in t.until("[mqtt.example.org] ")
    t.say("localhost:1")
    the_screen(t)
    t.until("[dark] ")
    t.say()
    t.until("[print] ")
    t.say("/nowhere/root.key")
    assert "Is the USB stick mounted?" in t.until("[print] ")
    t.say(str(venue.root))
    t.until("Press Enter to apply")
    interrupt(t)


def test_an_answer_can_be_changed_at_the_end(venue):
    t = begin(venue)
    to_the_root(t, venue, str(venue.root), look_over=False)
    assert re.search(r"5\. host +porchlight\.local\n", t.until("Press Enter to apply"))
    t.say("19")
    assert "Expected 1 to 10" in t.until("Press Enter to apply")
    t.say("4")
    t.until("[here] ")
    t.say("elsewhere")
    t.until("[none] ")  # the questions that this adds are asked
    t.say("mqtt.example.org")
    t.until("[make] ")
    t.say()
    the_page(t)
    assert "host" not in re.findall(r"^   \d\. (\w+)", t.until("Press Enter to apply"), re.M)
    t.say("1")
    t.until("[sim:counter] ")
    t.say("sim:desk")
    t.until("Press Enter to go on")
    t.say()
    t.until("Press Enter to apply")
    t.say()
    t.until("The wipe is off")
    assert t.end() == 0
    assert venue.conf()["switch counter"]["line"] == "sim:desk"
    assert "broker here" not in venue.conf()
    assert venue.conf()["venue"]["page"] == "https://localhost:1/"


def drill_of(venue):
    venue.set_up()
    venue.start_broker()
    venue.start()
    return Terminal([program("porchlight"), "--prefix", str(venue.prefix), "setup", "--drill"])


def test_the_drill_waits_until_a_phone_has_joined(venue):
    t = drill_of(venue)
    t.until("Press Enter when a phone has joined")
    assert not venue.status()["drill"]
    phone = joined(venue)
    t.say()
    t.until("The drill has started")
    phone.answer(phone.wait("lockdown", "alert", drill=True, within=30).body["id"])
    t.until("A phone received it")
    assert t.end() == 0 and not venue.status()["drill"]


def test_set_up_holds_no_drill_before_a_phone_has_joined(venue):
    """Phones are invited at the same terminal, next."""
    venue.set_up()
    venue.start_broker()
    venue.start()
    answers = venue.etc / "setup.conf"
    answers.write_text(answers.read_text().replace("drill = no", "drill = yes"))
    t = begin(venue)
    for prompt in ("[sim:counter] ", "[sim:entrance] ", "unchanged] ", "[here] ",
                   *5 * ("] ",), "Press Enter to apply"):
        t.until(prompt)
        t.say()
    assert "porchlight setup --drill" in t.until("No drill is held yet") + t.until_end()
    assert t.end() == 0 and not venue.status()["drill"]


def test_leaving_before_the_drill_starts_none(venue):
    t = drill_of(venue)
    t.until("Press Enter when a phone has joined")
    os.write(t.fd, b"\x03")
    t.until("No drill was held")
    assert t.end() == 1 and venue.status()["state"] == "quiet"


def test_each_change_of_switch_and_door_is_shown(venue):
    t = begin(venue)
    t.until("GPIO17] ")
    t.say("sim:counter")
    t.until("GPIO22] ")
    t.say("sim:entrance")
    t.until("door: closed")
    wires = Wires(venue.prefix / "run/porchlight/sim.sock")
    for line, on, off in (("counter", "switch: pressed", "switch: not pressed"),
                          ("entrance", "door: open", "door: closed")):
        wires.set(line, True)
        t.until(on)
        wires.set(line, False)
        t.until(off)
    t.until("[5] ")
    os.write(t.fd, b"\x04")
    assert t.end() == 1


@pytest.mark.parametrize("typed, words", (
    ("11", ("Pin 11 of the header is GPIO17: type GPIO17", "GPIO11 is pin 23", "| o o |")),
    ("17", ("Pin 17 of the header is 3.3V", "GPIO17 is pin 11: type GPIO17")),
    ("39", ("Pin 39 of the header is GND", "GPIO39 is none")),
    ("41", ("The Pi's header has no pin 41",)),
))
def test_a_bare_number_is_questioned(venue, typed, words):
    t = begin(venue)
    t.until("GPIO17] ")
    t.say(typed)
    said = " ".join(t.until("] ").split())
    for word in words:
        assert word in said, said
    os.write(t.fd, b"\x04")
    t.until("othing was changed")
    assert t.end() == 1


def test_a_wrong_answer_is_asked_again(venue):
    t = begin(venue)
    t.until("GPIO17] ")
    t.say("a line?")
    assert "Expected a GPIO pin" in t.until("GPIO17] ")
    os.write(t.fd, b"\x04")
    t.until("othing was changed")
    assert t.end() == 1


def test_the_drawing_shows_the_pins():
    """Before they are asked for, and again where the answers are others."""
    with Venue() as venue:
        t = begin(venue)
        assert re.search(r"door --- GPIO22 15 \| o o \| 16", t.until("GPIO17] "))
        t.say()
        t.until("GPIO22] ")
        t.say("GPIO4")
        drawing = t.until("[5] ")
        os.close(t.fd)
        os.waitpid(t.pid, 0)
    assert re.search(r"switch --- GPIO17 11 \| o o \| 12", drawing)
    assert re.search(r"door --- +GPIO4 +7 \| o o \| 8", drawing)
    assert "no GPIO chip" in drawing and "Now test the wires" not in drawing


def test_the_drawing_shows_all_that_the_config_connects():
    others = {"switch counter": "17", "switch bar": "5", "switch pocket": None, "door hall": "22", "door yard": "6",
              "input lid": "13", "output lamp": "19"}
    with Venue() as venue:
        venue.etc.mkdir(parents=True)
        (venue.etc / "porchlight.conf").write_text(
            f"[venue]\nid = {'0a' * 8}\n[kiosk]\nid = {'0b' * 8}\n" + "".join(
                f"[{name}]\nline = {f'GPIO{pin}' if pin else 'key:AB Shutter3:KEY_VOLUMEUP'}\n"
                + {"input lid": "kind = lid\n", "output lamp": "on = trouble\n", "switch bar": "other_line = GPIO26\n"}
                .get(name, "") for name, pin in others.items()) + "[feel]\nline = GPIO20\n")
        t = begin(venue)
        drawing = t.until("GPIO17] ")
        t.say()
        t.until("GPIO22] ")
        t.say()
        assert "o o" not in t.until("[5] ")
        os.close(t.fd)
        os.waitpid(t.pid, 0)
    for row in (r"switch --- GPIO17 11 ", r"bar --- +GPIO5 29 ", r"door --- GPIO22 15 ", r"yard --- +GPIO6 31 ",
                r"lid --- GPIO13 33 ", r"lamp --- GPIO19 35 ", r"bar, other --- GPIO26 37 ", r"38 GPIO20 --- feel"):
        assert re.search(row, drawing), drawing
    assert "pocket" not in drawing, "it has no wire"


def test_a_second_way_is_offered_where_there_are_two_interfaces(venue):
    for interface in ("eth0", "wwan0"):
        (venue.prefix / "sys/class/net" / interface / "device").mkdir(parents=True)
    (venue.prefix / "sys/class/net/lo").mkdir()
    t = begin(venue)
    t.until("GPIO17] ")
    t.say("sim:counter")
    t.until("GPIO22] ")
    t.say("sim:entrance")
    t.until("Press Enter to go on")
    t.say()
    for default, answer in (("[5] ", ""), ("[here] ", "elsewhere"), ("[none] ", "localhost:8883"),
                            ("[make] ", ""), ("[one] ", "eth0"), ("[one] ", "eth0, wwan0"),
                            ("[localhost] ", "localhost:1")):
        asked = t.until(default)
        t.say(answer)
        if default == "[one] ":
            explained = asked
    assert "Expected one, or two interfaces" in explained
    the_screen(t)
    for default in ("[dark] ", "[print] "):
        t.until(default)
        t.say(str(venue.root) if default == "[print] " else "")
    t.until("Press Enter to apply")
    t.say()
    t.until("The wipe is off")
    assert t.end() == 0
    assert venue.conf()["broker outside-2"]["interface"] == "wwan0"


def test_a_button_is_learned_by_one_press(venue):
    remote = Device(venue.prefix, name="AB Shutter3", keys=("KEY_VOLUMEUP",))
    other = Device(venue.prefix, name="AB Shutter3", keys=("KEY_VOLUMEUP",), number=1,
                   uniq="20:73:5c:aa:00:01")
    t = Terminal([program("porchlight"), "--prefix", str(venue.prefix), "setup"],
                 LD_PRELOAD=library("input_devices"))
    t.until("GPIO17] ")
    t.say("mqtt:zigbee2mqtt/office")
    t.until("cannot be the only switch")
    t.until("GPIO17] ")
    t.say("button")
    assert t.until("Press the button once").count("AB Shutter3") == 2
    t.say()
    t.until("GPIO17] ")
    t.say("button")
    t.until("Press the button once")
    other.key(PRESSED)
    other.key(RELEASED)
    t.until("That was key:20:73:5c:aa:00:01:KEY_VOLUMEUP.")
    t.until("GPIO22] ")
    t.say("none")
    drawing = t.until("Press Enter to go on")
    assert "switch ---" not in drawing and "--- switch" not in drawing
    remote.key(PRESSED)
    other.key(PRESSED)
    t.until("switch: pressed")
    other.key(RELEASED)
    t.until("switch: not pressed")
