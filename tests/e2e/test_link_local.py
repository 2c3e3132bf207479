"""A broker at a link-local IPv6 address, which means something only beside the interface: on a network of its own,
by a name with a zone."""

import pytest

from tests.kit import doctor, wait
from tests.kit.kiosk import FAST, Kiosk
from tests.kit.two_ways import FarBroker, Space

HERE, THERE = "fe80::1", "fe80::5"


class LinkBroker(FarBroker):
    address = f"{THERE}%there"


class OnALink(Kiosk):
    """Kiosk and broker at the two ends of one wire."""

    def __init__(self, host):
        self.spaces = []
        super().__init__("l", conf=FAST)
        self.change({"broker b0": {"host": host}})

    def _broker(self, i):
        broker = super()._broker(i)
        broker.__class__ = LinkBroker
        broker.certificate = self.authority.server("link", hosts=(f"IP:{THERE}",))
        return broker

    def __enter__(self):
        try:
            near = Space("kiosk", self.logs)
            self.spaces.append(near)
            far = Space("broker", self.logs, near)
            self.spaces.append(far)
            far.run(f"ip link add there type veth peer name here netns {near.holder.pid}")
            for space, interface, address in ((near, "here", HERE), (far, "there", THERE)):
                space.run(f"ip -6 addr add {address}/64 dev {interface} nodad; ip link set {interface} up")
            # A second network with the same address on it: without the zone the kernel could not choose.
            near.run(f"ip link add other type veth peer name nobody; ip -6 addr add {HERE}/64 dev other nodad; "
                     "ip link set nobody up; ip link set other up")
            self.brokers[0].space = far
        except BaseException:
            self.close(quietly=True)
            raise
        return super().__enter__()

    def command(self, name, *args):
        return [*self.spaces[0].enter(), *super().command(name, *args)]

    def close(self, quietly=False):
        try:
            super().close(quietly)
        finally:
            for space in self.spaces:
                space.holder.stop()


@pytest.mark.parametrize("host", [f"{THERE}%here", f"[{THERE}%here]"])
def test_a_broker_at_a_link_local_address_is_reached_by_its_zone(host):
    with OnALink(host) as kiosk:
        kiosk.start()
        kiosk.wires().hold(0.4)
        # Who could read it is on neither end: the broker's own word, then, that it has the alert.
        wait.until(lambda: (kiosk.status()["alert"] or {}).get("delivery") == "no subscriber", kiosk.status)
        found = doctor.ask(kiosk.prefix, kiosk.spaces[0].enter())["broker"]
        assert found["b0"].verdict == "ok", found
        assert kiosk.cli("check").returncode == 0


@pytest.mark.parametrize("host, said", [(f"{THERE}%other", f"{THERE}%other"),
                                        (f"{THERE}%nothing", "there is no such network interface"),
                                        (THERE, "needs its interface, as in fe80::1%eth0")],
                         ids=["another", "none of the kiosk's", "without"])
def test_by_another_zone_or_none_it_is_not_and_that_is_named(host, said):
    with OnALink(host) as kiosk:
        kiosk.start(connected=False)
        wait.until(lambda: said in (kiosk.status()["brokers"][0]["error"] or ""),
                   lambda: kiosk.status()["brokers"][0])
        found = doctor.ask(kiosk.prefix, kiosk.spaces[0].enter())["broker"]
        assert found["b0"].verdict == "failure" and said in found["b0"].said, found
        kiosk.wires().hold(0.4)
        wait.until(lambda: kiosk.status()["state"] == "lockdown", kiosk.status)
        assert kiosk.status()["pending"] == 1
