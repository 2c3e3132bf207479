"""What is wrong with a kiosk is told to staff phones, once, and its end too; members learn nothing."""

import os
import re
import shutil
import ssl
import subprocess
import time

import pytest

from tests.kit import local, process, wait
from tests.kit.broker import free_port
from tests.kit.doctor import ask, put
from tests.kit.kiosk import FAST, Kiosk
from tests.kit.mounts import Mounts
from tests.kit.place import ROOT
from tests.kit.ups import Ups

INPUTS = {"input mains": {"line": "sim:mains", "kind": "mains"},
          "input lid": {"line": "sim:lid", "kind": "lid", "debounce": "20ms"},
          "input tilt": {"line": "sim:tilt", "kind": "tilt", "debounce": "20ms"},
          "input screws": {"line": "sim:screws", "kind": "tamper", "debounce": "20ms"}}


def hours(from_now):
    """A span of an hour that begins so many hours from now."""
    hour = time.localtime().tm_hour
    return f"{(hour + from_now) % 24:02}:00-{(hour + from_now + 1) % 24:02}:00"


AWAKE = {"trouble": {"quiet_hours": hours(12)}}
ASLEEP = {"trouble": {"quiet_hours": f"{hours(23)[:5]}-{hours(1)[6:]}"}}


class Venue:
    """A kiosk, a staff phone that sees notices, and a member's phone."""

    def __init__(self, conf=None, **more):
        self.kiosk = Kiosk(conf={**FAST, **AWAKE, "wipe": {"enabled": "no"}, **(conf or {})},
                           **more)

    def __enter__(self):
        self.kiosk.__enter__()
        self.start()
        return self

    def start(self):
        while self.kiosk.mailboxes:  # two clients of one account throw each other off
            self.kiosk.mailboxes.pop().close()
        self.staff, self.member = self.kiosk.member("staff"), self.kiosk.member()
        self.kiosk.start()
        self.operator = self.kiosk.spy(["ring"])

    def __exit__(self, kind, why, trace):
        if kind is None:
            assert not self.member.all(topic="alert") and not self.member.all("fault")
        self.kiosk.__exit__(kind, why, trace)

    def report(self, before=()):
        """As the timer does."""
        done = process.run([*before, *self.kiosk.command("porchlight", "--prefix", self.kiosk.prefix,
                                                         "doctor", "--report")], 60)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", ""), done

    def told(self, code, count=1, within=60):
        return self.staff.wait("fault", "notice", within=within, count=count, detail=code)

    def times(self, code):
        """A notice that is sent again has the id of the first."""
        return len({r.body["id"] for r in self.staff.all("fault", detail=code)})

    @property
    def days_left(self):
        """Until a week before the broker's certificate ends."""
        end = subprocess.run(["openssl", "x509", "-enddate", "-noout", "-in",
                              self.kiosk.brokers[0].certificate[0]], capture_output=True, text=True,
                             check=True).stdout.split("=", 1)[1].strip()
        return (ssl.cert_time_to_seconds(end) - time.time()) / 86400 - 7

    def troubles(self):
        return {t["code"] for t in self.kiosk.status()["troubles"]}

    def rings(self):
        """Which staff rings relays were asked for."""
        return {r.body["staff"] for r in self.operator.all("ring")} - {None}

    def cue(self):
        with local.connect(self.kiosk.run / "screen.sock") as s:
            return local.cue(s.recv(64))["signs"]


# --- what lines say -------------------------------------------------------------------------------

def test_mains_power_is_lost_and_comes_back():
    with Venue(INPUTS) as venue:
        wires = venue.kiosk.wires()
        assert venue.troubles() == set() and "fault" not in venue.cue()
        wires.set("mains", True)
        venue.told("mains")
        wait.until(venue.rings, "a ring for locked staff phones")
        assert venue.troubles() == {"mains"}
        wait.until(lambda: "fault" in venue.cue(), "the cue")
        wires.set("mains", False)
        venue.told("mains-over", within=90)
        assert venue.times("mains") == 1 and venue.troubles() == set()
        wait.until(lambda: "fault" not in venue.cue(), "the cue's end")


@pytest.mark.parametrize("line, code", [("lid", "lid"), ("tilt", "tilt"), ("screws", "box-tamper")])
def test_an_opened_box_is_reported_to_staff_at_once_and_never_shown_on_site(line, code):
    with Venue({**INPUTS, **ASLEEP}) as venue:
        kiosk, wires = venue.kiosk, venue.kiosk.wires()

        def seen():
            status = kiosk.status()
            return (venue.cue(), status["troubles"], status["inputs"], status["cue"],
                    kiosk.cli("status").stdout.splitlines()[0], kiosk.record(),
                    (kiosk.state / "troubles").exists(), kiosk.daemon.said().count("\n"))
        before = seen()
        assert kiosk.cli("sim", "input", "on", "--name", line).returncode == 0
        venue.told(code, within=5)
        wait.until(venue.rings, "a ring for staff")
        assert seen() == before
        lines = ask(kiosk.prefix)["line"]
        assert {lines[name].said for name in ("lid", "tilt", "screws")} == {"porchlightd reads it."}
        assert lines["mains"].said == "porchlightd reads it: nothing is wrong."
        wires.set(line, False)
        venue.told(f"{code}-over", within=30)
        assert seen() == before and venue.times(code) == 1


def test_a_phone_that_its_ring_has_woken_reads_what_rang_it():
    with Venue(INPUTS) as venue:
        venue.kiosk.wires().set("lid", True)
        first = venue.told("lid", within=10)
        late = venue.told("lid", count=2, within=40)
        assert late.body["id"] == first.body["id"] and venue.times("lid") == 1


def test_a_wire_that_is_cut_reads_as_an_opened_box():
    """The contact closes to ground while the box is closed: a line that reads high is trouble."""
    with Venue({"input lid": {"line": "sim:lid=1", "kind": "lid"}}) as venue:
        venue.told("lid", within=10)


def test_a_lid_reveals_nothing_of_an_alert():
    """With a code or duress pressed, an opened box changes nothing that the site sees."""
    with Venue(INPUTS) as venue:
        wires = venue.kiosk.wires()
        wires.hold(0.4)
        venue.staff.wait("lockdown", "alert")
        wires.presses(5, on=0.05, off=0.05)
        venue.staff.wait("code", "notice")
        before = venue.kiosk.status()
        wires.set("lid", True)
        venue.told("lid")
        after = venue.kiosk.status()
        for status in (before, after):
            for broker in status["brokers"]:
                broker.pop("beat_ms")
        assert before == after and before["state"] == "quiet"
        assert not venue.member.all("fault")
        venue.member.received.clear()


# --- a UPS ----------------------------------------------------------------------------------------

def test_a_ups_says_that_mains_power_is_lost(folder):
    with Ups(folder) as ups, Venue({"input power": {
            "line": f"ups:{ups.name}@127.0.0.1:{ups.port}", "kind": "mains"}}) as venue:
        def power():
            return next(i for i in venue.kiosk.status()["inputs"] if i["name"] == "power")
        wait.until(lambda: power().get("charge") == 100, "the battery's charge")
        assert power()["lasts_s"] == 1800 and venue.troubles() == set()
        time.sleep(1.1)  # the driver looks at the file's time, in seconds
        ups.says(**{"ups.status": "OB", "battery.charge": 64, "battery.runtime": 900})
        venue.told("mains")
        assert (power()["active"], power()["charge"]) == (True, 64)
        assert "power, NO mains power, battery 64 %, lasts 15 minutes" in (
            said := venue.kiosk.cli("status").stdout), [r for r in said.splitlines() if "mains" in r]
        ups.says(**{"ups.status": "OB LB", "battery.charge": 9, "battery.runtime": 100})
        venue.told("ups-low")
        ups.says(**{"ups.status": "OL CHRG", "battery.charge": 12, "battery.runtime": 300})
        venue.told("mains-over", within=90)
        assert venue.times("mains") == venue.times("ups-low") == 1


def test_a_upsd_that_is_gone_is_reported(folder):
    with Ups(folder) as ups, Venue({"input power": {
            "line": f"ups:{ups.name}@127.0.0.1:{ups.port}", "kind": "mains"}}) as venue:
        wait.until(lambda: any("charge" in i for i in venue.kiosk.status()["inputs"]), "an answer")
        ups.server.kill()
        venue.told("ups-silent", within=90)
        assert venue.times("mains") == 0


# --- what is measured -----------------------------------------------------------------------------

THROTTLED = "sys/devices/platform/soc/soc:firmware/get_throttled"
MEASURED = [
    ("undervoltage", THROTTLED, "50005\n", "0\n"),
    ("heat", "sys/class/thermal/thermal_zone0/temp", "71000\n", "52000\n"),
    ("battery", "sys/class/power_supply/button/capacity", "12\n", "90\n"),
    ("card-worn", "sys/block/mmcblk0/device/life_time", "0x09 0x01\n", "0x01 0x01\n"),
    ("card-errors", "sys/fs/ext4/mmcblk0p2/errors_count", "3\n", "0\n"),
]


@pytest.fixture
def venue():
    """One whose clock is kept right, and that has room; what it is measured as is all files."""
    with Venue() as made:
        put(made.kiosk.prefix / "run/systemd/timesync/synchronized", "")
        put(made.kiosk.prefix / "sys/class/power_supply/button/type", "Battery\n")
        made.report()
        assert made.troubles() <= {"disk-full"}
        yield made


@pytest.mark.parametrize("code, path, bad, good", MEASURED)
def test_what_doctor_measures_is_reported_once_and_its_end_too(venue, code, path, bad, good):
    for _ in range(2):
        put(venue.kiosk.prefix / path, bad)
        venue.report()
    venue.told(code)
    assert code in venue.troubles()
    for _ in range(2):
        put(venue.kiosk.prefix / path, good)
        venue.report()
    venue.told(f"{code}-over")
    assert venue.times(code) == venue.times(f"{code}-over") == 1
    assert code not in venue.troubles()


def test_a_clock_that_nobody_sets(venue):
    (venue.kiosk.prefix / "run/systemd/timesync/synchronized").unlink()
    venue.report()
    venue.told("clock")


def test_a_backup_that_is_older_than_a_change(venue):
    """A change of today is no trouble yet."""
    kiosk, words = venue.kiosk, venue.kiosk.folder / "words"
    words.write_text("correct horse battery staple of ours\n")
    words.chmod(0o600)

    def age(days):
        for path in [kiosk.etc / "porchlight.conf", kiosk.credentials, kiosk.state / "phones",
                     kiosk.state / "staff"]:
            os.utime(path, (time.time() - days * 86400,) * 2)
    age(2)
    venue.report()
    venue.told("backup")
    done = kiosk.cli("backup", kiosk.folder / "a.backup", "--passphrase-file", words, within=60)
    assert done.returncode == 0, done
    venue.report()
    venue.told("backup-over")
    kiosk.change({"alert": {"abort_window": "44s"}})
    venue.report()
    assert "backup" not in venue.troubles() and "backup" in ask(kiosk.prefix)
    assert "today" in ask(kiosk.prefix)["backup"]["backup"].said


def test_a_page_that_nobody_can_load(venue):
    kiosk = venue.kiosk
    port = kiosk.brokers[0].port
    kiosk.change({"venue": {"page": f"https://127.0.0.1:{port}/"},
                  "broker b0": {"phones": f"wss://127.0.0.1:{port}/mqtt",
                                "phones_ca": kiosk.brokers[0].ca}})
    venue.report()
    assert ask(kiosk.prefix)["page"]["address"].verdict == "ok"
    kiosk.change({"venue": {"page": f"https://127.0.0.1:{free_port()}/"}})
    venue.report()
    venue.told("page")


def test_a_certificate_that_ends_soon(venue):
    """The broker's, a year from now, seen from two weeks before that."""
    then = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(time.time() + venue.days_left * 86400))
    venue.report(before=["faketime", then])
    venue.told("certificate-14")


def test_an_update_that_apt_knows(venue):
    prefix = venue.kiosk.prefix
    put(prefix / "var/lib/dpkg/status", "Package: porchlight\nStatus: install ok installed\n"
        "Architecture: all\nVersion: 0.2.0\nMaintainer: us <us@example.org>\nDescription: x\n\n")
    for folder in ("var/lib/apt/lists/partial", "var/cache/apt/archives/partial", "etc/apt"):
        (prefix / folder).mkdir(parents=True)
    put(prefix / "repo/Packages", "Package: porchlight\nArchitecture: all\nVersion: 0.3.0\n"
        "Filename: ./p.deb\nSize: 1\nDescription: x\n\n")
    put(prefix / "etc/apt/sources.list", f"deb [trusted=yes] file:{prefix}/repo ./\n")
    done = process.run(["apt-get", "-o", f"Dir={prefix}/", "-o", f"Dir::State::status={prefix}/var/lib"
                        "/dpkg/status", "-o", "APT::Sandbox::User=root", "update"], 60)
    assert done.returncode == 0, done
    venue.report()
    venue.told("update")
    assert ask(prefix)["program"]["update"].verdict == "warning"


def test_a_restart_repeats_nothing_and_forgets_nothing(venue):
    path = venue.kiosk.prefix / THROTTLED
    put(path, "1\n")
    venue.report()
    venue.told("undervoltage")
    kept = venue.kiosk.state / "troubles"
    wait.until(lambda: kept.exists() and "undervoltage" in kept.read_text(), "the file")
    venue.kiosk.daemon.kill()
    venue.start()
    assert "undervoltage" in venue.troubles()
    venue.report()
    wait.never(lambda: venue.times("undervoltage"), "the same trouble again", 2)
    put(path, "0\n")
    venue.report()
    venue.told("undervoltage-over")


def test_what_can_wait_is_not_reported_in_quiet_hours():
    with Venue(ASLEEP) as venue:
        put(venue.kiosk.prefix / THROTTLED, "1\n")
        venue.report()
        wait.until(lambda: "undervoltage" in venue.troubles(), "the list")
        wait.never(lambda: venue.times("undervoltage"), "a notice at night", 2)
        venue.kiosk.change(AWAKE)
        venue.kiosk.daemon.signal(1)
        venue.told("undervoltage")


def test_a_full_disk(folder):
    """The state's folder on a loop device of its own that has no room left."""
    with Mounts(folder) as mounts:
        image = mounts.image("ext4", "16M")
        with Venue() as venue:
            mounts.mount(image, venue.kiosk.state)
            full = mounts.see(venue.kiosk.state) / "filler"
            mounts.run("dd", "if=/dev/zero", f"of={venue.kiosk.state}/filler", "bs=1M", "count=8")
            venue.report(before=mounts.inside())
            venue.told("disk-full")
            assert full.exists()
            mounts.umount(venue.kiosk.state)
            venue.report()
            if shutil.disk_usage(venue.kiosk.state).free >= 100 << 20:
                venue.told("disk-full-over")
            else:
                assert "disk-full" in venue.troubles(), "this machine's own disk is as full"


# --- what porchlightd sees ------------------------------------------------------------------------

def test_one_of_two_paths_is_down():
    with Venue(brokers=2) as venue:
        venue.kiosk.brokers[1].stop()
        venue.told("path-down", within=75)
        wait.until(lambda: venue.troubles() == {"path-down"}, "the list", 75)
        venue.kiosk.brokers[1].start()
        venue.told("path-back", within=75)
        wait.until(lambda: venue.troubles() == set(), "an empty list", 75)
        assert venue.times("path-down") == venue.times("path-back") == 1


def test_a_relay_that_never_came_is_reported_at_night_too():
    with Venue({**ASLEEP, "alert": {"relay": "yes"}}) as venue:
        venue.told("relay-silent", within=90)


def test_nobody_rang_in_the_last_drill():
    with Venue() as venue:
        assert venue.kiosk.cli("drill").returncode == 0
        wait.until(lambda: venue.kiosk.status()["drill"], "the drill")
        venue.kiosk.wires().presses(5, on=0.05, off=0.05)
        wait.until(lambda: venue.kiosk.status()["last_drill"], "its end")
        venue.told("no-phone-rang", within=90)
        venue.member.received.clear()


# --- as a whole -----------------------------------------------------------------------------------

def test_the_handbook_lists_every_trouble():
    source = (ROOT / "kiosk/core/trouble.c").read_text()
    codes = set(re.findall(r'\[TROUBLE_\w+\] =\s*\{"([a-z0-9-]+)"', source))
    listed = re.findall(r"^\| `([a-z0-9-]+)` \|", (ROOT / "kiosk/handbook/troubles.md").read_text(), re.M)
    assert len(codes) > 20 and sorted(listed) == sorted(codes)


def test_only_root_and_porchlightd_may_report(kiosk):
    kiosk.start()
    assert (kiosk.run / "admin.sock").stat().st_mode & 0o777 == 0o600
    refused = local.control(kiosk.run / "admin.sock", "troubles lid")
    assert refused["ok"] is False and "nothing was reported" in refused["error"]
    assert local.control(kiosk.run / "control.sock", "troubles heat")["ok"] is False


def test_a_report_needs_porchlightd(kiosk):
    done = kiosk.cli("doctor", "--report")
    assert done.returncode == 3 and "porchlightd is not running" in done.stderr
