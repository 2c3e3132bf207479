"""porchlight doctor: each leftover is found where it is and not where it is not."""

import pytest

from tests.kit.doctor import ask, plainly, put

SWAPS = "Filename\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"


def found(folder):
    """{name: what is said} of what is left over."""
    listed = ask(folder)["left over"]
    assert len(listed) == 12
    return {name: one.said for name, one in listed.items() if one.verdict != "ok"}


def test_a_clean_system(folder):
    put(folder / "proc/swaps", SWAPS + "/dev/zram0 partition 1000 0 100\n")
    put(folder / "sys/block/zram0/backing_dev", "none\n")
    put(folder / "proc/mounts", "/dev/mmcblk0p2 / ext4 rw,noatime 0 0\n")
    put(folder / "proc/sys/kernel/core_pattern", "|/bin/false\n")
    put(folder / "var/log/wtmp", "")
    put(folder / "home/host/.bash_history", "")
    put(folder / "sys/bus/nvmem/devices/rtc0/nvmem").chmod(0o600)
    assert found(folder) == {}
    assert plainly(folder).stdout.count("ok       left over") == 12


@pytest.mark.parametrize("name, path, text, where", [
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
    ("mosquitto's store", "var/lib/mosquitto/mosquitto.db", "x", "mosquitto.db"),
    ("shader cache", "home/host/.cache/mesa_shader_cache/index", "x", "mesa_shader_cache"),
])
def test_each_is_found(folder, name, path, text, where):
    put(folder / path, text)
    names = found(folder)
    assert set(names) == {name} and where in names[name]
    assert f"warning  left over, {name}: " in plainly(folder).stdout


def test_zram_that_writes_back_is_swap(folder):
    put(folder / "proc/swaps", SWAPS + "/dev/zram0 partition 1000 0 100\n")
    put(folder / "sys/block/zram0/backing_dev", "/dev/mmcblk0p3\n")
    assert list(found(folder)) == ["swap"] and "/dev/zram0" in found(folder)["swap"]


def test_an_nvmem_that_all_may_read(folder):
    put(folder / "sys/bus/nvmem/devices/rtc0/nvmem").chmod(0o644)
    assert set(found(folder)) == {"nvmem"}
