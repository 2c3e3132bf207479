"""A venue whose folders are mounts in a namespace of their own, for porchlight-wipe. Needs root."""

import json
import subprocess

from tests.kit import process, wiper
from tests.kit.mounts import Mounts
from tests.kit.place import program

HEAD = "[root venue]\npath = /srv/venue\n"
LIST = HEAD + "[file list]\npath = /srv/venue/list.csv\n"
TREE = HEAD + "[tree sheets]\npath = /srv/venue/sheets\n"


class InMounts:
    """Context manager. The folder is the prefix, and a mount namespace of its own has the mounts."""

    def __init__(self, folder):
        self.prefix, self.venue = folder, folder / "srv/venue"
        for name in ("etc/porchlight/credentials", "run/porchlight", "var/lib", "srv/venue"):
            (folder / name).mkdir(parents=True)
        self.socket = wiper.socket_of(folder)
        self.wiper = None

    def plan(self, text):
        (self.prefix / "etc/porchlight/wipe.plan").write_text(text)

    def sh(self, script):
        return self.mounts.run("sh", "-ec", f"cd {self.prefix}; {script}")

    def run(self, *argv, name="porchlight-wipe"):
        return subprocess.run([str(a) for a in self.mounts.inside(
            program(name), "--prefix", self.prefix, *argv)], capture_output=True, text=True,
            env=process.environment())

    def look(self):
        """The host looks at the plan: {name: the target as JSON}."""
        done = self.run("--plan", "--json")
        assert done.returncode in (0, 1), done.stderr
        return {t["name"]: t for t in json.loads(done.stdout)["targets"]}

    def start(self):
        self.wiper = wiper.start(self.prefix, self.mounts.inside())

    def ask(self, word):
        """{name: outcome}"""
        if not self.wiper:
            self.start()
        return wiper.outcomes(self.prefix, word)

    def end(self):
        if self.wiper:
            wiper.end(self.wiper)
        self.wiper = None

    def __enter__(self):
        self.mounts = Mounts(self.prefix).__enter__()
        return self

    def __exit__(self, *_):
        try:
            self.end()
        finally:
            self.mounts.__exit__()


class MountedVenue(InMounts):
    """A root /srv/venue, and what the host is shown."""

    def __init__(self, folder):
        super().__init__(folder)
        self.places = folder / "var/lib/porchlight-wipe/places"

    def disk(self, at="srv/venue"):
        """A fresh ext4, mounted there."""
        image = self.mounts.image("ext4")
        self.mounts.mount(image, self.prefix / at)
        return image

    def accept(self):
        """The host looks at the plan: {name: best}."""
        return {name: target["best"] for name, target in self.look().items()}

    def status(self):
        return " ".join(self.run("wipe", "--status", name="porchlight").stdout.split())

    def resume(self):
        self.end()
        return self.run("--resume")

    def there(self, name="list.csv"):
        return (self.mounts.see(self.venue) / name).exists()
