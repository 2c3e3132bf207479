"""A venue whose folders are mounts in a namespace of their own, for porchlight-wipe. Needs root."""

import json
import subprocess

from tests.kit import local, process, wait
from tests.kit.mounts import Mounts
from tests.kit.place import program
from tests.kit.process import Process

HEAD = "[root venue]\npath = /srv/venue\n"
LIST = HEAD + "[file list]\npath = /srv/venue/list.csv\n"
TREE = HEAD + "[tree sheets]\npath = /srv/venue/sheets\n"


class MountedVenue:
    """Context manager. A root /srv/venue below the folder, which is the prefix."""

    def __init__(self, folder):
        self.prefix = folder
        for name in ("etc/porchlight", "run/porchlight", "var/lib", "srv/venue"):
            (folder / name).mkdir(parents=True)
        self.venue = folder / "srv/venue"
        self.socket = folder / "run/porchlight/wipe.sock"
        self.places = folder / "var/lib/porchlight-wipe/places"
        self.wiper = None

    def plan(self, text):
        (self.prefix / "etc/porchlight/wipe.plan").write_text(text)

    def sh(self, script):
        return self.mounts.run("sh", "-ec", f"cd {self.prefix}; {script}")

    def disk(self, at="srv/venue"):
        """A fresh ext4, mounted there."""
        image = self.mounts.image("ext4")
        self.mounts.mount(image, self.prefix / at)
        return image

    def run(self, *argv):
        return subprocess.run(self.mounts.inside(program("porchlight-wipe"), "--prefix",
                                                 str(self.prefix), *argv),
                              capture_output=True, text=True, env=process.environment())

    def accept(self):
        """The host looks at the plan: {name: best}."""
        done = self.run("--plan", "--json")
        assert done.returncode in (0, 1), done.stderr
        return {t["name"]: t["best"] for t in json.loads(done.stdout)["targets"]}

    def start(self):
        self.wiper = Process("porchlight-wipe", self.mounts.inside(
            program("porchlight-wipe"), "--prefix", self.prefix, "--listen"),
            self.prefix / "wipe.said")
        wait.until(lambda: local.answers(self.socket), self.wiper.said)

    def ask(self, word):
        if not self.wiper:
            self.start()
        return {n: o for k, o, _, n in local.wipe(self.socket, word) if k == 1}

    def end(self):
        if self.wiper:
            assert self.wiper.stop() == 0 and not self.wiper.trouble(), self.wiper.said()
        self.wiper = None

    def status(self):
        """What the host is shown."""
        return " ".join(subprocess.run(self.mounts.inside(
            program("porchlight"), "--prefix", str(self.prefix), "wipe", "--status"),
            capture_output=True, text=True, env=process.environment()).stdout.split())

    def resume(self):
        self.end()
        return self.run("--resume")

    def there(self, name="list.csv"):
        return (self.mounts.see(self.venue) / name).exists()

    def __enter__(self):
        self.mounts = Mounts(self.prefix).__enter__()
        return self

    def __exit__(self, *_):
        try:
            self.end()
        finally:
            self.mounts.__exit__()
