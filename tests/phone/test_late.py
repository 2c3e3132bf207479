"""A broker that delays, seen on the members' page in a real Chromium: it never reads quiet, and says why."""

import threading

import pytest

from tests.kit import wait


@pytest.mark.parametrize("seconds", [20, 60])
def test_what_comes_late_is_called_late_and_nothing_reads_quiet(venue, seconds):
    kiosk = venue.kiosk()
    page = venue.phone(kiosk)
    timers, send = [], kiosk.send

    def later(*what, **more):
        timers.append(threading.Timer(seconds, send, what, more))
        timers[-1].daemon = True
        timers[-1].start()
    kiosk.send = later
    page.until(lambda: page.face != "quiet", "that no sign of life is noticed")
    wait.until(lambda: "Late messages" in page.run("return document.body.innerText"),
               lambda: f"the page says {page.run('return document.body.innerText')!r}", seconds + 40,
               every=0.1)
    kiosk.alarm("lockdown")
    wait.never(lambda: page.face in ("quiet", "all-clear"), "the page reads calm", 10)
    for timer in timers:
        timer.cancel()
