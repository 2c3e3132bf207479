"""What the card image does after a power cut in the middle of an upgrade, with the real apt and dpkg in a
clean Debian 13: unpacking, and configuring, are each cut once. The root is not mounted again here, and no
alert is open."""

import shutil

import pytest

from tests.deb.tree import bare
from tests.kit.canary import canary, listed
from tests.kit.place import ROOT

CARD = ROOT / "systemd/card"
HERE = "/usr/lib/porchlight"
# All at once, as a power cut is: a script that outlives dpkg goes on to its next command.
CUT = """setsid apt-get -q -y install card-canary >/tmp/said 2>&1 &
while [ ! -e /data/waits ]; do kill -0 $! || { cat /tmp/said; exit 1; }; sleep 0.2; done
touch /data/go
kill -9 -1
while pidof dpkg apt-get sync sleep; do sleep 0.2; done; true"""


@pytest.fixture
def tree(tmp_path, version, script):
    packages = [canary(tmp_path, "1"), canary(tmp_path, version, script)]
    with bare("trixie") as made:
        for path in (*packages, CARD / "porchlight-card-repair", CARD / "porchlight-card-firmware"):
            shutil.copy(path, made.debs)
        (made.debs / "Packages").write_text("\n".join(listed(package) for package in packages))
        (made.debs / "nothing").write_text("#!/bin/sh\n")
        made.do(f"mkdir -p /data {HERE} /boot/pi /boot/card && "
                "for f in /usr/bin/mount /usr/bin/porchlight; do install -m 755 /debs/nothing $f; done && "
                f"install -m 755 /debs/porchlight-card-* {HERE} && rm /etc/apt/sources.list && "
                "for f in config.txt cmdline.txt vmlinuz-2; do echo new >/boot/pi/$f; done && "
                "for f in config.txt cmdline.txt vmlinuz-1; do echo old >/boot/card/$f; done && "
                "echo keys >/boot/card/authorized_keys && "
                "echo 'deb [trusted=yes] file:/debs ./' >/etc/apt/sources.list.d/canary.list && "
                "apt-get -q update && apt-get -q -y install card-canary=1")
        yield made


@pytest.mark.parametrize("version,script", [("2", "preinst"), ("3", "postinst")])
def test_a_power_cut_in_an_upgrade_is_repaired(tree, version):
    (tree.debs / "cut").write_text(CUT)
    tree.do("exec sh /debs/cut")
    assert "card-canary" in tree.do("dpkg --audit")
    # What the Pi starts from is left as it was until all is whole.
    assert tree.run(f"{HERE}/porchlight-card-firmware")[0] != 0
    assert tree.do("cat /boot/card/config.txt") == "old\n"
    tree.do(f"{HERE}/porchlight-card-repair")
    assert tree.do("dpkg --audit") == ""
    assert tree.do("dpkg-query -W -f '${db:Status-Abbrev}${Version}' card-canary") == f"ii {version}"
    assert tree.do("cat /usr/share/card-canary/version").strip() == version
    assert tree.do("diff -r -x authorized_keys /boot/pi /boot/card; ls /boot/card").split() == [
        "authorized_keys", "cmdline.txt", "config.txt", "vmlinuz-2"]
