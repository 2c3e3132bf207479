"""The handbook's threat model names a test in every row, and every test that it names exists."""

import re

import pytest

from tests.kit.place import ROOT

PAGE = (ROOT / "kiosk/handbook/threat-model.md").read_text(encoding="utf-8")
ROWS = [line for line in PAGE.splitlines() if line.startswith("| ") and not line.endswith("| shown by |")]
NAMED = sorted(set(re.findall(r"`([\w/.]+\.(?:py|c|mjs))::([\w ]+)`", PAGE)))


def file_of(name):
    return ROOT / (name if "/" in name else f"tests/e2e/{name}")


def defined(path, test):
    definition = {".py": rf"^def {test}\(", ".c": rf"\b{test}\(", ".mjs": rf"^test\('{test}'"}[path.suffix]
    return path.exists() and re.search(definition, path.read_text(encoding="utf-8"), re.MULTILINE)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.split(" | ")[0][2:60])
def test_every_row_names_a_test(row):
    assert re.search(r"`[\w/.]+::[\w ]+`", row.split(" | ")[1])


@pytest.mark.parametrize("name, test", NAMED, ids=lambda value: value)
def test_every_test_that_is_named_exists(name, test):
    assert defined(file_of(name), test), f"{name} has no {test}"


def test_what_does_not_exist_is_noticed():
    assert len(ROWS) > 40 and len(NAMED) > 60
    assert not defined(file_of("test_attacks.py"), "test_that_nobody_wrote")
    assert not defined(file_of("test_nowhere.py"), "test_staff_still_can")
