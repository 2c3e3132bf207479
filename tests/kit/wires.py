"""Simulated wires, driven through sim.sock with edges stamped by us: what a gesture meant is known
to the nanosecond, so latency is measured and not guessed."""

import time

from tests.kit import local

MS = 1_000_000


def now():
    return time.clock_gettime_ns(time.CLOCK_MONOTONIC)


class Wires:
    """One connection to sim.sock. Lines are named as in the config, without "sim:"."""

    def __init__(self, path):
        self._socket = local.connect(path)

    def say(self, command):
        self._socket.send(command.encode())
        reply = self._socket.recv(1024).decode()
        if not reply.startswith("ok"):
            raise RuntimeError(f"sim.sock: {command}: {reply}")
        return reply[3:]

    def set(self, line, active, at=None):
        """The edge; returns its moment, ns."""
        at = at or now()
        self.say(f"set {line} {int(active)} {at}")
        return at

    def train(self, line, edges):
        """Many edges [(active, ns)] at once, answered after the last."""
        for active, at in edges:
            self._socket.send(f"set {line} {int(active)} {at}".encode())
        for _ in edges:
            reply = self._socket.recv(1024).decode()
            if not reply.startswith("ok"):
                raise RuntimeError(f"sim.sock: {reply}")

    def pulses(self, count, began, on, off=0, line="front"):
        """What was, in ns, told at once: between two edges no busy machine can put us off."""
        self.say(f"pulses {line} {count} {began} {on} {off}")

    def press(self, line="front", on=0.1):
        """One press; the moment of its release."""
        return self.presses(1, line, on)

    def presses(self, count, line="front", on=0.1, off=0.2):
        """A train, told once it is over; the moment of the last release."""
        began, on, off = now(), int(on * 1e9), int(off * 1e9)
        time.sleep(count * (on + off) / 1e9)
        self.pulses(count, began, on, off, line)
        return began + count * on + (count - 1) * off

    def hold(self, seconds, line="front"):
        """The moment of the press; the switch is let go after `seconds`."""
        began = self.set(line, True)
        time.sleep(seconds)
        self.set(line, False)
        return began

    def close(self):
        self._socket.close()
