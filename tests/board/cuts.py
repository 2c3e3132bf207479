"""Power cuts in an alert and its wipe: one prepared evening, and many nights that begin there.

The evening is a booted kiosk with open vaults, whose memory and disk are saved. Each night goes on
from there on an overlay of that disk: the switch is held, the power is cut at a seeded moment, and
the next boot is looked at. The disk as it was at the cut is kept, and looked through as well.

    python3 -m tests.board.cuts --count 50 --seed 8
"""

import argparse
import collections
import math
import os
import random
import subprocess
import sys
import time

from tests.board import disk
from tests.board.suite import BUILD
from tests.board.vault import BULK, BYSTANDERS, PLAN, WIPED, Vault
from tests.board.venue import SWITCH, Venue

HOLD, WIPE_HOLD = 1.5, 4.0

# At each boot vaults open by a unit of the venue's own, as early as porchlight-wipe(8) permits.
OPENER = b"""[Unit]
Description=Opens the venue's vaults
DefaultDependencies=no
After=porchlight-wipe-resume.service cryptsetup-pre.target local-fs.target
Before=cryptsetup.target
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh -c 'for v in book private; do porchlight vault open $v && echo $v >>/run/opened; done; true'
[Install]
WantedBy=sysinit.target
"""

# porchlight-wipe, asked to, says so in the journal, which is the serial line, and does no more.
HELD = """[Service]
ExecStartPre=/bin/sh -c "echo asked for a wipe; exec sleep infinity"
"""

# What a boot may write outside the plan: the programs' own records, and systemd's time stamps.
OWN_BELOW = ("/srv/venue", "/var/lib/porchlight", "/var/lib/porchlight-wipe", "/var/lib/systemd",
             "/var/log", "/var/cache", "/var/tmp", "/tmp")
OWN_EXACT = ("", "/", "/etc", "/var", "/etc/.updated", "/var/.updated",
             "/dev", "/proc", "/run", "/sys")  # the last four: where others are mounted

Night = collections.namedtuple("Night", "number cut wiped opened resumed plain_at_cut took")


class Evening:
    """Where all nights begin. `folder` holds the disk, the machine's state and what is kept."""

    def __init__(self, suite="trixie", bulk_mb=24):
        self.venue = Venue(suite, files={
            "/etc/porchlight/wipe.plan": ((PLAN + BULK).encode(), 0o644),
            "/etc/systemd/system/venue-vaults.service": (OPENER, 0o644)}).__enter__()
        self.board, self.folder = self.venue.board, str(self.venue.folder)
        self.base = self.board.disks[0]
        self.state = os.path.join(self.folder, "state")
        self.vault = Vault(self.board)
        self.venue.boot()
        self.board.run("systemctl enable -q venue-vaults.service")
        self.vault.make(bulk_mb=bulk_mb)
        self.vault.assert_opens()
        self.sums = self.bystanders()
        self.board.run("sleep 1.1; touch /stamp; sleep 1.1; systemctl start porchlight-wipe; sync")
        self.board.save(self.state)

    def bystanders(self):
        return self.board.run("sha256sum " + " ".join(BYSTANDERS))

    def close(self):
        self.venue.close(quietly=True)

    def overlay(self, number):
        path = os.path.join(self.folder, f"night-{number}.qcow2")
        subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-b", self.base, "-F", "raw",
                        path], check=True)
        return path

    def look_through(self, image):
        """{name: how often} over the whole of a disk, overlay and base together."""
        flat = os.path.join(self.folder, "flat.raw")
        subprocess.run(["qemu-img", "convert", "-O", "raw", image, flat], check=True)
        found = disk.count_each(flat, self.vault.names())
        os.unlink(flat)
        return found

    def night(self, number, cut):
        """Holds the switch, cuts the power `cut` seconds later, boots, and judges."""
        def hold():
            self.board.wires.set(SWITCH, 0)
            time.sleep(cut)
        return self._night(number, cut, hold)

    def night_between(self, number):
        """The power goes when porchlightd's record says that a wipe is pending, and porchlight-wipe
        has not yet written down that it began: here it never gets to begin."""
        def hold():
            self.board.run(f"""set -e
                mkdir -p /run/systemd/system/porchlight-wipe.service.d
                printf '%s' '{HELD}' > /run/systemd/system/porchlight-wipe.service.d/held.conf
                systemctl daemon-reload
                systemctl stop porchlight-wipe.service""")
            before = self.board.run("sha256sum /var/lib/porchlight-wipe/progress")
            self.board.wires.set(SWITCH, 0)
            self.board.wait_serial("asked for a wipe")
            assert self.board.run("sha256sum /var/lib/porchlight-wipe/progress") == before
        return self._night(number, math.inf, hold)

    def _night(self, number, cut, hold):
        began = time.monotonic()
        self.board.disks[0] = overlay = self.overlay(number)
        self.board.start(state=self.state)
        phone = self.venue.member(topics=["alert", "beat", "state"])
        phone.wait(topic="beat", within=240)
        self.venue.wait_armed()
        hold()
        self.board.cut_power()
        kept = os.path.join(self.folder, f"cut-{number}.qcow2")
        subprocess.run(["cp", "--sparse=always", overlay, kept], check=True)
        at_cut = self.look_through(kept)
        self.venue.boot()
        self._one_alert(phone, cut)
        phone.close()
        night = self._judge(number, cut, at_cut)
        self.board.run("sync")
        self.board.cut_power()
        self._after(night, overlay)
        return night._replace(took=time.monotonic() - began)

    def _one_alert(self, phone, cut):
        """One alert, however often it was cut short; a press that was not complete is none."""
        state = self.venue.status()["state"]
        if state == "lockdown":
            phone.wait("lockdown", within=240)
        ids = {a.body["id"] for a in phone.all("lockdown")}
        assert len(ids) == (state == "lockdown"), (state, ids)
        assert cut < HOLD + 1 or state == "lockdown", f"pressed for {cut} s, and the state is {state}"

    def _judge(self, number, cut, at_cut):
        self.board.wait_for("systemctl is-active venue-vaults.service", 300)
        opened = self.board.run("cat /run/opened 2>/dev/null || true").split()
        said = self.board.wait_for("porchlight wipe --status | grep -e 'no wipe has been run' "
                                   "-e 'worst result'", 300)
        asked = "no wipe has been run" not in said
        resumed = "finishing it" in self.venue.journal("porchlight-wipe-resume")
        if asked:
            self.board.wait_for(WIPED, 300)
            assert not opened, f"opened before the wipe was finished: {opened}"
            self.vault.assert_gone()
        else:
            assert cut < WIPE_HOLD + 1, f"held for {cut} s, and nothing was wiped"
            assert sorted(opened) == ["book", "private"], opened
            self.vault.assert_opens()
        assert self.bystanders() == self.sums
        changed = self.board.run("find / -xdev -cnewer /stamp").split("\n")
        strange = [p for p in changed if p not in OWN_EXACT
                   and not any((p + "/").startswith(own + "/") for own in OWN_BELOW)]
        assert not strange, f"changed outside the plan: {strange}"
        return Night(number, cut, asked, opened, resumed, at_cut["plain"], 0)

    def _after(self, night, overlay):
        """What was encrypted is in clear in no image, earlier ones included; what was plain is
        gone once the wipe is through."""
        for image in (overlay, os.path.join(self.folder, f"cut-{night.number}.qcow2")):
            found = self.look_through(image)
            clear = {n: c for n, c in found.items()
                     if c and (n in ("sealed", "encrypted") or n.startswith("derived"))}
            assert not clear, (image, clear)
        if night.wiped:
            found = self.look_through(overlay)
            assert not any(found.values()), found


def moments(seed, count):
    """Seeded cuts: one in five between press and wipe, the others while the wipe runs."""
    chance = random.Random(seed)
    return [chance.uniform(HOLD - 0.1, WIPE_HOLD) if n % 5 == 0
            else WIPE_HOLD + chance.uniform(0, 2.5) for n in range(count)]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=50)
    parser.add_argument("--seed", type=int, default=8)
    parser.add_argument("--suite", default="trixie")
    asked = parser.parse_args()
    evening = Evening(asked.suite)
    os.makedirs(BUILD, exist_ok=True)
    bad = 0
    with open(os.path.join(BUILD, "cuts.txt"), "w") as table:
        for number, cut in enumerate(moments(asked.seed, asked.count)):
            try:
                n = evening.night(number, cut)
                row = (f"{number:3} cut {cut:5.2f} s  wiped {n.wiped!s:5} resumed {n.resumed!s:5} "
                       f"opened {','.join(n.opened) or '-':12} plain at the cut {n.plain_at_cut:3} "
                       f"{n.took:6.1f} s")
            except Exception as why:  # the next night begins afresh
                bad += 1
                row = f"{number:3} cut {cut:5.2f} s  FAILED: {type(why).__name__}: {why}"
                evening.board.cut_power()
            print(row, flush=True)
            print(row, file=table, flush=True)
        print(f"{asked.count} cuts, {bad} failed, images in {evening.folder}", file=table)
    print(f"{asked.count} cuts, {bad} failed, images in {evening.folder}")
    evening.close()
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
