"""A real porchlight-registrar beside a broker, and somebody who asks it: what kiosk/core/registration.h
says, once more in another language."""

import base64
import hashlib
import json
import secrets
import struct
import threading

from nacl import bindings as na

from tests.kit import envelope, process, wait
from tests.kit.joining import open_welcome
from tests.kit.member import paho_client
from tests.kit.place import program
from tests.kit.process import Process
from tests.kit.rights import rights


def b64(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


class Registrar:
    """`broker` is a tests.phone.serving.Broker: its administrator's account is the registrar's.
    `venues`: (venue id, root public key as hex digits, {account: (role, kiosk, password)})."""

    def __init__(self, prefix, broker):
        self.prefix, self.broker, self.process, self.starts = prefix, broker, None, 0
        self.folder = prefix / "etc/porchlight/registrar"
        self.folder.mkdir(parents=True)
        (prefix / "var/lib/porchlight-registrar").mkdir(parents=True)
        self.put("registrar.conf", f"[broker]\nhost = 127.0.0.1\nport = {broker.local}\n"
                                   "user = admin\n")
        self.put("password", broker.admin + "\n")

    def own_account(self):
        """Instead of the administrator's: changing that one's rights would end every connection of
        whoever else uses it."""
        steward, password = self.broker.steward, secrets.token_urlsafe(24)
        steward.ask(rights("registrar"))
        steward.command(command="createClient", username="registrar", password=password,
                        roles=[{"rolename": "porchlight-registrar"}])
        self.put("registrar.conf", f"[broker]\nport = {self.broker.local}\n")
        self.put("password", password + "\n")
        return self

    def put(self, name, text):
        path = self.folder / name
        path.touch(0o600)
        path.write_text(text)
        path.chmod(0o600)

    def venue(self, venue, root, accounts=None):
        text = f"[venue]\nid = {venue}\nname = Kettle\nroot = {root}\n"
        for name, (role, kiosk, password) in (accounts or {}).items():
            text += (f"[account {name}]\nrole = {role}\nkiosk = {kiosk}\n"
                     f"password = {password}\n")
        self.put(f"venue-{venue}", text)
        return self

    def add(self, made):
        """What `porchlight registrar` made."""
        done = process.run([program("porchlight-registrar"), "--prefix", self.prefix, "--add",
                            made])
        assert done.returncode == 0, done.stderr
        return self

    def start(self):
        self.starts += 1
        self.process = Process("porchlight-registrar",
                               [program("porchlight-registrar"), "--prefix", self.prefix,
                                "--verbose"],
                               self.prefix / f"registrar.{self.starts}.log")
        wait.until(lambda: "connected;" in self.process.said(),
                   lambda: f"the registrar's connection; it said:\n{self.process.said()}", 30)
        return self

    def said(self):
        """Since its last start, and after it has ended too."""
        return (self.prefix / f"registrar.{self.starts}.log").read_text()

    def stop(self):
        if self.process:
            self.process.stop()
            self.process = None

    def kill(self):
        self.process.kill()
        self.process = None


class Root:
    def __init__(self, seed=None):
        self.public, self.secret = na.crypto_sign_seed_keypair(seed or secrets.token_bytes(32))

    def sign(self, word, *fields):
        return na.crypto_sign(word.encode() + b"\0" + b"".join(fields), self.secret)[:64]

    def certify(self, venue, kiosk, public):
        return self.sign("porchlight-cert", bytes.fromhex(venue), bytes.fromhex(kiosk), public)

    def staff(self, venue, account, public):
        return public + self.sign("porchlight-staff", bytes.fromhex(venue),
                                  bytes.fromhex(account), public)

    KINDS = ["create", "promote", "suspend", "restore", "password", "remove", "disown"]
    ROLES = ["", "newcomer", "member", "staff", "relay", "kiosk", "root"]

    def grant(self, venue, kind, account, role="", kiosk="0" * 16, password=""):
        return self.sign("porchlight-grant", bytes.fromhex(venue),
                         bytes([self.KINDS.index(kind), self.ROLES.index(role)]),
                         bytes.fromhex(account), bytes.fromhex(kiosk),
                         hashlib.blake2b(password.encode(), digest_size=32).digest())


class Asker:
    """A kiosk's account at a broker, with the kiosk's keys; or the root key's own account."""

    def __init__(self, broker, venue, kiosk, account, password, secret, certificate):
        self.venue, self.kiosk = venue, kiosk
        self.secret, self.public, self.certificate = secret, secret[32:], certificate
        self.topic = f"porchlight/{venue}/{kiosk}/registrar"
        self.answers_on = f"porchlight/{venue}/{kiosk}/registered"
        self.answers, self.announced, self.number, self.wires = [], None, 0, []
        self.came = threading.Condition()
        self.client = paho_client(account, getattr(broker, "v5", True))
        self.client.username_pw_set(account, password)
        self.client.tls_set(ca_certs=str(broker.ca))
        self.client.on_message = self._answer
        self.client.reconnect_delay_set(1, 1)
        ready = threading.Event()
        self.client.on_subscribe = lambda *_: ready.set()
        self.client.on_connect = lambda c, *_: c.subscribe(self.answers_on, 1)
        self.client.connect("localhost", broker.port)
        self.client.loop_start()
        assert ready.wait(30), "the asker may not listen"

    def close(self):
        self.client.disconnect()
        self.client.loop_stop()

    def _answer(self, _client, _data, message):
        wire = message.payload
        with self.came:
            if wire[1] == 10:
                signed = (b"porchlight-registrar\0" + bytes.fromhex(self.venue)
                          + bytes.fromhex(self.kiosk) + wire[98:107])
                na.crypto_sign_open(wire[34:98] + signed, wire[2:34])
                last, standing = struct.unpack(">QB", wire[98:107])
                self.announced = (wire[2:34], last, standing)
            else:
                self.answers.append(open_welcome(wire, self.public, self.secret,
                                                 self.announced[0], message.topic))
            self.came.notify_all()

    def _until(self, there, what):
        with self.came:
            assert self.came.wait_for(there, 15), what
            return there()

    def hello(self):
        """(registrar's key, last number, standing)."""
        self.announced = None
        wire = b"\2\x09" + self.public + self.certificate
        self.client.publish(self.topic, wire + bytes(768 - len(wire)), 1)
        self._until(lambda: self.announced, "no registrar announced itself")
        self.number = max(self.number, self.announced[1])
        return self.announced

    def request(self, kind, account, number=None, **fields):
        """Its packet; numbered as the next one, unless a number is given."""
        if number is None:
            self.number += 1
            number = self.number
        body = {"v": 2, "kind": kind, "n": number, "account": account,
                "public": b64(self.public), **fields}
        if any(self.certificate):
            body["cert"] = b64(self.certificate)
        return envelope.seal_letter(json.dumps(body), self.announced[0], self.topic, self.secret)

    def send(self, wire):
        """The answer to one packet."""
        before = len(self.answers)
        self.wires.append(wire)
        self.client.publish(self.topic, wire, 1)
        return self._until(lambda: len(self.answers) > before and self.answers[before],
                           "no answer of the registrar")

    def ask(self, kind, account, **fields):
        if not self.announced:
            self.hello()
        return self.send(self.request(kind, account, **fields))
