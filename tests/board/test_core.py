"""The short core: one kiosk is booted, pressed, looked at, unplugged, and comes back."""

import time

import pytest

from tests.board import disk, screen
from tests.board.sandbox import LIMITS, assert_held_by_the_kernel, exposure
from tests.board.vault import CREDENTIAL, JOURNAL, PLAN, WIPED, Vault
from tests.board.venue import SWITCH
from tests.kit import wait

UNITS = ["porchlightd", "porchlight-screen", "porchlightd-control.socket",
         "porchlightd-admin.socket",
         "porchlightd-screen.socket", "porchlight-wipe.socket"]


@pytest.fixture(scope="module")
def venue(venues):
    plan = (PLAN + JOURNAL + CREDENTIAL).encode()
    return venues(display=True, files={"/etc/porchlight/wipe.plan": (plan, 0o644)})


def test_boots_to_armed(venue, record_property):
    took = venue.boot()
    record_property("armed after", f"{took:.0f} s")
    for unit in UNITS:
        venue.board.wait_for(f"systemctl is-active {unit}")
    assert venue.board.run("systemctl --failed --plain --no-legend") == ""
    status = venue.status()
    assert status["state"] == "quiet" and not status["record_fault"]
    assert [i["fault"] for i in status["inputs"]] == [None, None, None]
    record_property("resident, kB", venue.board.run(
        "awk '/VmRSS/ {print $2}' /proc/$(pidof porchlightd)/status").strip())


@pytest.mark.parametrize("unit", ["porchlightd", "porchlight-screen", "porchlight-wipe",
                                  "porchlight-wipe-resume"])
def test_sandbox_as_shipped(venue, unit, record_property):
    found = exposure(venue.board, unit)
    record_property("exposure", found)
    assert found <= LIMITS[unit]


@pytest.mark.parametrize("unit", ["porchlightd", "porchlight-screen"])
def test_sandbox_in_force(venue, unit):
    assert_held_by_the_kernel(venue.board, unit)


def test_press_reaches_the_phone(venue, record_property):
    phone = venue.member()
    pressed = time.monotonic()
    venue.press(2.5)
    alert = phone.wait("lockdown", within=60)
    record_property("press to phone", f"{alert.at - pressed:.2f} s")
    assert alert.at - pressed >= 1.5
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
    venue.press(2.5)
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
    venue.press(2.5)
    alert = phone.wait("lockdown", within=60).body
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
    venue.press(2.5)
    found = venue.wait_status(lambda s: s["state"] == "lockdown")
    venue.board.cut_power()
    phone = venue.member()
    venue.boot(levels={SWITCH: 1})
    alert = phone.wait("lockdown", within=60)
    assert alert.body["resumed"] is True and alert.body["id"] == found["alert"]["id"]
    assert venue.wait_status(lambda s: s["alert"]["handed_over"])["state"] == "lockdown"
    assert {a.body["id"] for a in phone.all("lockdown")} == {alert.body["id"]}


def test_long_hold_wipes_what_the_plan_names(venue, record_property):
    """Vaults by LUKS2 and fscrypt in the guest's own kernel, a key file, a folder of plain sheets and
    a journal on the disk under the real journald; then the raw disk is looked through for all of it.
    The alert goes out all the same."""
    venue.reset()
    vault = Vault(venue.board)
    vault.make()
    vault.log()
    vault.assert_opens()
    venue.board.run("sync")
    assert disk.count(venue.disks[0], vault.plain) >= 8, "the scan would find nothing anyway"
    assert disk.count(venue.disks[0], vault.key) >= 1
    assert disk.count(venue.disks[0], vault.logged) >= 1
    phone = venue.member()
    began = time.monotonic()
    venue.press(6)
    alert = phone.wait("lockdown", within=60)
    record_property("press to phone", f"{alert.at - began:.1f} s")
    venue.board.wait_for(WIPED, 300)
    record_property("press to wiped", f"{time.monotonic() - began:.1f} s")
    vault.assert_gone()
    assert venue.board.run("find /var/log -name '*.journal'") == ""
    said = venue.board.run("porchlight wipe --status")
    assert "no file of the journal opens any more; earlier copies were not looked for" in said, said
    venue.board.wait_for("! test -e /etc/porchlight/credentials/broker-b0", 60)
    status = venue.status()
    assert status["state"] == "lockdown" and status["brokers"][0]["connected"]
    venue.board.run("sync")
    venue.board.cut_power()
    left = disk.count_each(venue.disks[0], vault.names())
    record_property("canaries and keys left", sum(left.values()))
    assert not any(left.values()), left
