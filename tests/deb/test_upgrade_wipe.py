"""An upgrade of 0.1.0 while its wipe is at work, in a clean Debian 12 and 13 that was booted: the wipe goes
on in the program that began it, which then makes room for the new one; the alert stays, and unattended
upgrades would have waited."""

import pytest

from tests.deb.host import ETC, Host
from tests.kit import wait

PLAN = "[root decoys]\npath = /srv/decoys\n\n[tree papers]\npath = /srv/decoys/papers\n"
FILES = 12000


@pytest.fixture(scope="module", name="host")
def new_host(machine):
    made = Host(machine)
    machine.do("apt-get -qq -y install /debs/old-porchlight.deb /debs/old-porchlight-page.deb")
    machine.do(f"porchlight setup --answers {made.answer(drill='no')}")
    machine.do(f"mkdir -p /srv/decoys/papers && cd /srv/decoys/papers && "
               f"seq 1 {FILES} | xargs touch && echo names | tee list >/dev/null")
    machine.put(f"{ETC}/wipe.plan", PLAN, "600")
    machine.do(f"sed -i 's/^#enabled = no/enabled = yes/' {ETC}/porchlight.conf && "
               "systemctl restart porchlightd")
    made.connected()
    yield made
    made.close()


def left(machine):
    return len(list(machine.path("/srv/decoys/papers").glob("*")))


def test_it_goes_on_through_the_upgrade(host, machine):
    host.hold(5)
    wait.until(lambda: machine.path("/srv/decoys/papers").exists() and 0 < left(machine) < FILES,
               lambda: host.journal("porchlight-wipe"), 60, every=0.02)
    pid = machine.do("systemctl show -p MainPID --value porchlight-wipe")
    before = left(machine)
    machine.do("apt-get -qq -y install /debs/porchlight.deb /debs/porchlight-page.deb "
               "/debs/porchlight-registrar.deb")
    print(f"{machine.suite}: {before} files were left when the upgrade began, {left(machine)} at its end")
    wait.until(lambda: not machine.path("/srv/decoys/papers").exists(),
               lambda: host.journal("porchlight-wipe"), 120)
    # Whatever the old program called it: it did not look at what is below, and the new one was not there.
    wait.until(lambda: "worst result: unverified" in machine.run("porchlight wipe --status")[1],
               lambda: machine.run("porchlight wipe --status"), 60)
    assert machine.do("systemctl show -p MainPID --value porchlight-wipe") != pid
    assert host.status()["state"] == "lockdown"
    assert machine.do("systemctl list-units --failed --plain --no-legend 'porchlight*'") == ""


def test_an_unattended_upgrade_would_have_waited(host, machine):
    """The alert is open still."""
    assert machine.run("porchlight idle")[0] == 1
    machine.do("systemctl start apt-daily-upgrade.service; true")
    assert machine.do("systemctl show -p Result --value apt-daily-upgrade.service") == \
        "exec-condition\n"
