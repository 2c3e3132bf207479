"""The screen as systemd sees it: ready, alive, and noticed when it hangs."""

import socket
import time

import pytest

from tests.kit import wait
from tests.kit.screen import STILL


@pytest.fixture
def service(folder):
    """systemd's end: what the program notifies, word by word."""
    end = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    end.bind(str(folder / "notify"))
    end.setblocking(False)
    said = []

    def received():
        try:
            while True:
                said.extend(end.recv(4096).decode().split("\n"))
        except BlockingIOError:
            return said
    yield received
    end.close()


@pytest.mark.parametrize("display", ["a display", "no display"])
def test_it_feeds_the_watchdog_until_it_hangs(folder, screen, service, display):
    headless = STILL if display == "a display" else STILL[3:]
    shown = screen(*headless, NOTIFY_SOCKET=folder / "notify", WATCHDOG_USEC=2000000,
                   XDG_RUNTIME_DIR=folder)
    wait.until(lambda: "READY=1" in service(), "its word that it is ready", 30)
    wait.until(lambda: service().count("WATCHDOG=1") >= 3, "a sign of life a second", 30)
    shown.process.freeze()
    service()
    time.sleep(0.5)
    before = service().count("WATCHDOG=1")
    wait.never(lambda: service().count("WATCHDOG=1") > before, "a sign of life though it hangs", 3)
    shown.process.thaw()
    wait.until(lambda: service().count("WATCHDOG=1") > before, "a sign of life again", 30)
    shown.stop()
    assert "STOPPING=1" in service()
