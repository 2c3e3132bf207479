"""From the moment a gesture is complete to the message in a subscriber, over TLS on loopback.

Each gesture begins or ends an alert of its own, so each is made durable before it is published.
Edges are stamped by us: two presses and the code of four alternate over eight switches, and the
moment at which the gap after the last press expires is known to the nanosecond. The subscriber is
mosquitto_sub, which stamps what it gets. The peer is a script: paho, connected, publishing messages
of the same size to the same broker.
"""

import time

from tests.bench.report import percentile
from tests.kit import envelope, wait
from tests.kit.kiosk import Kiosk
from tests.kit.member import paho_client
from tests.kit.process import Process
from tests.kit.wires import MS, now

PRESSES = 1000
SWITCHES = 8
GAP = 100 * MS
PEER_SPACING_S = 0.015
DOWN = UP = 3 * MS
PEER = ("peer", "peer-password")
SOON = 60 * MS  # a gesture is complete this long after its edges were sent


class Subscriber:
    """mosquitto_sub on one topic: [(ns of CLOCK_MONOTONIC, payload)]."""

    def __init__(self, kiosk, topic):
        broker = kiosk.brokers[0]
        account, password = kiosk.account_of("bench")
        before = len(broker.said())
        self._process = Process(
            "mosquitto_sub",
            ["mosquitto_sub", "-V", "5", "-h", broker.host, "-p", broker.port, "--cafile",
             broker.ca, "-u", account, "-P", password, "-i", account, "-q", "1",
             "-t", f"{kiosk.place}/{topic}", "-F", "%U %x"],
            kiosk.logs / f"sub-{topic}")
        wait.until(lambda: f"SUBACK to {account}" in broker.said()[before:], "mosquitto_sub's SUBSCRIBE")

    def count(self):
        return self._process.said().count("\n")

    def received(self):
        offset = time.clock_gettime_ns(time.CLOCK_REALTIME) - now()
        out = []
        for line in self._process.said().splitlines():
            stamp, payload = line.split()
            seconds, fraction = stamp.split(".")
            out.append((int(seconds) * 10**9 + int(fraction) - offset, bytes.fromhex(payload)))
        return out

    def close(self):
        self._process.stop()


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
        wait.until(lambda: subscriber.count() > before, f"the {wanted} of press {turn}", 5, 0.002)
        at, payload = subscriber.received()[before]
        _, _, text = envelope.open_broadcast(payload, kiosk.keys.venue, kiosk.keys.kiosk,
                                             f"{kiosk.place}/alert")
        if f'"kind":"{wanted}"' not in text:  # what was measured is what a phone opens
            raise AssertionError(f"press {turn}: {text}, expected {wanted}")
        took.append((at - zero) / MS)
    wires.close()
    return took, late


def say(report, name, took, peer=None):
    for percent, limit in ((50, None), (99, 10.0)):
        value = percentile(took, percent)
        report.row(f"{name}, p{percent}", value, "ms", limit if peer else None,
                   percentile(peer, percent) if peer else None)


def kiosk_latency(kiosk):
    subscriber = Subscriber(kiosk, "alert")
    took, late = press_all(kiosk, subscriber)
    subscriber.close()
    if late:
        print(f"  (busy machine: {late} trains of edges were sent too late and were made again)")
    return took


def peer_latency(kiosk, count=PRESSES // 2):
    """A script's publish, from the call to the subscriber."""
    broker = kiosk.brokers[0]
    account, password = PEER
    subscriber = Subscriber(kiosk, "bench")
    client = paho_client(account)
    client.username_pw_set(account, password)
    client.tls_set(ca_certs=str(broker.ca))
    client.connect(broker.host, broker.port)
    client.loop_start()
    wait.until(client.is_connected, "the peer's connection")
    began = []
    for _ in range(count):
        began.append(now())
        client.publish(f"{kiosk.place}/bench", bytes(768), qos=1)
        time.sleep(PEER_SPACING_S)
    wait.until(lambda: len(subscriber.received()) >= count, "the peer's messages", 10, every=0.2)
    got = subscriber.received()
    subscriber.close()
    client.disconnect()
    client.loop_stop()
    return [(at - zero) / MS for (at, _), zero in zip(got, began)]


SWITCH_CONF = {"switch front": None,
               **{f"switch s{i}": {"line": f"sim:s{i}", "debounce": "1ms", "press_max": "100ms",
                                   "gap": "100ms", "hold": "1s", "code": 4}
                  for i in range(SWITCHES)}}


def bench(report):
    report.heading(f"Gesture complete to message in the subscriber, {PRESSES} presses, over TLS")
    kiosk = Kiosk("b", scaled=False, conf=SWITCH_CONF)
    for account, password in (("eye", "eye-password"), PEER):
        kiosk.brokers[0].account("bench", account, password)
    with kiosk:
        kiosk.start()
        peer = peer_latency(kiosk)
        say(report, "porchlightd, made durable first", kiosk_latency(kiosk), peer)
