"""The screen as systemd sees it: ready, alive, and noticed when it hangs."""

import socket
import time

import pytest

from tests.kit import process, wait
from tests.kit.kiosk import FAST, Kiosk
from tests.kit.place import program
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


@pytest.mark.parametrize("scene, code", [("none", 1), ("window", 0), (None, 0)])
def test_a_kiosk_without_a_screen_starts_none(scene, code):
    """ExecCondition of the unit: 1 skips the service."""
    conf = {**FAST, "screen": {"scene": scene}} if scene else FAST
    with Kiosk(conf=conf) as kiosk:
        done = process.run([program("porchlight-screen"), "--prefix", kiosk.prefix, "--wanted"], 30)
        assert done.returncode == code, done.stderr
        if scene != "none":
            return
        ran = process.run([program("porchlight-screen"), "--prefix", kiosk.prefix, "--headless"], 30)
        assert ran.returncode == 0 and "this kiosk has no screen" in ran.stderr
        kiosk.start()
        said = kiosk.cli("status").stdout
        assert "none (scene = none in the config)" in " ".join(said.split())
