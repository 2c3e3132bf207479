"""porchlight doctor: real files, lines and brokers lead to each verdict, which names its fix."""

import json
import os
import re
import socket
import threading

import pytest

from tests.kit import pki, process, wait
from tests.kit.doctor import ask, plainly, put
from tests.kit.kiosk import Kiosk
from tests.kit.place import program
from tests.kit.terminal import Terminal

THROTTLED = "sys/devices/platform/soc/soc:firmware/get_throttled"
CONF = "etc/porchlight/porchlight.conf"


# --- what a file says ---------------------------------------------------------------------------

FILES = [
    # power
    ("board", "undervoltage", THROTTLED, "0\n", "ok", "None"),
    ("board", "undervoltage", THROTTLED, "50005\n", "failure", "too low right now"),
    ("board", "undervoltage", THROTTLED, "50000\n", "warning", "since power-up"),
    ("board", "slowed down by heat", THROTTLED, "8\n", "warning", "now"),
    ("board", "slowed down by heat", THROTTLED, "80000\n", "warning", "since power-up"),
    # temperature
    ("board", "temperature", "sys/class/thermal/thermal_zone0/temp", "48312\n", "ok", "48 deg"),
    ("board", "temperature", "sys/class/thermal/thermal_zone0/temp", "71000\n", "warning", "71"),
    ("board", "temperature", "sys/class/thermal/thermal_zone0/temp", "80000\n", "failure", "80"),
    ("board", "SysRq keys", "proc/sys/kernel/sysrq", "0\n", "ok", "Off"),
    ("board", "SysRq keys", "proc/sys/kernel/sysrq", "438\n", "warning", "438"),
    # the card
    ("card", "wear", "sys/block/mmcblk0/device/life_time", "0x01 0x02\n", "ok", "20 %"),
    ("card", "wear", "sys/block/mmcblk0/device/life_time", "0x09 0x01\n", "warning", "90 %"),
    ("card", "wear", "sys/block/mmcblk0/device/life_time", "0x01 0x0b\n", "failure", "older than"),
    ("card", "wear", "sys/block/mmcblk0/device/life_time", "0x00 0x00\n", "ok", "does not report"),
    ("card", "spare blocks", "sys/block/mmcblk0/device/pre_eol_info", "0x01\n", "ok", "Enough"),
    ("card", "spare blocks", "sys/block/mmcblk0/device/pre_eol_info", "0x02\n", "warning", "80 %"),
    ("card", "spare blocks", "sys/block/mmcblk0/device/pre_eol_info", "0x03\n", "failure", "90 %"),
    ("card", "write lock", "sys/block/mmcblk0/ro", "1\n", "failure", "no more writes"),
    ("card", "file system", "sys/fs/ext4/mmcblk0p2/errors_count", "3\n", "failure", "3 errors"),
    ("card", "root", "proc/mounts", "/dev/a / ext4 ro,noatime 0 0\n", "ok", "Read-only"),
    ("card", "root", "proc/mounts", "overlayroot / overlay rw 0 0\n", "ok", "overlay"),
    ("card", "record", "proc/mounts", "/dev/a / ext4 rw,errors=remount-ro 0 0\n", "ok", "ext4"),
    ("card", "record", "proc/mounts", "/dev/a / ext4 ro 0 0\n", "failure", "power cut"),
    ("card", "record", "proc/mounts", "overlayroot / overlay rw 0 0\n", "failure", "in memory"),
    ("card", "record", "proc/mounts",
     "/dev/a / ext4 ro 0 0\n/dev/b /var/lib/porchlight ext4 rw,sync 0 0\n", "ok", "writable"),
    # versions
    ("program", "package", "var/lib/dpkg/status",
     "Package: porchlight\nStatus: install ok installed\nVersion: 0.2.0+deb13\n\n", "ok",
     "0.2.0+deb13"),
    ("program", "package", "var/lib/dpkg/status",
     "Package: porchlight\nStatus: install ok half-configured\nVersion: 0.2.0+deb13\n\n", "failure",
     "half installed"),
    ("program", "package", "var/lib/dpkg/status",
     "Package: porchlight-page\nStatus: install ok installed\nVersion: 7\n\n", "ok",
     "not installed as a package"),
]


@pytest.mark.parametrize("area, check, path, text, verdict, words", FILES)
def test_each_file_leads_to_its_verdict(folder, area, check, path, text, verdict, words):
    put(folder / path, text)
    found = ask(folder)[area][check]
    assert found.verdict == verdict and words in found.said, found


@pytest.mark.parametrize("mounts, verdict, words", [
    ("/dev/a / ext4 rw 0 0\n", "ok", "kept on the card"),
    ("/dev/a / ext4 ro 0 0\n", "warning", "and not what"),
    ("overlayroot / overlay rw 0 0\n", "warning", "and not what"),
])
def test_where_the_message_to_staff_is_when_the_record_is_in_a_cell(folder, mounts, verdict, words):
    with Kiosk() as kiosk:
        kiosk.change({"kiosk": {"record": "nvmem:rtc0"}})
        put(folder / CONF, (kiosk.etc / "porchlight.conf").read_text())
    put(folder / "proc/mounts", mounts)
    card = ask(folder)["card"]
    assert "record" not in card
    assert card["staff message"].verdict == verdict and words in card["staff message"].said


def test_the_voltage_sensor_shows_undervoltage(folder):
    sensor = folder / "sys/class/hwmon/hwmon1"
    put(sensor / "name", "rpi_volt\n")
    put(folder / "sys/class/hwmon/hwmon0/name", "cpu_thermal\n")
    put(sensor / "in0_lcrit_alarm", "0\n")
    assert ask(folder)["board"]["voltage alarm"].verdict == "ok"
    put(sensor / "in0_lcrit_alarm", "1\n")
    assert ask(folder)["board"]["voltage alarm"].verdict == "failure"


def test_a_board_that_reports_nothing_is_in_order(folder):
    board = ask(folder)["board"]
    assert "does not report" in board["undervoltage"].said
    assert "does not report" in board["temperature"].said


def test_the_clock_is_kept_right_by_a_time_server(folder):
    assert ask(folder)["clock"]["kept right"].verdict == "warning"
    put(folder / "sys/class/rtc/rtc0/name")
    assert "battery" in ask(folder)["clock"]["kept right"].said
    put(folder / "run/systemd/timesync/synchronized", "")
    assert ask(folder)["clock"]["kept right"].verdict == "ok"


def test_a_clock_in_1970_is_a_failure(folder):
    found = ask(folder, before=["faketime", "1970-01-01 00:02:00"])["clock"]["set"]
    assert found.verdict == "failure" and "time server" in found.fix


# --- space: a file system that is really as full as it says ----------------------------------------

def on_a_disk_of(folder, size):
    """What doctor says of the space when /var/lib/porchlight is a file system of that size."""
    state = folder / "var/lib/porchlight"
    state.mkdir(parents=True, exist_ok=True)
    mount = f"mount -t tmpfs -o size={size} none {state} && exec \"$@\""
    return ask(folder, before=[*process.own_mounts(), "sh", "-euc", mount, "sh"])["card"]["space"]


def test_space_is_judged_by_what_is_free(folder):
    assert ask(folder)["card"]["space"].verdict == "warning"  # there is no such folder
    assert on_a_disk_of(folder, "400m").verdict == "ok"
    assert on_a_disk_of(folder, "50m").verdict == "warning"
    assert on_a_disk_of(folder, "4m").verdict == "failure"
    assert "inodes" in on_a_disk_of(folder, "400m,nr_inodes=1").said


# --- units, by what systemd leaves in the file system ----------------------------------------------

def test_units_are_judged_by_links_and_control_groups(folder):
    assert "does not run here" in ask(folder)["program"]["units"].said
    (folder / "run/systemd/system").mkdir(parents=True)
    assert "porchlightd.service" not in ask(folder)["program"]  # nothing is set up yet
    put(folder / CONF, "[venue]\n")
    assert "not enabled" in ask(folder)["program"]["porchlightd.service"].said
    put(folder / "etc/systemd/system/multi-user.target.wants/porchlightd.service")
    group = folder / "sys/fs/cgroup/system.slice/porchlightd.service/cgroup.events"
    assert "not running" in ask(folder)["program"]["porchlightd.service"].said
    put(group, "populated 0\nfrozen 0\n")
    assert "not running" in ask(folder)["program"]["porchlightd.service"].said
    put(group, "populated 1\nfrozen 0\n")
    assert ask(folder)["program"]["porchlightd.service"].verdict == "ok"
    assert "porchlight-wipe.socket" not in ask(folder)["program"]
    put(folder / "etc/porchlight/wipe.plan")
    assert ask(folder)["program"]["porchlight-wipe.socket"].verdict == "failure"
    assert ask(folder)["program"]["porchlight-wipe-resume.service"].verdict == "failure"
    put(folder / "etc/porchlight/seal.public")
    assert ask(folder)["program"]["porchlight-book.socket"].verdict == "failure"
    put(folder / "etc/porchlight/relay.conf")
    assert ask(folder)["program"]["porchlight-relay.service"].verdict == "failure"


# --- chips and lines -------------------------------------------------------------------------------

def test_chips_are_judged_by_group_and_mode(folder):
    lines = ask(folder)["line"]
    assert "No GPIO chip" in lines["chips"].said and "not in this group" in lines["group gpio"].said
    chip = put(folder / "dev/gpiochip0")
    chip.chmod(0o660)
    put(folder / "etc/group", f"gpio:x:{os.getgid()}:porchlight,pi\n")
    assert set(ask(folder)["line"]) == {"chips"}
    assert ask(folder)["line"]["chips"].verdict == "ok"
    chip.chmod(0o600)
    assert "may not use it (mode 600)" in ask(folder)["line"]["/dev/gpiochip0"].said
    chip.chmod(0o660)
    put(folder / "etc/group", f"gpio:x:{os.getgid()}:pi\n")
    assert set(ask(folder)["line"]) == {"group gpio"}


def test_a_line_that_does_not_exist_is_a_failure():
    with Kiosk(conf={"switch front": {"line": "gpiochip99:17"}, "door entrance": None}) as kiosk:
        found = ask(kiosk.prefix)["line"]["front"]
        assert found.verdict == "failure" and "gpiochip99" in found.said


# --- a kiosk ---------------------------------------------------------------------------------------

def test_a_kiosk_that_runs(kiosk):
    kiosk.start()
    found = ask(kiosk.prefix)
    assert found["config"]["file"].verdict == "ok"
    assert found["config"]["credentials"].verdict == "ok"
    assert found["program"]["porchlightd"].verdict == "ok"
    assert found["line"]["front"].verdict == found["line"]["entrance"].verdict == "ok"
    assert found["broker"]["b0"].verdict == found["broker"]["b0, porchlightd"].verdict == "ok"
    assert re.search("36[45] more days", found["broker"]["b0, certificate"].said)
    assert found["broker"]["b0, CA"].verdict == "ok"
    assert found["phones"]["outside"].verdict == "ok"
    assert found["phones"]["relay"].verdict == "warning"  # none is configured
    assert re.search("[0-9]+ failures?, ", plainly(kiosk.prefix).stdout)


def test_a_kiosk_that_does_not_run_is_a_failure(kiosk):
    found = ask(kiosk.prefix)["program"]["porchlightd"]
    assert found.verdict == "failure" and "alert nobody" in found.said


def test_a_switch_with_a_fault_is_a_failure(kiosk):
    kiosk.change({"switch front": {"line": "sim:front=1"}})  # found pressed at the start
    kiosk.start()
    assert ask(kiosk.prefix)["line"]["front"].verdict == "failure"


def test_simulated_lines_of_an_installed_kiosk_are_a_failure(kiosk):
    assert ask(kiosk.prefix)["line"]["all"].verdict == "ok"  # a folder for trying
    put(kiosk.prefix / "usr/lib/systemd/system/porchlightd.service")
    found = ask(kiosk.prefix)["line"]["all"]
    assert found.verdict == "failure" and "no real switch" in found.said and "GPIO17" in found.fix


def test_the_config_is_checked(kiosk):
    text = (kiosk.etc / "porchlight.conf").read_text()
    (kiosk.etc / "porchlight.conf").unlink()
    assert "setup" in ask(kiosk.prefix)["config"]["file"].fix
    kiosk.write_conf(text + "\n[vneue]\nid = 1\n")
    found = ask(kiosk.prefix)["config"]["file"]
    assert found.verdict == "failure" and "vneue" in found.said and "check" in found.fix
    assert list(ask(kiosk.prefix)["config"]) == ["file", "credentials", "wipe"]
    kiosk.write_conf(text)
    assert "wipe is on" in ask(kiosk.prefix)["config"]["wipe"].said
    assert ask(kiosk.prefix)["config"]["wipe"].verdict == "failure"  # there is no plan
    put(kiosk.etc / "wipe.plan")
    found = ask(kiosk.prefix)["config"]["wipe"]
    assert found.verdict == "failure" and "cannot be used" in found.said  # it names no target
    put(kiosk.etc / "wipe.plan", "[root venue]\npath = /srv/venue\n"
                                 "[key door]\npath = /srv/venue/key\n"
                                 "[key linked]\npath = /srv/venue/linked\n")
    put(kiosk.prefix / "srv/venue/key")
    put(kiosk.prefix / "srv/venue/linked")
    os.link(kiosk.prefix / "srv/venue/linked", kiosk.prefix / "srv/venue/other")
    found = ask(kiosk.prefix)["config"]
    assert found["wipe"].verdict == "ok" and "wipe door" not in found
    assert found["wipe linked"].verdict == "failure"
    assert "second name" in found["wipe linked"].said and "-samefile FILE" in found["wipe linked"].fix


def test_the_credentials_are_checked(kiosk):
    (kiosk.credentials / "kiosk.pub").chmod(0o644)  # no secret
    assert ask(kiosk.prefix)["config"]["credentials"].verdict == "ok"
    (kiosk.credentials / "venue.key").chmod(0o640)
    found = ask(kiosk.prefix)["config"]["credentials"]
    assert "venue.key" in found.said and "640" in found.said and "chmod" in found.fix
    (kiosk.credentials / "venue.key").chmod(0o600)
    (kiosk.credentials / "broker-b0").unlink()
    assert "broker-b0" in ask(kiosk.prefix)["config"]["credentials"].said
    (kiosk.credentials / "kiosk.key").unlink()
    (kiosk.credentials / "broker-b0").touch(0o600)
    assert "broker-b0: is empty" in ask(kiosk.prefix)["config"]["credentials"].said
    (kiosk.credentials / "broker-b0").write_text("secret\n")
    assert "kiosk.key" in ask(kiosk.prefix)["config"]["credentials"].said


# --- brokers that are not as they should be --------------------------------------------------------

def broker(kiosk, **change):
    kiosk.change({"broker b0": change})
    return ask(kiosk.prefix)["broker"]


def test_a_broker_whose_name_does_not_resolve(kiosk):
    assert "resolve" in broker(kiosk, host="nowhere.invalid")["b0"].said


def test_a_broker_port_on_which_nothing_listens(kiosk):
    kiosk.brokers[0].kill()
    found = broker(kiosk)["b0"]
    assert "nothing listens" in found.said and "systemctl status porchlight-broker" in found.fix


def test_a_captive_portal_in_the_brokers_place(kiosk):
    """A web server answers there and redirects everybody."""
    def answer(portal):
        client, _ = portal.accept()
        with client:
            client.recv(2048)
            client.sendall(b"HTTP/1.1 302 Found\r\nLocation: http://portal/\r\n\r\n")

    with socket.create_server(("127.0.0.1", 0)) as portal:
        answering = threading.Thread(target=answer, args=[portal])
        answering.start()
        found = broker(kiosk, port=portal.getsockname()[1])["b0"]
        answering.join()
    assert found.verdict == "failure" and "does not speak TLS" in found.said


def test_a_broker_with_a_certificate_from_another_ca(kiosk):
    other = pki.Authority(kiosk.folder / "other")
    assert "not from the CA that this kiosk trusts" in broker(kiosk, ca=other.pem)["b0"].said


def test_a_ca_file_that_holds_no_certificate(kiosk):
    text = put(kiosk.folder / "ca.txt", "hello\n")
    assert "no certificate" in broker(kiosk, ca=text)["b0"].said


def test_a_broker_certificate_for_another_name(kiosk):
    b = kiosk.brokers[0]
    b.kill()
    b.certificate = kiosk.authority.server("elsewhere", hosts=["DNS:elsewhere.example"])
    b.start()
    found = broker(kiosk)["b0"]
    assert found.verdict == "failure" and "made out to localhost" in found.said


@pytest.mark.parametrize("begins, ends, verdict, words", [
    (-9, -3, "failure", "expired"),
    (3, 9, "failure", "not yet valid"),
    (-1, 5, "warning", "more days"),
    (-1, 90, "ok", "more days"),
])
def test_how_long_a_certificate_is_valid(kiosk, begins, ends, verdict, words):
    b = kiosk.brokers[0]
    b.kill()
    b.certificate = kiosk.authority.server("late", begins=begins, ends=ends)
    b.start()
    found = broker(kiosk)
    worst = found.get("b0, certificate") if verdict == "warning" else found["b0"]
    assert worst.verdict == verdict
    assert words in " ".join(one.said for one in found.values())


MADE_AGAIN = "un set-up again. It makes the folder /etc/porchlight/outside with a new certificate"


@pytest.mark.parametrize("own, outside, ends, verdict", [
    (True, "yes", 95, "ok"),
    (True, "yes", 85, "warning"),
    (True, "yes", -3, "failure"),
    (True, "no", 85, "ok"),
    (True, "no", 15, "warning"),
    (False, "yes", 85, "ok"),
    (False, "yes", 15, "warning"),
])
def test_a_certificate_that_has_to_be_copied_to_a_server_outside(kiosk, own, outside, ends, verdict):
    """The one that set-up made for the broker outside: doctor warns early, and says what to do."""
    b = kiosk.brokers[0]
    b.kill()
    b.certificate = kiosk.authority.server("late", begins=-5, ends=ends)
    b.start()
    ca = put(kiosk.etc / ("broker-ca.pem" if own else "other-ca.pem"), b.ca.read_text())
    found = broker(kiosk, ca=ca, outside=outside)
    certificate = found["b0, certificate"]
    copied = own and outside == "yes" and verdict != "ok"
    assert certificate.verdict == verdict and (MADE_AGAIN in certificate.fix) == copied, found
    assert (MADE_AGAIN in found["b0"].fix) == (copied and ends < 0)
    assert certificate.fix.startswith("On the venue's first kiosk") == copied
    put(kiosk.etc / "ca/ca.key")
    certificate = ask(kiosk.prefix)["broker"]["b0, certificate"]
    assert certificate.fix.startswith("R" + MADE_AGAIN) == copied


def test_a_venue_without_a_broker_outside_gets_a_warning(kiosk):
    kiosk.change({"broker b0": {"outside": "no"}})
    assert "LAN only" in ask(kiosk.prefix)["phones"]["outside"].said


SIGNS = {"nobody": 1 << 4, "no relay": 1 << 6}  # enum cue_sign


@pytest.mark.parametrize("reply, area, check, verdict, words", [
    ({"cue": SIGNS["no relay"]}, "phones", "relay", "failure", "would not ring"),
    ({"cue": 0}, "phones", "relay", "ok", "signs of life"),
    ({"cue": SIGNS["nobody"]}, "phones", "listening", "failure", "nobody has answered"),
    ({"staff": 0}, "phones", "staff", "failure", "only the root key"),
    ({"staff": 1}, "phones", "staff", "warning", "Only one"),
    ({"staff": 2}, "phones", "staff", "ok", "2 staff phones"),
    ({"cue": 0, "relay_dropped": 2010}, "phones", "relay's flood", "warning",
     "The relay has not looked at 2010 messages since it started"),
    ({"brokers": [{"name": "b0", "connected": True, "dropped": 1}]}, "broker", "b0, flood", "warning",
     "porchlightd has not looked at 1 message since it started"),
    ({"brokers": [{"name": "b0", "connected": True, "registrar_dropped": 7}]}, "broker",
     "b0, registrar's flood", "warning", "Its registrar has not looked at 7 messages since it started"),
    ({"version": "0.0.9"}, "program", "porchlightd", "warning", "0.0.9 is running"),
])
def test_what_porchlightd_reports(kiosk, reply, area, check, verdict, words):
    kiosk.change({"alert": {"relay": "yes"}})

    def answer():
        client, _ = control.accept()
        with client:
            client.recv(256)
            client.send(json.dumps({"ok": True, "version": "0", **reply}).encode())

    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as control:
        control.bind(str(kiosk.run / "control.sock"))
        control.listen()
        answering = threading.Thread(target=answer)
        answering.start()
        found = ask(kiosk.prefix)[area][check]
        answering.join()
    assert found.verdict == verdict and words in found.said, found


def test_a_daemon_that_cannot_connect_is_a_failure(kiosk):
    kiosk.start()
    kiosk.brokers[0].kill()
    wait.until(lambda: not kiosk.connected(), "porchlightd to notice", 30)
    found = ask(kiosk.prefix)["broker"]
    assert found["b0"].verdict == found["b0, porchlightd"].verdict == "failure"
    assert not [check for check in found if "flood" in check], "nobody sent too much"


# --- how it is printed -----------------------------------------------------------------------------

def test_the_worst_is_printed_first_and_the_rest_is_counted(folder):
    put(folder / THROTTLED, "50005\n")
    put(folder / "proc/sys/kernel/sysrq", "438\n")
    said = plainly(folder).stdout
    kinds = re.findall(r"^(FAILURE|WARNING|ok)", said, re.M)
    assert kinds == sorted(kinds) and {"FAILURE", "WARNING"} == set(kinds)
    failures, warnings, fine = re.findall(r"(\d+) failures?, (\d+) warnings?, (\d+) in order", said)[0]
    assert [kinds.count("FAILURE"), kinds.count("WARNING")] == [int(failures), int(warnings)]
    assert len(re.findall("^ok ", plainly(folder, "--all").stdout, re.M)) == int(fine)


def test_it_fits_a_terminal_and_is_coloured_there(folder):
    put(folder / "proc/swaps", "Filename\n/var/swap file 102396 0 -2\n")
    argv = [program("porchlight"), "--prefix", str(folder), "doctor", "--all"]
    for no_colour in (False, True):
        t = Terminal(argv, **({"NO_COLOR": "1"} if no_colour else {}))
        said = t.until(" in order.")
        t.end()
        assert ("\x1b[" in said) != no_colour
        lines = re.sub("\x1b\\[[0-9;]*m", "", said).splitlines()
        assert max(len(line) for line in lines) < 80, max(lines, key=len)
