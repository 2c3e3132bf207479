"""A venue whose data porchlight-wipe destroys, in files and folders of a private prefix."""

import hashlib
import secrets

from tests.kit import local, process, wiper
from tests.kit.place import program
from tests.kit.wipe_place import checksum

HEAD = "[root venue]\npath = /srv/venue\n"
ALL = HEAD + """[credential broker]
path = /srv/venue/broker.password
[tree sheets]
path = /srv/venue/sheets
[file list]
path = /srv/venue/list.csv
[key door]
path = /srv/venue/door.key
[cell clock]
cell = nvmem:rtc0
"""


class Venue:
    def __init__(self, folder, plan=ALL):
        self.prefix = folder
        self.venue = folder / "srv/venue"
        self.outside = folder / "srv/outside"
        self.cell = folder / "sys/bus/nvmem/devices/rtc0/nvmem"
        self.socket = wiper.socket_of(folder)
        self.wiper = None
        for made in ("etc/porchlight", "run/porchlight", "var/lib", "srv/venue/sheets/deep",
                     "srv/outside/deep", "sys/bus/nvmem/devices/rtc0"):
            (folder / made).mkdir(parents=True)
        self.write_plan(plan)
        v = self.venue
        (v / "sheets/monday").write_text("monday\n" * 300)
        (v / "sheets/deep/tuesday").write_text("tuesday\n" * 9000)
        (v / "sheets/link").symlink_to(self.outside / "one")
        (v / "list.csv").write_text("list\n")
        (v / "door.key").write_bytes(secrets.token_bytes(32))
        (v / "broker.password").write_text("secret\n")
        key = secrets.token_bytes(32)
        self.cell.write_bytes(b"PLc1" + key + hashlib.blake2b(key, digest_size=16).digest()[:4]
                              + b"\xee" * 16)
        self.cell.chmod(0o600)
        (self.outside / "one").write_text("must stay\n" * 50)
        (self.outside / "deep/two").write_text("must stay too\n")
        self.before = checksum(self.outside)

    def write_plan(self, text, mode=0o644):
        path = self.prefix / "etc/porchlight/wipe.plan"
        path.write_text(text)
        path.chmod(mode)

    def start(self):
        self.wiper = wiper.start(self.prefix)

    def ask(self, word):
        if not self.wiper:
            self.start()
        return local.wipe(self.socket, word)

    def outcomes(self, word):
        return {name: outcome for kind, outcome, _, name in self.ask(word) if kind == 1}

    def cli(self, *args):
        return process.run([program("porchlight"), "--prefix", self.prefix, "wipe", *args])

    def end(self):
        if self.wiper:
            wiper.end(self.wiper)
        assert checksum(self.outside) == self.before, "something outside of the roots was touched"
