"""Strangers without an account hold connections to a broker open, as many as they can get: a kiosk that
comes back after an upgrade is let in all the same, and its alert reaches the phones."""

import re
import resource
import shutil
import socket

import pytest

from tests.kit import pki
from tests.kit.admin_socket import Venue
from tests.kit.kiosk import FAST
from tests.kit.place import ROOT, fresh

DEBIANS_FILES = 1024
HELD = 1500


@pytest.fixture
def held():
    """Room for the strangers' sockets, and those that are open."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4 * HELD), hard))
    sockets = []
    yield sockets
    for one in sockets:
        one.close()
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_strangers_who_hold_connections_lock_no_kiosk_out(held):
    folder = fresh("e")
    folder.chmod(0o755)
    with Venue(folder, pki.Authority(folder / "ca"), conf=dict(FAST)) as venue:
        venue.kiosk.start()
        phone = venue.member()
        assert HELD > DEBIANS_FILES
        for port in (venue.brokers[0].port, venue.brokers[0].websocket):
            for _ in range(HELD):
                held.append(socket.create_connection(("127.0.0.1", port), 5))
        venue.kiosk.daemon.kill()
        venue.kiosk.start()
        before = len(phone.eyes.all("lockdown", "alert"))
        venue.kiosk.wires().hold(0.4)
        phone.eyes.wait("lockdown", "alert", count=before + 1)
    shutil.rmtree(folder, ignore_errors=True)


def test_each_listener_takes_fewer_than_the_broker_may_open():
    template = (ROOT / "config/broker/mosquitto.conf.in").read_text()
    limits = [int(n) for n in re.findall(r"^max_connections (\d+)$", template, re.M)]
    unit = (ROOT / "systemd/porchlight-broker.service").read_text()
    outside = (ROOT / "config/broker/outside.sh").read_text()
    files = {int(n) for n in re.findall(r"LimitNOFILE=(\d+)", unit + outside)}
    assert len(limits) == 2 and len(files) == 1
    assert sum(limits) + 512 < files.pop()
