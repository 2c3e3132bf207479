"""README's first hour, typed in as it is printed, in a booted Debian 13 that has apt and sudo and nothing
that Porchlight needs. Debian's own packages come from a folder, so that no time goes into fetching them.
The stick is a folder too, and the switch a simulated one: a container has no pins and no disks."""

import os
import re
import shutil
import subprocess
import time
from types import SimpleNamespace

import pytest

from tests.deb.booted import Booted
from tests.deb.conftest import ARCH, layer_with
from tests.deb.host import ETC, ROOT_KEY, Host
from tests.deb.tree import ENVIRONMENT, bare, packages
from tests.kit.apt import repo
from tests.kit.joining import Joiner
from tests.kit.place import ROOT, fresh
from tests.kit.terminal import Terminal

SUITE = "trixie"
STICK = "/media/usb"
MOUNTING = 3  # `lsblk`, `mkdir`, `mount`, as the handbook's page set-up has them
LAST = "sudo porchlight setup --drill"


def printed(text, heading):
    """The commands of a chapter of README that are typed in on the Pi."""
    chapter = re.search(rf"(?ms)^## {heading}\n(.*?)^## ", text)[1]
    return re.findall(r"(?m)^    (sudo .*)$", chapter)


@pytest.fixture(scope="module", name="machine")
def new_machine():
    folder = fresh("h")
    stick = folder / "stick"
    (folder / "debs" / SUITE).mkdir(parents=True)
    ours = packages(SUITE, ARCH)
    for deb in ours.values():
        shutil.copy(deb, folder / "debs" / SUITE)
    assert repo("key", folder / "key").returncode == 0
    assert repo(folder / "debs", stick, KEY=folder / "key").returncode == 0
    with bare(SUITE) as tree:  # what apt fetches is kept beside the trees
        for deb in ours.values():
            shutil.copy(deb, tree.debs)
        tree.do("apt-get -qq -y --download-only install /debs/*.deb")
    with Booted(SUITE, layer_with(SUITE, ["dbus", "sudo", "systemd-sysv", "tzdata", "udev"])) as made:
        mirror = made.debs / "mirror"
        shutil.copytree(made.fetched, mirror)
        with open(mirror / "Packages", "w") as listed:
            subprocess.run(["apt-ftparchive", "packages", "."], cwd=mirror, stdout=listed, check=True)
        made.do("rm -f /etc/apt/sources.list.d/*; "
                "echo 'deb [trusted=yes] file:/debs/mirror ./' >/etc/apt/sources.list")
        shutil.copytree(stick, made.debs / "stick")
        yield made
    shutil.rmtree(folder)


class Visitor(Host):
    """Somebody who has README, types its commands into a terminal, and holds the phones."""

    def __init__(self, machine):
        super().__init__(machine)
        machine.do(f"cp -r /debs/stick {STICK}/porchlight")
        self.shown = []

    def types(self, command):
        terminal = Terminal(["/usr/bin/nsenter", "--all", f"--target={self.machine.pid}", "--root", "--wd",
                             "env", "-i", *ENVIRONMENT, "sh", "-c", command], size=(120, 80))
        self.shown.append(terminal)
        return terminal

    def install(self, command):
        t = self.types(command)
        assert "Next: sudo porchlight setup" in t.until_end() and t.end() == 0, t.text

    def set_up(self, command):
        """Enter at every question but those for what a container has not, and the root key's."""
        t = self.types(command)
        t.until("[GPIO17] ")
        t.say("sim:counter")
        t.until("[GPIO22] ")
        t.say("none")
        for prompt in ("Press Enter to go on", "[5] ", "[here] ", "] ", "[yes] ", "] ", "[az, ru, en] ", "[dark] "):
            t.until(prompt)
            t.say()
        t.until("[print] ")
        t.say(ROOT_KEY)
        t.until("Press Enter to apply")
        t.say()
        assert "No drill is held yet" in t.until_end() and t.end() == 0, t.all
        self.connected()

    def invite_one(self, command):
        """The phone scans what the terminal shows; of a staff phone the host types in the digits."""
        t = self.types(command)
        link = re.search(r"https?://\S+#i=[\w-]+", t.until("#i=") + t.until("\n"))[0]
        phone = self.machine.inside(self._scans, link, t)
        t.until("A phone has joined")
        t.until_end()
        assert t.end() == 0
        self.phones.append(phone)

    def _scans(self, link, t):
        joiner = Joiner(link, self._broker())
        hand = SimpleNamespace(write=lambda text: os.write(t.fd, text.encode()), flush=lambda: None)
        return joiner.member(joiner.join(SimpleNamespace(stdin=hand)))

    def drill(self, command):
        t = self.types(command)
        member = self.phones[-1]
        member.answer(member.wait("lockdown", "alert", drill=True, within=60).body["id"])
        assert "A phone received it and answered" in t.until_end() and t.end() == 0, t.all


def test_a_phone_answers_the_drill_after_fewer_than_ten_commands(machine):
    text = (ROOT / "README.md").read_text()
    typed = printed(text, "Install") + printed(text, "The first hour")
    typed = typed[:typed.index(LAST) + 1]
    visitor = Visitor(machine)
    does = {f"sudo sh {STICK}/porchlight/install.sh": visitor.install,
            "sudo porchlight setup": visitor.set_up,
            f"sudo porchlight invite --staff --root {ROOT_KEY}": visitor.invite_one,
            "sudo porchlight invite": visitor.invite_one, LAST: visitor.drill}
    began = time.monotonic()
    try:
        for command in typed:
            at = time.monotonic()
            does[command](command)
            print(f"{time.monotonic() - at:6.1f} s  {command}")
        status = visitor.status()
    finally:
        visitor.close()
    minutes = (time.monotonic() - began) / 60
    print(f"{MOUNTING + len(typed)} commands, {minutes:.1f} minutes beside the host's own time")
    assert MOUNTING + len(typed) < 10
    assert (status["staff"], status["members"], status["last_drill"]["seen"]) == (2, 1, 1), status
    assert machine.run(f"test -e {ETC}/credentials/root.key")[0] != 0
