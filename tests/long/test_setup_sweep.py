"""The set-up, and its undo, killed at every one of their system calls that could matter: old state or new,
and the next run is done."""

import pytest

from tests.e2e.test_setup import CALLS, interrupted
from tests.e2e.test_setup_undo import Sweep, installed
from tests.kit.setup import Venue


# Nothing is renamed here: no broker changes, so nothing is beside the folder.
@pytest.mark.parametrize("call", [call for call in CALLS if call != "rename"])
def test_killed_at_every_call(call):
    with Venue() as venue:
        venue.set_up()
        old = venue.files()
        assert venue.again(switch="sim:desk").returncode == 0
        new = venue.files()
        assert venue.again(switch="sim:counter").returncode == 0
        answers = venue.prefix / "change.conf"
        answers.write_text("[setup]\nswitch = sim:desk\ndrill = no\n")
        number, ended = 0, None
        while ended is None or ended.returncode != 0:
            number += 1
            ended = interrupted(venue, answers, call, number)
            assert venue.cli("setup", "--settle").returncode == 0, (call, number)
            assert venue.files() in (old, new), (call, number)
            assert venue.again(switch="sim:counter").returncode == 0, (call, number)
            assert venue.files() == old, (call, number)
        assert venue.files() == old and number > 1
        print(f"{call}: killed at each of {number - 1}")


@pytest.mark.parametrize("call", [*CALLS, "renameat"])
def test_an_undo_killed_at_every_call(call):
    number, found = 1, []
    with Venue() as venue:
        installed(venue)
        sweep = Sweep(venue)
        while last := sweep.cut(call, number):
            found.append(last)
            number += 1
    assert found == sorted(found, reverse=True), found  # old, and from one call on new
    print(f"{call}: killed at each of {number - 1}")
