"""README's first hour, as a host types it in: each command as it is printed and in that order, with the phones
beside the kiosk."""

import re
import shlex

from tests.kit import wait
from tests.kit.joining import Joiner
from tests.kit.place import ROOT
from tests.kit.qr import read_blocks

STICK = "/media/usb"
BEFORE = 4  # `lsblk`, `mkdir` and `mount` for the stick, and its install.sh
WORDS = "lantern harbour walnut seven"


def commands():
    chapter = re.search(r"(?ms)^## The first hour\n(.*?)^## ", (ROOT / "README.md").read_text())[1]
    return re.findall(r"(?m)^    (sudo .*)$", chapter)


def answers_to_setup(switch, door, name, root):
    """[(prompt, answer)], where the answers are those of a host. `name`: of the Pi, as set-up proposes it."""
    return [("[GPIO17] ", switch), ("[GPIO22] ", door), ("Press Enter to go on", ""), ("[5] ", ""), ("[here] ", ""),
            (f"[{name}] ", "localhost"), ("[yes] ", ""), ("[Baku] ", ""), ("[az, ru, en] ", ""), ("[dark] ", ""),
            ("[print] ", str(root)), ("Press Enter to apply", "")]


class FirstHour:
    """Mixed into a venue, which has: `terminal(words)` for a command without its sudo, `typed`, what
    `answers_to_setup` gives, `applied()`, called once set-up waits for the kiosk, `as_broker()`, `boxes`, a folder
    `here` for pictures, and `patience`, how many seconds a prompt may take."""

    patience = wait.PATIENCE

    def types(self, command):
        sudo, *words = shlex.split(command)
        assert sudo == "sudo"
        return self.terminal(words)

    def set_up(self, command):
        t = self.types(command)
        for prompt, answer in self.typed:
            t.until(prompt, self.patience)
            t.say(answer)
        t.until("Waiting for the kiosk to connect", self.patience)
        self.applied()
        t.until("No drill is held yet", self.patience)
        assert t.end() == 0

    def invite(self, command):
        t = self.types(command)
        shown = t.until("The invitation is for one", self.patience)
        phone = Joiner(read_blocks(shown, self.here)[0], self.as_broker())
        phone.ask()
        if phone.staff:
            t.until("Type in the six digits", self.patience)
            t.say(phone.digits())
        venue_key = bytes.fromhex(phone.welcomed()["venue_key"])
        phone.done()
        t.until("A phone has joined", self.patience)
        assert t.end() == 0
        phone.close()
        self.boxes.append(phone.member(venue_key))

    def drill(self, command):
        t = self.types(command)
        t.until("The drill has started", self.patience)
        member = self.boxes[-1]
        member.answer(member.wait("lockdown", "alert", drill=True).body["id"])
        t.until("A phone received it and answered", self.patience)
        assert t.end() == 0 and not self.status()["drill"]

    def back_up(self, command):
        t = self.types(command)
        for prompt in ("Passphrase: ", "again: "):
            t.until(prompt, self.patience)
            t.say(WORDS)
        t.until("The backup is in", self.patience)
        assert "sealed with your passphrase" in " ".join(t.until_end(self.patience).split())
        assert t.end() == 0

    def ask_doctor(self, command):
        t = self.types(command)
        assert "broker" in t.until_end(self.patience)
        t.end()

    def live_it(self):
        """All of it, and what the kiosk says of itself afterwards."""
        does = {"setup": self.set_up, "invite": self.invite, "setup --drill": self.drill, "backup": self.back_up,
                "doctor": self.ask_doctor}
        for command in commands():
            words = command.removeprefix("sudo porchlight ")
            does[words if words in does else words.split()[0]](command)
        status = self.status()
        assert (status["staff"], status["members"], status["last_drill"]["seen"]) == (2, 1, 1), status
        assert BEFORE + commands().index("sudo porchlight setup --drill") + 1 < 10
