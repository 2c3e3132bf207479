"""The user-data for Raspberry Pi Imager, run by the real cloud-init in a booted Debian 13: a machine on
which nothing of Porchlight was before."""

import json
import shutil

import pytest

from tests.deb.booted import Booted
from tests.deb.conftest import ARCH, BOOTS, ready_for
from tests.deb.tree import packages
from tests.kit.apt import repo
from tests.kit.place import fresh

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA host@example.org"
URL = "https://packages.example.org"
STAGES = ("init --local", "init", "modules --mode=config", "modules --mode=final")


@pytest.fixture(name="served", scope="module")
def served_by_a_server():
    folder = fresh("r")
    (folder / "debs/trixie").mkdir(parents=True)
    for deb in packages("trixie", ARCH).values():
        shutil.copy(deb, folder / "debs/trixie")
    assert repo("key", folder / "key").returncode == 0
    done = repo(folder / "debs", folder / "served", KEY=folder / "key", URL=URL)
    assert done.returncode == 0, done.stderr
    yield folder / "served"
    shutil.rmtree(folder)


def seed(machine, served):
    """Where cloud-init looks. The machine has no way to a server, so the repository is a folder there, and
    Debian's own is not asked; what porchlight depends on is installed."""
    shutil.copytree(served, machine.debs / "served")
    text = (served / "user-data").read_text()
    text = text.replace(URL, "file:/debs/served").replace("ssh-ed25519 AAAA... you@your-machine", KEY)
    assert text.count("file:/debs/served") == 1 and text.count(KEY) == 1
    at = machine.debs / "seed"
    at.mkdir()
    (at / "user-data").write_text(text)
    (at / "meta-data").write_text("instance-id: first\n")
    machine.do("rm -f /etc/apt/sources.list; mkdir -p /var/lib/cloud/seed/nocloud && "
               "cp /debs/seed/* /var/lib/cloud/seed/nocloud/ && "
               "echo 'datasource_list: [NoCloud]' >/etc/cloud/cloud.cfg.d/99-test.cfg")


def test_a_new_machine_has_porchlight_and_the_hosts_key(served):
    layer = ready_for("trixie", packages("trixie", ARCH), (*BOOTS, "cloud-init", "openssh-server", "sudo"))
    with Booted("trixie", layer) as machine:
        assert machine.run("command -v porchlight")[0] != 0
        seed(machine, served)
        for stage in STAGES:
            machine.do(f"cloud-init {stage}")
        # Its services do not run here, so that it says of itself that it is disabled.
        said = json.loads(machine.run("cloud-init status --format json")[1])
        assert said["errors"] == [] and said["modules-final"]["finished"], said
        installed = machine.do("dpkg-query -W -f '${Package} ${db:Status-Abbrev}\\n' 'porchlight*'")
        for package in ("", "-archive-keyring", "-page", "-registrar"):
            assert f"porchlight{package} ii" in installed, installed
        assert "is not set up" in machine.run("porchlight doctor")[1]
        assert machine.do("hostname").strip() == "kettle"
        assert KEY in machine.do("cat /home/host/.ssh/authorized_keys")
        assert "sudo" in machine.do("id -nG host")
        assert machine.do("getent shadow host").split(":")[1][0] in "!*"
        assert machine.do("systemctl is-enabled ssh").strip() == "enabled"
        machine.do("apt-get update -q --error-on=any")
