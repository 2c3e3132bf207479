"""A dozen schedules in every run; the harness itself is shown to be able to fail."""

import os

from tests.faults.__main__ import report, run_all

COUNT = int(os.environ.get("FAULTS", "12"))
FIRST = int(os.environ.get("FAULTS_FROM", "1"))


def test_no_gesture_is_lost_doubled_or_late():
    verdicts = run_all(range(FIRST, FIRST + COUNT), jobs=6)
    report(verdicts)
    assert all(v.good for v in verdicts)
    assert sum(len(v.latencies) for v in verdicts) >= COUNT // 2, "most schedules press something"


def test_without_the_outbox_the_harness_reports_losses():
    verdicts = run_all(range(1, 13), jobs=6, outbox=False)
    report(verdicts)
    assert any(v.lost for v in verdicts)
    assert not any(v.trouble for v in verdicts)
