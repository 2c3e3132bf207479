"""Every story of a night that was kept, and some nights that nobody has seen."""

import fcntl
import os
import subprocess

import pytest

from tests.kit.place import ROOT
from tests.nights.mutants import MUTANTS

HERE = ROOT / "tests/nights"
STORIES = sorted((HERE / "stories").glob("*.night"))


@pytest.fixture(scope="module")
def nights():
    """A flavour of its own, whatever the other tests run: it needs the linker's --wrap."""
    (ROOT / "build").mkdir(exist_ok=True)
    ours = {k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "MFLAGS"))}
    with open(ROOT / "build/nights.lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        subprocess.run(["make", "-s", "nights-build"], cwd=ROOT, env=ours, check=True)
    return ROOT / "build/nights/nights"


def run(*command):
    return subprocess.run([str(c) for c in command], capture_output=True, text=True, cwd=ROOT)


@pytest.mark.parametrize("story", STORIES, ids=lambda p: p.stem)
def test_a_story_holds_or_fails_as_it_says(nights, story):
    done = run(nights, "--night", story)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_seed_gives_the_same_night_again(nights):
    first, second = (run(nights, "--seed", 7, "--story").stdout.splitlines() for _ in range(2))
    assert first[:-1] == second[:-1]  # the last line has the time that it took
    assert any(line.startswith("hash ") for line in first)


def test_new_nights_fail_in_no_new_way(nights):
    done = run(nights, "--seed", 1, "--count", 100, "--known", HERE / "known")
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("invariant", MUTANTS)
def test_what_breaks_an_invariant_is_still_in_the_code(invariant):
    """`python3 -m tests.nights.mutants` tries each: it takes hours."""
    file, there, instead = MUTANTS[invariant]
    assert (ROOT / file).read_text().count(there) == 1 and instead != there


def test_a_bad_night_is_refused_with_its_line(nights, tmp_path):
    bad = tmp_path / "bad.night"
    bad.write_text("seed 1\nkiosks 1\nbrokers 1\nphones 2\n1:00.000 earthquake kiosk 0\n")
    done = run(nights, "--night", bad)
    assert done.returncode == 2 and f"{bad}:5:" in done.stderr


def test_the_page_shows_what_c_shows(nights, tmp_path):
    transcript = tmp_path / "transcript"
    run(nights, "--seed", 1, "--count", 20, "--known", HERE / "known", "--transcript", transcript)
    done = run("node", HERE / "replay.mjs", transcript)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 differences" in done.stdout
