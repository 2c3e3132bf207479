"""The real porchlight-screen: its pictures, and its wire to porchlightd."""

import signal
import struct
import time

import pytest

from tests.kit import local, process, wait
from tests.kit.kiosk import Kiosk
from tests.kit.screen import (ACCEPTED, CUE, FAULT, MAGIC, QR, SEEN, STILL, Daemon, different,
                              many_colours, png, snapshot)
from tests.kit.place import program


def test_a_cue_is_shown_and_outlives_the_daemon(folder, screen):
    daemon = Daemon(folder)
    shown = screen(*STILL)
    daemon.accept().cue()
    quiet = shown.picture()
    assert (quiet[0], quiet[1]) == (480, 270) and many_colours(quiet)
    daemon.cue(ACCEPTED | SEEN, seen=5, safe=5)
    at_once = shown.picture()
    assert different(quiet, at_once) < 40, "the cue came at once"
    wait.until(lambda: different(quiet, shown.picture()) > 150, "the cue in the picture", 20,
               every=1)
    wait.never(lambda: not shown.process.alive, "the screen ended", 2)
    daemon.close()
    wait.never(lambda: not shown.process.alive, "the screen ended with the daemon", 1)
    assert different(quiet, shown.picture()) > 150, "the cue went with the daemon"
    again = Daemon(folder).accept()
    again.cue(0)
    shown.says("connected to porchlightd again")
    wait.until(lambda: different(quiet, shown.picture()) < 100, "the quiet picture again", 20,
               every=1)
    again.close()


def test_it_outlives_a_real_porchlightd(kiosk):
    """Killed and started again: the same screen goes on, and finds the new one."""
    kiosk.start()
    shown = kiosk.start_screen(*STILL, "--pictures-to", kiosk.folder)
    said = shown.said
    wait.until(lambda: "picture of" in said(), lambda: "a picture; it said:\n" + said(), 30)
    kiosk.daemon.kill()
    wait.until(lambda: "no connection to porchlightd" in said(), said, 30)
    shown.signal(signal.SIGUSR1)
    path = kiosk.folder / "screen-1.png"
    wait.until(path.exists, lambda: "a picture; it said:\n" + said(), 30)
    assert many_colours(png(path))
    kiosk.start()
    wait.until(lambda: "connected to porchlightd again" in said(), said, 30)
    assert shown.alive


@pytest.mark.parametrize("bad", [
    b"", b"x", b"\0" * 24, struct.pack("=6I", MAGIC, 9, 0, 0, 0, 0),
    struct.pack("=6I", MAGIC, CUE, 0, 0, 0, 0) + b"x", b"\xff" * 1552, b"\xff" * 60000,
    struct.pack("=4I", MAGIC, QR, 61, 4) + b"\0" * 1536,
    struct.pack("=4I", MAGIC, QR, 60, 4000) + b"\0" * 1536], ids=range(9))
def test_a_bad_packet_ends_the_connection_and_nothing_else(folder, screen, bad):
    daemon = Daemon(folder)
    shown = screen(*STILL)
    daemon.accept().cue(FAULT)
    daemon.peer.send(bad)
    assert daemon.peer.recv(1) == b"", "the screen kept the connection"
    daemon.accept().cue(0)
    assert many_colours(shown.picture())
    daemon.close()
    shown.stop()


def test_a_code_is_shown_and_taken_away(folder, screen):
    daemon = Daemon(folder)
    shown = screen(*STILL)
    daemon.accept().cue()
    before = shown.picture()
    daemon.qr("https://example.org/phone#" + "k" * 200, 30)

    def white():
        _, _, rows = shown.picture()
        beside = [row[3 * 230:3 * 470] for row in rows[10:260]]
        return sum(r[i:i + 3] == b"\xff\xff\xff" for r in beside for i in range(0, len(r), 3))
    wait.until(lambda: white() > 8000, "the code", 30, every=0.3)
    daemon.qr("", 0)
    wait.until(lambda: different(before, shown.picture()) < 100, "the code gone", 30, every=0.3)
    daemon.close()


@pytest.mark.parametrize("rotation", [90, 180, 270])
def test_rotation_turns_the_panel_and_not_the_picture(folder, screen, rotation):
    upright, _ = snapshot(folder, *STILL[3:], "--reduced-motion",
                          *(() if rotation == 180 else ("--size", "270x480")))
    shown = screen(*STILL, "--rotation", rotation)
    turned = shown.picture()
    assert turned[:2] == upright[:2]
    assert different(upright, turned) < 60


def test_wrong_use_is_explained(folder):
    for args in (["--rotation", "45"], ["--size", "big"], ["--cue", "boat"], ["--scene", "moon"],
                 ["--at", "noon"], ["--no-such"], ["left over"], ["--speed", "0"]):
        done = process.run([program("porchlight-screen"), *args])
        assert done.returncode == 2 and done.stderr, args
    done = process.run([program("porchlight-screen"), "--snapshot", folder / "no/where.png"], 60)
    assert done.returncode == 1 and "no/where.png" in done.stderr


def packets(sock):
    """What has come, in order and as it came."""
    found = []
    sock.settimeout(0.1)
    try:
        while True:
            found.append(sock.recv(2048))
    except TimeoutError:
        return found


def test_duress_is_the_code_to_the_byte_and_to_the_pixel():
    """Two kiosks in lockdown, the code pressed at one and another count at the other: the same
    packets to the screen, and the same picture of each real screen."""
    with Kiosk() as one, Kiosk() as other:
        for kiosk in (one, other):
            kiosk.start()
        began = time.monotonic()
        for kiosk in (one, other):
            kiosk.start_screen(*STILL[:-1], "2026-05-22T13:00:00", "--pictures-to", kiosk.folder)
        received = []
        for kiosk, presses in ((one, 5), (other, 6)):
            with local.connect(kiosk.run / "screen.sock") as sock:
                wires = kiosk.wires()
                wires.hold(1.6)
                time.sleep(0.5)
                wires.presses(presses)
                time.sleep(1.2)  # the pause that ends the train
                received.append(packets(sock))
                wires.close()
        assert received[0] == received[1] and len(received[0]) >= 3, received
        time.sleep(max(0.0, began + 20 - time.monotonic()))  # by then every cue has come

        def taken(kiosk, count):
            kiosk.screen.signal(signal.SIGUSR1)
            path = kiosk.folder / f"screen-{count}.png"
            wait.until(path.exists, lambda: "a picture; the screen said:\n" + kiosk.screen.said(),
                       30)
            return png(path)

        # Both clocks run, and began a moment apart: the sky's light stays the same for a quarter of a
        # minute at a time, in which they are to meet.
        for count in range(1, 40):
            pictures = [taken(kiosk, count) for kiosk in (one, other)]
            if pictures[0] == pictures[1]:
                break
            time.sleep(1)
        assert many_colours(pictures[0])
        assert pictures[0] == pictures[1]
