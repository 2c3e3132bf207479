"""One broker, two ways to it: the alert takes both, each is watched for itself, and whichever fails,
in whichever way, in the middle of an alert, phones have it by the other."""

import pytest

from tests.kit import wait
from tests.kit.kiosk import FAST
from tests.kit.two_ways import FAILURES, WAYS, TwoWays

OTHER = {"eth0": "wwan0", "wwan0": "eth0"}
SECTION = {"eth0": "b0", "wwan0": "lte"}


def path_of(kiosk, interface):
    return next(b for b in kiosk.status()["brokers"] if b.get("interface") == interface)


def press(kiosk, phone):
    kiosk.wires().hold(0.4)
    return phone.wait("lockdown", "alert")


def ids(phone):
    return {r.body["id"] for r in phone.all("lockdown", "alert")}


def test_an_alert_takes_both_ways_and_is_one_alert():
    with TwoWays(conf=FAST) as kiosk:
        kiosk.start()
        phone = kiosk.member()
        alert = press(kiosk, phone)
        wait.until(lambda: len(phone.all("lockdown", "alert")) == 2, "the copy by the other way")
        assert ids(phone) == {alert.body["id"]}
        wait.until(lambda: kiosk.status()["alert"]["handed_over"], "handed over")
        said = kiosk.brokers[0].said()
        for account in (kiosk.account, kiosk.second):
            assert f" as {account} " in said, "each way has an account and a client id of its own"


@pytest.mark.parametrize("interface", WAYS)
def test_one_way_alone_carries_an_alert(interface):
    with TwoWays(conf=FAST) as kiosk:
        kiosk.fail(OTHER[interface], "carrier")
        kiosk.start(connected=False)
        wait.until(lambda: path_of(kiosk, interface)["connected"], lambda: f"{kiosk.status()}\n"
                   f"{kiosk.daemon.said()}")
        phone = kiosk.member()
        press(kiosk, phone)
        assert not path_of(kiosk, OTHER[interface])["connected"]


@pytest.mark.parametrize("how", FAILURES)
@pytest.mark.parametrize("interface", WAYS)
def test_a_way_fails_in_the_middle_of_an_alert(interface, how):
    name = SECTION[interface]
    with TwoWays(conf=FAST) as kiosk:
        kiosk.start()
        phone, staff = kiosk.member(), kiosk.member("staff")
        wait.until(lambda: not path_of(kiosk, interface)["lost"], "both ways work", 60)
        downs, backs = (len(staff.all("fault", detail=d, where=name)) for d in ("path-down", "path-back"))
        before = len(kiosk.daemon.said())
        kiosk.fail(interface, how)
        alert = press(kiosk, phone)
        assert ids(phone) == {alert.body["id"]}
        if how != "loss":  # which TCP makes up for
            down = staff.wait("fault", detail="path-down", where=name, count=downs + 1,
                              within=60)
            wait.until(lambda: path_of(kiosk, interface)["lost"], "the failed way in status")
            assert down.body["age_ms"] < 20000
            if how != "portal":  # it is not the broker that ended the connection
                assert "It refuses" not in kiosk.daemon.said()[before:], kiosk.daemon.said()
        assert kiosk.status()["cue"] & 32 == 0, "there is a way"
        kiosk.heal(interface, how)
        wait.until(kiosk.connected, lambda: f"{kiosk.status()}\n{kiosk.daemon.said()}", 90)
        if how != "loss":
            staff.wait("fault", detail="path-back", where=name, count=backs + 1, within=90)
            assert not path_of(kiosk, interface)["lost"]
        # The will of the way that failed must not make phones believe that the kiosk is gone.
        wait.until(lambda: phone.all(topic="presence")[-1].kind == "online",
                   lambda: f"{[r.body for r in phone.all(topic='presence')]}")
        assert ids(phone) == {alert.body["id"]}, "nothing became a second alert"


def test_a_will_of_one_way_is_corrected_by_the_other():
    with TwoWays(conf=FAST) as kiosk:
        kiosk.start()
        phone = kiosk.member()
        wait.until(lambda: phone.all("online", "presence"), "presence")
        kiosk.fail("eth0", "blackhole")
        phone.wait("lost", "presence", within=60)
        wait.until(lambda: phone.all(topic="presence")[-1].kind == "online",
                   "presence by the other way", 60)


def test_names_are_looked_up_by_each_way():
    """The first DNS server of the two is in a network that the other way does not reach."""
    with TwoWays(conf=FAST) as kiosk:
        kiosk.fail("eth0", "carrier")
        kiosk.start(connected=False)
        wait.until(lambda: path_of(kiosk, "wwan0")["connected"], lambda: kiosk.daemon.said(), 60)
        assert path_of(kiosk, "eth0")["fault"] in ("dns", "route")


def test_an_interface_that_is_not_there_is_named():
    with TwoWays(conf=FAST) as kiosk:
        kiosk.change({"broker lte": {"interface": "wwan7", "host": "10.99.0.1"}})
        kiosk.start(connected=False)
        error = wait.until(lambda: path_of(kiosk, "wwan7")["error"], "an error")
        wait.until(lambda: "no such network interface" in path_of(kiosk, "wwan7")["error"],
                   lambda: path_of(kiosk, "wwan7")["error"])
        assert error
