"""What comes over the local sockets truncated, oversized, or as nonsense is refused; nothing
crashes, nothing hangs, and the next one is served."""

import contextlib
import os
import socket

import pytest

from tests.kit import local, wait

NONSENSE = [b"\0", b"\xff" * 64, b"status\n", b"statu", b"status" + b" " * 200, b"x" * 255,
            b"x" * 256, b"x" * 257, b"x" * 60_000, b"drill wipe please", b"WIPE", b"{}",
            "st\u00e4tus".encode(), b"status\0"]


def shove(path, packet):
    """One packet; what comes back, b"" for a closed connection."""
    try:
        return local.ask(path, packet)
    except (BrokenPipeError, ConnectionResetError):
        return b""


@pytest.fixture
def running(kiosk):
    kiosk.start()
    return kiosk


@pytest.mark.parametrize("packet", NONSENSE, ids=lambda p: f"{p[:8]!r}..{len(p)}")
def test_control_refuses_nonsense(running, packet):
    answer = shove(running.run / "control.sock", packet)
    assert answer == b"" or b'"ok":false' in answer, answer
    assert running.status()["state"] == "quiet"


@pytest.mark.parametrize("packet", NONSENSE + [
    b"set", b"set front", b"set front 2", b"set front 1 -5", b"set front 1 99999999999999999999",
    b"set nobody 1", b"get", b"chatter front 0", b"chatter front 100000", b"lose front",
    b"set front 1 1 1"], ids=lambda p: f"{p[:20]!r}..{len(p)}")
def test_sim_refuses_nonsense(running, packet):
    answer = shove(running.run / "sim.sock", packet)
    assert answer == b"" or answer.startswith(b"error: "), answer
    wires = running.wires()
    assert wires.say("get front") == "0"
    wires.close()


@pytest.mark.parametrize("packet", [b"", b"W", b"WIP", b"WIPE ", b"WIPEWIPE", b"wipe",
                                    b"WIPE\n", b"x" * 9, b"x" * 60_000, b"DRILL /etc"],
                         ids=lambda p: f"{p[:8]!r}..{len(p)}")
def test_wipe_refuses_all_but_its_words(running, packet):
    precious = running.prefix / "srv/venue/key"
    precious.parent.mkdir(parents=True)
    precious.write_text("precious\n")
    running.start_wipe("[root venue]\npath = /srv/venue\n\n[key k]\npath = /srv/venue/key\n")
    answer = shove(running.run / "wipe.sock", packet)
    assert answer == b"" or local.PROGRESS.unpack(answer)[1] == 3, answer
    assert precious.read_text() == "precious\n"
    assert running.wiper.alive
    assert local.wipe(running.run / "wipe.sock", "STATUS")


def test_a_screen_that_talks_is_no_screen(running):
    with local.connect(running.run / "screen.sock") as s:
        local.cue(s.recv(4096))
        s.send(b"x" * 5000)
        with contextlib.suppress(ConnectionResetError):
            assert s.recv(4096) == b""
    with local.connect(running.run / "screen.sock") as s:
        local.cue(s.recv(4096))


def test_silent_and_greedy_clients_do_not_keep_staff_out(running):
    idle = []
    for _ in range(40):
        idle.append(local.connect(running.run / "control.sock"))
        assert running.status()["ok"]
    assert running.status()["ok"]
    for s in idle:
        s.close()
    wait.until(lambda: running.status()["ok"], "an answer")


def test_a_stream_is_not_spoken_to(running):
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as s:
        with pytest.raises(OSError):
            s.connect(str(running.run / "control.sock"))


def test_a_passed_descriptor_does_no_harm(running):
    """A client may attach descriptors to its packet; the daemon keeps none of them."""
    before = len(os.listdir(f"/proc/{running.daemon.pid}/fd"))
    for _ in range(20):
        with local.connect(running.run / "control.sock") as s:
            socket.send_fds(s, [b"status"], [0, 1, 2])
            assert b'"ok":true' in s.recv(16384)
    wait.until(lambda: len(os.listdir(f"/proc/{running.daemon.pid}/fd")) <= before,
               "as many descriptors as before")
