"""aedes, a broker in JavaScript, from the npm registry by the lock files beside its few lines: the version
for the Node of Debian 12, and the one for Debian 13's."""

import fcntl
import json
import shutil

from tests.kit import process, wait
from tests.kit.broker import RIGHTS, Broker
from tests.kit.place import ROOT
from tests.kit.process import Process
from tests.long import trees

HERE = ROOT / "tests/long/aedes"


def parts(version):
    """Where aedes is: below build/, put there once."""
    there, lock_files = ROOT / "build/aedes" / version, HERE / version
    there.mkdir(parents=True, exist_ok=True)
    with open(there / "lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        want = (lock_files / "package-lock.json").read_bytes()
        have = there / "package-lock.json"
        if not (there / "done").exists() or have.read_bytes() != want:
            (there / "done").unlink(missing_ok=True)
            for name in ("package.json", "package-lock.json"):
                shutil.copy(lock_files / name, there / name)
            done = process.run(["npm", "ci", "--silent", "--ignore-scripts", "--no-audit",
                                "--no-fund"], 300, cwd=there)
            assert done.returncode == 0, f"npm ci: {done.stdout}{done.stderr}"
            (there / "done").touch()
    return there


class Aedes(Broker):
    v5 = False
    version = "0.51"

    @classmethod
    def release(cls):
        return json.loads((parts(cls.version) / "node_modules/aedes/package.json").read_text())["version"]

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
        self.process = Process(self.name, [*self.enter(), "node", HERE / "broker.mjs",
                                           self.folder / "conf.json",
                                           parts(self.version) / "package.json"], self.folder / "log")
        wait.until(lambda: "serves" in self.said()[before:],
                   lambda: f"aedes: {self.said()}", 20, every=0.02)
        return self


class Aedes13(Aedes):
    """In a Debian 13 tree."""

    version = "1.2"

    def enter(self):
        return trees.inside("trixie")
