"""Waiting for something to become true, and saying what did not."""

import time


def until(true, what, within=30.0, every=0.005):
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
