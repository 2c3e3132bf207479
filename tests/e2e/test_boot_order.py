"""The order of the boot in every layout that the handbook offers: what systemd's own generators make
of fstab and crypttab, beside our units, has no cycle. A cycle would have systemd drop one of the jobs
of the boot: the finishing of a wipe, or /var."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.kit.place import ROOT

SYSTEM = next(p for p in (Path("/usr/lib/systemd"), Path("/lib/systemd"))
              if (p / "system-generators/systemd-fstab-generator").exists())
BINDS = """/srv/state/porchlight /var/lib/porchlight none bind 0 0
/srv/state/porchlight-broker /var/lib/porchlight-broker none bind 0 0
/srv/state/porchlight-wipe /var/lib/porchlight-wipe none bind 0 0
"""
CARD = "PARTUUID=0451-02 / ext4 defaults 0 1\n"
BOOK = "book-2 /dev/mmcblk0p4 none luks\n"
BEFORE_ALL = "Before=cryptsetup-pre.target cryptsetup.target"
BEFORE_BOOK = r"Before=systemd-cryptsetup@book\x2d2.service"
NONE_WAITS = "none waits"

# fstab, crypttab, what the resume of a wipe is ordered before
LAYOUTS = {
    "everything on one card": (CARD, "", BEFORE_ALL),
    "a vault beside it": (CARD, BOOK, BEFORE_ALL),
    "a separate /var": (CARD + "/dev/mmcblk0p3 /var ext4 defaults 0 2\n", BOOK, BEFORE_ALL),
    "/var by its link": (CARD + "/dev/disk/by-partuuid/1 //var/. ext4 defaults 0 2\n", BOOK, BEFORE_ALL),
    "/var on LUKS": (CARD + "/dev/mapper/var /var ext4 defaults 0 2\n",
                     "var /dev/mmcblk0p3 none luks\n", ""),
    "/var on LUKS, and a vault": (CARD + "/dev/mapper/var /var/ ext4 defaults 0 2\n",
                                  "var /dev/mmcblk0p3 none luks\n" + BOOK, BEFORE_BOOK),
    "/var by a label that may be in a vault": (CARD + "LABEL=var /var ext4 defaults 0 2\n", BOOK,
                                               NONE_WAITS),
    "the root on LUKS": ("/dev/mapper/root / ext4 defaults 0 1\n", "root /dev/sda2 none luks\n" + BOOK,
                         BEFORE_BOOK),
    "an overlay with a data partition": ("overlay / overlay defaults 0 0\n"
                                         "/dev/mmcblk0p3 /srv/state ext4 noatime 0 2\n" + BINDS,
                                         BOOK, BEFORE_ALL),
    "a read-only root with a data partition": (CARD.replace("defaults", "ro") +
                                               "/dev/mmcblk0p3 /srv/state ext4 noatime 0 2\n" + BINDS,
                                               BOOK, BEFORE_ALL),
    "a data partition on LUKS": (CARD + "/dev/mapper/state /srv/state ext4 noatime 0 2\n" + BINDS,
                                 "state /dev/mmcblk0p3 none luks\n" + BOOK, BEFORE_BOOK),
}


def units(folder):
    """Ours, enabled as a host has them."""
    own = folder / "own"
    own.mkdir()
    for unit in [*(ROOT / "systemd").glob("*.service"), *(ROOT / "systemd").glob("*.socket"),
                 *(ROOT / "systemd").glob("*.timer"), *(ROOT / "systemd").glob("*.path")]:
        # What is not installed on this machine would not even be planned.
        text = re.sub(r"^Exec(\w+)=.*$", r"Exec\1=/bin/true", unit.read_text(), flags=re.M)
        (own / unit.name).write_text(text)
        for wanted in re.findall(r"^WantedBy=(.*)$", text, re.M):
            for target in wanted.split():
                wants = own / f"{target}.wants"
                wants.mkdir(exist_ok=True)
                (wants / unit.name).symlink_to(f"../{unit.name}")
    return own


def generate(folder, fstab, crypttab):
    """What the generators write for this layout; the unit path for it."""
    (folder / "fstab").write_text(fstab)
    (folder / "crypttab").write_text(crypttab)
    dirs = [folder / name for name in ("normal", "early", "late")]
    for made in dirs:
        made.mkdir()
    env = {**os.environ, "SYSTEMD_FSTAB": str(folder / "fstab"),
           "SYSTEMD_CRYPTTAB": str(folder / "crypttab")}
    for program in (SYSTEM / "system-generators/systemd-fstab-generator",
                    SYSTEM / "system-generators/systemd-cryptsetup-generator",
                    ROOT / "systemd/porchlight-wipe-generator"):
        done = subprocess.run([str(program), *map(str, dirs)], env=env, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    normal, early, late = dirs
    # At a boot the root is mounted before any unit starts, and so waits for none. systemd 257's own
    # journal would have a cycle else, where the root is on LUKS.
    root = normal / "-.mount"
    root.write_text(re.sub(r"^After=.*\n", "", root.read_text(), flags=re.M))
    return ":".join(map(str, (early, folder / "own", normal, late, SYSTEM / "system")))


def cycles(path):
    """systemd-analyze says so only where it logs everything."""
    env = {**os.environ, "SYSTEMD_UNIT_PATH": path, "SYSTEMD_LOG_LEVEL": "debug",
           "SYSTEMD_LOG_TARGET": "console"}
    said = ""
    for target in ("sysinit.target", "multi-user.target"):
        done = subprocess.run(["systemd-analyze", "verify", "--man=no", target],
                              env=env, capture_output=True, text=True)
        said += done.stdout + done.stderr
    found = [line for line in said.splitlines() if "ordering cycle" in line]
    # A cycle is opened by leaving out any one of its units, this one too.
    assert found or "porchlight-wipe-resume.service: Installed new job" in said, "it was not looked at"
    return found


@pytest.mark.parametrize("name", LAYOUTS)
def test_no_layout_has_a_cycle(folder, name):
    fstab, crypttab, order = LAYOUTS[name]
    own = units(folder)
    path = generate(folder, fstab, crypttab)
    assert cycles(path) == []
    written = (folder / "normal/porchlight-wipe-resume.service.d/vaults.conf").read_text()
    assert order in written and written.count("Before=") == order.count("Before="), written
    assert (own / "sysinit.target.wants/porchlight-wipe-resume.service").exists()


def test_a_cycle_would_be_seen(folder):
    """As the unit once was: before all vaults, also before the one that holds its records."""
    own = units(folder)
    resume = own / "porchlight-wipe-resume.service"
    resume.write_text(resume.read_text().replace(
        "\nBefore=", "\nWants=cryptsetup-pre.target\nBefore=cryptsetup-pre.target "))
    assert cycles(generate(folder, *LAYOUTS["/var on LUKS"][:2])) != []


def test_without_the_tables_nothing_fails(folder):
    """A card without crypttab, and an fstab that ends without a newline."""
    (folder / "normal").mkdir()
    env = {**os.environ, "SYSTEMD_FSTAB": str(folder / "fstab"), "SYSTEMD_CRYPTTAB": str(folder / "none")}
    written = folder / "normal/porchlight-wipe-resume.service.d/vaults.conf"
    for text in (None, "", "/dev/mapper/var /var ext4"):
        if text is not None:
            (folder / "fstab").write_text(text)
        shutil.rmtree(written.parent, ignore_errors=True)
        done = subprocess.run([str(ROOT / "systemd/porchlight-wipe-generator"),
                               *[str(folder / "normal")] * 3], env=env, capture_output=True, text=True)
        assert (done.returncode, done.stderr) == (0, "")
        assert ("cryptsetup-pre" in written.read_text()) == (text != "/dev/mapper/var /var ext4")
