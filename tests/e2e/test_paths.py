"""What is wrong with the way to a broker is named, and a wrong clock stops nothing."""

import json
import socket
import threading
import time

import pytest

from tests.faults.link import SIX, Link
from tests.kit import record, wait
from tests.kit.broker import RIGHTS, free_port
from tests.kit.clock import UNSET, start_at
from tests.kit.kiosk import FAST, Kiosk



def fault_of(kiosk, i=0):
    return kiosk.status()["brokers"][i]["fault"]


def says(kiosk, fault, i=0):
    return wait.until(lambda: fault_of(kiosk, i) == fault,
                      lambda: f"fault {fault}; status has {kiosk.status()['brokers'][i]}", 15)


class Portal:
    """A captive portal: takes every connection and answers in HTTP."""

    def __init__(self):
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                client, _ = self._listener.accept()
                client.recv(4096)
                client.sendall(b"HTTP/1.1 302 Found\r\nLocation: http://portal/\r\n\r\n")
                client.close()
            except OSError:
                return

    def close(self):
        self._listener.close()


@pytest.mark.parametrize("fault, change", [
    ("dns", {"host": "no-such-broker.invalid"}),
    ("route", {"port": "CLOSED"}),
    ("portal", {"port": "PORTAL"}),
    ("tls", {"ca": "OTHER"}),
    ("credentials", {"user": "somebody-else"}),
])
def test_what_is_wrong_is_named(fault, change):
    portal = Portal()
    with Kiosk(conf=FAST) as kiosk, Kiosk(conf=FAST) as other:
        values = {"CLOSED": free_port(), "PORTAL": portal.port, "OTHER": other.authority.pem}
        kiosk.change({"broker b0": {k: values.get(v, v) for k, v in change.items()}})
        kiosk.start(connected=False)
        says(kiosk, fault)
        assert kiosk.status()["cue"] & 32, "no path is a cue"
    portal.close()


def test_a_beat_that_does_not_come_back_is_named(monkeypatch):
    monkeypatch.setitem(RIGHTS, "deaf", [r.replace("readwrite beat", "write beat")
                                         for r in RIGHTS["kiosk"]])
    kiosk = Kiosk(conf=FAST)
    accounts = kiosk.brokers[0].accounts
    accounts[kiosk.account] = ("deaf", accounts[kiosk.account][1])
    with kiosk:
        kiosk.start()
        says(kiosk, "beat")
        wait.until(kiosk.connected, "the client built again")
        member = kiosk.member()
        kiosk.wires().hold(0.4)
        member.wait("lockdown", "alert")
        assert "rights" in kiosk.status()["brokers"][0]["error"]


def wrongly_named(kiosk):
    kiosk.brokers[0].certificate = kiosk.authority.server("wrong", hosts=("DNS:elsewhere.test",))
    return kiosk


def test_a_certificate_of_another_name_is_refused():
    with wrongly_named(Kiosk(conf=FAST)) as kiosk:
        kiosk.start(connected=False)
        says(kiosk, "tls")


def test_a_broken_path_holds_up_no_other():
    with Kiosk(conf=FAST, brokers=2) as kiosk:
        kiosk.change({"broker b0": {"host": "no-such-broker.invalid"}})
        kiosk.start(connected=False)
        wait.until(lambda: kiosk.status()["brokers"][1]["connected"], "the other broker")
        member = kiosk.member(broker=1)
        assert not kiosk.status()["brokers"][0]["connected"]
        began = time.monotonic()
        kiosk.wires().hold(0.4)
        assert member.wait("lockdown", "alert").aged_since(began)


def test_ipv6_alone_is_enough():
    kiosk = Kiosk(conf=FAST)
    kiosk.brokers[0].certificate = kiosk.authority.server(
        "six", hosts=("DNS:localhost", "IP:::1", "IP:127.0.0.1"))
    with kiosk:
        link = Link(kiosk.brokers[0].port, families=(SIX,))
        kiosk.change({"broker b0": {"host": "::1", "port": link.port}})
        kiosk.start()
        member = kiosk.member()
        kiosk.wires().hold(0.4)
        member.wait("lockdown", "alert")
        link.close()


def test_a_clock_that_was_never_set_connects_and_says_so(kiosk):
    start_at(kiosk, UNSET)
    member = kiosk.member()
    began = time.monotonic()
    kiosk.wires().hold(0.4)
    got = member.wait("lockdown", "alert")
    assert got.body["at"] is None and got.aged_since(began)
    assert kiosk.status()["clock_set"] is False


def test_a_clock_that_was_never_set_still_wants_the_right_name():
    with wrongly_named(Kiosk(conf=FAST)) as kiosk:
        with pytest.raises(AssertionError):
            start_at(kiosk, UNSET, 8)
        says(kiosk, "tls")


def test_a_resumed_alert_keeps_its_id_and_says_its_age(kiosk):
    kiosk.start()
    member = kiosk.member()
    began = time.monotonic()
    kiosk.wires().hold(0.4)
    first = member.wait("lockdown", "alert")
    kiosk.daemon.kill()
    kiosk.start()
    again = member.wait("lockdown", "alert", resumed=True)
    assert again.body["id"] == first.body["id"]
    assert again.body["epoch"] > first.body["epoch"]
    assert again.aged_since(began - 1)  # its record has whole seconds
    assert json.loads(kiosk.cli("status", "--json").stdout)["state"] == "lockdown"


@pytest.mark.parametrize("size", [56, 236])
def test_a_record_in_a_clocks_memory_outlives_the_plug(kiosk, size):
    """A cell as the kernel shows it: a file of so many bytes, that cannot grow."""
    cell = kiosk.folder / "sys/bus/nvmem/devices/rtc0/nvmem"
    cell.parent.mkdir(parents=True)
    cell.write_bytes(b"\xff" * size)
    cell.chmod(0o600)
    kiosk.change({"kiosk": {"record": "nvmem:rtc0"}})
    kiosk.start()
    member = kiosk.member()
    kiosk.wires().hold(0.4)
    first = member.wait("lockdown", "alert")
    kiosk.daemon.kill()
    kiosk.start()
    assert kiosk.status()["state"] == "lockdown"
    again = member.wait("lockdown", "alert", resumed=True)
    assert again.body["id"] == first.body["id"] and again.body["epoch"] > first.body["epoch"]
    assert len(cell.read_bytes()) == size and not kiosk.status()["record_fault"]
    assert not (kiosk.state / "record").exists()  # only what staff are sent, which they alone open
    box = (kiosk.state / "staff-box").read_bytes()
    newest = max((box[:record.SLOT], box[record.SLOT:]), key=lambda s: s[38:42])
    assert newest[:14] == b"PLR2" + bytes(8) + bytes([record.QUIET, 64])  # it has a box
    kiosk.daemon.kill()
    cell.write_bytes(b"PLc1" + cell.read_bytes()[4:])  # as if a vault's key were there
    before = cell.read_bytes()
    kiosk.start()
    assert kiosk.status()["record_fault"] and "vault's key" in kiosk.daemon.said()
    assert cell.read_bytes() == before


def test_a_kiosk_found_in_the_seventies_resumes_without_an_age(kiosk):
    kiosk.start()
    member = kiosk.member()
    kiosk.wires().hold(0.4)
    first = member.wait("lockdown", "alert")
    kiosk.daemon.kill()
    (kiosk.run / "control.sock").unlink()
    start_at(kiosk, UNSET)
    again = member.wait("lockdown", "alert", resumed=True)
    assert again.body["id"] == first.body["id"] and again.body["age_ms"] is None
