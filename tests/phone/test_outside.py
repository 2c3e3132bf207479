"""The server outside as `porchlight setup` makes it and its install.sh puts it in place: a phone joins
through it and receives an alert there, with no broker at the venue."""

import json
import os

import pytest

from tests.kit import process
from tests.kit.broker import free_port
from tests.kit.place import ROOT, program
from tests.kit.setup import Venue
from tests.phone.browser import Page
from tests.phone.serving import listening


class Outside:
    """The machine outside is a folder that install.sh takes for its root."""

    def __init__(self, folder, certificate):
        self.root, self.certificate = folder / "outside", certificate
        self.ports = {p: free_port() for p in ("8883", "443", "1885", "1884")}
        self.venue = Venue(broker="elsewhere", outside=f"localhost:{self.ports['8883']}",
                           outside_account="make")

    def install(self):
        """As a host does. Of what it installs, only ports and the root are the tests' own."""
        known = self.root / "etc/letsencrypt/live/localhost"
        known.mkdir(parents=True)
        for name, file in zip(("fullchain.pem", "privkey.pem"), self.certificate):
            os.link(file, known / name)
        done = process.run([self.venue.etc / "outside/install.sh"],
                           env=process.environment(PREFIX=self.root))
        assert done.returncode == 0, done.stderr
        page = self.root / "usr/share/porchlight/page"
        page.rmdir()
        page.symlink_to(ROOT / "build/page")
        (self.root / "run").mkdir()
        self._move("mosquitto/mosquitto.conf", "user root\n")
        self._move("nginx/nginx.conf", "user root;\ndaemon off;\n")

    def _move(self, name, head):
        path = self.root / "etc" / name
        text = path.read_text()
        for folder in ("/etc/", "/var/lib/mosquitto", "/run", "/usr/share/"):
            text = text.replace(f" {folder}", f" {self.root}{folder}")
        text = text.replace("listen 443 ssl", f"listen 127.0.0.1:{self.ports['443']} ssl")
        for port in ("1885", "1884"):
            text = text.replace(f"listener {port} ", f"listener {self.ports[port]} ")
            text = text.replace(f":{port};", f":{self.ports[port]};")
        path.write_text(head + text)

    def serve(self):
        etc = self.root / "etc"
        broker = self.venue.spawn("mosquitto", "mosquitto", "-c", etc / "mosquitto/mosquitto.conf")
        listening(self.ports["8883"], broker)
        conf = etc / "porchlight/registrar/registrar.conf"
        conf.write_text(conf.read_text().replace("port = 1884", f"port = {self.ports['1884']}"))
        (self.root / "var/lib/porchlight-registrar").mkdir(parents=True)
        self.venue.spawn("porchlight-registrar", program("porchlight-registrar"), "--prefix",
                         self.root)
        nginx = self.venue.spawn("nginx", "nginx", "-e", "stderr", "-c", etc / "nginx/nginx.conf")
        listening(self.ports["443"], nginx)

    def told(self):
        """Phones get the usual port, which is not the tests' to take."""
        path = self.venue.etc / "porchlight.conf"
        text = path.read_text()
        assert "phones = wss://localhost/mqtt\n" in text and "page = https://localhost/\n" in text
        path.write_text(text.replace("//localhost/", f"//localhost:{self.ports['443']}/"))


@pytest.fixture
def outside(folder, certificate):
    made = Outside(folder, certificate)
    with made.venue:
        yield made


def test_a_phone_receives_an_alert_through_the_server_outside(outside, browser):
    venue = outside.venue
    venue.set_up()
    outside.install()
    outside.serve()
    outside.told()
    venue.start()
    made = venue.cli("invite", "--leave", "--json")
    assert made.returncode == 0, made.stderr
    page = Page(browser, f"https://localhost:{outside.ports['443']}/")
    try:
        page.join(json.loads(made.stdout)["link"])
        page.until_face("quiet")
        pressed = venue.cli("sim", "--name", "counter", "switch", "hold", "1.7s")
        assert pressed.returncode == 0, pressed.stderr
        page.until_face("lockdown")
        assert not page.shown("#refused")
    finally:
        page.close()


def test_without_a_known_certificate_the_venues_own_serves(outside):
    venue = outside.venue
    venue.set_up()
    done = process.run([venue.etc / "outside/install.sh"],
                       env=process.environment(PREFIX=outside.root))
    assert done.returncode == 0, done.stderr
    own = outside.root / "etc/mosquitto/porchlight.pem"
    for name in ("porchlight.crt", "porchlight.key"):
        assert (outside.root / "etc/nginx" / name).resolve() == own.resolve()


@pytest.mark.parametrize("broker,others", [("elsewhere", ""), ("both", "wss://localhost:{page}")])
def test_the_page_may_speak_to_the_venues_brokers_alone(outside, broker, others):
    venue = outside.venue
    venue.set_up(broker=broker)
    wanted = others.format(page=venue.answers["page_port"])
    text = (venue.etc / "outside/nginx.conf").read_text()
    assert f"connect-src 'self' {wanted};" in text
