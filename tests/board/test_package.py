"""The package as it is shipped: installed, set up, looked over and upgraded in a running machine.

The machine's tree is unpacked and not installed, so its dpkg knows of no dependency: they are there
all the same, and that they suffice shows here too."""

import base64
import os
import re
import subprocess
import time

import pytest

from tests.board.suite import BUILD, ROOT
from tests.board.test_core import assert_held_by_the_kernel, exposure
from tests.board.venue import DOOR, SWITCH, BareVenue

# What an emulated board cannot have: a clock that is kept right by a time server, and a card.
LACKING = {("clock", "kept right"), ("brokers", "listening")}


def built(suite):
    """The package for this board: BOARD_DEB, or built now."""
    if os.environ.get("BOARD_DEB"):
        return os.environ["BOARD_DEB"]
    said = subprocess.run([".ci/deb", "arm64", suite], cwd=ROOT, check=True, text=True,
                          stdout=subprocess.PIPE).stdout
    return os.path.join(ROOT, next(line for line in said.split() if "/porchlight_" in line))


def newer(package):
    """The same package under a higher version."""
    inside, path = os.path.join(BUILD, "newer"), os.path.join(BUILD, "newer.deb")
    subprocess.run(["rm", "-rf", inside], check=True)
    subprocess.run(["dpkg-deb", "-R", package, inside], check=True)
    control = os.path.join(inside, "DEBIAN", "control")
    with open(control) as f:
        text = re.sub(r"(?m)^Version: .*", lambda m: m[0] + "+1", f.read())
    with open(control, "w") as f:
        f.write(text)
    subprocess.run(["dpkg-deb", "-b", "--root-owner-group", inside, path], check=True,
                   stdout=subprocess.DEVNULL)
    return path


def bytes_of(path):
    with open(path, "rb") as f:
        return f.read()


@pytest.fixture(scope="module")
def venue(venues):
    package = built(os.environ.get("BOARD_SUITE", "trixie"))
    venue = venues(make=BareVenue, files={"/root/one.deb": (bytes_of(package), 0o644),
                                          "/root/two.deb": (bytes_of(newer(package)), 0o644)})
    venue.boot(armed=False)
    return venue


def put(board, path, text):
    board.run(f"echo {base64.b64encode(text.encode()).decode()} | base64 -d >{path}")


def test_installs_and_starts_nothing_yet(venue, record_property):
    began = time.monotonic()
    venue.board.run("dpkg --force-depends -i /root/one.deb", timeout=300)
    record_property("installed in", f"{time.monotonic() - began:.0f} s")
    assert venue.board.call("systemctl is-active porchlightd")[1].strip() != "active"
    assert venue.board.run("systemctl --failed --plain --no-legend") == ""
    assert "gpio" in venue.board.run("id porchlight")


def test_set_up_from_answers_arms_it(venue, record_property):
    broker = venue.brokers[0]
    user, password = venue.account_of("kiosk")
    put(venue.board, "/root/ca.pem", broker.ca.read_text())
    put(venue.board, "/root/account",
        f"[account]\nuser = {user}\npassword = {password}\nca = /root/ca.pem\n")
    put(venue.board, "/root/answers",
        f"[setup]\nswitch = gpiochip0:{SWITCH}\ndoor = gpiochip0:{DOOR}\nbroker = elsewhere\n"
        f"outside = broker.board:{broker.port}\noutside_account = /root/account\n"
        "host = board\nroot = /root/root.key\ndrill = no\nlights = as-they-are\n")
    began = time.monotonic()
    said = venue.board.run("porchlight setup --answers /root/answers", timeout=300)
    record_property("set up in", f"{time.monotonic() - began:.0f} s")
    assert "The kiosk is set up" in said
    venue.learn()
    venue.wait_armed()
    assert venue.status()["state"] == "quiet"


def test_press_after_set_up_reaches_the_phone(venue):
    phone = venue.member()
    venue.press(1.8)
    phone.wait("lockdown", within=20)
    venue.reset()


@pytest.mark.parametrize("unit,most", [("porchlightd", 1.5), ("porchlight-screen", 1.5),
                                       ("porchlight-wipe", 2.2), ("porchlight-wipe-resume", 2.2)])
def test_sandbox_is_the_shipped_one(venue, unit, most, record_property):
    record_property("exposure", exposure(venue.board, unit))
    assert exposure(venue.board, unit) <= most
    assert venue.board.run(f"systemctl show -p DropInPaths --value {unit}").strip() == ""


@pytest.mark.parametrize("program", ["porchlightd", "porchlight-screen"])
def test_sandbox_holds_in_the_kernel(venue, program):
    assert_held_by_the_kernel(venue.board, program)


def test_doctor_finds_nothing_but_what_emulation_lacks(venue, record_property):
    phone = venue.member()
    code, said = venue.board.call("porchlight doctor --json")
    found = {(r["area"], r["check"]): r["said"] for r in venue.parse(said)["results"]
             if r["verdict"] != "ok"}
    record_property("findings", len(found))
    print(said)
    phone.close()
    assert set(found) <= LACKING, found


def test_upgrade_in_the_running_machine(venue, record_property):
    """The gap is measured by the machine's own clock, from the stop to the armed start."""
    phone = venue.member()
    before = venue.board.run("systemctl show -p MainPID --value porchlightd")
    began = time.monotonic()
    venue.board.run("dpkg --force-depends -i /root/two.deb", timeout=300)
    record_property("upgraded in", f"{time.monotonic() - began:.0f} s")
    venue.wait_armed()
    assert venue.board.run("systemctl show -p MainPID --value porchlightd") != before
    left, came = (int(venue.board.run(
        f"systemctl show -p {which}TimestampMonotonic --value porchlightd"))
        for which in ("ActiveExit", "ActiveEnter"))
    record_property("the alarm's gap", f"{(came - left) / 1e6:.2f} s")
    assert 0 < came - left < 20_000_000
    venue.press(1.8)
    phone.wait("lockdown", within=20)
    assert not [r for r in phone.all(topic="presence") if r.kind == "lost"]
