"""The short core: one kiosk is booted, pressed, looked at, unplugged, and comes back."""

import time

import pytest

from tests.board import disk, screen
from tests.board.vault import CREDENTIAL, PLAN, WIPED, Vault
from tests.board.venue import SWITCH
from tests.kit import wait

UNITS = ["porchlightd", "porchlight-screen", "porchlightd-control.socket",
         "porchlightd-steward.socket",
         "porchlightd-screen.socket", "porchlight-wipe.socket"]


def exposure(board, unit):
    """systemd's own judgement of a unit's sandbox: 0 is none exposed, 10 all."""
    said = board.run(f"systemd-analyze security --no-pager {unit}.service | tail -2")
    return float(said.split("service:")[1].split()[0])


def assert_held_by_the_kernel(board, program):
    text = board.run(f"cat /proc/$(pidof {program})/status")
    status = dict(line.split(":", 1) for line in text.splitlines())
    assert status["CapEff"].strip() == status["CapBnd"].strip() == "0" * 16
    assert status["NoNewPrivs"].strip() == "1" and status["Seccomp"].strip() == "2"
    assert status["Uid"].split()[0] != "0"
    code, said = board.call(f"nsenter -t $(pidof {program}) -m touch /usr/x /etc/x /home/x")
    assert code != 0 and said.count("Read-only file system") >= 2, said


@pytest.fixture(scope="module")
def venue(venues):
    plan = (PLAN + CREDENTIAL).encode()
    return venues(display=True, files={"/etc/porchlight/wipe.plan": (plan, 0o644)})


def test_boots_to_armed(venue, record_property):
    took = venue.boot()
    record_property("armed after", f"{took:.0f} s")
    for unit in UNITS:
        assert venue.board.run(f"systemctl is-active {unit}").strip() == "active"
    assert venue.board.run("systemctl --failed --plain --no-legend") == ""
    status = venue.status()
    assert status["state"] == "quiet" and not status["record_fault"]
    assert [i["fault"] for i in status["inputs"]] == [None, None, None]


@pytest.mark.parametrize("unit,most", [("porchlightd", 1.5), ("porchlight-screen", 1.5),
                                       ("porchlight-wipe", 2.2), ("porchlight-wipe-resume", 2.2)])
def test_sandbox_as_shipped(venue, unit, most, record_property):
    found = exposure(venue.board, unit)
    record_property("exposure", found)
    assert found <= most


@pytest.mark.parametrize("program", ["porchlightd", "porchlight-screen"])
def test_sandbox_in_force(venue, program):
    """Not what the unit says but what the kernel holds the running process to."""
    assert_held_by_the_kernel(venue.board, program)


def test_press_reaches_the_phone(venue, record_property):
    phone = venue.member()
    pressed = time.monotonic()
    venue.press(1.8)
    alert = phone.wait("lockdown", within=20)
    record_property("press to phone", f"{alert.at - pressed:.2f} s")
    assert 1.5 <= alert.at - pressed < 4
    assert alert.body["resumed"] is False and alert.body["at"] is not None
    venue.wait_status(lambda s: s["alert"]["handed_over"])
    wait.never(lambda: {a.body["id"] for a in phone.all("lockdown")} - {alert.body["id"]},
               "another alert", 2)


def test_screen_stays_calm_through_the_alert(venue, record_property):
    """Before, during and after a lockdown the monitor shows the picture, and no jump in it."""
    venue.reset()
    shots = screen.Shots(venue.board, venue.folder)
    earlier = shots.wait_picture()
    before = shots.take_after(8)
    drift = earlier.difference(before)
    venue.press(1.8)
    venue.wait_status(lambda s: s["state"] == "lockdown")
    during = shots.take_after(4)
    step = before.difference(during)
    record_property("drift", f"{drift:.2f}")
    record_property("step", f"{step:.2f}")
    assert during.is_picture()
    assert step <= 3 * drift + 1.5, "the alert shows as a jump"


def test_power_cut_in_the_alert_resumes_it(venue):
    """Cut the moment the phone has the alert; plugged in again it is the same alert, standing."""
    venue.reset()
    phone = venue.member()
    venue.press(1.8)
    alert = phone.wait("lockdown", within=20).body
    venue.board.cut_power()
    phone.close()
    later = venue.member()
    venue.boot()
    again = later.wait("lockdown", within=60)
    assert again.body["id"] == alert["id"] and again.body["resumed"] is True
    assert venue.status()["state"] == "lockdown"
    assert {a.body["id"] for a in later.all("lockdown")} == {alert["id"]}


def test_power_cut_before_hand_over_loses_nothing(venue):
    """No network at the press, power cut right after it: the next boot hands the alert over."""
    venue.reset()
    venue.board.link(False)
    venue.press(1.8)
    found = venue.wait_status(lambda s: s["state"] == "lockdown")
    venue.board.cut_power()
    phone = venue.member()
    venue.boot(levels={SWITCH: 1})
    alert = phone.wait("lockdown", within=60)
    assert alert.body["resumed"] is True and alert.body["id"] == found["alert"]["id"]
    assert venue.wait_status(lambda s: s["alert"]["handed_over"])["state"] == "lockdown"
    assert {a.body["id"] for a in phone.all("lockdown")} == {alert.body["id"]}


def test_long_hold_wipes_what_the_plan_names(venue, record_property):
    """Vaults by LUKS2 and fscrypt in the guest's own kernel, a key file and a folder of plain
    sheets; then the raw disk is looked through for all of it. The alert goes out all the same."""
    venue.reset()
    vault = Vault(venue.board)
    vault.make()
    vault.assert_opens()
    venue.board.run("sync")
    assert disk.count(venue.disks[0], vault.plain) >= 8, "the scan would find nothing anyway"
    assert disk.count(venue.disks[0], vault.key) >= 1
    phone = venue.member()
    began = time.monotonic()
    venue.press(4.5)
    alert = phone.wait("lockdown", within=20)
    assert alert.at - began < 4, "the alert waited for the wipe"
    venue.board.wait_for(WIPED, 120)
    record_property("press to wiped", f"{time.monotonic() - began:.1f} s")
    vault.assert_gone()
    venue.board.wait_for("! test -e /etc/porchlight/credentials/broker-b0", 60)
    status = venue.status()
    assert status["state"] == "lockdown" and status["brokers"][0]["connected"]
    venue.board.run("sync")
    venue.board.cut_power()
    left = {name: disk.count(venue.disks[0], what) for name, what in vault.names().items()}
    record_property("canaries and keys left", sum(left.values()))
    assert not any(left.values()), left
