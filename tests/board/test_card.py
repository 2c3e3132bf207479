"""The card image of `make image`: what is written to a card is started as it is, but for an agent on its
data partition that lets the test in. Emulated are the board that every other case uses, which has a
display, a network and wires, and QEMU's Raspberry Pi 3, which has a card reader and no wires."""

import os
import re
import subprocess
import time
from functools import cache
from pathlib import Path

import pytest

from tests.board import disk
from tests.board.image import GUEST
from tests.board.suite import BUILD, ROOT
from tests.board.test_layouts import PATIENT
from tests.board.test_package import bytes_of, newer
from tests.board.venue import REST, BareVenue
from tests.kit import wait
from tests.kit.canary import canary, listed
from tests.kit.process import Process

MB = 1 << 20
LARGER = 512 * MB  # how much more the card has than the image
AGENT = "/etc/board-agent"
WATCHED = """\
[Unit]
Wants=board-agent.service
"""


@cache
def built():
    """The image, unpacked: of the file BOARD_CARD, or built now."""
    packed = os.environ.get("BOARD_CARD")
    if not packed:
        for command in ([".ci/deb", "arm64", "trixie"], [".ci/image"]):
            subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
        folder = os.path.join(ROOT, "build", "card")
        (packed,) = [os.path.join(folder, n) for n in os.listdir(folder) if n.endswith(".img.zst")]
    path = os.path.join(BUILD, "card.img")
    subprocess.run(["zstd", "-dqf", packed, "-o", path], check=True)
    return path


def starts(img):
    """Where each partition begins, in bytes."""
    said = subprocess.run(["sfdisk", "-d", img], check=True, capture_output=True, text=True).stdout
    return [int(line.split("start=")[1].split(",")[0]) * 512 for line in said.splitlines()
            if "start=" in line]


class Firmware:
    """The first partition: what a Pi starts from, taken out to start the emulated machine by."""

    def __init__(self, img, folder):
        self.at, self.folder = f"{img}@@{starts(img)[0]}", folder
        os.makedirs(folder, exist_ok=True)
        self.config = self.text("config.txt")

    def text(self, name):
        return subprocess.run(["mtype", "-i", self.at, f"::{name}"], check=True,
                              capture_output=True, text=True).stdout

    def file(self, name):
        path = os.path.join(self.folder, name)
        subprocess.run(["mcopy", "-n", "-o", "-i", self.at, f"::{name}", path], check=True)
        return path

    def named(self, key):
        """What config.txt names, as `kernel=NAME` or `initramfs NAME`."""
        (line,) = [line for line in self.config.splitlines() if line.startswith(key)]
        return self.file(line[len(key):].strip("= "))


class CardVenue(BareVenue):
    """A card that is larger than its image, never started, and an authorized_keys on it."""

    KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA host@example.org"

    def __init__(self, suite):
        deb = os.environ.get("BOARD_DEBS") or os.path.join(ROOT, "build", "deb", "trixie")
        (ours,) = [os.path.join(deb, n) for n in os.listdir(deb)
                   if n.startswith("porchlight_") and n.endswith("_arm64.deb")]
        agent = bytes_of(f"{GUEST}/board-agent.service").replace(b"/usr/local/lib/board", AGENT.encode())
        stick = disk.empty(os.path.join(BUILD, "card-stick.raw"), 16 * MB)
        subprocess.run(["mke2fs", "-q", "-F", "-t", "ext4", stick], check=True)
        super().__init__(suite, disks=(stick,), files={
            f"{AGENT}/agent": (bytes_of(f"{GUEST}/agent"), 0o755),
            "/etc/systemd/system/board-agent.service": (agent, 0o644),
            "/etc/systemd/system/sysinit.target.d/board.conf": (WATCHED.encode(), 0o644),
            "/etc/systemd/journald.conf.d/board.conf": (bytes_of(f"{GUEST}/journald.conf"), 0o644),
            "/root/newer.deb": (bytes_of(newer(ours)), 0o644)})
        # The firmware's own words; the last console is the one that the test reads.
        self.board.command_line = f"{self.firmware.text('cmdline.txt').strip()} {PATIENT} console=ttyAMA0"

    def _image(self):
        return built()

    def _put(self, root):
        os.truncate(root, os.stat(root).st_size + LARGER)
        self.firmware = Firmware(root, str(self.folder / "firmware"))
        disk.put(f"{root}?offset={starts(root)[2]}", self._files())
        keys = self.folder / "authorized_keys"
        keys.write_text(self.KEY + "\r\n")
        subprocess.run(["mcopy", "-i", self.firmware.at, keys, "::authorized_keys"], check=True)

    def _kernel(self):
        return self.firmware.named("kernel"), self.firmware.named("initramfs")

    def boot(self, levels=None, armed=True):
        """As every venue, with patience for a whole Debian."""
        began = time.monotonic()
        self.board.start({**REST, **(levels or {})})
        self.board.wait_hand(900)
        if armed:
            self.wait_armed(timeout=900)
        return time.monotonic() - began

    def start(self):
        began = time.monotonic()
        self.boot(armed=False)
        self.board.wait_for("systemctl is-system-running | grep -E 'running|degraded'", 900)
        return time.monotonic() - began

    def identity(self):
        return self.board.run("cat /etc/machine-id; sha256sum /etc/ssh/ssh_host_*_key").split()

    def size(self):
        return int(self.board.run("df -B1 --output=size /data | tail -n 1"))


@pytest.fixture(scope="module")
def venue(venues):
    return venues(make=CardVenue)


def test_image_has_nothing_of_one_machine(venue, record_property):
    """No host key, no machine's id, no password, no account but the system's, as it is on the card
    before the first start."""
    root = f"{venue.disks[0]}?offset={starts(venue.disks[0])[2]}"
    assert disk.get(root, "/etc/machine-id") == b""
    assert b"BEGIN" not in disk.get(root, "/etc/ssh/ssh_host_ed25519_key")
    shadow = disk.get(root, "/etc/shadow").decode().splitlines()
    assert len(shadow) > 10 and all(line.split(":")[1][0] in "!*" for line in shadow), shadow
    people = [line for line in disk.get(root, "/etc/passwd").decode().splitlines()
              if 1000 <= int(line.split(":")[2]) < 60000]
    assert people == []
    record_property("image", f"{(os.stat(venue.disks[0]).st_size - LARGER) // MB} MB")


def test_first_start_takes_the_card_and_makes_its_own_keys(venue, record_property):
    record_property("started in", f"{venue.start():.0f} s")
    run = venue.board.run
    assert run("systemctl --failed --plain --no-legend") == ""
    assert venue.board.call("touch /usr/x")[0] != 0
    assert venue.board.call("touch /boot/firmware/x")[0] != 0
    assert venue.board.call("touch /boot/card/x")[0] != 0
    for written in ("/etc", "/home", "/root", "/var"):
        assert run(f"findmnt -no SOURCE {written}").strip() == f"/dev/vda3[{written}]"
    assert venue.size() > LARGER
    record_property("data partition", f"{venue.size() // MB} MB")
    venue.first = venue.identity()
    assert len(venue.first[0]) == 32 and len(venue.first) == 3, venue.first
    assert run("cat /root/.ssh/authorized_keys") == venue.KEY + "\n"
    venue.board.wait_for("systemctl is-active ssh")


def test_its_screen_leads_to_set_up(venue):
    """By ssh: the picture would end a set-up that was begun there."""
    venue.board.wait_for("pgrep -t tty1 bash", 600)
    assert "porchlight setup" in venue.board.run("bash -lc true")
    code, said = venue.board.call("porchlight setup </dev/tty1")
    assert code != 0 and "by ssh" in said, said


def test_second_start_changes_nothing(venue):
    size = venue.size()
    venue.board.power_off()
    venue.start()
    assert venue.identity() == venue.first and venue.size() == size


def test_set_up_from_answers_arms_it(venue, record_property):
    venue.board.run("echo 10.0.2.2 broker.board >>/etc/hosts")
    record_property("set up in", f"{venue.set_up(900):.0f} s")
    venue.wait_armed()
    assert venue.status()["state"] == "quiet"
    venue.board.wait_for("! pgrep -t tty1 bash")
    phone = venue.member()
    venue.press(2.5)
    phone.wait("lockdown", within=60)


def test_power_cut_in_the_alert_resumes_it(venue, record_property):
    alert = venue.status()["alert"]["id"]
    venue.board.cut_power()
    record_property("armed after", f"{venue.boot():.0f} s")
    status = venue.status()
    assert status["state"] == "lockdown" and status["alert"]["id"] == alert
    assert venue.board.run("systemctl --failed --plain --no-legend") == ""
    assert venue.board.run("findmnt -no OPTIONS /").startswith("ro")


def test_packages_change_while_the_root_is_writable(venue):
    """By the real apt, whose hooks make the root writable and read-only again."""
    venue.reset()
    venue.board.run("apt-get -q -y install /root/newer.deb", timeout=900)
    venue.wait_armed()
    assert venue.board.run("dpkg-query -W -f '${Version}' porchlight").endswith("+1")
    venue.board.power_off()
    venue.boot()
    assert venue.board.run("dpkg-query -W -f '${Version}' porchlight").endswith("+1")
    assert venue.board.run("findmnt -no OPTIONS /").startswith("ro")


@pytest.mark.parametrize("version,script", [("2", "preinst"), ("3", "postinst")])
def test_power_cut_in_an_upgrade_is_repaired(venue, tmp_path, version, script):
    """In the middle of unpacking, and in the middle of configuring: the root starts, is repaired from
    what apt has once no alert is open, and is read-only again."""
    run, at = venue.board.run, "/var/cache/canary"
    run(f"mkdir -p {at} && rm -f /data/go /data/waits")
    packages = [canary(tmp_path, "1"), canary(tmp_path, version, script)]
    for package in packages:
        venue.put(f"{at}/{package.name}", package.read_bytes())
    venue.put(f"{at}/Packages", "\n".join(listed(package) for package in packages))
    run(f"echo 'deb [trusted=yes] file:{at} ./' >/etc/apt/sources.list.d/canary.list && "
        "apt-get -q -y -o Dir::Etc::sourcelist=sources.list.d/canary.list "
        "-o Dir::Etc::sourceparts=- -o APT::Get::List-Cleanup=0 update", timeout=600)
    run("apt-get -q -y --allow-downgrades install card-canary=1", timeout=900)
    run("systemd-run --unit=canary apt-get -q -y install card-canary")
    venue.board.wait_for("test -e /data/waits", 900)
    assert venue.board.call("touch /usr/writable && rm /usr/writable")[0] == 0
    venue.press(2.5)
    venue.wait_status(lambda s: s["state"] == "lockdown")
    run("touch /data/go && sync")
    venue.board.cut_power()
    venue.boot()
    venue.board.wait_for("systemctl is-active porchlight-card-repair", 300)
    assert run("dpkg --audit") != "" and venue.status()["state"] == "lockdown"
    venue.reset()
    venue.board.wait_for("dpkg-query -W -f '${db:Status-Abbrev}${Version}' card-canary | "
                         f"grep -x 'ii {version}'", 900)
    assert run("cat /usr/share/card-canary/version").strip() == version
    venue.board.wait_for("findmnt -no OPTIONS / | grep ^ro", 300)
    assert run("dpkg --audit") == ""


def test_what_a_pi_starts_from_is_replaced_file_by_file(venue):
    """As a new kernel is: what packages put in /boot/firmware reaches the first partition, which is
    read-only again, and what is obsolete is deleted."""
    run = venue.board.run
    assert run("diff -r /boot/pi /boot/card -x authorized_keys") == ""
    run("mount -o remount,rw / && mount -o remount,bind,rw /boot/firmware && "
        "echo '# changed' >>/boot/firmware/config.txt && echo new >/boot/firmware/vmlinuz-new && "
        "/usr/lib/porchlight/porchlight-card-firmware")
    assert run("diff -r /boot/pi /boot/card -x authorized_keys") == ""
    run("rm /boot/firmware/vmlinuz-new && /usr/lib/porchlight/porchlight-card-firmware && "
        "mount -o remount,ro /")
    assert run("diff -r /boot/pi /boot/card -x authorized_keys") == ""
    assert run("findmnt -no OPTIONS /boot/card").startswith("ro")
    assert run("cat /boot/card/authorized_keys").strip() == venue.KEY


LOOK = """\
[Unit]
After=multi-user.target getty.target porchlight-card.service
[Service]
Type=idle
ExecStart=sh /etc/board-agent/look
StandardOutput=tty
TTYPath=/dev/ttyS1
"""
LOOK_AT = """\
echo "card: start $(wc -l </data/starts)"
echo "card: root $(findmnt -no SOURCE,OPTIONS / | cut -d, -f1)"
echo "card: data $(($(df -B1 --output=size /data | tail -n 1) >> 20)) MB"
echo "card: identity $(cat /etc/machine-id /etc/ssh/ssh_host_ed25519_key.pub | sha256sum | cut -c1-16)"
echo "card: failed $(systemctl --failed --plain --no-legend | cut -d' ' -f1 | tr '\\n' ' ')"
echo "card: chip $(cat /sys/bus/gpio/devices/gpiochip*/of_node/name /sys/class/gpio/*/label 2>/dev/null | tr '\\n' ' ')"
echo "card: all"
"""


class Pi:
    """QEMU's Raspberry Pi 3 with the image in its card reader. There is no way in: what it says of itself
    comes by its serial line."""

    def __init__(self, img, folder):
        self.img, self.folder, self.boots = img, folder, 0
        os.truncate(img, 4096 * MB)  # its card reader wants a power of two
        self.firmware = Firmware(img, str(folder / "firmware"))
        disk.put(f"{img}?offset={starts(img)[2]}", {
            "/etc/systemd/system/board-look.service": (LOOK.encode(), 0o644),
            "/etc/systemd/system/multi-user.target.d/board.conf": (
                WATCHED.replace("agent", "look").encode(), 0o644),
            f"{AGENT}/look": (b"echo >>/data/starts\nsync\n" + LOOK_AT.encode(), 0o644)})

    def start(self):
        """Until it has said all, then the power is cut. Gives {what: said}."""
        self.boots += 1
        serial = self.folder / f"serial-{self.boots}"
        serial.touch()
        line = f"{self.firmware.text('cmdline.txt').strip()} {PATIENT} console=ttyS1,115200"
        machine = Process("pi", [
            "qemu-system-aarch64", "-M", "raspi3b", "-display", "none", "-serial", "null",
            "-serial", f"file:{serial}", "-drive", f"file={self.img},if=sd,format=raw",
            "-kernel", self.firmware.named("kernel"), "-initrd", self.firmware.named("initramfs"),
            "-dtb", self.firmware.file("bcm2837-rpi-3-b.dtb"), "-append", line],
            Path(self.folder) / "qemu.log")
        try:
            wait.until(lambda: "card: all" in serial.read_text("utf-8", "replace"),
                       lambda: f"the Pi's word; it said:\n{serial.read_text('utf-8', 'replace')[-3000:]}",
                       1800, every=1)
        finally:
            machine.kill()
        said = serial.read_text("utf-8", "replace")
        return dict(re.findall(r"card: (\w+) ?(.*?) *\r?$", said, re.M))


def test_starts_on_an_emulated_raspberry_pi_3(tmp_path, record_property):
    """Twice, with the power cut in between: the first start grows the data and makes an identity, which
    the second has too."""
    pi = Pi(disk.copy(built(), str(tmp_path / "pi.img")), tmp_path)
    first, second = pi.start(), pi.start()
    record_property("data partition", first["data"])
    assert first["root"].endswith("ro") and "mmcblk0p2" in first["root"], first
    assert int(first["data"].split()[0]) > 1500 and second["data"] == first["data"]
    assert first["identity"] == second["identity"]
    assert first["failed"] == second["failed"] == ""
    assert (first["start"], second["start"]) == ("1", "2")
    assert "pinctrl-bcm2835" in first["chip"], first
