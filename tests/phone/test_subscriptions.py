"""Subscriptions and permissions that end: the page makes a new one, or says how to fix it. A second
venue on the same phone."""

import json

import pytest

from tests.kit import wait
from tests.phone.browser import read_all, until_leads
from tests.phone.ntfy import Relay
from tests.phone.pushservice import PushService, Subscription
from tests.phone.test_ring import BROWSER, Evening


@pytest.fixture
def evening(make_venue, folder, authority):
    made = Evening(make_venue(), folder, authority)
    yield made
    made.close()


def ringing(evening, browser=BROWSER):
    page = evening.phone(browser=browser)
    page.click("#ring-start")
    page.until_text("#ring-said", "Lock the phone now")
    evening.kept(1)
    page.click("#ring-close")
    return page.until_face("quiet")


def test_a_subscription_that_the_browser_dropped_is_made_again(evening):
    page = ringing(evening)
    evening.relay.stop()
    evening.relay.subscriptions.unlink()
    evening.relay.start()
    page.run("window.name = ''")
    page.driver.refresh()
    evening.kept(1)
    assert page.run("return window.name") != ""
    page.until(lambda: page.shown("#health") is None, "nothing wrong")


# A browser whose subscriptions have a new address each time, as they do; `gone` is none of the new ones.
NEW = BROWSER.replace("endpoint: told.endpoint,", "endpoint: told.endpoint + address(),").replace(
    "const bytes =", """const address = () => (sessionStorage.made ?? 0) > 0 ? `?${sessionStorage.made}` : '';
    const bytes =""").replace("window.name = ''; return true;",
                             "window.name = ''; sessionStorage.made = Number(sessionStorage.made ?? 0) + 1; return true;")


@pytest.mark.parametrize("opened", ["while it is open", "later"])
def test_one_that_its_service_calls_gone_is_made_again(evening, opened):
    page = ringing(evening, NEW)
    page.subscription.answer = 410
    if opened == "later":
        page.driver.get("about:blank")
    evening.kiosk.alarm("caution")
    if opened == "later":
        evening.kept(0)
        page.driver.back()
    evening.kept(1)
    wait.until(lambda: evening.relay.stored() and evening.relay.stored()[0].endswith("?1"),
               lambda: f"another address; {evening.relay.stored()}", 60)
    page.until(lambda: page.shown("#health") is None, "nothing wrong")


def test_a_browser_that_has_no_better_one_says_so(evening):
    page = ringing(evening)
    page.subscription.answer = 410
    evening.kiosk.alarm("caution")
    page.until_text("#health", "push service no longer takes")
    page.driver.refresh()
    page.until_text("#health", "push service no longer takes")


# The first thing that the page writes for its worker waits until the test lets it go on.
HOLD = """if (isSecureContext) { window.held = []; const put = Cache.prototype.put;
    Cache.prototype.put = async function (...what) {
        if (window.held.length === 0) await new Promise((go) => window.held.push(go));
        return put.apply(this, what); }; }"""


def test_an_answer_that_comes_late_does_not_hide_what_is_known_since(evening):
    page, kiosk = ringing(evening), evening.kiosk
    page.subscription.answer = 410
    page.cdp("Page.addScriptToEvaluateOnNewDocument", source=HOLD)
    page.driver.refresh()
    page.until(lambda: page.run("return window.held.length") == 1, "a question to the relay that is slow")
    kiosk.alarm("caution")
    page.until_text("#health", "push service no longer takes")
    before = len([x for x in list(kiosk.letters) if x[1]["kind"] == "subscribed"])
    page.run("window.held[0]()")
    kiosk.letter("subscribed", before + 1)
    read_all(kiosk, page)
    assert "push service no longer takes" in (page.shown("#health") or "")


def test_another_phone_s_address_is_none_of_its_business(evening):
    page, other = ringing(evening), evening.phone()
    other.click("#ring-start")
    evening.kept(2)
    other.subscription.answer = 410
    evening.kiosk.alarm("caution")
    other.until_text("#ring-said", "")
    evening.kept(1)
    page.until_face("caution")
    assert page.shown("#health") is None and page.run("return window.name") != ""


def test_one_that_it_will_not_make_again_is_said(evening):
    page = ringing(evening)
    page.run("window.name = ''")
    page.cdp("Page.addScriptToEvaluateOnNewDocument", source="""if (isSecureContext) {
        PushManager.prototype.subscribe = async () => { throw new Error('not without a touch'); }; }""")
    page.driver.refresh()
    page.until_text("#health", "will not ring")
    page.click("#health button")
    page.until(lambda: page.shown("#ring-start"), "the test that makes it again")


def test_one_that_it_would_not_make_at_first_is_made_without_a_touch(evening):
    page = ringing(evening)
    page.run("window.name = ''")
    page.cdp("Page.addScriptToEvaluateOnNewDocument", source="""if (isSecureContext) {
        const make = PushManager.prototype.subscribe; window.refusals = 0;
        PushManager.prototype.subscribe = async function (...what) {
            if (window.refusals < 2) { window.refusals += 1; throw new Error('not now'); }
            return make.apply(this, what); }; }""")
    page.driver.refresh()
    page.until_text("#health", "will not ring")
    wait.until(lambda: page.run("return window.name") != "", "another subscription", 60)
    page.until(lambda: page.shown("#health") is None, "nothing wrong")


def test_one_for_another_key_is_made_again(evening):
    page = ringing(evening)
    right = page.run("return window.name")
    page.run("window.name = btoa('x'.repeat(65))")
    page.driver.refresh()
    page.until(lambda: page.run("return window.name") == right, "the relay's key")


def test_a_permission_that_was_taken_back_is_said_and_noticed_when_given_again(evening):
    page = ringing(evening)

    def permit(setting):
        page.tools.ask("Browser.setPermission", permission={"name": "notifications"},
                       setting=setting, origin=page.url.rstrip("/"), browserContextId=page.phone)
    permit("denied")
    page.until_text("#health", "notifications are blocked")
    page.driver.refresh()
    page.until_text("#health", "notifications are blocked")
    permit("granted")
    page.until(lambda: page.shown("#health") is None, "nothing wrong")


def test_a_phone_that_never_asked_to_ring_is_not_bothered(evening):
    page = evening.phone()
    page.click("#ring-close")
    page.until_face("quiet")
    page.driver.refresh()
    until_leads(page.until_face("quiet"))
    assert page.shown("#health") is None


def test_a_staff_phone_rings_and_is_known_as_one(evening):
    page = evening.phone(staff=True)
    page.click("#ring-start")
    page.until_text("#ring-said", "Lock the phone now")
    wait.until(lambda: [line.split()[3] for line in evening.relay.stored()] == ["staff+"],
               lambda: f"a staff phone; {evening.relay.stored()}", 60)


def test_a_test_that_failed_is_followed_by_a_new_subscription(evening):
    page = ringing(evening)
    evening.service.stop()
    page.click("#open-settings")
    page.click("#open-ring")
    page.click("#ring-start")
    page.until_text("#ring-said", "Lock the phone now")
    page.skip(61, "wall")
    page.until_text("#ring-said", "did not arrive")
    page.run("""window.made = 0; const make = PushManager.prototype.subscribe;
        PushManager.prototype.subscribe = function (o) { window.made += 1; return make.call(this, o); };""")
    page.click("#ring-start")
    page.until(lambda: page.run("return window.made") == 1, "a new subscription")


# A browser with a subscription for each registration of the worker, as the standard says.
EACH = """
if (isSecureContext) {
    const told = TOLD;
    const bytes = (t) => Uint8Array.from(atob(t.replaceAll('-', '+').replaceAll('_', '/')),
        (c) => c.charCodeAt(0)).buffer;
    const all = () => JSON.parse(window.name || '{}');
    const scopes = new WeakMap();
    const manager = Object.getOwnPropertyDescriptor(ServiceWorkerRegistration.prototype,
        'pushManager').get;
    Object.defineProperty(ServiceWorkerRegistration.prototype, 'pushManager', { get() {
        const made = manager.call(this);
        scopes.set(made, this.scope);
        return made; } });
    const made = (scope) => {
        const mine = told[Object.keys(all()).indexOf(scope)];
        return { endpoint: mine.endpoint, getKey: (name) => bytes(mine[name]),
            options: { applicationServerKey: bytes(all()[scope]) },
            unsubscribe: async () => { throw new Error('nobody asked for that'); } };
    };
    PushManager.prototype.subscribe = async function (options) {
        const key = btoa(String.fromCharCode(...new Uint8Array(options.applicationServerKey)));
        window.name = JSON.stringify({ ...all(), [scopes.get(this)]: key });
        return made(scopes.get(this));
    };
    PushManager.prototype.getSubscription = async function () {
        return scopes.get(this) in all() ? made(scopes.get(this)) : null;
    };
}
"""

class TwoVenues:
    def __init__(self, make_venue, folder, authority, browser):
        self.venue = make_venue(brokers=2)
        self.kiosks = [self.venue.kiosk(), self.venue.kiosk()]
        self.service, self.relays = PushService(authority.server("push")), []
        for i, kiosk in enumerate(self.kiosks):
            (folder / f"relay{i}").mkdir()
            self.relays.append(Relay(folder / f"relay{i}", self.venue.brokers[i], [kiosk], None, web={
                "contact": "https://kettle.example.org/", "ca": authority.pem,
                "services": f"localhost:{self.service.port}"}).start())
        self.subscriptions = [Subscription(self.service), Subscription(self.service)]
        told = [s.keys() for s in self.subscriptions]
        self.page = self.venue.page(before=browser.replace(
            "TOLD", json.dumps(told if browser is EACH else told[0])))

    def join(self):
        """The page belongs to both, and was asked to ring for the first."""
        page = self.page
        page.join(self.kiosks[0].invite(self.venue.addresses()))
        page.until(lambda: page.shown("#ring-start"), "the question after joining")
        page.click("#ring-start")
        page.until_text("#ring-said", "Lock the phone now")
        page.click("#ring-close")
        page.click("#open-settings")
        page.click("#another")
        page.join(self.kiosks[1].invite(self.venue.addresses()))
        return page

    def kept(self, i):
        wait.until(lambda: len(self.relays[i].stored()) == 1,
                   lambda: f"a subscription at relay {i}; {self.page.run('return document.body.innerText')}",
                   60)

    def close(self):
        for relay in self.relays:
            relay.stop()
        self.service.stop()


@pytest.fixture
def two(make_venue, folder, authority):
    made = []

    def make(browser):
        made.append(TwoVenues(make_venue, folder, authority, browser))
        return made[-1]
    yield make
    for one in made:
        one.close()


def test_two_venues_on_one_phone_both_ring(two):
    t = two(EACH)
    t.join()
    for i in range(2):
        t.kept(i)
    for i, kiosk in enumerate(t.kiosks):
        before = len(t.subscriptions[i].got)
        kiosk.alarm("lockdown")
        t.service.wait(t.subscriptions[i], before + 1)
    assert not t.service.faults


def test_a_browser_that_rings_for_one_venue_says_so_of_the_second(two):
    t = two(BROWSER)
    page = t.join()
    page.until_text("#health", "one venue only")
    t.kept(0)
    assert t.relays[1].stored() == []
    before = len(t.subscriptions[0].got)
    t.kiosks[0].alarm("lockdown")
    t.service.wait(t.subscriptions[0], before + 1)
