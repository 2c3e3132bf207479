"""The machine's whole memory after a wipe, looked through for keys and canaries."""

import os

import pytest

from tests.board import disk
from tests.board.vault import CREDENTIAL, PLAN, WIPED, Vault
from tests.kit import wait

# The kernel zeroes what is given back: as the host's guide asks where memory is feared for.
ZEROING = "init_on_free=1"


@pytest.fixture(scope="module")
def prepared(venues):
    """A venue that is off, whose vaults were made at an earlier power-on: what its memory holds from
    now on comes from using them alone."""
    venue = venues(files={"/etc/porchlight/wipe.plan": ((PLAN + CREDENTIAL).encode(), 0o644)})
    venue.boot()
    vault = Vault(venue.board)
    vault.make()
    venue.board.run("umount /mnt/book && cryptsetup close porchlight-book; sync")
    venue.board.power_off()
    vault.learn_volume_key(venue.disks[0], str(venue.folder))
    return venue, vault, disk.copy(venue.disks[0], str(venue.folder / "prepared.raw"))


def look(venue, names):
    path = venue.board.memory(str(venue.folder / "memory"))
    found = disk.count_each(path, names)
    os.unlink(path)
    return found


@pytest.mark.parametrize("command_line", ["", ZEROING], ids=["as-shipped", "init-on-free"])
def test_memory_holds_no_key_after_the_wipe(prepared, command_line, record_property):
    venue, vault, kept = prepared
    venue.board.cut_power()
    disk.copy(kept, venue.disks[0])
    venue.board.command_line = command_line
    venue.boot()
    venue.board.run("porchlight vault open book && porchlight vault open private && "
                    "cat /mnt/book/sheet /srv/venue/private/sheet /srv/venue/sheets/* >/dev/null")
    names = {**vault.names(), "volume key": vault.volume[:32], "volume tweak": vault.volume[32:]}
    before = look(venue, names)
    assert all(before[n] for n in ("plain", "sealed", "encrypted", "volume key")), before
    phone = venue.member()
    venue.press(6)
    phone.wait("lockdown", within=60)
    venue.board.wait_for(WIPED, 300)
    wait.until(lambda: venue.board.call("test -e /etc/porchlight/credentials/broker-b0")[0] == 1,
               "the credential is still there", 60, every=0.5)
    password = venue.brokers[0].accounts[venue.account][1].encode()
    left = look(venue, {**names, "credential": password})
    for name, count in sorted(left.items()):
        if count:
            record_property(f"copies of {name}", count)
    left.pop("credential")  # told above: copies stay in the libraries' own buffers
    if command_line == ZEROING:
        assert not any(left.values()), left
    else:
        keys = {n: c for n, c in left.items() if n.split()[0] in ("volume", "derived", "cell")}
        assert not any(keys.values()), left
