"""Makes the handbook's pictures with the product itself: porchlight-screen draws the kiosk's, and the
members' page in Chromium the phone's. They go into kiosk/handbook/pictures, for `make pictures`.
The cues go into config/cards/cues too, for the staff card."""

import base64
import shutil
import struct
import sys
import zlib

from tests.kit import process
from tests.kit.place import ROOT, fresh, program
from tests.kit.screen import options, png
from tests.phone.conftest import open_venue

TO = ROOT / "kiosk/handbook/pictures"
CARD = ROOT / "config/cards/cues"  # the same cues, at half the size, for the staff card
LARGEST = 200 * 1024  # bytes a picture
FULL = (1600, 900)    # what the pictures of cues are cut out of
CUT = (640, 360)

# Name, local time, cue.
WHOLE = [("screen-day", "2026-05-22T11:30:04", ""),
         ("screen-night", "2026-05-22T22:40:04", "accepted,seen=7,safe=3")]
PANEL = 10  # inches

# Name, cue, and where the middle of the cut is, as parts of the whole picture.
CUES = [("cue-quiet", "", (0.78, 0.75)),
        ("cue-sensed", "sensed", (0.58, 0.80)),
        ("cue-accepted", "accepted", (0.40, 0.72)),
        ("cue-lan-only", "lan-only", (0.40, 0.72)),
        ("cue-seen", "accepted,seen=7,safe=3", (0.525, 0.535)),
        ("cue-safe", "accepted,seen=7,safe=3", (0.20, 0.80)),
        ("cue-nobody", "nobody", (0.78, 0.75)),
        ("cue-no-path", "no-path", (0.40, 0.68)),
        ("cue-relay-dead", "relay-dead", (0.78, 0.75)),
        ("cue-fault", "fault", (0.78, 0.75)),
        ("cue-drill", "drill", (0.76, 0.62))]


def write_png(path, width, rows):
    """Rows of RGB bytes, each stored as the difference from its left neighbour or from the row
    above, whichever is smaller."""
    def size(line):
        return sum(min(b, 256 - b) for b in line)

    packed, above = b"", bytes(3 * width)
    for row in rows:
        left = bytes((b - a) & 255 for a, b in zip(bytes(3) + row[:-3], row))
        up = bytes((b - a) & 255 for a, b in zip(above, row))
        packed += b"\1" + left if size(left) <= size(up) else b"\2" + up
        above = row

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + \
            struct.pack(">I", zlib.crc32(kind + data))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" +
                     chunk(b"IHDR", struct.pack(">2I5B", width, len(rows), 8, 2, 0, 0, 0)) +
                     chunk(b"IDAT", zlib.compress(packed, 9)) + chunk(b"IEND", b""))


def snapshot(folder, out, size, at, cue):
    done = process.run([program("porchlight-screen"), *options(
        folder, "--snapshot", out, "--size", f"{size[0]}x{size[1]}", "--at", at, "--cue", cue,
        "--language", "en", "--reduced-motion", "--panel", PANEL)], 60)
    assert done.returncode == 0, done.stderr


def cut(whole, middle, size=CUT):
    width, height, rows = whole
    x = min(max(int(middle[0] * width) - size[0] // 2, 0), width - size[0])
    y = min(max(int(middle[1] * height) - size[1] // 2, 0), height - size[1])
    return [row[3 * x:3 * (x + size[0])] for row in rows[y:y + size[1]]]


def screens(folder):
    for name, at, cue in WHOLE:
        snapshot(folder, TO / f"{name}.png", (912, 513), at, cue)
    for name, cue, middle in CUES:
        snapshot(folder, folder / "whole.png", FULL, WHOLE[0][1], cue)
        write_png(TO / f"{name}.png", CUT[0], cut(png(folder / "whole.png"), middle))
    cards(folder)


def cards(folder):
    size = (CUT[0] // 2, CUT[1] // 2)
    for name, cue, middle in CUES:
        snapshot(folder, folder / "whole.png", (FULL[0] // 2, FULL[1] // 2), WHOLE[0][1], cue)
        write_png(CARD / f"{name}.png", size[0], cut(png(folder / "whole.png"), middle, size))


def phones(folder):
    with open_venue(folder) as venue:
        kiosk = venue.kiosk()
        page = venue.phone(kiosk)

        def keep(name):
            shot = page.cdp("Page.captureScreenshot", format="png")["data"]
            (TO / f"{name}.png").write_bytes(base64.b64decode(shot))
        page.until_text("#link", "Connected")
        keep("phone-quiet")
        kiosk.alarm("caution")
        page.until_face("caution")
        keep("phone-caution")
        kiosk.all_clear()
        page.until_face("all-clear")
        kiosk.alarm("lockdown")
        page.until_face("lockdown")
        keep("phone-lockdown")


def main():
    process.end_on_signals()
    TO.mkdir(parents=True, exist_ok=True)
    folder = fresh("p")
    folder.chmod(0o755)
    try:
        screens(folder)
        phones(folder)
    finally:
        process.end_all()
        shutil.rmtree(folder, ignore_errors=True)
    made = sorted([*TO.glob("*.png"), *CARD.glob("*.png")])
    large = [path.name for path in made if path.stat().st_size > LARGEST]
    for path in made:
        print(f"{path.relative_to(ROOT)}  {path.stat().st_size // 1024} kB")
    assert not large, f"larger than {LARGEST // 1024} kB: {', '.join(large)}"


if __name__ == "__main__":
    sys.exit(main())
