"""README's first hour in the emulated machine, typed in on a terminal of it, with phones at its own broker."""

import time

import pytest

from tests.board.terminal import BoardTerminal
from tests.board.test_package import PackageVenue
from tests.board.venue import DOOR, SWITCH
from tests.kit.first_hour import STICK, FirstHour, answers_to_setup, commands


class Newcomer(FirstHour, PackageVenue):
    """A host at this board, whose header is its own chip's, and a stick for the root key and another for the backup:
    here, one after the other on the same one."""

    patience = 600
    typed = answers_to_setup(f"gpiochip0:{SWITCH}", f"gpiochip0:{DOOR}", "10.0.2.15", f"{STICK}/root.key")

    def __init__(self, suite):
        super().__init__(suite)
        self.here, self.boxes = self.folder, self.mailboxes

    def terminal(self, words):
        return BoardTerminal(self.board, words)

    def applied(self):
        """systemd starts what set-up has made."""

    def as_broker(self):
        self.learn()
        return self.own_broker()


@pytest.fixture(scope="module")
def host(venues):
    host = venues(make=Newcomer)
    host.boot(armed=False, within=900)
    host.install()
    host.board.run(f"mkdir -p {STICK} && mount /dev/vdb {STICK}")
    return host


def test_each_command_of_the_first_hour_works_after_the_one_before(host, record_property):
    began = time.monotonic()
    host.live_it()
    record_property("commands", len(commands()))
    record_property("minutes", f"{(time.monotonic() - began) / 60:.1f}")
    phone = host.mailboxes[-1]
    host.press(2.5)
    phone.wait("lockdown", "alert", drill=False)
    assert host.board.run("systemctl --failed --plain --no-legend") == ""
