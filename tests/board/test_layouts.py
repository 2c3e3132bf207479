"""The layouts that the handbook offers, booted: a wipe that was asked for, and that a power cut kept
from its first step, is done at the next start, before crypttab opens a vault."""

import json
import os
import re
import secrets
import subprocess
from pathlib import Path

import pytest

from tests.board import disk, image
from tests.board.cuts import HELD
from tests.board.vault import WIPED, canary
from tests.board.venue import SWITCH, Venue

PLAN = """[root venue]
path = {at}
[luks desk]
device = /dev/vdc
mapping = desk
[key door]
path = {at}/door.key
[tree sheets]
path = {at}/sheets
[file list]
path = {at}/list.csv
"""
# On a loaded machine the emulated one takes minutes for what a kiosk has in seconds.
PATIENT = "systemd.default_device_timeout_sec=900 systemd.default_timeout_start_sec=900"
LUKS = ["-q", "--pbkdf", "pbkdf2", "--pbkdf-force-iterations", "1000", "--luks2-metadata-size", "16k",
        "--luks2-keyslots-size", "1m"]
CARD = "/dev/vda / ext4 defaults 0 1\n"
OWN = ("porchlight", "porchlight-broker", "porchlight-wipe", "porchlight-books")
# As handbook/read-only-root.md has it.
STATE = "/dev/vdb /srv/state ext4 defaults,noatime 0 2\n" + "".join(
    f"/srv/state/{name} /var/lib/{name} none bind 0 0\n" for name in OWN)
IN_MEMORY = "".join(f"tmpfs {at} tmpfs defaults 0 0\n" for at in ("/tmp", "/var/tmp", "/var/log"))

# What is on the second disk, fstab, the kernel's words, where the targets are, what must be so then.
LAYOUTS = {
    "everything on one card": ("", CARD, "", "/srv/venue",
                               "findmnt -no SOURCE / | grep -x /dev/vda"),
    "a separate /var": ("var", CARD + "/dev/vdb /var ext4 defaults 0 2\n", "", "/srv/venue",
                        "findmnt -no SOURCE /var | grep -x /dev/vdb"),
    "/var on LUKS": ("var, locked", CARD + "/dev/mapper/var /var ext4 defaults 0 2\n", "",
                     "/srv/venue", "findmnt -no SOURCE /var | grep -x /dev/mapper/var"),
    "a read-only root": ("state", CARD + STATE + IN_MEMORY, "",
                         "/srv/state/venue", "! touch /x 2>/dev/null"),
    "an overlay": ("state", STATE, "board.overlay", "/srv/state/venue",
                   "findmnt -no FSTYPE / | grep -x overlay"),
}


def key(folder, name):
    """A key for crypttab, which is on the card."""
    with open(f"{folder}/{name}.key", "wb") as f:
        f.write(secrets.token_bytes(32))
    return f"{folder}/{name}.key"


class Layout(Venue):
    def __init__(self, suite, layout, **more):
        second, fstab, command_line, self.at, self.sign = LAYOUTS[layout]
        self.canary = canary()
        crypttab = "desk /dev/vdc /etc/keys/desk luks,nofail\n"
        if second.endswith("locked"):
            crypttab += "var /dev/vdb /etc/keys/var luks\n"
        super().__init__(suite, files={
            "/etc/fstab": (fstab.encode(), 0o644), "/etc/crypttab": (crypttab.encode(), 0o600),
            "/etc/porchlight/wipe.plan": (PLAN.format(at=self.at).encode(), 0o644),
            "/srv/state/mounts-here": (b"", 0o644),
            **{f"/var/lib/{name}/mounts-here": (b"", 0o644) for name in OWN}}, **more)
        self.layout = layout
        self.board.command_line = f"{PATIENT} {command_line}"
        self.disks += [self.second(second), self.desk()]

    def second(self, what):
        """The second disk: what it has is made from what the first one has."""
        path, made = str(self.folder / "vdb.raw"), self.folder / "vdb"
        if not what:
            return disk.empty(path, 1 << 20)
        if what.startswith("var"):
            subprocess.run(["cp", "-a", f"{image.tree(self.suite)}/var", made], check=True)
        for name in OWN:
            (made / ("lib" if what.startswith("var") else ".") / name).mkdir(parents=True)
        subprocess.run(["mke2fs", "-q", "-t", "ext4", "-d", made, path, "300M"], check=True)
        below = "/lib/porchlight" if what.startswith("var") else "/porchlight"
        disk.put(path, {f"{below}/phones": ((self.state / "phones").read_bytes(), 0o644)})
        if what.endswith("locked"):
            os.truncate(path, 332 << 20)
            lock = key(self.folder, "var")
            subprocess.run(["cryptsetup", "reencrypt", "--encrypt", "--reduce-device-size", "32M",
                            *LUKS, "--key-file", lock, path], check=True, capture_output=True)
            disk.put(self.disks[0], {"/etc/keys/var": (Path(lock).read_bytes(), 0o600)})
        return path

    def desk(self):
        """A vault that /etc/crypttab opens at every start."""
        path, lock = disk.empty(str(self.folder / "vdc.raw"), 32 << 20), key(self.folder, "desk")
        subprocess.run(["cryptsetup", "luksFormat", "--type", "luks2", *LUKS, path, lock], check=True,
                       capture_output=True)
        disk.put(self.disks[0], {"/etc/keys/desk": (Path(lock).read_bytes(), 0o600)})
        return path

    def wait_armed(self, connected=True, timeout=900):
        super().wait_armed(connected, timeout)

    def start(self):
        """Gives the seconds to armed; it is as the layout says, and nothing waits for itself."""
        if self.layout == "a read-only root":  # users and groups are made while it can be written
            self.boot(armed=False)
            self.board.wait_for("systemctl is-active porchlightd", 900)
            self.board.run("sed -i 's|^/dev/vda / ext4 defaults|/dev/vda / ext4 ro|' /etc/fstab; sync")
            self.board.power_off(600)
        took = self.boot()
        self.board.run(self.sign)
        assert self.cycles() == ""
        self.board.wait_for("test -b /dev/mapper/desk", 300)
        return took

    def cycles(self):
        return self.board.call("journalctl -b --no-pager -o cat | grep -i 'ordering cycle'")[1]

    def plant(self):
        word = self.canary.decode()
        self.board.run(f"""set -e
            mkdir -p {self.at}/sheets
            cd {self.at}
            for n in 1 2 3 4; do echo "guest $n {word}" >sheets/$n; done
            echo {word} >list.csv
            echo {word} >door.key
            sync""")

    def promised(self):
        """What the plan says of each target at best; it is accepted with that."""
        text = self.board.call("porchlight wipe --plan --json")[1]
        return {t["name"]: t["best"] for t in json.loads(text)["targets"]}

    def cut_before_the_first_step(self):
        """The record says that a wipe was asked for; porchlight-wipe never gets to begin it."""
        self.board.run(f"""set -e
            mkdir -p /run/systemd/system/porchlight-wipe.service.d
            printf '%s' '{HELD}' > /run/systemd/system/porchlight-wipe.service.d/held.conf
            systemctl daemon-reload
            systemctl stop porchlight-wipe.service""")
        self.board.wires.set(SWITCH, 0)
        self.board.wait_serial("asked for a wipe", 600)
        self.board.cut_power()

    def began(self, unit, what):
        """Monotonic microseconds since the start, 0 if it never did."""
        return int(self.board.run(f"systemctl show --value -p {what} {unit}"))

    def left(self):
        return sum(disk.count(path, self.canary) for path in self.disks)


@pytest.fixture(params=LAYOUTS, ids=[re.sub(r"\W+", "-", name).strip("-") for name in LAYOUTS])
def layout(request, venues):
    return venues(lambda suite: Layout(suite, request.param))


def overlay_promises_nothing(layout):
    """The card keeps what is named there."""
    layout.board.run("""set -e
        mkdir -p /srv/card
        echo guest >/srv/card/list
        cp /etc/porchlight/wipe.plan /run/plan
        printf '[root card]\\npath = /srv/card\\n[file list]\\npath = /srv/card/list\\n' \\
            >/etc/porchlight/wipe.plan""")
    assert layout.promised() == {"list": "failed"}
    layout.board.run("cp /run/plan /etc/porchlight/wipe.plan")


def test_a_wipe_that_was_asked_for_comes_before_the_vaults(layout, record_property):
    record_property("armed after", f"{layout.start():.0f} s")
    if layout.layout == "an overlay":
        overlay_promises_nothing(layout)
    layout.plant()
    assert layout.promised() == dict.fromkeys(("desk", "door", "sheets", "list"), "destroyed")
    layout.board.run("sync")
    assert layout.left() >= 6, "the scan must find what is there"
    layout.cut_before_the_first_step()
    record_property("after the cut", f"{layout.boot():.0f} s")
    assert layout.cycles() == ""
    layout.board.wait_for(WIPED, 900)
    assert layout.board.call("test -e /dev/mapper/desk")[0] != 0, "a vault opened before the wipe"
    ready = layout.began("porchlight-wipe-resume.service", "ActiveEnterTimestampMonotonic")
    vault = layout.began("systemd-cryptsetup@desk.service", "ConditionTimestampMonotonic")
    assert 0 < ready < vault, (ready, vault)
    record_property("keys dead before the vault's turn", f"{(vault - ready) / 1e6:.2f} s")
    layout.board.run("sync")
    layout.board.cut_power()
    record_property("canaries left", layout.left())
    assert layout.left() == 0

