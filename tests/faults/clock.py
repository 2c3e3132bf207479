"""A wall clock that can be stepped under a running porchlightd, and a disk that can be slowed (wall.c)."""

import fcntl
import struct
import subprocess
import time

from tests.kit.place import BUILD, ROOT

DAY = 86400

# Hours behind, and most of a year ahead: all of it within the days for which the brokers'
# certificates are good, where a clock that was set is believed. None: never set, it says 1970.
STEPS = [None, -20 * 3600, 300 * DAY]
# And beyond them, by minutes to years.
WORLD_STEPS = [None, -600, 600, -3 * DAY, 3 * DAY, -20 * 365 * DAY, 10 * 365 * DAY]
RIGHT = 0


def library():
    """Built once for all that run side by side."""
    out = BUILD / "tests/faults/wall.so"
    out.parent.mkdir(parents=True, exist_ok=True)
    source = ROOT / "tests/faults/wall.c"
    with open(out.parent / "wall.lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not out.exists() or out.stat().st_mtime < source.stat().st_mtime:
            subprocess.run(["gcc", "-std=c17", "-D_GNU_SOURCE", "-O2", "-Wall", "-Wextra", "-Werror",
                            "-shared", "-fPIC", "-o", out, source], check=True)
    return out


class Clock:
    def __init__(self, folder):
        self._path = folder / "clock"
        self._path.write_bytes(bytes(16))

    def environment(self):
        """What a program's environment needs to live by this clock."""
        return {"LD_PRELOAD": library(), "WALL_CLOCK": self._path,
                "ASAN_OPTIONS": "verify_asan_link_order=0"}

    def set(self, step):
        ahead = 10 - int(time.time()) if step is None else step
        self._put(0, ahead)

    def slow(self, ms):
        """From now on each flush takes so long; 0 also ends those that wait."""
        self._put(8, ms)

    def _put(self, at, value):
        with open(self._path, "r+b") as f:
            f.seek(at)
            f.write(struct.pack("=q", value))
