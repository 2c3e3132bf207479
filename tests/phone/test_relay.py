"""porchlight-relay against a real broker and a real ntfy server."""

import json
import threading
import time
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.kit import wait
from tests.kit.fake_broker import Dialect, FakeBroker
from tests.phone.kiosk import Kiosk
from tests.phone.ntfy import Ntfy, Relay
from tests.phone.serving import Broker


class Night:
    def __init__(self, folder, authority, **more):
        self.broker = Broker(folder, authority).start()
        self.kiosk = Kiosk([self.broker]).online()
        self.ntfy = Ntfy(folder).listen()
        self.relay = Relay(folder, self.broker, [self.kiosk], self.ntfy, **more).start()

    def rang(self, count, settle=0.0):
        time.sleep(settle)
        assert len(self.ntfy.heard) == count, self.ntfy.heard

    def close(self):
        self.relay.stop()
        self.kiosk.close()
        self.ntfy.stop()
        self.broker.stop()


@pytest.fixture
def night(folder, authority):
    made = Night(folder, authority)
    yield made
    made.close()


def test_an_alert_wakes_phones_and_says_nothing(night):
    night.rang(0, 1)
    began = time.monotonic()
    night.kiosk.alarm("lockdown")
    at, body = night.ntfy.wait()
    print(f"a phone's app was woken {1000 * (at - began):.0f} ms after the alert")
    assert body["message"] == "The kettle is on" and body["priority"] == 5
    assert body["click"] == "https://kettle.example/"
    assert not {"title", "tags", "actions"} & set(body)
    assert "lockdown" not in json.dumps(body) and night.kiosk.id not in json.dumps(body)


def test_one_ring_for_one_thing(night):
    kiosk = night.kiosk
    kiosk.alarm("caution")
    night.ntfy.wait(1)
    for _ in range(3):
        kiosk.say("alert", "caution", id=kiosk.alert)
        kiosk.state("caution")
    night.rang(1, 0.7)
    kiosk.alarm("lockdown")
    night.ntfy.wait(2)
    kiosk.ring(True, staff=str(uuid.uuid4()))  # a code or duress: staff's phones alone
    night.rang(2, 0.7)
    kiosk.all_clear()
    night.ntfy.wait(3)
    kiosk.all_clear()
    night.rang(3, 0.7)


def test_what_is_not_the_kiosks_rings_nobody(night):
    kiosk = night.kiosk
    body = kiosk.body("ring", id="6c1f9d0e-54b3-4c27-9a1d-2f0d5e8b7a66", on=True, staff=None)
    at = {"epoch": body["epoch"], "seq": body["seq"]}
    kiosk.send("ring", kiosk.seal("ring", body, secret=kiosk.root.secret, **at))
    kiosk.send("ring", json.dumps(body).encode())
    kiosk.send("ring", b"")
    kiosk.send("ring", kiosk.seal("presence", body, **at))
    kiosk.send("presence", kiosk.seal("presence", body, **at))
    kiosk.send("alert", kiosk.seal("alert", body, **at))
    night.rang(0, 1)
    kiosk.alarm("lockdown")
    night.ntfy.wait(1)


def test_server_down_and_back_is_reported_once(night):
    night.ntfy.stop()
    night.kiosk.alarm("lockdown")
    night.relay.complains()
    night.kiosk.alarm("caution")
    night.ntfy.start()
    kept = wait.until(lambda: night.ntfy.kept(), "the wake-up", 60)
    time.sleep(2)
    assert len(night.ntfy.kept()) == len(kept) == 1


class BusyNtfy:
    """In the place of ntfy: it is busy at first, says for how long, and takes the rest."""

    write = "tk_busy0000000000000000000000000"

    def __init__(self, status, seconds):
        self.posts = posts = []  # when each came

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                posts.append(time.monotonic())
                self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(status if len(posts) == 1 else 200)
                self.send_header("Retry-After", str(seconds))
                self.end_headers()

            def do_GET(self):
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_):
                pass
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/topic"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_server_is_given_the_time_it_asks_for(folder, authority, status):
    """A second alert meanwhile changes nothing of that."""
    ntfy = BusyNtfy(status, 3)
    broker = Broker(folder, authority).start()
    kiosk = Kiosk([broker]).online()
    relay = Relay(folder, broker, [kiosk], ntfy).start()
    try:
        kiosk.alarm("caution")
        wait.until(lambda: len(ntfy.posts) == 1, "the first attempt", 60)
        kiosk.alarm("lockdown")
        wait.until(lambda: len(ntfy.posts) > 1, "the next attempt", 60)
        assert ntfy.posts[1] - ntfy.posts[0] >= 3
    finally:
        relay.stop()
        kiosk.close()
        broker.stop()
        ntfy.close()


def test_a_broker_that_flaps_costs_few_lines_of_log(folder, authority):
    ntfy = BusyNtfy(200, 0)
    flapping = FakeBroker(authority.server("fake"), Dialect(lasts=0.1))
    broker = Broker(folder, authority).start()
    kiosk = Kiosk([broker]).online()
    relay = Relay(folder, broker, [kiosk], ntfy)
    conf = relay.folder / "etc/porchlight/relay.conf"
    conf.write_text(conf.read_text().replace(f"port = {broker.port}", f"port = {flapping.port}"))
    relay.start()
    try:
        wait.until(lambda: len(flapping.all("connect")) >= 6, "the sixth connection", 60)
        said = [line for line in relay.process.said().splitlines() if "connected" in line]
        assert 2 <= len(said) <= 4, said
    finally:
        relay.stop()
        kiosk.close()
        broker.stop()
        flapping.close()
        ntfy.close()


def test_a_silent_kiosk_rings(night):
    """Not before its time; how soon after is test_watch.c's."""
    night.kiosk.silent.set()
    night.kiosk.beating.join()
    began = time.monotonic()
    at, body = night.ntfy.wait()
    assert at - began > 13
    assert body["message"] == "The kettle is on"
    night.rang(1, 2)


def test_the_relay_beats_while_it_can_ring(night):
    def beats():
        return night.relay.beats(night.kiosk)
    wait.until(lambda: len(beats()) >= 2, "two beats", 60)
    sent = [body for _, body, _ in beats()]
    assert sent[0]["kind"] == "ping" and sent[0]["nonce"] != sent[1]["nonce"]
    night.ntfy.stop()
    night.kiosk.alarm("lockdown")
    night.relay.complains()
    night.relay.ceases_to_beat(night.kiosk)
    before = len(beats())
    night.ntfy.start()
    wait.until(lambda: len(beats()) > before, "beats again", 60)


def test_tokens_do_one_thing_each(night):
    assert night.ntfy.status_of("POST", night.ntfy.read) == 403
    assert night.ntfy.status_of("GET", night.ntfy.write, "/json?poll=1") == 403
    assert night.ntfy.status_of("POST", "tk_nobody0000000000000000000000") in (401, 403)


def test_a_broker_that_is_away_rings_too(folder, authority):
    night = Night(folder, authority, blind="2s")
    night.broker.stop()
    night.ntfy.wait()
    night.broker.start()
    wait.until(lambda: night.relay.process.said().count("connected\n") >= 2, "the way back", 60)
    wait.until(lambda: all(c.is_connected() for c in night.kiosk.clients), "the kiosk's way back", 60)
    night.kiosk.alarm("lockdown")
    night.ntfy.wait(2)
    night.close()
