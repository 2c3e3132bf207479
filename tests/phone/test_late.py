"""A broker that delays, seen on the members' page in a real Chromium: it never reads quiet, and says why."""

import threading
import uuid

import pytest

from tests.kit import wait


HOUR_MS, YEAR_MS = 3600e3, 365 * 24 * 3600e3


@pytest.mark.parametrize("seconds, wrong_ms", [(20, 0), (60, 0), (20, HOUR_MS), (20, -HOUR_MS), (20, YEAR_MS),
                                               (20, -YEAR_MS)])
def test_what_comes_late_is_called_late_and_nothing_reads_quiet(venue, seconds, wrong_ms):
    """By the phone's clock or, where that is wrong, without it."""
    kiosk = venue.kiosk()
    page = venue.phone(kiosk, before=f"const right = Date.now; Date.now = () => right() + {wrong_ms};")
    wait.never(lambda: page.face != "quiet", "anything but quiet while nothing is late", 17 if wrong_ms else 1)
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


def test_beside_a_copy_of_the_kiosk_an_alarm_of_unknown_age_is_called_late_and_nothing_reads_quiet(venue):
    """A kiosk that lost its record alarms in an earlier epoch than that of the copy, which says quiet."""
    kiosk = venue.kiosk()
    page = venue.phone(kiosk)
    page.until_face("quiet")
    lost = kiosk.epoch
    kiosk.epoch += 1000
    kiosk.state()
    wait.never(lambda: page.face != "quiet", "anything but quiet while nothing is late", 16)
    kiosk.say("alert", "lockdown", id=str(uuid.uuid4()), epoch=lost, at=None, synced=False, up=0)
    page.until_text("#lines", "An alarm arrived late")
    kiosk.state()
    wait.never(lambda: page.face in ("quiet", "all-clear"), "the page reads calm", 5)
    assert page.noted()["tones"] > 0, "it did not call"
