"""A hundred to twenty thousand phones at the broker that the templates make: one alert to all of them, and
a thousand that come back at once after the broker was restarted."""

import resource
import shutil
import subprocess
import threading
import time

from tests.bench.report import percentile
from tests.kit import pki, process, wait
from tests.kit.kiosk import memory
from tests.kit.place import fresh, ROOT

PHONES, RETURNING = (100, 1000, 10000, 20000), 1000
SPARE = 500  # files of broker and phones that are no connections


def room_for(connections):
    """How many connections broker and swarm can have, each; root may raise its own limit, as a rule."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    for most in (max(hard, connections + SPARE), hard):
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
            return most - SPARE
        except (ValueError, OSError):
            continue
    return hard - SPARE


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


def one_alert(broker, kiosk, binary, count):
    """(ms to each phone in order, s until all were there, the broker's MB)"""
    crowd = Crowd(binary, broker, kiosk, count)
    up = float(crowd.wait("up", within=300)[2])
    crowd.wait("state")
    began = time.monotonic_ns()
    kiosk.alarm("lockdown")
    got = [(int(x) - began) / 1e6 for x in crowd.wait("alert")[2:]]
    assert len(got) == count
    used = memory(broker.process.pid) / 1e6
    crowd.close()
    return got, up, used


def fan_out(report, broker, kiosk, binary, room):
    """One alert to ever more phones."""
    grows, alerts = {}, {}
    for count in [min(p, room) for p in PHONES]:
        took, up, used = one_alert(broker, kiosk, binary, count)
        alerts[f"{count} phones"] = took
        report.row(f"{count} phones: connected and subscribed after", up, "s")
        for what, value, unit, limit in (("p50", percentile(took, 50), "ms", None),
                                         ("p99", percentile(took, 99), "ms", None),
                                         ("last", took[-1], "ms", 10000),
                                         ("the broker's memory", used, "MB", None)):
            report.row(f"{count} phones: one alert to all, {what}" if unit == "ms" else f"{count} phones: {what}",
                       value, unit, limit)
            if what != "p99":  # its line would lie below the last one's
                grows.setdefault(unit, {}).setdefault(what, []).append((count, value))
    report.distribution("one alert to all", alerts)
    for unit, series in grows.items():
        report.curve(f"one alert to all as phones are added, {unit}", "phones", series, unit)


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
    room = room_for(PHONES[-1])
    folder = fresh("p")
    folder.chmod(0o755)
    broker = Broker(folder, pki.Authority(folder / "ca"))
    broker.files = room + SPARE
    broker.start()
    kiosk = Kiosk([broker], every=5).online()
    try:
        binary = build("crowd")
        account(broker, kiosk)
        fan_out(report, broker, kiosk, binary, room)
        coming_back(report, broker, kiosk, binary)
    finally:
        kiosk.close()
        broker.stop()
        shutil.rmtree(folder, ignore_errors=True)
