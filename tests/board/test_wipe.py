"""The wipe under power cuts: whatever moment the plug is pulled, the next boot finishes it."""

import os
import shutil

import pytest

from tests.board import cuts

SEED = int(os.environ.get("BOARD_SEED", "8"))
CUTS = int(os.environ.get("BOARD_CUTS", "50"))


@pytest.fixture(scope="module")
def evening():
    made = cuts.Evening(os.environ.get("BOARD_SUITE", "trixie"))
    yield made
    made.close()
    if os.environ.get("BOARD_KEEP") != "1":
        shutil.rmtree(made.folder, ignore_errors=True)


def test_power_cut_between_record_and_intent(evening):
    """A wipe that the record asks for holds the vaults shut at the boot, begun or not."""
    evening.board.cut_power()
    assert evening.night_between("between").wiped


@pytest.mark.parametrize("number,cut", enumerate(cuts.moments(SEED, CUTS)))
def test_power_cut_is_made_good_at_the_next_boot(evening, number, cut, record_property):
    evening.board.cut_power()
    night = evening.night(number, cut)
    record_property("cut", f"{cut:.2f} s after the press began")
    record_property("wiped", night.wiped)
    record_property("plain found at the cut", night.plain_at_cut)
