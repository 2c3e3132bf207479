"""How porchlight invite shows an invitation: as a picture, in the terminal, on the kiosk's screen."""

import pytest

from tests.kit import local
from tests.kit.joining import Joiner
from tests.kit.place import program
from tests.kit.qr import read_blocks, read_code
from tests.kit.terminal import Terminal


def test_the_picture_is_the_link(venue, folder):
    picture = folder / "invitation.png"
    venue.cli("invite", "--leave", "--png", picture)
    link = read_code(picture)
    assert picture.stat().st_mode & 0o777 == 0o600
    phone = venue.arrived(Joiner(link, venue.brokers[0]))
    again = venue.cli("invite", "--leave", "--png", picture, code=1)
    assert "the file exists" in again.stderr
    venue.settled({phone.account})
    assert venue.ask("phones")["invited"] == 0


def test_the_code_in_the_terminal_is_the_link(venue, folder):
    link, _, _ = read_blocks(venue.cli("invite", "--leave").stdout, folder)
    venue.arrived(Joiner(link, venue.brokers[0]))


def test_the_code_fits_the_terminal_or_the_command_says_so(venue, folder):
    def invite(columns, lines):
        t = Terminal([program("porchlight"), "--prefix", str(venue.kiosk.prefix), "invite",
                      "--leave"], size=(columns, lines))
        said = t.until_end()
        return said, t.end()
    said, code = invite(200, 200)
    link, width, height = read_blocks(said, folder)
    assert code == 0 and "smaller font" not in said and link.startswith("http")
    for columns, lines in [(width - 4, 200), (200, height + 3)]:  # a smaller margin will do
        said, code = invite(columns, lines)
        link, small, low = read_blocks(said, folder)
        assert code == 0 and "smaller font" not in said and link.startswith("http")
        assert small <= columns and low + 5 <= lines
    said, code = invite(80, 24)
    assert code == 0 and "The code is higher than this terminal" in said and "--on-screen" in said
    assert read_blocks(said, folder)[0].startswith("http")
    before = venue.ask("phones")["invited"]
    said, code = invite(width - 5, 200)
    assert code == 1 and "The invitation was withdrawn" in " ".join(said.split())
    assert "▀" not in said and "--png FILE" in said
    assert venue.ask("phones")["invited"] == before


def test_the_code_on_the_screen_goes_when_it_is_used(venue):
    with local.connect(venue.kiosk.run / "screen.sock") as screen:
        screen.recv(4096)
        said = venue.invite("--on-screen")
        assert said["screens"] == 1

        def code():
            packet = screen.recv(4096)
            return (int.from_bytes(packet[8:12], "little"),
                    packet[16:16 + int.from_bytes(packet[12:16], "little")].decode()) \
                if packet[4] == 2 else code()
        assert code() == (60, said["link"])
        venue.arrived(Joiner(said["link"], venue.brokers[0]))
        assert code() == (0, "")


def test_without_a_screen_it_says_so(venue):
    assert "no screen is connected" in venue.cli("invite", "--leave", "--on-screen", code=1).stderr
    venue.settled(set())


@pytest.mark.parametrize("args", [["--png"], ["--on-screen", "--link"], ["Ayla"],
                                  ["--root", "x"], ["--staff", "--leave"]])
def test_wrong_usage(venue, args):
    assert venue.cli("invite", *args, code=2).stderr
