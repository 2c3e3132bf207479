"""The code for a phone's invitation, read off the picture by zbar, a reader of other people's
making: at the smallest panels and larger ones, hung either way."""

import pytest

from tests.kit import wait
from tests.kit.qr import read_code
from tests.kit.screen import Daemon, different

# As long as an invitation with three brokers.
LINK = "https://phones.example.org/join/#" + "aZ09-_" * 110


@pytest.mark.parametrize("size", ["480x320", "320x480", "800x480", "600x1024"])
@pytest.mark.parametrize("scene", ["window", "lantern"])
def test_the_code_on_the_screen_is_the_link(folder, screen, size, scene):
    daemon = Daemon(folder)
    shown = screen("--headless", "--size", size, "--reduced-motion", "--language", "en", "--at",
                   "2026-05-22T19:40", "--scene", scene)
    daemon.accept().cue()
    before = shown.picture()
    daemon.qr(LINK, 60)

    def read():
        shown.picture()
        return read_code(folder / f"screen-{shown.count}.png") == LINK
    wait.until(read, "the link in the picture", 50, every=0.3)
    daemon.qr("", 0)
    wait.until(lambda: different(before, shown.picture()) < before[0] * before[1] // 50,
               "the picture as it was", 60, every=1)
    assert not read()
    daemon.close()
