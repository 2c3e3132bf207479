"""How soon silence is noticed, at the true timings of a kiosk as it ships: by porchlight-relay, which
rings phones through a real ntfy, and by a phone, `porchlight listen`."""

import secrets
import time

import pytest

from tests.faults.link import BLACKHOLE, Link
from tests.kit import wait
from tests.kit.kiosk import Kiosk, ini
from tests.kit.place import program
from tests.kit.process import Process
from tests.phone.ntfy import Ntfy

PROMISE_S = 20


class Relay:
    """porchlight-relay beside the kiosk's broker, in a folder of its own."""

    def __init__(self, kiosk, ntfy):
        self.account, password = secrets.token_hex(8), secrets.token_hex(12)
        self.folder, self.process = kiosk.folder / "relay", None
        credentials = self.folder / "etc/porchlight/credentials"
        credentials.mkdir(parents=True)
        kiosk.brokers[0].account("relay", self.account, password)
        for name, value in {"venue.key": (kiosk.credentials / "venue.key").read_text(),
                            "root.pub": (kiosk.credentials / "root.pub").read_text(),
                            f"kiosk-{kiosk.id}.pub": (kiosk.credentials / "kiosk.pub").read_text(),
                            "relay-broker": password, "push": ntfy.write}.items():
            (credentials / name).write_text(value.strip() + "\n")
            (credentials / name).chmod(0o600)
        broker = kiosk.brokers[0]
        (self.folder / "etc/porchlight/relay.conf").write_text(ini({
            "relay": {"account": self.account}, "venue": {"id": kiosk.venue},
            "broker": {"host": "localhost", "port": broker.port, "ca": broker.ca},
            "push first": {"url": ntfy.url, "token": "push"}, "kiosk door": {"id": kiosk.id}}))

    def start(self):
        self.process = Process("porchlight-relay", [program("porchlight-relay"), "--prefix",
                                                    self.folder], self.folder / "log")
        wait.until(lambda: "connected\n" in self.process.said(), self.process.said)
        return self


@pytest.fixture
def watched(folder):
    """(kiosk, the link between it and its broker, ntfy as a phone receives it, the phone)."""
    ntfy = Ntfy(folder).listen()
    kiosk = Kiosk(scaled=False)
    relay = Relay(kiosk, ntfy)
    link = Link(kiosk.brokers[0].port)
    with kiosk:
        phone = kiosk.listener()  # straight to the broker; the config is the kiosk's only after it
        phone.wait("link", up=True)
        kiosk.change({"broker b0": {"port": link.port}})
        kiosk.start()
        relay.start()
        phone.wait("show", show="quiet", within=20)
        yield kiosk, link, ntfy, phone
        kiosk.daemon.thaw()
        assert relay.process.stop() == 0 and not relay.process.trouble(), relay.process.said()
    link.close()
    ntfy.stop()


FAULTS = {"kill -9": lambda kiosk, link: kiosk.daemon.kill(),
          "SIGSTOP": lambda kiosk, link: kiosk.daemon.freeze(),
          "link cut": lambda kiosk, link: link.set(BLACKHOLE)}


@pytest.mark.parametrize("fault", FAULTS)
def test_silence_is_noticed_in_time(watched, fault):
    kiosk, link, ntfy, phone = watched
    beats = len(phone.all("beat", "beat"))
    phone.wait("beat", "beat", count=beats + 2, within=20)
    assert not ntfy.heard and phone.all("show")[-1].body["show"] == "quiet"
    # Just after a beat: of all moments, the one from which silence lasts longest unnoticed.
    began = time.monotonic()
    FAULTS[fault](kiosk, link)
    shown = phone.wait("show", show="lost", within=40).at - began
    rung = ntfy.wait(1)[0] - began
    print(f"{fault}: phones rung by the relay after {rung:.1f} s, a phone shows it after "
          f"{shown:.1f} s")
    assert rung < PROMISE_S and shown < PROMISE_S
