"""A wall clock that can be stepped under a running porchlightd, by libfaketime; the monotonic clock,
and the kernel's, are left alone."""

from pathlib import Path

LIBRARY = next(iter(Path("/usr/lib").glob("*/faketime/libfaketime.so.1")), None)

# Never set; hours behind; most of a year ahead. All of them within the days for which the brokers'
# certificates are good, where a clock that was set is believed.
STEPS = ["@1970-01-01 00:00:10", "-20h", "+300d"]
RIGHT = "+0"


class Clock:
    def __init__(self, folder):
        assert LIBRARY, "libfaketime is missing: make deps-test installs it"
        self._path = folder / "clock"
        self.set(RIGHT)

    def environment(self):
        """What a program's environment needs to live by this clock."""
        return {"LD_PRELOAD": LIBRARY, "FAKETIME_TIMESTAMP_FILE": self._path,
                "FAKETIME_NO_CACHE": "1", "DONT_FAKE_MONOTONIC": "1",
                "ASAN_OPTIONS": "verify_asan_link_order=0"}

    def set(self, moment):
        self._path.write_text(moment + "\n")
