"""In clean Debian 12 and 13 trees: what the packages bring, keep over an upgrade and a removal, and
leave behind when they are purged."""

import re
import shutil

import pytest

from tests.deb.conftest import ARCH
from tests.deb.tree import SUITES, bare, packages
from tests.e2e.test_units import LIMITS
from tests.kit.place import ROOT

ETC = "/etc/porchlight"
USERS = ["porchlight", "porchlight-screen", "porchlight-relay", "porchlight-registrar"]
EVERY = ("porchlight", "porchlight-relay", "porchlight-registrar", "porchlight-page")

# What a purge leaves, by Debian's custom: users and groups keep their numbers.
LEFT = re.compile(r"^/etc/(passwd|group|shadow|gshadow|subuid|subgid)-?$|^/etc/\.pwd\.lock$"
                  r"|^/(etc|usr|var|var/lib|debs|root)?$|^/etc/machine-id$")


def install(tree, *names):
    return tree.do("apt-get -qq -y install " + " ".join(f"/debs/{name}.deb" for name in names))


def differences(before, after):
    """Paths that came, went or changed."""
    return sorted(p for p in before.keys() | after.keys() if before.get(p) != after.get(p))


def live(tree):
    """What a host and a venue leave on a kiosk in use."""
    tree.put(f"{ETC}/porchlight.conf", "[venue]")
    tree.put(f"{ETC}/wipe.plan", "[plan]", "600")
    tree.put(f"{ETC}/credentials/venue.key", "00", "600")
    tree.put(f"{ETC}/languages/en.conf", "# mine")
    for name in ["setup.conf", "broker-ca.pem", "ca/ca.key", "broker/mosquitto.conf",
                 "page/nginx.conf", "papers/keep.html", "outside/install.sh"]:
        tree.put(f"{ETC}/{name}", name, "600")
    tree.put("/var/lib/porchlight-broker/dynamic-security.json", "accounts", "600")
    tree.put("/var/lib/porchlight-setup/before/list", "new", "600")
    tree.put("/var/lib/porchlight/record", "record", "600")
    tree.put("/var/lib/porchlight-wipe/progress", "progress", "600")
    tree.put(f"{ETC}/vaults/desk", "make = luks", "600")
    tree.put("/var/lib/porchlight-books/visitors.book", "sealed", "600")


def test_what_an_installation_brings(tree):
    before = tree.files()
    install(tree, *EVERY)
    came = [p for p in differences(before, tree.files()) if p not in before]
    owned = set(tree.do("dpkg -L " + " ".join(EVERY)).splitlines())
    strays = [p for p in came if p not in owned and p.replace("/usr/lib/", "/lib/", 1) not in owned]
    expected = [f"{ETC}/credentials"]
    assert tree.do(f"stat -c %a {ETC}/registrar") == "700\n"
    assert [p for p in strays if not p.startswith(("/etc/systemd/system/", "/var/lib/systemd/"))
            and not LEFT.match(p)] == expected
    assert tree.do(f"stat -c '%a %U %G' {ETC} {ETC}/credentials") == "755 root root\n700 root root\n"
    for user in USERS:
        assert f":{user}:" in ":" + tree.do(f"getent passwd {user}") and \
            "nologin" in tree.do(f"getent passwd {user}")
    assert "gpio" in tree.do("id -nG porchlight").split()
    assert {"video", "render"} <= set(tree.do("id -nG porchlight-screen").split())
    tree.do("getent group porchlight-staff")
    assert {f"/usr/share/doc/porchlight/handbook/{name}" for name in
            ("index.html", "handbook.css", "pictures/cue-quiet.png")} <= owned


@pytest.mark.parametrize("suite", SUITES)
def test_apt_finds_all_that_it_needs(suite):
    """In a tree where nothing but apt is."""
    with bare(suite) as tree:
        for name, deb in packages(suite, ARCH).items():
            shutil.copy(deb, tree.debs / f"{name}.deb")
        install(tree, *EVERY)
        assert tree.do("porchlightd --version").split()[1] in tree.do("dpkg-query -W porchlight")


def test_what_was_installed_runs(tree):
    install(tree, *EVERY)
    version = tree.do("dpkg-query -W -f '${Version}' porchlight").split("+")[0]
    assert version in tree.do("porchlight --version") and version in tree.do("porchlightd --version")
    for name in ["porchlight", "porchlightd", "porchlight-screen", "porchlight-wipe",
                 "porchlight-relay", "porchlight-registrar"]:
        assert "not found" not in tree.do(f"ldd /usr/bin/{name}")
        assert "Usage" in tree.do(f"{name} --help")
        assert tree.do(f"zcat /usr/share/man/man*/{name}.[1-8].gz").startswith(".TH PORCHLIGHT")
    for name in ["porchlight", "porchlight-relay", "porchlight-registrar"]:
        status, said = tree.run(f"DPKG_MAINTSCRIPT_PACKAGE={name} "
                                f"/var/lib/dpkg/info/{name}.preinst upgrade 99 2>&1")
        assert status == 1 and f"{name} was not replaced: 99 is installed" in said, said
    status, said = tree.run("porchlight doctor --json")
    assert status == 1 and f"porchlight {version}" in said
    assert "index.html" in tree.do("ls /usr/share/porchlight/page")
    tree.do("bash -euc '. /usr/share/bash-completion/completions/porchlight; complete -p porchlight'")


def test_the_units(tree):
    """Each unit of a program is there, enabled if it is to come back with the power, and names
    programs that exist."""
    install(tree, "porchlight", "porchlight-relay", "porchlight-registrar")
    for unit in ["multi-user.target.wants/porchlightd.service",
                 "multi-user.target.wants/porchlight-screen.service",
                 "multi-user.target.wants/porchlight-relay.service",
                 "multi-user.target.wants/porchlight-registrar.service",
                 "sockets.target.wants/porchlightd-control.socket",
                 "sockets.target.wants/porchlightd-admin.socket",
                 "sockets.target.wants/porchlight-wipe.socket",
                 "sockets.target.wants/porchlight-book.socket",
                 "sysinit.target.wants/porchlight-wipe-resume.service"]:
        tree.do(f"test -e /etc/systemd/system/{unit}")
    # Lights go dark where the host agreed, in the set-up, and not before.
    tree.do("test ! -e /etc/systemd/system/multi-user.target.wants/porchlight-dark.service")
    programs = tree.do("grep -h ^ExecStart= /lib/systemd/system/porchlight*.service")
    assert len(programs.splitlines()) >= 5
    for line in programs.splitlines():
        # Broker and web server are recommended, not depended on.
        if "/mosquitto " not in line and "/nginx " not in line:
            tree.do(f"test -x {line.split('=')[1].split()[0]}")


def test_the_units_as_this_release_sees_them(tree):
    """Understood without a word, and each as tight as its limit by this release's own count."""
    install(tree, "porchlight", "porchlight-relay", "porchlight-registrar")
    units = tree.do("ls /lib/systemd/system/porchlight*").split()
    # Manual pages are left out of the tree's own programs; broker and web server are recommended.
    said = tree.run("systemd-analyze verify --man=no " + " ".join(units))[1]
    assert [line for line in said.splitlines() if "porchlight" in line
            and not re.search("/usr/sbin/(mosquitto|nginx) is not executable", line)] == []
    services = [unit for unit in units if unit.endswith(".service")]
    assert len(services) == len(list((ROOT / "systemd").glob("*.service")))
    for unit in services:
        told = tree.run(f"systemd-analyze security --offline=true --no-pager {unit}")[1]
        found = float(re.search(r"Overall exposure level for \S+: ([\d.]+)", told)[1])
        print(f"{tree.suite}, {unit.rsplit('/', 1)[1]}: {found}")
        assert found <= LIMITS.get(unit.rsplit("/", 1)[1].removesuffix(".service"), 1.5), unit


def test_set_up_names_the_packages_that_it_misses(tree):
    """Installed without what is recommended; nothing is changed."""
    install(tree, "porchlight")
    tree.do("printf '[setup]\\nroot = /tmp/root.key\\ndrill = no\\n' >/root/answers")
    before = tree.files()
    status, said = tree.run("porchlight setup --answers /root/answers")
    assert status == 1 and "apt install mosquitto nginx-light" in said \
        and "porchlight-registrar" in said, said
    assert differences(before, tree.files()) == [] and tree.run("test -e /tmp/root.key")[0] == 1


# systemctl as the scripts see it: systemd itself does not run in a tree.
RECORDER = """#!/bin/sh
echo "$*" >>/tmp/systemctl.log
case "$*" in *is-enabled*|*is-active*) exit 0;; *show*) echo loaded;; esac
"""


def recorded(tree, command):
    """The units that systemctl was asked to start, stop or restart meanwhile."""
    tree.do("rm -f /tmp/systemctl.log; touch /tmp/systemctl.log")
    tree.do(command)
    asked = {"start": set(), "stop": set(), "restart": set()}
    for line in tree.do("cat /tmp/systemctl.log").splitlines():
        words = [w for w in line.split() if not w.startswith("-")]
        if words and words[0] in asked:
            asked[words[0]] |= set(words[1:])
    return asked


def test_an_upgrade(tree):
    install(tree, "old-porchlight")
    live(tree)
    tree.do(f"ls {ETC}/languages/az.conf")
    before = tree.files()
    (tree.debs / "systemctl").write_text(RECORDER)
    # dpkg's scripts look in no /usr/local.
    tree.do("mv /usr/bin/systemctl /tmp/real && install -m 755 /debs/systemctl /usr/bin/ && "
            "mkdir -p /run/systemd/system")
    # The host changed a file of languages: dpkg asks nothing, it would read an answer from here.
    asked = recorded(tree, "apt-get -qq -y install /debs/porchlight.deb")
    assert asked["restart"] == {"porchlightd.service", "porchlight-screen.service"}
    # The first by its name in 0.1.0. The second finishes what is under way, and ends then.
    assert asked["stop"] == {"porchlightd-steward.socket", "porchlight-wipe.service"}
    assert not {u for u in asked["start"] if u.startswith("porchlight-wipe") and
                u.endswith(".service")}
    tree.do("cp -p /tmp/real /usr/bin/systemctl")
    # What the host and the venue made is as it was: programs, units and languages alone are new.
    mine = [p for p in differences(before, tree.files()) if not LEFT.match(p)
            and p.startswith(("/etc/porchlight", "/var/lib/porchlight"))
            and not p.startswith(f"{ETC}/languages/")]
    assert mine == []
    version = tree.do("dpkg-query -W -f '${Version}' porchlight")
    assert version.split("+")[0] in tree.do("porchlightd --version") and version > "0.1"
    assert tree.do(f"head -n 1 {ETC}/languages/*") == "# mine\n"
    assert tree.do(f"stat -c %a {ETC}/credentials/venue.key") == "600\n"


def test_a_removal_keeps_what_was_set_up(tree):
    install(tree, *EVERY)
    live(tree)
    tree.do("apt-get -qq -y remove " + " ".join(EVERY))
    for kept in [f"{ETC}/porchlight.conf", f"{ETC}/credentials/venue.key", f"{ETC}/vaults/desk",
                 f"{ETC}/languages/en.conf", "/var/lib/porchlight/record",
                 "/var/lib/porchlight-books/visitors.book"]:
        tree.do(f"test -e {kept}")
    assert tree.do("find / -xdev -path /proc -prune -o -path /debs -prune -o -name 'porchlight*' "
                   "-path '/usr/*' ! -name '*.list' -print") == ""


def test_a_purge_leaves_nothing_of_ours(tree):
    before = tree.files()
    install(tree, *EVERY)
    tree.put(f"{ETC}/relay.conf", "[relay]")
    tree.put("/var/lib/porchlight-relay/subscriptions", "phones", "600")
    tree.put(f"{ETC}/porchlight.conf", "[venue]")
    tree.put(f"{ETC}/credentials/venue.key", "00", "600")
    tree.put("/var/lib/porchlight/record", "record", "600")
    tree.put(f"{ETC}/registrar/registrar.conf", "[broker]", "600")
    tree.put("/var/lib/porchlight-registrar/key", "00", "600")
    tree.do("apt-get -qq -y purge " + " ".join(EVERY))
    left = [p for p in differences(before, tree.files()) if not LEFT.match(p)]
    assert left == []
    assert tree.do("dpkg-query -W -f '${Package} ${Status}\\n' | grep porchlight || true") == ""


def test_a_purge_keeps_what_is_the_venues(tree):
    install(tree, "porchlight")
    live(tree)
    said = tree.do("apt-get -qq -y purge porchlight")
    assert "stays" in said and "/var/lib/porchlight-books" in said
    assert tree.do(f"find {ETC} /var/lib/porchlight* -type f | sort").split() == [
        f"{ETC}/vaults/desk", "/var/lib/porchlight-books/visitors.book"]


@pytest.mark.parametrize("first, second", [("porchlight", "porchlight-relay"),
                                           ("porchlight-relay", "porchlight")])
def test_kiosk_and_relay_on_one_machine(tree, first, second):
    """They share the folder of credentials: the last one to go takes it along."""
    install(tree, "porchlight", "porchlight-relay")
    tree.put(f"{ETC}/credentials/venue.key", "00", "600")
    tree.do(f"apt-get -qq -y purge {first}")
    tree.do(f"test -e {ETC}/credentials/venue.key")
    tree.do(f"apt-get -qq -y purge {second}")
    tree.do(f"test ! -e {ETC}")


def test_a_purge_after_a_removal(tree):
    install(tree, "porchlight")
    tree.put(f"{ETC}/credentials/venue.key", "00", "600")
    tree.do("apt-get -qq -y remove porchlight")
    tree.do("apt-get -qq -y purge porchlight")
    tree.do(f"test ! -e {ETC}")
