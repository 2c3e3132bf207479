"""README's first hour, typed in as it is printed, at one terminal and in that order. Below a prefix: what
systemd would start is started by the test, and the switch is a simulated one."""

import pytest

from tests.kit.first_hour import STICK, FirstHour, answers_to_setup
from tests.kit.place import program
from tests.kit.setup import Venue
from tests.kit.terminal import Terminal


class Newcomer(FirstHour, Venue):
    """A host at a terminal."""

    def __init__(self):
        super().__init__()
        self.keep_ports()
        self.here = self.prefix
        self.typed = answers_to_setup("sim:counter", "none", "porchlight.local", self.root)

    def terminal(self, words):
        name, *words = [word.replace(STICK, str(self.root.parent)) for word in words]
        return Terminal([program(name), "--prefix", str(self.prefix), *words], size=(80, 24))

    def applied(self):
        self.start_broker()
        self.start()


@pytest.fixture(name="host")
def new_host():
    with Newcomer() as made:
        yield made


def test_each_command_of_the_first_hour_works_after_the_one_before(host):
    host.live_it()
