"""A kiosk as `porchlight setup --answers` makes it, with the programs that then run over it."""

import json
import secrets
import shutil
import threading
from types import SimpleNamespace

from tests.kit import local, process, wait
from tests.kit.broker import free_port
from tests.kit.clock import faketime
from tests.kit.kiosk import TIMING, Keys, phone_file
from tests.kit.member import Listener, enlist, paho_client
from tests.kit.place import fresh, program
from tests.kit.process import Process
from tests.kit.rights import rights

REQUEST = "$CONTROL/dynamic-security/v1"
PORTS = ("port", "page_port", "websocket_port", "local_port")


def clock_at(moment):
    """An environment with another wall clock; the monotonic one is left alone."""
    return process.environment(LD_PRELOAD=faketime(), FAKETIME=moment, DONT_FAKE_MONOTONIC="1",
                               ASAN_OPTIONS="detect_leaks=0:verify_asan_link_order=0")


def free_ports(count):
    """That many different ones."""
    found = set()
    while len(found) < count:
        found.add(free_port())
    return sorted(found)


class Venue:
    """Context manager. Nothing is set up until `set_up` is called."""

    def __init__(self, **answers):
        self.prefix = fresh("s")
        self.etc = self.prefix / "etc/porchlight"
        self.root = self.prefix / "stick" / "root.key"
        for made in (self.root.parent, self.prefix / "run/porchlight",
                     self.prefix / "var/lib/porchlight"):
            made.mkdir(parents=True)
        self.answers = {"switch": "sim:counter", "door": "sim:entrance", "drill": "no",
                        "root": self.root, "host": "localhost",
                        **dict(zip(PORTS, free_ports(4))), **answers}
        self.processes = []
        self.broker = self.daemon = self.registrar = None
        self.boxes = []

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        for box in self.boxes:
            box.close()
        for child in reversed(self.processes):
            child.stop()
        trouble = [f"{p.name}: {line}" for p in self.processes for line in p.trouble()]
        if kind is None:
            assert not trouble, "\n".join(trouble)
            shutil.rmtree(self.prefix, ignore_errors=True)

    # --- set up -----------------------------------------------------------------------------------

    def keep_ports(self, **more):
        """Ports are not asked for: those of the last run are kept."""
        self.etc.mkdir(parents=True)
        (self.etc / "setup.conf").write_text("[setup]\n" + "".join(
            f"{k} = {v}\n" for k, v in {**{p: self.answers[p] for p in PORTS}, **more}.items()))

    def write(self, name="answers.conf", **changes):
        """An answers file; a key set to None is left out."""
        path = self.prefix / name
        keys = {**self.answers, **changes}
        path.write_text("[setup]\n" + "".join(f"{k} = {v}\n" for k, v in keys.items()
                                              if v is not None))
        return path

    def cli(self, *args, within=60, **more):
        return process.run([program("porchlight"), "--prefix", self.prefix, *args], within, **more)

    def set_up(self, **changes):
        done = self.cli("setup", "--answers", self.write(**changes))
        assert done.returncode == 0, done.stderr
        return done

    def again(self, **answers):
        """A second run that gets only these answers."""
        path = self.prefix / "again.conf"
        path.write_text("[setup]\n" + "".join(f"{k} = {v}\n"
                                              for k, v in {"drill": "no", **answers}.items()))
        return self.cli("setup", "--answers", path)

    def files(self):
        """What the set-up wrote: {path: bytes}."""
        roots = [self.etc, self.prefix / "var/lib/porchlight-broker"]
        return {str(p.relative_to(self.prefix)): p.read_bytes()
                for r in roots if r.exists() for p in sorted(r.rglob("*")) if p.is_file()}

    def conf(self):
        """{section: {key: value}} of porchlight.conf."""
        found, section = {}, None
        for line in (self.etc / "porchlight.conf").read_text().splitlines():
            if line.startswith("["):
                section = found.setdefault(line.strip("[]"), {})
            elif "=" in line and not line.startswith("#"):
                key, value = line.split("=", 1)
                section[key.strip()] = value.strip()
        return found

    @property
    def venue(self):
        return self.conf()["venue"]["id"]

    @property
    def kiosk(self):
        return self.conf()["kiosk"]["id"]

    # --- run --------------------------------------------------------------------------------------

    def spawn(self, name, *argv):
        log = self.prefix / f"{name}.{len(self.processes)}.log"
        child = Process(name, argv, log)
        self.processes.append(child)
        return child

    def quicken(self):
        """Times scaled for tests, all within what porchlight.conf permits."""
        with open(self.etc / "porchlight.conf", "a") as f:
            f.write("\n")
        text = (self.etc / "porchlight.conf").read_text()
        for key, value in TIMING.items():
            text = text.replace(f"\n#{key} = ", f"\n{key} = {value}\n#{key} = ")
        (self.etc / "porchlight.conf").write_text(text)

    def start_broker(self):
        self.broker = self.spawn("mosquitto", "mosquitto", "-c", self.etc / "broker/mosquitto.conf")
        wait.until(lambda: self._listens(self.answers["port"]),
                   lambda: f"mosquitto; it said:\n{self.broker.said()}", 20)
        if (self.etc / "registrar/registrar.conf").exists():
            self.start_registrar()
        return self.broker

    def _listens(self, port):
        assert self.broker.alive, self.broker.said()
        return self.reaches(port)

    def start(self):
        self.daemon = self.spawn("porchlightd", program("porchlightd"), "--prefix", self.prefix,
                                 "--verbose")
        wait.until(self._connected, lambda: f"porchlightd; it said:\n{self.daemon.said()}", 30)
        return self.daemon

    def _connected(self):
        assert self.daemon.alive, self.daemon.said()
        try:
            return any(b["connected"] for b in self.status()["brokers"])
        except (OSError, ValueError):
            return False

    def status(self):
        return local.control(self.prefix / "run/porchlight/control.sock", "status")

    def as_broker(self):
        """The broker here, as a phone of the kit wants it."""
        return SimpleNamespace(host="localhost", v5=True, port=int(self.answers["port"]),
                               ca=self.etc / "broker-ca.pem", said=self.broker.said,
                               place=f"porchlight/{self.venue}/{self.kiosk}")

    # --- a phone ----------------------------------------------------------------------------------

    def _client(self, account, password, host, port, ca):
        client = paho_client(account)
        client.username_pw_set(account, password)
        client.tls_set(ca_certs=str(ca))
        client.wanted, client.ready = [], threading.Event()
        client.on_subscribe = lambda *_: client.ready.set()

        def connected(c, *_):
            if c.wanted:
                c.subscribe([(t, 1) for t in c.wanted])
            else:
                c.ready.set()
        client.on_connect = connected
        return client, lambda: self._begin(client, host, port)

    @staticmethod
    def _begin(client, host, port):
        client.connect(host, int(port))
        client.loop_start()
        assert client.ready.wait(10), "the broker does not let it in"

    def _as_kiosk(self, broker, topics, heard):
        """A client in this kiosk's place; porchlightd is not running meanwhile, or would be thrown
        off."""
        section = self.conf()[f"broker {broker}"]
        password = (self.etc / "credentials" / section["password"]).read_text().strip()
        client, begin = self._client(section["user"], password, section["host"], section["port"],
                                     section["ca"])
        client.wanted = topics
        client.on_message = lambda _c, _d, m: heard(m)
        begin()
        return client

    def ear(self, broker, heard):
        return self._as_kiosk(broker, [f"porchlight/{self.venue}/{self.kiosk}/ack/+"], heard)

    def mouth(self, account, password):
        client, begin = self._client(account, password, "localhost", self.answers["port"],
                                     self.etc / "broker-ca.pem")
        begin()
        return client

    @staticmethod
    def reaches(port):
        import socket
        try:
            socket.create_connection(("127.0.0.1", int(port)), 1).close()
            return True
        except OSError:
            return False

    def steward(self, *requests, broker="here"):
        """Asks the broker for accounts, as its registrar's account may; the registrar itself does
        not run meanwhile."""
        answers = []
        runs = self.registrar and self.registrar.alive
        if runs:
            self.registrar.stop()
        folder = self.etc if broker == "here" else self.prefix / "server/etc/porchlight"
        password = (folder / "registrar/password").read_text().strip()
        section = self.conf()[f"broker {broker}"]
        client, begin = self._client("registrar", password, "localhost", section["port"],
                                     section["ca"])
        client.wanted = [REQUEST + "/response"]
        client.on_message = lambda _c, _d, m: answers.append(json.loads(m.payload))
        begin()
        for number, request in enumerate(requests):
            client.publish(REQUEST, request, 1).wait_for_publish(5)
            wait.until(lambda n=number: len(answers) > n, lambda: f"an answer to {request}", 10)
        client.disconnect()
        client.loop_stop()
        if runs:
            self.start_registrar()
        wrong = [r for a in answers for r in a["responses"] if "error" in r]
        assert not wrong, wrong

    def start_registrar(self):
        """The one beside the broker here."""
        (self.prefix / "var/lib/porchlight-registrar").mkdir(parents=True, exist_ok=True)
        self.registrar = self.spawn("porchlight-registrar", program("porchlight-registrar"),
                                    "--prefix", self.prefix, "--verbose")
        wait.until(lambda: "connected;" in self.registrar.said(), self.registrar.said, 30)
        return self.registrar

    def _account(self, role, venue, kiosk, account, broker="here"):
        password = secrets.token_urlsafe(24)
        self.steward(rights(role, venue, kiosk, account), json.dumps({"commands": [{
            "command": "createClient", "username": account, "password": password,
            "clientid": account, "roles": [{"rolename": f"{role}-{account}"}]}]}), broker=broker)
        return password

    def admit(self, role="member", kiosk=None):
        """(account, password) of a new phone."""
        account = secrets.token_hex(8)
        password = self._account(role, self.venue, kiosk or self.kiosk, account)
        if kiosk is None:
            self.enlist(account, role)
        return account, password

    def enlist(self, account, role="member"):
        """Before porchlightd starts."""
        enlist(self.prefix / "var/lib/porchlight", {account: role})

    def admit_kiosk(self, venue, kiosk):
        """Another venue's kiosk; its password."""
        return self._account("kiosk", venue, kiosk, kiosk)

    def phone(self, account, password, *args):
        secret = self.etc / "credentials" / f"phone-{account}"
        secret.write_text(password + "\n")
        secret.chmod(0o600)
        box = Listener(["--prefix", self.prefix, "--user", account, "--password", secret.name,
                        "--key", phone_file(self.prefix, account), *args], self.prefix / f"phone-{account}.log")
        self.boxes.append(box)
        return box

    def keys(self):
        return Keys.of(self.etc / "credentials")
