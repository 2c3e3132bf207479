"""From the moment a gesture is complete to the message in a subscriber, over TLS on loopback.

Edges are stamped by us: two presses and the code of four alternate over eight switches, and the moment at
which the gap after the last press expires is known to the nanosecond. The subscriber is mosquitto_sub,
which stamps what it gets. Beside it in the same run, by TLS and QoS 1 as well: `mosquitto_pub -l` and
Node-RED, from a line to the subscriber; and the kiosk itself with a card that takes 400 ms a write.
"""

import contextlib
import shutil
import subprocess
import time

from tests.bench.peers import NodeRed, Publisher, latency
from tests.bench.report import percentile
from tests.kit import envelope, input_devices, wait
from tests.kit.card import Card
from tests.kit.gateway import BASE, Gateway
from tests.kit.kiosk import Kiosk
from tests.kit.place import fresh
from tests.kit.process import Process
from tests.kit.wires import MS, now

PRESSES, BUTTON_PRESSES = 1000, 200
SWITCHES = 8
GAP = 100 * MS
SLOW_PRESSES, SLOW_MS = 200, 400
DOWN = UP = 3 * MS
PEERS = {"mosquitto_pub -l": (Publisher, "pub", "pub-password"),
         "Node-RED 4": (NodeRed, "red", "red-password")}
HOLD = 200 * MS
SOON = 60 * MS  # a gesture is complete this long after its edges were sent
ALONE = 4 * MS  # then its message is looked for: a look takes a processor, and peers send without one


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


def press_all(kiosk, subscriber, presses=PRESSES):
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


def kiosk_latency(kiosk, presses=PRESSES):
    subscriber = Subscriber(kiosk, "alert")
    took, late = press_all(kiosk, subscriber, presses)
    subscriber.close()
    if late:
        print(f"  (busy machine: {late} trains of edges were sent too late and were made again)")
    return took


def peer_latency(kiosk, make, account, password, count=PRESSES):
    subscriber = Subscriber(kiosk, "bench")
    peer = make(kiosk, f"{kiosk.place}/bench", account, password)
    took = latency(peer, subscriber, count)
    peer.close()
    subscriber.close()
    return took


@contextlib.contextmanager
def record_on(card, kiosk):
    """The kiosk's state is on that card."""
    subprocess.run(["cp", "-a", str(kiosk.state), str(card.mount)], check=True)
    subprocess.run(["mount", "--bind", str(card.mount / kiosk.state.name), str(kiosk.state)], check=True)
    try:
        yield
    finally:
        card.slow(0)
        if kiosk.daemon and kiosk.daemon.alive:
            kiosk.daemon.kill()
        subprocess.run(["umount", "-l", str(kiosk.state)], check=True)


def slow_card(report, folder):
    """As root, with /dev/fuse: the card is a file system of ours."""
    with Card(folder) as card, kiosk_for_it() as kiosk, record_on(card, kiosk):
        kiosk.start()
        quick = kiosk_latency(kiosk, SLOW_PRESSES)
        card.slow(SLOW_MS)
        slow = kiosk_latency(kiosk, SLOW_PRESSES)
    for percent, limit in ((50, None), (99, 2)):
        peer = percentile(quick, percent)
        report.row(f"card at {SLOW_MS} ms a write, p{percent}; peer: quick", percentile(slow, percent),
                   "ms", limit and limit * peer, peer)


def button_latency(presses):
    """From the word of a button by radio at its own broker, handed to the socket, to the subscriber."""
    took = []
    kiosk = kiosk_for_it()
    gateway = Gateway(kiosk)
    gateway.give_password(kiosk)
    kiosk.change({**gateway.section(), "switch s0": None, "switch radio": {"line": f"mqtt:{BASE}/radio"}})
    with kiosk, contextlib.closing(gateway.start()):
        kiosk.start()
        subscriber = Subscriber(kiosk, "alert")
        wait.until(lambda: kiosk.status()["buttons"]["connected"], "the buttons' broker")
        time.sleep(1)  # and its topics are subscribed to
        for _ in range(presses):
            before, zero = subscriber.count(), now()
            gateway.say("radio", action="hold")
            took.append((arrival(subscriber, before, zero, "the alert")[0] - zero) / MS)
            gateway.say("radio", action="release")
            time.sleep(0.25)  # no hand is faster, and ten messages a second are the button's budget
        subscriber.close()
    return took


def key_latency(presses):
    """From the moment that a key of an input device was held for long enough; the kernel's side of the
    device is played by a preloaded library."""
    took = []
    kiosk = kiosk_for_it()
    kiosk.change({**{f"switch s{i}": None for i in range(SWITCHES)}, "door entrance": None,
                  "switch remote": {"line": "key:AB Shutter3:KEY_VOLUMEUP", "hold": f"{HOLD // MS}ms",
                                    "press_max": "100ms", "wipe_hold": "0"}})
    device = input_devices.Device(kiosk.prefix)
    with kiosk:
        input_devices.start(kiosk)
        subscriber = Subscriber(kiosk, "alert")
        for _ in range(presses):
            before, zero = subscriber.count(), now() + SOON
            device.key(input_devices.PRESSED, at=zero - HOLD)
            took.append((arrival(subscriber, before, zero, "the alert")[0] - zero) / MS)
            device.key(input_devices.RELEASED)
            time.sleep(0.3)
        subscriber.close()
    return took


SWITCH_CONF = {"switch front": None,
               **{f"switch s{i}": {"line": f"sim:s{i}", "debounce": "1ms", "release": "1ms", "press_max": "100ms",
                                   "gap": "100ms", "hold": "1s", "code": 4}
                  for i in range(SWITCHES)}}


def kiosk_for_it():
    kiosk = Kiosk("b", scaled=False, conf=SWITCH_CONF)
    kiosk.brokers[0].account("bench", "eye", "eye-password")
    for _, account, password in PEERS.values():
        kiosk.brokers[0].account("bench", account, password)
    return kiosk


def bench(report):
    report.heading(f"Gesture complete to message in the subscriber, {PRESSES} presses, over TLS")
    limits = {("mosquitto_pub -l", 50): 2, ("Node-RED 4", 99): 0.5}
    with kiosk_for_it() as kiosk:
        theirs = {name: peer_latency(kiosk, *peer) for name, peer in PEERS.items()}
        kiosk.start()
        mine = kiosk_latency(kiosk)
    for (name, took) in theirs.items():
        for percent in (50, 99):
            peer, times = percentile(took, percent), limits.get((name, percent))
            report.row(f"porchlightd beside {name}, p{percent}", percentile(mine, percent), "ms",
                       times and times * peer, peer)
    report.distribution("from the complete gesture, or the line, to the subscriber",
                        {"porchlightd": mine, **theirs})
    key, button = key_latency(BUTTON_PRESSES), button_latency(BUTTON_PRESSES)
    for percent in (50, 99):
        report.row(f"press by evdev, p{percent}; peer: the wire", percentile(key, percent), "ms", None,
                   percentile(mine, percent))
        report.row(f"press by MQTT button, p{percent}; peer: the wire", percentile(button, percent), "ms",
                   None, percentile(mine, percent))
    folder = fresh("b")
    slow_card(report, folder)
    shutil.rmtree(folder, ignore_errors=True)
