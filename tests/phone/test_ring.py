"""Will this phone ring? The page, the relay, a push service of the tests' own, and Chromium's real
service worker, which is woken with what the service decrypted. Only the browser's own push service is
stood in for: it is the maker's, and not here."""

import json
import time

import pytest

from tests.kit import wait
from tests.phone.ntfy import Relay
from tests.phone.pushservice import PushService, Subscription, unb64

# The browser's half: one subscription, kept over a reload in the window's name.
BROWSER = """
if (isSecureContext) {
    const told = TOLD;
    const bytes = (t) => Uint8Array.from(atob(t.replaceAll('-', '+').replaceAll('_', '/')),
        (c) => c.charCodeAt(0)).buffer;
    const made = () => ({ endpoint: told.endpoint, getKey: (name) => bytes(told[name]),
        options: { applicationServerKey: bytes(window.name) },
        unsubscribe: async () => { window.name = ''; return true; } });
    PushManager.prototype.subscribe = async (options) => {
        if (!options.userVisibleOnly) throw new Error('refused by every browser');
        window.name = btoa(String.fromCharCode(...new Uint8Array(options.applicationServerKey)));
        return made();
    };
    PushManager.prototype.getSubscription = async () => window.name === '' ? null : made();
}
"""


class Evening:
    relay_conf, web = {}, {}

    def __init__(self, venue, folder, authority):
        self.venue, self.kiosk = venue, venue.kiosk()
        self.service = PushService(authority.server("push"))
        self.relay = Relay(folder, venue.brokers[0], [self.kiosk], None, web={
            "contact": "https://kettle.example.org/", "ca": authority.pem,
            "services": f"localhost:{self.service.port}", **self.web}, **self.relay_conf).start()

    def phone(self, staff=False, browser=BROWSER):
        subscription = Subscription(self.service)
        page = self.venue.page(before=browser.replace("TOLD", json.dumps(subscription.keys())))
        page.subscription = subscription
        page.join(self.kiosk.invite(self.venue.addresses(), staff))
        page.until(lambda: page.shown("#ring") is not None, "the question after joining")
        return page

    def deliver(self, page, count=1):
        """What the service got, handed to the worker as the browser would. Whatever window is in
        front stays there: it decides whether the page is hidden."""
        page.push(self.service.wait(page.subscription, count)[1])

    def kept(self, count):
        wait.until(lambda: len(self.relay.stored()) == count,
                   lambda: f"{count} subscriptions at the relay; it said {self.relay.process.said()}",
                   60)

    def rang(self):
        """The phones of which the kiosk knows that they rang."""
        return [x for x in list(self.kiosk.letters) if x[1]["kind"] == "rang"]

    def answered(self, page):
        """The page has sent whatever it had to send: an answer comes after it."""
        before = len([x for x in list(self.kiosk.letters) if x[1]["kind"] == "seen"])
        page.click("#seen")
        self.kiosk.letter("seen", before + 1)

    def close(self):
        self.relay.stop()
        self.service.stop()
        assert not self.service.faults, self.service.faults


@pytest.fixture
def evening(make_venue, folder, authority):
    made = Evening(make_venue(), folder, authority)
    yield made
    made.close()


def test_asked_after_joining_and_rings_while_locked(evening):
    page = evening.phone()
    assert "Will this phone ring?" in page.shown("#ring")
    page.click("#ring-start")
    page.until_text("#ring-said", "Lock the phone now")
    offered = unb64(page.run("return window.name").rstrip("=").replace("+", "-").replace("/", "_"))
    evening.service.vapid = offered
    evening.kept(1)
    page.lock()
    evening.service.wait(page.subscription)
    assert page.subscription.got[0][1].split(" ")[0] == "test"
    evening.deliver(page)
    page.unlock()
    page.until_text("#ring-said", "rang while it was locked")


def test_a_phone_that_is_looked_at_is_told_to_try_again(evening):
    page = evening.phone()
    page.click("#ring-start")
    page.until_text("#ring-said", "Lock the phone now")
    evening.deliver(page)
    page.until_text("#ring-said", "was not locked")
    assert page.shown("#ring-start") is not None


def test_a_test_that_does_not_come_is_said(evening):
    page = evening.phone()
    evening.service.stop()
    page.click("#ring-start")
    page.until_text("#ring-said", "Lock the phone now")
    page.skip(61, "wall")
    page.until_text("#ring-said", "did not arrive")
    page.click("#ring-close")
    page.until_face("quiet")


def test_a_relay_that_is_away_is_not_the_phones_fault(evening):
    page = evening.phone()
    evening.relay.stop()
    page.click("#ring-start")
    page.until_text("#ring-said", "does not answer")
    assert page.shown("#ring-start") is not None and not evening.relay.stored()
    before = len(evening.relay.beats(evening.kiosk))
    evening.relay.start()
    wait.until(lambda: len(evening.relay.beats(evening.kiosk)) > before, "the relay again", 60)
    page.click("#ring-start")
    page.until_text("#ring-said", "Lock the phone now")
    evening.kept(1)


def test_a_page_opened_again_knows_what_the_worker_noted(evening):
    page = evening.phone()
    page.click("#ring-start")
    page.until_text("#ring-said", "Lock the phone now")
    page.run("return location.reload()")
    page.until_face("quiet")
    page.lock()
    evening.deliver(page)
    page.unlock()
    page.click("#open-settings")
    page.click("#open-ring")
    page.until_text("#ring-said", "rang while it was locked")


class Weekly(Evening):
    """A relay that tests phones silently every few seconds, and rings again after one."""

    relay_conf = {"again": "1s"}
    web = {"check": "8s"}

    def told(self):
        """(rang, month, phones), as the relay said last."""
        last = self.relay.beats(self.kiosk)[-1][1]
        return last.get("rang"), last.get("month"), last.get("phones")

    def check(self, page):
        """The text of the next silent test."""
        return wait.until(lambda: next((t for _, t, *_ in page.subscription.got if t.startswith("check ")), None),
                          "a silent test", 60)

    def reported(self):
        wait.until(lambda: self.told() == (1, 1, 1), lambda: f"the relay to know; it says {self.told()}", 60)


@pytest.fixture
def weekly(make_venue, folder, authority):
    made = Weekly(make_venue(), folder, authority)
    yield made
    made.close()


NOTIFICATIONS = """navigator.serviceWorker.getRegistration().then((r) => r.getNotifications())
    .then((all) => JSON.stringify(all.map((n) => [n.body, n.silent])))"""
# A notification that goes by itself is looked for by the page, which is as slow as what shows it.
WATCH = f"""window.shownOnce = '[]'; void setInterval(() => {NOTIFICATIONS}
    .then((all) => {{ window.shownOnce = all === '[]' ? window.shownOnce : all; }}), 50)"""


def test_a_silent_test_is_reported_by_the_open_page_and_goes_by_itself(weekly):
    page = weekly.phone()
    assert "No silent test has reached this phone yet" in page.shown("#ring-last")
    page.click("#ring-start")
    weekly.kept(1)
    page.click("#ring-close")
    shakes = len(page.noted()["shakes"])
    text = weekly.check(page)
    page.aside(WATCH)
    page.wake(text)
    page.until(lambda: json.loads(page.aside("window.shownOnce")) == [["The kettle works", True]],
               "the test's notification")
    weekly.reported()
    page.until(lambda: json.loads(page.aside(NOTIFICATIONS)) == [], "it goes by itself")
    assert len(page.noted()["shakes"]) == shakes, "it makes no sound"
    assert not [x for x in weekly.kiosk.letters if x[1]["kind"] == "rang"]
    page.click("#open-settings")
    page.click("#open-ring")
    page.until_text("#ring-last", "last reached this phone on")
    page.until_text("#link", "Connected")


def test_a_silent_test_is_reported_while_the_page_is_closed(weekly):
    """By the worker alone, over a connection of its own."""
    page = weekly.phone()
    page.click("#ring-start")
    weekly.kept(1)
    page.until_text("#link", "Connected")
    page.driver.get(page.url + "icon-192.png")
    page.wake(weekly.check(page))
    weekly.reported()
    page.driver.get(page.url)
    page.click("#open-settings")
    page.click("#open-ring")
    page.until_text("#ring-last", "last reached this phone on")


def test_forgetting_everything_leaves_the_worker_no_account(weekly):
    page = weekly.phone()
    page.click("#ring-start")
    weekly.kept(1)
    assert page.aside("caches.keys().then((k) => k.includes('kettle-report'))")
    page.click("#ring-close")
    page.click("#open-settings")
    page.hold("#forget")
    page.until_text("#join-said", "Everything was deleted")
    assert page.aside("caches.keys().then((k) => k.length)") == 0


def test_who_looks_at_the_page_is_awake_and_is_not_rung_again(weekly):
    looked, hidden = weekly.phone(), weekly.phone()
    for page in (looked, hidden):
        page.click("#ring-start")
        page.until_text("#ring-said", "Lock the phone now")
        page.click("#ring-close")
    weekly.kept(2)
    hidden.lock()
    looked.front()
    looked.aside("0")
    weekly.kiosk.alarm("lockdown")

    def wakes(page):
        return len([1 for _, text, *_ in page.subscription.got if text == ""])
    wait.until(lambda: wakes(hidden) >= 5, lambda: f"the hidden one to ring again; {wakes(hidden)}", 60)
    assert wakes(looked) <= 2, "one may have been on its way"
    hidden.unlock()
    hidden.until_face("lockdown")
    time.sleep(2)
    before = wakes(hidden)
    time.sleep(6)
    assert wakes(hidden) <= before, "it is awake now"


def test_a_drill_counts_the_phones_that_rang(evening):
    """A push to a hidden page, which is then opened: that is a phone that rang."""
    other, page = evening.phone(), evening.phone()
    for p in (other, page):
        p.click("#ring-start")
        p.until_text("#ring-said", "Lock the phone now")
        evening.service.wait(p.subscription)
        p.click("#ring-close")
    page.lock()
    evening.kiosk.alarm("lockdown", drill=True)
    evening.deliver(page, 2)
    page.unlock()
    name, body, _ = evening.kiosk.letter("rang")
    assert body["id"] == evening.kiosk.alert and name == f"ack/{body['account']}"
    evening.deliver(other, 2)  # looked at all the while: it proves nothing
    evening.answered(other)
    assert len(evening.rang()) == 1
    page.until_text("#badge", "Drill")


def test_a_tap_in_the_push_app_counts_too(evening):
    page = evening.phone()
    page.click("#ring-close")
    evening.kiosk.alarm("lockdown", drill=True)
    page.until_text("#badge", "Drill")
    evening.answered(page)
    assert not evening.rang()
    page.driver.get(page.url + "#rang")
    page.driver.refresh()
    assert evening.kiosk.letter("rang")[1]["id"] == evening.kiosk.alert
    assert page.run("return location.hash") == ""


def test_staff_are_told_how_many_rang(evening):
    page = evening.phone(staff=True)
    page.click("#ring-close")
    evening.kiosk.tell_staff("notice", "drill-report", detail="broker0", age_ms=12, drill=True, seen=3,
                      safe=1, rang=2)
    page.until_text("#notices", "Phones that rang: 2")


def test_a_relay_that_forgot_is_told_again(evening):
    page = evening.phone()
    page.click("#ring-start")
    evening.kept(1)
    evening.relay.stop()
    evening.relay.subscriptions.unlink()
    evening.relay.start()
    page.driver.refresh()
    evening.kept(1)


def test_forgetting_takes_the_subscription_back(evening):
    page = evening.phone()
    page.click("#ring-start")
    evening.kept(1)
    page.click("#ring-close")
    page.click("#open-settings")
    page.hold("#forget")
    page.until_text("#join-said", "Everything was deleted")
    assert page.stored() == {} and page.run("return window.name") == ""
    evening.kept(0)


def test_an_offer_that_the_root_did_not_sign_is_refused(evening):
    page = evening.phone()
    page.click("#ring-close")
    page.until_face("quiet")
    forged = b"\2\5" + bytes(766)
    evening.kiosk.brokers[0].steward.command(
        command="addRoleACL", rolename=f"kiosk-{evening.kiosk.account}",
        acltype="publishClientSend", topic=f"{evening.kiosk.place}/push", allow=True)
    evening.kiosk.send("push", forged)
    page.until_text("#refused", "did not sign")
    assert page.face == "quiet"
