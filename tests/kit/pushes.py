"""A push server that only counts, in the place of ntfy; and porchlight-relay set up by hand."""

import http.server
import threading
import time

from tests.kit import wait
from tests.kit.place import program
from tests.kit.process import Process

TOKEN = "tk_0123456789abcdef"


class Pushes:
    def __init__(self):
        self.heard = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(handler):  # noqa: N805
                handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
                self.heard.append(time.monotonic())
                handler.do_GET()

            def do_GET(handler):  # noqa: N805
                """Or a relay asks whether the server is well."""
                handler.send_response(200)
                handler.send_header("Content-Length", "2")
                handler.end_headers()
                handler.wfile.write(b"{}")

            def log_message(handler, *_):  # noqa: N805
                pass
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/topic"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()


class HandRelay:
    """porchlight-relay for one kiosk, at a broker that has the `account`: (its name, its password)."""

    def __init__(self, kiosk, pushes, at, account, **more):
        self.kiosk, self.folder = kiosk, kiosk.folder / "relay"
        self.kept = self.folder / f"var/lib/porchlight-relay/ring-{kiosk.id}"
        credentials = self.folder / "etc/porchlight/credentials"
        credentials.mkdir(parents=True)
        (self.folder / "var/lib/porchlight-relay").mkdir(parents=True)
        account, password = account
        values = {"relay-broker": password, "push": TOKEN,
                  "root.pub": (kiosk.credentials / "root.pub").read_text().strip(),
                  f"kiosk-{kiosk.id}.pub": (kiosk.credentials / "kiosk.pub").read_text().strip()}
        for name, value in values.items():
            (credentials / name).write_text(value + "\n")
            (credentials / name).chmod(0o600)
        conf = {"relay": {"account": account, "beat": "1s", **more}, "venue": {"id": kiosk.venue},
                "broker": {"host": "localhost", "port": at.port, "ca": at.ca},
                "push first": {"url": pushes.url, "token": "push"}, "kiosk one": {"id": kiosk.id}}
        (self.folder / "etc/porchlight/relay.conf").write_text("".join(
            f"[{s}]\n" + "".join(f"{k} = {v}\n" for k, v in keys.items()) for s, keys in conf.items()))
        self.process = None

    def start(self, env=None):
        log = self.kiosk.logs / "relay"
        before = log.read_text().count("connected\n") if log.exists() else 0
        self.process = Process("porchlight-relay", [program("porchlight-relay"), "--prefix", self.folder],
                               log, env=env)
        wait.until(lambda: self.process.said().count("connected\n") > before, self.process.said, 60)
        return self

    def reasons(self):
        """Why it rang, in order."""
        return [line.split("ringing: ")[1] for line in self.process.said().splitlines()
                if "ringing: " in line]

    def kill(self):
        self.process.kill()
        self.process = None

    def stop(self):
        if self.process:
            assert self.process.stop() == 0, self.process.said()
            assert not self.process.trouble(), self.process.said()
            self.process = None
