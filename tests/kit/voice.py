"""A kiosk's voice without a kiosk: seals and publishes whatever a test wants a phone to receive, with
any key, and reads the letters that phones write. Made with paho and PyNaCl."""

import base64
import json
import ssl
import struct
import threading
import uuid

from nacl import bindings as na

from tests.kit import envelope, staff_box, wait
from tests.kit.member import paho_client


def hexed(path):
    return bytes.fromhex(path.read_text().strip())


class Voice:
    """Speaks at `broker` as the kiosk of `credentials`. epoch and seq count as a kiosk's do."""

    def __init__(self, kiosk, broker=0, epoch=1):
        self.broker = kiosk.brokers[broker]
        self.place, self.epoch, self.seq = kiosk.place, epoch, 0
        self.venue_key = hexed(kiosk.credentials / "venue.key")
        self.public, self.secret = na.crypto_sign_seed_keypair(
            hexed(kiosk.credentials / "kiosk.key"))
        self.letters, self.answers_pings, self.answered = [], True, 0
        self._ready = threading.Event()
        self._order = threading.Lock()  # a seq leaves before the next is drawn
        self.client = paho_client(f"voice-{kiosk.account}", self.broker.v5)  # the kiosk keeps its own id
        self.client.username_pw_set(kiosk.account, self.broker.accounts[kiosk.account][1])
        self.client.tls_set(ca_certs=str(self.broker.ca), tls_version=ssl.PROTOCOL_TLS_CLIENT)
        self.client.on_connect = lambda client, *_: client.subscribe(
            [(f"{self.place}/{t}/+", 1) for t in ("ack", "command")])
        self.client.on_subscribe = lambda *_: self._ready.set()
        self.client.on_message = lambda _c, _d, m: self._hear(m.topic, m.payload)
        self.client.connect(self.broker.host, self.broker.port)
        self.client.loop_start()
        assert self._ready.wait(10), f"not connected; the broker said: {self.broker.said()[-2000:]}"

    def _hear(self, topic, wire):
        """Pings are answered at once, as a kiosk does; other letters wait for the test."""
        try:
            said = json.loads(envelope.open_letter(wire, self.public, self.secret, topic))
        except (envelope.Refused, ValueError):
            said = {}
        if said.get("kind") != "ping":
            self.letters.append((topic, wire))
        elif self.answers_pings:
            with self._order:
                body = self.body("beat", **envelope.beat_fields(echo=[said["nonce"]]))
                self.client.publish(f"{self.place}/beat", self.seal("beat", body))
            self.answered += 1

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.client.disconnect()
        self.client.loop_stop()

    def publish(self, topic, wire, retain=False):
        self.client.publish(f"{self.place}/{topic}", wire, qos=1, retain=retain).wait_for_publish(10)
        return wire

    def _say(self, topic, make, retain=False):
        with self._order:
            wire = make()
            sent = self.client.publish(f"{self.place}/{topic}", wire, qos=1, retain=retain)
        sent.wait_for_publish(10)
        return wire

    def body(self, kind, **fields):
        self.seq += 1
        return envelope.shaped(
            {"v": 2, "kind": kind, "id": None, "epoch": self.epoch, "seq": self.seq, "at": None,
             "age_ms": None, "drill": False, "resumed": False, "detail": None, **fields})

    def seal(self, topic, body, secret=None, venue_key=None):
        return envelope.seal_any(json.dumps(body, separators=(",", ":")),
                                 venue_key or self.venue_key, secret or self.secret,
                                 f"{self.place}/{topic}", body["epoch"], body["seq"])

    def alert(self, kind, alert_id, **fields):
        return self._say("alert", lambda: self.seal("alert", self.body(kind, id=alert_id, **fields)))

    def state(self, state="quiet", alert_id=None, retain=True, nonce=bytes(16), **fields):
        def made():
            body = self.body("state", id=alert_id, state=state, unconfirmed=False, seen=0, safe=0,
                             nonce=nonce.hex())
            return self.seal("state", {**body, **fields})
        return self._say("state", made, retain)

    def to_staff(self, topic, kind, *phones, retain=None, **fields):
        """On notice or staff, for the staff phones with these public keys."""
        _, venue, kiosk = self.place.split("/")
        text = {"v": envelope.VERSION, "kind": kind, "id": None, "at": None, **fields}
        box = staff_box.seal(venue, kiosk, phones, json.dumps(text, separators=(",", ":")))

        def made():
            self.seq += 1
            return staff_box.sign(box, self.secret, f"{self.place}/{topic}", self.epoch, self.seq)
        return self._say(topic, made, topic == "staff" if retain is None else retain)

    def beat(self):
        return self._say("beat",
                         lambda: self.seal("beat", self.body("beat", **envelope.beat_fields())))

    def letter(self, topic, number=1, within=wait.PATIENCE, signer=None):
        """(text's object, account) of the number-th letter on `topic`."""
        def found():
            mine = [l for l in list(self.letters) if l[0].split("/")[3] == topic]
            return mine[number - 1] if len(mine) >= number else None
        name, wire = wait.until(found, lambda: f"letter {number} on {topic}", within)
        text = envelope.open_letter(wire, self.public, self.secret, name, signer)
        return json.loads(text), name.rsplit("/", 1)[1]


def alert_id():
    return str(uuid.uuid4())


class Staff:
    """A staff phone's key, vouched for by a root key, and its word that a lockdown is over."""

    def __init__(self, voice, root_seed, account):
        _, self.root = na.crypto_sign_seed_keypair(root_seed)
        self.public, self.secret = na.crypto_sign_keypair()
        self.account = account
        _, venue, kiosk = voice.place.split("/")
        self.venue, self.kiosk = bytes.fromhex(venue), bytes.fromhex(kiosk)

    def proof(self, alert, epoch, seq, secret=None):
        account = bytes.fromhex(self.account)
        cert = na.crypto_sign(b"porchlight-staff\0" + self.venue + account + self.public,
                              self.root)[:64]
        said = uuid.UUID(alert).bytes + struct.pack(">QQ", epoch, seq) + account
        word = na.crypto_sign(b"porchlight-all-clear\0" + self.venue + self.kiosk + said,
                              secret or self.secret)[:64]
        return base64.urlsafe_b64encode(said + self.public + cert + word).decode().rstrip("=")
