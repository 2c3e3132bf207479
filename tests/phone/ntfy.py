"""A real ntfy server: Debian 13's package, unpacked from its archive without being installed."""

import fcntl
import json
import secrets
import shutil
import threading
import time
import urllib.error
import urllib.request

from nacl import bindings as na

from tests.kit import process, wait
from tests.kit.broker import free_port
from tests.kit.place import ROOT
from tests.kit.process import Process
from tests.phone.serving import fill, listening


def binary():
    """ntfy is one static program: on Debian 12 it comes out of a Debian 13 tree."""
    if shutil.which("ntfy"):
        return shutil.which("ntfy")
    tree = ROOT / "build/ntfy-tree"
    path = tree / "usr/bin/ntfy"
    with open(ROOT / "build/ntfy-tree.lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the tests run side by side: one of them unpacks it
        _unpack(tree, path)
    return str(path)


def _unpack(tree, path):
    if not path.exists():
        shutil.rmtree(tree, ignore_errors=True)
        made = process.run(["mmdebstrap", "--quiet", "--variant=extract", "--include=ntfy",
                            "trixie", tree], 300)
        assert path.exists(), made.stderr


class Ntfy:
    """Started by `start()`. `write` and `read` are tokens for the one topic."""

    def __init__(self, folder):
        self.folder = folder / "ntfy"
        self.folder.mkdir(parents=True)
        self.port, self.topic = free_port(), "q8Zt3vLwX5"
        self.conf = self.folder / "server.yml"
        # No upstream in the tests: they speak to nobody but themselves.
        text = fill("config/push/ntfy.yml.in", URL=self.base, PORT=self.port, STATE=self.folder,
                    UPSTREAM="")
        self.conf.write_text(text)
        self.process = None
        self.heard = []
        self.start()  # the first start makes the file that accounts go into
        self.write = self._user("relay", "write-only")
        self.read = self._user("phones", "read-only")

    @property
    def base(self):
        return f"http://127.0.0.1:{self.port}"

    @property
    def url(self):
        return f"{self.base}/{self.topic}"

    def _ntfy(self, *args):
        made = process.run([binary(), *args], 60,
                           env=process.environment(NTFY_PASSWORD="not-used-anywhere",
                                                   NTFY_CONFIG_FILE=self.conf))
        assert made.returncode == 0, made.stderr
        return made.stdout + made.stderr

    def _user(self, name, right):
        self._ntfy("user", f"--config={self.conf}", "add", name)
        self._ntfy("access", f"--config={self.conf}", name, self.topic, right)
        said = self._ntfy("token", f"--config={self.conf}", "add", name)
        return next(w.strip(",") for w in said.split() if w.startswith("tk_"))

    def start(self):
        self.process = Process("ntfy", [binary(), "serve", "--config", self.conf],
                               self.folder / "log")
        listening(self.port, self.process)
        return self

    def stop(self):
        if self.process:
            self.process.stop()
            self.process = None

    def listen(self):
        """As a phone's app does: a stream of messages, each noted when it came."""
        ready = threading.Event()

        def read():
            asked = urllib.request.Request(f"{self.url}/json", headers={
                "Authorization": f"Bearer {self.read}"})
            try:
                with urllib.request.urlopen(asked) as stream:
                    for line in stream:
                        body = json.loads(line)
                        ready.set()
                        if body["event"] == "message":
                            self.heard.append((time.monotonic(), body))
            except OSError:
                pass
        threading.Thread(target=read, daemon=True).start()
        assert ready.wait(60), "ntfy streams nothing"
        return self

    def kept(self):
        """What a phone that comes back is given."""
        asked = urllib.request.Request(f"{self.url}/json?poll=1&since=all", headers={
            "Authorization": f"Bearer {self.read}"})
        with urllib.request.urlopen(asked, timeout=10) as got:
            return [json.loads(line) for line in got.read().splitlines()]

    def wait(self, count=1):
        return wait.until(lambda: self.heard[count - 1] if len(self.heard) >= count else None,
                          lambda: f"wake-up number {count}; came {self.heard}", 60)

    def status_of(self, method, token, path=""):
        asked = urllib.request.Request(self.url + path, data=b"x" if method == "POST" else None,
                                       method=method, headers={"Authorization": f"Bearer {token}"})
        try:
            with urllib.request.urlopen(asked, timeout=5) as got:
                return got.status
        except urllib.error.HTTPError as refused:
            return refused.code


class Relay:
    """porchlight-relay in a folder of its own. `ntfy` may be None; `web`: the keys of [webpush]."""

    def __init__(self, folder, broker, kiosks, ntfy, web=None, **more):
        self.folder = folder / "relay"
        self.subscriptions = self.folder / "var/lib/porchlight-relay/subscriptions"
        self.subscriptions.parent.mkdir(parents=True)
        credentials = self.credentials = self.folder / "etc/porchlight/credentials"
        credentials.mkdir(parents=True)
        first = kiosks[0]
        self.account, self.password = "00aa11bb22cc33dd", "relay-password-0123456789"
        for kiosk in kiosks:
            broker.role("relay", kiosk.venue, kiosk.id, self.account) if kiosk is first else None
        broker.steward.command(command="createClient", username=self.account,
                               password=self.password, clientid=self.account,
                               roles=[{"rolename": f"relay-{self.account}"}])
        for name, value in {"root.pub": first.root.public.hex(), "relay-broker": self.password,
                            **({"push": ntfy.write} if ntfy else {}),
                            **(self._push_key(first) if web else {}),
                            **{f"kiosk-{k.id}.pub": k.public.hex() for k in kiosks}}.items():
            (credentials / name).write_text(value + "\n")
            (credentials / name).chmod(0o600)
        conf = {"relay": {"account": self.account, "beat": "1s", **more},
                "venue": {"id": first.venue},
                "broker": {"host": "localhost", "port": broker.port, "ca": broker.ca},
                **({"push first": {"url": ntfy.url, "token": "push",
                                   "click": "https://kettle.example/"}} if ntfy else {}),
                # No weekly silent tests, but where they are what is tested: one in 168 phones has its hour now.
                **({"webpush": {"check": "0s", **web}} if web else {}),
                **{f"kiosk k{i}": {"id": k.id} for i, k in enumerate(kiosks)}}
        (self.folder / "etc/porchlight/relay.conf").write_text("".join(
            f"[{s}]\n" + "".join(f"{k} = {v}\n" for k, v in keys.items())
            for s, keys in conf.items()))
        self.process = None

    @staticmethod
    def _push_key(kiosk):
        """What `porchlight keys push` makes, with the tests' own root."""
        seed = secrets.token_bytes(32)
        public, _ = na.crypto_sign_seed_keypair(seed)
        signature = kiosk.root.sign("porchlight-push", bytes.fromhex(kiosk.venue), public)
        return {"push.key": seed.hex(), "push.cert": signature.hex()}

    def complains(self):
        wait.until(lambda: "trying again" in self.process.said(), "the relay's complaint", 60)

    def ceases_to_beat(self, kiosk):
        """Waits until three beats in a row are missing."""
        def quiet():
            before = len(self.beats(kiosk))
            time.sleep(3)
            return len(self.beats(kiosk)) == before
        wait.until(quiet, "the end of its beats: it claims to live and cannot ring", 60)

    def beats(self, kiosk):
        return [x for x in list(kiosk.letters) if x[0] == f"relay/{self.account}"]

    def stored(self):
        """The lines of the file of subscriptions."""
        try:
            return self.subscriptions.read_text().splitlines()
        except FileNotFoundError:
            return []

    def start(self):
        from tests.kit.place import program
        self.process = Process("porchlight-relay", [program("porchlight-relay"), "--prefix",
                                                    self.folder], self.folder / "log")
        wait.until(lambda: "connected\n" in self.process.said(),
                   lambda: f"the relay's connection; it said {self.process.said()}", 60)
        return self

    def stop(self):
        if self.process:
            assert self.process.stop() == 0, self.process.said()
            assert not self.process.trouble(), self.process.said()
            self.process = None


