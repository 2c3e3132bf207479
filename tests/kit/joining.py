"""A new phone, as kiosk/phone/core/enrol.js is one, in another language: it redeems an invitation
over the real wire and becomes a member. Made with paho and PyNaCl."""

import base64
import hashlib
import json
import secrets
import ssl
import struct
import threading
from dataclasses import dataclass, field

from nacl import bindings as na

from tests.kit import envelope, wait
from tests.kit.kiosk import Keys
from tests.kit.member import Member, paho_client


@dataclass
class Invitation:
    """What a link holds, as kiosk/core/invitation.h lays it out. Ids in hex, keys in bytes."""
    account: str
    venue: str
    kiosk: str
    expires: int
    kiosk_public: bytes
    root_public: bytes
    secret: bytes
    password: str
    brokers: list
    staff: bool = False
    pins: list = field(default_factory=list)  # of each broker: 32 bytes, or none
    push: str = ""
    spare: bool = False

    def fragment(self):
        def counted(data):
            return bytes([len(data)]) + data
        pins = self.pins or [b""] * len(self.brokers)
        data = (bytes([envelope.VERSION, self.staff + 2 * self.spare]) + bytes.fromhex(self.account)
                + bytes.fromhex(self.venue) + bytes.fromhex(self.kiosk)
                + struct.pack(">I", self.expires) + self.kiosk_public + self.root_public
                + self.secret + counted(self.password.encode()) + bytes([len(self.brokers)])
                + b"".join(counted(b.encode()) + counted(p) for b, p in zip(self.brokers, pins))
                + counted(self.push.encode()))
        return base64.urlsafe_b64encode(data).rstrip(b"=").decode()

    def _mac(self, purpose, *parts):
        return hashlib.blake2b(purpose + b"\0" + b"".join(parts), key=self.secret, digest_size=32)

    def _parties(self, phone):
        return bytes.fromhex(self.venue + self.kiosk + self.account) + phone

    def letter_mac(self, phone, staff, password):
        hashed = hashlib.blake2b(password.encode(), digest_size=32).digest()
        return self._mac(b"porchlight-letter", self._parties(phone), bytes([staff]), hashed).hexdigest()

    def welcome_mac(self, phone, key):
        return self._mac(b"porchlight-welcome", self._parties(phone), key, self.kiosk_public,
                         self.root_public).hexdigest()

    def digits(self, phone, nonce):
        number = int.from_bytes(self._mac(b"porchlight-digits", phone, nonce).digest()[:8], "big")
        return f"{number % 10**6:06}"


def read_link(link):
    text = link.split("#i=", 1)[1]
    data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    assert data[0] == envelope.VERSION and data[1] < 4
    at = 126

    def counted():
        nonlocal at
        start = at + 1
        at = start + data[at]
        return data[start:at]
    password = counted().decode()
    at += 1
    each = [(counted().decode(), counted()) for _ in range(data[at - 1])]
    made = Invitation(data[2:10].hex(), data[10:18].hex(), data[18:26].hex(),
                      int.from_bytes(data[26:30], "big"), data[30:62], data[62:94], data[94:126],
                      password, [b for b, _ in each], bool(data[1] & 1), [p for _, p in each],
                      counted().decode(), bool(data[1] & 2))
    assert at == len(data)
    return made


def open_welcome(wire, public, secret, kiosk_public, topic):
    """The text that the kiosk sealed to this phone; envelope.Refused for anything else."""
    if len(wire) != envelope.SIZE or wire[:2] != envelope.head(envelope.WELCOME):
        raise envelope.Refused("no welcome")
    _, venue, kiosk, _ = topic.split("/", 3)
    inner = na.crypto_box_seal_open(wire[2:], na.crypto_sign_ed25519_pk_to_curve25519(public),
                                    na.crypto_sign_ed25519_sk_to_curve25519(secret))
    length = struct.unpack(">H", inner[64:66])[0]
    text = inner[66:66 + length]
    na.crypto_sign_open(inner[:64] + envelope.place(4, venue, kiosk, 0, 0, topic) + text,
                        kiosk_public)
    return json.loads(text)


def type_in(child, *lines):
    """What a host types into the command that waits for it."""
    child.stdin.write("".join(f"{line}\n" for line in lines))
    child.stdin.flush()


class Joiner:
    """Connects with the one-time account. `answers` are the kiosk's, opened."""

    def __init__(self, link, broker):
        self.invitation, self.broker = read_link(link), broker
        i = self.invitation
        self.account, self.staff, self.kiosk_public = i.account, i.staff, i.kiosk_public
        self.topic = f"porchlight/{i.venue}/{i.kiosk}/enrol/{i.account}"
        self.public, self.secret = na.crypto_sign_keypair()
        self.password = i.password if i.spare else secrets.token_hex(24)
        self.answers, self.refused = [], None
        self.ready, self.down = threading.Event(), threading.Event()
        self.client = paho_client(self.account)
        self.client.username_pw_set(self.account, i.password)
        self.client.tls_set(ca_certs=str(broker.ca), tls_version=ssl.PROTOCOL_TLS_CLIENT)
        self.client.reconnect_delay_set(60, 60)
        self.client.on_connect = self._on_connect
        self.client.on_disconnect = lambda *_: self.down.set()
        self.client.on_subscribe = lambda *_: self.ready.set()
        self.client.on_message = self._on_message
        self.client.connect("localhost", broker.port, keepalive=10)
        self.client.loop_start()
        wait.until(lambda: self.ready.is_set() or self.refused, "the broker's answer", 10)

    def _on_connect(self, client, _data, _flags, code, *_):
        code = code if isinstance(code, int) else code.value
        if code:
            self.refused = code
        else:
            client.subscribe(self.topic, 1)

    def _on_message(self, _client, _data, message):
        try:
            self.answers.append(open_welcome(message.payload, self.public, self.secret,
                                             self.kiosk_public, self.topic))
        except Exception:
            pass  # our own letter come back, or not for us

    def letter(self, signer=None, version=envelope.VERSION, **fields):
        body = {"v": version, "account": self.account, **fields}
        wire = envelope.seal_letter(json.dumps(body), self.kiosk_public, self.topic,
                                    signer or self.secret)
        self.client.publish(self.topic, wire, 1).wait_for_publish(10)

    def ask(self, **changed):
        mac = self.invitation.letter_mac(self.public, self.staff, self.password)
        self.letter(**{"kind": "enrol", "public": self.public.hex(), "password": self.password,
                       "staff": self.staff, "mac": mac, **changed})

    def reply(self, kind, within=wait.PATIENCE):
        def there():
            found = [a for a in list(self.answers) if a["kind"] == kind]
            return found and found[-1]
        return wait.until(there, lambda: f"the kiosk's {kind}; came {self.answers}", within)

    def welcomed(self, within=wait.PATIENCE):
        """The kiosk's welcome, if it has the secret."""
        said = self.reply("welcome", within)
        assert said["mac"] == self.invitation.welcome_mac(self.public,
                                                          bytes.fromhex(said["venue_key"]))
        return said

    def digits(self):
        """What a staff phone shows and the host types in."""
        return self.invitation.digits(self.public, bytes.fromhex(self.reply("confirm")["nonce"]))

    def refusal(self, within=wait.PATIENCE):
        return self.reply("refused", within)["reason"]

    def done(self):
        self.letter(kind="enrolled")

    def join(self, host=None):
        """All of it. The venue's key. `host`: the `porchlight invite` that waits for the digits of a
        staff phone."""
        self.ask()
        if self.staff:
            host.stdin.write(self.digits() + "\n")
            host.stdin.flush()
        key = bytes.fromhex(self.welcomed()["venue_key"])
        self.done()
        if not self.invitation.spare:
            wait.until(self.down.is_set, "the broker to end the one-time connection", 10)
        self.close()
        return key

    def member(self, key, topics=None):
        """The phone that it has become."""
        topics = topics or ["root", "alert", "state", "presence", "beat", f"enrol/{self.account}"]
        return Member(self.broker, self.account, self.password, Keys(key, self.kiosk_public), topics,
                      secret=self.secret)

    def _knock(self, broker=None):
        """Whether a broker lets it in, with the password it chose."""
        said = []
        client = paho_client(self.account)
        client.username_pw_set(self.account, self.password)
        client.tls_set(ca_certs=str((broker or self.broker).ca))
        client.on_connect = lambda _c, _d, _f, code, *_: said.append(
            code if isinstance(code, int) else code.value)
        client.connect("localhost", (broker or self.broker).port)
        client.loop_start()
        wait.until(lambda: said, "the broker's answer", 10)
        client.disconnect()
        client.loop_stop()
        return said[0] == 0

    def refused_at(self, broker=None):
        return not self._knock(broker)

    def let_in_at(self, broker=None):
        return wait.until(lambda: self._knock(broker), "to be let in", 15, every=0.5)

    def close(self):
        self.client.disconnect()
        self.client.loop_stop()


def finds(phone, eyes, key):
    """The newest welcome has this venue key; one that went before may come first."""
    def found():
        return [open_welcome(r.wire, phone.public, phone.secret, phone.kiosk_public,
                             phone.topic)["venue_key"]
                for r in eyes.received if r.topic == f"enrol/{phone.account}"]
    wait.until(lambda: found()[-1:] == [key], lambda: f"{key}, but {found()}")
