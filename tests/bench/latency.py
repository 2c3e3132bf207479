"""From the moment a gesture is complete to the message in a subscriber, over TLS on loopback.

How it is pressed and received is in pressing.py. Beside it in the same run, by TLS and QoS 1 as well:
`mosquitto_pub -l` and Node-RED, from a line to the subscriber; and the kiosk itself with a card that takes
400 ms a write.
"""

import contextlib
import shutil
import subprocess
import time

from tests.bench.peers import NodeRed, Publisher, latency
from tests.bench.pressing import SOON, SWITCH_CONF, SWITCHES, Subscriber, arrival, press_all
from tests.bench.report import percentile
from tests.kit import input_devices, wait
from tests.kit.card import Card
from tests.kit.gateway import BASE, Gateway
from tests.kit.kiosk import Kiosk
from tests.kit.place import fresh
from tests.kit.wires import MS, now

PRESSES, BUTTON_PRESSES = 1000, 200
SLOW_PRESSES, SLOW_MS = 200, 400
PEERS = {"mosquitto_pub -l": (Publisher, "pub", "pub-password"),
         "Node-RED 4": (NodeRed, "red", "red-password")}
HOLD = 200 * MS


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
