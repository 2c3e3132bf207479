"""Brokers that are not there, not ours, not modern: each is named, none is trusted, and what was
pressed meanwhile arrives once."""

import pytest

from tests.kit import gate, pki, wait
from tests.kit.broker import RIGHTS
from tests.kit.kiosk import FAST, Kiosk


def fault(kiosk, i=0):
    return kiosk.status()["brokers"][i]["fault"]


def test_a_broker_that_comes_later_gets_the_alert_once(kiosk):
    broker = kiosk.brokers[0]
    broker.stop()
    kiosk.start(connected=False)
    kiosk.wires().hold(0.4)
    wait.until(lambda: fault(kiosk) == "route", lambda: f"the fault: {kiosk.status()}")
    broker.start()
    member = kiosk.member()
    # Whether the member or the kiosk came first, the state says which alert is active.
    member.wait("state", "state", state="lockdown")
    wait.until(kiosk.connected, "the kiosk's connection")
    wait.never(lambda: len({r.body["id"] for r in member.all("lockdown", "alert")}) > 1,
               "two alerts of one press", 0.5)


def test_a_broker_that_restarts_is_found_again(kiosk):
    kiosk.start()
    broker = kiosk.brokers[0]
    broker.kill()
    wait.until(lambda: not kiosk.connected(), "that the kiosk notices")
    broker.start()
    wait.until(kiosk.connected, lambda: f"connection: {kiosk.status()}")
    member = kiosk.member()
    kiosk.wires().hold(0.4)
    member.wait("lockdown", "alert")


@pytest.mark.parametrize("user", ["an id of Porchlight's", "door"])
def test_the_client_id_is_the_accounts_name_if_that_is_an_id_and_else_the_kiosks(kiosk, user):
    """A broker may bind the account to it, or name the account's queues after it."""
    broker = kiosk.brokers[0]
    if user == "door":
        broker.stop()
        broker.account("kiosk", "door", broker.accounts[kiosk.account][1]).start()
        kiosk.change({"broker b0": {"user": "door"}})
    kiosk.start()
    assert f" as {kiosk.id if user == 'door' else kiosk.account} " in broker.said()


def certificate(kiosk, case):
    if case == "another authority":
        other = pki.Authority(kiosk.folder / "other")
        return other.server("broker")
    return kiosk.authority.server("elsewhere", hosts=("DNS:elsewhere.example",))


@pytest.mark.parametrize("case", ["another authority", "another host"])
def test_a_certificate_that_is_not_right_is_refused(case):
    kiosk = Kiosk(conf=FAST)
    kiosk.brokers[0].certificate = certificate(kiosk, case)
    with kiosk:
        kiosk.start(connected=False)
        wait.until(lambda: fault(kiosk) == "tls", lambda: f"the fault: {kiosk.status()}")
        assert "certificate" in kiosk.status()["brokers"][0]["error"]
        kiosk.wires().hold(0.4)
        wait.until(lambda: kiosk.status()["state"] == "lockdown", "lockdown on site")
        assert not kiosk.connected()
        assert f"as {kiosk.account}" not in kiosk.brokers[0].said()


def test_a_wrong_password_is_named(kiosk):
    (kiosk.credentials / "broker-b0").write_text("a guess\n")
    kiosk.start(connected=False)
    wait.until(lambda: fault(kiosk) == "credentials", lambda: f"the fault: {kiosk.status()}")


def test_a_host_that_does_not_resolve_is_named():
    with Kiosk(conf={**FAST, "broker b0": {"host": "nowhere.invalid"}}) as kiosk:
        kiosk.start(connected=False)
        wait.until(lambda: fault(kiosk) == "dns", lambda: f"the fault: {kiosk.status()}", 20)


@pytest.mark.parametrize("refusal", [gate.REFUSAL_311, gate.REFUSAL_5],
                         ids=["as 3.1.1 says it", "as 5 says it"])
def test_a_broker_without_mqtt_5_is_spoken_to_in_3_1_1(kiosk, refusal):
    before = gate.Gate(kiosk.brokers[0], kiosk.brokers[0].certificate, refusal)
    kiosk.change({"broker b0": {"port": before.port}})
    kiosk.start()
    assert before.levels == [5, 4]
    assert kiosk.status()["brokers"][0]["mqtt"] == "3.1.1"
    member = kiosk.member()
    kiosk.wires().hold(0.4)
    member.wait("lockdown", "alert")
    before.close()


def only_alert(member, within=10):
    """The alert's id, after a while in which a second one could have come."""
    member.wait("lockdown", "alert", within=within)
    wait.never(lambda: len({r.body["id"] for r in member.all("lockdown", "alert")}) > 1,
               "two alerts of one press", 0.5)
    return member.all("lockdown", "alert")[0].body["id"]


def test_an_alert_that_the_broker_denies_is_named_and_comes_once_it_is_let_through(kiosk, monkeypatch):
    monkeypatch.setitem(RIGHTS, "mute", [r for r in RIGHTS["kiosk"] if r != "write alert"])
    kiosk.start()  # its broker serves, and so receives signals
    broker = kiosk.brokers[0]
    broker.role(kiosk.account, "mute")
    member = kiosk.member()
    kiosk.wires().hold(0.4)
    wait.until(lambda: fault(kiosk) == "rights", lambda: f"the fault: {kiosk.status()}", 30)
    assert kiosk.status()["pending"] == 1
    assert not member.all("lockdown", "alert")
    broker.role(kiosk.account, "kiosk")
    only_alert(member, 30)
    wait.until(lambda: kiosk.status()["pending"] == 0, lambda: f"{kiosk.status()}", 30)


def test_an_alert_that_is_not_acknowledged_is_sent_again(kiosk):
    before = gate.Swallower(kiosk.brokers[0], kiosk.brokers[0].certificate, count=0)
    kiosk.change({"broker b0": {"port": before.port}})
    kiosk.start()
    member = kiosk.member()
    wait.until(lambda: member.all("beat"), "a beat")
    before.left = 1000  # those of other messages too
    kiosk.wires().hold(0.4)
    wait.until(lambda: len(before.levels) > 1, "another connection", 60)
    before.left = 0
    wait.until(lambda: kiosk.status()["pending"] == 0, lambda: f"{kiosk.status()}", 60)
    only_alert(member)
    before.close()
