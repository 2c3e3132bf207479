"""The machine outside the venue, in a clean Debian 12 and 13 that was booted: what set-up and
`porchlight relay` make to be carried there, put in place by their own scripts, under Debian's own
mosquitto and nginx. The kiosk is on the same machine, and reaches it as one outside."""

import pytest

from tests.deb.host import ETC, ROOT_KEY, Host
from tests.kit import wait


@pytest.fixture(scope="module", name="host")
def new_host(machine):
    made = Host(machine)
    machine.put("/etc/hosts", "127.0.0.1 localhost")
    machine.do("apt-get -qq -y install /debs/porchlight.deb /debs/porchlight-page.deb "
               "/debs/porchlight-relay.deb /debs/porchlight-registrar.deb")
    machine.do("porchlight setup --answers "
               + made.answer(broker="elsewhere", outside="localhost", drill="no"))
    yield made
    made.close()


def test_the_broker_is_put_in_place(host, machine):
    said = machine.do(f"{ETC}/outside/install.sh")
    assert "Delete this folder" in said
    machine.do(f"rm -r {ETC}/outside")
    broker, = host.connected()["brokers"]
    assert broker["outside"]
    assert machine.inside(host.page) == machine.do("cat /usr/share/porchlight/page/index.html")


def test_the_relay_is_put_in_place(host, machine):
    machine.do(f"porchlight relay --root {ROOT_KEY} /root/relay")
    assert "Delete this folder" in machine.do("/root/relay/install.sh")
    wait.until(lambda: "connected" in host.journal("porchlight-relay"),
               lambda: host.journal("porchlight-relay"), 60)
    assert machine.do("systemctl show -p NRestarts --value porchlight-relay") == "0\n"


def test_a_press_is_handed_over_there(host, machine):
    phone = host.invite()
    host.hold()
    phone.wait("lockdown", "alert", drill=False, within=30)
    host.answers_with(lambda s: s["alert"]["handed_over"], "hand-over")
    assert machine.do("systemctl list-units --failed --plain --no-legend") == ""
