"""What a venue serves its phones with: mosquitto, dynamic security and nginx, from the templates
in config/ as they are, with the rights that `porchlight rights` prints."""

import json
import secrets
import threading
from pathlib import Path

from tests.kit import process, wait
from tests.kit.broker import free_port
from tests.kit.member import paho_client
from tests.kit.place import ROOT
from tests.kit.process import Process
from tests.kit.rights import rights

REQUEST = "$CONTROL/dynamic-security/v1"
PLUGIN = next(iter(Path("/usr/lib").glob("*/mosquitto_dynamic_security.so")), None)


def fill(template, **words):
    text = (ROOT / template).read_text()
    for word, value in words.items():
        text = text.replace(f"@{word}@", str(value))
    assert "@" not in text.replace("at signs", ""), f"{template}: a word is left unfilled"
    return text


def listening(port, child):
    import socket

    def there():
        assert child.alive, child.said()
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return True
        except OSError:
            return False
    wait.until(there, lambda: f"{child.name} on port {port}; it said:\n{child.said()}", 60)


class Steward:
    """The account that makes accounts. At a real venue it is the kiosk's."""

    def __init__(self, broker, account, password):
        self.answers, self.asked = [], []
        self.came = threading.Event()
        self.client = paho_client("steward-" + secrets.token_hex(4))
        self.client.username_pw_set(account, password)
        self.client.tls_set(ca_certs=str(broker.ca))
        self.client.on_message = self._answer
        ready = threading.Event()
        self.client.on_subscribe = lambda *_: ready.set()
        self.client.on_connect = lambda c, *_: c.subscribe(REQUEST + "/response", 1)
        wait.until(lambda: self._connect(broker.port), "the broker to take a connection", 60)
        self.client.loop_start()
        assert ready.wait(60), "the steward may not listen"

    def _connect(self, port):
        """Whether it came about: a broker that listens may not yet shake hands."""
        try:
            return self.client.connect("localhost", port) == 0
        except OSError:
            return False

    def _answer(self, _client, _data, message):
        answer = json.loads(message.payload)
        if [r["command"] for r in answer["responses"]] == self.asked and \
                not any("correlationData" in r for r in answer["responses"]):  # else a kiosk's
            self.answers.append(answer)
            self.came.set()

    def reply(self, request):
        """Publishes a request as it is; its answer."""
        self.came.clear()
        self.asked = [c["command"] for c in json.loads(request)["commands"]]
        self.client.publish(REQUEST, request, 1)
        assert self.came.wait(60), f"no answer to {request}"
        return self.answers[-1]

    def ask(self, request):
        """The same, in which nothing went wrong."""
        answer = self.reply(request)
        wrong = [r for r in answer["responses"] if "error" in r]
        assert not wrong, f"{request}: {wrong}"
        return answer

    def command(self, **one):
        return self.ask(json.dumps({"commands": [one]}))

    def close(self):
        self.client.disconnect()
        self.client.loop_stop()


class Broker:
    """mosquitto from config/broker/mosquitto.conf.in. Started by `start()`."""
    files = 16384  # that it may have open: as its unit

    def __init__(self, folder, authority, name="broker"):
        self.folder = folder / name
        self.folder.mkdir(parents=True)
        self.folder.chmod(0o755)
        self.v5 = True
        self.name, self.ca, self.host = name, authority.pem, "localhost"
        self.port, self.websocket, self.local = free_port(), free_port(), free_port()
        self.certificate = authority.server(name, shown=True)
        self.admin = secrets.token_urlsafe(24)
        made = process.run(["mosquitto_ctrl", "dynsec", "init",
                            self.folder / "dynamic-security.json", "admin", self.admin])
        assert made.returncode == 0, made.stderr
        cert, key = self.certificate
        (self.folder / "mosquitto.conf").write_text("user root\n" + fill(
            "config/broker/mosquitto.conf.in", PLUGIN=PLUGIN, STATE=self.folder,
            PORT_TLS=self.port, ADDRESS="127.0.0.1", PORT_WEBSOCKET=self.websocket,
            PORT_LOCAL=self.local, CERTIFICATE=cert, KEY=key))
        self.process = self.steward = None
        self.known = []

    def start(self):
        self.process = Process(self.name, ["prlimit", f"--nofile={self.files}", "mosquitto", "-c",
                                           self.folder / "mosquitto.conf"], self.folder / "log")
        listening(self.port, self.process)
        listening(self.websocket, self.process)
        self.steward = Steward(self, "admin", self.admin)
        if not self.known:
            self.steward.ask(rights("defaults"))
        return self

    def said(self):
        return (self.folder / "log").read_text(errors="replace")

    def role(self, role, venue, kiosk, account):
        self.steward.ask(rights(role, venue, kiosk, account))

    def account(self, role, venue, kiosk, account, password):
        self.role(role, venue, kiosk, account)
        self.steward.command(command="createClient", username=account, password=password,
                             clientid=account, roles=[{"rolename": f"{role}-{account}"}])
        self.known.append(account)

    def stop(self):
        if self.process:
            if self.steward:
                self.steward.close()
            self.process.stop()
            self.process = None


class Proxy:
    """nginx from config/proxy/nginx.conf.in, serving the built page. `others`: ports of further
    proxies that the page may speak to."""

    def __init__(self, folder, certificate, broker, port, others=(), page=None,
                 handbook=None):
        self.folder = folder / f"proxy-{broker.name}"
        self.folder.mkdir(parents=True)
        self.folder.chmod(0o755)
        self.port, self.broker, self.process = port, broker, None
        cert, key = certificate
        brokers = " ".join(f"wss://localhost:{p}" for p in (port, *others))
        (self.folder / "nginx.conf").write_text("user root;\ndaemon off;\n" + fill(
            "config/proxy/nginx.conf.in", STATE=self.folder, LISTEN=f"127.0.0.1:{port}",
            HOST="localhost", CERTIFICATE=cert, KEY=key, PAGE=page or ROOT / "build/page",
            HANDBOOK=handbook or ROOT / "build/handbook",
            PORT_WEBSOCKET=broker.websocket, BROKERS=brokers))

    def start(self):
        self.process = Process("nginx", ["nginx", "-e", "stderr", "-c",
                                         self.folder / "nginx.conf"], self.folder / "log")
        listening(self.port, self.process)
        return self

    def url(self):
        return f"https://localhost:{self.port}/"

    def websocket(self):
        return f"wss://localhost:{self.port}/mqtt"

    def stop(self):
        if self.process:
            self.process.stop()
            self.process = None


def fingerprint(certificate):
    """The public key's hash, as Chromium wants it."""
    made = process.run(["sh", "-c", f"openssl x509 -in {certificate[0]} -pubkey -noout"
                        " | openssl pkey -pubin -outform der | openssl dgst -sha256 -binary"
                        " | openssl base64 -A"])
    assert len(made.stdout) == 44, made.stderr
    return made.stdout
