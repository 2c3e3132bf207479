"""A broker that answers whatever MQTT allows, at any packet: codes, properties, silence, a goodbye, or
the end of the connection after any byte. What it was sent is kept."""

import socket
import ssl
import struct
import threading
import time
from dataclasses import dataclass, field

CONNECT, CONNACK, PUBLISH, PUBACK, SUBSCRIBE, SUBACK = 1, 2, 3, 4, 8, 9
PUBREC, PUBREL, PUBCOMP, UNSUBSCRIBE, UNSUBACK, AUTH = 5, 6, 7, 10, 11, 15
PINGREQ, PINGRESP, DISCONNECT = 12, 13, 14

# Properties of MQTT 5 by name: (identifier, how it is written).
PROPERTIES = {"session_expiry": (17, "I"), "assigned_id": (18, "s"), "keep_alive": (19, "H"),
              "response_information": (26, "s"), "server_reference": (28, "s"),
              "reason": (31, "s"), "receive_maximum": (33, "H"), "topic_alias": (34, "H"),
              "maximum_qos": (36, "B"), "retain": (37, "B"), "user": (38, "p"),
              "packet": (39, "I"), "wildcard": (40, "B"), "subscription_ids": (41, "B"),
              "shared": (42, "B")}


class HangUp:
    """In the place of an answer: the connection ends."""


class Silence:
    """In the place of an answer: none."""


@dataclass
class Goodbye:
    """In the place of an answer: DISCONNECT with this reason, so many bytes of it, and the end."""
    code: int
    properties: dict = field(default_factory=dict)
    after: int = None


@dataclass
class Cut:
    """The answer, and the end of the connection after so many bytes of it."""
    code: int
    after: int


@dataclass
class Behind:
    """This code in the answer, behind it these bytes, and the end of the connection."""
    code: int
    data: bytes


@dataclass
class Refused:
    """This code in the answer, and soon after it the end of the connection."""
    code: int


@dataclass
class Later:
    """This code, so many seconds later; what comes meanwhile is read."""
    code: int
    after: float


@dataclass
class WrongId:
    """This code, for the packet identifier that is so many further than the one that was sent."""
    code: int
    by: int = 1


@dataclass
class Other:
    """This code, in a packet of another kind: its first byte."""
    code: int
    head: int


@dataclass
class Dialect:
    """What it answers. Each is called with the connection and what came."""
    properties: dict = field(default_factory=dict)  # of CONNACK
    connack: object = lambda c: 0
    suback: object = lambda c, topic, qos: min(qos, 1)
    puback: object = lambda c, topic, qos, retain: 0
    versions: tuple = (4, 5)
    refusal: bytes = bytes([0x20, 2, 0, 1])  # to other versions
    raw: bytes = None  # in the place of CONNACK
    unasked: bytes = b""  # sent behind each answer to SUBSCRIBE or PUBLISH
    present: bool = False  # CONNACK says that it has a session
    lasts: float = None  # seconds after CONNACK, then `ending`
    ending: object = HangUp


def number(n):
    out = bytearray()
    while True:
        out.append(n % 128 | (0x80 if n >= 128 else 0))
        n //= 128
        if not n:
            return bytes(out)


def text(s):
    data = s.encode() if isinstance(s, str) else s
    return struct.pack("!H", len(data)) + data


def properties(values):
    out = b""
    for name, value in values.items():
        identifier, kind = PROPERTIES[name]
        out += bytes([identifier])
        out += (text(value) if kind == "s" else text(value[0]) + text(value[1]) if kind == "p"
                else struct.pack("!" + kind, value))
    return number(len(out)) + out


class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, n):
        self.at += n
        return self.data[self.at - n:self.at]

    def short(self):
        return struct.unpack("!H", self.take(2))[0]

    def text(self):
        return self.take(self.short()).decode()

    def skip_properties(self):
        n = shift = 0
        while True:
            b = self.take(1)[0]
            n, shift = n | (b & 127) << shift, shift + 7
            if b < 128:
                break
        self.take(n)

    def rest(self):
        return self.data[self.at:]


def matches(pattern, topic):
    if pattern == "#":
        return True
    return (topic.startswith(pattern[:-1]) and "/" not in topic[len(pattern) - 1:]
            if pattern.endswith("+") else pattern == topic)


class FakeBroker:
    """Listens on a port of its own, with TLS. `seen` has what came: (time, kind, fields)."""

    host = "localhost"

    def __init__(self, certificate, dialect, tls=lambda context: None):
        """`tls` changes how it speaks TLS."""
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls(self._context)
        self._context.load_cert_chain(*map(str, certificate))
        self.dialect = dialect
        self.seen, self.connections, self.retained = [], [], {}
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._ended = False
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while not self._ended:
            try:
                raw, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._one, args=(raw,), daemon=True).start()

    def _one(self, raw):
        made = None
        try:
            raw.settimeout(60)
            made = Connection(self, self._context.wrap_socket(raw, server_side=True))
            made.run()
        except (OSError, EOFError, ValueError, IndexError, struct.error):
            pass
        finally:
            if made in self.connections:
                self.connections.remove(made)
            try:
                raw.close()
                if made:
                    made.stream.close()
            except OSError:
                pass

    def note(self, kind, **what):
        self.seen.append((time.monotonic(), kind, what))

    def all(self, kind, **what):
        return [w for _, k, w in list(self.seen) if k == kind and
                all(w.get(name) == value for name, value in what.items())]

    def publications(self, name, taken=None):
        """PUBLISH packets on the topic of that name; `taken`: by 0x00 or 0x10."""
        return [w for w in self.all("publish") if w["topic"].split("/")[3:4] == [name] and
                taken in (None, w["taken"])]

    def give(self, topic, payload, retain=False):
        if retain:
            self.retained[topic] = payload
        for c in list(self.connections):
            if any(matches(p, topic) for p in c.subscribed):
                c.publish(topic, payload)

    def close(self):
        self._ended = True
        self._listener.close()
        for c in list(self.connections):
            c.end()


class Connection:
    def __init__(self, broker, stream):
        self.broker, self.stream = broker, stream
        self.level, self.subscribed, self.will = 0, [], None
        self._writing = threading.Lock()

    def end(self):
        """The thread that reads closes it: its descriptor's number could be another file's by the next
        read otherwise."""
        try:
            self.stream.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def _take(self, n):
        out = b""
        while len(out) < n:
            more = self.stream.recv(n - len(out))
            if not more:
                raise EOFError
            out += more
        return out

    def _packet(self):
        head, size, shift = self._take(1)[0], 0, 0
        while True:
            b = self._take(1)[0]
            size, shift = size | (b & 127) << shift, shift + 7
            if b < 128:
                return head, self._take(size)

    def _send(self, head, body, after=None):
        data = (bytes([head]) + number(len(body)) + body)[:after]
        with self._writing:
            self.stream.sendall(data)

    def publish(self, topic, payload):
        try:
            self._send(PUBLISH << 4, text(topic) + (b"\0" if self.level == 5 else b"") + payload)
        except (OSError, ValueError):
            pass

    def _answer(self, answer, head, write):
        """False: the connection is over. `write`: from a code to the packet's body."""
        if isinstance(answer, WrongId):
            body = write(answer.code)
            mid = (struct.unpack("!H", body[:2])[0] + answer.by) % 65536
            self._send(head, struct.pack("!H", mid) + body[2:])
            return True
        if isinstance(answer, Other):
            self._send(answer.head, write(answer.code))
            return True
        if answer is Silence:
            return True
        if answer is HangUp:
            return False
        if isinstance(answer, Goodbye):
            if self.level == 5:
                self._send(DISCONNECT << 4, bytes([answer.code]) + properties(answer.properties),
                           answer.after)
            return False
        if isinstance(answer, Refused):
            self._send(head, write(answer.code))
            threading.Timer(0.05, self.end).start()
            return True
        if isinstance(answer, Later):
            threading.Timer(answer.after, self._answer_if_there, (answer.code, head, write)).start()
            return True
        if isinstance(answer, Cut):
            self._send(head, write(answer.code), answer.after)
            return False
        if isinstance(answer, Behind):
            self._send(head, write(answer.code))
            with self._writing:
                self.stream.sendall(answer.data)
            return False
        self._send(head, write(answer))
        return True

    def _answer_if_there(self, answer, head, write):
        try:
            self._answer(answer, head, write)
        except (OSError, ValueError):
            pass

    def run(self):
        head, body = self._packet()
        if head >> 4 != CONNECT:
            return
        self._read_connect(Reader(body))
        d = self.broker.dialect
        self.broker.note("connect", level=self.level, id=self.id, will=self.will, user=self.user)
        if d.raw is not None:
            self.stream.sendall(d.raw)
            return
        if self.level not in d.versions:
            self.stream.sendall(d.refusal)
            return
        code = d.connack(self)
        more = properties(d.properties) if self.level == 5 else b""
        if not self._answer(code, CONNACK << 4, lambda c: bytes([d.present, c]) + more) or code != 0:
            return
        self.broker.connections.append(self)
        if d.lasts is not None:
            threading.Timer(d.lasts, self._end, (d.ending,)).start()
        while self._serve(*self._packet()):
            pass

    def _end(self, ending):
        self._answer_if_there(ending, 0, None)
        self.end()

    def _read_connect(self, r):
        r.text()
        self.level, flags, self.keep_alive = r.take(1)[0], r.take(1)[0], r.short()
        if self.level == 5:
            r.skip_properties()
        self.id = r.text()
        if flags & 4:
            if self.level == 5:
                r.skip_properties()
            topic = r.text()
            r.take(r.short())
            self.will = {"topic": topic, "qos": flags >> 3 & 3, "retain": bool(flags & 32)}
        self.user = r.text() if flags & 128 else None

    def _serve(self, head, body):
        kind, r = head >> 4, Reader(body)
        if kind == SUBSCRIBE:
            return self._on_subscribe(r)
        if kind == PUBLISH:
            return self._on_publish(head, r)
        if kind == PINGREQ:
            self._send(PINGRESP << 4, b"")
        return kind != DISCONNECT

    def _on_subscribe(self, r):
        mid = r.take(2)
        if self.level == 5:
            r.skip_properties()
        topic, options = r.text(), r.take(1)[0]
        answer = self.broker.dialect.suback(self, topic, options & 3)
        self.broker.note("subscribe", topic=topic, answer=answer)
        if isinstance(answer, int) and answer < 0x80:
            self.subscribed.append(topic)
        if not self._answer(answer, SUBACK << 4,
                            lambda c: mid + (b"\0" if self.level == 5 else b"") + bytes([c])):
            return False
        self._send_unasked()
        for kept, payload in list(self.broker.retained.items()):
            if topic in self.subscribed and matches(topic, kept):
                self.publish(kept, payload)
        return True

    def _send_unasked(self):
        if self.broker.dialect.unasked:
            with self._writing:
                self.stream.sendall(self.broker.dialect.unasked)

    def _on_publish(self, head, r):
        qos, retain = head >> 1 & 3, bool(head & 1)
        topic = r.text()
        mid = r.take(2) if qos else b""
        if self.level == 5:
            r.skip_properties()
        answer = self.broker.dialect.puback(self, topic, qos, retain)
        taken = answer is Silence or isinstance(answer, (Cut, Later, WrongId, Other)) or \
            (isinstance(answer, int) and answer < 0x80)
        self.broker.note("publish", topic=topic, qos=qos, retain=retain, taken=taken,
                         size=len(r.data))
        if taken:
            self.broker.give(topic, r.rest(), retain)
        if qos == 0 and isinstance(answer, (int, Later, WrongId, Other)):
            return True
        if not self._answer(answer, PUBACK << 4, lambda c: mid + (
                bytes([c, 0]) if self.level == 5 and c else b"")):
            return False
        self._send_unasked()
        return True
