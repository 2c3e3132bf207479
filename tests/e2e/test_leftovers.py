"""porchlight doctor finds each leftover that is there, and only those."""

import re
import subprocess

import pytest

from tests.kit import process
from tests.kit.doctor import ask, plainly, put

SWAPS = "Filename\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"


def found(folder):
    """{name: what doctor says} of what is left over."""
    listed = ask(folder)["left over"]
    assert len(listed) == 12
    return {name: one.said for name, one in listed.items() if one.verdict != "ok"}


def test_a_clean_system_has_no_leftovers(folder):
    put(folder / "proc/swaps", SWAPS + "/dev/zram0 partition 1000 0 100\n")
    put(folder / "sys/block/zram0/backing_dev", "none\n")
    put(folder / "proc/mounts", "/dev/mmcblk0p2 / ext4 rw,noatime 0 0\n")
    put(folder / "proc/sys/kernel/core_pattern", "|/bin/false\n")
    put(folder / "var/log/wtmp", "")
    put(folder / "home/host/.bash_history", "")
    put(folder / "sys/bus/nvmem/devices/rtc0/nvmem").chmod(0o600)
    assert found(folder) == {}
    assert plainly(folder, "--all").stdout.count("ok       left over") == 12


FINDINGS = [
    ("swap", "proc/swaps", SWAPS + "/var/swap file 102396 0 -2\n", "/var/swap"),
    ("core dumps", "proc/sys/kernel/core_pattern", "core\n", "core"),
    ("core dumps", "proc/sys/kernel/core_pattern", "|/lib/systemd/systemd-coredump %P\n",
     "systemd-coredump"),
    ("ext4 data=journal", "proc/mounts", "/dev/a / ext4 rw 0 0\n/dev/b /srv ext4 rw,data=journal 0"
     " 0\n", "/srv"),
    ("journald on disk", "var/log/journal/0123/system.journal", "x", "/var/log/journal/0123"),
    ("core dumps kept", "var/lib/systemd/coredump/core.x", "x", "core.x"),
    ("pstore", "sys/fs/pstore/dmesg-ramoops-0", "x", "dmesg"),
    ("shell history", "home/host/.bash_history", "ls\n", "/home/host/.bash_history"),
    ("shell history", "root/.python_history", "1\n", "/root/.python_history"),
    ("login records", "var/log/wtmp", "x", "/var/log/wtmp"),
    ("login records", "var/lib/wtmpdb/wtmp.db", "x", "wtmp.db"),
    ("networks", "etc/NetworkManager/system-connections/Cafe.nmconnection", "x", "Cafe"),
    ("networks", "var/lib/NetworkManager/internal-1.lease", "x", "lease"),
    ("login records", "var/log/wtmp.1", "x", "wtmp.1"),
    ("login records", "var/lib/lastlog/lastlog2.db", "x", "lastlog2"),
    ("mosquitto's store", "var/lib/mosquitto/mosquitto.db", "x", "mosquitto.db"),
    ("shader cache", "home/host/.cache/mesa_shader_cache/index", "x", "mesa_shader_cache"),
]


@pytest.mark.parametrize("name, path, text, where", FINDINGS)
def test_each_leftover_is_found(folder, name, path, text, where):
    put(folder / path, text)
    names = found(folder)
    assert set(names) == {name} and where in names[name]
    assert f"WARNING  left over, {name}\n" in plainly(folder).stdout


# Commands that change more than a folder: what they would do.
STUBS = {
    "swapoff": "head -n 1 $ROOT/proc/swaps >$ROOT/s; mv $ROOT/s $ROOT/proc/swaps",
    "sysctl": "sed -n 's/^kernel.core_pattern=//p' $ROOT/etc/sysctl.d/* "
              ">$ROOT/proc/sys/kernel/core_pattern",
    "systemctl": "", "dpkg": "",
}
BY_HAND = {"ext4 data=journal"}  # names a device, and asks for a restart


@pytest.mark.parametrize("name, path, text, where", [f for f in FINDINGS if f[0] not in BY_HAND
                                                     and "system-connections" not in f[1]])
def test_its_fix_removes_it(folder, name, path, text, where):
    put(folder / path, text)
    for made in ("etc/sysctl.d", "etc/profile.d", "var/log", "root"):
        (folder / made).mkdir(parents=True, exist_ok=True)
    put(folder / "etc/mosquitto/mosquitto.conf", "persistence true\n")
    put(folder / "etc/fstab", "/dev/a / ext4 defaults 0 1\n/var/swap none swap sw 0 0\n")
    fix = ask(folder)["left over"][name].fix
    moved = re.sub(r"(?<![\w./%])/(var|etc|root|home|sys)/", rf"{folder}/\1/", fix)
    assert moved != fix
    for stub, does in STUBS.items():
        put(folder / "stubs" / stub, f"#!/bin/sh\nROOT={folder}\n{does}\n").chmod(0o755)
    done = subprocess.run(["bash", "-uc", moved], capture_output=True, text=True, timeout=20,
                          env=process.environment(PATH=f"{folder}/stubs:/usr/bin:/bin"))
    assert not done.stderr, done.stderr
    assert found(folder) == {}, moved
    assert "swap" not in (folder / "etc/fstab").read_text() or name != "swap"


def test_zram_that_writes_back_counts_as_swap(folder):
    put(folder / "proc/swaps", SWAPS + "/dev/zram0 partition 1000 0 100\n")
    put(folder / "sys/block/zram0/backing_dev", "/dev/mmcblk0p3\n")
    assert list(found(folder)) == ["swap"] and "/dev/zram0" in found(folder)["swap"]


def test_an_nvmem_that_everybody_may_read_is_found(folder):
    put(folder / "sys/bus/nvmem/devices/rtc0/nvmem").chmod(0o644)
    assert set(found(folder)) == {"nvmem"}
