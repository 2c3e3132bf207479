"""Many venues at three nodes of RabbitMQ 4 as one cluster, of which a node dies while ten venues alert.

Every kiosk is a porchlightd of its own, over TLS, which finds the nodes by one name with three addresses.
Each phone has an account of its own, made by the registrar. One phone of each kiosk that alerts is
`porchlight listen`; the others are played by swarm.c, without TLS and WebSocket, which a proxy carries at
a real venue. What each of them got is opened with the kiosk's keys: it has the alert once it holds a
lockdown. The bench ends with an error if one phone never does, or one gets two alerts."""

import json
import secrets
import shutil
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from tests.bench.crowd import build, room_for
from tests.bench.report import percentile
from tests.bench.scale import RESTS_S, Swarm
from tests.faults.island import Island
from tests.kit import envelope, local, pki, process, wait
from tests.kit.broker import free_port
from tests.kit.kiosk import cpu, memory, own_memory, phone_file
from tests.kit.member import Listener, enlist
from tests.kit.place import fresh
from tests.kit.registrar import Asker, Root, b64
from tests.kit.slow_dns import A, SlowDns
from tests.long.managed_rabbitmq import BesideRabbit, Managed13
from tests.long.rabbitmq import Cluster

VENUES, PHONES = 10, 20  # phones of each kiosk, one of some kiosks' a real one
STEPS = (1, 3, 10)  # kiosks of each venue
NAME = "broker.test"
ADDRESSES = ["127.0.0.1", "127.0.0.2", "127.0.0.3"]
TOGETHER = 8  # kiosks that are made at once
PATIENCE = 300  # s: two busy processors let in as few as three to six phones a second

# Which node dies, and what it does when the switches are pressed. The registrar's is the last.
DEATHS = [(2, "frozen as ten venues press, and killed 50 ms later"),
          (1, "killed as ten venues press"),
          (0, "killed 5 ms after ten venues have pressed")]


def new_id():
    return secrets.token_hex(8)


def password():
    return secrets.token_urlsafe(24)


class Venue:
    """A root key, and the accounts with which the registrar is to know it: {account: (role, id, password)}.
    A kiosk's account is its id, as set-up has it."""

    def __init__(self, kiosks):
        self.root, self.id = Root(), new_id()
        self.accounts = {new_id(): "kiosk" for _ in range(kiosks)} | {new_id(): "root"}
        self.accounts = {one: (role, one, password()) for one, role in self.accounts.items()}


class VenueKiosk(Island):
    """porchlightd of one of a venue's accounts. It asks `dns` where the broker is."""

    def __init__(self, venue, number, node, dns):
        kiosk, (_, _, self.password_there) = list(venue.accounts.items())[number]
        super().__init__("c", scaled=False, brokers=0, conf={
            "venue": {"id": venue.id}, "kiosk": {"id": kiosk}, "wipe": {"enabled": "no"},
            "broker b0": {"host": NAME, "port": node.port, "ca": node.ca, "outside": "yes", "user": kiosk,
                          "password": "broker-b0"}})
        self.venue, self.id, self.at = venue.id, kiosk, venue
        self.place = f"porchlight/{venue.id}/{kiosk}"
        self.phones = {new_id(): password() for _ in range(PHONES)}
        self.listeners = []
        self.keep("broker-b0", self.password_there)
        self.keep("root.pub", venue.root.public.hex())
        self.keep("kiosk.cert", venue.root.certify(venue.id, kiosk, self.keys.kiosk).hex())
        (self.net / "resolv.conf").write_text(f"nameserver {dns.address}\n")
        enlist(self.state, {account: "member" for account in self.phones})
        self.__enter__()

    def keep(self, name, text):
        path = self.credentials / name
        path.write_text(text + "\n")
        path.chmod(0o600)

    def let_in(self, node):
        """Has the registrar make the phones' accounts, with the root's grant: a kiosk alone may make 40 an hour."""
        secret = bytes.fromhex((self.credentials / "kiosk.key").read_text().strip()) + self.keys.kiosk
        certificate = self.at.root.certify(self.venue, self.id, self.keys.kiosk)
        asker = Asker(node, self.venue, self.id, self.id, self.password_there, secret, certificate)
        for account, word in self.phones.items():
            grant = self.at.root.grant(self.venue, "create", account, "member", password=word)
            said = asker.ask("create", account, role="member", password=word, grant=b64(grant))
            assert said["kind"] == "done", said
        asker.close()

    def listen(self):
        """`porchlight listen` as the first phone."""
        account = next(iter(self.phones))
        self.keep("phone-member", self.phones[account])
        made = Listener(["--prefix", self.prefix, "--user", account, "--password", "phone-member", "--key",
                         phone_file(self.folder, account)], self.logs / "listen", enter=self.enter())
        self.listeners.append(made)
        self.mailboxes.append(made)

    def lines(self):
        """The other phones, for swarm.c."""
        return [f"{self.venue} {self.id} - - {account} {word} 1 own\n"
                for account, word in list(self.phones.items())[len(self.listeners):]]

    def press(self):
        local.control(self.run / "control.sock", "lockdown")

    def handed_over(self):
        status = self.status()
        return status["pending"] == 0 and status["alert"]["delivery"] == "handed over"


class Opened:
    """What the swarms' phones got, opened. `got`: {kiosk: {phone: [(ns, alert's id)]}} of lockdowns alone.
    `node_of`: where each phone is."""

    def __init__(self, kiosks, swarms):
        self.kiosks, self.swarms = {k.id: k for k in kiosks}, swarms
        self.read, self.known, self.got, self.node_of = [0] * len(swarms), {}, {}, {}

    def _alert_of(self, kiosk, what, wire):
        if (kiosk, wire) not in self.known:
            k = self.kiosks[kiosk]
            text = envelope.open_any(bytes.fromhex(wire), k.keys.venue, k.keys.kiosk, f"{k.place}/{what}")[2]
            body = json.loads(text)
            locked = body["kind"] == "lockdown" or body.get("state") == "lockdown"
            self.known[kiosk, wire] = body["id"] if locked else None
        return self.known[kiosk, wire]

    def _take(self, kiosk, phone, _node, what, at, wire):
        alert = self._alert_of(kiosk, what, wire)
        if alert:
            self.got.setdefault(kiosk, {}).setdefault(phone, []).append((int(at), alert))

    def look(self):
        for i, swarm in enumerate(self.swarms):
            assert swarm.popen.poll() is None, "the swarm has ended: see above"
            lines = swarm.lines[self.read[i]:]
            self.read[i] += len(lines)
            for word, *rest in lines:
                if word == "in":
                    self.node_of[rest[0]] = int(rest[1])
                elif word == "out":
                    self.node_of.pop(rest[0])
                elif word == "got":
                    self._take(*rest)
        return self.got


def cluster_of(folder, authority):
    """Three nodes at three addresses with one port, one certificate and one administrator."""
    certificate = authority.server("cluster", hosts=[f"DNS:{NAME}", "DNS:localhost"])
    made = Cluster(folder, authority, "porchlight/x/y", node=Managed13)
    for node, address in zip(made.nodes, ADDRESSES):
        node.address, node.certificate, node.local = address, certificate, free_port()
        node.port, node.admin = made.nodes[0].port, made.nodes[0].admin
    return made


class Town:
    """The cluster with its registrar, and venues whose kiosks come step by step, each with its phones."""

    def __init__(self, folder, kiosks):
        self.folder, self.kiosks, self.swarms, self.dns = folder, [], [], []
        self.binary = build("swarm")
        self.cluster = cluster_of(folder / "cluster", pki.Authority(folder / "ca"))
        self.nodes = self.cluster.nodes
        self.registrar = BesideRabbit(folder / "registrar", self.nodes[0])
        self.venues = [Venue(kiosks) for _ in range(VENUES)]

    def start(self):
        self.cluster.start()
        for venue in self.venues:
            self.registrar.venue(venue.id, venue.root.public.hex(), venue.accounts)
        self.registrar.start()
        for venue in self.venues:
            for account in venue.accounts:
                wait.until(lambda one=account: self.nodes[0].ask(f"users/{one}/permissions"),
                           f"the account {account}", PATIENCE)
        # As a name server would do it: the same addresses to everybody, each time in another order.
        self.dns = [SlowDns(answers={A: ADDRESSES[i:] + ADDRESSES[:i]}) for i in range(len(ADDRESSES))]

    def grow(self, number, watched):
        """One more kiosk of each venue. Returns the phones' lines for a swarm."""
        with ThreadPoolExecutor(TOGETHER) as together:
            made = list(together.map(lambda v: VenueKiosk(v[1], number, self.nodes[0], self.dns[v[0] % 3]),
                                     enumerate(self.venues)))
            self.kiosks += made
            list(together.map(lambda k: k.let_in(self.nodes[0]), made))
            list(together.map(lambda k: k.start(connected=False), made))
        for kiosk in made:
            if watched:
                kiosk.listen()
        return [line for kiosk in made for line in kiosk.lines()]

    def connected(self):
        return all(b["connected"] and b["fault"] == "fine" for k in self.kiosks for b in k.status()["brokers"])

    def troubled(self):
        """What the status of each kiosk that is not connected says of its broker, and the end of its log."""
        return [(k.status()["brokers"], k.daemon.said()[-2000:]) for k in self.kiosks
                if not all(b["connected"] and b["fault"] == "fine" for b in k.status()["brokers"])]

    def swarm(self, lines):
        one = Swarm(self.binary, [n.local for n in self.nodes], self.folder / f"swarm{len(self.swarms)}", lines)
        self.swarms.append(one)
        return float(one.wait("up", 900)[2])

    def of_nodes(self, what):
        return [what(n.process.pid) for n in self.nodes if n.process]

    def close(self):
        for one in self.swarms:
            one.close()
        for kiosk in self.kiosks:
            kiosk.close(quietly=True)
            shutil.rmtree(kiosk.folder, ignore_errors=True)
        self.registrar.stop()
        self.cluster.stop()
        for dns in self.dns:
            dns.close()


def at_rest(town, pids):
    """(of a core that nodes need, the same of each of pids), percent."""
    nodes, others, began = sum(town.of_nodes(cpu)), [cpu(p) for p in pids], time.monotonic()
    time.sleep(RESTS_S)
    took = (time.monotonic() - began) / 100
    return (sum(town.of_nodes(cpu)) - nodes) / took, [(cpu(p) - o) / took for p, o in zip(pids, others)]


def grown(report, town, steps, rounds):
    """Kiosks and phones step by step, and what they cost."""
    grows, before = {}, sum(town.of_nodes(memory))
    report.row("three nodes with nobody connected, memory of one", before / 3e6, "MB")
    for step in steps:
        began, have = time.monotonic(), len(town.kiosks)
        lines = [line for number in range(have // VENUES, step) for line in town.grow(number, number < rounds)]
        made = time.monotonic() - began
        wait.until(town.connected, lambda: f"all kiosks: {[k.status()['brokers'] for k in town.kiosks]}", PATIENCE)
        with_kiosks = sum(town.of_nodes(memory))
        up = town.swarm(lines)
        count, phones = len(town.kiosks), len(town.kiosks) * PHONES
        busy, own = at_rest(town, [k.daemon.pid for k in town.kiosks])
        total = sum(town.of_nodes(memory))
        for what, value, unit in (
                (f"kiosks and accounts of {phones // count} phones each made by the registrar in", made, "s"),
                ("the added phones connected and subscribed after", up, "s"),
                ("memory of one node", total / 3e6, "MB"),
                ("memory of all nodes for a connection", (total - before) / 1e3 / (count + phones), "kB"),
                ("all nodes, of a core at rest", busy, "%"),
                ("porchlightd, private memory, median", percentile([own_memory(k.daemon.pid) for k in town.kiosks], 50)
                 / 1e6, "MB"),
                ("porchlightd, of a core at rest, median", percentile(own, 50), "%")):
            report.row(f"{count} kiosks, {phones} phones: {what}", value, unit)
            grows.setdefault(unit, {}).setdefault(what, []).append((count, max(value, 0.01)))
        print(f"  (nodes: {with_kiosks / 3e6:.0f} MB each before the phones came)", flush=True)
    for unit, series in grows.items():
        if unit != "s":
            report.curve(f"as kiosks are added to a cluster, {unit}", "kiosks", series, unit)


def pressed(kiosks, death, node):
    """All at once, and the node dies. When each began, ns."""
    began, gate = {}, threading.Barrier(len(kiosks) + 1)

    def one(kiosk):
        gate.wait()
        began[kiosk.id] = time.monotonic_ns()
        kiosk.press()
    threads = [threading.Thread(target=one, args=(k,)) for k in kiosks]
    for thread in threads:
        thread.start()
    if death.startswith("frozen"):
        node.freeze()
    gate.wait()
    time.sleep(0.05 if death.startswith("frozen") else 0.005 if "after" in death else 0)
    node.kill()
    for thread in threads:
        thread.join()
    return began


def whole(opened, kiosks):
    """Whether every phone of these kiosks has its alert."""
    got = opened.look()
    return all(len(got.get(k.id, {})) == len(k.phones) - len(k.listeners) for k in kiosks) and \
        all(box.all("lockdown", "alert") or box.all("state", "state", state="lockdown")
            for k in kiosks for box in k.listeners)


def missing(opened, kiosks):
    """Of each kiosk of which phones lack its alert: those phones, each with the node where it is (None: it is not
    connected), what the kiosk says of its broker, and the end of its log."""
    found = {}
    for kiosk in kiosks:
        phones = set(list(kiosk.phones)[len(kiosk.listeners):]) - set(opened.got.get(kiosk.id, {}))
        if phones:
            found[kiosk.id] = ({p: opened.node_of.get(p) for p in phones}, kiosk.status(), kiosk.daemon.said()[-3000:])
    return found


def one_alert_each(opened, kiosks):
    for kiosk in kiosks:
        ids = {alert for got in opened.got[kiosk.id].values() for _, alert in got}
        ids |= {r.body["id"] for box in kiosk.listeners for r in box.all("lockdown", "alert")}
        assert len(ids) == 1, f"one press became {len(ids)} alerts"


def times(opened, kiosks, began, there):
    """ms from the request to each phone, by where it was: at the node that died, at another, or a real one."""
    took = {"the node that died": [], "the other nodes": [], "porchlight listen": []}
    for kiosk in kiosks:
        for phone, got in opened.got[kiosk.id].items():
            took["the node that died" if phone in there else "the other nodes"].append(
                (min(got)[0] - began[kiosk.id]) / 1e6)
        for box in kiosk.listeners:
            first = min(r.at for r in box.all("lockdown", "alert") + box.all("state", "state", state="lockdown"))
            took["porchlight listen"].append(1e3 * first - began[kiosk.id] / 1e6)
    return took


def death(report, town, opened, number):
    """A node dies while one kiosk of each venue alerts; it comes back afterwards."""
    which, how = DEATHS[number]
    node, kiosks = town.nodes[which], town.kiosks[number * VENUES:(number + 1) * VENUES]
    opened.look()
    there = {phone for phone, at in opened.node_of.items() if at == which}
    began = pressed(kiosks, how, node)
    print(f"\n  a node is {how}: {len(there)} phones were there", flush=True)
    wait.until(lambda: whole(opened, kiosks),
               lambda: f"phones without their alert: {missing(opened, kiosks)}", PATIENCE)
    wait.until(lambda: all(k.handed_over() for k in kiosks), lambda: f"{[k.status() for k in kiosks]}", PATIENCE)
    one_alert_each(opened, kiosks)
    took = times(opened, kiosks, began, there)
    report_took(report, how, took)
    wait.until(town.connected, lambda: f"all kiosks at the other nodes: {town.troubled()}", PATIENCE)
    wait.until(lambda: opened.look() and len(opened.node_of) == sum(len(k.lines()) for k in town.kiosks),
               "all phones at the other nodes", PATIENCE)
    node.start()
    return took


def report_took(report, how, took):
    every = [x for part in took.values() for x in part]
    report.row(f"{how}: phones of the ten that have their alert", len(every), "")
    for name, percent in (("p50", 50), ("p99", 99), ("last", 100)):
        report.row(f"{how}: {name}", percentile(every, percent), "ms")
    for who, some in took.items():
        report.row(f"{how}: last of {len(some)} {who}", max(some), "ms")


def bench(report, steps=STEPS, rounds=len(DEATHS)):
    report.heading(f"{steps[-1] * VENUES} kiosks of {VENUES} venues, each with {PHONES} phones, at three nodes of "
                   "RabbitMQ")
    room_for(steps[-1] * VENUES * (PHONES + 1))
    folder = fresh("p")
    folder.chmod(0o755)
    town = Town(folder, steps[-1])
    try:
        town.start()
        grown(report, town, steps, rounds)
        opened = Opened(town.kiosks, town.swarms)
        for swarm in town.swarms:
            swarm.tell("watch")
        took = [death(report, town, opened, number) for number in range(rounds)]
        report.distribution("a node dies while ten venues alert",
                            {who: [x / 1e3 for one in took for x in one[who]] for who in took[0]}, unit="s")
    finally:
        town.close()
        shutil.rmtree(folder, ignore_errors=True)
        process.end_all()
