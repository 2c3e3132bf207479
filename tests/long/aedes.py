"""aedes, a broker in JavaScript, from the npm registry by the lock file beside its few lines."""

import fcntl
import json
import shutil

from tests.kit import process, wait
from tests.kit.broker import RIGHTS, Broker
from tests.kit.place import ROOT
from tests.kit.process import Process

HERE = ROOT / "tests/long/aedes"


def parts():
    """Where aedes is: below build/, put there once."""
    there = ROOT / "build/aedes"
    there.mkdir(parents=True, exist_ok=True)
    with open(there / "lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        want = (HERE / "package-lock.json").read_bytes()
        have = there / "package-lock.json"
        if not (there / "done").exists() or have.read_bytes() != want:
            (there / "done").unlink(missing_ok=True)
            for name in ("package.json", "package-lock.json"):
                shutil.copy(HERE / name, there / name)
            done = process.run(["npm", "ci", "--silent", "--ignore-scripts", "--no-audit",
                                "--no-fund"], 300, cwd=there)
            assert done.returncode == 0, f"npm ci: {done.stdout}{done.stderr}"
            (there / "done").touch()
    return there


class Aedes(Broker):
    v5 = False

    def _write(self):
        def may(account, role, verb):
            return [f"{self.place}/{topic.replace('ACCOUNT', account)}"
                    for line in RIGHTS[role] for said, topic in [line.split()]
                    if said in (verb, "readwrite")]
        cert, key = map(str, self.certificate)
        accounts = {a: {"password": p, "read": may(a, r, "read"), "write": may(a, r, "write")}
                    for a, (r, p) in self.accounts.items()}
        (self.folder / "conf.json").write_text(json.dumps(
            {"port": self.port, "cert": cert, "key": key, "accounts": accounts}))

    def start(self):
        self._write()
        before = len(self.said()) if (self.folder / "log").exists() else 0
        self.process = Process(self.name, ["node", HERE / "broker.mjs", self.folder / "conf.json",
                                           parts() / "package.json"], self.folder / "log")
        wait.until(lambda: "serves" in self.said()[before:],
                   lambda: f"aedes: {self.said()}", 20, every=0.02)
        return self
