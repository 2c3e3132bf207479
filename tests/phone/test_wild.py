"""A page that lives on people's phones: windows that take turns, subscriptions and permissions that
end, sound that is taken away, storage that is full or blocked, clocks that are wrong, a night's
sleep, a second venue, an upgrade under an open page. Each has a sentence with the fix, and none
burns an invitation or shows quiet that nobody has said."""

import json
import re
import shutil
import signal

import pytest

from tests.kit import wait
from tests.kit.place import ROOT
from tests.phone.browser import NOTE
from tests.phone.ntfy import Relay
from tests.phone.pushservice import PushService, Subscription
from tests.phone.test_ring import BROWSER, Evening


class Window:
    """Another window of the same phone, in front of the first."""

    def __init__(self, page):
        self.page, self.driver, self.tools = page, page.driver, page.tools
        self.handle = self.tools.ask("Target.createTarget", url="about:blank", newWindow=True,
                                     browserContextId=page.phone)["targetId"]
        self.driver.switch_to.window(self.handle)
        self.driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": NOTE})
        self.driver.get(page.url)

    def run(self, script):
        self.driver.switch_to.window(self.handle)
        return self.driver.execute_script(script)

    def leads(self):
        return self.run("return document.querySelector('#link').textContent") == "Connected"

    def until_leads(self):
        wait.until(self.leads, lambda: f"the lead; {self.run('return document.body.innerText')}", 60)
        return self

    def close(self):
        self.driver.switch_to.window(self.handle)
        self.driver.close()
        self.page.front()


def until_leads(page):
    return page.until_text("#link", "Connected")


def until_follows(page):
    return page.until_text("#link", "another window")


# --- windows ---------------------------------------------------------------------------------------


def test_a_window_has_the_connection_again_when_the_newer_is_closed(venue):
    kiosk = venue.kiosk()
    page = venue.phone(kiosk)
    newer = Window(page).until_leads()
    until_follows(page)
    newer.close()
    until_leads(page)
    kiosk.alarm("lockdown")
    page.until_face("lockdown")
    assert page.noted()["shakes"], "it has the connection, and is mute"


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_of_three_windows_the_last_one_left_rings(venue, order):
    kiosk = venue.kiosk()
    page = venue.phone(kiosk)
    others = [Window(page).until_leads(), Window(page).until_leads()]
    for i in order:
        others[i].close()
    until_leads(page)
    kiosk.alarm("caution")
    page.until_face("caution")
    assert page.noted()["shakes"]


def test_the_window_that_is_looked_at_takes_the_connection(venue):
    kiosk = venue.kiosk()
    page = venue.phone(kiosk)
    newer = Window(page).until_leads()
    until_follows(page)
    page.click("#title")
    until_leads(page)
    kiosk.alarm("lockdown")
    page.until_face("lockdown")
    wait.until(lambda: not newer.leads(), "the other window to follow", 60)
    assert newer.run("return document.querySelector('#answers').offsetParent") is None
    wait.until(lambda: newer.run("return document.body.dataset.face") == "lockdown",
               "the other window shows what this one knows", 60)
    assert newer.run("return window.noted.shakes") == [], "both call"


def test_a_frozen_window_keeps_nobody_from_the_connection(venue):
    kiosk = venue.kiosk()
    page = venue.phone(kiosk)
    newer = Window(page).until_leads()
    session = page.tools.ask("Target.attachToTarget", targetId=newer.handle, flatten=True)["sessionId"]
    page.tools.ask("Page.setWebLifecycleState", session, state="frozen")
    until_leads(page)
    kiosk.alarm("lockdown")
    page.until_face("lockdown")
    page.tools.ask("Page.setWebLifecycleState", session, state="active")
    page.click("#seen")
    kiosk.letter("seen")
    newer.close()
    until_leads(page)


def test_a_page_put_aside_by_the_browser_comes_back(venue):
    """Frozen alone, through an alert: it knows of it when it is thawed."""
    kiosk = venue.kiosk()
    page = venue.phone(kiosk)
    page.tools.ask("Page.setWebLifecycleState", page.session, state="frozen")
    kiosk.alarm("lockdown")
    page.tools.ask("Page.setWebLifecycleState", page.session, state="active")
    page.until_face("lockdown")
    until_leads(page)


def test_left_and_come_back_to(venue):
    """As the browser keeps it meanwhile, whole, or not."""
    kiosk = venue.kiosk()
    page = venue.phone(kiosk)
    page.driver.get("about:blank")
    kiosk.alarm("lockdown")
    page.driver.back()
    page.until_face("lockdown")
    until_leads(page)


def test_what_one_window_forgets_no_other_keeps(venue):
    kiosk = venue.kiosk()
    page = venue.phone(kiosk)
    newer = Window(page).until_leads()
    newer.run("localStorage.clear(); Storage.prototype.setItem = () => {}")  # it has forgotten
    page.until(lambda: page.shown("#paste") is not None, "the form to join")
    newer.close()
    page.run(CLOCK_LOOKS)
    page.until(lambda: page.run("return window.looks >= 3"), "some seconds")
    assert page.run("return localStorage.getItem('k1')") is None, "the keys are back"


CLOCK_LOOKS = "window.looks = 0; setInterval(() => { window.looks += 1; }, 1000);"


# --- ringing ---------------------------------------------------------------------------------------


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
    wait.until(lambda: [line.split()[3] for line in evening.relay.stored()] == ["staff"],
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


# --- sound -----------------------------------------------------------------------------------------

AUDIO = """const Made = window.AudioContext; window.AudioContext = class extends Made {
    constructor() { super(); window.theAudio = this; } };"""


def test_sound_that_was_taken_away_is_said_and_given_back_by_a_touch(venue):
    kiosk = venue.kiosk()
    page = venue.phone(kiosk, before=AUDIO)
    page.until(lambda: page.run("return window.theAudio?.state") == "running", "sound")
    page.run("window.theAudio.suspend()")
    page.until_text("#health", "touch the screen")
    page.click("#title")
    page.until(lambda: page.shown("#health") is None, "sound again")
    kiosk.alarm("caution")
    page.until(lambda: page.noted()["tones"] == 3, "three calls")


def test_sound_that_needs_no_touch_is_played(venue):
    """After a telephone call, say: the browser has taken it away, and gives it back when asked."""
    kiosk = venue.kiosk()
    page = venue.phone(kiosk, before=AUDIO)
    page.click("#title")
    page.until(lambda: page.run("return window.theAudio?.state") == "running", "sound")
    page.run("window.theAudio.suspend()")
    page.until_text("#health", "touch the screen")
    kiosk.alarm("caution")
    page.until(lambda: page.noted()["tones"] == 3, "three calls")
    page.until(lambda: page.shown("#health") is None, "nothing wrong any more")


def test_a_slow_phone_shows_the_state_before_it_makes_a_sound_ready(venue):
    """Making one costs hundreds of milliseconds; a touch makes it at once."""
    kiosk = venue.kiosk()
    page = venue.phone(kiosk, before=AUDIO)
    page.driver.refresh()
    page.until(lambda: page.run("return document.body.dataset.face"), "a state")
    assert page.run("return performance.now() > 2500 || window.theAudio === undefined")
    page.click("#title")
    page.until(lambda: page.run("return window.theAudio?.state") == "running", "sound")


def test_sound_that_is_not_allowed_yet_is_said(venue):
    kiosk = venue.kiosk()
    page = venue.phone(kiosk, before="""
        Object.defineProperty(AudioContext.prototype, 'state', { get: () => 'suspended' });""")
    page.until_text("#health", "touch the screen")


# --- storage ---------------------------------------------------------------------------------------

BLOCKED = {
    "throws": "Object.defineProperty(window, 'localStorage', { get() { throw new DOMException("
              "'Access is denied for this document.', 'SecurityError') } });",
    "null": "Object.defineProperty(window, 'localStorage', { get: () => null });",
    "refuses": "Storage.prototype.setItem = () => { throw new DOMException('no', 'SecurityError') };",
    "everything": """
        const no = () => { throw new DOMException('Access is denied.', 'SecurityError'); };
        const refuse = () => Promise.reject(new DOMException('Access is denied.', 'SecurityError'));
        Object.defineProperty(window, 'localStorage', { get: no });
        Object.defineProperty(window, 'sessionStorage', { get: no });
        if (isSecureContext) {
            LockManager.prototype.request = refuse;
            ServiceWorkerContainer.prototype.register = refuse;
            ServiceWorkerContainer.prototype.getRegistration = refuse;
            ServiceWorkerContainer.prototype.getRegistrations = refuse;
            StorageManager.prototype.persist = refuse;
        }""",
}


@pytest.mark.parametrize("how", BLOCKED)
def test_blocked_storage_is_said_and_burns_no_invitation(venue, how):
    kiosk = venue.kiosk()
    page = venue.page(before=BLOCKED[how])
    page.until_text("#health", "Allow cookies")
    page.join(kiosk.invite(venue.addresses()))
    page.until_text("#join-said", "has not been used")
    assert not [x for x in kiosk.letters if x[1]["kind"] == "enrol"]


FILL = """for (const size of [1048576, 1000, 1]) {
    try { for (let i = 0; ; i++) localStorage.setItem(`f${size}-${i}`, 'x'.repeat(size)); } catch {} }"""


def test_full_storage_burns_no_invitation(venue):
    kiosk = venue.kiosk()
    page = venue.page()
    page.until(lambda: page.shown("#paste") is not None, "the form")
    page.run(FILL)
    invitation = kiosk.invite(venue.addresses())
    page.join(invitation)
    page.until_text("#join-said", "has not been used")
    assert not [x for x in kiosk.letters if x[1]["kind"] == "enrol"]
    page.run("localStorage.clear()")
    page.join(invitation)
    page.until_face("quiet")


def test_storage_that_fills_up_later_is_said_until_there_is_room(venue):
    kiosk = venue.kiosk()
    page = venue.phone(kiosk)
    page.run("const set = Storage.prototype.setItem; window.room = () => { Storage.prototype.setItem = set; };"
             "Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError') };")
    kiosk.alarm("lockdown")
    page.until_face("lockdown")
    page.until_text("#health", "storage is full")
    page.run("window.room()")
    page.until(lambda: page.shown("#health") is None, "room again")
    page.driver.refresh()
    page.until_face("lockdown")


def test_a_phone_whose_storage_was_evicted_learns_what_to_do(venue):
    """Its browser says nothing, so that every phone without keys reads it; one that has some does not."""
    kiosk = venue.kiosk()
    page = venue.phone(kiosk)
    page.click("#open-settings")
    page.click("#another")
    page.until(lambda: page.shown("#paste") is not None, "the form")
    assert page.shown("#join-before") is None
    page.driver.get("about:blank")
    page.cdp("Storage.clearDataForOrigin", origin=page.url.rstrip("/"), storageTypes="all")
    page.driver.get(page.url)
    page.until_text("#join-before", "deleted the keys")
    page.join(kiosk.invite(venue.addresses()))
    page.until_face("quiet")


def test_the_browser_is_asked_to_keep_the_keys(venue):
    kiosk = venue.kiosk()
    page = venue.phone(kiosk, before="""if (isSecureContext) { window.asked = 0;
        StorageManager.prototype.persist = async () => { window.asked += 1; return true; }; }""")
    assert page.run("return window.asked") == 1


# --- clocks ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("hours, said", [(-13, "13 hours slow"), (1, "1 hour fast"),
                                         (13, "13 hours fast")])
def test_a_wrong_clock_is_said_and_refuses_no_invitation(venue, hours, said):
    kiosk = venue.kiosk()
    page = venue.page(before=f"const real = Date.now; Date.now = () => real() + {hours} * 3600e3;")
    page.until_text("#health", said)
    page.join(kiosk.invite(venue.addresses()))
    page.until_face("quiet")
    page.until_text("#health", said)


# --- sleep -----------------------------------------------------------------------------------------

SLEEP = """
const [wall, steady] = [Date.now, performance.now.bind(performance)];
window.sleep = { stopped: null, wall: 0, steady: 0 };
Date.now = () => wall() + window.sleep.wall;
performance.now = () => (window.sleep.stopped ?? steady()) + window.sleep.steady;
"""
ASLEEP = "window.sleep.stopped = performance.now();"


def wake(page, hours):
    """The steady clock stood still, the other did not; returns what the page showed at once."""
    return page.run("""
        const s = window.sleep, stood = s.stopped;
        s.stopped = null;
        s.steady += stood - performance.now();
        s.wall += arguments[0] * 3600e3;
        document.dispatchEvent(new Event('visibilitychange'));
        return [document.body.dataset.face, document.querySelector('#link').textContent];""", hours)


@pytest.mark.parametrize("hours", [1 / 60, 3])
def test_nothing_reads_quiet_after_a_sleep_until_the_connection_has_answered(venue, hours):
    kiosk = venue.kiosk()
    page = venue.phone(kiosk, before=SLEEP)
    until_leads(page)
    venue.brokers[0].process.signal(signal.SIGSTOP)
    try:
        page.run(ASLEEP)
        kiosk.alarm("lockdown")
        face, link = wake(page, hours)
        assert face == "unknown" and link == "Checking the connection"
        seen = set()

        def given_up():
            seen.add(page.face)
            return "No connection" in page.shown("#link")
        wait.until(given_up, "the connection to be given up", 60)
        assert seen == {"unknown"}
    finally:
        venue.brokers[0].process.signal(signal.SIGCONT)
    page.until_face("lockdown")


def test_a_connection_that_answers_after_a_sleep_is_believed(venue):
    kiosk = venue.kiosk()
    page = venue.phone(kiosk, before=SLEEP)
    until_leads(page)
    page.run(ASLEEP)
    wake(page, 3)
    until_leads(page)
    page.until_face("quiet")


def test_a_look_at_a_page_that_was_awake_hides_no_silence(venue):
    """Only a sleep excuses a kiosk's silence; looking at the page again does not."""
    kiosk = venue.kiosk()
    page = venue.phone(kiosk)
    kiosk.silent.set()
    kiosk.beating.join()
    page.skip(14)
    page.run("window.dispatchEvent(new Event('focus'))")
    page.skip(1)
    page.until_face("lost")


# --- invitations -----------------------------------------------------------------------------------


def memberships(page):
    return json.loads(page.stored()["k1"])["memberships"]


def again(venue, page, kiosk, **more):
    page.click("#open-settings")
    page.click("#another")
    page.join(kiosk.invite(venue.addresses(), **more))


def test_an_invitation_for_a_kiosk_that_is_known_says_what_changes(venue):
    kiosk = venue.kiosk()
    page = venue.phone(kiosk)
    before = memberships(page)
    again(venue, page, kiosk, staff=True)
    page.until_text("#known", "becomes a staff phone")
    assert "new keys" in page.shown("#known")
    page.click("#known-stop")
    assert page.shown("#known") is None and memberships(page) == before
    assert len([x for x in kiosk.letters if x[1]["kind"] == "enrol"]) == 1
    page.click("#join-button")
    page.until_text("#known", "becomes a staff phone")
    page.click("#known-go")
    page.until(lambda: page.shown("#staff summary"), "staff's commands")
    kept = memberships(page)
    assert len(kept) == 1 and kept[0]["staff"]


def test_one_for_a_known_kiosk_under_another_root_key_is_refused(venue):
    kiosk = venue.kiosk()
    page = venue.phone(kiosk)
    before = memberships(page)
    kiosk.root = type(kiosk.root)()
    again(venue, page, kiosk)
    page.until_text("#join-said", "another root key")
    assert memberships(page) == before and page.shown("#known") is None
    assert len([x for x in kiosk.letters if x[1]["kind"] == "enrol"]) == 1


def test_a_link_that_is_opened_in_the_window_of_the_page_is_taken(venue):
    """No page loads then; and the invitation stays neither in the address nor in the history."""
    kiosk = venue.kiosk()
    page = venue.page()
    page.until(lambda: page.shown("#paste") is not None, "the form")
    page.run("location.hash = arguments[0]", f"i={kiosk.invite(venue.addresses())}")
    page.until(lambda: page.shown("#here"), "what to do with the invitation")
    assert page.driver.current_url == page.url
    page.click("#here")
    page.until_face("quiet")
    page.driver.back()
    page.until_face("quiet")
    assert "#" not in page.driver.current_url


def test_an_invitation_that_is_shared_with_the_page_goes_to_no_server(venue):
    kiosk = venue.kiosk()
    page = venue.page()
    page.until(lambda: page.run("return navigator.serviceWorker.controller !== null"), "the worker")
    link = f"Come in: {page.url}#i={kiosk.invite(venue.addresses())}"
    share = """const form = new FormData(); form.set('text', %s);
        Promise.all(['./share', './elsewhere'].map((to) => fetch(to, { method: 'POST', body: form })))
            .then((all) => all.map((r) => r.status))"""
    assert page.aside(share % json.dumps(link)) == [200, 403], "the server refuses what is posted"
    manifest = page.aside("fetch('manifest.webmanifest').then((r) => r.json())")
    assert manifest["share_target"]["method"] == "POST" and manifest["id"] and manifest["lang"]


# --- an upgrade ------------------------------------------------------------------------------------


def test_an_upgrade_under_an_open_page_breaks_nothing(venue, folder):
    site = folder / "site"
    shutil.copytree(ROOT / "build/page", site)
    proxy = venue.proxies[0]
    conf = proxy.folder / "nginx.conf"
    conf.write_text(conf.read_text().replace(str(ROOT / "build/page"), str(site)))
    proxy.stop()
    proxy.start()
    kiosk = venue.kiosk()
    page = venue.phone(kiosk)
    page.until(lambda: page.run("return navigator.serviceWorker.controller !== null"), "the worker")
    parts = [p.name for p in site.glob("*-*.js")]
    for n in range(2):  # two upgrades under one page
        worker = (site / "sw.js").read_text()
        for part in [p.name for p in site.glob("*-*.js")]:
            (site / part).rename(site / f"new{n}-{part}")
            worker = worker.replace(part, f"new{n}-{part}")
        (site / "sw.js").write_text(re.sub(r"kettle-\w+", f"kettle-build{n}", worker))
        page.aside("navigator.serviceWorker.getRegistration().then((r) => r.update()).then(() => 1)")
        page.until(lambda: f"kettle-build{n}" in page.aside("caches.keys().then((k) => k.join())")
                   and page.aside("navigator.serviceWorker.getRegistration().then((r) => r.waiting"
                                  " === null && r.installing === null)"), "the upgrade")
    for part in parts:
        assert page.aside(f"import('./{part}').then(() => 'loads', (e) => String(e))") == "loads", part
    kiosk.alarm("lockdown")
    page.until_face("lockdown")
    page.driver.refresh()
    page.until_face("lockdown")
    until_leads(page)
