"""A finger that never rests: it touches a wire every few milliseconds and remembers which touches
porchlightd took. What it missed is the alarm's gap."""

import threading
import time

from tests.kit.wires import Wires


class Finger:
    """Context manager. The door's wire is used: its touches mean nothing."""

    def __init__(self, kiosk, line="entrance", every=0.002):
        self.path = kiosk.run / "sim.sock"
        self.line = line
        self.every = every
        self.taken = []  # time.monotonic() of each touch that was taken
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._touch)

    def _touch(self):
        wires, level = None, 0
        while not self._stop.is_set():
            try:
                wires = wires or Wires(self.path)
                level = 1 - level
                began = time.monotonic()
                wires.set(self.line, level)
                self.taken.append(began)
            except (OSError, RuntimeError):
                wires = None
            time.sleep(self.every)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join()

    def gap(self, around):
        """Seconds between the last touch taken before a moment and the first one after it."""
        before = max(t for t in self.taken if t <= around)
        return min(t for t in self.taken if t > around) - before
