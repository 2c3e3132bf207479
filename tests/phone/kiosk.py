"""A kiosk of the tests' own: it speaks the real bytes over the real broker, and says exactly what a
test wants said, true or false. The real porchlightd is met in tests that need no false messages."""

import base64
import json
import secrets
import ssl
import struct
import threading
import time
import uuid

from nacl import bindings as na

from tests.kit import envelope, staff_box, wait
from tests.kit.joining import Invitation
from tests.kit.member import paho_client
from tests.kit.root_word import root_word


def b64(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


class Root:
    """The venue's root key."""

    def __init__(self):
        self.public, self.secret = na.crypto_sign_keypair()

    def sign(self, word, *fields):
        return na.crypto_sign(word.encode() + b"\0" + b"".join(fields), self.secret)[:64]


class Kiosk:
    """One kiosk at some brokers. beat(): a thread beats every `every` seconds until silenced."""

    def __init__(self, brokers, venue=None, root=None, venue_key=None, every=1.0):
        self.venue, self.id = venue or secrets.token_hex(8), secrets.token_hex(8)
        self.root = root or Root()
        self.venue_key = venue_key or secrets.token_bytes(32)
        self.public, self.secret = na.crypto_sign_keypair()
        self.place = f"porchlight/{self.venue}/{self.id}"
        self.epoch, self.seq, self.connection = 1, 0, 1
        self.started = time.monotonic()
        self.nonce = secrets.token_hex(16)
        self.woken, self.newest, self.echo = (None, False, None), {"state": 0, "staff": 0, "ring": 0}, []
        self.alert = None
        self.letters, self.certificates, self.passwords, self.invited = [], {}, {}, {}
        self.invitations, self.confirmed, self.joined = {}, set(), set()
        self.staff = {}  # staff phones' public keys
        self.sent, self.saying = {}, threading.Lock()
        self.wanted = [(f"{self.place}/{t}/+", 1) for t in ("ack", "command", "enrol", "relay")]
        self.deaf = False
        self.loses = []  # kinds of letters that do not reach it, once each
        self.every, self.silent = every, threading.Event()
        self.account, self.password = secrets.token_hex(8), secrets.token_urlsafe(24)
        self.brokers, self.clients = brokers, []
        for broker in brokers:
            broker.account("kiosk", self.venue, self.id, self.account, self.password)
            self.clients.append(self._client(broker))
        self.beating = threading.Thread(target=self._beat, daemon=True)
        self.beating.start()

    def _client(self, broker):
        client = paho_client(self.account)
        client.username_pw_set(self.account, self.password)
        client.tls_set(ca_certs=str(broker.ca), tls_version=ssl.PROTOCOL_TLS_CLIENT)
        client.reconnect_delay_set(1, 1)
        ready = threading.Event()
        client.on_connect = lambda c, *_: self.deaf or c.subscribe(self.wanted)
        client.on_subscribe = lambda *_: ready.set()
        client.on_message = self._letter
        client.connect("localhost", broker.port, keepalive=10)
        client.loop_start()
        assert ready.wait(60), "the kiosk may not listen"
        return client

    # --- said --------------------------------------------------------------------------------

    def seal(self, topic, body, venue_key=None, secret=None, epoch=None, seq=None):
        return envelope.seal_any(json.dumps(body), venue_key or self.venue_key,
                                 secret or self.secret, f"{self.place}/{topic}", epoch, seq)

    def body(self, kind, **fields):
        self.seq += 1
        common = {"v": 2, "kind": kind, "id": None, "epoch": self.epoch, "seq": self.seq,
                  "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "age_ms": None,
                  "drill": False, "resumed": False, "detail": None}
        if kind in envelope.AGED_KINDS:
            common |= envelope.age_fields(self.started)
        return envelope.shaped({**common, **fields})

    def send(self, topic, wire, retain=False, only=None):
        for i, client in enumerate(self.clients):
            if only in (None, i) and client.is_connected():
                client.publish(f"{self.place}/{topic}", wire, 1, retain)
        self.sent[topic] = wire
        return wire

    def say(self, topic, kind, retain=False, only=None, **fields):
        with self.saying:  # a beat may be due: what is numbered first goes first
            body = self.body(kind, **fields)
            group = {"alert": "state", "notice": "staff"}.get(topic, topic)
            if group in self.newest and only is None:
                self.newest[group] = body["seq"]
            return self.send(topic, self.seal(topic, body, epoch=body["epoch"], seq=body["seq"]),
                             retain, only)

    def state(self, state="quiet", **fields):
        fields = {"state": state, "id": None if state == "quiet" else self.alert, "unconfirmed": False, "nonce": self.nonce, **fields}
        self.standing = (state, fields)
        said = self.say("state", "state", retain=True, **fields)
        self.ring(state != "quiet")
        return said

    def ring(self, on, staff=None):
        """What relays are asked for; said again only when it changes."""
        wanted = (self.alert, on, staff or self.woken[2])
        if wanted != self.woken:
            self.woken = wanted
            self.say("ring", "ring", retain=True, id=self.alert, on=on, staff=wanted[2])

    def tell_staff(self, topic, kind, retain=None, to=None, **fields):
        """On notice or staff, for the staff phones that have joined."""
        with self.saying:
            self.seq += 1
            text = {"v": envelope.VERSION, "kind": kind, "id": None, "at": None, **fields}
            box = staff_box.seal(self.venue, self.id, to or list(self.staff.values()),
                                 json.dumps(text))
            return self.send(topic, staff_box.sign(box, self.secret, f"{self.place}/{topic}",
                                                   self.epoch, self.seq, int(time.time())),
                             topic == "staff" if retain is None else retain)

    def counts(self, **fields):
        """How many answered, for staff."""
        self.tell_staff("notice", "counts", **{"id": self.alert, "at": None, "seen": 0, "safe": 0,
                                               "help": 0, "of": 0, "rang": 0, "phones": 0, **fields})

    def door(self, kind, **fields):
        """What was pressed at the door: kept beside the state, and as a notice."""
        fields = {"id": self.alert, "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
                  **fields}
        self.tell_staff("notice", kind, **fields)
        self.tell_staff("staff", kind, **fields)

    def words(self, lines, link=None, revision=1, leave_out=()):
        """The host's own lines, {language: {key: text}}, a piece for each language."""
        pieces = [(None, {}), *lines.items()]
        for i, (language, of) in enumerate(pieces):
            topic = f"words/{i:016x}"
            with self.saying:
                self.seq += 1
                body = {"v": envelope.VERSION, "kind": "words", "epoch": self.epoch, "seq": self.seq,
                        "revision": revision, "piece": i, "pieces": len(pieces),
                        "link": link if i == 0 else None, "language": language, **of}
                if i not in leave_out:
                    self.send(topic, self.seal(topic, body, epoch=self.epoch, seq=self.seq), True)

    def alarm(self, kind="lockdown", drill=False, **fields):
        self.alert = str(uuid.uuid4())
        self.say("alert", kind, id=self.alert, drill=drill, age_ms=0, **fields)
        self.state(kind, drill=drill, age_ms=0)
        return self.alert

    def online(self):
        self.say("presence", "online", retain=True, connection=self.connection)
        self.state("quiet")
        return self

    def _beat(self):
        while not self.silent.wait(self.every):
            echo, self.echo = self.echo, []
            self.say("beat", "beat", **envelope.beat_fields(self.started, echo=echo, **self.newest))

    def proof(self, account, staff_secret, staff_public, signature=None, alert=None, seq=None):
        """A staff phone's word that the alert is over, as the kiosk hands it on."""
        at = struct.pack(">QQ", self.epoch, seq or self.seq)
        fields = [bytes.fromhex(self.venue), bytes.fromhex(self.id),
                  uuid.UUID(alert or self.alert).bytes, at, bytes.fromhex(account)]
        signature = signature or na.crypto_sign(
            b"porchlight-all-clear\0" + b"".join(fields), staff_secret)[:64]
        return fields[2] + at + fields[4] + staff_public + self.certify(account, staff_public) \
            + signature

    def all_clear(self, proof=None, drill=False, **fields):
        shown = {"proof": b64(proof)} if proof else {}
        self.say("alert", "all-clear", id=self.alert, drill=drill, **shown, **fields)
        self.state("quiet", **shown)

    def retire(self):
        self.root_says(retired=self.public)

    def send_instead(self, topic, wire):
        """What another account writes, once the broker lets this one: it hangs up on whom it gives another right."""
        def sent():
            info = self.clients[0].publish(f"{self.place}/{topic}", wire, 1, True)
            return info if info.rc == 0 else None
        wait.until(wait.until(sent, "the kiosk's connection", 60, 0.2).is_published,
                   f"the broker's answer to {topic}", 60)
        self.sent[topic] = wire
        return wire

    def root_says(self, **what):
        """A root word; the kiosk's account is let write it in the root's place."""
        self.brokers[0].steward.reply(json.dumps({"commands": [{
            "command": "addRoleACL", "rolename": f"kiosk-{self.account}", "allow": True,
            "acltype": "publishClientSend", "topic": f"{self.place}/root"}]}))
        self.send_instead("root", root_word(self.root.secret[:32], self.venue, self.id, **what))

    def offer(self):
        """What a relay of this venue would publish; the kiosk is let speak in its place."""
        public, secret = na.crypto_sign_keypair()
        vapid, venue = b"\4" + bytes(64), bytes.fromhex(self.venue)
        self.brokers[0].steward.command(
            command="addRoleACL", rolename=f"kiosk-{self.account}", allow=True,
            acltype="publishClientSend", topic=f"{self.place}/push")
        wire = envelope.head(envelope.OFFER) + public + self.root.sign("porchlight-push", venue, public) + vapid \
            + na.crypto_sign(b"porchlight-offer\0" + venue + vapid, secret)[:64]
        return self.send_instead("push", wire + bytes(768 - len(wire)))

    def certify(self, account, public):
        return self.root.sign("porchlight-staff", bytes.fromhex(self.venue),
                              bytes.fromhex(account), public)

    # --- received ----------------------------------------------------------------------------

    def open_letter(self, topic, wire):
        """(body, signed by this public key) of a letter; None for what is none."""
        if wire[:2] != envelope.head(envelope.LETTER) or len(wire) != 768:
            return None
        inner = na.crypto_box_seal_open(
            wire[2:], na.crypto_sign_ed25519_pk_to_curve25519(self.public),
            na.crypto_sign_ed25519_sk_to_curve25519(self.secret))
        length = struct.unpack(">H", inner[64:66])[0]
        text = inner[66:66 + length]
        bound = envelope.place(2, self.venue, self.id, 0, 0, topic)

        def signed(public):
            try:
                return na.crypto_sign_open(inner[:64] + bound + text, public) is not None
            except Exception:
                return False
        return json.loads(text), signed

    def _letter(self, _client, _data, message):
        opened = self.open_letter(message.topic, message.payload)
        if opened is None:
            return
        body, signed = opened
        name = message.topic.split("/", 3)[3]
        self.letters.append((name, body, signed))
        if body["kind"] == "ping":
            self.echo.append(body["nonce"])
        if body["kind"] in self.loses:
            self.loses.remove(body["kind"])
            return
        if body["kind"] == "subscribed":
            self.say(f"wake/{body['account']}", "vouched", hash=body["hash"])
        if name.startswith("enrol/"):
            threading.Thread(target=self._enrol, args=(body, signed, message.topic),
                             daemon=True).start()

    def hear(self, wanted):
        """Whether it is subscribed to what phones say to it; it goes on beating either way."""
        self.deaf = not wanted
        for client in self.clients:
            done = threading.Event()
            client.on_subscribe = client.on_unsubscribe = lambda *_, done=done: done.set()
            if wanted:
                client.subscribe(self.wanted)
            else:
                client.unsubscribe([topic for topic, _ in self.wanted])
            assert done.wait(60), "the broker says nothing to a subscription"

    def letter(self, kind, count=1):
        def there():
            found = [x for x in list(self.letters) if x[1]["kind"] == kind]
            return found[count - 1] if len(found) >= count else None
        return wait.until(there, lambda: f"a letter {kind}; came {[x[1] for x in self.letters]}",
                          60)

    # --- new phones --------------------------------------------------------------------------

    def invite(self, addresses, staff=False, lives=600, push=None):
        account, password = secrets.token_hex(8), secrets.token_urlsafe(24)
        for broker in self.brokers:
            broker.account("newcomer", self.venue, self.id, account, password)
        made = Invitation(account, self.venue, self.id, int(time.time() + lives), self.public,
                          self.root.public, secrets.token_bytes(32), password, addresses, staff,
                          push=push or "")
        self.invited[account], self.invitations[account] = None, made
        return made.fragment()

    def _enrol(self, body, signed, topic):
        account = body["account"]
        if body["kind"] == "enrol" and signed(bytes.fromhex(body["public"])):
            if self.invited.get(account, "never") not in (None, body["public"]):
                return  # an invitation is one phone's
            public, invitation = bytes.fromhex(body["public"]), self.invitations[account]
            assert body["mac"] == invitation.letter_mac(public, body["staff"], body["password"])
            self.invited[account] = body["public"]
            if body["staff"] and account not in self.confirmed:
                self.ask_digits(topic, invitation, public)
            self.passwords[account] = (body["password"], body["staff"])
            welcome = {"v": envelope.VERSION, "kind": "welcome", "account": account,
                       "venue_key": self.venue_key.hex(),
                       "mac": invitation.welcome_mac(public, self.venue_key)}
            if body["staff"]:
                self.staff[account] = public
                welcome["certificate"] = self.certify(account, public).hex()
            self.welcome(topic, welcome, public)
        elif body["kind"] == "enrolled" and account in self.passwords:
            password, staff = self.passwords.pop(account)
            role = "staff" if staff else "member"
            again = account in self.joined  # a phone says it until it hears that it is in
            self.joined.add(account)
            for broker in self.brokers:
                if not again:
                    broker.role(role, self.venue, self.id, account)
                broker.steward.command(command="modifyClient", username=account,
                                       password=password,
                                       roles=[{"rolename": f"{role}-{account}"}])

    def ask_digits(self, topic, invitation, public):
        """This host believes whatever digits the phone shows."""
        self.confirmed.add(invitation.account)
        nonce = secrets.token_bytes(16)
        self.digits = invitation.digits(public, nonce)
        self.welcome(topic, {"v": envelope.VERSION, "kind": "confirm", "account": invitation.account,
                             "nonce": nonce.hex()}, public)

    def welcome(self, topic, body, public):
        wire = envelope.seal_welcome(json.dumps(body), public, self.secret, topic)
        for client in self.clients:
            if client.is_connected():
                client.publish(topic, wire, 1)

    def close(self):
        self.silent.set()
        for client in self.clients:
            client.disconnect()
            client.loop_stop()
