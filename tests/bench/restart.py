"""An upgrade's gap: porchlightd is stopped and started as the package does it, and a finger on a
wire shows for how long no press would have been received. systemd's own part is not in it."""

import time

from tests.bench.report import percentile
from tests.kit import wait
from tests.kit.finger import Finger
from tests.kit.kiosk import Kiosk

TIMES = 20


def one_gap(kiosk, finger):
    wait.until(lambda: finger.taken and finger.taken[-1] > time.monotonic() - 0.1, "the finger")
    began = time.monotonic()
    kiosk.daemon.stop()
    gone = time.monotonic()
    kiosk.start(connected=False)
    wait.until(lambda: finger.taken[-1] > gone, "a touch that is taken")
    gap = finger.gap(began + (gone - began) / 2)
    wait.until(kiosk.connected, kiosk.daemon.said, 30)
    return gap


def bench(report):
    report.heading(f"stopped and started {TIMES} times: from the last press noticed to the first")
    with Kiosk("b") as kiosk:
        kiosk.start()
        with Finger(kiosk) as finger:
            gaps = [one_gap(kiosk, finger) for _ in range(TIMES)]
    report.row("p50", percentile(gaps, 50) * 1000, "ms")
    report.row("longest", max(gaps) * 1000, "ms", 2000)
