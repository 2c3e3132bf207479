"""Names as people write them, and what DNS servers make of them: whatever one family's answer is, the
other's is used."""

import socket

import pytest

from tests.faults.island import Island
from tests.faults.link import FOUR, SIX, Hole, Link
from tests.kit import wait
from tests.kit.kiosk import FAST, TIMING
from tests.kit.slow_dns import AAAA, GARBAGE, MUTE, NXDOMAIN, REFUSED, SERVFAIL, TRUNCATED, A, SlowDns

HERE, THERE = ["127.0.0.1"], ["::1"]
DEAD = [f"fd00::{n}" for n in range(1, 6)]
ANSWERS = {
    "AAAA alone": ({A: [], AAAA: THERE}, SIX),
    "no such name for A, an address for AAAA": ({A: NXDOMAIN, AAAA: THERE}, SIX),
    "a failure for A, an address for AAAA": ({A: SERVFAIL, AAAA: THERE}, SIX),
    "nothing for A, an address for AAAA": ({A: MUTE, AAAA: THERE}, SIX),
    "an address for A, a failure for AAAA": ({A: HERE, AAAA: SERVFAIL}, FOUR),
    "an address for A, AAAA refused": ({A: HERE, AAAA: REFUSED}, FOUR),
    "an address for A, no such name for AAAA": ({A: HERE, AAAA: NXDOMAIN}, FOUR),
    "an address for A, bytes that are no answer for AAAA": ({A: HERE, AAAA: GARBAGE}, FOUR),
    "A cut short, whole by TCP": ({A: TRUNCATED, AAAA: []}, FOUR),
    "both cut short": ({A: TRUNCATED, AAAA: TRUNCATED}, FOUR),
    "five dead addresses for AAAA": ({A: HERE, AAAA: DEAD}, FOUR),
    "0.0.0.0 for A, as filters answer, an address for AAAA": ({A: ["0.0.0.0"], AAAA: THERE}, SIX),
    "an address for A that refuses, and a good one": ({A: ["127.9.9.9", *HERE], AAAA: []}, FOUR),
}


def reached(host, names, answers, family):
    """Whether porchlightd connects to the broker by this name; a fault otherwise."""
    kiosk = Island("n", conf=FAST)
    kiosk.brokers[0].certificate = kiosk.authority.server("named", hosts=names)
    dns, link = SlowDns(answers=answers), Link(kiosk.brokers[0].port, (FOUR, SIX))
    link.only(family)
    (kiosk.net / "resolv.conf").write_text(f"nameserver {dns.address}\n")
    kiosk.change({"broker b0": {"host": host, "port": link.port}})
    try:
        with kiosk:
            kiosk.start(connected=False)
            wait.until(kiosk.connected, lambda: f"{kiosk.status()['brokers'][0]}", 40)
            assert kiosk.status()["brokers"][0]["fault"] == "fine"
    finally:
        dns.close()
        link.close()


@pytest.mark.parametrize("case", ANSWERS)
def test_one_familys_answer_is_enough(case):
    reached("broker.test", ["DNS:broker.test"], *ANSWERS[case])


def named_sixth(kiosk, port):
    """The broker's name has five addresses before the good one."""
    dns = SlowDns(answers={A: [f"127.9.9.{n}" for n in range(1, 6)] + HERE, AAAA: []})
    (kiosk.net / "resolv.conf").write_text(f"nameserver {dns.address}\n")
    kiosk.change({"broker b0": {"host": "broker.test", "port": port}})
    return dns


def test_five_addresses_that_swallow_all_hold_up_a_sixth_only_once():
    """Each would take 30 s by itself. When the connection is lost, the good one is tried first, and they not."""
    kiosk = Island("n", conf={**FAST, "timing": {**TIMING, "probe": "30s"}})
    kiosk.brokers[0].certificate = kiosk.authority.server("named", hosts=["DNS:broker.test", "DNS:localhost"])
    link = Link(kiosk.brokers[0].port)
    holes = [Hole(f"127.9.9.{n}", link.port) for n in range(1, 6)]
    dns = named_sixth(kiosk, link.port)
    try:
        with kiosk:
            kiosk.start(connected=False)
            wait.until(kiosk.connected, lambda: f"{kiosk.status()['brokers'][0]}", 28)
            assert "not connected" not in kiosk.daemon.said(), "one attempt, in which all are raced"
            for hole in holes:
                hole.take()
            member = kiosk.member()
            link.reset()
            wait.until(lambda: not kiosk.connected() or "not connected" in kiosk.daemon.said(), "the loss")
            kiosk.wires().hold(0.4)
            member.wait("lockdown", "alert")
            wait.until(kiosk.connected, "the connection")
            assert not [hole for hole in holes if hole.taken], "they were tried again"
    finally:
        for made in (dns, link, *holes):
            made.close()


def test_five_addresses_that_take_the_connection_and_say_nothing_hold_up_a_sixth_for_moments():
    """One alone is given 10 s, and why it is silent is looked into."""
    kiosk = Island("n", conf=FAST)
    kiosk.brokers[0].certificate = kiosk.authority.server("named", hosts=["DNS:broker.test"])
    link = Link(kiosk.brokers[0].port)
    silent = [socket.create_server((f"127.9.9.{n}", link.port)) for n in range(1, 6)]
    dns = named_sixth(kiosk, link.port)
    try:
        with kiosk:
            kiosk.start(connected=False)
            wait.until(kiosk.connected, lambda: f"{kiosk.status()['brokers'][0]}", 20)
            assert "not connected" not in kiosk.daemon.said(), "one attempt, address by address"
    finally:
        for made in (dns, link, *silent):
            made.close()


@pytest.mark.parametrize("host", ["broker.test.", "BROKER.Test", "bröker.test", "xn--brker-kua.test",
                                  "БРОКЕР.test"])
def test_a_name_is_taken_as_people_write_it(host):
    certified = {"bröker.test": "xn--brker-kua.test", "БРОКЕР.test": "xn--90aiopjd.test"}
    name = certified.get(host, host.lower().rstrip("."))
    reached(host, [f"DNS:{name}"], {A: HERE, AAAA: []}, FOUR)


def test_what_dns_answers_is_named():
    kiosk = Island("n", conf=FAST)
    dns = SlowDns(answers={A: NXDOMAIN, AAAA: NXDOMAIN})
    (kiosk.net / "resolv.conf").write_text(f"nameserver {dns.address}\n")
    kiosk.change({"broker b0": {"host": "broker.test"}})
    with kiosk:
        kiosk.start(connected=False)
        # c-ares 1.18 has one answer for both failures, 1.34 one for each.
        blocks = "DNS blocks the name"
        for how, said in ((["0.0.0.0"], blocks), (NXDOMAIN, "no DNS server knows"), (SERVFAIL, "look this name up"),
                          (NXDOMAIN, "no DNS server knows"), (REFUSED, "look this name up")):
            dns.answers = {A: how, AAAA: [] if said == blocks else how}
            wait.until(lambda: said in (kiosk.status()["brokers"][0]["error"] or ""),
                       lambda: f"{said}: {kiosk.status()['brokers'][0]['error']}", 40)
    dns.close()
