"""The real porchlight-screen: its pictures, its wire to porchlightd, and what may go wrong."""

import os
import signal
import socket
import struct
import time
import zlib

import pytest

from tests.kit import local, process, wait
from tests.kit.kiosk import Kiosk
from tests.kit.place import ROOT, program
from tests.kit.process import Process

MAGIC, CUE, QR = 0x50524348, 1, 2
SENSED, ACCEPTED, SEEN, FAULT = 1, 2, 8, 128
SIZE = "480x270"


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


def snapshot(folder, *more, within=30):
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
        self.server.settimeout(15)
        self.peer = None

    def accept(self):
        self.peer = self.server.accept()[0]
        self.peer.settimeout(10)
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
        wait.until(path.exists, lambda: f"{path}; the screen said:\n{self.process.said()}", 10)
        return png(path)

    def says(self, words, within=15):
        wait.until(lambda: words in self.process.said(),
                   lambda: f"\"{words}\"; the screen said:\n{self.process.said()}", within)

    def stop(self):
        assert self.process.stop() == 0, self.process.said()
        assert not self.process.trouble(), self.process.said()


@pytest.fixture
def screen(folder):
    made = []

    def start(*more, **env):
        made.append(Screen(folder, *more, **env))
        return made[-1]
    yield start
    for one in made:
        if one.process.alive:
            one.stop()


STILL = ("--headless", "--size", SIZE, "--reduced-motion", "--language", "en",
         "--at", "2026-05-22T13:00:04")


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
    shown.says("porchlightd is back")
    wait.until(lambda: different(quiet, shown.picture()) < 100, "the quiet picture again", 20,
               every=1)
    again.close()


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
        middle = [row[3 * 130:3 * 350] for row in rows[30:240]]
        return sum(r[i:i + 3] == b"\xff\xff\xff" for r in middle for i in range(0, len(r), 3))
    wait.until(lambda: white() > 8000, "the code", 10, every=0.3)
    daemon.qr("", 0)
    wait.until(lambda: different(before, shown.picture()) < 100, "the code gone", 10, every=0.3)
    daemon.close()


@pytest.mark.parametrize("rotation", [90, 180, 270])
def test_rotation_turns_the_panel_and_not_the_picture(folder, screen, rotation):
    upright, _ = snapshot(folder, *STILL[3:], "--reduced-motion",
                          *(() if rotation == 180 else ("--size", "270x480")))
    shown = screen(*STILL, "--rotation", rotation)
    turned = shown.picture()
    assert turned[:2] == upright[:2]
    assert different(upright, turned) < 60


def test_without_a_display_it_waits_and_says_so_once(folder, screen):
    shown = screen("--at", "2026-05-22T13:00", XDG_RUNTIME_DIR=folder)
    shown.says("no display")
    shown.says("trying again every 2 s")
    wait.never(lambda: not shown.process.alive, "the screen ended", 3)
    assert shown.process.said().count("no display") == 1
    shown.stop()


def test_without_a_font_the_picture_has_no_words(folder):
    words, _ = snapshot(folder, "--at", "2026-05-22T13:00")
    none, said = snapshot(folder, "--at", "2026-05-22T13:00", "--fonts", folder)
    assert "no font" in said and "fonts-dejavu" in said
    assert many_colours(none) and different(words, none) > 400


def test_a_language_that_no_font_has_is_named_and_not_boxed(folder):
    own = folder / "etc/porchlight/languages"
    own.mkdir(parents=True)
    english = (ROOT / "config/languages/en.conf").read_text()
    (own / "zh.conf").write_text(english.replace("day = Welcome", "day = 欢迎"))
    done = process.run([program("porchlight-screen"), "--prefix", folder, "--snapshot",
                        folder / "a.png", "--size", SIZE, "--at", "2026-05-22T13:00",
                        "--language", "zh"])
    assert done.returncode == 0 and "U+6B22" in done.stderr, done.stderr
    assert many_colours(png(folder / "a.png"))


def pictures_folder(folder):
    made = folder / "photos"
    made.mkdir()
    return made


def test_photos_that_cannot_be_shown_are_named_and_passed_over(folder):
    photos = pictures_folder(folder)
    at = ("--scene", "pictures", "--pictures", photos, "--at", "2026-05-22T13:00")
    empty, said = snapshot(folder, *at)
    assert "no photo in" in said and many_colours(empty)
    row = b"\0" + b"\x80" * 12000
    ihdr = struct.pack(">IIBBBBB", 12000, 8400, 8, 0, 0, 0, 0)
    packer = zlib.compressobj(1)
    body = b"".join(packer.compress(row) for _ in range(8400)) + packer.flush()
    (photos / "huge.png").write_bytes(
        b"\x89PNG\r\n\x1a\n" + b"".join(
            struct.pack(">I", len(c)) + k + c + struct.pack(">I", zlib.crc32(k + c))
            for k, c in ((b"IHDR", ihdr), (b"IDAT", body), (b"IEND", b""))))
    (photos / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0" + os.urandom(4000))
    (photos / "empty.jpeg").write_bytes(b"")
    (photos / "folder.jpg").mkdir()
    broken, said = snapshot(folder, *at)
    for name in ("huge.png", "broken.jpg", "empty.jpeg", "folder.jpg"):
        assert name in said, said
    assert "12000x8400 are 100 megapixels" in said
    assert different(empty, broken) < 20
    good, _ = snapshot(folder, "--at", "2026-05-22T05:00")
    (folder / "shot.png").rename(photos / "good.png")
    shown, said = snapshot(folder, *at)
    assert different(empty, shown) > 10000


def test_a_programme_is_read_again_when_it_changes(folder, screen):
    text = folder / "programme.txt"
    shown = screen(*STILL, "--scene", "programme", "--programme", text)
    shown.says("No such file")
    empty = shown.picture()
    text.write_text("19:00 Film and talk\n20:30 Söhbət dairəsi\n")
    wait.until(lambda: different(empty, shown.picture()) > 300, "the events", 10, every=0.5)
    text.write_bytes("19:00 Кино\n".encode("cp1251"))
    shown.says("not UTF-8")
    wait.until(lambda: different(empty, shown.picture()) < 60, "the calm page", 10, every=0.5)
    text.write_text("19:00 Film\nnonsense\n")
    shown.says("found \"nonsense\"")
    shown.stop()


def memory(pid):
    with open(f"/proc/{pid}/status") as status:
        kb = next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))
    return kb, len(os.listdir(f"/proc/{pid}/fd"))


def test_ten_days_run_fast_leave_memory_and_fds_as_they_were(folder, screen):
    shown = screen("--headless", "--size", SIZE, "--at", "2026-03-24T00:00", "--speed", "86400",
                   TZ="Europe/Chisinau",
                   ASAN_OPTIONS="detect_leaks=1:quarantine_size_mb=1:abort_on_error=0")
    wait.until(lambda: "picture of" in shown.process.said(), "the first picture", 10)
    wait.never(lambda: not shown.process.alive, "the screen ended", 2)
    first = memory(shown.process.pid)
    wait.never(lambda: not shown.process.alive, "the screen ended", 8)
    last = memory(shown.process.pid)
    assert many_colours(shown.picture())
    assert last[0] - first[0] < 1500, f"{first} kB and fds at first, {last} in the end"
    assert last[1] == first[1]
    shown.stop()


def test_wrong_use_is_told(folder):
    for args in (["--rotation", "45"], ["--size", "big"], ["--cue", "boat"], ["--scene", "moon"],
                 ["--at", "noon"], ["--no-such"], ["left over"], ["--speed", "0"]):
        done = process.run([program("porchlight-screen"), *args])
        assert done.returncode == 2 and done.stderr, args
    done = process.run([program("porchlight-screen"), "--snapshot", folder / "no/where.png"], 60)
    assert done.returncode == 1 and "no/where.png" in done.stderr


def test_in_a_window_under_x11_with_software_and_no_gpu(folder, screen):
    """A real X server: what is read back from its window is the picture."""
    server = Process("Xvfb", ["sh", "-c", f"exec Xvfb -displayfd 1 -screen 0 800x480x24 "
                              f"-nolisten tcp >{folder}/display"], folder / "xvfb.log")
    name = folder / "display"
    wait.until(lambda: name.exists() and name.read_text().strip(), "an X server", 10)
    display = ":" + name.read_text().strip()
    shown = screen("--language", "en", "--at", "2026-05-22T13:00:04", "--reduced-motion",
                   DISPLAY=display,
                   ASAN_OPTIONS="detect_leaks=0:abort_on_error=0")  # libdbus keeps 1 kB of SDL's
    shown.says("picture of 800x480 through x11, drawn by software")
    taken = shown.picture()
    assert taken[:2] == (800, 480) and many_colours(taken)
    drawn, _ = snapshot(folder, "--language", "en", "--at", "2026-05-22T13:00:05",
                        "--reduced-motion", "--size", "800x480")
    assert different(taken, drawn) < 200
    shown.stop()
    server.stop()


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
        told = []
        for kiosk, presses in ((one, 5), (other, 6)):
            with local.connect(kiosk.run / "screen.sock") as sock:
                wires = kiosk.wires()
                wires.hold(1.6)
                time.sleep(0.5)
                wires.presses(presses)
                time.sleep(1.2)  # the pause that ends the train
                told.append(packets(sock))
                wires.close()
        assert told[0] == told[1] and len(told[0]) >= 3, told
        # The light of the sky stands still from second 15 to 30; by 20 every cue has come.
        time.sleep(max(0.0, began + 20 - time.monotonic()))
        pictures = []
        for kiosk in (one, other):
            kiosk.screen.signal(signal.SIGUSR1)
            path = kiosk.folder / "screen-1.png"
            wait.until(path.exists, lambda: "a picture; the screen said:\n" + kiosk.screen.said())
            pictures.append(png(path))
        assert time.monotonic() < began + 28, "too slow a machine to compare at one light"
        assert many_colours(pictures[0])
        assert pictures[0] == pictures[1]
