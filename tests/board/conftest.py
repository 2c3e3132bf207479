"""The board's fixtures, and the table of its cases in build/board/summary-SUITE.txt."""

import os
import shutil
import time

import pytest

from tests.board.suite import BUILD
from tests.board.venue import Venue
from tests.kit import process

SUITE = os.environ.get("BOARD_SUITE", "trixie")
_rows = []


@pytest.fixture(scope="session", autouse=True)
def no_process_left():
    yield
    process.end_and_complain()


@pytest.fixture(scope="module")
def venues():
    """Makes venues that are closed at the module's end; one that failed leaves its folder."""
    made = []

    def make(make=Venue, **more):
        for earlier in made:  # one machine at a time
            earlier.board.cut_power()
        venue = make(SUITE, **more)
        made.append(venue)
        return venue.__enter__()
    yield make
    for venue in reversed(made):
        venue.close(quietly=True)
        if os.environ.get("BOARD_KEEP") != "1":
            shutil.rmtree(venue.folder, ignore_errors=True)


@pytest.fixture
def venue(booted):
    """The machine that a module has booted for all of its tests, quiet again."""
    booted.reset()
    return booted


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    item.stash.setdefault(_reports, {})[call.when] = outcome.get_result()


_reports = pytest.StashKey()


@pytest.fixture(autouse=True)
def machine_speaks_on_failure(request, venues):
    """After a failed case: what the machine said last, in build/board/failed-CASE.log."""
    yield
    report = request.node.stash.get(_reports, {}).get("call")
    if report is not None and report.failed:
        board = next((v.board for v in request.node.funcargs.values() if isinstance(v, Venue)),
                     None)
        if board is not None and board.boots:
            with open(os.path.join(BUILD, f"failed-{request.node.name}.log"), "w") as f:
                f.write(board.serial())


def pytest_sessionstart():
    os.makedirs(BUILD, exist_ok=True)
    _rows.append(f"# {SUITE} arm64, {time.strftime('%Y-%m-%d %H:%M:%S', time.gmtime())} UTC")


def pytest_runtest_logreport(report):
    if report.when == "call" or report.outcome == "failed":
        name = report.nodeid.split("::")[-1] + ("" if report.when == "call" else f" ({report.when})")
        said = ", ".join(f"{k} {v}" for k, v in report.user_properties)
        _rows.append(f"{name:<58} {report.outcome:<7} {report.duration:7.1f} s  {said}".rstrip())
        with open(os.path.join(BUILD, f"summary-{SUITE}.txt"), "w") as f:
            f.write("\n".join(_rows) + "\n")
