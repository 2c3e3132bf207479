"""Alert and wipe side by side: no broker, however bad, holds up a key's death, and no disk, however
slow, holds up an alert. What makes one wait is still there when the other is done, so it cannot have
been waited for; the figures are printed. Needs root and /dev/fuse."""

import hashlib
import secrets
import subprocess
import time

import pytest

from tests.bench.report import percentile
from tests.faults.link import BLACKHOLE, CUT, DELAY, PASS, Link
from tests.kit import wait
from tests.kit.card import Card
from tests.kit.kiosk import FAST, Kiosk
from tests.kit.wires import now

PLAN = """[root venue]
path = /srv/venue
[cell clock]
cell = nvmem:rtc0
[key door]
path = /srv/venue/door.key
"""
TREE = PLAN + "[tree sheets]\npath = /srv/venue/sheets\n"
HOLD, WIPE_HOLD = 0.3, 0.6  # FAST's
ROUNDS = 15
SLOW_MS = 400


class Venue:
    def __init__(self, kiosk, plan):
        self.kiosk, self.venue = kiosk, kiosk.prefix / "srv/venue"
        self.cell = kiosk.prefix / "sys/bus/nvmem/devices/rtc0/nvmem"
        self.venue.mkdir(parents=True, exist_ok=True)
        self.cell.parent.mkdir(parents=True)
        self.plant()
        kiosk.start_wipe(plan)

    def plant(self):
        key = secrets.token_bytes(32)
        self.cell.write_bytes(b"PLc1" + key + hashlib.blake2b(key, digest_size=16).digest()[:4])
        self.cell.chmod(0o600)
        (self.venue / "door.key").write_bytes(secrets.token_bytes(32))

    def keys_dead(self):
        return not (self.venue / "door.key").exists() and not any(self.cell.read_bytes())


def row(what, ms):
    print(f"  {what:<58} p50 {percentile(ms, 50):7.1f} ms   max {max(ms):7.1f} ms   of {len(ms)}")


@pytest.mark.parametrize("mode", [PASS, DELAY, BLACKHOLE, CUT, "stopped"])
def test_no_broker_holds_up_the_keys(mode):
    """From the moment the wipe's hold is complete to both keys dead on the disk."""
    with Kiosk(conf=FAST) as kiosk:
        link = Link(kiosk.brokers[0].port)
        kiosk.change({"broker b0": {"port": link.port}})
        venue = Venue(kiosk, PLAN)
        kiosk.start()
        wires, took = kiosk.wires(), []
        if mode == "stopped":
            kiosk.brokers[0].stop()
        else:
            link.set(mode)
        for _ in range(ROUNDS):
            venue.plant()
            began = wires.set("front", True)
            wait.until(venue.keys_dead, lambda: f"{mode}: {kiosk.wiper.said()}", 20, every=0.0005)
            took.append((now() - began) / 1e6 - WIPE_HOLD * 1000)
            if mode not in (PASS, DELAY):
                assert not kiosk.status()["brokers"][0]["connected"] or kiosk.status()["pending"], \
                    "the broker was to be out of reach all the while"
            wires.set("front", False)
            time.sleep(0.3)
        row(f"broker {mode}: hold complete to keys dead", took)
        wires.close()
        link.close()


@pytest.mark.parametrize("where", ["srv", "var"])
def test_no_slow_disk_holds_up_an_alert(folder, where):
    """Each write and flush of the card takes 400 ms. "srv": what is wiped is there; "var": the
    records of alert and wipe do. An alert waits for its record, but at most 250 ms."""
    with Card(folder) as card, Kiosk(conf=FAST) as kiosk:
        on_card, here = card.mount / where, kiosk.prefix / where
        here.mkdir(exist_ok=True)
        subprocess.run(["cp", "-a", str(here), str(on_card)], check=True)
        subprocess.run(["mount", "--bind", str(on_card), str(here)], check=True)
        try:
            alerts_beside_a_wipe(card, kiosk, where)
        finally:
            card.slow(0)
            for p in (kiosk.daemon, kiosk.wiper):
                if p and p.alive:
                    p.kill()
            subprocess.run(["umount", "-l", str(here)], check=True)


def alerts_beside_a_wipe(card, kiosk, where):
    venue = Venue(kiosk, TREE)
    kiosk.start()
    member, wires = kiosk.member(), kiosk.wires()

    def press(count):
        began = wires.set("front", True)
        got = member.wait("lockdown", "alert", count=count, within=60)
        took = (got.at - began / 1e9 - HOLD) * 1000
        if took < -50:
            raise AssertionError("another press's message was taken for this one's")
        return took

    def let_go():
        wires.set("front", False)
        time.sleep(0.3)

    calm = []
    for i in range(5):
        calm.append(press(i + 1))
        let_go()
    sheets = venue.venue / "sheets"
    sheets.mkdir()
    for i in range(60):
        (sheets / str(i)).write_bytes(b"x" * 5000)
    card.sync()
    card.slow(SLOW_MS)
    slow = [press(6)]
    time.sleep(WIPE_HOLD)  # kept held: the wipe too
    let_go()
    if where == "srv":
        wait.until(lambda: not any(venue.cell.read_bytes()), kiosk.wiper.said, 60)
    for i in range(ROUNDS):
        slow.append(press(7 + i))
        let_go()
    if where == "srv":
        assert list(sheets.iterdir()), "the wipe was to be at work all the while"
    row("hold complete to a member, the disk quick", calm)
    row(f"/{where} at {SLOW_MS} ms a write, a wipe at work", slow)
