"""A venue for each test, one Chromium for all of them."""

import contextlib
import shutil

import pytest

from tests.kit import pki, process
from tests.kit.broker import free_port
from tests.kit.place import fresh
from tests.phone.browser import Browser, Page
from tests.phone.kiosk import Kiosk
from tests.phone.serving import Broker, fingerprint, Proxy


class Venue:
    """Brokers, each with a proxy that serves the page, and kiosks of the tests' own."""

    def __init__(self, folder, authority, certificate, browser, brokers=1):
        self.browser, self.kiosks, self.pages = browser, [], []
        self.brokers = [Broker(folder, authority, f"broker{i}").start() for i in range(brokers)]
        ports = [free_port() for _ in self.brokers]
        self.proxies = [Proxy(folder, certificate, b, ports[i], ports).start()
                        for i, b in enumerate(self.brokers)]

    def kiosk(self, **more):
        made = Kiosk(self.brokers, **more)
        self.kiosks.append(made)
        return made.online()

    def addresses(self):
        return [p.websocket() for p in self.proxies]

    def page(self, **more):
        made = Page(self.browser, self.proxies[0].url(), **more)
        self.pages.append(made)
        return made

    def phone(self, kiosk, staff=False, **more):
        """A page that has joined."""
        page = self.page(**more)
        page.join(kiosk.invite(self.addresses(), staff))
        return page.until_face("quiet")

    def close(self):
        for page in self.pages:
            page.close()
        for kiosk in self.kiosks:
            kiosk.close()
        for proxy in self.proxies:
            proxy.stop()
        for broker in self.brokers:
            broker.stop()


@contextlib.contextmanager
def open_venue(folder):
    """One for what is no test: benches and pictures. `folder` stays."""
    authority = pki.Authority(folder / "ca")
    certificate = authority.server("page")
    browser = Browser(folder / "chromium", [fingerprint(certificate)])
    venue = Venue(folder / "venue", authority, certificate, browser)
    try:
        yield venue
    finally:
        venue.close()
        browser.close()


@pytest.fixture(scope="session")
def session_folder():
    made = fresh("p")
    made.chmod(0o755)
    yield made
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture(scope="session")
def authority(session_folder):
    return pki.Authority(session_folder / "ca")


@pytest.fixture(scope="session")
def certificate(authority):
    return authority.server("page")


@pytest.fixture(scope="session")
def browser(session_folder, certificate):
    made = Browser(session_folder / "chromium", [fingerprint(certificate)])
    yield made
    made.close()


@pytest.fixture
def folder():
    made = fresh("p")
    made.chmod(0o755)
    yield made
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture
def make_venue(folder, authority, certificate, browser):
    made = []

    def make(**more):
        made.append(Venue(folder / str(len(made)), authority, certificate, browser, **more))
        return made[-1]
    yield make
    for venue in made:
        venue.close()
    process.end_and_complain()


@pytest.fixture
def venue(make_venue):
    return make_venue()
