"""A config that is broken breaks and changes no more than it must, and says file, key and fix."""

import signal

import pytest

from tests.kit import wait
from tests.kit.kiosk import FAST, Kiosk


def refused(kiosk):
    """What porchlightd says as it refuses to start."""
    daemon = kiosk.spawn("porchlightd", "--prefix", kiosk.prefix)
    status = daemon.wait(10)
    assert status not in (0, None) and status > 0, f"status {status}: {daemon.said()}"
    return daemon.said()


BROKEN = {
    "unknown key": ({"venue": {"colour": "green"}}, ["colour"]),
    "unknown section": ({"vneue": {"id": "0"}}, ["vneue"]),
    "a bad unit": ({"switch front": {"hold": "2 fortnights"}}, ["hold", "fortnights"]),
    "no unit": ({"switch front": {"hold": "2"}}, ["hold", "\"2\""]),
    "overlap": ({"switch front": {"hold": "20s", "wipe_hold": "10s"}}, ["wipe_hold"]),
    "no switch": ({"switch front": None}, ["switch"]),
    "no broker": ({"broker b0": None}, ["broker"]),
    "a port too high": ({"broker b0": {"port": "70000"}}, ["port", "70000"]),
    "plain text to elsewhere": ({"broker b0": {"tls": "no", "host": "broker.example"}}, ["tls"]),
    "a bad id": ({"venue": {"id": "venue-of-ours"}}, ["id", "venue-of-ours"]),
    "a code of three": ({"switch front": {"code": "3"}}, ["code", "\"3\""]),
    "a bad address": ({"switch front": {"line": "pin 17"}}, ["line", "pin 17"]),
    "no CA there": ({"broker b0": {"ca": "/nonexistent/ca.pem"}}, ["ca", "/nonexistent/ca.pem"]),
}


@pytest.mark.parametrize("case", [c for c in BROKEN if c != "no CA there"])
def test_a_broken_config_is_named_at_start_and_by_check(case):
    """The kiosk starts with what is right of it, unless it would not know who it is."""
    change, words = BROKEN[case]
    with Kiosk() as kiosk:
        kiosk.change(change)
        if case == "a bad id":
            said = refused(kiosk)
        else:
            kiosk.start(connected=False)
            said = kiosk.daemon.said()
            assert any(words[0] in f for f in kiosk.status()["faults"]), kiosk.status()
        checked = kiosk.cli("check", kiosk.etc / "porchlight.conf")
        assert checked.returncode == 1
        for word in words:
            assert word in said, said
            assert word in checked.stdout + checked.stderr, checked
        assert "porchlight.conf" in said


def test_no_config_and_no_prefix(kiosk):
    (kiosk.etc / "porchlight.conf").unlink()
    assert "porchlight.conf" in refused(kiosk)


@pytest.mark.parametrize("name", ["venue.key", "kiosk.key", "broker-b0"])
def test_a_secret_that_others_may_read_is_not_used(kiosk, name):
    (kiosk.credentials / name).chmod(0o644)
    kiosk.start(connected=False)
    assert any(name in f and "chmod" in f for f in kiosk.status()["faults"]), kiosk.status()
    assert not any(b["connected"] for b in kiosk.status()["brokers"])


@pytest.mark.parametrize("name", ["venue.key", "kiosk.key"])
def test_a_key_that_is_missing_or_cut_off_is_named(kiosk, name):
    for spoil in (lambda key: key.write_text("abcd\n"), lambda key: key.unlink()):
        spoil(kiosk.credentials / name)
        kiosk.start(connected=False)
        assert any(name in f for f in kiosk.status()["faults"]), kiosk.status()
        kiosk.daemon.stop()


def test_a_line_that_does_not_exist_is_named():
    with Kiosk(conf={**FAST, "switch front": {"line": "gpiochip99:17"},
                     "door entrance": None}) as kiosk:
        daemon = kiosk.spawn("porchlightd", "--prefix", kiosk.prefix)
        wait.until(lambda: "gpiochip99" in daemon.said(), daemon.said)
        assert "switch front" in daemon.said()


def hang_up(kiosk):
    kiosk.daemon.signal(signal.SIGHUP)


def test_a_broken_config_on_sighup_changes_nothing(kiosk):
    kiosk.start()
    member = kiosk.member()
    good = (kiosk.etc / "porchlight.conf").read_text()
    kiosk.write_conf(good.replace("hold = 300ms", "hold = soon"))
    hang_up(kiosk)
    wait.until(lambda: "not applied" in kiosk.daemon.said(), kiosk.daemon.said)
    kiosk.wires().hold(0.4)
    member.wait("lockdown", "alert")


def test_a_good_config_on_sighup_is_taken(kiosk):
    kiosk.start()
    member = kiosk.member()
    kiosk.change({"switch front": {"hold": "1s", "wipe_hold": "2s"}})
    hang_up(kiosk)
    wait.until(lambda: ": applied" in kiosk.daemon.said(), kiosk.daemon.said)
    kiosk.wires().hold(0.5)
    wait.never(lambda: member.all("lockdown", "alert"), "the old hold still counts", 0.5)
    kiosk.wires().hold(1.1)
    member.wait("lockdown", "alert")


def test_an_alert_stays_active_through_sighup(kiosk):
    kiosk.start()
    member = kiosk.member()
    kiosk.wires().hold(0.4)
    member.wait("lockdown", "alert")
    kiosk.change({"switch side": {"line": "sim:side"}})
    hang_up(kiosk)
    wait.until(lambda: ": applied" in kiosk.daemon.said(), kiosk.daemon.said)
    wait.until(kiosk.connected, "connection")
    assert kiosk.status()["state"] == "lockdown"
    wires = kiosk.wires()
    assert wires.say("get side") == "0"
