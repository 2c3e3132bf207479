"""porchlight-relay on the host, as the watcher outside the venue, and the push server it rings."""

import http.server
import threading
import time

from tests.kit import wait
from tests.kit.place import program
from tests.kit.process import Process


class Watcher:
    """Context manager. `rings` are the moments at which locked phones were rung."""

    def __init__(self, venue):
        self.rings = []
        self.venue = venue
        self.folder = venue.folder / "watcher"
        rings = self.rings

        class Push(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                if self.command != "GET":
                    rings.append(time.monotonic())
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                self.send_response(200)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            do_GET = do_PUT = do_POST  # GET: whether the server is well, no ring

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Push)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self._write()

    def _write(self):
        venue, broker = self.venue, self.venue.brokers[0]
        account, password = venue.account_of("relay")
        held = self.folder / "etc/porchlight/credentials"
        held.mkdir(parents=True, exist_ok=True)
        for name, value in {"relay-broker": password,
                            "push": "a-token-of-the-tests",
                            "root.pub": (venue.credentials / "root.pub").read_text().strip(),
                            f"kiosk-{venue.id}.pub": venue.keys.kiosk.hex()}.items():
            (held / name).write_text(value + "\n")
            (held / name).chmod(0o600)
        conf = {"relay": {"account": account}, "venue": {"id": venue.venue},
                "broker": {"host": "localhost", "port": broker.port, "ca": broker.ca},
                "kiosk board": {"id": venue.id},
                "push first": {"url": f"http://127.0.0.1:{self.server.server_port}/ring",
                               "token": "push", "click": "https://kettle.example/"}}
        (self.folder / "etc/porchlight/relay.conf").write_text("".join(
            f"[{s}]\n" + "".join(f"{k} = {v}\n" for k, v in keys.items())
            for s, keys in conf.items()))

    def __enter__(self):
        self.process = Process("porchlight-relay", [program("porchlight-relay"), "--prefix",
                                                    self.folder], self.folder / "log")
        wait.until(lambda: "connected\n" in self.process.said(),
                   lambda: f"the watcher's connection; it said {self.process.said()}", 20)
        return self

    def __exit__(self, *_):
        self.process.stop()
        self.server.shutdown()
        self.server.server_close()

    def wait_ring(self, since, within):
        """The seconds from `since` to the first ring after it."""
        wait.until(lambda: [r for r in self.rings if r > since],
                   lambda: f"a ring; the watcher said {self.process.said()}", within)
        return next(r for r in self.rings if r > since) - since
