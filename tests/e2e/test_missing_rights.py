"""The handbook's table of rights is topics.c's own; and a kiosk with one right less does what can be done
without it, and says what cannot."""

import pytest

from tests.kit import doctor, process, wait
from tests.kit.broker import RIGHTS
from tests.kit.fake_broker import Dialect, FakeBroker
from tests.kit.kiosk import FAST, Kiosk
from tests.kit.place import ROOT, program


def test_the_handbooks_table_is_the_programs():
    table = process.run([program("porchlight"), "rights", "table"]).stdout
    assert table.count("\n") > 10
    assert table in (ROOT / "kiosk/handbook/broker-rights.md").read_text()


# mosquitto refuses no subscription for its file of rights; test_dialects.py has those that do.
@pytest.mark.parametrize("right", [r for r in RIGHTS["kiosk"]
                                   if "write" in r and not r.endswith("+")])
def test_a_right_that_is_missing_is_named_and_the_alert_leaves_if_it_may(right, monkeypatch):
    monkeypatch.setitem(RIGHTS, "less", [r for r in RIGHTS["kiosk"] if r != right])
    kiosk = Kiosk(conf={**FAST, "wipe": {"enabled": "no"}})
    accounts = kiosk.brokers[0].accounts
    accounts[kiosk.account] = ("less", accounts[kiosk.account][1])
    with kiosk:
        kiosk.start()
        member = kiosk.member()
        kiosk.wires().hold(0.4)
        if right != "write alert":
            member.wait("lockdown", "alert")
        kiosk.wires().set("entrance", True)  # a notice

        def named():
            status = kiosk.status()
            return (status["brokers"][0]["connected"] and status["cue"] & 0xa0 and
                    status["brokers"][0]["fault"] in ("rights", "beat"))
        wait.until(named, lambda: f"{kiosk.status()}")
        expected = "denied" if right == "write alert" else "handed over"
        wait.until(lambda: kiosk.status()["alert"]["delivery"] == expected, lambda: f"{kiosk.status()}")
        found = doctor.ask(kiosk.prefix)["broker"]["b0, porchlightd"]
        assert found.verdict == "failure", found


@pytest.mark.parametrize("right", ["readwrite presence", "readwrite state", "write text"])
def test_at_a_plain_venue_a_right_that_is_missing_costs_no_alert(right, monkeypatch):
    """The text is an extra: nothing but the log names it. The others are named where staff look."""
    monkeypatch.setitem(RIGHTS, "less", [r for r in RIGHTS["plain kiosk"] if r != right])
    kiosk = Kiosk(conf={**FAST, "wipe": {"enabled": "no"}}, plain=True)
    accounts = kiosk.brokers[0].accounts
    accounts[kiosk.account] = ("less", accounts[kiosk.account][1])
    topic = right.split()[1]
    with kiosk:
        kiosk.start()
        phone = kiosk.member()
        kiosk.wires().hold(0.4)
        phone.wait("lockdown", "alert")
        wait.until(lambda: kiosk.status()["alert"]["delivery"] == "handed over", kiosk.status)
        wait.until(lambda: f"it refuses {kiosk.place}/{topic} " in kiosk.daemon.said(), kiosk.daemon.said)
        broker = kiosk.status()["brokers"][0]
        found = doctor.ask(kiosk.prefix)["broker"]["b0, porchlightd"]
        assert broker["connected"] and len(phone.all("lockdown", "alert")) == 1
        if topic == "text":
            assert broker["fault"] == "fine" and found.verdict == "ok", found
        else:
            assert broker["fault"] == "rights" and kiosk.status()["cue"] & 0x80
            assert found.verdict == "failure" and topic in found.said, found


# RabbitMQ does so while a phone's node is dead.
@pytest.mark.parametrize("topic", ["state", "presence", "staff"])
def test_what_a_broker_refused_once_is_named_until_it_takes_it(topic):
    kiosk = Kiosk(conf={**FAST, "wipe": {"enabled": "no"}})
    kiosk.brokers = []
    bad = {topic}
    broker = FakeBroker(kiosk.authority.server("fake"), Dialect(
        puback=lambda c, name, qos, retain: 0x83 if qos and name.split("/")[3] in bad else 0))
    kiosk.change({"broker b0": {"host": "localhost", "port": broker.port}})
    with kiosk:
        kiosk.start(connected=False)
        kiosk.wires().hold(0.4)
        wait.until(lambda: kiosk.status()["brokers"][0]["fault"] == "broker", kiosk.status, 30)
        assert f"/{topic}: " in kiosk.status()["brokers"][0]["error"]
        bad.clear()
        wait.until(lambda: kiosk.status()["brokers"][0]["fault"] == "fine", kiosk.status, 30)
        assert kiosk.status()["brokers"][0]["losses"] == "", kiosk.status()
        wait.until(lambda: "it takes " in kiosk.daemon.said(), kiosk.daemon.said)
        assert len(broker.all("connect")) == 1, "on the same connection"
    broker.close()
