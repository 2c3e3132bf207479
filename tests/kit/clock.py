"""A wall clock that can be stepped under a running porchlightd, and a disk that can be slowed (wall.c).

libfaketime is no substitute: it moves the timers of the kiosk's loop along, so that they never end."""

import struct
import time
from pathlib import Path

from tests.kit import local, process, wait
from tests.kit.preload import library

HOUR = 3600
DAY = 24 * HOUR
YEAR = 365 * DAY
UNSET = None  # 1970

# Hours behind, and most of a year ahead: all of it within the days for which the brokers'
# certificates are good, where a clock that was set is believed. None: never set, it says 1970.
STEPS = [UNSET, -20 * HOUR, 300 * DAY]
# And beyond them, by minutes to years.
WORLD_STEPS = [UNSET, -600, 600, -3 * DAY, 3 * DAY, -20 * YEAR, 10 * YEAR]
RIGHT = 0
# Of a phone or a relay, with where it is: its date says nothing about how old a message is.
ELSEWHERE = [("Pacific/Auckland", RIGHT), ("America/St_Johns", HOUR), ("Asia/Baku", -HOUR),
             ("Pacific/Auckland", YEAR), ("UTC", -YEAR)]


def faketime():
    """libfaketime, for what has to move every clock of a program, or the dates of its files."""
    found = next(iter(Path("/usr/lib").glob("*/faketime/libfaketime.so.1")), None)
    assert found, "libfaketime is missing: make deps-test installs it"
    return found


class Clock:
    def __init__(self, folder):
        self._path = folder / "clock"
        self._path.write_bytes(bytes(24))

    def environment(self):
        """What a program's environment needs to live by this clock."""
        return {"LD_PRELOAD": library("wall"), "WALL_CLOCK": self._path,
                "ASAN_OPTIONS": "verify_asan_link_order=0"}

    def set(self, step):
        ahead = 10 - int(time.time()) if step is None else step
        self._put(0, ahead)

    def slow(self, ms):
        """From now on each flush takes so long; 0 also ends those that wait."""
        self._put(8, ms)

    def sync(self, done):
        """The kernel says from now on that the clock is synchronised, or that it is not."""
        self._put(16, 1 if done else -1)

    def _put(self, at, value):
        with open(self._path, "r+b") as f:
            f.seek(at)
            f.write(struct.pack("=q", value))


def elsewhere(folder, zone, step):
    """The environment of a program that runs in that time zone, by a clock that is wrong by so many seconds."""
    clock = Clock(folder)
    clock.set(step)
    return process.environment(TZ=zone, **clock.environment())


def start_at(kiosk, step, within=30, synced=None):
    """Starts porchlightd with a wall clock that is wrong by so many seconds; RIGHT: it is not. `synced`: what
    the kernel says of it; None: whatever it does."""
    clock = Clock(kiosk.folder)
    clock.set(step)
    if synced is not None:
        clock.sync(synced)
    kiosk.daemon = kiosk.spawn("porchlightd", "--prefix", kiosk.prefix,
                               env=process.environment(**clock.environment()))
    wait.until(lambda: local.answers(kiosk.run / "control.sock"), "the control socket")
    wait.until(kiosk.connected, lambda: f"{kiosk.status()}\n{kiosk.daemon.said()}", within)
