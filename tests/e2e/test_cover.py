"""With cover, whoever watches the wire sees the same packets in the same slots, alert or not."""

import socket
import threading
import time

from tests.kit.kiosk import FAST, Kiosk

SLOT_S = 2.0


class Tap:
    """Between kiosk and broker: notes when each TLS record of application data passed from the
    kiosk, and its length, which is all that a watcher of the wire has."""

    def __init__(self, port):
        self.records = []  # (time.monotonic(), length)
        self._to = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            far = socket.create_connection(("127.0.0.1", self._to))
            threading.Thread(target=self._carry, args=(near, far, True), daemon=True).start()
            threading.Thread(target=self._carry, args=(far, near, False), daemon=True).start()

    def _carry(self, source, sink, ours):
        waiting = b""
        try:
            while data := source.recv(65536):
                sink.sendall(data)
                waiting += data if ours else b""
                while len(waiting) >= 5 and len(waiting) >= 5 + int.from_bytes(waiting[3:5], "big"):
                    length = int.from_bytes(waiting[3:5], "big")
                    if waiting[0] == 23:
                        self.records.append((time.monotonic(), length))
                    waiting = waiting[5 + length:]
        except OSError:
            pass
        finally:
            sink.close()

    def slots(self, since, until):
        """The lengths that passed in each slot: records less than half a slot apart are one's."""
        slots, last = [], None
        for at, length in [r for r in self.records if since <= r[0] < until]:
            if last is None or at - last > SLOT_S / 2:
                slots.append([])
            slots[-1].append(length)
            last = at
        return slots[1:-1]  # the first and the last may be cut

    def close(self):
        self._listener.close()


# MQTT's own PINGREQ (2 bytes) and the PUBACK (4) for what the kiosk receives are no part of a slot.
def publications(slots):
    return [sorted(n for n in slot if n > 200) for slot in slots]


def test_the_wire_looks_the_same_with_and_without_an_alert():
    with Kiosk(conf={**FAST, "kiosk": {"cover": "yes"}}) as kiosk:
        tap = Tap(kiosk.brokers[0].port)
        kiosk.change({"broker b0": {"port": tap.port}})
        kiosk.start()
        member, staff, wires = kiosk.member(), kiosk.member("staff"), kiosk.wires()
        time.sleep(SLOT_S)
        calm = time.monotonic()
        time.sleep(5 * SLOT_S)
        pressed = time.monotonic()
        wires.hold(0.4)
        time.sleep(0.3)
        wires.presses(6, on=0.05, off=0.05)
        wires.set("entrance", True)
        member.wait("lockdown", "alert")
        staff.wait("duress", "notice")
        staff.wait("duress", "staff")
        staff.wait("state", "state", state="lockdown", unconfirmed=True)
        time.sleep(max(0.0, pressed + 5 * SLOT_S - time.monotonic()))
        before = publications(tap.slots(calm, pressed))
        after = publications(tap.slots(pressed, time.monotonic()))
        assert len(before) >= 3 and len(after) >= 3
        assert len({tuple(s) for s in before}) == 1, before
        assert {tuple(s) for s in after} == {tuple(before[0])}, (before[0], after)
        tap.close()


def test_without_cover_the_same_measure_sees_the_alert():
    with Kiosk(conf=FAST) as kiosk:
        tap = Tap(kiosk.brokers[0].port)
        kiosk.change({"broker b0": {"port": tap.port}, "timing": {"beat": "2s", "state": "1min"}})
        kiosk.start()
        time.sleep(SLOT_S)
        calm = time.monotonic()
        time.sleep(5 * SLOT_S)
        pressed = time.monotonic()
        kiosk.wires().hold(0.4)
        time.sleep(5 * SLOT_S)
        before = publications(tap.slots(calm, pressed))
        after = publications(tap.slots(pressed - 1, time.monotonic()))
        assert {tuple(s) for s in after} != {tuple(s) for s in before}
        tap.close()
