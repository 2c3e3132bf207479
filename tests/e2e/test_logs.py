"""porchlight logs: the journal of all parts, read from a real journal."""

import re
import subprocess

import pytest

from tests.kit import process
from tests.kit.place import program

MADE = "/lib/systemd/systemd-journal-remote"
ENTRIES = [
    ("porchlight-console.service", 6, "no login"),
    ("porchlightd.service", 6, "broker b0: connected, MQTT 5"),
    ("porchlightd.service", 4, "Mains power is lost: the kiosk runs on its battery."),
    ("porchlight-screen.service", 3, "no display is connected"),
    ("porchlight-wipe-resume.service", 6, "nothing to finish"),
    ("ssh.service", 6, "a line that is nobody's business here"),
]


@pytest.fixture
def journal(folder):
    """A folder that has such a journal at its place."""
    whole = folder / "var/log/journal/0123456789abcdef0123456789abcdef"
    whole.mkdir(parents=True)
    text = "".join(f"__REALTIME_TIMESTAMP={1_795_000_000_000_000 + i * 1_000_000}\n"
                   f"__MONOTONIC_TIMESTAMP={i + 1}\n_BOOT_ID={'ab' * 16}\n"
                   f"_MACHINE_ID=0123456789abcdef0123456789abcdef\n_UID=0\n"
                   f"_SYSTEMD_UNIT={unit}\nPRIORITY={level}\nMESSAGE={said}\n\n"
                   for i, (unit, level, said) in enumerate(ENTRIES))
    subprocess.run([MADE, "-o", whole / "system.journal", "-"], input=text.encode(), check=True,
                   capture_output=True)
    return folder


def logs(folder, *options):
    return process.run([program("porchlight"), "--prefix", folder, "logs", *options])


def test_the_journal_of_all_parts_in_plain_words(journal):
    done = logs(journal)
    assert done.returncode == 0, done
    rows = [re.sub(r"^\w+ \d\d \w+ \d\d:\d\d:\d\d +", "", line) for line in done.stdout.splitlines()]
    assert [row.split(None, 1) for row in rows] == [
        ["console", "no login"],
        ["alarm", "broker b0: connected, MQTT 5"],
        ["alarm", "WARNING: Mains power is lost: the kiosk runs on its battery."],
        ["screen", "ERROR: no display is connected"],
        ["wipe", "nothing to finish"]]


def test_only_what_is_wrong_and_only_from_a_time_on(journal):
    assert [line.split(": ", 1)[1] for line in logs(journal, "--warnings").stdout.splitlines()] == [
        "Mains power is lost: the kiosk runs on its battery.", "no display is connected"]
    assert logs(journal, "--since", "@1795000003").stdout.count("\n") == 2
    wrong = logs(journal, "--since", "teatime")
    assert wrong.returncode == 1 and "teatime" in wrong.stderr


def test_without_journalctl(journal):
    done = process.run([program("porchlight"), "--prefix", journal, "logs"],
                       env=process.environment() | {"PATH": "/nonexistent"})
    assert done.returncode == 1 and "journalctl did not start" in done.stderr
