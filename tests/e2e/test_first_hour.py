"""README's first hour, typed in as it is printed, at one terminal and in that order. Below a prefix: what
systemd would start is started by the test, and the switch is a simulated one."""

import re
import shlex

import pytest

from tests.kit.joining import Joiner
from tests.kit.place import ROOT, program
from tests.kit.qr import read_blocks
from tests.kit.setup import Venue
from tests.kit.terminal import Terminal

STICK = "/media/usb"
BEFORE = 4  # `lsblk`, `mkdir` and `mount` for the stick, and its install.sh
WORDS = "lantern harbour walnut seven"


class Newcomer(Venue):
    """A host at a terminal, with the phones beside it."""

    def __init__(self):
        super().__init__()
        self.keep_ports()

    def types(self, command):
        sudo, name, *words = shlex.split(command.replace(STICK, str(self.root.parent)))
        assert sudo == "sudo"
        return Terminal([program(name), "--prefix", str(self.prefix), *words])

    def set_up(self, command):
        t = self.types(command)
        for prompt, answer in (
                ("[GPIO17] ", "sim:counter"), ("[GPIO22] ", "none"), ("Press Enter to go on", ""), ("[5] ", ""),
                ("[here] ", ""), ("[porchlight.local] ", "localhost"), ("[yes] ", ""), ("[Baku] ", ""),
                ("[az, ru, en] ", ""), ("[dark] ", ""), ("[print] ", str(self.root)),
                ("Press Enter to apply", "")):
            t.until(prompt)
            t.say(answer)
        t.until("Waiting for the kiosk to connect")
        self.start_broker()
        self.start()
        t.until("No drill is held yet")
        assert t.end() == 0

    def invite(self, command):
        t = self.types(command)
        shown = t.until("The invitation is for one")
        phone = Joiner(read_blocks(shown, self.prefix)[0], self.as_broker())
        phone.ask()
        if phone.staff:
            t.until("Type in the six digits")
            t.say(phone.digits())
        venue_key = bytes.fromhex(phone.welcomed()["venue_key"])
        phone.done()
        t.until("A phone has joined")
        assert t.end() == 0
        phone.close()
        self.boxes.append(phone.member(venue_key))

    def drill(self, command):
        t = self.types(command)
        t.until("The drill has started")
        member = self.boxes[-1]
        member.answer(member.wait("lockdown", "alert", drill=True, within=30).body["id"])
        t.until("A phone received it and answered")
        assert t.end() == 0 and not self.status()["drill"]

    def back_up(self, command):
        t = self.types(command)
        for prompt in ("Passphrase: ", "again: "):
            t.until(prompt)
            t.say(WORDS)
        t.until("sealed with your passphrase")
        assert t.end() == 0

    def ask_doctor(self, command):
        t = self.types(command)
        assert "broker" in t.until_end()
        t.end()


@pytest.fixture(name="host")
def new_host():
    with Newcomer() as made:
        yield made


def test_each_command_of_the_first_hour_works_after_the_one_before(host):
    chapter = re.search(r"(?ms)^## The first hour\n(.*?)^## ", (ROOT / "README.md").read_text())[1]
    commands = re.findall(r"(?m)^    (sudo .*)$", chapter)
    does = {"setup": host.set_up, "invite": host.invite, "setup --drill": host.drill, "backup": host.back_up,
            "doctor": host.ask_doctor}
    for command in commands:
        words = command.removeprefix("sudo porchlight ")
        does[words if words in does else words.split()[0]](command)
    status = host.status()
    assert (status["staff"], status["members"], status["last_drill"]["seen"]) == (2, 1, 1), status
    assert BEFORE + commands.index("sudo porchlight setup --drill") + 1 < 10
