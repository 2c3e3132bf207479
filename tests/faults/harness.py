"""Runs one schedule on a kiosk, brokers and links of its own, and judges what the member got."""

import os
import random
import resource
import shutil
import threading
import time
from dataclasses import dataclass, field

from tests.kit.clock import RIGHT, STEPS, WORLD_STEPS, Clock
from tests.faults.island import Island
from tests.faults.link import BLACKHOLE, CUT, DELAY, FOUR, PASS, PORTAL, SIX, Link
from tests.faults.schedule import HOLD_S, make
from tests.kit import wait
from tests.kit.broker import RIGHTS
from tests.kit.fake_broker import Dialect, FakeBroker, Goodbye, HangUp, Silence
from tests.kit.kiosk import FAST
from tests.kit.slow_dns import A, AAAA, GARBAGE, MUTE, NXDOMAIN, REFUSED, SERVFAIL, TRUNCATED, SlowDns
from tests.kit.wires import MS, now

IN_TIME_S = 10.0  # EN 50131-1: hold-up is never delayed by more
GAP = 150 * MS  # FAST's
# A caution's pauses are 20 ms here: they must be no drop-outs of the contact, which are bridged.
CONF = {"switch front": {**FAST["switch front"], "release": "10ms"}}
NAMES = ("DNS:broker.test", "DNS:localhost", "IP:127.0.0.1", "IP:::1")
WRONG = [["127.9.9.9"], SERVFAIL, NXDOMAIN, REFUSED, GARBAGE, TRUNCATED]  # answers to a look-up
LATE_S = [1.0, 2.5, 4.0]  # how late a right one may come
SLOW_MS = [100, 400, 2000, 10000]  # a flush
# What stands for the broker takes no alert, or nobody would ever get it.
NO_ALERT = [0x87, 0x97, 0x99, HangUp, Silence, Goodbye(0x87), Goodbye(0x95)]
SETTLE_S = 12.0  # how long the member is listened to after everything is repaired


def dialect(how):
    """One that answers as `how` says, always the same."""
    r = random.Random(how)
    no = r.choice(NO_ALERT)
    odd = r.choice([0x80, 0x87, 0x8f, 0x97, HangUp, Silence])
    limits = [{}, {"receive_maximum": 1}, {"packet": 100}, {"maximum_qos": 0}, {"retain": 0},
              {"keep_alive": 1}, {"topic_alias": 5}, {"server_reference": "other.test"}]
    kind = r.randrange(5)
    return Dialect(
        properties=r.choice(limits),
        connack=lambda c: r.choice([0x80, 0x85, 0x86, 0x87, 0x88, 0x89, 0x97, 0x9a, 0x9c, HangUp,
                                    Silence]) if kind == 0 else 0,
        suback=lambda c, topic, qos: odd if kind == 1 else min(qos, 1),
        puback=lambda c, topic, qos, retain:
            no if topic.split("/")[3] in ("alert", "ring") else odd if kind == 2 else 0,
        lasts=r.uniform(0.05, 1.0) if kind == 3 else None)


@dataclass
class Verdict:
    schedule: object
    lost: list = field(default_factory=list)
    doubled: list = field(default_factory=list)
    late: list = field(default_factory=list)
    latencies: list = field(default_factory=list)
    trouble: str = ""

    @property
    def good(self):
        return not (self.lost or self.doubled or self.late or self.trouble)


class Run:
    """Without the outbox, what cannot be sent at once is forgotten: a harness that finds nothing
    wrong with that finds nothing."""

    def __init__(self, seed, outbox=True, world=False):
        self.schedule = make(seed, world)
        self.kiosk = Island("f", conf=CONF, brokers=self.schedule.brokers,
                            program=None if outbox else "porchlightd-forgetful")
        self.clock = Clock(self.kiosk.folder)
        if any(f.kind in ("clock", "clocks", "slow-disk") for f in self.schedule.faults):
            self.kiosk.environment = self.clock.environment()
        self.links = [Link(b.port, (FOUR, SIX)) for b in self.kiosk.brokers]
        for i, link in enumerate(self.links):
            self.kiosk.change({f"broker b{i}": {"port": link.port}})
        self.dns = SlowDns() if world else None
        if world:
            self._name_brokers()
        self.fakes = {}  # a fault: the broker that stands in for the real one
        self.seen = {}  # alert id: (kind, when first seen)
        self.paths = []  # (when, whether a path exists)
        self.broken = {}  # (broker, what) that stand now
        self.nameless = set()  # faults of names that stand now
        self.lock = threading.RLock()

    def _name_brokers(self):
        """They are found by DNS."""
        certificate = self.kiosk.authority.server("named", hosts=NAMES)
        (self.kiosk.net / "resolv.conf").write_text(f"nameserver {self.dns.address}\n")
        for i, broker in enumerate(self.kiosk.brokers):
            broker.certificate = certificate
            self.kiosk.change({f"broker b{i}": {"host": "broker.test"}})

    # --- what the member sees ------------------------------------------------------------------

    @property
    def _late_phones(self):
        """Whether a broker's death throws the member off: what it misses is then in the state."""
        return any(f.kind.startswith("broker-") for f in self.schedule.faults)

    def _take(self, got):
        body = got.body or {}
        kind = body.get("kind")
        if kind == "state" and body.get("state") != "quiet" and self._late_phones:
            kind = body["state"]
        if kind in ("lockdown", "caution") and body.get("id"):
            self.seen.setdefault(body["id"], (kind, got.at))

    def _listen(self, i):
        try:
            member = self.kiosk.member(broker=i)
            member.client.reconnect_delay_set(1, 1)
            member.tell = self._take
            for got in list(member.received):
                self._take(got)
        except (OSError, AssertionError):
            pass  # its broker is down just now; paho comes back by itself where it was up once

    # --- faults --------------------------------------------------------------------------------

    def _note(self, key, broken):
        with self.lock:
            self.broken[key] = broken
            down = {b for (b, _), on in self.broken.items() if on}
            whole = None in down  # the kiosk itself
            path = not whole and any(i not in down for i in range(self.schedule.brokers))
            self.paths.append((time.monotonic(), path))

    def _daemon(self, f, begins):
        kiosk = self.kiosk
        if f.kind == "freeze":
            self._note((None, "frozen"), begins)
            kiosk.daemon.freeze() if begins else kiosk.daemon.thaw()
        elif begins:
            self._note((None, "dead"), True)
            kiosk.daemon.kill() if f.kind == "kill" else kiosk.daemon.stop()
        elif not kiosk.daemon.alive:
            kiosk.start(connected=False)
            self._note((None, "dead"), False)

    def _broker(self, f, begins):
        broker = self.kiosk.brokers[f.broker]
        if begins and broker.process:
            self._note((f.broker, f.kind), True)
            broker.kill() if f.kind == "broker-kill" else broker.freeze()
        elif not begins and f.kind == "broker-kill" and not broker.process:
            broker.start()
            self._note((f.broker, f.kind), False)
        elif not begins and f.kind == "broker-freeze" and broker.process:
            broker.thaw()
            self._note((f.broker, f.kind), False)

    def _link(self, f, begins):
        link = self.links[f.broker]
        if f.kind == "reset":
            return link.reset() if begins else None
        if f.kind in (CUT, BLACKHOLE, PORTAL):
            self._note((f.broker, "link"), begins)
        return link.set(f.kind if begins else PASS)

    def _names(self, f, begins):
        """For all brokers: names come from one place. What is connected needs no name: it is
        reset. With "six" the network has become one of IPv6 alone, which is no lack of a path."""
        (self.nameless.add if begins else self.nameless.discard)(f)
        kinds = {g.kind for g in self.nameless}
        for i in range(self.schedule.brokers):
            self._note((i, "dns"), bool(kinds & {"dns", "dns-wrong", "dns-mute"}))
        if self.dns:
            self._answers(kinds)
        self.kiosk.names("none" if "dns" in kinds else "six" if "six" in kinds else "four")
        for link in self.links:
            link.only(SIX if "six" in kinds else FOUR)
            if f.kind.startswith("dns") and begins:
                link.reset()

    def _answers(self, kinds):
        """What DNS says while these faults last."""
        how = next((g.how for g in self.nameless if g.kind in kinds and g.kind.startswith("dns")), 0)
        right = {A: [], AAAA: ["::1"]} if "six" in kinds else {A: ["127.0.0.1"], AAAA: []}
        wrong = (NXDOMAIN if "dns" in kinds else MUTE if "dns-mute" in kinds else
                 WRONG[how % len(WRONG)] if "dns-wrong" in kinds else None)
        self.dns.answers = right if wrong is None else {
            A: wrong, AAAA: [] if isinstance(wrong, list) else wrong}
        self.dns.late = LATE_S[how % len(LATE_S)] if "dns-slow" in kinds else 0

    def _dialect(self, f, begins):
        """Another broker answers in the real one's place, in a dialect, and takes no alert."""
        link, real = self.links[f.broker], self.kiosk.brokers[f.broker]
        self._note((f.broker, "dialect"), begins)
        if begins:
            self.fakes[f] = FakeBroker(real.certificate, dialect(f.how))
        elif f in self.fakes:
            self.fakes.pop(f).close()
        link.to(self.fakes[f].port if begins else real.port)
        link.reset()

    def _rights(self, f, begins):
        broker, missing = self.kiosk.brokers[f.broker], RIGHTS["kiosk"][f.how % len(RIGHTS["kiosk"])]
        if f.how % 2:
            missing = "write alert"
        if missing == "write alert":
            self._note((f.broker, "rights"), begins)
        RIGHTS[f"without {missing}"] = [r for r in RIGHTS["kiosk"] if r != missing]
        broker.role(self.kiosk.account, f"without {missing}" if begins else "kiosk")

    def _lose_record(self, _f, begins):
        kiosk = self.kiosk
        if not begins or not kiosk.daemon.alive:
            return
        kiosk.daemon.kill()
        for path in ("record", "staff-box"):
            try:
                os.unlink(kiosk.inside(kiosk.state / path))
            except FileNotFoundError:
                pass
        kiosk.start(connected=False)

    def _disk(self, f, begins):
        """Full, which is to make no difference; or, as a card that died, refusing every write."""
        kiosk = self.kiosk
        if f.kind == "disk":
            kiosk.fill_disk() if begins else kiosk.empty_disk()
        elif kiosk.daemon.alive:
            _, most = resource.prlimit(kiosk.daemon.pid, resource.RLIMIT_FSIZE)
            resource.prlimit(kiosk.daemon.pid, resource.RLIMIT_FSIZE, (0 if begins else most, most))

    def _clock(self, f, begins):
        steps = STEPS if f.kind == "clock" else WORLD_STEPS
        self.clock.set(steps[f.how % len(steps)] if begins else RIGHT)

    def _slow_disk(self, f, begins):
        self.clock.slow(SLOW_MS[f.how % len(SLOW_MS)] if begins else 0)

    def _do(self, f, begins):
        {"kill": self._daemon, "restart": self._daemon, "freeze": self._daemon,
         "broker-kill": self._broker, "broker-freeze": self._broker, CUT: self._link,
         BLACKHOLE: self._link, DELAY: self._link, PORTAL: self._link, "reset": self._link,
         "dns": self._names, "six": self._names, "disk": self._disk, "record": self._disk,
         "clock": self._clock, "clocks": self._clock, "slow-disk": self._slow_disk,
         "dns-slow": self._names, "dns-wrong": self._names, "dns-mute": self._names,
         "dialect": self._dialect, "rights": self._rights,
         "lost-record": self._lose_record}[f.kind](f, begins)

    # --- the hand ------------------------------------------------------------------------------

    def _press(self, g):
        """When the gesture was complete, or None where nobody was there to feel it, or the hand was
        too slow for a caution: it is made of edges that are just behind us, sent at once."""
        if not self.kiosk.daemon.alive:
            return None
        try:
            wires = self.kiosk.wires()
            if g.kind == "lockdown":
                done = wires.hold(HOLD_S) + 300 * MS
            else:
                last = now()
                wires.train("front", [(n % 2 == 0, last - (3 - n) * 20 * MS) for n in range(4)])
                done = last + GAP if now() < last - 40 * MS + GAP else None
            wires.close()
        except (OSError, RuntimeError):
            return None
        return done and done / 1e9

    # --- all together --------------------------------------------------------------------------

    def _play(self):
        began = time.monotonic()
        happenings = [(g.at, lambda g=g: self.pressed.append((g, self._press(g))))
                      for g in self.schedule.gestures]
        for f in self.schedule.faults:
            happenings.append((f.at, lambda f=f: self._do(f, True)))
            happenings.append((f.ends, lambda f=f: self._do(f, False)))
        for at, act in sorted(happenings, key=lambda h: h[0]):
            time.sleep(max(0.0, began + at - time.monotonic()))
            act()
        for f in self.schedule.faults:
            self._do(f, False)

    def _deadline(self, complete):
        """From when on a path existed without a break that lasted until now, or had existed."""
        since = complete
        for when, path in self.paths:
            if when < complete and not path or when >= complete and not path:
                since = None
            elif since is None and path:
                since = max(when, complete)
        return since if since is not None else time.monotonic()

    def _judge(self):
        v = Verdict(self.schedule)
        felt = [(g, t) for g, t in self.pressed if t is not None]
        for n, (g, complete) in enumerate(felt):
            ids = [(i, when) for i, (kind, when) in self.seen.items() if kind == g.kind]
            superseded = n + 1 < len(felt)  # a caution that became a lockdown before it was sent
            if not ids and not superseded:
                v.lost.append(g.kind)
            if len(ids) > 1:
                v.doubled.append(g.kind)
            for _, when in ids[:1]:
                latency = when - max(complete, self._deadline(complete))
                v.latencies.append(max(latency, 0.0))
                if latency > IN_TIME_S:
                    v.late.append(f"{g.kind} {latency:.1f} s")
        return v

    def _wait(self):
        wanted = {g.kind for g, t in [p for p in self.pressed if p[1] is not None][-1:]}
        end = time.monotonic() + SETTLE_S
        while time.monotonic() < end:
            if wanted <= {kind for kind, _ in self.seen.values()}:
                time.sleep(0.5)  # a second one would come now
                return
            time.sleep(0.05)

    def go(self):
        self.pressed = []
        try:
            with self.kiosk:
                self.kiosk.start(connected=False)
                wait.until(self.kiosk.connected, lambda: f"connection: {self.kiosk.status()}", 60,
                           every=0.05)
                for i in range(self.schedule.brokers):
                    self._listen(i)
                self._note((0, "link"), False)
                self._play()
                self._wait()
                return self._judge()
        except Exception as why:  # the report names the schedule, whatever it was
            return Verdict(self.schedule, trouble=f"{type(why).__name__}: {why}")
        finally:
            for link in [*self.links, *self.fakes.values(), *([self.dns] if self.dns else [])]:
                link.close()
            shutil.rmtree(self.kiosk.folder, ignore_errors=True)


def play(seed, outbox, world):
    """For a process of its own: what became of it."""
    return Run(seed, outbox, world).go()
