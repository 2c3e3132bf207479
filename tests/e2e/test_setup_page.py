"""Set-up asks under which name members open their page, where the broker is elsewhere, and tries it at once:
by a server of the tests' own, whose authority browsers know, or not."""

import re
import shutil
import socket
import ssl
import threading
from contextlib import contextmanager, suppress

import pytest

from tests.kit.pki import Authority
from tests.kit.place import program
from tests.kit.qr import read_blocks
from tests.kit.setup import Venue
from tests.kit.terminal import Terminal


@pytest.fixture(name="venue")
def new_venue():
    with Venue() as made:
        made.keep_ports(drill="no")
        yield made


def begin(venue):
    return Terminal([program("porchlight"), "--prefix", str(venue.prefix), "setup"])


@contextmanager
def web_server(authority):
    """Its port. It completes handshakes, and serves nothing."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.server("web"))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        def serve():
            with suppress(OSError), context.wrap_socket(listener.accept()[0], server_side=True) as one:
                one.recv(1)
        thread = threading.Thread(target=serve)
        thread.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


def ask_page(venue, at):
    """What it says of the page's name, and set-up at its end."""
    t = begin(venue)
    for default, answer in (("GPIO17] ", "sim:counter"), ("GPIO22] ", "none"), ("go on without", ""), ("[5] ", ""),
                            ("[here] ", "elsewhere"), ("[none] ", "mqtt.example.org"), ("[make] ", ""),
                            ("[mqtt.example.org] ", at)):
        t.until(default)
        t.say(answer)
    said = t.until("[yes] ")
    for prompt, answer in (("[Baku] ", ""), ("[az, ru, en] ", ""), ("[dark] ", ""), ("[print] ", ""),
                           ("Press Enter to apply", str(venue.root)), ("The wipe is off", "")):
        t.say(answer)
        t.until(prompt)
    assert t.end() == 0 and venue.conf()["venue"]["page"] == f"https://{at}/"
    return said


def test_a_page_that_opens_is_shown_as_a_code(venue, folder):
    authority = Authority(folder / "ca")
    known = venue.prefix / "etc/ssl/certs/ca-certificates.crt"
    known.parent.mkdir(parents=True)
    shutil.copy(authority.pem, known)
    with web_server(authority) as port:
        said = ask_page(venue, f"localhost:{port}")
    assert "a certificate that browsers know" in said
    assert read_blocks(said, folder)[0] == f"https://localhost:{port}/"


def test_a_page_whose_certificate_no_browser_knows_is_named(venue, folder):
    with web_server(Authority(folder / "ca")) as port:
        said = ask_page(venue, f"localhost:{port}")
    assert "does not open yet: its certificate" in said and "\u2588" not in said


def test_an_address_that_a_host_wrote_into_the_config_is_not_asked_for(venue):
    """Such as one with a folder, which no answer can give."""
    venue.set_up(broker="elsewhere", outside="localhost:1")
    conf, page = venue.etc / "porchlight.conf", "https://kettle.example.org/tea/"
    conf.write_text(re.sub(r"(?m)^page = .*", f"page = {page}", conf.read_text()))
    t = begin(venue)
    for default in ("[sim:counter] ", "[sim:entrance] ", "Press Enter to go on", "unchanged] ", "[elsewhere] ",
                    "[localhost:1] ", "[make] ", "[yes] ", "[Baku] ", "[az, ru, en] ", "[dark] ",
                    "Press Enter to apply"):
        t.until(default)
        t.say()
    t.until("The wipe is off")
    assert t.end() == 0 and "Under which name" not in t.all and venue.conf()["venue"]["page"] == page
