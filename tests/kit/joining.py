"""A new phone, as kiosk/phone/core/enrol.js is one, in another language: it redeems an invitation
over the real wire and becomes a member. Made with paho and PyNaCl."""

import base64
import json
import secrets
import ssl
import struct
import threading

from nacl import bindings as na

from tests.kit import envelope, wait
from tests.kit.kiosk import Keys
from tests.kit.member import Member, paho_client


def read_link(link):
    """The invitation in a link's fragment, as a dictionary with its short keys."""
    text = link.split("#i=", 1)[1]
    return json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))


def key_of(text):
    return base64.urlsafe_b64decode(text + "=")


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


class Joiner:
    """Connects with the one-time account. `answers` are the kiosk's, opened."""

    def __init__(self, link, broker):
        self.invitation, self.broker = read_link(link), broker
        i = self.invitation
        self.account, self.staff = i["a"], i.get("s") == 1
        self.topic = f"porchlight/{i['V']}/{i['k']}/enrol/{i['a']}"
        self.kiosk_public = key_of(i["q"])
        self.public, self.secret = na.crypto_sign_keypair()
        self.password = secrets.token_hex(24)
        self.answers, self.refused = [], None
        self.ready, self.down = threading.Event(), threading.Event()
        self.client = paho_client(self.account)
        self.client.username_pw_set(self.account, i["p"])
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

    def letter(self, signer=None, **fields):
        body = {"v": 2, "account": self.account, **fields}
        wire = envelope.seal_letter(json.dumps(body), self.kiosk_public, self.topic,
                                    signer or self.secret)
        self.client.publish(self.topic, wire, 1).wait_for_publish(10)

    def ask(self, **changed):
        self.letter(**{"kind": "enrol", "public": self.public.hex(), "password": self.password,
                       "staff": self.staff, **changed})

    def welcomed(self, within=15):
        return wait.until(lambda: self.answers and self.answers[-1], "the kiosk's welcome", within)

    def done(self):
        self.letter(kind="enrolled")

    def join(self):
        """All of it. The venue's key."""
        self.ask()
        key = bytes.fromhex(self.welcomed()["venue_key"])
        self.done()
        wait.until(self.down.is_set, "the broker to end the one-time connection", 10)
        self.close()
        return key

    def member(self, key, topics=None):
        """The phone that it has become."""
        topics = topics or ["alert", "state", "presence", "beat", f"enrol/{self.account}"]
        return Member(self.broker, self.account, self.password, Keys(key, self.kiosk_public), topics)

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
