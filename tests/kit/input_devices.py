"""Input devices below a kiosk's prefix, as the kernel shows them: input_devices.c answers for them."""

import os
import struct
import time

from tests.kit import local, process, wait
from tests.kit.preload import library

EV_SYN, EV_KEY = 0, 1
SYN_REPORT, SYN_DROPPED = 0, 3
KEYS = {"KEY_A": 30, "KEY_F5": 63, "KEY_ESC": 1, "KEY_VOLUMEUP": 115}
KEY_BYTES = 768 // 8
RELEASED, PRESSED, REPEATED = 0, 1, 2


def environment():
    return process.environment(LD_PRELOAD=library("input_devices"))


def start(kiosk):
    """porchlightd, with these devices as its kernel's."""
    kiosk.daemon = kiosk.spawn("porchlightd", "--prefix", kiosk.prefix, "--verbose",
                               env=environment())
    wait.until(lambda: local.answers(kiosk.run / "control.sock"), "porchlightd's control socket")
    wait.until(kiosk.connected, "a connection to the broker")


def bits(keys):
    out = bytearray(KEY_BYTES)
    for key in keys:
        out[KEYS[key] // 8] |= 1 << KEYS[key] % 8
    return bytes(out)


class Device:
    """One device, plugged in. `battery` in percent, or None."""

    def __init__(self, prefix, name="AB Shutter3", keys=("KEY_VOLUMEUP",), number=0, uniq="",
                 phys="", battery=None):
        self.name, self.keys, self.uniq, self.phys = name, keys, uniq, phys
        self.folder = prefix / "dev/input"
        self.folder.mkdir(parents=True, exist_ok=True)
        self.node = self.folder / f"event{number}"
        self.facts = self.folder / f"event{number}.facts"
        self.sys = prefix / f"sys/class/input/event{number}/device"
        self.down = set()
        if battery is not None:
            self.battery(battery)
        self.plug()

    def battery(self, percent):
        folder = self.sys / "device/power_supply/hid-remote-battery"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "capacity").write_text(f"{percent}\n")

    def plug(self, down=()):
        """It is there, with these keys pressed already."""
        self.down = set(down)
        self._facts(fresh=True)
        made = self.node.with_name(".making")
        os.mkfifo(made)
        self._end = os.open(made, os.O_RDWR | os.O_NONBLOCK)
        made.rename(self.node)

    def unplug(self):
        """What waits to be read stays readable, and then the device is gone."""
        self.node.unlink()
        self.facts.unlink()
        os.close(self._end)

    def key(self, value, key=None, at=None):
        """An event of the kernel's (at a moment that was), and what it says of the key from now on."""
        key = key or self.keys[0]
        if value == PRESSED:
            self.down.add(key)
        elif value == RELEASED:
            self.down.discard(key)
        self._facts()
        self._write(self._event(at or time.clock_gettime_ns(time.CLOCK_MONOTONIC), value, key))

    def hold(self, seconds, key=None):
        """With the repeats that a keyboard sends."""
        self.key(PRESSED, key)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            time.sleep(min(0.03, max(0, end - time.monotonic())))
            self.key(REPEATED, key)
        self.key(RELEASED, key)

    def train(self, count, on, off):
        """Presses that are over by now, to the nanosecond, on a machine however busy."""
        began = time.clock_gettime_ns(time.CLOCK_MONOTONIC)
        time.sleep(count * (on + off))
        events = []
        for i in range(count):
            at = began + int(i * (on + off) * 1e9)
            events += self._event(at, PRESSED) + self._event(at + int(on * 1e9), RELEASED)
        self._write(events)

    def lose(self, down):
        """The kernel's queue is full: it drops what is in it, and the keys are now like this."""
        self.down = set(down)
        self._facts()
        at = time.clock_gettime_ns(time.CLOCK_MONOTONIC)
        self._write([(at, EV_SYN, SYN_DROPPED, 0), (at, EV_SYN, SYN_REPORT, 0)])

    @property
    def grabbed(self):
        return struct.unpack_from("=i", self.facts.read_bytes(), 208 + 2 * KEY_BYTES)[0]

    def _facts(self, fresh=False):
        text = struct.pack("=80s64s64s96s96s", self.name.encode(), self.uniq.encode(),
                           self.phys.encode(), bits(self.keys), bits(self.down))
        if fresh:
            self.facts.write_bytes(text + bytes(4))
            return
        with open(self.facts, "r+b") as f:  # who has grabbed it, stays
            f.write(text)

    def _event(self, at, value, key=None):
        return [(at, EV_KEY, KEYS[key or self.keys[0]], value), (at, EV_SYN, SYN_REPORT, 0)]

    def _write(self, events):
        os.write(self._end, b"".join(
            struct.pack("@llHHi", at // 10**9, at % 10**9 // 1000, *event)
            for at, *event in events))
