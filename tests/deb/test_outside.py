"""The machine outside the venue, in a clean Debian 12 and 13 that was booted: what set-up and
`porchlight outside` make to be carried there, put in place by their installer, under Debian's own
mosquitto and nginx. The kiosk is on the same machine, and reaches it as one outside."""

import pytest

from tests.deb.host import ETC, ROOT_KEY, Host


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


def test_one_installer_puts_all_of_it_in_place(host, machine):
    """And looks at each part: the units run, the page is served, the relay is connected."""
    machine.do(f"porchlight outside --root {ROOT_KEY} /root/outside")
    said = machine.do("sh /root/outside/install.sh --own-certificate 2>&1")
    parts = [line.split()[0] for line in said.splitlines() if line.endswith(" in order")]
    assert parts == ["broker", "registrar", "page", "phones", "relay", "name"], said
    assert "All parts run. Delete this folder" in said
    machine.do(f"rm -r /root/outside {ETC}/outside")
    broker, = host.connected()["brokers"]
    assert broker["outside"]
    assert machine.inside(host.page) == machine.do("cat /usr/share/porchlight/page/index.html")
    assert machine.do("systemctl show -p NRestarts --value porchlight-relay") == "0\n"


def test_a_press_is_handed_over_there(host, machine):
    phone = host.invite()
    host.hold()
    phone.wait("lockdown", "alert", drill=False, within=30)
    host.answers_with(lambda s: s["alert"]["handed_over"], "hand-over")
    assert machine.do("systemctl list-units --failed --plain --no-legend") == ""
