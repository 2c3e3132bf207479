"""An hour of use without an alert writes nothing to the card: the kernel's count of bytes that each
program sent towards a disk stays where it was, and no file below the kiosk's folder is touched.
The hour takes a minute: the programs' clocks run sixty times as fast."""

import os
import shutil
import signal
import tempfile
import time
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.kit import local, process, wait
from tests.kit.clock import faketime
from tests.kit.kiosk import FAST, Kiosk
from tests.kit.place import ROOT, program
from tests.kit.process import Process

SPEED = 60
HOUR = timedelta(hours=1)

# As porchlight.conf ships them, within what a broker at true speed puts up with.
TRUE_TIMES = {"timing": {"beat": "5s", "state": "60s", "state_alert": "10s", "keepalive": "60s"}}


@pytest.fixture
def logs():
    """Where what they say goes: on a kiosk the journal, in memory; here memory too."""
    made = Path(tempfile.mkdtemp(dir="/dev/shm"))
    yield made
    shutil.rmtree(made)


def hurried(logs, name, *args, **more):
    env = process.environment(LD_PRELOAD=faketime(), FAKETIME=f"+0 x{SPEED}",
                              ASAN_OPTIONS="verify_asan_link_order=0:detect_leaks=0", **more)
    return Process(name, [program(name), *args], logs / name, env=env, cwd=ROOT)


def moment(message):
    """By porchlightd's clock, which hurries."""
    return datetime.fromisoformat(message.body["at"].rstrip("Z"))


def written(child):
    """Bytes that the program, by itself, made the kernel send towards a disk."""
    for line in Path(f"/proc/{child.pid}/io").read_text().splitlines():
        if line.startswith("write_bytes:"):
            return int(line.split()[1])
    raise AssertionError("/proc/PID/io has no write_bytes")


def touched(kiosk):
    """{path: what changes with any write, rename, creation or removal}, but not sockets' folder."""
    return {p: (s.st_ino, s.st_size, s.st_mtime_ns, s.st_ctime_ns)
            for p in [kiosk.folder, *kiosk.folder.rglob("*")]
            if kiosk.run not in [p, *p.parents] and "broker" not in str(p)
            for s in [os.lstat(p)]}


def test_an_hour_of_use_writes_nothing(logs):
    with Kiosk(conf={**FAST, **TRUE_TIMES}) as kiosk:
        kiosk.daemon = daemon = hurried(logs, "porchlightd", "--prefix", kiosk.prefix)
        wait.until(lambda: local.answers(kiosk.run / "control.sock") and kiosk.connected(),
                   daemon.said, 30)
        screen = hurried(logs, "porchlight-screen", "--prefix", kiosk.prefix, "--languages",
                         ROOT / "config/languages", SDL_VIDEODRIVER="dummy")
        member, wires = kiosk.member(), kiosk.wires()
        time.sleep(2)
        before = {"porchlightd": written(daemon), "porchlight-screen": written(screen)}
        files = touched(kiosk)

        began = member.wait("beat", within=60)
        while moment(member.all("beat")[-1]) - moment(began) < HOUR:
            for level in (1, 0):  # a door that goes, a host who looks, a config read again
                wires.say(f"set entrance {level}")
                time.sleep(0.4)
            kiosk.status()
            daemon.signal(signal.SIGHUP)
        assert len(member.all("beat")) > 100 and len(member.all("state", "state")) > 20
        assert touched(kiosk) == files
        assert {"porchlightd": written(daemon), "porchlight-screen": written(screen)} == before

        # An alert is written down, and is seen by the same counts.
        assert local.control(kiosk.run / "control.sock", "lockdown")["ok"]
        member.wait("lockdown", "alert", within=30)
        wait.until(lambda: written(daemon) > before["porchlightd"], "the record's bytes", 10)
        assert touched(kiosk) != files
        assert written(daemon) - before["porchlightd"] < 64 * 1024
        assert written(screen) == before["porchlight-screen"]
        screen.stop()
        daemon.stop()
