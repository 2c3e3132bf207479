"""A repository that `make repo` made, on a stick, in a clean Debian 12 and 13: installed from by its
install.sh with the real apt, with Debian's own packages beside it; and the user-data for Raspberry Pi
Imager, read by Debian 13's cloud-init."""

import base64
import re
import shutil
import subprocess

import pytest

from tests.deb.conftest import ARCH
from tests.deb.tree import SUITES, bare, packages
from tests.kit.apt import repo
from tests.kit.place import ROOT, fresh

URL = "https://packages.example.org"


@pytest.fixture(scope="module", name="made")
def new_repositories():
    """For a stick, and for a server: of this machine's packages alone."""
    folder = fresh("r")
    for suite in SUITES:
        if (ROOT / "build/deb" / suite).exists():
            (folder / "debs" / suite).mkdir(parents=True)
            for deb in packages(suite, ARCH).values():
                shutil.copy(deb, folder / "debs" / suite)
    assert repo("key", folder / "key").returncode == 0
    for to, env in (("stick", {}), ("served", {"URL": URL})):
        done = repo(folder / "debs", folder / to, KEY=folder / "key", **env)
        assert done.returncode == 0, done.stderr
    yield folder
    shutil.rmtree(folder)


def test_a_stick_installs_upgrades_and_goes(made, tree):
    shutil.copytree(made / "stick", tree.debs / "stick")
    said = tree.do("sh /debs/stick/install.sh")
    assert "Next: sudo porchlight setup" in said
    shutil.rmtree(tree.debs / "stick")
    assert "porchlight 0." in tree.do("porchlight --version")
    policy = tree.do("apt-cache policy porchlight porchlight-archive-keyring")
    assert policy.count("file:/var/lib/porchlight-repository") == 2, policy
    tree.do("apt-get update -q --error-on=any && apt-get -q -y upgrade")
    assert "Nothing was installed" not in tree.do("apt-get -q -y purge 'porchlight*'")


def test_unattended_upgrades_take_what_comes_from_it(made, tree):
    shutil.copytree(made / "stick", tree.debs / "stick")
    tree.do("sh /debs/stick/install.sh && apt-get -qq -y install unattended-upgrades")
    said = tree.do("unattended-upgrade --dry-run --debug 2>&1")
    assert f"origin=Porchlight,codename={tree.suite}" in said, said


def test_words_that_a_host_changed_hold_up_no_unattended_upgrade(made, tree):
    """From 0.1.0, whose files of languages were the package's: dpkg would ask what becomes of a changed one,
    and so the package would be passed over. The host's file stays, and one that nobody changed goes."""
    folder = "/etc/porchlight/languages"
    shutil.copytree(made / "stick", tree.debs / "stick")
    tree.do("sh /debs/stick/install.sh && apt-get -qq -y install unattended-upgrades && "
            "apt-get -qq -y purge porchlight && apt-get -qq -y install /debs/old-porchlight.deb")
    tree.do(f"cp {folder}/en.conf {folder}/tr.conf && sed -i 's/^day = .*/day = Come in/' {folder}/en.conf")
    tree.put("/etc/apt/apt.conf.d/99host",
             'Unattended-Upgrade::Origins-Pattern:: "origin=Porchlight,codename=${distro_codename}";')
    said = tree.do("unattended-upgrade --debug 2>&1")
    assert tree.do("dpkg-query -W -f '${Version}' porchlight") > "0.2", said
    assert tree.do(f"cd {folder} && ls && grep ^day en.conf") == "en.conf\ntr.conf\nday = Come in\n"
    assert "az.conf" in tree.do("ls /usr/share/porchlight/languages")
    # The next one finds nothing to ask either.
    tree.do("cd /tmp && dpkg-deb -R /debs/porchlight.deb newer && sed -i 's/^Version: .*/Version: 9.9/' "
            "newer/DEBIAN/control && echo '# New words.' >>newer/usr/share/porchlight/languages/en.conf && "
            "dpkg-deb -b newer newer.deb && apt-get -qq -y install ./newer.deb")
    assert tree.do(f"cd {folder} && ls && grep ^day en.conf") == "en.conf\ntr.conf\nday = Come in\n"


def test_an_older_package_is_refused_by_dpkg_too(tree):
    """A newer version is made of this one."""
    tree.do("cd /tmp && dpkg-deb -R /debs/porchlight.deb newer && "
            "sed -i 's/^Version: .*/Version: 9.9/' newer/DEBIAN/control && "
            "dpkg-deb -b newer newer.deb && apt-get -qq -y install ./newer.deb")
    for command in ("dpkg -i /debs/porchlight.deb",
                    "apt-get -qq -y --allow-downgrades install /debs/porchlight.deb"):
        status, said = tree.run(command)
        assert status != 0 and "is older" in said and "apt purge porchlight" in said, said
        assert tree.do("dpkg-query -W -f '${Version} ${db:Status-Abbrev}' porchlight") == "9.9 ii "


def test_the_user_data_is_what_cloud_init_expects(made):
    with bare("trixie") as tree:
        tree.do("apt-get -qq update && apt-get -qq -y install cloud-init")
        shutil.copy(made / "served/user-data", tree.debs / "user-data")
        assert "Valid schema" in tree.do("cloud-init schema -c /debs/user-data 2>&1")
        # It would say if something were wrong.
        text = (made / "served/user-data").read_text()
        (tree.debs / "wrong").write_text(text.replace("packages:\n", "packages: 1\nmore:\n"))
        assert tree.run("cloud-init schema -c /debs/wrong")[0] != 0
        # What it writes is the source and the keys, and nothing secret.
        assert "PRIVATE" not in text and not re.search(r"(?m)^[ -]*(\w+_)?passw(or)?d: (?!true)", text)
        done = subprocess.run(["gpg", "--show-keys", "--with-colons"], input=keys_of(text),
                              capture_output=True, check=True)
        assert b"pub:" in done.stdout and b"sec:" not in done.stdout


def keys_of(text):
    return base64.b64decode(re.search(r"content: (\S{100,})", text)[1])


def test_the_stick_is_the_same_whoever_reads_it(made):
    """Names that FAT keeps, and no links."""
    for path in (made / "stick").rglob("*"):
        assert not path.is_symlink() and not re.search(r'[:?*"<>|\\]', path.name), path
