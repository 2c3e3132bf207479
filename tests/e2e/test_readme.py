"""README.md says what is so: each command in it is run by a test, each option exists, and each test
that it names is there."""

import re
import subprocess

import pytest

from tests.kit import process
from tests.kit.place import ROOT, program

TEXT = (ROOT / "README.md").read_text()

# Lines of code that are run elsewhere: by which test.
RUN_BY = [
    (r"make run", "tests/e2e/test_run.py::test_the_tour_ends_in_0_with_pictures_and_nobody_left"),
    (r"sudo apt install \./porchlight_\*\.deb \./porchlight-page_\*\.deb",
     "tests/deb/test_packages.py::test_apt_finds_all_that_it_needs"),
    (r"sudo porchlight setup", "tests/e2e/test_setup.py::test_from_answers_to_a_drill_that_a_phone_"
                               "answered"),
    (r"sudo porchlight (backup|restore) /media/usb/kiosk\.backup",
     "tests/e2e/test_backup.py::test_wiped_restored_and_an_alert_arrives"),
    (r"sudo porchlight invite", "tests/e2e/test_enrol.py::test_a_member_joins_and_hears_an_alert"),
    (r"sudo porchlight invite --staff --root FILE",
     "tests/e2e/test_enrol.py::test_a_staff_phone_signed_at_the_kiosk"),
    (r"sudo porchlight invite --staff --root -",
     "tests/e2e/test_root.py::test_a_staff_phone_is_invited_with_the_key_from_paper"),
    (r"porchlight --prefix FOLDER (restore kiosk\.backup|retire --root -)",
     "tests/e2e/test_backup.py::test_a_seized_kiosk_is_disowned_from_its_backup"),
    (r"sudo porchlight revoke ACCOUNT",
     "tests/e2e/test_enrol.py::test_a_revoked_phone_is_out_at_once"),
    (r"sudo porchlight rotate", "tests/e2e/test_enrol.py::test_rotate_reaches_the_phones_that_"
                                "remain"),
    (r"sudo porchlight phones", "tests/e2e/test_enrol.py::test_phones_tells_counts_and_the_last_"
                                "drill"),
    (r"sudo porchlight relay --root FILE /media/usb/relay",
     "tests/phone/test_relay_made.py::test_it_rings_when_the_switch_is_held"),
    (r"porchlight keygen venue", "tests/e2e/test_seal.py::test_keys_are_guarded"),
    (r"porchlight seal FILE", "tests/e2e/test_seal.py::test_file_there_and_back"),
    (r"porchlight unseal --key venue\.secret FILE\.sealed",
     "tests/e2e/test_seal.py::test_file_there_and_back"),
    (r"sudo porchlight vault create desk .*",
     "tests/e2e/test_vault.py::test_cell_and_salt_open_it_together_and_neither_alone"),
    (r"sudo porchlight vault open desk",
     "tests/board/test_wipe.py::test_power_cut_is_made_good_at_the_next_boot"),
    (r"sudo porchlight doctor", "tests/e2e/test_doctor.py::test_a_kiosk_that_runs"),
]


def code_lines():
    """Commands in code blocks: indented by four or more, beginning with a program's name. What
    stands two spaces behind one is a remark."""
    return [line.strip().split("  ")[0] for line in TEXT.splitlines()
            if re.match(r"^ {4,}(sudo|make|porchlight|apt|git|systemctl) ?", line)]


def exists(test):
    path, name = test.split("::")
    return re.search(rf"^def {name}\(", (ROOT / path).read_text(), re.M)


def test_it_names_tests_that_are_there():
    named = re.findall(r"`(tests/[\w/]+\.py::\w+)`", TEXT)
    assert len(named) >= 20
    for test in named:
        assert exists(test), test
    for path in re.findall(r"`(tests/[\w/]+\.py)`", TEXT):
        assert (ROOT / path).exists(), path


def test_every_promise_names_a_test():
    rows = re.findall(r"^\| (\d)\. .*\| (.*) \|$", TEXT, re.M)
    assert [number for number, _ in rows] == list("12345678")
    for number, tests in rows:
        assert "::" in tests, number


@pytest.mark.parametrize("line", code_lines())
def test_a_line_of_code(line):
    """A make target is one that make knows; all else is run by the test that is named here."""
    if line.startswith("make "):
        done = subprocess.run(["make", "-n", *line.split()[1:]], cwd=ROOT, capture_output=True,
                              text=True, check=False)
        assert done.returncode == 0, done.stderr
        return
    found = [test for pattern, test in RUN_BY if re.fullmatch(pattern, line)]
    assert found, f"no test runs: {line}"
    assert all(exists(test) for test in found)


def commands():
    """`porchlight ...` in running text and in blocks, as lists of words."""
    spans = re.findall(r"`(?:sudo )?(porchlight [^`]+)`", TEXT)
    blocks = [line.removeprefix("sudo ") for line in code_lines() if "porchlight " in line
              and line.removeprefix("sudo ").startswith("porchlight ")]
    return sorted({tuple(one.split()) for one in spans + blocks})


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_a_subcommand_and_its_options(words):
    if words[1] == "--prefix":
        words = words[:1] + words[3:]
    if words[1].startswith("--"):
        help_text = process.run([program("porchlight"), "--help"]).stdout
    else:
        done = process.run([program("porchlight"), words[1], "--help"])
        assert done.returncode == 0, done.stderr
        help_text = done.stdout
    for option in words:
        if option.startswith("--"):
            assert option.split("=")[0] in help_text, option


def test_make_targets_in_the_text():
    known = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True,
                           check=True).stdout
    for target in re.findall(r"`make ([a-z-]+)`", TEXT):
        assert f"make {target} " in known or target == "help", target
