"""The handbook's threat model names a test in every row, and every test that it names exists."""

import re

import pytest

from tests.kit.place import ROOT
from tests.mutate.threats import BREAKS, UNBROKEN

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


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.split(" | ")[0][2:60])
def test_what_breaks_every_row_is_known(row):
    """`python3 -m tests.mutate.threats` tries each: it takes an hour."""
    assert any(f"`{test}`" in row for test, *_ in BREAKS) or row.split(" | ")[0][2:] in UNBROKEN


@pytest.mark.parametrize("test, file, there, instead", BREAKS, ids=lambda value: value[:60].replace("\n", " "))
def test_what_breaks_a_row_is_still_in_the_code(test, file, there, instead):
    assert f"`{test}`" in PAGE and (ROOT / file).read_text(encoding="utf-8").count(there) == 1 and instead != there


def test_what_does_not_exist_is_noticed():
    assert len(ROWS) > 40 and len(NAMED) > 60
    assert not defined(file_of("test_attacks.py"), "test_that_nobody_wrote")
    assert not defined(file_of("test_nowhere.py"), "test_staff_still_can")
