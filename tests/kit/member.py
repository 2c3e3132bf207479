"""Subscribers: a member's phone made with paho and PyNaCl, and `porchlight listen`."""

import hashlib
import json
import ssl
import subprocess
import threading
import time
from dataclasses import dataclass, field

from tests.kit import process, wait
from tests.kit.place import program
from tests.kit.process import Process


@dataclass
class Received:
    """One message as it came. `text` is None where it could not be opened; `why` says why."""
    at: float  # time.monotonic()
    topic: str  # the last part: alert, state, presence, beat, notice
    wire: bytes = field(repr=False)
    retained: bool = False
    body: dict = None
    why: str = ""

    @property
    def kind(self):
        return self.body["kind"] if self.body else None

    def aged_since(self, began):
        """Its age is between the moment when it came and `began`, on the clock of `at`, when nothing
        had been pressed yet."""
        return 0 <= self.body["age_ms"] <= (self.at - began) * 1000


class Mailbox:
    """What came, in order, and waiting for it."""

    def __init__(self):
        self.received = []
        self.tell = None  # called with each Received, from the thread that read it

    def _take(self, got):
        self.received.append(got)
        if self.tell:
            self.tell(got)

    def all(self, kind=None, topic=None, **fields):
        return [r for r in list(self.received)
                if (kind is None or r.kind == kind) and (topic is None or r.topic == topic)
                and all(r.body and r.body.get(k) == v for k, v in fields.items())]

    def wait(self, kind=None, topic=None, within=wait.PATIENCE, count=1, **fields):
        """The count-th message like this (waiting for it), from the beginning of the mailbox."""
        def there():
            found = self.all(kind, topic, **fields)
            return found[count - 1] if len(found) >= count else None
        return wait.until(there, lambda: f"message {kind or ''} {topic or ''} {fields or ''} "
                          f"number {count}; came: {[(r.topic, r.body or r.why) for r in self.received]}",
                          within)


def paho_client(client_id, v5=True, **more):
    import paho.mqtt.client as mqtt
    args = {"client_id": client_id, "protocol": mqtt.MQTTv5 if v5 else mqtt.MQTTv311, **more}
    if hasattr(mqtt, "CallbackAPIVersion"):  # paho 2 needs to know which callbacks to call
        args["callback_api_version"] = mqtt.CallbackAPIVersion.VERSION1
    return mqtt.Client(**args)


def phone_seed(account):
    """Of the key of a phone that joined before the test: the account says it all."""
    return hashlib.blake2b(account.encode(), digest_size=32).digest()


def phone_key(account):
    """(public, secret) of that phone."""
    from nacl import bindings as na
    return na.crypto_sign_seed_keypair(phone_seed(account))


def enlist(state, phones):
    """Phones that have joined, as the kiosk's list has them: {account: role}. It is read when
    porchlightd starts."""
    path = state / "phones"
    lines = path.read_text().splitlines()[1:] if path.exists() else []
    lines += [f"{account} {role} in {phone_key(account)[0].hex()}" for account, role in phones.items()]
    path.write_text("".join(f"{line}\n" for line in ["porchlight phones 1", *sorted(lines)]))
    path.chmod(0o600)


class Member(Mailbox):
    """A phone. `keys` is a Keys (below) or None for a plain venue; `secret` its own key, by which it
    signs what it sends: phone_key's unless given."""

    def __init__(self, broker, account, password, keys=None, topics=None, v5=None,
                 patience=wait.PATIENCE, port=None, secret=None):
        super().__init__()
        self.account, self.answers = account, 0
        self.secret = secret or (phone_key(account)[1] if keys else None)
        self.keys = keys
        self.place = broker.place
        self._ready = threading.Event()
        self._wanted = topics or ["alert", "state", "presence", "beat"]
        self.client = paho_client(account, broker.v5 if v5 is None else v5)
        self.client.username_pw_set(account, password)
        self.client.tls_set(ca_certs=str(broker.ca), tls_version=ssl.PROTOCOL_TLS_CLIENT)
        self.client.on_connect = self._on_connect
        self.client.on_subscribe = lambda *_: self._ready.set()
        self.client.on_message = self._on_message
        self.client.connect(broker.host, port or broker.port, keepalive=10)
        self.client.loop_start()
        if not self._ready.wait(patience):
            self.close()
            raise AssertionError(f"{account} could not subscribe; the broker said: "
                                 f"{broker.said()[-2000:]}")

    def _on_connect(self, client, *_):
        client.subscribe([(f"{self.place}/{t}", 1) for t in self._wanted])

    def _on_message(self, _client, _data, message):
        now = time.monotonic()
        got = Received(now, message.topic.split("/", 3)[3], message.payload, bool(message.retain))
        try:
            got.body = json.loads(self._open(message.topic, message.payload))
        except Exception as why:  # whatever it is, the test wants to see it
            got.why = f"{type(why).__name__}: {why}"
        self._take(got)

    def _open(self, topic, payload):
        if not self.keys:
            return payload.decode()
        from tests.kit import envelope
        if topic.split("/")[3] in ("notice", "staff"):
            return self._open_box(topic, payload)
        epoch, seq, text = envelope.open_any(payload, self.keys.venue, self.keys.kiosk, topic)
        body = json.loads(text)
        if (body["epoch"], body["seq"]) != (epoch, seq):
            raise ValueError(f"inside {body['epoch']}/{body['seq']}, outside {epoch}/{seq}")
        return text

    def _open_box(self, topic, payload):
        from tests.kit import staff_box
        epoch, seq, signed_at, box = staff_box.check(payload, self.keys.kiosk, topic)
        _, venue, kiosk, _ = topic.split("/", 3)
        body = json.loads(staff_box.open_box(venue, kiosk, self.secret[32:], self.secret, box))
        return json.dumps({**body, "epoch": epoch, "seq": seq, "signed_at": signed_at})

    def write(self, topic, body, signer=None):
        """Seals (or in a plain venue does not) and publishes below this kiosk's name."""
        full, text = f"{self.place}/{topic}", json.dumps(body)
        if self.keys:
            from tests.kit import envelope
            text = envelope.seal_letter(text, self.keys.kiosk, full, signer or self.secret)
        sent = self.client.publish(full, text, qos=1)
        sent.wait_for_publish(10)
        assert sent.is_published(), f"{topic} was not taken"

    def answer(self, alert_id, kind="seen", number=None):
        """`number` counts this phone's answers to an alert."""
        self.answers = number or self.answers + 1
        self.write(f"ack/{self.account}",
                   {"v": 2, "kind": kind, "id": alert_id, "epoch": 0, "seq": self.answers,
                    "account": self.account})

    def subscribed(self, secret, account=None, signer=None):
        """Says, as the page does after each subscription, that one with this `auth` is its own: its hash."""
        account, hashed = account or self.account, hashlib.blake2b(secret, digest_size=16).hexdigest()
        self.write(f"ack/{account}", {"v": 2, "kind": "subscribed", "id": None, "epoch": 0, "seq": 0,
                                      "account": account, "hash": hashed}, signer)
        return hashed

    def close(self):
        self.client.disconnect()
        self.client.loop_stop()


class Listener(Mailbox):
    """`porchlight listen --json`: the member that a host has without a phone. `enter`: what runs it, in
    front of it."""

    def __init__(self, argv, log, env=None, enter=()):
        super().__init__()
        self.process = Process("listen", [*enter, program("porchlight"), "listen", *argv, "--json"], log,
                               env=env or process.environment(), stdout=subprocess.PIPE)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self.process.popen.stdout:
            now = time.monotonic()
            try:
                body = json.loads(line)
            except ValueError as why:
                self._take(Received(now, "", line, why=str(why)))
                continue
            self._take(Received(body["received_ns"] / 1e9, body.get("topic", ""), line,
                                body.get("retained", False), body))

    def close(self):
        if self.process.alive:
            self.process.stop()
        self._reader.join(5)
