"""The handbook beside the members' page: for a browser on the machine itself, and for nobody else."""

import http.client
import re
import ssl

import pytest

from tests.kit import process
from tests.kit.broker import free_port
from tests.kit.place import ROOT
from tests.phone.serving import Broker, Proxy

HERE, ELSEWHERE = "127.0.0.1", "127.0.0.2"


@pytest.fixture(scope="session")
def handbook(session_folder):
    made = session_folder / "handbook"
    done = process.run([ROOT / "kiosk/handbook/to-html", made])
    assert done.returncode == 0, done.stderr
    return made


@pytest.fixture
def get(folder, authority, certificate, handbook):
    """get(PATH, the address that asks): status, Content-Type, body."""
    proxy = Proxy(folder, certificate, Broker(folder, authority), free_port(),
                  handbook=handbook).start()

    def ask(path, address=HERE, method="GET"):
        client = http.client.HTTPSConnection(
            "127.0.0.1", proxy.port, timeout=60, source_address=(address, 0),
            context=ssl._create_unverified_context())
        client.request(method, path)
        answer = client.getresponse()
        said = answer.status, answer.getheader("Content-Type"), answer.read().decode(
            errors="replace")
        client.close()
        return said
    yield ask
    proxy.stop()


def test_it_is_served_with_its_style_and_pictures(get):
    status, kind, text = get("/handbook/")
    assert (status, kind) == (200, "text/html") and "<h1" in text
    assert not re.search(r"<script|<style|\sstyle=", text), "the page's policy refuses it"
    for path, expected in [("install.html", "text/html"), ("handbook.css", "text/css"),
                           ("wiring_switch.svg", "image/svg+xml"),
                           ("pictures/cue-quiet.png", "image/png")]:
        status, kind, _ = get(f"/handbook/{path}")
        assert (status, kind) == (200, expected), path


def test_it_is_not_there_for_other_machines(get):
    assert get("/index.html", ELSEWHERE)[0] == 200
    nothing = get("/nothing-such", ELSEWHERE)
    for path in ("/handbook/", "/handbook/index.html", "/handbook"):
        assert get(path, ELSEWHERE) == nothing, path
    assert get("/handbook/../index.html")[0] in (200, 400)
    assert get("/handbook../page/index.html")[0] == 404


def test_it_takes_no_other_method(get):
    assert get("/handbook/index.html", method="POST")[0] == 403
