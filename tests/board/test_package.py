"""The package as it is shipped: installed, set up, looked over and upgraded in a running machine.

The machine's tree is unpacked and not installed, so its dpkg knows of no dependency: they are there
all the same, and that they suffice shows here too."""

import os
import re
import ssl
import subprocess
import threading
import time
import urllib.request

import pytest

from tests.board import disk
from tests.board.sandbox import LIMITS, NET_BIND_SERVICE, assert_held_by_the_kernel, exposure
from tests.board.suite import BUILD, ROOT
from tests.board.venue import BareVenue
from tests.board.watcher import Watcher
from tests.kit import wait
from tests.kit.broker import free_port
from tests.kit.joining import Joiner

# What an emulated board cannot have: a time server that keeps its clock right. And one member's phone joins it.
LACKING = {("clock", "kept right"), ("phones", "staff")}

PACKAGES = ("porchlight", "porchlight-page", "porchlight-relay", "porchlight-registrar")
RUNNING = ["porchlightd.service", "porchlight-screen.service", "porchlight-broker.service",
           "porchlight-registrar.service",
           "porchlight-page.service", "porchlight-console.service", "porchlight-dark.service",
           "porchlightd-control.socket", "porchlightd-admin.socket", "porchlight-wipe.socket",
           "porchlight-renew.timer"]

# What systemd/porchlight-wipe-generator adds at each boot: an order, nothing of a sandbox.
GENERATED = {"porchlight-wipe-resume": "/run/systemd/generator/porchlight-wipe-resume.service.d/vaults.conf"}

# What a purge leaves, by Debian's custom (users and groups keep their numbers); what systemd and dpkg
# note of everything; and what the host repaired.
LEFT = re.compile(r"/etc/(passwd|group|shadow|gshadow|subuid|subgid)-?|/etc/\.pwd\.lock"
                  r"|/(var|root|tmp|run)(/.*)?|/etc(/systemd)?|/usr/share/doc"
                  r"|/etc/sysctl\.d/90-no-core\.conf")


def built(suite):
    """{name: file} of the packages for this board: of the folder BOARD_DEBS, or built now."""
    folder = os.environ.get("BOARD_DEBS") or os.path.join(ROOT, "build", "deb", suite)
    if not os.environ.get("BOARD_DEBS"):
        subprocess.run([".ci/deb", "arm64", suite], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    found = {}
    for name in sorted(os.listdir(folder)):
        package, _, rest = name.partition("_")
        if package in PACKAGES and rest.endswith(("_arm64.deb", "_all.deb")):
            found[package] = os.path.join(folder, name)
    assert set(found) == set(PACKAGES), found
    return found


def newer(package):
    """The same package under a higher version."""
    inside, path = os.path.join(BUILD, "newer"), os.path.join(BUILD, "newer.deb")
    subprocess.run(["rm", "-rf", inside], check=True)
    subprocess.run(["dpkg-deb", "-R", package, inside], check=True)
    control = os.path.join(inside, "DEBIAN", "control")
    with open(control) as f:
        text = re.sub(r"(?m)^Version: .*", lambda m: m[0] + "+1", f.read())
    with open(control, "w") as f:
        f.write(text)
    subprocess.run(["dpkg-deb", "-b", "--root-owner-group", inside, path], check=True,
                   stdout=subprocess.DEVNULL)
    return path


def bytes_of(path):
    with open(path, "rb") as f:
        return f.read()


class PackageVenue(BareVenue):
    """A bare board with the packages in /root and a stick beside the card (/dev/vdb), whose own broker
    and page the host reaches."""

    def __init__(self, suite):
        self.own_port, self.page_port = free_port(), free_port()
        debs = built(suite)
        files = {f"/root/{name}.deb": (bytes_of(path), 0o644) for name, path in debs.items()}
        files["/root/newer.deb"] = (bytes_of(newer(debs["porchlight"])), 0o644)
        stick = disk.empty(os.path.join(BUILD, "stick.raw"), 16 << 20)
        subprocess.run(["mke2fs", "-q", "-F", "-t", "ext4", stick], check=True)
        super().__init__(suite, files=files, disks=(stick,),
                         forward={self.own_port: 8883, self.page_port: 443})

    def install(self):
        self.board.run("dpkg --force-depends -i " + " ".join(f"/root/{p}.deb" for p in PACKAGES), timeout=600)

    def files_outside(self):
        """Every file of the machine's disk that a purge has to answer for."""
        found = self.board.run("find / -xdev", timeout=300).split("\n")
        return {path for path in found if path and not LEFT.fullmatch(path)}

    def own_broker(self):
        """The broker inside, as a phone of the kit wants it."""
        ca = self.folder / "own-ca.pem"
        ca.write_text(self.board.run("cat /etc/porchlight/broker-ca.pem"))
        return OwnBroker(self.own_port, ca, self.place)

    def tls(self):
        return ssl.create_default_context(cafile=str(self.own_broker().ca))


class OwnBroker:
    host, v5 = "localhost", True

    def __init__(self, port, ca, place):
        self.port, self.ca, self.place = port, ca, place

    @staticmethod
    def said():
        return "what the broker inside said is in the journal there"


@pytest.fixture(scope="module")
def venue(venues):
    venue = venues(make=PackageVenue)
    venue.boot(armed=False)
    venue.board.run("mkdir -p /media/usb; systemd-tmpfiles --create 2>/dev/null || true")
    venue.before = venue.files_outside()
    return venue


def test_installs_and_starts_nothing_yet(venue, record_property):
    began = time.monotonic()
    venue.install()
    record_property("installed in", f"{time.monotonic() - began:.0f} s")
    assert venue.board.run("systemctl list-units --state=running --plain --no-legend "
                           "'porchlight*.service'") == ""
    assert venue.board.run("systemctl --failed --plain --no-legend") == ""
    assert "gpio" in venue.board.run("id porchlight")


def test_set_up_from_answers_arms_it(venue, record_property):
    record_property("set up in", f"{venue.set_up():.0f} s")
    venue.wait_armed()
    status = venue.status()
    assert status["state"] == "quiet" and len(status["brokers"]) == 2


def test_units_are_healthy(venue):
    for unit in RUNNING:
        venue.board.wait_for(f"systemctl is-active {unit}")
    assert venue.board.run("systemctl --failed --plain --no-legend") == ""
    timers = venue.board.run("systemctl list-timers --no-legend porchlight-renew.timer")
    assert "Mon " in timers and " 0" in timers, timers


@pytest.mark.parametrize("unit", LIMITS)
def test_sandbox_is_the_shipped_one(venue, unit, record_property):
    found = exposure(venue.board, unit)
    record_property("exposure", found)
    assert found <= LIMITS[unit]
    assert venue.board.run(f"systemctl show -p DropInPaths --value {unit}").strip() == GENERATED.get(unit, "")


@pytest.mark.parametrize("unit,held", [("porchlightd", 0), ("porchlight-screen", 0),
                                       ("porchlight-broker", 0),
                                       ("porchlight-page", NET_BIND_SERVICE)])
def test_sandbox_holds_in_the_kernel(venue, unit, held):
    assert_held_by_the_kernel(venue.board, unit, held)


def test_page_is_served_over_tls(venue):
    with urllib.request.urlopen(f"https://localhost:{venue.page_port}/", timeout=60,
                                context=venue.tls()) as answer:
        assert answer.status == 200 and b"<!doctype html>" in answer.read().lower()
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


def test_press_reaches_a_phone_at_either_broker(venue, record_property):
    """One is the venue's by an invitation to the broker on the kiosk, as a phone joins by its QR."""
    invited = venue.parse(venue.board.run("porchlight invite --leave --json"))
    joiner = Joiner(invited["link"], venue.own_broker())
    key = joiner.join()
    assert key == venue.keys.venue
    venue.joined = joiner.member(key)
    venue.mailboxes.append(venue.joined)
    phone = venue.member()
    pressed = time.monotonic()
    venue.press(2.5)
    outside = phone.wait("lockdown", within=60)
    here = venue.joined.wait("lockdown", within=60)
    record_property("press to phone outside", f"{outside.at - pressed:.2f} s")
    record_property("to the one here", f"{here.at - pressed:.2f} s")
    assert outside.body["id"] == here.body["id"]
    venue.reset()
    venue.joined = joiner.member(key)
    venue.mailboxes.append(venue.joined)


def test_drill_is_answered(venue):
    """`porchlight setup --drill` ends well only when a phone has answered it."""
    phone = venue.joined
    done = []
    rehearsal = threading.Thread(
        target=lambda: done.append(venue.board.call("porchlight setup --drill", timeout=300)))
    rehearsal.start()
    alert = phone.wait("lockdown", drill=True, within=120)
    phone.answer(alert.body["id"])
    rehearsal.join()
    code, said = done[0]
    assert code == 0 and "A phone received it and answered" in said, said
    phone.wait("all-clear", drill=True, within=60)
    assert not [a for a in phone.all("lockdown", drill=False) if a.at > alert.at]


def findings(venue):
    """{(area, check): what is said, and the fix} of all that doctor does not find in order."""
    said = venue.board.call("porchlight doctor --json")[1]
    return {(c["area"], c["check"]): (c["said"], c["fix"]) for c in venue.parse(said)["checks"]
            if c["verdict"] != "ok"}


def test_doctor_finds_nothing_but_what_emulation_lacks(venue, record_property):
    """With a relay outside, as the host's guide has it, and a phone that listens. What Debian leaves
    behind is repaired as doctor says."""
    venue.board.run("sed -i 's/^#relay = no/relay = yes/' /etc/porchlight/porchlight.conf && "
                    "systemctl restart porchlightd")
    venue.wait_armed()
    with Watcher(venue):
        found = findings(venue)
        for (area, _), (_, fix) in found.items():
            if area == "left over":
                venue.board.run(fix)
        record_property("repaired", sum(area == "left over" for area, _ in found))
        found = findings(venue)
    record_property("findings", len(found))
    assert set(found) <= LACKING, found


def test_keyboard_does_nothing_at_the_kiosk(venue):
    """No login, no other console, no SysRq, and Ctrl-Alt-Del, seven times at once, reboots nothing:
    the machine would end, as it is told not to start again by itself."""
    run = venue.board.run
    boot = run("cat /proc/sys/kernel/random/boot_id")
    assert run("cat /proc/sys/kernel/sysrq").strip() == "0"
    assert run("systemctl list-units --state=active --plain --no-legend 'getty@*'") == ""
    console = run("cat /sys/class/tty/tty0/active")
    venue.board.keys("ctrl", "alt", "f3")
    venue.board.keys("alt", "sysrq", "b")
    for _ in range(9):
        venue.board.keys("ctrl", "alt", "delete")
    time.sleep(5)
    assert run("cat /sys/class/tty/tty0/active") == console
    assert run("cat /proc/sys/kernel/random/boot_id") == boot
    assert run("systemctl list-jobs --plain --no-legend") == ""
    assert venue.status()["state"] == "quiet"


def test_upgrade_in_the_running_machine(venue, record_property):
    """The gap is measured by the machine's own clock, from the stop to the armed start."""
    phone = venue.member()
    before = venue.board.run("systemctl show -p MainPID --value porchlightd")
    broker = venue.board.run("systemctl show -p MainPID --value porchlight-broker")
    began = time.monotonic()
    venue.board.run("dpkg --force-depends -i /root/newer.deb", timeout=600)
    record_property("upgraded in", f"{time.monotonic() - began:.0f} s")
    venue.wait_armed()
    assert venue.board.run("dpkg-query -W -f '${Version}' porchlight").endswith("+1")
    assert venue.board.run("systemctl show -p MainPID --value porchlightd") != before
    assert venue.board.run("systemctl show -p MainPID --value porchlight-broker") == broker
    left, came = (int(venue.board.run(
        f"systemctl show -p {which}TimestampMonotonic --value porchlightd"))
        for which in ("ActiveExit", "ActiveEnter"))
    record_property("the alarm's gap", f"{(came - left) / 1e6:.2f} s")
    assert came > left
    venue.press(2.5)
    phone.wait("lockdown", within=60)
    phone.wait("online", topic="presence", within=60)
    venue.reset()


def served(venue):
    """The certificate that the broker inside shows now."""
    return ssl.get_server_certificate(("localhost", venue.own_port))


def test_timer_renews_the_certificates(venue):
    """Not before it is due; and then the broker and the page serve the new one by themselves."""
    before = served(venue)
    venue.board.run("systemctl start porchlight-renew.service")
    assert served(venue) == before
    end = venue.board.run("openssl x509 -in /etc/porchlight/broker/server.pem -noout -enddate")
    end = ssl.cert_time_to_seconds(end.strip().split("=")[1])
    venue.board.run(f"date -s @{end - 100 * 86400}")
    timer = venue.board.run("systemctl show -p Result --value porchlight-renew.service; "
                            "systemctl start porchlight-renew.service; "
                            "systemctl show -p Result --value porchlight-renew.service")
    assert timer.split() == ["exec-condition", "success"]
    wait.until(lambda: served(venue) != before, "the new certificate", 60, every=1)
    venue.wait_status(lambda s: any(b["connected"] for b in s["brokers"] if not b["outside"]))


def test_purge_leaves_nothing_running_and_nothing_behind(venue):
    venue.board.run("dpkg --purge " + " ".join(PACKAGES), timeout=600)
    assert venue.board.run("ps -eo comm | grep -E '^(porchlight|mosquitto|nginx)' || true") == ""
    assert venue.board.run("systemctl list-units --plain --no-legend 'porchlight*'") == ""
    left = venue.files_outside() - venue.before
    left |= set(venue.board.run("find /var/lib /run -xdev -name 'porchlight*'").split())
    assert not left, sorted(left)[:40]
