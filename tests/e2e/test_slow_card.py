"""A card that takes its time holds up nothing but the words "handed over", and the wipe for a moment."""

import contextlib
import fcntl
import os
import re
import signal

import pytest

from tests.kit import wait
from tests.kit.kiosk import FAST, Kiosk
from tests.kit.process import Process


@contextlib.contextmanager
def blocked(kiosk):
    """Nobody can open the record while it is leased: a card that does not answer at all."""
    before = signal.signal(signal.SIGIO, signal.SIG_IGN)
    fd = os.open(kiosk.state / "record", os.O_WRONLY)
    fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_WRLCK)
    try:
        yield lambda: fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    finally:
        os.close(fd)
        signal.signal(signal.SIGIO, before)


def test_an_alert_does_not_wait_for_the_card(kiosk):
    """It reaches phones, and counts as handed over once it is on the card as well."""
    kiosk.start()
    member = kiosk.member()
    with blocked(kiosk) as unblock:
        kiosk.wires().hold(0.4)
        member.wait("lockdown", "alert")
        wait.until(lambda: kiosk.status()["record_fault"], kiosk.status)
        status = kiosk.status()
        assert status["alert"]["handed_over"] is False and status["pending"] == 0, status
        unblock()
        wait.until(lambda: kiosk.status()["alert"]["handed_over"], kiosk.status)
    wait.until(lambda: not kiosk.status()["record_fault"], kiosk.status)
    kiosk.daemon.kill()
    kiosk.start()
    assert kiosk.status()["state"] == "lockdown"


def test_several_presses_and_the_newest_record(kiosk):
    """What happened meanwhile is written when the card answers: the newest, not the first."""
    kiosk.start()
    member = kiosk.member()
    with blocked(kiosk) as unblock:
        kiosk.wires().presses(2, on=0.06, off=0.06)
        member.wait("caution", "alert")
        kiosk.wires().hold(0.4)
        member.wait("lockdown", "alert")
        unblock()
        wait.until(lambda: kiosk.status()["alert"]["handed_over"], kiosk.status)
    kiosk.daemon.kill()
    kiosk.start()
    assert kiosk.status()["state"] == "lockdown"


@pytest.mark.parametrize("slow", (False, True), ids=("a quick card", "a card that does not answer"))
def test_a_wipe_is_asked_for_all_the_same(kiosk, slow):
    """porchlight-wipe writes an intent of its own; the alarm's own record is waited for only briefly."""
    venue = kiosk.folder / "srv/venue"
    venue.mkdir(parents=True)
    (venue / "list").write_text("names\n")
    kiosk.start_wipe("[root venue]\npath = /srv/venue\n[file list]\npath = /srv/venue/list\n")
    kiosk.start()
    with blocked(kiosk) if slow else contextlib.nullcontext():
        kiosk.wires().hold(0.9)
        wait.until(lambda: not (venue / "list").exists(), kiosk.daemon.said)


def test_the_broker_is_asked_before_the_card():
    """All run at once, but a card's thread that is woken first may take the processor the broker's needs, and so does
    who goes on sealing what an alert is followed by."""
    with Kiosk(conf=FAST) as kiosk:
        kiosk.start()
        member, calls = kiosk.member(), kiosk.folder / "calls"
        tracer = Process("strace", ["strace", "-f", "-e", "trace=write,futex,sendto,sched_yield", "-o", calls,
                                    "-p", kiosk.daemon.pid], kiosk.logs / "strace")
        wait.until(lambda: "attached" in tracer.said(), "strace")
        kiosk.wires().hold(0.4)
        member.wait("lockdown", "alert")
        tracer.stop()
        calls = [line for line in calls.read_text().splitlines() if line.startswith(f"{kiosk.daemon.pid} ")]
    began = next(i for i, line in enumerate(calls) if '"ok"' in line)
    turns = ["yield" if "sched_yield(" in line else "card" if "FUTEX_WAKE" in line else "broker" for line in calls[began:]
             if "sched_yield(" in line or "FUTEX_WAKE" in line or (" write(" in line and ", 8" in line)]
    assert re.match("(broker )+yield (broker )+card", " ".join(turns)), turns
