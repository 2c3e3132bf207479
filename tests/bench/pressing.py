"""Presses whose moment is known to the nanosecond, and a subscriber that stamps what it gets.

Edges are stamped by us: two presses and the code of four alternate over eight switches, and so the moment at
which the gap after the last press expires is known. The subscriber is mosquitto_sub. As a program it measures
the porchlightd of whatever tree is in PYTHONPATH, by the kit of that tree and with a broker set up as given:
one line of JSON. So older versions are measured in the same way, in the same run.

    PYTHONPATH=TREE BUILD=build/release /usr/bin/python3 tests/bench/pressing.py PRESSES BROKER_CONF [KEY...]

KEYs are those of a switch that this version does not know.
"""

import json
import re
import sys
import time

from tests.kit import broker as kit_broker
from tests.kit import envelope, wait
from tests.kit.kiosk import Kiosk
from tests.kit.process import Process
from tests.kit.wires import MS, now

SWITCHES = 8
GAP = 100 * MS
DOWN = UP = 3 * MS
SOON = 60 * MS  # a gesture is complete this long after its edges were sent
ALONE = 4 * MS  # then its message is looked for: a look takes a processor, and peers send without one
THROUGH_S = 2  # what an alert sends is through; the state is not repeated as soon
SWITCH_CONF = {"switch front": None,
               **{f"switch s{i}": {"line": f"sim:s{i}", "debounce": "1ms", "release": "1ms", "press_max": "100ms",
                                   "gap": "100ms", "hold": "1s", "code": 4}
                  for i in range(SWITCHES)}}


class Subscriber:
    """mosquitto_sub on one topic: [(ns of CLOCK_MONOTONIC, payload)]."""

    def __init__(self, kiosk, topic, account=None):
        broker = kiosk.brokers[0]
        account, password = account or kiosk.account_of("bench")
        before = len(broker.said())
        self._process = Process(
            "mosquitto_sub",
            ["mosquitto_sub", "-V", "5", "-h", broker.host, "-p", broker.port, "--cafile",
             broker.ca, "-u", account, "-P", password, "-i", account, "-q", "1",
             "-t", f"{kiosk.place}/{topic}", "-F", "%U %x"],
            kiosk.logs / f"sub-{topic}-{now()}")
        self._log, self._read, self._received = open(self._process.log, "rb"), 0, []
        wait.until(lambda: f"SUBACK to {account}" in broker.said()[before:], "mosquitto_sub's SUBSCRIBE")

    def received(self):
        """Only what is new is read: it is asked for every 2 ms, and must cost next to nothing then."""
        self._log.seek(self._read)
        new = self._log.read()
        new = new[:new.rfind(b"\n") + 1]
        self._read += len(new)
        offset = time.clock_gettime_ns(time.CLOCK_REALTIME) - now()
        for line in new.decode().splitlines():
            stamp, payload = line.split()
            seconds, fraction = stamp.split(".")
            self._received.append((int(seconds) * 10**9 + int(fraction) - offset, bytes.fromhex(payload)))
        return self._received

    def count(self):
        return len(self.received())

    def close(self):
        self._log.close()
        self._process.stop()


def arrival(subscriber, before, zero, what):
    """The message that follows what was complete at `zero`: (when, payload)."""
    time.sleep(max(0, zero + ALONE - now()) / 10**9)
    wait.until(lambda: subscriber.count() > before, what, 5, 0.002)
    return subscriber.received()[before]


def gesture(wires, switch, count, last):
    """A train that is complete in SOON: its edges are in the past, as if we had waited. `last` is
    that switch's last edge. (the moment of completion, its last edge, whether the train was whole
    before a gap in it expired: on a busy machine it may come too late)."""
    end = now() + SOON - GAP
    first = end - (count - 1) * (DOWN + UP) - DOWN
    if first <= last + 20 * MS:
        raise RuntimeError("the switch is used again too soon")
    edges = []
    for i in range(count):
        edges.append((True, first + i * (DOWN + UP)))
        edges.append((False, first + i * (DOWN + UP) + DOWN))
    wires.train(f"s{switch}", edges)
    return end + GAP, end, now() < first + DOWN + GAP


def press_all(kiosk, subscriber, presses):
    """([ns from complete to received], trains that came too late and do not count)."""
    wires = kiosk.wires()
    took, late, last = [], 0, [now() - 10**9] * SWITCHES
    turn = 0
    while len(took) < presses:
        wanted = "caution" if kiosk.status()["state"] == "quiet" else "all-clear"
        before, switch = subscriber.count(), turn % SWITCHES
        turn += 1
        zero, last[switch], whole = gesture(wires, switch, 2 if wanted == "caution" else 4,
                                            last[switch])
        if not whole:
            late += 1
            time.sleep(0.5)
            continue
        at, payload = arrival(subscriber, before, zero, f"the {wanted} of press {turn}")
        _, _, text = envelope.open_broadcast(payload, kiosk.keys.venue, kiosk.keys.kiosk,
                                             f"{kiosk.place}/alert")
        if f'"kind":"{wanted}"' not in text:  # what was measured is what a phone opens
            raise AssertionError(f"press {turn}: {text}, expected {wanted}")
        took.append((at - zero) / MS)
    wires.close()
    return took, late


def published(kiosk):
    """Topics of what the broker was sent so far, beside signs of life."""
    topics = re.findall(r"Received PUBLISH from \S+ \(d\d, q\d, r\d, m\d+, '[^']*/([a-z]+)'", kiosk.brokers[0].said())
    return [topic for topic in topics if topic != "beat"]


def packets(kiosk):
    """{press: topics of what it sends to the broker}: a first lockdown, and the code in it."""
    wires, sent = kiosk.wires(), {}
    time.sleep(THROUGH_S)  # what a start sends
    for press in ("lockdown", "code"):
        before = len(published(kiosk))
        if press == "lockdown":
            wires.hold(1.2, "s0")
        else:
            wires.presses(4, "s0", on=0.02, off=0.02)
        time.sleep(THROUGH_S)
        sent[press] = published(kiosk)[before:]
    wires.close()
    return sent


def main(presses, broker_conf, *unknown):
    kit_broker.CONF = broker_conf
    conf = {name: keys and {key: value for key, value in keys.items() if key not in unknown}
            for name, keys in SWITCH_CONF.items()}
    with Kiosk("b", scaled=False, conf=conf) as kiosk:
        kiosk.start()
        sent = packets(kiosk)
    kiosk = Kiosk("b", scaled=False, conf=conf)
    kiosk.brokers[0].account("bench", "eye", "eye-password")
    with kiosk:
        kiosk.start()
        subscriber = Subscriber(kiosk, "alert")
        took, late = press_all(kiosk, subscriber, int(presses))
        subscriber.close()
    print(json.dumps({"took": took, "late": late, "sent": sent}))


if __name__ == "__main__":
    main(*sys.argv[1:])
