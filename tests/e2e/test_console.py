"""porchlight console: the board's own lights, the consoles and SysRq, below a folder that stands for
a Pi."""

import pytest

from tests.kit import process
from tests.kit.doctor import put
from tests.kit.place import program

SYSRQ = "proc/sys/kernel/sysrq"
LEDS = "sys/class/leds"


def console(folder, word):
    return process.run([program("porchlight"), "--prefix", folder, "console", word])


def lights(folder):
    return {p.name: (p.joinpath("trigger").read_text(), p.joinpath("brightness").read_text())
            for p in folder.joinpath(LEDS).iterdir()}


@pytest.mark.parametrize("activity, power", [("ACT", "PWR"), ("led0", "led1")],
                         ids=["today's names", "older ones"])
def test_the_boards_lights_go_dark_and_come_back(folder, activity, power):
    for name, trigger in ((activity, "mmc0"), (power, "default-on"), ("input3::numlock", "kbd")):
        put(folder / LEDS / name / "trigger", trigger)
        put(folder / LEDS / name / "brightness", "255")
    assert console(folder, "dark").returncode == 0
    assert lights(folder) == {activity: ("none", "0"), power: ("none", "0"),
                              "input3::numlock": ("kbd", "255")}  # its user's
    assert console(folder, "light").returncode == 0
    assert [lights(folder)[name][0] for name in (activity, power)] == ["mmc0", "default-on"]


def test_a_machine_without_lights(folder):
    done = console(folder, "dark")
    assert done.returncode == 0 and "no lights of its own" in done.stderr


def test_sysrq_is_switched_off_and_on(folder):
    put(folder / SYSRQ, "438")
    done = console(folder, "lock")
    assert done.returncode == 0 and "no consoles to lock" in done.stderr, done
    assert (folder / SYSRQ).read_text() == "0"
    assert console(folder, "unlock").returncode == 0
    assert (folder / SYSRQ).read_text() == "438"


def test_a_kernel_without_sysrq_has_none_to_switch_off(folder):
    done = console(folder, "lock")
    assert done.returncode == 0 and "no SysRq" in done.stderr, done


def test_what_cannot_be_switched_off_is_a_failure(folder):
    (folder / SYSRQ).mkdir(parents=True)
    done = console(folder, "lock")
    assert done.returncode == 1 and "sysrq): Is a directory" in done.stderr


def test_another_word(folder):
    assert console(folder, "shut").returncode == 2
