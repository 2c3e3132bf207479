"""What may be missing or broken around the screen: each a clear line and a calm picture."""

import os
import struct
import zlib

from tests.kit import process, wait
from tests.kit.place import ROOT, program
from tests.kit.screen import SIZE, STILL, different, many_colours, png, snapshot


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
    (photos / "phone.heic").write_bytes(b"\0\0\0\x18ftypheic" + bytes(100))
    broken, said = snapshot(folder, *at)
    for name in ("huge.png", "broken.jpg", "empty.jpeg", "folder.jpg", "phone.heic"):
        assert name in said, said
    assert "HEIC, which the screen cannot read. Save it as JPEG" in said
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
    wait.until(lambda: different(empty, shown.picture()) > 300, "the events", 30, every=0.5)
    text.write_bytes("19:00 Кино\n".encode("cp1251"))
    shown.says("not UTF-8")
    wait.until(lambda: different(empty, shown.picture()) < 60, "the calm page", 30, every=0.5)
    text.write_text("19:00 Film\nnonsense\n")
    shown.says("found \"nonsense\"")
    shown.stop()


def test_a_single_picture_is_of_its_moment_however_long_it_takes(folder):
    at = ("--scene", "window", "--at", "2026-05-22T19:30")
    usual, _ = snapshot(folder, *at)
    slow, _ = snapshot(folder, *at, "--speed", "1000")  # each ms it takes is a second there
    assert different(usual, slow) == 0


def programme(folder, text, *more):
    """The page of a Friday evening with this programme, and what the journal says about it."""
    (folder / "programme.txt").write_text(text)
    picture, said = snapshot(folder, "--scene", "programme", "--language", "en",
                             "--programme", folder / "programme.txt", "--at", "2026-11-27T18:00",
                             *more)
    return picture, said


def test_events_of_saturday_are_not_shown_on_friday(folder):
    text = "[fri]\n19:00 Film\n[Saturday]\n20:00 Dance\n[Sat]\n21:00 Late\n"
    friday, said = programme(folder, text)
    assert "programme" not in said, said
    assert different(friday, programme(folder, "19:00 Film\n")[0]) == 0
    unknown, said = programme(folder, text.replace("[Saturday]", "[Samstag]"))
    assert "programme.txt:3: found \"[Samstag]\"" in said and "are not shown" in said, said
    assert different(friday, unknown) == 0


def test_mixed_directions_are_drawn_in_reading_order(folder):
    # One title a row; the same row drawn as Latin and Arabic alone is where the order says.
    whole, said = programme(folder, "19:30 Film: أمسية الشعر\n")
    assert "programme" not in said, said
    start, _ = programme(folder, "19:30 Film:\n")
    left = [x for x in range(whole[0]) if any(
        row[3 * x:3 * x + 3] != other[3 * x:3 * x + 3] for row, other in zip(whole[2], start[2]))]
    ends, _ = programme(folder, "19:30 :\n")
    latin = [x for x in range(whole[0]) if any(
        row[3 * x:3 * x + 3] != other[3 * x:3 * x + 3] for row, other in zip(start[2], ends[2]))]
    assert latin and left and min(left) > max(latin), "the Arabic part is left of \"Film:\""


def test_a_long_title_is_wrapped_and_letters_without_a_font_are_named(folder):
    size = ("--size", "800x480")
    title = "ლექსების საღამო ქართველ პოეტებთან და საუბარი ჩაისთან ერთად"
    empty, _ = programme(folder, "19:00 :\n", *size)
    short, _ = programme(folder, "19:00 ლექსების საღამო\n", *size)
    long, said = programme(folder, f"19:00 {title}\n", *size)
    assert "programme" not in said, said

    def rows(picture):
        return [y for y in range(picture[1]) if picture[2][y] != empty[2][y]]

    assert len(rows(long)) > 1.5 * len(rows(short)), "not on two lines"
    mixed, said = programme(folder, "19:00 ლექსების 欢საღამო\n", *size)
    assert "U+6B22" in said and different(mixed, short) == 0, said
    _, said = programme(folder, f"19:00 {title} {title}\n", *size)
    assert "programme.txt:1: the title has more than 80 letters" in said, said
