"""aedes, a broker in JavaScript, from the npm registry by the lock files beside its few lines: the version
for the Node of Debian 12, and the one for Debian 13's."""

import json

from tests.kit import npm, wait
from tests.kit.broker import RIGHTS, Broker
from tests.kit.place import ROOT
from tests.kit.process import Process
from tests.long import trees

HERE = ROOT / "tests/long/aedes"


def parts(version):
    return npm.installed(HERE / version, f"aedes/{version}")


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
