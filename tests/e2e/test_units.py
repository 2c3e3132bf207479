"""The systemd units: each program has one, and none may do more than its limit."""

import re

import pytest

from tests.kit import process
from tests.kit.place import ROOT

UNITS = sorted((ROOT / "systemd").glob("*.service"))
# Others' programs do more than ours; the wipe's unit argues each exception in itself.
LIMITS = {"porchlight-broker": 3.0, "porchlight-page": 3.0, "porchlight-wipe": 2.5,
          "porchlight-wipe-resume": 2.4}


def exposure(path):
    done = process.run(["systemd-analyze", "security", "--offline=true", "--no-pager", path], 60)
    found = re.search(r"Overall exposure level for \S+: ([\d.]+)", done.stdout)
    assert found, done
    return float(found[1])


@pytest.mark.parametrize("path", UNITS, ids=lambda p: p.stem)
def test_the_sandbox_is_as_tight_as_its_limit(path):
    found = exposure(path)
    print(f"{path.stem}: {found}")
    assert found <= LIMITS.get(path.stem, 1.5)


def test_a_loose_unit_would_be_seen(folder):
    loose = folder / "porchlightd.service"
    loose.write_text(re.sub(r"(?m)^(System|Restrict|Protect|Capability|NoNew|User)\w*=.*$", "",
                            (ROOT / "systemd/porchlightd.service").read_text()))
    assert exposure(loose) > 3


@pytest.mark.parametrize("path", UNITS, ids=lambda p: p.stem)
def test_nothing_waits_for_the_network(path):
    text = path.read_text()
    assert "network-online" not in text and "network.target" not in text


@pytest.mark.parametrize("path", [p for p in UNITS if "Restart=" in p.read_text()],
                         ids=lambda p: p.stem)
def test_nothing_gives_up(path):
    text = path.read_text()
    assert "StartLimitIntervalSec=0" in text
    assert re.search(r"^Restart=(always|on-failure)$", text, re.M)


def test_what_the_alarm_takes_along_starts_as_often_as_it_does():
    """A path unit that had started five times in ten seconds failed for good, and with it the root key's revocations."""
    along = [p for p in (ROOT / "systemd").iterdir() if p.is_file() and "PartOf=porchlightd" in p.read_text()]
    assert along and all("StartLimitIntervalSec=0" in p.read_text() for p in along)


def test_every_exception_of_the_wipe_is_argued():
    for name in ("porchlight-wipe", "porchlight-wipe-resume"):
        text = (ROOT / f"systemd/{name}.service").read_text()
        held = re.search(r"^CapabilityBoundingSet=(.*)$", text, re.M)[1].split()
        assert held and all(re.search(rf"^#   {cap} +\w", text, re.M) for cap in held), name


def test_the_units_are_understood():
    done = process.run(["systemd-analyze", "verify", "--recursive-errors=no", "--man=no",
                        *UNITS, *(ROOT / "systemd").glob("*.socket"),
                        *(ROOT / "systemd").glob("*.timer"), *(ROOT / "systemd").glob("*.path")], 60)
    # Programs that are not installed on this machine are no fault of the unit.
    said = [line for line in done.stderr.splitlines()
            if "porchlight" in line and "is not executable" not in line]
    assert not said, said
