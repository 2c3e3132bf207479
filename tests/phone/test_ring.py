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
"""


class Evening:
    def __init__(self, venue, folder, authority):
        self.venue, self.kiosk = venue, venue.kiosk()
        self.service = PushService(authority.server("push"))
        self.relay = Relay(folder, venue.brokers[0], [self.kiosk], None, web={
            "contact": "https://kettle.example.org/", "ca": authority.pem,
            "services": f"localhost:{self.service.port}"}).start()

    def phone(self, staff=False, host="localhost"):
        page = self.venue.page(host)
        page.subscription = Subscription(self.service)
        page.cdp("Page.addScriptToEvaluateOnNewDocument",
                 source=BROWSER.replace("TOLD", json.dumps(page.subscription.keys())))
        page.driver.refresh()
        page.join(self.kiosk.invite(self.venue.addresses(), staff))
        page.until(lambda: page.shown("#ring") is not None, "the question after joining", 25)
        return page

    def deliver(self, page, count=1):
        """What the service got, handed to the worker as the browser would. Whatever window is in
        front stays there: it decides whether the page is hidden."""
        text = self.service.wait(page.subscription, count, 20)[1]
        page.driver.execute_cdp_cmd("ServiceWorker.enable", {})
        for number in range(400):  # its number in this browser; all others are no such worker
            page.driver.execute_cdp_cmd("ServiceWorker.deliverPushMessage", {
                "origin": page.url.rstrip("/"), "registrationId": str(number), "data": text})
        time.sleep(1)

    def close(self):
        self.relay.stop()
        self.service.stop()
        assert not self.service.faults, self.service.faults


@pytest.fixture
def evening(make_venue, folder, authority):
    made = Evening(make_venue(), folder, authority)
    yield made
    made.close()


def lock(page):
    """The page is hidden, as it is on a locked phone: another tab of its window is in front."""
    page.run("window.hides = 0; document.addEventListener('visibilitychange', () => "
             "window.hides += document.hidden ? 1 : 0)")
    page.driver.switch_to.new_window("tab")
    page.cover = page.driver.current_window_handle


def unlock(page):
    page.driver.close()
    assert page.run("return window.hides") >= 1, "the page was never hidden"


def test_asked_after_joining_and_rings_while_locked(evening):
    page = evening.phone()
    assert "Will this phone ring?" in page.shown("#ring")
    page.click("#ring-start")
    page.until_text("#ring-said", "Lock the phone now")
    offered = unb64(page.run("return window.name").rstrip("=").replace("+", "-").replace("/", "_"))
    evening.service.vapid = offered
    wait.until(lambda: len(evening.relay.stored()) == 1, "the subscription at the relay", 10)
    lock(page)
    evening.service.wait(page.subscription, within=20)
    assert page.subscription.got[0][1] == "test"
    evening.deliver(page)
    unlock(page)
    page.until_text("#ring-said", "rang while it was locked", 10)


def test_a_phone_that_is_looked_at_is_told_to_try_again(evening):
    page = evening.phone()
    page.click("#ring-start")
    page.until_text("#ring-said", "Lock the phone now")
    evening.deliver(page)
    page.until_text("#ring-said", "was not locked", 10)
    assert page.shown("#ring-start") is not None


def test_a_test_that_does_not_come_is_said(evening):
    page = evening.phone()
    evening.service.stop()
    page.run("const real = Date.now; window.skip = 0; Date.now = () => real() + window.skip")
    page.click("#ring-start")
    page.until_text("#ring-said", "Lock the phone now")
    page.run("window.skip = 61000")
    page.until_text("#ring-said", "did not come through", 10)
    page.click("#ring-close")
    page.until_face("quiet", 15)


def test_a_page_opened_again_knows_what_the_worker_noted(evening):
    page = evening.phone()
    page.click("#ring-start")
    page.until_text("#ring-said", "Lock the phone now")
    page.run("return location.reload()")
    page.until_face("quiet", 20)
    lock(page)
    evening.deliver(page)
    unlock(page)
    page.click("#open-settings")
    page.click("#open-ring")
    page.until_text("#ring-said", "rang while it was locked", 10)


def test_a_drill_counts_the_phones_that_rang(evening):
    """A push to a hidden page, which is then opened: that is a phone that rang."""
    other, page = evening.phone(host="127.0.0.1"), evening.phone()
    for p in (other, page):
        p.click("#ring-start")
        p.until_text("#ring-said", "Lock the phone now")
        evening.service.wait(p.subscription, within=25)
        p.click("#ring-close")
    lock(page)
    evening.kiosk.alarm("lockdown", drill=True)
    evening.deliver(page, 2)
    unlock(page)
    name, body, _ = evening.kiosk.letter("rang")
    assert body["id"] == evening.kiosk.alert and name == f"ack/{body['account']}"
    evening.deliver(other, 2)  # looked at all the while: it proves nothing
    time.sleep(1)
    assert len([x for x in evening.kiosk.letters if x[1]["kind"] == "rang"]) == 1
    page.until_text("#badge", "Drill")


def test_a_tap_in_the_push_app_counts_too(evening):
    page = evening.phone()
    page.click("#ring-close")
    evening.kiosk.alarm("lockdown", drill=True)
    page.until_text("#badge", "Drill", 5)
    time.sleep(0.5)
    assert not [x for x in evening.kiosk.letters if x[1]["kind"] == "rang"]
    page.driver.get(page.url + "#rang")
    page.driver.refresh()
    assert evening.kiosk.letter("rang")[1]["id"] == evening.kiosk.alert
    assert page.run("return location.hash") == ""


def test_staff_are_told_how_many_rang(evening):
    page = evening.phone(staff=True)
    page.click("#ring-close")
    evening.kiosk.say("notice", "drill-report", detail="broker0", age_ms=12, drill=True, seen=3,
                      safe=1, rang=2)
    page.until_text("#notices", "2 phones rang", 10)


def test_a_relay_that_forgot_is_told_again(evening):
    page = evening.phone()
    page.click("#ring-start")
    wait.until(lambda: len(evening.relay.stored()) == 1, "the subscription at the relay", 10)
    evening.relay.stop()
    evening.relay.subscriptions.unlink()
    evening.relay.start()
    page.driver.refresh()
    wait.until(lambda: len(evening.relay.stored()) == 1, "the subscription again", 20)


def test_forgetting_takes_the_subscription_back(evening):
    page = evening.phone()
    page.click("#ring-start")
    wait.until(lambda: len(evening.relay.stored()) == 1, "the subscription at the relay", 10)
    page.click("#ring-close")
    page.click("#open-settings")
    page.hold("#forget", 3.4)
    page.until_text("#join-said", "Forgotten")
    assert page.stored() == {} and page.run("return window.name") == ""
    wait.until(lambda: not evening.relay.stored(), "no subscription at the relay", 10)


def test_an_offer_that_the_root_did_not_sign_is_refused(evening):
    page = evening.phone()
    page.click("#ring-close")
    page.until_face("quiet", 15)
    forged = b"\1\5" + bytes(766)
    evening.kiosk.brokers[0].steward.command(
        command="addRoleACL", rolename=f"kiosk-{evening.kiosk.account}",
        acltype="publishClientSend", topic=f"{evening.kiosk.place}/push", allow=True)
    evening.kiosk.send("push", forged)
    page.until_text("#refused", "did not sign", 10)
    assert page.face == "quiet"
