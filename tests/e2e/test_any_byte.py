"""A broker ends the connection after any byte of any packet: the alert leaves at the next connection that
lets it, as one, and nothing that was tried meanwhile is left out for it afterwards."""

import json
from dataclasses import dataclass, field

from tests.kit import wait
from tests.kit.envelope import open_broadcast
from tests.kit.fake_broker import (CONNACK, Behind, Cut, Dialect, FakeBroker, Goodbye, PUBLISH,
                                   Silence, number, properties, text)
from tests.kit.kiosk import FAST, TIMING, Kiosk

# A CONNACK that says all that an honest broker may say, and that limits nothing.
SAID = {"session_expiry": 0, "receive_maximum": 20, "maximum_qos": 1, "retain": 1, "packet": 4096,
        "topic_alias": 0, "reason": "hello", "user": ("a", "b"), "wildcard": 1, "subscription_ids": 1,
        "shared": 1, "keep_alive": 5}
READ = ("presence", "state", "beat", "ack", "command", "enrol", "relay", "root")
GIVEN = ("presence", "state", "staff", "notice", "beat")
PUBACK_SIZE, SUBACK_SIZE = 4, 6


@dataclass
class End:
    """How one connection ends: what it answers, in the place of its usual answers."""
    name: str
    connack: object = 0
    puback: object = 0x10  # of the alert: nobody is there to read it, so it comes again
    suback: dict = field(default_factory=dict)  # by the topic's name
    alerts: int = 0  # that it was given
    lets: bool = True  # it comes so far that an alert can be given


def delivered(kiosk):
    topic = f"{kiosk.place}/state"
    body = text(topic) + b"\0" + bytes(12)
    return bytes([PUBLISH << 4]) + number(len(body)) + body


def ends(kiosk):
    size = len(bytes([CONNACK << 4]) + number(2) + bytes(2) + properties(SAID))
    for after in range(size):
        yield End(f"{after} bytes of CONNACK", connack=Cut(0, after), lets=False)
    for after in range(PUBACK_SIZE):
        yield End(f"{after} bytes of the alert's PUBACK", puback=Cut(0x10, after))
    for name in READ:
        for after in range(SUBACK_SIZE + 1):
            yield End(f"{after} bytes of SUBACK {name}", suback={name: Cut(0, after)})
    whole = delivered(kiosk)
    for after in range(len(whole) + 1):
        yield End(f"{after} bytes of a PUBLISH", suback={"state": Behind(0, whole[:after])})
    size = len(bytes(3) + properties({"reason": "enough"}))
    for after in range(size + 1):
        yield End(f"{after} bytes of DISCONNECT",
                  suback={"command": Goodbye(0x80, {"reason": "enough"}, after)})


class Ending(FakeBroker):
    """Ends each connection as `ends` says, one after the other; then it is as any other."""

    def __init__(self, certificate):
        self.ends, self.alerts = [], []
        super().__init__(certificate, Dialect(SAID, self._connack, self._suback, self._puback))

    def _connack(self, c):
        c.end_as = self.ends.pop(0) if self.ends else None
        return c.end_as.connack if c.end_as else 0

    @staticmethod
    def _suback(c, topic, qos):
        usual = min(qos, 1)
        return c.end_as.suback.get(topic.split("/")[3], usual) if c.end_as else usual

    @staticmethod
    def _puback(c, topic, qos, retain):
        del qos, retain
        name = topic.split("/")[3]
        if not c.end_as:
            return 0
        c.end_as.alerts += name == "alert"
        return {"alert": c.end_as.puback, "ring": 0x10}.get(name, 0)

    def give(self, topic, payload, retain=False):
        if topic.endswith("/alert"):
            self.alerts.append((topic, payload))
        super().give(topic, payload, retain)


def test_a_connection_that_ends_at_any_byte_costs_no_alert_and_doubles_none():
    kiosk = Kiosk(conf={**FAST, "timing": {**TIMING, "backoff": "20ms", "backoff_max": "40ms"}})
    kiosk.brokers = []
    broker = Ending(kiosk.authority.server("fake"))
    kiosk.change({"broker b0": {"host": "localhost", "port": broker.port}})
    played = list(ends(kiosk))
    try:
        with kiosk:
            kiosk.start()
            kiosk.wires().set("entrance", True)  # a notice
            wait.until(lambda: all(broker.publications(n) for n in GIVEN), "all that it is given at first")
            wait.until(lambda: len(broker.publications("beat")) > 4, "time enough for what nobody confirms")
            broker.ends = list(played)
            for c in list(broker.connections):
                c.end()
            kiosk.wires().hold(0.4)
            wait.until(lambda: not broker.ends, lambda: f"{len(broker.ends)} ends more", 120)
            wait.until(lambda: (kiosk.status()["alert"] or {}).get("delivery") == "handed over",
                       kiosk.status, 30)
            beats = len(broker.publications("beat"))
            wait.until(lambda: len(broker.publications("beat")) > beats + 7, "a connection that lasts")
            nth = len(broker.all("connect"))
            for c in list(broker.connections):
                c.end()  # it may have guessed at CONNACK that the will is not wanted; the next one has it
            wait.until(lambda: len(broker.all("connect")) > nth and
                       any({name.split("/")[3] for name in c.subscribed} == set(READ)
                           for c in list(broker.connections)),
                       lambda: f"all subscriptions: {[c.subscribed for c in broker.connections]}")
            wait.until(lambda: kiosk.status()["brokers"][0]["fault"] == "fine",
                       lambda: kiosk.status()["brokers"][0])
            assert kiosk.status()["brokers"][0]["losses"] == ""
            assert broker.all("connect")[-1]["will"]
    finally:
        broker.close()
    without = [e.name for e in played if e.lets and e.alerts == 0]
    assert not without, f"no alert was sent before the connection ended after {without}"
    opened = {open_broadcast(payload, kiosk.keys.venue, kiosk.keys.kiosk, topic)[2]
              for topic, payload in broker.alerts}
    assert len({json.loads(body)["id"] for body in opened}) == 1, opened


def test_a_new_connection_begins_with_the_alert_that_the_one_before_did_not_confirm():
    """Its thread is a new one, after ten seconds without an answer, and after a reload."""
    with Kiosk(conf=FAST) as kiosk:
        broker = FakeBroker(kiosk.authority.server("fake"), Dialect(
            puback=lambda c, topic, qos, retain: {"alert": Silence, "ring": 0x10}.get(topic.split("/")[-1], 0)))
        kiosk.change({"broker b0": {"port": broker.port}})

        def begun(nth):
            """What came by the nth connection first."""
            seen = [(kind, what.get("topic", "").split("/")[-1]) for _, kind, what in list(broker.seen)]
            at = [i for i, (kind, _) in enumerate(seen) if kind == "connect"]
            return seen[at[nth] + 1:at[nth] + 2] if len(at) > nth else []
        try:
            kiosk.start()
            kiosk.wires().hold(0.4)
            wait.until(lambda: begun(1), "another connection", 40)
            assert begun(1) == [("publish", "alert")]
            kiosk.reload()
            wait.until(lambda: begun(2), "another connection", 40)
            assert begun(2) == [("publish", "alert")]
            kiosk.daemon.stop()
        finally:
            broker.close()
