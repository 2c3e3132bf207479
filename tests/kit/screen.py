"""The real porchlight-screen, porchlightd's end of its wire, and pictures as numbers."""

import signal
import socket
import struct
import zlib

from tests.kit import process, wait
from tests.kit.place import ROOT, program
from tests.kit.process import Process

MAGIC, CUE, QR = 0x50524348, 1, 2
SENSED, ACCEPTED, SEEN, FAULT = 1, 2, 8, 128
SIZE = "480x270"
# A picture in which nothing moves.
STILL = ("--headless", "--size", SIZE, "--reduced-motion", "--language", "en",
         "--at", "2026-05-22T13:00:04")


def png(path):
    """Width, height and rows of RGB bytes."""
    data = path.read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n", "no PNG"
    at, body = 8, b""
    while at < len(data):
        length, kind = struct.unpack(">I4s", data[at:at + 8])
        if kind == b"IHDR":
            w, h, depth, colour = struct.unpack(">IIBB", data[at + 8:at + 18])
        elif kind == b"IDAT":
            body += data[at + 8:at + 8 + length]
        at += 12 + length
    assert depth == 8 and colour in (2, 6)
    n = 3 if colour == 2 else 4
    raw, rows, before = zlib.decompress(body), [], bytearray(w * n)
    for y in range(h):
        how, line = raw[y * (w * n + 1)], bytearray(raw[y * (w * n + 1) + 1:(y + 1) * (w * n + 1)])
        for i in range(w * n):
            a, b = line[i - n] if i >= n else 0, before[i]
            c = before[i - n] if i >= n else 0
            if how == 1:
                line[i] = line[i] + a & 255
            elif how == 2:
                line[i] = line[i] + b & 255
            elif how == 3:
                line[i] = line[i] + (a + b) // 2 & 255
            elif how == 4:
                p = a + b - c
                near = min((abs(p - a), 0, a), (abs(p - b), 1, b), (abs(p - c), 2, c))[2]
                line[i] = line[i] + near & 255
        rows.append(bytes(line) if n == 3 else
                    b"".join(line[4 * x:4 * x + 3] for x in range(w)))
        before = line
    return w, h, rows


def different(one, other):
    """How many pixels of two pictures differ by more than 8 steps in some colour."""
    count = 0
    for a, b in zip(one[2], other[2]):
        if a != b:
            count += sum(any(abs(a[i + c] - b[i + c]) > 8 for c in range(3))
                         for i in range(0, len(a), 3))
    return count


def many_colours(picture):
    return len({row[i:i + 3] for row in picture[2][::9] for i in range(0, len(row), 27)}) > 40


def options(folder, *more):
    return ["--prefix", folder, "--languages", ROOT / "config/languages", *more]


def snapshot(folder, *more, within=60):
    out = folder / "shot.png"
    done = process.run([program("porchlight-screen"),
                        *options(folder, "--snapshot", out, "--size", SIZE, *more)], within)
    assert done.returncode == 0, done.stderr
    assert not process.TROUBLE.search(done.stderr), done.stderr
    return png(out), done.stderr


class Daemon:
    """porchlightd's end of screen.sock."""

    def __init__(self, folder):
        self.path = folder / "run/porchlight/screen.sock"
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.unlink(missing_ok=True)
        self.server = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.server.bind(str(self.path))
        self.server.listen()
        self.server.settimeout(30)
        self.peer = None

    def accept(self):
        self.peer = self.server.accept()[0]
        self.peer.settimeout(30)
        return self

    def cue(self, signs=0, seen=0, safe=0):
        self.peer.send(struct.pack("=6I", MAGIC, CUE, signs, seen, safe, 0))

    def qr(self, text, seconds=60):
        raw = text.encode()
        self.peer.send(struct.pack("=4I", MAGIC, QR, seconds, len(raw)) + raw.ljust(1536, b"\0"))

    def close(self):
        for end in (self.peer, self.server):
            if end:
                end.close()
        self.path.unlink(missing_ok=True)


class Screen:
    def __init__(self, folder, *more, **env):
        self.folder, self.count = folder, 0
        self.process = Process("porchlight-screen", [
            program("porchlight-screen"), *options(folder, "--pictures-to", folder, *more)],
            folder / "screen.log", env=process.environment(**env), cwd=ROOT)

    def picture(self):
        self.says("picture of")  # from then on signals are taken
        self.count += 1
        path = self.folder / f"screen-{self.count}.png"
        self.process.signal(signal.SIGUSR1)
        wait.until(path.exists, lambda: f"{path}; the screen said:\n{self.process.said()}", 30)
        return png(path)

    def says(self, words, within=30):
        wait.until(lambda: words in self.process.said(),
                   lambda: f"\"{words}\"; the screen said:\n{self.process.said()}", within)

    def stop(self):
        assert self.process.stop() == 0, self.process.said()
        assert not self.process.trouble(), self.process.said()
