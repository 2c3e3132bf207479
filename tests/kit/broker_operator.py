"""Whoever runs the broker between kiosk and phones: two brokers and a bridge that delays, drops, keeps and
plays again what it likes. It can read and forge nothing, unless a test gives it keys."""

import contextlib
import secrets
import ssl
import threading

from tests.kit import wait
from tests.kit.broker import Broker
from tests.kit.member import paho_client

RETAINED = {"state", "staff", "ring", "presence", "push", "root"}
FROM_PHONES = ("ack/+", "command/+", "relay/+", "wake/+")


class Operator:
    """`kiosk` speaks to its own broker, phones to `phones`. `drops` and `delays` {topic: seconds} may be
    changed at any time; so may `does`, {topic: function}, which returns the delays with which a message is
    passed on: [] drops it, [0, 30] plays it once more. `kept` is all that came, to be played again. `others`
    are accounts at the phones' broker beside those of the kiosk's: {account: (role, password)}."""

    def __init__(self, kiosk, others=None):
        self.kiosk, self.drops, self.delays, self.kept, self.does = kiosk, set(), {}, [], {}
        near = kiosk.brokers[0]
        self.phones = Broker(kiosk.folder / "phones", kiosk.authority, kiosk.place, name="phones")
        for account, (role, password) in {**near.accounts, **(others or {})}.items():
            self.phones.account(role, account, password)
        self.phones.start()
        kiosk.brokers.append(self.phones)
        self.place, self.timers = kiosk.place, []
        self.at_phones = self._client(self.phones, FROM_PHONES, self._from_phones)
        self.at_kiosk = self._client(near, ["#"], self._from_kiosk)

    def _client(self, broker, topics, on_message):
        account, password = self.kiosk.account_of("spy")
        client = paho_client(secrets.token_hex(8), broker.v5)
        client.username_pw_set(account, password)
        client.tls_set(ca_certs=str(broker.ca), tls_version=ssl.PROTOCOL_TLS_CLIENT)
        client.on_connect = lambda c, *_: c.subscribe([(f"{self.place}/{t}", 1) for t in topics])
        client.on_message = on_message
        client.connect(broker.host, broker.port)
        client.loop_start()
        wait.until(client.is_connected, "the operator's connection")
        return client

    def _from_kiosk(self, _client, _data, message):
        topic = message.topic.removeprefix(self.place + "/")
        if topic.startswith(("ack/", "command/", "relay/", "wake/")):
            return
        self.kept.append((topic, message.payload))
        if topic not in self.drops:
            for delay in self._delays(topic):
                self.plays(topic, message.payload, delay)

    def _from_phones(self, _client, _data, message):
        topic = message.topic.removeprefix(self.place + "/")
        if topic.split("/")[0] not in self.drops:
            for delay in self._delays(topic):
                self._later(self.at_kiosk, topic, message.payload, False, delay)

    def _delays(self, topic):
        return self.does.get(topic.split("/")[0], lambda: [0])()

    def _later(self, client, topic, payload, retain, delay=0):
        after = delay + self.delays.get(topic.split("/")[0], self.delays.get("all", 0))
        sends = threading.Timer(after, client.publish, (f"{self.place}/{topic}", payload, 1, retain))
        sends.daemon = True
        self.timers.append(sends)
        sends.start()

    def plays(self, topic, payload, delay=0):
        """To the phones, as if the kiosk had just sent it."""
        self._later(self.at_phones, topic, payload, topic in RETAINED, delay)

    def replays(self, kinds, delay=0):
        """To the phones once more what has come of these kinds, in its order."""
        for n, (topic, payload) in enumerate([k for k in self.kept if k[0].split("/")[0] in kinds]):
            self.plays(topic, payload, delay + n * 0.01)

    @contextlib.contextmanager
    def between(self):
        """Phones that start inside know the operator's broker."""
        here = {"broker b0": {"port": self.phones.port}}
        self.kiosk.change(here)
        yield
        self.kiosk.change({"broker b0": {"port": self.kiosk.brokers[0].port}})

    def kept_of(self, kind):
        return [wire for topic, wire in self.kept if topic.split("/")[0] == kind]

    def listener(self, role="member", env=None):
        if role == "staff":
            self.kiosk.staff_phone()
        with self.between():
            made = self.kiosk.listener(role, env=env)
            made.wait("link", up=True)
        return made

    def close(self):
        for one in self.timers:
            one.cancel()
        for client in (self.at_kiosk, self.at_phones):
            client.disconnect()
            client.loop_stop()
