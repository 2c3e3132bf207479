"""Ten thousand phones at the broker that the templates make: one alert to all of them, and a
thousand that come back at once after the broker was restarted."""

import resource
import shutil
import subprocess
import threading
import time

from tests.bench.report import percentile
from tests.kit import pki, process, wait
from tests.kit.kiosk import memory
from tests.kit.place import fresh, ROOT

PHONES, RETURNING = 10000, 1000


class Crowd:
    def __init__(self, binary, broker, kiosk, count):
        self.lines = []
        self.popen = subprocess.Popen(
            [binary, str(broker.local), str(count), f"{kiosk.place}/alert",
             f"{kiosk.place}/state", "crowd"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
        self.popen.stdin.write("crowd-password-0123\n")
        self.popen.stdin.flush()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.popen.stdout:
            self.lines.append(line.split())

    def wait(self, word, count=1, within=120):
        def there():
            assert self.popen.poll() is None, "the crowd is gone"
            found = [x for x in list(self.lines) if x[0] == word]
            return found[count - 1] if len(found) >= count else None
        return wait.until(there, f"all say {word}", within, every=0.01)

    def close(self):
        self.popen.stdin.close()
        self.popen.wait(10)


def build(name):
    binary = ROOT / f"build/bench-{name}"
    done = process.run(["gcc", "-O2", "-std=c17", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", f"-I{ROOT}",
                        "-o", binary, *(ROOT / f"tests/bench/{f}.c" for f in (name, "mini_mqtt"))], 60)
    assert done.returncode == 0, done.stderr
    return binary


def account(broker, kiosk):
    """One account for the whole crowd, not bound to a client id: the load is the same, and ten
    thousand accounts would take an hour to make."""
    broker.role("member", kiosk.venue, kiosk.id, "00000000000000c0")
    broker.steward.command(command="createClient", username="crowd",
                           password="crowd-password-0123",
                           roles=[{"rolename": "member-00000000000000c0"}])


def one_alert(report, broker, kiosk, binary, count=PHONES):
    crowd = Crowd(binary, broker, kiosk, count)
    report.row(f"{count} phones connected and subscribed", float(crowd.wait("up")[2]), "s")
    crowd.wait("state")
    began = time.monotonic_ns()
    kiosk.alarm("lockdown")
    got = [(int(x) - began) / 1e6 for x in crowd.wait("alert")[2:]]
    assert len(got) == count
    report.distribution("one alert to all", {f"{count} phones": got})
    report.row("one alert to all: p50", percentile(got, 50), "ms")
    report.row("one alert to all: p99", percentile(got, 99), "ms")
    report.row("one alert to all: last", got[-1], "ms", limit=10000)
    report.row("the broker's memory", memory(broker.process.pid) / 1e6, "MB")
    crowd.close()


def coming_back(report, broker, kiosk, binary, count=RETURNING):
    crowd = Crowd(binary, broker, kiosk, count)
    crowd.wait("state")
    broker.stop()
    broker.start()
    began = time.monotonic()
    wait.until(kiosk.clients[0].is_connected, "the kiosk's way back", 30)
    kiosk.state("lockdown")
    crowd.wait("state", 2)
    report.row(f"{count} phones back after a restart, all told", time.monotonic() - began, "s",
               limit=20)
    crowd.close()


def bench(report):
    from tests.phone.kiosk import Kiosk
    from tests.phone.serving import Broker
    report.heading("a crowd of phones at mosquitto")
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    folder = fresh("p")
    folder.chmod(0o755)
    broker = Broker(folder, pki.Authority(folder / "ca")).start()
    kiosk = Kiosk([broker], every=5).online()
    try:
        binary = build("crowd")
        account(broker, kiosk)
        one_alert(report, broker, kiosk, binary)
        coming_back(report, broker, kiosk, binary)
    finally:
        kiosk.close()
        broker.stop()
        shutil.rmtree(folder, ignore_errors=True)
