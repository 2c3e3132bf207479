"""A server outside as `porchlight outside` makes it: its installer takes a folder for the server's root, and
broker, registrar and relay run from what it put there."""

import os

from tests.kit import process, wait
from tests.kit.broker import free_port
from tests.kit.place import program
from tests.kit.setup import Venue

INNER = ("1885", "1884")


class Server:
    """A venue whose broker is elsewhere, and that machine's root."""

    def __init__(self, folder):
        self.folder = folder
        self.port = free_port()
        self.venue = Venue(broker="elsewhere", outside=f"localhost:{self.port}", port=self.port)
        self.carried, self.root = folder / "stick/outside", folder / "server"
        (folder / "stick").mkdir()
        self.ports = {p: str(free_port()) for p in INNER}

    def make(self, *more, root=None):
        self.venue.set_up()
        self.daemon = self.venue.spawn("porchlightd", program("porchlightd"), "--prefix",
                                       self.venue.prefix)
        socket = self.venue.prefix / "run/porchlight/admin.sock"
        wait.until(socket.exists, self.daemon.said)
        return self.venue.cli("outside", "--root", root or self.venue.root, *more, self.carried)

    def install(self, *words, tools="/nowhere", carried=None, root=None, **env):
        where = f"{tools}:{os.path.dirname(program('porchlight-relay'))}:{os.environ['PATH']}"
        return process.run(["sh", (carried or self.carried) / "install.sh", *words], 60,
                           env=process.environment(PREFIX=root or self.root, PATH=where, **env))

    def moved(self, path):
        """One of the server's files, with its root and its inner ports the tests' own."""
        text = path.read_text()
        for place in ("/etc/", "/var/lib/mosquitto"):
            text = text.replace(f" {place}", f" {self.root}{place}")
        for inner, port in self.ports.items():
            text = text.replace(f"listener {inner} ", f"listener {port} ").replace(
                f"port = {inner}", f"port = {port}")
        path.write_text(text)
        return path

    def serve(self, broker="mosquitto"):
        etc = self.root / "etc"
        conf = self.moved(etc / broker / "mosquitto.conf")
        conf.write_text("user root\n" + conf.read_text())
        self.venue.spawn("mosquitto", "mosquitto", "-c", conf)
        wait.until(lambda: self.venue.reaches(self.port), "the broker")
        self.moved(etc / "porchlight/registrar/registrar.conf")
        (self.root / "var/lib/porchlight-registrar").mkdir(parents=True, exist_ok=True)
        self.venue.spawn("porchlight-registrar", program("porchlight-registrar"), "--prefix",
                         self.root)

    def start_relay(self):
        self.moved(self.root / "etc/porchlight/relay.conf")
        (self.root / "var/lib/porchlight-relay").mkdir(parents=True)
        relay = self.venue.spawn("porchlight-relay", program("porchlight-relay"), "--prefix",
                                 self.root)
        wait.until(lambda: "connected\n" in relay.said(), relay.said, 60)
        return relay
