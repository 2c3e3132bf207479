"""The screen on real display servers, with a panel's lamp, and over time."""

import os
import signal

import pytest

from tests.kit import process, wait
from tests.kit.process import Process
from tests.kit.screen import SIZE, STILL, different, many_colours, snapshot


# libdbus and Mesa keep a few kB of SDL's.
NO_LEAKS = "detect_leaks=0:abort_on_error=0"


@pytest.fixture
def x11(folder):
    """A real X server that draws into memory; its name."""
    name = folder / "display"
    server = Process("Xvfb", ["sh", "-c", f"exec Xvfb -displayfd 1 -screen 0 800x480x24 "
                              f"-nolisten tcp >{name}"], folder / "xvfb.log")
    wait.until(lambda: name.exists() and name.read_text().strip(), "an X server", 30)
    yield ":" + name.read_text().strip()
    server.stop()


def test_on_x11_in_software_without_a_gpu(folder, screen, x11):
    """What is read back from the X server's window is the picture."""
    shown = screen(*STILL[3:], "--reduced-motion", DISPLAY=x11, ASAN_OPTIONS=NO_LEAKS)
    shown.says("picture of 800x480 through x11, drawn by software")
    taken = shown.picture()
    assert taken[:2] == (800, 480) and many_colours(taken)
    drawn, _ = snapshot(folder, *STILL[3:], "--reduced-motion", "--size", "800x480")
    assert different(taken, drawn) < 200
    shown.stop()


def start_weston(folder, backend, *more, **env):
    folder.chmod(0o700)
    (folder / "porch").unlink(missing_ok=True)
    weston = Process("weston", ["weston", f"--backend={backend}-backend.so", "--socket=porch",
                                "--width=800", "--height=480", "--idle-time=0", "--no-config",
                                *more], folder / "weston.log",
                     env=process.environment(XDG_RUNTIME_DIR=folder, **env))
    wait.until((folder / "porch").exists, lambda: "a compositor; it said:\n" + weston.said(), 30)
    return weston


def test_on_wayland(folder, screen, x11):
    """A real compositor, with a seat; when it goes, the screen waits for the next."""
    weston = start_weston(folder, "x11", "--use-pixman", DISPLAY=x11)
    shown = screen(*STILL[3:], "--reduced-motion", XDG_RUNTIME_DIR=folder, WAYLAND_DISPLAY="porch",
                   SDL_VIDEODRIVER="wayland", ASAN_OPTIONS=NO_LEAKS)
    shown.says("picture of 800x480 through wayland", 30)
    taken = shown.picture()
    assert taken[:2] == (800, 480) and many_colours(taken)
    drawn, _ = snapshot(folder, *STILL[3:], "--reduced-motion", "--size", "800x480")
    assert different(taken, drawn) < 200
    weston.stop()
    shown.says("trying again every 2 s", 30)
    again = start_weston(folder, "x11", "--use-pixman", DISPLAY=x11)
    wait.until(lambda: shown.process.said().count("picture of 800x480") == 2, shown.process.said, 30)
    assert different(taken, shown.picture()) < 200
    shown.stop()
    again.stop()


def test_a_compositor_without_a_seat_ends_nothing(folder, screen):
    """As on a Pi without keyboard and mouse: SDL before 2.30 would crash."""
    weston = start_weston(folder, "headless")
    shown = screen(*STILL[3:], "--reduced-motion", XDG_RUNTIME_DIR=folder, WAYLAND_DISPLAY="porch",
                   SDL_VIDEODRIVER="wayland", ASAN_OPTIONS=NO_LEAKS)
    wait.until(lambda: "has no seat" in shown.process.said() or
               "picture of 800x480 through wayland" in shown.process.said(),
               lambda: "a picture, or a word on it; the screen said:\n" + shown.process.said(), 30)
    wait.never(lambda: not shown.process.alive, "the screen ended", 3)
    shown.stop()
    weston.stop()


def memory(pid):
    with open(f"/proc/{pid}/status") as status:
        kb = next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))
    return kb, len(os.listdir(f"/proc/{pid}/fd"))


def test_ten_days_run_fast_leave_memory_and_fds_as_they_were(folder, screen):
    shown = screen("--headless", "--size", SIZE, "--at", "2026-03-24T00:00", "--speed", "86400",
                   TZ="Europe/Chisinau",
                   ASAN_OPTIONS="detect_leaks=1:quarantine_size_mb=1:abort_on_error=0")
    wait.until(lambda: "picture of" in shown.process.said(), "the first picture", 30)
    wait.never(lambda: not shown.process.alive, "the screen ended", 2)
    seen = [memory(shown.process.pid)]
    while len(seen) < 8 and (len(seen) < 3 or seen[-1][0] - seen[-3][0] >= 750):
        wait.never(lambda: not shown.process.alive, "the screen ended", 4)
        seen.append(memory(shown.process.pid))
    assert many_colours(shown.picture())
    assert seen[-1][0] - seen[-3][0] < 750, f"every 4 s, (kB, fds): {seen}"
    assert seen[-1][1] == seen[0][1], seen
    shown.stop()


CONF = """[venue]
id = 00112233445566ff
[kiosk]
id = aabbccddeeff0011
[switch front]
line = sim:front
[broker out]
host = mqtt.example.org
ca = /ca.pem
[screen]
"""


def configure(folder, text):
    etc = folder / "etc/porchlight"
    etc.mkdir(parents=True, exist_ok=True)
    (etc / "porchlight.conf").write_text(CONF + text)


@pytest.fixture
def lamp(folder):
    """A backlight as the kernel shows one, below the prefix."""
    made = folder / "sys/class/backlight/10-0045"
    made.mkdir(parents=True)
    for name, value in (("max_brightness", 200), ("brightness", 200), ("bl_power", 0)):
        (made / name).write_text(f"{value}\n")
    return made


def value(lamp, name):
    return int((lamp / name).read_text().split()[0])


def test_night_is_dimmed_by_the_panels_lamp(folder, screen, lamp):
    configure(folder, "city = Baku\ndim = 40\n")
    shown = screen(*STILL[:-1], "2026-05-22T23:40")
    shown.says("backlight does the dimming")
    wait.until(lambda: value(lamp, "brightness") == 81, (lamp / "brightness").read_text, 30)
    assert value(lamp, "bl_power") == 0
    by_lamp = shown.picture()
    drawn, _ = snapshot(folder, *STILL[3:-1], "2026-05-22T23:40", "--reduced-motion")
    assert different(by_lamp, drawn) < 100, "dimmed twice: by the lamp and by drawing"
    shown.stop()
    assert value(lamp, "brightness") == 200, "left dark behind it"


def test_in_quiet_hours_the_panel_is_off_and_comes_back(folder, screen, lamp):
    configure(folder, "city = Baku\nquiet_hours = 02:00-09:00\n")
    shown = screen(*STILL[:-1], "2026-05-22T08:58:50")
    wait.until(lambda: value(lamp, "bl_power") == 4, "the panel off", 30)
    assert value(lamp, "brightness") == 0
    dark = shown.picture()
    assert not many_colours(dark), "drawn though nobody sees it"
    wait.until(lambda: value(lamp, "bl_power") == 0 and value(lamp, "brightness") == 200,
               "the panel on at 9:00 and bright again", 150)
    assert many_colours(shown.picture())
    shown.stop()


def test_quiet_hours_without_a_lamp_are_drawn_dark(folder, screen):
    configure(folder, "city = Baku\nquiet_hours = 02:00-09:00\n")
    shown = screen(*STILL[:-1], "2026-05-22T05:00")
    dark = shown.picture()
    assert all(set(row) == {0} for row in dark[2])
    shown.stop()


def test_a_lamp_that_fails_leaves_the_dimming_to_drawing(folder, screen, lamp):
    configure(folder, "city = Baku\ndim = 40\n")
    (lamp / "brightness").unlink()
    (lamp / "brightness").symlink_to("/dev/full")
    shown = screen(*STILL[:-1], "2026-05-22T23:40")
    shown.says("dimming by drawing")
    assert many_colours(shown.picture())
    shown.stop()


def test_settings_are_read_again_whole_or_not_at_all(folder, screen):
    configure(folder, "city = Baku\nlanguages = en\n")
    at = ("--headless", "--size", SIZE, "--at", "2026-05-22T13:00:04", "--reduced-motion")
    shown = screen(*at)
    before = shown.picture()
    configure(folder, "scene = lantern\nlanguages = en\nrotation = 45\n")
    shown.process.signal(signal.SIGHUP)
    shown.says("rotation: found \"45\"")
    shown.says("stays as it was")
    assert different(before, shown.picture()) < 60
    configure(folder, "scene = lantern\nlanguages = en, xx\n")
    shown.process.signal(signal.SIGHUP)
    wait.until(lambda: shown.process.said().count("stays as it was") == 2, shown.process.said, 30)
    assert different(before, shown.picture()) < 60
    configure(folder, "scene = lantern\nlanguages = ka\nrotation = 90\ncity = Baku\n")
    shown.process.signal(signal.SIGHUP)
    shown.says("settings reloaded")
    shown.says("picture of 270x480")
    after = shown.picture()
    assert after[:2] == (270, 480)
    drawn, _ = snapshot(folder, *at[3:], "--size", "270x480", "--scene", "lantern",
                        "--language", "ka")
    assert different(after, drawn) < 100
    shown.stop()
