"""Porchlight's local sockets from outside: one packet is one message (kiosk/common/messages.h)."""

import json
import socket
import struct
import time

from tests.kit import wait

CUE = struct.Struct("=6I")
CUE_MAGIC = 0x50524348
PROGRESS = struct.Struct("=6Iq64s")
PROGRESS_MAGIC = 0x50525750
SIGNS = ["sensed", "accepted", "lan-only", "seen", "nobody", "no-path", "relay-dead", "fault",
         "drill"]
OUTCOMES = ["nothing", "destroyed", "already gone", "unverified", "failed"]


def connect(path, within=wait.PATIENCE):
    """A full queue of those not yet accepted is waited for, as a blocking connect does."""
    s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET | socket.SOCK_CLOEXEC)
    s.settimeout(within)
    began = time.monotonic()
    while True:
        try:
            s.connect(str(path))
            return s
        except BlockingIOError:  # with within=None it waits in the kernel
            if time.monotonic() - began >= within:
                s.close()
                raise
            time.sleep(0.01)
        except OSError:
            s.close()
            raise


def answers(path):
    """Whether somebody listens there: a socket's file exists a moment before that."""
    try:
        connect(path).close()
        return True
    except OSError:
        return False


def ask(path, request, within=wait.PATIENCE, size=16384):
    """One packet there, one back; b"" when the peer closed instead."""
    with connect(path, within) as s:
        s.send(request if isinstance(request, bytes) else request.encode())
        try:
            return s.recv(size)
        except ConnectionResetError:
            return b""


def control(path, request):
    return json.loads(ask(path, request))


def wipe(path, word, within=30.0):
    """[(kind, outcome, drill, name)], the last being the end or the refusal."""
    out = []
    with connect(path, within) as s:
        s.send(word.encode())
        while not out or out[-1][0] == 1:
            packet = s.recv(256)
            if not packet:
                break
            assert len(packet) == PROGRESS.size, f"{len(packet)} bytes are no wipe_progress"
            magic, kind, outcome, drill, _index, _, _took, name = PROGRESS.unpack(packet)
            assert magic == PROGRESS_MAGIC
            out.append((kind, OUTCOMES[outcome], bool(drill), name.rstrip(b"\0").decode()))
    return out


def cue(packet):
    """The words of one screen_cue."""
    magic, kind, signs, seen, safe, _ = CUE.unpack(packet)
    assert (magic, kind) == (CUE_MAGIC, 1), packet.hex()
    return {"signs": {w for i, w in enumerate(SIGNS) if signs >> i & 1}, "seen": seen, "safe": safe}
