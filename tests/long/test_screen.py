"""Whole days of the screen: every scene for a day in frames of a quarter of a second, every cue by the minute,
ten days of each in looks of a second, and the real program over ten days with all that a venue does to it."""

import os
import re

import pytest

from tests.kit import process, wait
from tests.kit.place import ROOT
from tests.kit.screen import ACCEPTED, FAULT, SEEN, SIZE, Daemon, Screen, many_colours, snapshot


def whole(test, **env):
    """A unit test over the whole time; what it said. Without sanitizers, which would take an hour."""
    binary = f"build/release/tests/unit/screen/{test}"
    made = process.run(["make", "-s", "-C", ROOT, "B=build/release", binary], 900)
    assert made.returncode == 0, made.stderr
    done = process.run([ROOT / binary], 3600, cwd=ROOT,
                       env=process.environment(**(env or {"PORCHLIGHT_WHOLE_DAY": "1"})))
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_no_flash_in_a_whole_day_of_any_scene():
    found = re.findall(r"# scene (\d): 0 flashes in (\d+) frames", whole("test_flash"))
    assert found == [(str(k), str(4 * 86400)) for k in range(4)]


def test_ten_days_of_every_scene_second_by_second():
    """Clock and date right through midnights and both changes of the clocks, memory as it was."""
    found = re.findall(r"# scene (\d): (\d+) kB in use after a day, (\d+) after ten",
                       whole("test_composition"))
    assert [k for k, _, _ in found] == ["0", "1", "2", "3", "0"]


@pytest.mark.parametrize("panel", range(7))
@pytest.mark.parametrize("scene", range(4))
def test_every_cue_is_seen_minute_by_minute(scene, panel):
    """A day of May and one of December, in every scene and on every panel; the table is in build/cue-eye-*."""
    said = whole("test_eye", PORCHLIGHT_EYE=f"{scene} {panel}")
    assert re.search(r"# \d{4,} rows in build/cue-eye", said), said


def resident(pid):
    with open(f"/proc/{pid}/status") as status:
        kb = next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))
    return kb, len(os.listdir(f"/proc/{pid}/fd"))


@pytest.mark.parametrize("scene", ["window", "lantern", "pictures", "programme"])
def test_ten_days_of_the_real_program(folder, scene):
    """Cues, codes, a daemon that comes and goes, photos and programmes that change, settings read
    again: by the end it holds what it held after the first day."""
    photos, programme = folder / "photos", folder / "programme"
    photos.mkdir()
    snapshot(folder, "--at", "2026-05-22T05:00")
    for k in range(3):
        (photos / f"{k}.png").write_bytes((folder / "shot.png").read_bytes())
    programme.write_text("19:00 Film\n")
    daemon = Daemon(folder)
    shown = Screen(folder, "--headless", "--size", SIZE, "--at", "2026-03-24T00:00", "--speed",
                   "14400", "--scene", scene, "--pictures", photos, "--programme", programme)
    shown.says("picture of")
    first = None
    for day in range(10):  # six seconds each
        daemon.accept().cue((ACCEPTED | SEEN, FAULT, 0)[day % 3], seen=day, safe=day // 2)
        wait.never(lambda: not shown.process.alive, "the screen ended", 2)
        daemon.qr(f"https://example.org/{day}#" + "k" * 300, 2)
        programme.write_text("19:00 Film\n" * (day + 1))
        (photos / f"{day % 3}.png").write_bytes(
            b"broken" if day % 2 else (folder / "shot.png").read_bytes())
        wait.never(lambda: not shown.process.alive, "the screen ended", 3)
        daemon.close()
        daemon = Daemon(folder)
        wait.never(lambda: not shown.process.alive, "the screen ended", 1)
        if day == 0:
            first = resident(shown.process.pid)
    last = resident(shown.process.pid)
    daemon.close()
    assert many_colours(shown.picture())
    print(f"{scene}: {first} kB and fds after a day, {last} after ten")
    assert last[0] - first[0] < 1500, f"{first} kB and fds after a day, {last} after ten"
    assert abs(last[1] - first[1]) <= 1  # connected, or not yet again
    shown.stop()
