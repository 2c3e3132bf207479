"""A phone: joins by an invitation, shows what it believes, answers, and as staff ends a lockdown."""

import json
import os
import random
import ssl
import threading
import time

import paho.mqtt.client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from tests.vectors.third import joining, root_word, texts, wire, words
from tests.vectors.third.view import View

MEMBER_READS = ("alert", "state", "beat", "presence", "root", "push")
STAFF_READS = (*MEMBER_READS, "notice", "staff")
FORMS = {"alert": wire.MEMBERS, "state": wire.MEMBERS, "beat": wire.CLEAR, "presence": wire.CLEAR,
         "notice": wire.STAFF, "staff": wire.STAFF}
KINDS = {"alert": {"lockdown", "caution", "all-clear"}, "state": {"state"}, "beat": {"beat"},
         "presence": {"online", "lost"}, "staff": {"code", "duress", "nothing"},
         "notice": {"door", "fault", "drill-report", "code", "duress", "counts"}}
EXPIRY = {"ack": 3600, "command": 60, "enrol": 600}
ASK_EVERY = 3


class App:
    """`reach` is (host, port, CA file): where the invitation's first broker is reached over TCP."""

    def __init__(self, link, reach):
        self.invited = joining.invitation_read(link)
        if self.invited.spare:
            raise ValueError("this app joins where a registrar makes its account")
        self.account, self.reach = self.invited.account, reach
        self.seed = os.urandom(32)
        self.public = wire.public_of(self.seed)
        self.password = os.urandom(16).hex()
        self.place = f"porchlight/{self.invited.venue}/{self.invited.kiosk}/"
        self.key = self.older_key = self.certificate = None
        self.confirm = self.refusal = None
        self.said, self.verdicts, self.refused = [], [], []
        self.view, self.words = View(self.invited.staff), words.Words()
        self.looked_at = (0, 0)
        self.answers = {}  # what was said, by alert
        self.alert_epochs = {}  # of the kiosk that has it, by alert
        self.nonce = self.beat = None
        self.closed = threading.Event()
        self.lock = threading.RLock()
        self.client = None

    def now(self):
        return time.monotonic_ns() // 1_000_000

    # Connections

    def connect(self, password, topics):
        self.closed.clear()
        of_paho_2 = [mqtt.CallbackAPIVersion.VERSION1] if hasattr(mqtt, "CallbackAPIVersion") else []
        self.client = mqtt.Client(*of_paho_2, client_id=self.account, protocol=mqtt.MQTTv5)
        self.client.username_pw_set(self.account, password)
        self.client.tls_set(self.reach[2], tls_version=ssl.PROTOCOL_TLS_CLIENT)
        self.client.on_connect = lambda client, *_: client.subscribe(
            [(self.place + topic, mqtt.SubscribeOptions(qos=1)) for topic in topics])
        self.client.on_message = self.on_message
        self.client.on_disconnect = lambda *_: self.closed.set()
        self.client.connect(self.reach[0], self.reach[1], keepalive=10, clean_start=True)
        self.client.loop_start()

    def close(self):
        self.client.disconnect()
        self.client.loop_stop()

    def send(self, topic, text):
        place = wire.Place(self.invited.venue, self.invited.kiosk, f"{self.place}{topic}/{self.account}")
        expiry = Properties(PacketTypes.PUBLISH)
        expiry.MessageExpiryInterval = EXPIRY[topic]
        self.client.publish(place.topic, wire.letter_make(wire.TO_KIOSK, place, self.invited.kiosk_public,
                                                          self.seed, text), 1, properties=expiry)

    # Joining

    def join(self, host=None, within=30):
        """`host` types in the six digits of a staff phone."""
        self.connect(self.invited.password, [f"enrol/{self.account}"])
        letter = texts.said("enrol", account=self.account, public=self.public.hex(),
                            password=self.password, staff=self.invited.staff,
                            mac=joining.letter_mac(self.invited, self.public, self.password).hex())
        self.repeat("enrol", letter, lambda: self.confirm or self.key or self.refusal, within)
        if self.confirm and host:
            host(joining.digits(self.invited, self.public, bytes.fromhex(self.confirm)))
        self.repeat("enrol", letter, lambda: self.key or self.refusal, within)
        if self.refusal:
            raise RuntimeError(f"refused: {self.refusal}")
        self.repeat("enrol", texts.said("enrolled", account=self.account), self.closed.is_set, within)
        self.close()
        reads = STAFF_READS if self.invited.staff else MEMBER_READS
        self.view = View(self.invited.staff, now=self.now())
        self.connect(self.password, [*reads, f"enrol/{self.account}", f"answer/{self.account}", "words/+"])

    def repeat(self, topic, text, until, within):
        end = time.monotonic() + within
        while not until():
            if time.monotonic() > end:
                raise TimeoutError(f"no answer on {topic}")
            self.send(topic, text)
            for _ in range(ASK_EVERY * 20):
                if until():
                    return
                time.sleep(0.05)

    def from_kiosk(self, topic, payload):
        """A letter to this phone."""
        place = wire.Place(self.invited.venue, self.invited.kiosk, self.place + topic)
        text, signature = wire.letter_open(wire.TO_PHONE, payload, place, self.seed)
        wire.letter_verify(wire.TO_PHONE, place, self.invited.kiosk_public, text, signature)
        said = json.loads(text)
        self.said.append(said)
        if said["kind"] == "confirm":
            self.confirm = said["nonce"]
        elif said["kind"] == "welcome":
            self.key, self.certificate = joining.welcome_read(self.invited, self.public, said)
        elif said["kind"] == "rotate":
            self.older_key, self.key = self.key, bytes.fromhex(said["venue_key"])
        elif said["kind"] == "refused" and topic.startswith("enrol/"):
            self.refusal = said["reason"]

    # What the kiosk says

    def on_message(self, _client, _data, message):
        topic = message.topic.removeprefix(self.place)
        with self.lock:
            try:
                if topic.startswith(("enrol/", "answer/")):
                    if message.payload[:2] != bytes((wire.VERSION, wire.TO_KIOSK)):
                        self.from_kiosk(topic, message.payload)
                elif topic == "root":
                    self.from_root(message.payload)
                elif topic.startswith("words/") and message.payload:
                    self.from_host(topic, message.payload)
                elif topic in FORMS and message.payload:
                    self.from_venue(topic, message.payload, message.retain)
            except wire.Refused as why:
                self.refused.append((topic, why.why))

    def from_root(self, payload):
        word = root_word.word_open(payload, self.invited.venue, self.invited.kiosk,
                                   self.invited.root_public)
        self.view.root(self.now(), word, word.retired == self.invited.kiosk_public)

    def from_host(self, topic, payload):
        place = wire.Place(self.invited.venue, self.invited.kiosk, self.place + topic)
        text, place = self.members_open(payload, place)
        piece = words.piece_read(text)
        wire.check((piece["epoch"], piece["seq"]) == (place.epoch, place.seq))
        wire.check(topic == f"words/{piece['piece']:016x}")
        self.words.take(piece)

    def from_venue(self, topic, payload, retained):
        place = wire.Place(self.invited.venue, self.invited.kiosk, self.place + topic)
        if FORMS[topic] == wire.CLEAR:
            text, place = wire.clear_open(payload, place, self.invited.kiosk_public)
        elif FORMS[topic] == wire.STAFF:
            _, box, place = wire.staff_check(payload, place, self.invited.kiosk_public)
            text = wire.box_open(box, place.venue, place.kiosk, self.seed)
        else:
            text, place = self.members_open(payload, place)
        said = texts.parse(text)
        if FORMS[topic] == wire.STAFF:
            said.update(epoch=place.epoch, seq=place.seq)
        wire.check((said["epoch"], said["seq"]) == (place.epoch, place.seq))
        if said["kind"] in KINDS[topic]:
            self.believe(topic, said, retained)

    def members_open(self, payload, place):
        try:
            return wire.members_open(payload, place, self.key, self.invited.kiosk_public)
        except wire.Refused:
            if not self.older_key:
                raise
            return wire.members_open(payload, place, self.older_key, self.invited.kiosk_public)

    def believe(self, topic, said, retained):
        now, proof = self.now(), None
        if said.get("proof"):
            proof = wire.proof_open(joining.unbase64url(said["proof"]), self.invited.venue,
                                    self.invited.kiosk, self.invited.root_public)
            proof = None if proof.account in self.view.word.revoked else (proof.alert, proof.epoch, proof.seq)
        self.verdicts.append((said["kind"], self.view.receive(now, said, retained, proof=proof)))
        self.said.append(said)
        taken = self.verdicts[-1][1] not in ("old", "late", "disowned")
        if taken and topic in ("alert", "state") and said["id"] == self.alert():
            self.answer_again(said["epoch"])
        at = (said["epoch"], said["seq"])
        if topic in ("state", "staff", "notice"):
            self.looked_at = max(self.looked_at, at)
        if said["kind"] == "state":
            self.nonce = said["nonce"]
        if said["kind"] == "beat":
            self.beat = max(self.beat or (0, 0, 0), (*at, said["ring"]))
            self.ping(now)

    # What the phone says

    def ping(self, now):
        if not self.view.fresh.wants(now, self.beat[0]):
            return
        nonce = os.urandom(8).hex()
        self.view.fresh.ask(now, nonce)
        self.send("ack", texts.said("ping", nonce=nonce, epoch=self.beat[0], seq=self.beat[1],
                                    ring=self.beat[2]))

    def shown(self):
        with self.lock:
            return self.view.show(self.now())

    def alert(self):
        with self.lock:
            return self.view.alert and self.view.alert.id

    def answer(self, kind="seen"):
        said = self.answers.setdefault(self.alert(), [])
        said.append(kind)
        self.answer_send(self.alert(), kind, len(said))

    def answer_send(self, alert, kind, number):
        self.send("ack", texts.said(kind, id=alert, account=self.account, epoch=0, seq=number))

    def answer_again(self, epoch):
        """A kiosk that restarted has forgotten it."""
        alert, said = self.alert(), self.answers.get(self.alert())
        if said and epoch > self.alert_epochs.get(alert, epoch):
            later = random.uniform(0, 5 if said[-1] == "help" else 60)
            again = threading.Timer(later, self.answer_send, (alert, said[-1], len(said)))
            again.daemon = True
            again.start()
        self.alert_epochs[alert] = max(self.alert_epochs.get(alert, 0), epoch)

    def all_clear(self):
        with self.lock:
            alert, (epoch, seq), nonce = self.view.alert.id, self.looked_at, self.nonce
        proof = wire.sign(self.seed, wire.proof_signed(self.invited.venue, self.invited.kiosk, alert, epoch,
                                                       seq, self.account))
        self.send("command", texts.said("command-all-clear", id=alert, epoch=epoch, seq=seq,
                                        account=self.account, nonce=nonce, proof=joining.base64url(proof)))
