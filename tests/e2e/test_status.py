"""porchlight status: on one screen, whether the kiosk is armed, and what is wrong with it."""

import re

from tests.kit import wait
from tests.kit.doctor import put
from tests.kit.kiosk import FAST, Kiosk
from tests.kit.place import program
from tests.kit.terminal import Terminal

CONF = {**FAST, "wipe": {"enabled": "no"}, "input mains": {"line": "sim:mains", "kind": "mains"},
        "input box": {"line": "sim:box", "kind": "lid"}, "alert": {"relay": "yes"}}


def said(kiosk):
    return kiosk.cli("status").stdout


def test_armed_or_not_and_why():
    with Kiosk(conf=CONF, brokers=2) as kiosk:
        kiosk.start()
        assert said(kiosk).startswith("armed:    yes\n")
        kiosk.wires().say("busy front")
        for broker in kiosk.brokers:
            broker.stop()
        wait.until(lambda: "armed:    NO: no broker is connected" in said(kiosk), lambda: said(kiosk))
        for broker in kiosk.brokers:
            broker.start()
        wait.until(lambda: said(kiosk).startswith("armed:    yes\n"), lambda: said(kiosk))
        kiosk.change({"switch front": {"line": "sim:other"}})
        kiosk.daemon.stop()
        kiosk.change({"switch front": {"line": "gpiochip99:1"}, "door entrance": None,
                      "input mains": None, "input box": None})
        kiosk.start()
        assert said(kiosk).startswith("armed:    NO: no switch works\n")


def test_all_of_it_fits_on_one_screen():
    """Two brokers, a door, mains power, a relay, and more troubles than are listed."""
    with Kiosk(conf=CONF, brokers=2) as kiosk:
        kiosk.start()
        put(kiosk.prefix / "sys/devices/platform/soc/soc:firmware/get_throttled", "50005\n")
        put(kiosk.prefix / "sys/class/thermal/thermal_zone0/temp", "71000\n")
        put(kiosk.prefix / "sys/block/mmcblk0/device/life_time", "0x09 0x01\n")
        put(kiosk.prefix / "sys/fs/ext4/mmcblk0p2/errors_count", "3\n")
        assert kiosk.cli("doctor", "--report", within=60).returncode == 0
        wait.until(lambda: len(kiosk.status()["troubles"]) >= 5, lambda: f"{kiosk.status()}")
        assert kiosk.cli("drill").returncode == 0
        kiosk.wires().presses(5, on=0.05, off=0.05)
        wait.until(lambda: kiosk.status()["last_drill"], "the drill's end")
        shown = Terminal([program("porchlight"), "--prefix", str(kiosk.prefix), "status"],
                         size=(80, 24), NO_COLOR="1")
        rows = shown.until_end().rstrip("\n").split("\n")
        assert len(rows) <= 24 and max(map(len, rows)) < 80, "\n".join(rows)
        labels = [row[:10].strip() for row in rows if row[:1].strip()]
        assert labels == ["armed:", "state:", "broker:", "broker:", "switch:", "door:", "mains:",
                          "lid:", "relay:", "phones:", "drill:", "troubles:", "version:"], rows
        assert re.search(r"drill: +the last one ended at \w{3} \d\d \w{3} \d\d:\d\d,", "\n".join(rows)), rows
        assert "on mains power" in rows[labels.index("mains:")], rows
        assert any("And more." in row and "doctor" in row for row in rows), rows


def test_mains_power_that_is_lost():
    with Kiosk(conf=CONF) as kiosk:
        kiosk.start()
        kiosk.wires().set("mains", True)
        wait.until(lambda: "mains:    mains, NO mains power" in said(kiosk), lambda: said(kiosk))
        kiosk.wires().set("box", True)
        assert "lid:      box, watched, for staff phones alone" in said(kiosk)
