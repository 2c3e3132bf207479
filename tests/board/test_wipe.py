"""The wipe under power cuts: whatever moment the plug is pulled, the next boot finishes it."""

import os
import random
import time

import pytest

from tests.board import disk
from tests.board.vault import BULK, PLAN, Vault
from tests.board.venue import SWITCH

SEED = int(os.environ.get("BOARD_SEED", "8"))
CUTS = int(os.environ.get("BOARD_CUTS", "3"))


@pytest.fixture(scope="module")
def venue(venues):
    venue = venues(files={"/etc/porchlight/wipe.plan": ((PLAN + BULK).encode(), 0o644)})
    venue.boot()
    return venue


@pytest.mark.parametrize("cut", range(CUTS))
def test_power_cut_in_the_wipe_is_finished_at_boot(venue, cut, record_property):
    if not venue.board.process:
        venue.boot()
    venue.reset()
    venue.board.run("rm -rf /srv/venue/* /srv/venue/.??* /var/lib/porchlight-wipe/*")
    vault = Vault(venue.board)
    vault.make(bulk_mb=24)
    vault.assert_opens()
    moment = random.Random(SEED * 100 + cut).uniform(4.0, 7.0)
    record_property("cut", f"{moment:.2f} s after the press began")
    phone = venue.member()
    venue.board.wires.set(SWITCH, 0)
    time.sleep(moment)
    venue.board.cut_power()
    kept = disk.copy(venue.disks[0], str(venue.folder / f"cut-{cut}.raw"))
    record_property("plain found at the cut", disk.count(kept, vault.plain))
    os.unlink(kept)
    venue.boot()
    alert = phone.wait("lockdown", within=60)
    assert {a.body["id"] for a in phone.all("lockdown")} == {alert.body["id"]}
    assert "resume" in venue.board.run("systemctl show -p Id -p Result porchlight-wipe-resume")
    venue.board.wait_for("porchlight wipe --status", 120)
    vault.assert_gone()
