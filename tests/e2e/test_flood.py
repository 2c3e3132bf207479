"""Budgets: a flood by one account costs that account alone, every phone of an honest crowd is counted, and a broker
that comes and goes fills neither the log nor the network."""

import secrets
import threading
import time
from collections import Counter

import pytest

from tests.kit import wait
from tests.kit.fake_broker import Dialect, FakeBroker
from tests.kit.kiosk import FAST, Kiosk
from tests.kit.member import Member, enlist


@pytest.fixture
def served():
    """(kiosk, fake broker), with the pauses of a real kiosk."""
    kiosk = Kiosk(conf=FAST)
    kiosk.brokers = []
    broker = FakeBroker(kiosk.authority.server("fake"), Dialect())
    kiosk.change({"broker b0": {"host": "localhost", "port": broker.port}})
    with kiosk:
        yield kiosk, broker
    broker.close()


def looked_at(kiosk):
    status = kiosk.status()
    return status["refused"], status["brokers"][0]["dropped"]


def test_a_flood_by_one_account_costs_that_account_alone(served):
    kiosk, broker = served
    kiosk.start()
    wait.until(lambda: broker.all("subscribe"), "its subscriptions")
    wait.until(lambda: broker.publications("beat"), "its beat")
    flood, crowd = secrets.token_hex(8), [secrets.token_hex(8) for _ in range(120)]
    began = time.monotonic()
    for i in range(1200):
        broker.give(f"{kiosk.place}/ack/{flood}", b"x" * 40)
        if i % 10 == 0:
            broker.give(f"{kiosk.place}/ack/{crowd[i // 10]}", b"x" * 40)
    wait.until(lambda: sum(looked_at(kiosk)) == 1320, lambda: f"all: {looked_at(kiosk)}")
    refused, dropped = looked_at(kiosk)
    # Of the flood: a burst of 8, and one a second.
    assert 120 < refused <= 120 + 8 + time.monotonic() - began + 1, "all of the crowd was looked at"
    assert kiosk.daemon.said().count("too many messages") == 1
    assert kiosk.status()["brokers"][0]["connected"]
    shown = kiosk.cli("status").stdout
    assert f"{dropped} messages were too many" in shown


def test_a_thousand_commands_of_one_account_hold_up_no_others(served):
    kiosk, broker = served
    kiosk.start()
    wait.until(lambda: broker.publications("beat"), "its beat")
    for _ in range(1000):
        broker.give(f"{kiosk.place}/command/{'ab' * 8}", b"x" * 40)
    broker.give(f"{kiosk.place}/command/{'cd' * 8}", b"x" * 40)
    broker.give(f"{kiosk.place}/ack/{'cd' * 8}", b"x" * 40)
    wait.until(lambda: sum(looked_at(kiosk)) == 1002, lambda: f"all: {looked_at(kiosk)}")
    assert looked_at(kiosk)[0] >= 10, "eight of the flood, and both of the other"


def test_in_a_flood_answers_of_others_count_and_a_staff_phone_is_obeyed():
    """Through a real broker, which takes all of it."""
    kiosk, honest = Kiosk(conf=FAST), {secrets.token_hex(8): secrets.token_hex(12) for _ in range(8)}
    for account, password in honest.items():
        kiosk.brokers[0].account("member", account, password)
    with kiosk:
        enlist(kiosk.state, {account: "member" for account in honest})
        kiosk.start()
        flooder, stop = kiosk.member(), threading.Event()
        phones = [Member(kiosk.brokers[0], *one, kiosk.keys) for one in honest.items()]
        kiosk.mailboxes += phones

        def flood():
            while not stop.wait(0.02):
                for _ in range(10):
                    flooder.client.publish(f"{kiosk.place}/ack/{flooder.account}", b"x" * 768)
        thread = threading.Thread(target=flood)
        thread.start()
        try:
            wait.until(lambda: looked_at(kiosk)[1] > 100, "that the flood is over its budget")
            kiosk.wires().hold(0.4)
            alert = phones[0].wait("lockdown", "alert").body["id"]
            for phone in phones:
                phone.answer(alert, "safe")
            wait.until(lambda: kiosk.status()["safe"] == len(phones), lambda: f"all of them: {kiosk.status()}")
            assert kiosk.staff_command("all-clear").returncode == 0
        finally:
            stop.set()
            thread.join()


@pytest.mark.parametrize("dialect", [Dialect(lasts=0.1), Dialect(connack=lambda c: 0x88)],
                         ids=["hangs up after CONNACK", "refuses"])
def test_a_broker_that_comes_and_goes_is_bounded(dialect):
    kiosk = Kiosk(conf=FAST, scaled=False)
    kiosk.brokers = []
    broker = FakeBroker(kiosk.authority.server("fake"), dialect)
    kiosk.change({"broker b0": {"host": "localhost", "port": broker.port}})
    with kiosk:
        kiosk.start(connected=False)
        time.sleep(15)
        assert len(broker.all("connect")) <= 12
        said = [line for line in kiosk.daemon.said().splitlines() if "broker b0" in line]
        # One line a state, with counts; on a busy machine it is cut at one step and at another.
        assert len(said) <= 10 and max(Counter(said).values()) <= 2, said
        kiosk.wires().hold(0.4)  # a press ends the pause
        wait.until(lambda: len(broker.all("connect")) > 3, "another attempt", 10)
    broker.close()


def wakeups_of_loop(kiosk):
    """How often the main loop has slept, which every broker and line shares."""
    pid = kiosk.daemon.pid
    return next(int(line.split()[1]) for line in open(f"/proc/{pid}/task/{pid}/status", encoding="ascii")
                if line.startswith("voluntary_ctxt_switches"))


def test_a_broker_that_denies_all_of_it_is_asked_now_and_then(served):
    kiosk, broker = served
    broker.dialect = Dialect(suback=lambda c, topic, qos: 0x87, puback=lambda c, topic, qos, retain: 0x87)
    kiosk.start()
    kiosk.wires().hold(0.4)
    beats = len(broker.publications("beat"))
    wait.until(lambda: len(broker.publications("beat")) > beats + 15, "fifteen beats", 60)
    assert len(broker.all("connect")) == 1
    assert len(broker.publications("alert")) <= 6, "five seconds between two tries"
    topics = Counter(what["topic"] for what in broker.all("subscribe"))
    assert max(topics.values()) <= 2, topics
    said = [line for line in kiosk.daemon.said().splitlines() if "broker b0" in line]
    assert max(Counter(said).values()) == 1, said


def test_a_flood_beyond_the_budget_does_not_reach_the_loop(served):
    kiosk, broker = served
    kiosk.start()
    wait.until(lambda: broker.publications("beat"), "its beat")
    before, flood = wakeups_of_loop(kiosk), 20000
    for _ in range(flood):
        broker.give(f"{kiosk.place}/ack/{'ab' * 8}", b"x" * 40)
    wait.until(lambda: sum(looked_at(kiosk)) == flood, lambda: f"all: {looked_at(kiosk)}", 60, every=0.5)
    assert wakeups_of_loop(kiosk) - before < flood / 20, "once for each that is looked at, and for the report"
