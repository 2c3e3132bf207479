"""Who belongs to the venue, seen on the page: invitations of the real `porchlight invite` redeemed in
Chromium at the real porchlightd, over broker and proxy of the templates."""

import json

import pytest
from nacl import bindings as na

from tests.kit import wait
from tests.kit.broker import free_port
from tests.kit.joining import read_link
from tests.kit.admin_socket import Venue
from tests.phone.browser import Page
from tests.phone.serving import Proxy


class Place:
    """A venue whose phones are pages."""

    def __init__(self, folder, authority, certificate, browser, brokers=1):
        self.browser, self.pages = browser, []
        ports = [free_port() for _ in range(brokers)]
        self.venue = Venue(folder, authority, brokers,
                           addresses=[f"wss://localhost:{p}/mqtt" for p in ports],
                           page=f"https://localhost:{ports[0]}/")
        self.kiosk = self.venue.kiosk
        self.proxies = [Proxy(folder, certificate, b, p, ports)
                        for b, p in zip(self.venue.brokers, ports)]
        self.proxy = self.proxies[0]

    def __enter__(self):
        self.venue.__enter__()
        for proxy in self.proxies:
            proxy.start()
        self.kiosk.start()
        return self

    def __exit__(self, *why):
        for page in self.pages:
            page.close()
        for proxy in self.proxies:
            proxy.stop()
        self.venue.__exit__(*why)

    def page(self, **more):
        made = Page(self.browser, self.proxy.url(), **more)
        self.pages.append(made)
        return made

    def join(self, link):
        page = self.page()
        page.join(link)
        return page.until_face("quiet")

    def member(self):
        child, said = self.venue.invite_waiting()
        page = self.join(said["link"])
        assert child.wait(60) == 0, child.stderr.read()
        page.account = said["account"]
        return page

    def staff(self):
        child, said = self.venue.invite_waiting("--staff", "--root", str(self.kiosk.root_key))
        page = self.page()
        page.join(said["link"])
        child.stdin.write(page.digits() + "\n")
        child.stdin.flush()
        page.until_face("quiet")
        assert child.wait(60) == 0, child.stderr.read()
        page.account = said["account"]
        return page

    def seen(self, count):
        wait.until(lambda: self.kiosk.status()["seen"] == count,
                   lambda: f"{count} answers; status: {self.kiosk.status()}", 60)


@pytest.fixture
def place(folder, authority, certificate, browser):
    with Place(folder, authority, certificate, browser) as made:
        yield made


@pytest.fixture
def two_brokers(folder, authority, certificate, browser):
    with Place(folder, authority, certificate, browser, brokers=2) as made:
        yield made


def test_an_invited_page_receives_an_alert_and_is_counted(place):
    page = place.member()
    place.kiosk.sim("switch", "hold", "1.7s")
    page.until_face("lockdown")
    page.click("#safe")
    place.seen(1)
    assert place.kiosk.status()["safe"] == 1
    assert not page.shown("#refused")
    kept = json.loads(page.stored()["k1"])
    assert kept["memberships"][0]["account"] == page.account
    assert kept["memberships"][0]["password"] not in place.venue.cli("phones", "--ids").stdout


def test_an_invited_staff_page_ends_the_lockdown(place):
    staff, member = place.staff(), place.member()
    place.kiosk.sim("switch", "hold", "1.7s")
    staff.until_face("lockdown")
    member.until_face("lockdown")
    staff.click("#staff summary")
    staff.hold("[data-command=all-clear]")
    member.until_face("all-clear")
    staff.until_face("all-clear")
    assert place.venue.ask("phones")["staff"] == 1


def test_a_used_invitation_is_dead_on_another_phone(place):
    child, said = place.venue.invite_waiting()
    place.join(said["link"])
    assert child.wait(60) == 0
    late = place.page()
    late.join(said["link"])
    late.until_text("#join-said", "refused this invitation")
    assert late.shown("#state") is None


def test_a_revoked_page_says_so_and_receives_no_more(place):
    gone, stays = place.member(), place.member()
    place.venue.cli("revoke", gone.account)
    gone.until_face("unknown")
    place.kiosk.sim("switch", "hold", "1.7s")
    stays.until_face("lockdown")
    assert gone.face == "unknown"


def test_after_a_rotation_the_page_reads_on(place):
    page = place.member()
    before = json.loads(page.stored()["k1"])["memberships"][0]["venueKey"]
    place.venue.cli("rotate", within=60)
    page.until(lambda: json.loads(page.stored()["k1"])["memberships"][0]["venueKey"] != before,
               "the new key")
    assert not page.shown("#refused")
    place.kiosk.sim("switch", "hold", "1.7s")
    page.until_face("lockdown")
    page.click("#seen")
    place.seen(1)
    assert not page.shown("#refused")
    page.driver.refresh()
    page.until_face("lockdown")


def test_a_page_that_was_shut_finds_the_new_key(place):
    page = place.member()
    page.driver.get("about:blank")
    place.venue.cli("rotate", within=60)
    page.driver.get(place.proxy.url())
    page.until_face("quiet")
    key = (place.kiosk.credentials / "venue.key").read_text().strip()
    page.until(lambda: json.loads(page.stored()["k1"])["memberships"][0]["venueKey"] == key,
               "the new key")
    place.kiosk.sim("switch", "hold", "1.7s")
    page.until_face("lockdown")


def test_the_link_itself_opens_the_page(place):
    child, said = place.venue.invite_waiting()
    page = place.page(fragment=said["link"].split("#", 1)[1])
    page.until(lambda: page.shown("#here"), "the choice to join here")
    assert page.run("return location.hash") == ""
    page.click("#here")
    page.until_face("quiet")
    assert child.wait(60) == 0
    assert read_link(said["link"]).account == said["account"]


def test_a_retired_kiosk_is_shown_plainly_and_permanently(place):
    page = place.member()
    place.venue.cli("retire", "--root", place.kiosk.root_key, within=60)
    page.until_face("retired")
    page.driver.refresh()
    page.until_face("retired")
    place.kiosk.sim("switch", "hold", "1.7s")
    wait.until(lambda: place.kiosk.status()["state"] == "lockdown", "the lockdown", 60)
    page.driver.refresh()
    page.until_text("#link", "Connected")
    page.until_face("retired")


@pytest.mark.parametrize("staff", [False, True], ids=["member", "staff"])
def test_a_broker_that_missed_the_joining_over_a_restart_learns_of_it(two_brokers, staff):
    place, away = two_brokers, two_brokers.venue.brokers[1]
    away.stop()
    page = place.staff() if staff else place.member()
    page.until_text("#link", "1 of 2")
    place.kiosk.daemon.stop()
    place.kiosk.start(connected=False)
    away.start()
    page.until(lambda: page.shown("#link") == "Connected", "both brokers")
    assert page.account in place.venue.accounts(1)
    place.venue.brokers[0].stop()
    page.until_text("#link", "1 of 2")
    place.kiosk.sim("switch", "hold", "1.7s")
    page.until_face("lockdown")
    page.click("#safe")
    place.seen(1)


def test_what_is_not_that_phones_word_lets_nobody_in(two_brokers):
    """The words of the letter, but signed by another key; and from a phone that was revoked."""
    place, away = two_brokers, two_brokers.venue.brokers[1]
    away.stop()
    page, gone = place.member(), place.member()
    place.venue.cli("revoke", gone.account, code=1)  # the broker that is away does not know yet
    kept = json.loads(page.stored()["k1"])
    other = na.crypto_sign_keypair()[1]
    kept["memberships"][0]["secret"] = other.hex()
    page.run("localStorage.setItem('k1', arguments[0]); Storage.prototype.setItem = () => {}",
             json.dumps(kept))
    place.kiosk.daemon.stop()
    place.kiosk.start(connected=False)
    page.front().driver.get("about:blank")
    away.start()
    page.driver.get(page.url)
    page.until_text("#link", "1 of 2")
    wait.until(lambda: place.kiosk.status()["refused"] >= 1,
               lambda: f"the letter refused; status: {place.kiosk.status()}", 60)
    assert page.account not in place.venue.accounts(1)
    assert gone.account not in place.venue.accounts(1)
