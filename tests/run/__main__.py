"""A whole kiosk, by hand where there is a terminal, else as a tour. Exit status 0 only if a real
subscriber received every message and the decoys no longer open."""

import os
import signal
import sys
import time

from tests.kit import process
from tests.run import hands
from tests.run.stage import Stage
from tests.run.tour import LIMIT_S, Tour


def too_long(_number, _frame):
    raise AssertionError(f"not over within {LIMIT_S} s")


def tour():
    began = time.monotonic()
    signal.signal(signal.SIGALRM, too_long)
    signal.alarm(LIMIT_S)
    with Stage(window=False) as stage:
        try:
            Tour(stage).go()
        except AssertionError as why:
            print(f"\nThe tour failed: {why}", file=sys.stderr)
            for child in stage.kiosk.processes:
                print(f"\n{child.name} said:\n{child.said()}", file=sys.stderr)
            return 1
        finally:
            signal.alarm(0)
    left = process.running()
    if left:
        print(f"left running: {left}", file=sys.stderr)
        return 1
    print(f"\nAll of it in {time.monotonic() - began:.1f} s; no process is left.")
    return 0


def by_hand():
    with Stage(window=bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))) as s:
        hands.work(s)
    return 0


def main():
    process.end_on_signals()
    try:
        return by_hand() if sys.stdin.isatty() and sys.stdout.isatty() else tour()
    except KeyboardInterrupt:
        return 130
    finally:
        process.end_all()


if __name__ == "__main__":
    sys.exit(main())
