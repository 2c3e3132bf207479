"""A vault that is opened while a wipe comes: it must not be open when both are through. Needs root and
ext4's encryption."""

import os
import secrets
import threading

import pytest

from tests.kit import local, process, wiper
from tests.kit.place import program
from tests.kit.wipe_place import WipePlace

PLAN = """[root venue]
path = /srv/disk/venue
[fscrypt desk]
path = /srv/disk/venue/desk
"""


@pytest.fixture
def place(folder):
    with WipePlace(folder, plan=PLAN) as made:
        made.venue.mkdir()
        yield made


def vault(place, *args):
    return process.run([program("porchlight"), "--prefix", place.folder, "vault", *args])


def readable(place):
    return sorted(p.name for p in (place.venue / "desk").iterdir()) == ["sheet"]


@pytest.mark.parametrize("wipes", [True, False])
def test_a_wipe_between_the_look_and_the_opening(place, wipes):
    """The key comes through a pipe, so that the opening waits in its middle for the test."""
    key, pipe = secrets.token_bytes(64), place.folder / "stick"
    pipe.write_bytes(key)
    made = vault(place, "create", "desk", "--make", "fscrypt", "--path", "/srv/disk/venue/desk",
                 "--cell", "ram", "--key-file", pipe)
    assert made.returncode == 0, made.stderr
    (place.venue / "desk/sheet").write_text("a sheet\n")
    os.sync()
    assert vault(place, "close", "desk").returncode == 0 and not readable(place)
    pipe.unlink()
    os.mkfifo(pipe)
    started = wiper.start(place.folder)
    opened = []
    thread = threading.Thread(target=lambda: opened.append(
        vault(place, "open", "desk", "--key-file", pipe)))
    thread.start()
    with open(pipe, "wb", buffering=0) as stick:  # there once the opening has looked and asks
        if wipes:
            assert local.wipe(place.socket, "WIPE")[-1][:2] == (2, "already gone")
        stick.write(key)
    thread.join()
    assert opened[0].returncode == int(wipes), opened[0].stderr
    assert ("because a wipe began while it was being opened" in opened[0].stderr) == wipes
    assert readable(place) != wipes
    wiper.end(started)
