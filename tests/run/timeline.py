"""The timeline: one plain line an event, in milliseconds since the gesture was complete."""

import sys
import threading

from tests.kit.wires import MS, now


class Gestures:
    """When the last gesture was complete, worked out from the edges alone: a press that lasts
    `hold` and `wipe_hold`, a train that nothing follows for `gap`."""

    def __init__(self, hold, wipe_hold, gap):
        self._holds = (hold, wipe_hold)
        self._gap = gap
        self._lock = threading.Lock()
        self._moments = []  # (ns, words, said)
        self._presses = 0
        self._since = self._last = 0

    def _add(self, at, words):
        self._moments.append([at, words, False])

    def pressed(self, at):
        with self._lock:
            self._moments = [m for m in self._moments if m[0] <= at]
            self._presses = self._presses + 1 if at - self._last < self._gap else 1
            self._since = at
            for hold in self._holds:
                self._add(at + hold, f"held for {hold / 1e9:g} s")

    def released(self, at):
        with self._lock:
            self._moments = [m for m in self._moments if m[0] <= at]
            self._last = at
            if at - self._since < self._holds[0]:
                count = self._presses
                self._add(at + self._gap, f"{count} press{'es' if count > 1 else ''}")

    def moment(self, at, words):
        """Anything else to count from."""
        with self._lock:
            self._add(at, words)

    def before(self, at):
        """The last complete one at `at`; None: there was none."""
        with self._lock:
            return max((m[0] for m in self._moments if m[0] <= at), default=None)

    def news(self, at):
        """Those that have become complete and were not said yet: [(ns, words)]."""
        with self._lock:
            fresh = [m for m in self._moments if m[0] <= at and not m[2]]
            for m in fresh:
                m[2] = True
            return [(m[0], m[1]) for m in fresh]


class Timeline:
    """Writes as things happen. Gestures are said before whatever they caused."""

    def __init__(self, gestures, out=sys.stdout):
        self._gestures = gestures
        self._out = out
        self._lock = threading.Lock()
        self._colour = out.isatty()

    def _write(self, text, style=None):
        if self._colour and style:
            text = f"\x1b[{style}m{text}\x1b[0m"
        self._out.write(text + "\n")
        self._out.flush()

    def say(self, text=""):
        with self._lock:
            self._write(text)

    def heading(self, text):
        with self._lock:
            self._write("\n" + text, "1")

    def _news(self, at):
        for _, words in self._gestures.news(at):
            self._write(f"      0.0 ms  gesture  {words}", "1")

    def turn(self):
        """Says what time alone has completed."""
        with self._lock:
            self._news(now())

    def event(self, who, what, at=None):
        """An event at that moment (ns); `who` is member, staff, screen, wipe."""
        at = at or now()
        with self._lock:
            self._news(at)
            zero = self._gestures.before(at)
            since = f"{(at - zero) / MS:+9.1f} ms" if zero is not None else " " * 12
            self._write(f"{since}  {who:<8} {what}", "2" if who == "screen" else None)

    def wire(self, what):
        """A wire moved: what it means is not decided yet, so nothing is counted."""
        with self._lock:
            self._write(f"{'':12}  {'wires':<8} {what}", "2")
