"""Every answer that MQTT allows a broker, and what becomes of an alert: build/dialects.md has the table.
Where the broker allows the alert at all, it leaves; where it costs something, that is named."""

import concurrent.futures
import ctypes
import threading
import time
from dataclasses import dataclass, field, replace

from tests.kit import doctor
from tests.kit.fake_broker import (AUTH, CONNACK, Cut, Dialect, FakeBroker, Goodbye, HangUp, Other,
                                   PINGREQ, PINGRESP, PUBACK, PUBCOMP, PUBLISH, PUBREC, PUBREL,
                                   Refused, Silence, SUBACK, SUBSCRIBE, UNSUBACK, WrongId)
from tests.kit.kiosk import FAST, Kiosk
from tests.kit.place import ROOT
from tests.kit.wait import until

CONNACK_5 = [0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8a, 0x8c, 0x90, 0x95, 0x97,
             0x99, 0x9a, 0x9b, 0x9c, 0x9d, 0x9f]
SUBACK_5 = [0x80, 0x83, 0x87, 0x8f, 0x91, 0x97, 0x9e, 0xa1, 0xa2]
PUBACK_5 = [0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99]
# Of DISCONNECT, what is said of each. Where the code says no more than that something was wrong, what was
# tried last may be blamed, as a right that is missing.
DISCONNECT_5 = {
    0x80: ("it gives no reason", "broker", "rights"), 0x81: ("it cannot read the packet", "broker", "rights"),
    0x82: ("protocol error", "broker", "rights"), 0x83: ("it does not accept this", "broker", "rights"),
    0x87: ("not authorized", "rights"), 0x89: ("it is busy", "broker"),
    0x8b: ("it is shutting down", "broker"), 0x8d: ("it has received nothing from here", "broker"),
    0x8e: ("another client has connected with this id", "broker"), 0x8f: ("this topic filter", "limits"),
    0x90: ("this topic name", "limits"), 0x93: ("too many unacknowledged messages", "limits"),
    0x94: ("topic alias invalid", "limits"), 0x95: ("the message is too large", "limits"),
    0x96: ("too many messages a second", "limits"), 0x97: ("a quota of this account is used up", "limits"),
    0x98: ("its operator has ended the connection", "broker"), 0x99: ("this payload", "limits"),
    0x9a: ("it keeps no retained messages", "limits"), 0x9b: ("QoS 0 at most", "limits"),
    0x9c: ("it wants another server", "broker"), 0x9d: ("it has moved to another server", "broker"),
    0x9e: ("no shared subscriptions", "limits"), 0x9f: ("too many connections", "limits"),
    0xa0: ("it ends connections after a while", "limits"), 0xa1: ("no subscription ids", "limits"),
    0xa2: ("no wildcard subscriptions", "limits")}
CUE_NO_PATH, CUE_FAULT, CUE_NOBODY, CUE_ACCEPTED = 1 << 5, 1 << 7, 1 << 4, 1 << 1


@dataclass
class Row:
    name: str
    dialect: Dialect
    leaves: bool = True  # the broker allows the alert
    faults: tuple = ("fine",)  # one of these is what status shows
    delivery: object = "handed over"  # or several, of which it is one
    says: str = ""  # the log does
    connects: int = 60  # at most, in the seconds that a row takes
    found: dict = field(default_factory=dict)


def ends_at_pingreq():
    """libmosquitto of Debian 13 (2.0.21) does, as at SUBSCRIBE and AUTH; that of Debian 12 (2.0.11)
    answers."""
    parts = [ctypes.c_int() for _ in range(3)]
    ctypes.CDLL("libmosquitto.so.1").mosquitto_lib_version(*map(ctypes.byref, parts))
    return tuple(part.value for part in parts) >= (2, 0, 21)


def name_of(topic):
    return topic.split("/")[3]


def puback_on(name, answer, ring=0x10):
    """No relay is there, unless `ring` says so: what it was given counts as handed over too."""
    return lambda c, topic, qos, retain: (answer if name_of(topic) == name else
                                          ring if name_of(topic) == "ring" else 0)


def suback_on(name, answer):
    return lambda c, topic, qos: answer if name in ("*", name_of(topic)) else min(qos, 1)


def at_first(times, answer, otherwise, match=lambda *what: True):
    """`answer` to the first `times` packets that match, then what `otherwise` says."""
    left = [times]

    def one(*what):
        if left[0] > 0 and match(*what):
            left[0] -= 1
            return answer
        return otherwise(*what)
    return one


def refuses_will(code, what):
    """CONNACK with this code to a will that asks for too much."""
    return lambda c: code if c.will and what(c.will) else 0


def properties():
    limited = ("limits",)
    yield Row("nothing special", Dialect())
    for name, value in [("receive_maximum", 1), ("receive_maximum", 65535), ("topic_alias", 0),
                        ("topic_alias", 10), ("session_expiry", 0), ("session_expiry", 60),
                        ("keep_alive", 1), ("keep_alive", 2), ("keep_alive", 600), ("packet", 1024),
                        ("packet", 268435455), ("maximum_qos", 1), ("retain", 1), ("wildcard", 1),
                        ("subscription_ids", 0), ("shared", 0), ("reason", "welcome"),
                        ("user", ("a", "b")), ("response_information", "x"),
                        ("server_reference", "other.example.org")]:
        yield Row(f"CONNACK {name} {value}", Dialect(properties={name: value}))
    yield Row("CONNACK assigned_id beside an id of ours", Dialect(properties={"assigned_id": "x"}),
              connects=8)
    for name, strict in (("takes wills that ask for more", lambda c: 0),
                         ("refuses them", refuses_will(0x9b, lambda w: w["qos"] > 0))):
        yield Row(f"CONNACK maximum_qos 0, {name}",
                  Dialect(properties={"maximum_qos": 0}, connack=strict), faults=limited,
                  delivery="unproved", connects=6)
    for name, strict, drop in (
            ("takes all", lambda c: 0, None),
            ("refuses wills", refuses_will(0x9a, lambda w: w["retain"]), None),
            ("hangs up at retained messages", lambda c: 0, HangUp),
            ("says goodbye at retained messages", lambda c: 0, Goodbye(0x9a))):
        yield Row(f"CONNACK retain 0, {name}",
                  Dialect(properties={"retain": 0}, connack=strict,
                          puback=lambda c, t, q, r, d=drop: d if r and d else 0),
                  faults=limited, connects=6)
    yield Row("CONNACK wildcard 0", Dialect(properties={"wildcard": 0}, suback=lambda c, t, q:
                                            0xa2 if "+" in t else min(q, 1)), faults=limited)
    for size in (64, 256, 800):
        yield Row(f"CONNACK packet {size}", Dialect(properties={"packet": size}), leaves=False,
                  faults=limited, delivery="denied")


def connack_codes():
    wants_no_will = {0x90, 0x95, 0x9a, 0x9b}
    for code in CONNACK_5:
        faults = (("credentials",) if code in (0x85, 0x86, 0x87, 0x8a, 0x8c) else
                  ("limits",) if code in (0x90, 0x95, 0x97, 0x99, 0x9a, 0x9b, 0x9f) else ("broker",))
        yield Row(f"CONNACK {code:#x} always", Dialect(connack=lambda c, code=code: code),
                  leaves=False, faults=faults, delivery="pending")
    for code in sorted(wants_no_will | {0x87}):
        yield Row(f"CONNACK {code:#x} to a will", Dialect(connack=refuses_will(code, bool)),
                  faults=("limits",), connects=8,
                  delivery="unproved" if code == 0x9b else "handed over")
    # The last one is cut within a character.
    for words in ("a\u202eb", "é" * 300, "x" + "é" * 300):
        yield Row(f"CONNACK 0x87 with the words {ascii(words[:9])}", Dialect(
            connack=lambda c: 0x87, properties={"reason": words}), leaves=False,
            faults=("credentials",), delivery="pending")
    yield Row("CONNACK 0x85 to an id of ours", Dialect(connack=lambda c: 0x85 if c.id else 0),
              connects=6)
    yield Row("CONNACK 0x9c with a server", Dialect(
        connack=lambda c: 0x9c, properties={"server_reference": "other.example.org"}), leaves=False,
        faults=("broker",), delivery="pending")
    yield Row("3.1.1 only, and hangs up at MQTT 5",
              Dialect(connack=lambda c: HangUp if c.level == 5 else 0), delivery="unproved", connects=8)
    for times in (1, 2, 3, 4):
        yield Row(f"hangs up {times} times at CONNECT, then speaks MQTT 5",
                  Dialect(connack=at_first(times, HangUp, lambda c: 0)), connects=9)
    yield Row("CONNACK with a session of before", Dialect(present=True))
    for refusal in (bytes([0x20, 2, 0, 1]), bytes([0x20, 3, 0, 0x84, 0])):
        yield Row(f"3.1.1 only ({refusal.hex()}), CONNACK with a session of before",
                  Dialect(versions=(4,), refusal=refusal, present=True), delivery="unproved", connects=6)
        old = Dialect(versions=(4,), refusal=refusal)
        yield Row(f"3.1.1 only, says so by {refusal.hex()}", old, delivery="unproved", connects=6)
        for code in (1, 2, 3, 4, 5):
            yield Row(f"3.1.1 only ({refusal.hex()}), CONNACK {code}",
                      replace(old, connack=lambda c, code=code: code), leaves=False,
                      faults=("credentials",) if code in (2, 4, 5) else ("broker",),
                      delivery="pending")
        yield Row(f"3.1.1 only ({refusal.hex()}), SUBACK 0x80 to commands",
                  replace(old, suback=suback_on("command", 0x80)), faults=("rights",),
                  delivery="unproved", connects=6)
        yield Row(f"3.1.1 only ({refusal.hex()}), hangs up at retained messages",
                  replace(old, puback=lambda c, t, q, r: HangUp if r else 0), faults=("limits",),
                  delivery="unproved", connects=10)


def subscriptions():
    for topic in ("presence", "state", "beat", "ack", "command", "enrol", "relay", "*"):
        for code in SUBACK_5 if topic in ("command", "*") else [0x87]:
            yield Row(f"SUBACK {code:#x} on {topic}", Dialect(suback=suback_on(topic, code)),
                      faults=("rights", "limits", "broker"))
        yield Row(f"hangs up at SUBSCRIBE {topic}", Dialect(suback=suback_on(topic, HangUp)),
                  faults=("rights",) if topic != "*" else ("rights", "broker"),
                  connects=8 if topic != "*" else 14)
    for answer, how in ((HangUp, "hangs up"), (Goodbye(0x8b), "says goodbye 0x8b")):
        yield Row(f"{how} once at SUBSCRIBE command", Dialect(suback=at_first(
            1, answer, lambda c, t, q: min(q, 1), lambda c, t, q: name_of(t) == "command")),
            connects=4)
    yield Row("SUBACK 0x87 on command, then hangs up", Dialect(suback=suback_on("command", Refused(0x87))),
              faults=("rights",), connects=4)
    yield Row("goodbye 0x87 at SUBSCRIBE command",
              Dialect(suback=suback_on("command", Goodbye(0x87, {"reason": "no"}))),
              faults=("rights",), connects=8)
    yield Row("no SUBACK at all", Dialect(suback=suback_on("*", Silence)), faults=("beat",))
    for after in range(0, 6):
        yield Row(f"ends after {after} bytes of SUBACK command",
                  Dialect(suback=suback_on("command", Cut(0, after))), faults=("rights",), connects=8)


def publications():
    for topic in ("state", "presence", "notice"):
        for code in PUBACK_5 if topic == "state" else [0x87]:
            yield Row(f"PUBACK {code:#x} on {topic}", Dialect(puback=puback_on(topic, code)),
                      faults=("rights", "limits", "broker"))
        yield Row(f"hangs up at PUBLISH {topic}", Dialect(puback=puback_on(topic, HangUp)),
                  faults=("rights", "limits"), connects=10)
        yield Row(f"no PUBACK on {topic}", Dialect(puback=puback_on(topic, Silence)),
                  faults=("broker",))
    yield Row("PUBACK 0x10 on everything", Dialect(puback=lambda *a: 0x10), delivery="no subscriber")
    yield Row("PUBACK 0x10 on alert", Dialect(puback=puback_on("alert", 0x10)), delivery="no subscriber")
    yield Row("PUBACK 0x10 on alert, and a relay has the ring",
              Dialect(puback=puback_on("alert", 0x10, ring=0)))
    for code in PUBACK_5:
        yield Row(f"PUBACK {code:#x} on alert", Dialect(puback=puback_on("alert", code)),
                  leaves=False, faults=("rights", "limits", "broker"), delivery="denied")
    yield Row("no PUBACK on alert", Dialect(puback=puback_on("alert", Silence)), faults=("broker",),
              says="an alert is not acknowledged", delivery="pending", connects=6)
    yield Row("hangs up at PUBLISH alert", Dialect(puback=puback_on("alert", HangUp)), leaves=False,
              faults=("rights", "broker"), delivery="pending")
    yield Row("hangs up at PUBLISH beat", Dialect(puback=puback_on("beat", HangUp)),
              faults=("rights",), connects=10)
    yield Row("hangs up once at a retained message", Dialect(puback=at_first(
        1, HangUp, lambda *a: 0, lambda c, t, q, r: r)), connects=4)
    yield Row("hangs up at retained messages", Dialect(puback=lambda c, t, q, r: HangUp if r else 0),
              faults=("limits",), connects=8)
    for after in range(1, 4):
        yield Row(f"ends after {after} bytes of PUBACK state",
                  Dialect(puback=puback_on("state", Cut(0, after))), faults=("rights", "limits"),
                  connects=10)


def strange():
    """Answers that MQTT does not allow, and packets that nobody asked for."""
    every = lambda answer: lambda *what: answer
    for by in (1, -1, 1000):
        yield Row(f"PUBACK for another message ({by:+}) always",
                  Dialect(puback=every(WrongId(0, by))), faults=("broker",),
                  delivery=("pending", "unproved"), connects=10)
        yield Row(f"PUBACK for another message ({by:+}) on alert",
                  Dialect(puback=puback_on("alert", WrongId(0, by), ring=0)), faults=("broker",),
                  delivery=("pending", "unproved"), connects=10)
    for name, head in (("PUBREC", PUBREC << 4), ("PUBCOMP", PUBCOMP << 4), ("SUBACK", SUBACK << 4)):
        yield Row(f"{name} in the place of PUBACK", Dialect(puback=every(Other(0, head))),
                  faults=("broker", "rights", "limits"), delivery=("pending", "unproved"),
                  connects=14)
        yield Row(f"{name} in the place of PUBACK on alert",
                  Dialect(puback=puback_on("alert", Other(0, head))),
                  faults=("broker", "rights", "limits"), delivery=("pending", "unproved"),
                  connects=14)
    yield Row("SUBACK for another subscription always", Dialect(suback=every(WrongId(0))),
              faults=("beat",))
    mid = bytes([0x77, 0x77])
    for name, packet, faults, delivery, connects in (
            ("PUBACK", bytes([PUBACK << 4, 2]) + mid, ("broker",), "unproved", 4),
            ("PUBACK 0", bytes([PUBACK << 4, 2, 0, 0]), ("broker",), "handed over", 60),
            ("PUBREC", bytes([PUBREC << 4, 2]) + mid, ("fine",), "handed over", 4),
            ("PUBREL", bytes([PUBREL << 4 | 2, 2]) + mid, ("fine",), "handed over", 4),
            ("PUBCOMP", bytes([PUBCOMP << 4, 2]) + mid, ("fine",), "handed over", 4),
            ("SUBACK", bytes([SUBACK << 4, 4]) + mid + bytes(2), ("fine",), "handed over", 4),
            ("UNSUBACK", bytes([UNSUBACK << 4, 4]) + mid + bytes(2), ("fine",), "handed over", 4),
            ("PINGREQ", bytes([PINGREQ << 4, 0]), ("broker",) if ends_at_pingreq() else ("fine",),
             "handed over", 60 if ends_at_pingreq() else 4),
            ("PINGRESP", bytes([PINGRESP << 4, 0]), ("fine",), "handed over", 4),
            ("CONNACK", bytes([CONNACK << 4, 3, 0, 0, 0]), ("fine",), "handed over", 4),
            ("SUBSCRIBE", bytes([SUBSCRIBE << 4 | 2, 7]) + mid + bytes([0, 0, 1]) + b"a\0",
             ("broker",), "handed over", 60),
            ("AUTH", bytes([AUTH << 4, 0]), ("broker",), "handed over", 60),
            ("PUBLISH on a topic of others", bytes([PUBLISH << 4, 6, 0, 1]) + b"x\0hi", ("fine",),
             "handed over", 4)):
        yield Row(f"{name} that nobody asked for", Dialect(unasked=packet), faults=faults,
                  delivery=delivery, connects=connects)


def endings():
    for code, (said, *faults) in DISCONNECT_5.items():
        yield Row(f"goodbye {code:#x} after half a second", Dialect(lasts=0.5, ending=Goodbye(code)),
                  faults=tuple(faults), says=said, delivery="unproved" if code == 0x9b else "handed over")
    # Which server that is cannot be said: libmosquitto drops the properties of DISCONNECT.
    for code in (0x9c, 0x9d):
        yield Row(f"goodbye {code:#x} with a server after half a second", Dialect(
            lasts=0.5, ending=Goodbye(code, {"server_reference": "other.example.org"})),
            faults=("broker",), says=DISCONNECT_5[code][0])
    yield Row("hangs up after half a second", Dialect(lasts=0.5), faults=("broker", "rights"),
              says="The connection was lost")
    for after in range(0, 5):
        yield Row(f"ends after {after} bytes of CONNACK", Dialect(connack=lambda c, n=after: Cut(0, n)),
                  leaves=False, faults=("broker",), delivery="pending")
    for name, raw in [("HTTP", b"HTTP/1.1 400 Bad Request\r\n\r\n"), ("zeroes", bytes(40)),
                      ("PUBACK", bytes([0x40, 2, 0, 1])), ("a long length", b"\x20\xff\xff\xff\xff\xff"),
                      ("CONNACK too long", bytes([0x20, 10, 0, 0, 0]))]:
        yield Row(f"{name} in the place of CONNACK", Dialect(raw=raw), leaves=False,
                  faults=("broker",), delivery="pending")
    # The library lets this pass as a connection, which ends before or after what is sent by it.
    yield Row("CONNACK with flags that there are none of", Dialect(raw=bytes([0x20, 3, 0xff, 0, 0])), leaves=False,
              faults=("broker",), delivery=("pending", "denied"), connects=150)


class Bench:
    """One kiosk after the other, each with a fake broker; a kiosk for each worker."""

    def __init__(self):
        self._mine = threading.local()
        self.kiosks = []

    def _kiosk(self):
        if not hasattr(self._mine, "kiosk"):
            made = Kiosk(conf={**FAST, "wipe": {"enabled": "no"}}, brokers=1)
            made.brokers = []
            self.kiosks.append(made)
            self._mine.kiosk, self._mine.certificate = made, made.authority.server("fake")
        return self._mine.kiosk

    def play(self, row):
        kiosk = self._kiosk()
        broker = FakeBroker(self._mine.certificate, row.dialect)
        try:
            kiosk.change({"broker b0": {"host": "localhost", "port": broker.port}})
            (kiosk.state / "record").unlink(missing_ok=True)
            kiosk.start(connected=False)
            self._press(kiosk, broker, row)
            kiosk.daemon.stop()
        finally:
            broker.close()
        return row

    def _press(self, kiosk, broker, row):
        def one():
            return kiosk.status()["brokers"][0]

        def settled():
            status = kiosk.status()
            alert = status["alert"] or {}
            return (one()["fault"] in row.faults and alert.get("delivery") in one_of(row.delivery) and
                    (not row.leaves or broker.publications("alert")))
        time.sleep(1)
        kiosk.wires().hold(0.35)
        end, opens = time.monotonic() + 40, True
        while not settled() and time.monotonic() < end:
            kiosk.wires().set("entrance", opens)  # a notice for staff, again and again
            opens = not opens
            for _ in range(20):
                if not settled():
                    time.sleep(0.05)
        status, said = kiosk.status(), doctor.ask(kiosk.prefix)["broker"]
        # A connection that comes and goes may be there just when doctor looks.
        while "fine" not in row.faults and time.monotonic() < end and (
                said["b0, porchlightd"].verdict == "ok" or
                status["brokers"][0]["fault"] not in row.faults):
            status, said = kiosk.status(), doctor.ask(kiosk.prefix)["broker"]
        row.found = {
            "left": bool(broker.publications("alert", taken=True)),
            "tried": bool(broker.publications("alert")),
            "connects": len(broker.all("connect")),
            "fault": status["brokers"][0]["fault"], "error": status["brokers"][0]["error"],
            "losses": status["brokers"][0]["losses"], "cue": status["cue"],
            "delivery": (status["alert"] or {}).get("delivery"),
            "doctor": said["b0, porchlightd"], "log": kiosk.daemon.said()}


def one_of(delivery):
    return (delivery,) if isinstance(delivery, str) else delivery


def wrongs(row):
    """What is not as it should be in this row."""
    f = row.found
    if row.leaves and not f["left"]:
        yield "the alert could have left, and did not"
    if f["fault"] not in row.faults:
        yield f"the fault is {f['fault']} and not {' or '.join(row.faults)}"
    if f["delivery"] not in one_of(row.delivery):
        yield f"status calls the alert {f['delivery']} and not {' or '.join(one_of(row.delivery))}"
    if "fine" not in row.faults and f["doctor"].verdict == "ok":
        yield "doctor finds nothing"
    if "fine" not in row.faults and not f["cue"] & (CUE_FAULT | CUE_NO_PATH):
        yield "the cue shows nothing"
    if not row.leaves and not f["cue"] & CUE_NO_PATH | f["cue"] & CUE_NOBODY:
        yield "the cue does not show that no alert can leave"
    if bool(f["cue"] & CUE_ACCEPTED) != (row.delivery == "handed over"):
        yield "the cue and the delivery disagree"
    if f["connects"] > row.connects:
        yield f"{f['connects']} connections"
    if not (f["error"] or "").isprintable() or "\ufffd" in (f["error"] or ""):
        yield f"status shows {f['error']!r}"
    if f["log"].count("\n") > 40:
        yield f"{f['log'].count(chr(10))} lines of log"
    if row.says not in f["log"]:
        yield f"the log does not say {row.says!r}"


def write(rows):
    out = ["| answer | connections | alert | status | doctor | cue |", "|---|---|---|---|---|---|"]
    for row in rows:
        f = row.found
        status = f["fault"] if f["error"] is None else f["error"]
        cells = [row.name, str(f["connects"]),
                 ("left" if f["left"] else "tried" if f["tried"] else "not sent") + ", "
                 + str(f["delivery"]), status, f"{f['doctor'].verdict}: {f['doctor'].said}",
                 f"{f['cue']:#x}"]
        out.append("| " + " | ".join(c.replace("|", "/").replace("\n", " ") for c in cells) + " |")
    (ROOT / "build/dialects.md").write_text("\n".join(out) + "\n")


def test_whatever_a_broker_answers_the_alert_leaves_if_it_may_and_what_it_costs_is_named():
    bench = Bench()
    rows = [r for part in (properties, connack_codes, subscriptions, publications, strange, endings)
            for r in part()]
    try:
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            rows = list(pool.map(bench.play, rows))
    finally:
        for kiosk in bench.kiosks:
            kiosk.close(quietly=True)
    write(rows)
    wrong = [f"{row.name}: {what}" for row in rows for what in wrongs(row)]
    assert not wrong, f"{len(wrong)} of {len(rows)} rows:\n" + "\n".join(wrong)
    assert len(rows) > 150


def test_an_account_without_rights_for_home_assistant_is_thrown_out_once_by_each_broker_not_once_a_topic():
    """As a RabbitMQ does it: the connection ends at each topic that the account may not use."""
    def hers(topic):
        return topic.startswith("homeassistant/") or "/entity/" in topic
    with Kiosk(conf={**FAST, "wipe": {"enabled": "no"}}, plain=True) as kiosk:
        broker = FakeBroker(kiosk.authority.server("fake"), Dialect(
            suback=lambda c, topic, qos: HangUp if hers(topic) else min(qos, 1),
            puback=lambda c, topic, qos, retain: HangUp if hers(topic) else 0))
        try:
            kiosk.change({"broker b0": {"host": "localhost", "port": broker.port}})
            kiosk.start(connected=False)
            until(lambda: broker.publications("state", taken=True), "a state")
            kiosk.wires().hold(0.35)
            until(lambda: broker.publications("alert", taken=True), "the alert")
            kiosk.daemon.stop()
        finally:
            broker.close()
        assert len(broker.all("connect")) == 2
        assert kiosk.daemon.said().count("homeassistant") <= 2
