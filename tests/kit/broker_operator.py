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
LETTERS = ("ack", "command", "relay", "wake")
FROM_PHONES = [f"{kind}/+" for kind in LETTERS]


class Operator:
    """`kiosk` speaks to its own broker, phones to those of `sides`, of which there is one unless more are asked
    for: with two, messages can be played to some phones alone. `drops` and `delays` {topic: seconds} may be
    changed at any time; so may `does`, {topic: function}, which returns the delays with which a message is
    passed on: [] drops it, [0, 30] plays it once more; and `only`, {topic: the one side of which that is so}.
    `kept` is all that came from the kiosk and `letters` all that came from phones, to be played again. `others`
    are accounts at the phones' brokers beside those of the kiosk's: {account: (role, password)}."""

    def __init__(self, kiosk, others=None, sides=1):
        self.kiosk, self.drops, self.delays, self.does, self.only = kiosk, set(), {}, {}, {}
        self.kept, self.letters, self.place, self.timers = [], [], kiosk.place, []
        near = kiosk.brokers[0]
        self.sides = [self._broker(f"phones{n or ''}", {**near.accounts, **(others or {})}) for n in range(sides)]
        self.phones = self.sides[0]
        self.at_sides = [self._client(side, FROM_PHONES, self._from_phones) for side in self.sides]
        self.at_phones = self.at_sides[0]
        self.at_kiosk = self._client(near, ["#"], self._from_kiosk)

    def _broker(self, name, accounts):
        made = Broker(self.kiosk.folder / name, self.kiosk.authority, self.place, name=name)
        for account, (role, password) in accounts.items():
            made.account(role, account, password)
        made.start()
        self.kiosk.brokers.append(made)
        return made

    def _dial(self, broker, client_id, account, password, on_connect=None, on_message=None):
        client = paho_client(client_id, broker.v5)
        client.username_pw_set(account, password)
        client.tls_set(ca_certs=str(broker.ca), tls_version=ssl.PROTOCOL_TLS_CLIENT)
        client.on_connect, client.on_message = on_connect, on_message
        client.connect(broker.host, broker.port)
        client.loop_start()
        wait.until(client.is_connected, "the operator's connection")
        return client

    def _client(self, broker, topics, on_message):
        wanted = [(f"{self.place}/{t}", 1) for t in topics]
        return self._dial(broker, secrets.token_hex(8), *self.kiosk.account_of("spy"),
                          lambda c, *_: c.subscribe(wanted), on_message)

    def _from_kiosk(self, _client, _data, message):
        topic = message.topic.removeprefix(self.place + "/")
        if topic.split("/")[0] in LETTERS:
            self._keep_letter(topic, message.payload)
            return
        self.kept.append((topic, message.payload))
        if topic not in self.drops:
            for side in range(len(self.sides)):
                for delay in self._delays(topic, side):
                    self.plays(topic, message.payload, delay, side)

    def _from_phones(self, client, _data, message):
        topic = message.topic.removeprefix(self.place + "/")
        self._keep_letter(topic, message.payload)
        if topic.split("/")[0] not in self.drops:
            for delay in self._delays(topic, self.at_sides.index(client) if client in self.at_sides else 0):
                self._later(self.at_kiosk, topic, message.payload, False, delay)

    def _keep_letter(self, topic, payload):
        """Once, though his own come back to him."""
        if (topic, payload) not in self.letters:
            self.letters.append((topic, payload))

    def _delays(self, topic, side):
        kind = topic.split("/")[0]
        return self.does.get(kind, lambda: [0])() if self.only.get(kind, side) == side else [0]

    def _later(self, client, topic, payload, retain, delay=0):
        after = delay + self.delays.get(topic.split("/")[0], self.delays.get("all", 0))
        sends = threading.Timer(after, client.publish, (f"{self.place}/{topic}", payload, 1, retain))
        sends.daemon = True
        self.timers.append(sends)
        sends.start()

    def plays(self, topic, payload, delay=0, side=None, retain=None):
        """To the phones, or to those of one side, as if the kiosk had just sent it; or as what a broker keeps,
        whatever it is."""
        for client in self.at_sides if side is None else [self.at_sides[side]]:
            self._later(client, topic, payload, topic in RETAINED if retain is None else retain, delay)

    def posts(self, topic, payload, delay=0):
        """A letter, to the kiosk."""
        self._later(self.at_kiosk, topic, payload, False, delay)

    def replays(self, kinds, delay=0, side=None, retain=None):
        """To the phones once more what has come of these kinds, in its order."""
        for n, (topic, payload) in enumerate([k for k in self.kept if k[0].split("/")[0] in kinds]):
            self.plays(topic, payload, delay + n * 0.01, side, retain)

    def replays_letters(self, kinds):
        """To the kiosk once more what phones have written of these kinds."""
        for n, (topic, payload) in enumerate([k for k in self.letters if k[0].split("/")[0] in kinds]):
            self.posts(topic, payload, n * 0.01)

    def kicks(self, role, side=0):
        """Throws a phone off. It connects again, and is given what its broker keeps."""
        account, password = self.kiosk.account_of(role)
        client = self._dial(self.sides[side], account, account, password)
        client.disconnect()
        client.loop_stop()

    @contextlib.contextmanager
    def between(self, side=0):
        """Phones that start inside know that broker of the operator's."""
        here = {"broker b0": {"port": self.sides[side].port}}
        self.kiosk.change(here)
        yield
        self.kiosk.change({"broker b0": {"port": self.kiosk.brokers[0].port}})

    def kept_of(self, kind):
        return [wire for topic, wire in self.kept if topic.split("/")[0] == kind]

    def listener(self, role="member", env=None, side=0):
        if role == "staff":
            self.kiosk.staff_phone()
        with self.between(side):
            made = self.kiosk.listener(role, env=env)
            made.wait("link", up=True)
        return made

    def close(self):
        for one in self.timers:
            one.cancel()
        for client in (self.at_kiosk, *self.at_sides):
            client.disconnect()
            client.loop_stop()
