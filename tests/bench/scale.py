"""How one mosquitto and one host of relays grow: 1 to 1,000 kiosks of 1 to 100 venues at the broker that
the templates make, each kiosk with 20 phones. One kiosk is real, porchlightd over TLS, and its alert is
timed from the request at its control socket to each of its phones; the others are played by swarm.c, with
connections, topics, rights and messages of the same length as real ones. Then 1 to 100 relays, all real.

A venue's phones share one account here, and so do its kiosks: twenty thousand accounts would take hours
to make. Phones are connected without TLS and WebSocket, which a proxy carries at a real venue."""

import resource
import secrets
import shutil
import subprocess
import threading
import time

from tests.bench.crowd import build, room_for
from tests.bench.report import percentile
from tests.kit import local, pki, process, wait
from tests.kit.kiosk import Kiosk, cpu, memory, own_memory
from tests.kit.place import fresh, program
from tests.kit.process import Process

KIOSKS, PHONES, OF_A_VENUE = (1, 10, 100, 300, 1000), 20, 10
AT_ONCE = 10  # kiosks of as many venues that alert in the same moment
RELAYS = (1, 10, 100)
RESTS_S, ROUNDS = 20, 20


class Venue:
    """Accounts of one venue at the broker: one for its kiosks, one for its phones."""

    def __init__(self, broker):
        self.id = secrets.token_hex(8)
        self.kiosk, self.member = (secrets.token_hex(8), secrets.token_hex(8))
        self.password = secrets.token_hex(12)
        for role, account in (("kiosk", self.kiosk), ("member", self.member)):
            broker.role(role, self.id, "+", account)
            broker.steward.command(command="createClient", username=account, password=self.password,
                                   roles=[{"rolename": f"{role}-{account}"}])

    def line(self, kiosk, phones, how):
        return f"{self.id} {kiosk} {self.kiosk} {self.password} {self.member} {self.password} {phones} {how}\n"


class Swarm:
    """swarm.c. `ports`: of one broker, or of the nodes that are one."""

    def __init__(self, binary, ports, file, lines):
        file.write_text("".join(lines))
        self.lines = []
        self.popen = subprocess.Popen([binary, ",".join(map(str, ports)), file], stdin=subprocess.PIPE,
                                      stdout=subprocess.PIPE, text=True, bufsize=1)
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.popen.stdout:
            self.lines.append(line.split())

    def ask(self, request):
        self.lines.clear()
        self.tell(request)

    def tell(self, request):
        self.popen.stdin.write(request + "\n")

    def wait(self, word, within=300):
        def said():
            assert self.popen.poll() is None, "the swarm has ended: see above"
            return next((x for x in list(self.lines) if x[0] == word), None)
        return wait.until(said, f"the swarm says {word}", within, every=0.01)

    def close(self):
        self.popen.stdin.close()
        self.popen.wait(60)


def real_kiosk(broker, venue):
    """porchlightd of this venue, at this broker."""
    number = secrets.token_hex(8)
    kiosk = Kiosk("b", scaled=False, brokers=0, conf={
        "venue": {"id": venue.id}, "kiosk": {"id": number}, "wipe": {"enabled": "no"},
        "broker b0": {"host": broker.host, "port": broker.port, "ca": broker.ca, "outside": "yes",
                      "user": venue.kiosk, "password": "broker-b0"}})
    kiosk.venue, kiosk.id = venue.id, number
    secret = kiosk.credentials / "broker-b0"
    secret.write_text(venue.password + "\n")
    secret.chmod(0o600)
    return kiosk


def one_alert(kiosk, swarm):
    """ms from the request to each of the kiosk's phones."""
    swarm.ask("expect")
    swarm.wait("asked")
    began = time.monotonic_ns()
    local.control(kiosk.run / "control.sock", "lockdown")  # again is sent again
    return [(int(x) - began) / 1e6 for x in swarm.wait("expect")[2:]]


def measure(broker, binary, folder, count, phones):
    """What `count` kiosks with their phones cost; {what: (value, unit)}, and what the alert took."""
    venues = [Venue(broker) for _ in range(-(-count // OF_A_VENUE))]
    before = memory(broker.process.pid)
    with real_kiosk(broker, venues[0]) as kiosk:
        lines = [venues[0].line(kiosk.id, phones, "real")] + \
                [venues[i % len(venues)].line(secrets.token_hex(8), phones, "light") for i in range(1, count)]
        swarm = Swarm(binary, [broker.local], folder / "kiosks", lines)
        found = {"connected and subscribed after": (float(swarm.wait("up", 900)[2]), "s")}
        kiosk.start()
        used, began = cpu(broker.process.pid), time.monotonic()
        time.sleep(RESTS_S)
        busy = 100 * (cpu(broker.process.pid) - used) / (time.monotonic() - began)
        took = [x for _ in range(ROUNDS) for x in one_alert(kiosk, swarm)]
        found |= {"broker, of a core at rest": (busy, "%"),
                  "broker, memory": (memory(broker.process.pid) / 1e6, "MB"),
                  "broker, memory for a connection": (
                      max(0, memory(broker.process.pid) - before) / 1e3 / (count * (phones + 1)), "kB"),
                  "one alert, p50": (percentile(took, 50), "ms"), "one alert, p99": (percentile(took, 99), "ms")}
        others = min(AT_ONCE, count - 1)
        if others:
            swarm.ask(f"alert {others}")
            all_took = [int(x) / 1e6 for x in swarm.wait("alert")[2:]]
            assert len(all_took) == others * phones
            found |= {f"alerts of {others} kiosks at once, p99": (percentile(all_took, 99), "ms")}
        swarm.close()
    return found, took


def kiosks(report, binary, authority):
    report.heading(f"kiosks at one mosquitto, each with {PHONES} phones")
    grows, alerts = {}, {}
    room = room_for(KIOSKS[-1] * (PHONES + 1))
    for count in KIOSKS:
        phones = min(PHONES, room // count - 1)
        if phones < PHONES:
            print(f"  (only {room} files may be open here: {phones} phones for each of {count} kiosks)")
        folder = fresh("p")
        folder.chmod(0o755)
        broker = serving_broker(folder, authority)
        try:
            found, alerts[f"{count} kiosk{'s' * (count > 1)}"] = measure(broker, binary, folder, count, phones)
        finally:
            broker.stop()
            shutil.rmtree(folder, ignore_errors=True)
        for what, (value, unit) in found.items():
            report.row(f"{count}: {what}", value, unit)
            line = "alerts at once, p99" if "at once" in what else what
            grows.setdefault(unit, {}).setdefault(line, []).append((count, max(value, 0.01)))
    report.distribution("one alert to its phones", alerts)
    for unit, series in grows.items():
        report.curve(f"as kiosks are added, {unit}", "kiosks", series, unit)


def serving_broker(folder, authority):
    from tests.phone.serving import Broker
    broker = Broker(folder, authority)
    broker.files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    return broker.start()


def relay(broker, ntfy, folder, number):
    """A relay of a venue of its own, for ten kiosks."""
    venue, account, password = (secrets.token_hex(8), secrets.token_hex(8), secrets.token_hex(12))
    broker.role("relay", venue, "+", account)
    broker.steward.command(command="createClient", username=account, password=password, clientid=account,
                           roles=[{"rolename": f"relay-{account}"}])
    prefix = folder / f"relay{number}"
    credentials = prefix / "etc/porchlight/credentials"
    credentials.mkdir(parents=True)
    (prefix / "var/lib/porchlight-relay").mkdir(parents=True)
    ids = [secrets.token_hex(8) for _ in range(OF_A_VENUE)]
    for name, value in {"root.pub": secrets.token_hex(32), "relay-broker": password, "push": ntfy.write,
                        **{f"kiosk-{i}.pub": secrets.token_hex(32) for i in ids}}.items():
        (credentials / name).write_text(value + "\n")
        (credentials / name).chmod(0o600)
    (prefix / "etc/porchlight/relay.conf").write_text(
        f"[relay]\naccount = {account}\n[venue]\nid = {venue}\n"
        f"[broker]\nhost = {broker.host}\nport = {broker.port}\nca = {broker.ca}\n"
        f"[push first]\nurl = {ntfy.url}\ntoken = push\n"
        + "".join(f"[kiosk k{i}]\nid = {one}\n" for i, one in enumerate(ids)))
    started = Process("porchlight-relay", [program("porchlight-relay"), "--prefix", prefix], prefix / "log")
    wait.until(lambda: "connected\n" in started.said(), lambda: f"a relay's connection; it said {started.said()}", 60)
    return started


def relays(report, authority):
    from tests.phone.ntfy import Ntfy
    report.heading(f"relays on one host, each for {OF_A_VENUE} kiosks")
    folder = fresh("p")
    folder.chmod(0o755)
    broker = serving_broker(folder, authority)
    ntfy = Ntfy(folder).listen()
    running, grows = [], {}
    try:
        for count in RELAYS:
            running += [relay(broker, ntfy, folder, i) for i in range(len(running), count)]
            used, began = [cpu(r.pid) for r in running], time.monotonic()
            time.sleep(RESTS_S)
            busy = 100 * sum(cpu(r.pid) - u for r, u in zip(running, used)) / (time.monotonic() - began)
            for what, value, unit in (
                    ("memory of their own, all together", sum(own_memory(r.pid) for r in running) / 1e6, "MB"),
                    ("of a core at rest, all together", busy, "%")):
                report.row(f"{count}: {what}", value, unit)
                grows.setdefault(unit, {}).setdefault(what, []).append((count, max(value, 0.01)))
        for unit, series in grows.items():
            report.curve(f"as relays are added, {unit}", "relays", series, unit)
    finally:
        for one in running:
            one.stop()
        ntfy.stop()
        broker.stop()
        shutil.rmtree(folder, ignore_errors=True)


def bench(report):
    folder = fresh("p")
    try:
        authority = pki.Authority(folder / "ca")
        kiosks(report, build("swarm"), authority)
        relays(report, authority)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    process.end_all()
