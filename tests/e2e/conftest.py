"""Every end-to-end test begins and ends with no process of ours."""

import shutil

import pytest

from tests.kit import pki, process
from tests.kit.admin_socket import Venue
from tests.kit.kiosk import FAST, Kiosk
from tests.kit.place import fresh
from tests.kit.screen import Screen


@pytest.fixture(autouse=True)
def no_process_left():
    yield
    process.end_and_complain()


@pytest.fixture
def folder():
    made = fresh("t")
    yield made
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture
def screen(folder):
    made = []

    def start(*more, **env):
        made.append(Screen(folder, *more, **env))
        return made[-1]
    yield start
    for one in made:
        if one.process.alive:
            one.stop()


@pytest.fixture
def kiosk():
    """A kiosk with a broker that runs, and a switch that is quick; porchlightd is the test's."""
    with Kiosk(conf=FAST) as made:
        yield made


@pytest.fixture(scope="module")
def authority():
    made = fresh("e")
    made.chmod(0o755)
    yield pki.Authority(made / "ca")
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture
def make_venue(authority):
    made, folders = [], []

    def make(start=True, **more):
        folder = fresh("e")
        folder.chmod(0o755)
        folders.append(folder)
        venue = Venue(folder, authority, conf=dict(FAST), **more)
        made.append(venue)
        venue.__enter__()
        if start:
            venue.kiosk.start()
        return venue
    yield make
    for venue in made:
        venue.__exit__(None)
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def venue(make_venue):
    return make_venue()
