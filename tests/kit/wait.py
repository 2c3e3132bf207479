"""Waiting for something to become true, and saying what did not."""

import time


# Seconds, where something comes as fast as the machine is. What takes one of them alone took over twenty on a
# machine that was half as fast and had everything else to do.
PATIENCE = 60.0


def until(true, what, within=PATIENCE, every=0.005):
    """The first true value of `true()`; AssertionError when `within` seconds have passed. What takes long is
    looked at less often: a look costs others their processor."""
    began = time.monotonic()
    while True:
        value = true()
        if value:
            return value
        waited = time.monotonic() - began
        if waited > within:
            raise AssertionError(f"not within {within:g} s: {what() if callable(what) else what}")
        time.sleep(max(every, min(5 * every, waited / 20)))


def never(true, what, during):
    """Holds for `during` seconds that `true()` stays false."""
    end = time.monotonic() + during
    while time.monotonic() < end:
        value = true()
        assert not value, f"{what}: {value}"
        time.sleep(0.01)
