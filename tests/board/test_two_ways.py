"""Two ways out under the unit's own sandbox: each connection is bound to its interface by a daemon
without any capability, and an alert goes by the way that is left."""

import secrets

import pytest

from tests.board.sandbox import assert_held_by_the_kernel
from tests.board.venue import Venue

WIRES = {"enp0s1": "nic", "enp0s16": "nic2"}
SECTION = {"enp0s1": "b0", "enp0s16": "lte"}
# Each interface has a network of its own behind it, with the same addresses in it.
SECOND = b"""[Match]
Name=enp0s16
[Network]
LinkLocalAddressing=no
IPv6AcceptRA=no
[Address]
Address=10.0.2.16/24
RouteMetric=700
"""


class TwoWays(Venue):
    def __init__(self, suite):
        super().__init__(suite, second_wire=True,
                         files={"/etc/systemd/network/05-second.network": (SECOND, 0o644)})

    def _files(self):
        broker, account = self.brokers[0], secrets.token_hex(8)
        broker.account("kiosk", account, secrets.token_hex(12))
        (self.credentials / "broker-lte").write_text(broker.accounts[account][1] + "\n")
        first, second = WIRES
        self.change({"broker b0": {"interface": first},
                     "broker lte": {**self.conf["broker b0"], "interface": second, "user": account,
                                    "password": "broker-lte"}})
        return super()._files()

    def bound(self):
        """The interfaces to which connections with the broker are bound, as the kernel has it."""
        said = self.board.run(f"ss -Htn state established dport = :{self.brokers[0].port}")
        return {line.split()[2].split("%")[1].split(":")[0] for line in said.splitlines()
                if "%" in line}

    def lost(self):
        return {b["interface"] for b in self.status()["brokers"] if b["lost"]}


@pytest.fixture(scope="module")
def booted(venues):
    venue = venues(TwoWays)
    venue.boot()
    return venue


@pytest.mark.parametrize("interface", WIRES)
def test_an_alert_goes_by_the_way_that_is_left(booted, interface):
    venue = booted
    for wire in WIRES.values():
        venue.board.link(True, wire)
    venue.reset()
    assert venue.bound() == set(WIRES)
    assert_held_by_the_kernel(venue.board, "porchlightd")
    phone, staff = venue.member(), venue.member("staff")
    venue.board.link(False, WIRES[interface])
    staff.wait("fault", within=120, detail="path-down", where=SECTION[interface])
    assert venue.lost() == {interface}
    venue.press(2.5)
    phone.wait("lockdown", within=60)
    ended = f"broker {SECTION[interface]}: not connected"
    venue.board.wait_for(f"journalctl -b --no-pager -o cat -u porchlightd | grep '{ended}'", 180)
    assert "It refuses" not in venue.journal(), "the broker did not end it: the cable was pulled"
    venue.board.link(True, WIRES[interface])
    venue.wait_status(lambda s: all(b["connected"] and not b["lost"] for b in s["brokers"]), 180)
    assert venue.bound() == set(WIRES)
