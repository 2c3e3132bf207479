"""A UPS that is not there: NUT's own upsd, and its driver for tests, which reads what the UPS says
from a file."""

import subprocess

from tests.kit import process, wait
from tests.kit.broker import free_port
from tests.kit.process import Process


class Ups:
    """Context manager; `port` is upsd's. `says` changes what the UPS reports."""

    def __init__(self, folder, name="office"):
        self.name, self.port = name, free_port()
        self.etc = folder / "nut"
        self.etc.mkdir()
        self.log = folder / "nut.log"
        self._write("ups.conf", f"[{name}]\ndriver = dummy-ups\nport = {name}.dev\nmode = dummy-once\n")
        self._write("upsd.conf", f"LISTEN 127.0.0.1 {self.port}\n")
        self._write("upsd.users", "")
        self.says(**{"ups.status": "OL", "battery.charge": 100, "battery.runtime": 1800})

    def _write(self, name, text):
        path = self.etc / name
        path.write_text(text)
        path.chmod(0o640)

    def says(self, **values):
        whole = self.etc / f"{self.name}.new"
        whole.write_text("".join(f"{key}: {value}\n" for key, value in values.items()))
        whole.rename(self.etc / f"{self.name}.dev")

    def __enter__(self):
        env = process.environment(NUT_CONFPATH=self.etc, NUT_STATEPATH=self.etc,
                                  NUT_ALTPIDPATH=self.etc)
        self.driver = Process("dummy-ups", ["/lib/nut/dummy-ups", "-a", self.name, "-u", "root", "-D"],
                              self.log, env=env, cwd=self.etc)
        wait.until(lambda: (self.etc / f"dummy-ups-{self.name}").exists(), self.driver.said)
        self.server = Process("upsd", ["/lib/nut/upsd", "-u", "root", "-D"], self.log, env=env, cwd=self.etc)
        wait.until(self.answers, self.server.said)
        return self

    def answers(self):
        done = subprocess.run(["upsc", f"{self.name}@127.0.0.1:{self.port}", "ups.status"],
                              capture_output=True, text=True, check=False)
        return done.returncode == 0

    def __exit__(self, *_):
        self.server.kill()
        self.driver.kill()
