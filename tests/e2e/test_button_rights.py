"""Who may open a button without wires: porchlightd alone, and only where the config has one."""

import subprocess

import pytest

from tests.kit.place import ROOT

BUTTON = """[switch counter]
line = GPIO17
[switch remote]
  line=key:AB: Shutter $(reboot) '3":KEY_VOLUMEUP
#line = key:Keyboard:KEY_A
"""
NAME = "AB: Shutter $(reboot) '3\""


def device(folder, **facts):
    made = folder / "sys/class/input/event3/device"
    made.mkdir(parents=True)
    for fact, text in facts.items():
        (made / fact).write_text(text + "\n")


def is_ours(folder, conf=BUTTON):
    (folder / "porchlight.conf").write_text(conf)
    done = subprocess.run([ROOT / "systemd/porchlight-button", "event3", folder / "porchlight.conf",
                           folder / "sys"], capture_output=True, text=True, timeout=20, check=False)
    assert not done.stdout and not done.stderr, done
    return done.returncode == 0


@pytest.mark.parametrize("fact", ["name", "uniq", "phys"])
def test_the_device_that_the_config_names_is_ours(folder, fact):
    device(folder, **{"name": "x", "uniq": "", fact: NAME})
    assert is_ours(folder)


@pytest.mark.parametrize("name", ["Keyboard", "AB", "AB: Shutter", NAME + "x", ".*", ""])
def test_any_other_device_is_not(folder, name):
    device(folder, name=name)
    assert not is_ours(folder)


def test_without_a_config_nothing_is(folder):
    device(folder, name=NAME)
    done = subprocess.run([ROOT / "systemd/porchlight-button", "event3", folder / "none",
                           folder / "sys"], timeout=20, check=False)
    assert done.returncode == 1


def dropin(folder, conf):
    (folder / "porchlight.conf").write_text(conf)
    out = folder / "normal"
    subprocess.run([ROOT / "systemd/porchlight-buttons-generator", out, out, out], timeout=20,
                   env={"PORCHLIGHT_CONF": folder / "porchlight.conf", "PATH": "/usr/bin:/bin"},
                   check=True)
    made = out / "porchlightd.service.d/buttons.conf"
    return made.read_text() if made.exists() else None


def test_input_devices_are_allowed_only_where_the_config_has_one(folder):
    assert dropin(folder, "[switch a]\nline = GPIO17\n#line = key:x:KEY_A\n") is None
    assert "\nDeviceAllow=char-input r\n" in dropin(folder, BUTTON)


def test_the_rule_asks_for_each_device_and_gives_it_to_porchlightd():
    rule = next(line for line in (ROOT / "systemd/porchlight.rules").read_text().splitlines()
                if "porchlight-button" in line)
    for part in ('SUBSYSTEM=="input"', 'KERNEL=="event[0-9]*"', '/porchlight-button %k"',
                 'OWNER="porchlight"', 'MODE="0600"'):
        assert part in rule
