"""Nights on which the code or duress is pressed at the door, seen from everywhere that must not tell one
from the other: one line of JSON for each night. As a program it runs on the kit of whatever tree is in
PYTHONPATH, so that older kiosks can be looked at by the same eyes.

    PYTHONPATH=TREE BUILD=build/release /usr/bin/python3 tests/kit/duress_nights.py STATE COVER COUNT SEED
"""

import contextlib
import http.server
import json
import os
import random
import re
import secrets
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

from tests.kit import kiosk as kit
from tests.kit import wait
from tests.kit.place import BUILD, ROOT, program
from tests.kit.process import Process

# What is done before the code or duress is looked at. "before": either of them, the same in both nights of a
# pair, which hides the alert. "it": the night's own, and what is looked at is the alarm, pressed once more.
STATES = {"quiet": (), "caution": ("caution",), "lockdown": ("lockdown",), "drill": ("drill",), "grace": ("grace",),
          "pressed": ("before",), "hidden": ("lockdown", "before"), "again": ("lockdown", "it"),
          "feigned": ("lockdown", "before", "drill"), "restarted": ("lockdown", "before", "restart"),
          "warned": ("caution", "before")}
PRESSES = {"code": (5,), "duress": (4, 6)}
MOST = max(max(counts) for counts in PRESSES.values())
# With cover everything goes out in slots of 2 s.
WATCHED_S = {"no": 1.6, "yes": 4.6}
THROUGH_S = {"no": 0.9, "yes": 4.2}
RELAY = "00aa11bb22cc33dd"
# What is drawn again for every night, whatever is pressed.
CHANCE = re.compile(r'"(id|at|began|nonce|epoch|seq|age_ms|up|beat_ms|alert_ms|staff|ring|time|proof|kiosk'
                    r'|received_ns)":("[^"]*"|[0-9.]+),?')
# These come by the clock, whatever was pressed. As TLS records: a beat, and a relay's sign of life.
BEAT, PING = 840, 858
BLOCK, SLOT = 512, 4096  # the record's file has two slots, which are written in turn


def nights(state, cover, count, seed=1, tree=ROOT, build=BUILD):
    """So many nights of either kind in this state, by the programs and the kit of a tree. They are kept, to be
    looked at again."""
    kept = tree / "build/duress" / f"{state}-{cover}-{seed}.jsonl"
    kept.parent.mkdir(parents=True, exist_ok=True)
    with kept.open("w") as out:
        done = subprocess.run(["/usr/bin/python3", __file__, state, cover, str(count), str(seed)], cwd=tree,
                              env={**os.environ, "PYTHONPATH": str(tree), "BUILD": str(build)},
                              stdout=out, stderr=subprocess.PIPE, text=True, timeout=7200)
    assert done.returncode == 0, done.stderr[-3000:]
    return [json.loads(line) for line in kept.read_text().splitlines()]


def drawn_in_pairs(count, chance):
    """The kinds of so many pairs of nights: each pair has one of either, in an order that chance draws. What
    drifts meanwhile, such as the load of the machine, is then the same for both kinds."""
    return [kind for _ in range(count) for kind in chance.sample(("code", "duress"), 2)]


def parted(found, surface):
    """What the nights of either kind left on this surface, as text: (code, duress)."""
    return tuple([json.dumps(n["same"][surface]) for n in found if n["kind"] == kind]
                 for kind in ("code", "duress"))


def now():
    return time.monotonic_ns()


class Tap:
    """A TCP proxy that notes when each TLS record of application data passed, which way, its length."""

    def __init__(self, port):
        self.records, self._to = [], port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                near, _ = self._listener.accept()
                far = socket.create_connection(("127.0.0.1", self._to))
            except OSError:
                return
            for one in (near, far):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for source, sink, way in ((near, far, "up"), (far, near, "down")):
                threading.Thread(target=self._carry, args=(source, sink, way), daemon=True).start()

    def _carry(self, source, sink, way):
        waiting = b""
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                at = now()
                sink.sendall(data)
                waiting += data
                while len(waiting) >= 5 and len(waiting) >= (end := 5 + int.from_bytes(waiting[3:5], "big")):
                    if waiting[0] == 23:
                        self.records.append((at, way, end - 5))
                    waiting = waiting[end:]
        for one in (source, sink):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def since(self, at, way, until=None):
        return [(when, length) for when, which, length in list(self.records)
                if which == way and at <= when and (until is None or when < until)]

    def close(self):
        self._listener.close()


class Pushes:
    """Where the relay rings: one address for members, one for staff."""

    def __init__(self):
        self.came = []
        pushes = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                pushes.came.append((now(), self.path, len(body)))
                self.do_GET()

            do_PUT = do_POST

            def do_GET(self):
                """Or a relay asks whether the server is well."""
                self.send_response(200)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *_):
                pass
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def url(self, topic):
        return f"http://127.0.0.1:{self.server.server_address[1]}/{topic}"


class Venue:
    """A kiosk, its relay, a member's screen and a staff phone, each through a tap of its own."""

    def __init__(self, cover):
        self.cover = cover
        conf = {**kit.FAST, "timing": {"state": "1min", "state_alert": "1min", "beat": "5s"},
                "kiosk": {"cover": cover}, "wipe": {"enabled": "yes", "grace": "60s"}}
        self.kiosk = kit.Kiosk(kind="d", conf=conf)
        broker = self.kiosk.brokers[0]
        broker.account("relay", RELAY, secrets.token_hex(12))
        self.kiosk.__enter__()
        self.taps = {name: Tap(broker.port) for name in ("kiosk", "relay", "member")}
        self.kiosk.change({"broker b0": {"port": self.taps["kiosk"].port}})
        self.new = hasattr(self.kiosk, "staff_phone")  # the protocol has notices for staff alone
        if self.new:
            self.kiosk.staff_phone()
        (self.kiosk.folder / "srv/venue").mkdir(parents=True)
        (self.kiosk.folder / "srv/venue/list").write_text("names\n")
        self.kiosk.start_wipe("[root venue]\npath = /srv/venue\n[file list]\npath = /srv/venue/list\n")
        self.kiosk.start()
        self.pushes = Pushes()
        self.relay = self._relay()
        self.spy = self.kiosk.spy(["#"])
        self.member = self._member(broker)
        self.wires = self.kiosk.wires()
        self.member.wait("show", show="quiet", within=30)
        if self.new:  # from now on there is a proof of the last alert's end
            self.begin("lockdown")
            self.end("lockdown")

    def _member(self, broker):
        port, broker.port = broker.port, self.taps["member"].port
        try:
            self.kiosk.change({"broker b0": {"port": self.taps["member"].port}})
            made = self.kiosk.listener("member")
            made.wait("link", up=True)
        finally:
            broker.port = port
            self.kiosk.change({"broker b0": {"port": self.taps["kiosk"].port}})
        return made

    def _relay(self):
        kiosk, folder = self.kiosk, self.kiosk.folder / "relay"
        (folder / "var/lib/porchlight-relay").mkdir(parents=True)
        credentials = folder / "etc/porchlight/credentials"
        credentials.mkdir(parents=True)
        for name, text in {"root.pub": (kiosk.credentials / "root.pub").read_text(),
                           f"kiosk-{kiosk.id}.pub": (kiosk.credentials / "kiosk.pub").read_text(),
                           "venue.key": (kiosk.credentials / "venue.key").read_text(),
                           "relay-broker": kiosk.brokers[0].accounts[RELAY][1] + "\n",
                           "push": "tk_0123456789abcdef\n"}.items():
            (credentials / name).write_text(text)
            (credentials / name).chmod(0o600)
        sections = {"relay": {"account": RELAY, "beat": "5s"}, "venue": {"id": kiosk.venue},
                    "broker": {"host": "localhost", "port": self.taps["relay"].port,
                               "ca": kiosk.brokers[0].ca},
                    "push members": {"url": self.pushes.url("members"), "token": "push"},
                    **({"push staff": {"url": self.pushes.url("staff"), "token": "push", "staff": "yes"}}
                       if self.new else {}),
                    "kiosk k": {"id": kiosk.id}}
        (folder / "etc/porchlight/relay.conf").write_text(kit.ini(sections))
        relay = Process("porchlight-relay", [program("porchlight-relay"), "--prefix", folder, "--verbose"],
                        kiosk.logs / "relay")
        kiosk.processes.append(relay)
        wait.until(lambda: "connected" in relay.said(), relay.said, 30)
        return relay

    # One night

    def begin(self, state, kind=None, before=None):
        for step in STATES[state]:
            came = len(self.member.all(topic="alert"))
            self.does({"it": kind, "before": before}.get(step, step))
            if step == state or step in ("lockdown", "caution"):
                wait.until(lambda: len(self.member.all(topic="alert")) > came, f"the alert of {step}", 20)
            time.sleep(THROUGH_S[self.cover])  # what it sends is through
        if not STATES[state]:
            time.sleep(THROUGH_S[self.cover])  # what ended the night before is

    def does(self, step):
        {"caution": lambda: self.wires.presses(2, on=.05, off=.05),
         "lockdown": lambda: self.wires.hold(0.4), "drill": lambda: self.kiosk.cli("drill"),
         "grace": lambda: self.wires.hold(0.8), "restart": self.restart,
         "code": lambda: self.at_the_door("code"), "duress": lambda: self.at_the_door("duress")}[step]()

    def at_the_door(self, kind):
        return self.wires.presses(random.choice(PRESSES[kind]), on=0.05, off=0.05)

    def restart(self):
        """As after a power cut: the kiosk knows no more which of the two was pressed."""
        self.wires.close()
        self.kiosk.daemon.kill()
        self.kiosk.start()
        self.wires = self.kiosk.wires()

    def end(self, state):
        if not self.new:
            return
        for command in ["abort", "all-clear"] if state == "grace" else ["all-clear"]:
            done = self.kiosk.staff_command(command, patience="30s", within=40)
            assert done.returncode == 0, f"{command}: {done.stderr}"
        wait.until(lambda: self.member.all("show")[-1].body["show"] in ("quiet", "all-clear"),
                   lambda: f"quiet; it shows {self.member.all('show')[-1].body}", 30)
        time.sleep(0.4)

    def written(self):
        """Bytes that porchlightd has had written to the card, in blocks."""
        lines = Path(f"/proc/{self.kiosk.daemon.pid}/io").read_text().splitlines()
        return int(dict(line.split(": ") for line in lines)["write_bytes"])

    def files(self):
        return {p.relative_to(self.kiosk.state).name: p.read_bytes()
                for p in self.kiosk.state.rglob("*") if p.is_file()}

    def changed(self, before):
        """(file, size, blocks of it that are others now)."""
        out = []
        for name, data in self.files().items():
            old = before.get(name, b"")
            blocks = [at % SLOT // BLOCK for at in range(0, len(data), BLOCK)
                      if data[at:at + BLOCK] != old[at:at + BLOCK]]
            if blocks:
                out.append((name if name in ("record", "all-clear") else "other", len(data), blocks))
        return sorted(out)

    def press(self, presses):
        """What is seen of so many presses; of the alarm, if there are none. The last release comes at a moment
        that the number of presses has not set, the same time after what is seen begins; with cover, the same
        time after a slot."""
        if self.cover == "yes":
            came = len(self.spy.received)
            wait.until(lambda: any(r.topic == "state" for r in self.spy.received[came:]), "a slot", 20)
        time.sleep(0.3)
        before = {"spy": len(self.spy.received), "member": len(self.member.received),
                  "pushes": len(self.pushes.came), "daemon": len(self.kiosk.daemon.said()),
                  "relay": len(self.relay.said()), "wiper": len(self.kiosk.wiper.said()),
                  "written": self.written(), "files": self.files()}
        began = now()
        time.sleep((MOST - presses) * 0.1)
        at = self.wires.presses(presses, on=0.05, off=0.05) if presses else self.wires.hold(0.4)
        time.sleep(WATCHED_S[self.cover])
        return self.seen(at, began, before)

    def seen(self, at, began, before):
        packets = [(r.topic, len(r.wire), r.retained) for r in self.spy.received[before["spy"]:]
                   if r.topic != "beat" and not r.topic.startswith(("ack/", "relay/"))]
        member = [r.body for r in self.member.received[before["member"]:]
                  if r.body.get("topic") not in ("beat",)]
        status = self.kiosk.status()
        for broker in status["brokers"]:
            broker.pop("error", None)
        same = {"packets": sorted(packets),
                "written": self.written() - before["written"],
                "changed": self.changed(before["files"]),
                "log": masked(self.kiosk.daemon.said()[before["daemon"]:]),
                "relay": masked(self.relay.said()[before["relay"]:]),
                "wiper": masked(self.kiosk.wiper.said()[before["wiper"]:]),
                "pushes": sorted((path, size) for _, path, size in self.pushes.came[before["pushes"]:]),
                "member": [CHANCE.sub("", json.dumps(body, separators=(",", ":"), sort_keys=True))
                           for body in member if not beaten(body)],
                "status": CHANCE.sub("", json.dumps(status, separators=(",", ":"), sort_keys=True))}
        times = {}
        for name, tap in self.taps.items():
            for way in ("up", "down"):
                records = [r for r in tap.since(began, way)]
                said = [r for r in records if r[1] > 200 and r[1] not in (BEAT, PING)]
                same[f"{name} {way}"] = sorted(length for _, length in said)
                times[f"{name} {way}"] = [when - at for when, _ in said]
                times[f"{name} {way}, small"] = [when - at for when, length in records
                                                 if length <= 200 and when >= at]
                times[f"{name} {way}, by the clock"] = [when - at for when, length in records
                                                        if length in (BEAT, PING) and when >= at]
        same.pop("member up")  # a ping, once an hour
        times["push"] = [when - at for when, _, _ in self.pushes.came[before["pushes"]:]]
        times["screen"] = [body["received_ns"] - at for body in member if not beaten(body)]
        record = (self.kiosk.state / "record").stat().st_mtime_ns - time.time_ns() + now()
        times["card"] = [record - at]
        return {"same": same, "times": times}


def masked(text):
    return re.sub(r"[0-9a-f]{8,}|\d+", "#", text).splitlines()


def beaten(body):
    """Beats, and what the screen says of them, come by the clock."""
    return body.get("what") in ("beat", "link") or body.get("kind") == "beat"


def main(state, cover, count, seed):
    venue = Venue(cover)
    try:
        chance = random.Random(int(seed))
        kinds = drawn_in_pairs(int(count), chance)
        before = [earlier for _ in range(int(count)) for earlier in [chance.choice(tuple(PRESSES))] * 2]
        for kind, earlier in zip(kinds, before):
            venue.begin(state, kind, earlier)
            night = venue.press(0 if "it" in STATES[state] else random.choice(PRESSES[kind]))
            print(json.dumps({"kind": kind, "state": state, "cover": cover, **night}), flush=True)
            venue.end(state)
            if not venue.new:
                venue.kiosk.close()
                venue = Venue(cover)
    finally:
        venue.kiosk.close(quietly=sys.exc_info()[0] is not None)


if __name__ == "__main__":
    main(*sys.argv[1:])
