"""One broker each that is dead, a black hole, slow to find, refusing and flapping hold up nothing: the
good one has the alert while the first attempts at the bad ones still hang. And look-ups that are slow or
partial end well."""

import pytest

from tests.faults.island import Island
from tests.faults.link import BLACKHOLE, Link
from tests.kit import wait
from tests.kit.broker import free_port
from tests.kit.fake_broker import Dialect, FakeBroker
from tests.kit.kiosk import FAST, TIMING
from tests.kit.slow_dns import AAAA, SlowDns

HOLD = 0.3  # FAST


def resolver(kiosk, dns):
    (kiosk.net / "resolv.conf").write_text(f"nameserver {dns.address}\n")


def pressed(kiosk, member):
    """Seconds from the complete gesture until a member has the alert."""
    began = kiosk.wires().hold(HOLD + 0.1)
    return member.wait("lockdown", "alert").at - began / 1e9 - HOLD


def alone():
    with Island("s", conf=FAST) as kiosk:
        kiosk.start()
        return pressed(kiosk, kiosk.member())


def test_five_bad_brokers_hold_up_nothing():
    kiosk = Island("s", conf={**FAST, "timing": {**TIMING, "probe": "20s"}})
    dns = SlowDns(late=60)
    resolver(kiosk, dns)
    certificate = kiosk.authority.server("fake")
    hole = Link(kiosk.brokers[0].port)
    hole.set(BLACKHOLE)
    refusing = FakeBroker(certificate, Dialect(connack=lambda c: 0x87))
    flapping = FakeBroker(certificate, Dialect(lasts=0.3))
    ports = {"dead": free_port(), "hole": hole.port, "slow": kiosk.brokers[0].port,
             "refusing": refusing.port, "flapping": flapping.port}
    good = kiosk.conf.pop("broker b0")
    for name, port in ports.items():
        host = {"slow": "broker.test", "hole": "127.0.0.1"}.get(name, "localhost")
        kiosk.conf[f"broker {name}"] = {**good, "host": host, "port": port}
    kiosk.change({"broker good": {**good, "host": "127.0.0.1"}})

    def one(name):
        return next(b for b in kiosk.status()["brokers"] if b["name"] == name)
    try:
        with kiosk:
            kiosk.start(connected=False)
            wait.until(lambda: one("good")["connected"], lambda: f"the good one: {kiosk.status()}")
            wait.until(lambda: one("dead")["fault"] == "route" and
                       one("refusing")["fault"] == "credentials" and
                       len(flapping.all("connect")) > 1 and dns.asked,
                       lambda: f"each fault named: {kiosk.status()}")
            took = pressed(kiosk, kiosk.member())
            ended = [name for name in ("hole", "slow") if f"broker {name}: not connected" in
                     kiosk.daemon.said()]
            assert not ended, f"the alert waited until the first attempt at {ended} had ended"
            wait.until(lambda: kiosk.status()["alert"]["handed_over"], "the hand-over")
            wait.until(lambda: flapping.publications("alert"), "the alert at the flapping one too")
            print(f"gesture to member: {took * 1000:.1f} ms beside five bad brokers, "
                  f"{alone() * 1000:.1f} ms alone")
    finally:
        for made in (dns, hole, refusing, flapping):
            made.close()


@pytest.mark.parametrize("late, mute", [(5, ()), (0, (AAAA,)), (3, (AAAA,))],
                         ids=["late", "no AAAA", "late and no AAAA"])
def test_a_look_up_that_is_slow_or_partial_ends_well(late, mute):
    """Later than one attempt takes: what is in progress is never thrown away."""
    kiosk = Island("s", conf=FAST)
    kiosk.brokers[0].certificate = kiosk.authority.server("named", hosts=("DNS:broker.test",))
    dns = SlowDns(late, mute)
    resolver(kiosk, dns)
    kiosk.change({"broker b0": {"host": "broker.test"}})
    with kiosk:
        kiosk.start(connected=False)
        if late > 3:
            wait.until(lambda: kiosk.status()["brokers"][0]["fault"] == "dns", "the fault meanwhile")
        wait.until(kiosk.connected, lambda: f"{kiosk.status()}")
        assert kiosk.status()["brokers"][0]["fault"] == "fine"
    dns.close()


def test_the_last_good_address_needs_no_look_up():
    kiosk = Island("s", conf=FAST)
    kiosk.brokers[0].certificate = kiosk.authority.server("named", hosts=("DNS:broker.test",))
    dns = SlowDns(0)
    resolver(kiosk, dns)
    kiosk.change({"broker b0": {"host": "broker.test"}})
    with kiosk:
        kiosk.start()
        dns.close()
        kiosk.brokers[0].kill()
        wait.until(lambda: not kiosk.connected(), "that it notices")
        kiosk.brokers[0].start()
        wait.until(kiosk.connected, lambda: f"{kiosk.status()}")
