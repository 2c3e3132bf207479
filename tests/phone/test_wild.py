"""A page that is used on people's phones: sound that is taken away, storage that is full or blocked,
clocks that are wrong, a night's sleep, an upgrade under an open page. Each has a sentence with the
fix, and none burns an invitation or shows quiet that nobody has said."""

import json
import re
import shutil
import signal

import pytest

from tests.kit import wait
from tests.kit.place import ROOT
from tests.phone.browser import until_leads


# --- sound -----------------------------------------------------------------------------------------

AUDIO = """const Made = window.AudioContext; window.AudioContext = class extends Made {
    constructor() { super(); window.theAudio = this; } };"""


def take_sound(page):
    """As a telephone call does: once more where the browser was still starting it, and does so after."""
    page.until(lambda: page.run("window.theAudio.suspend(); return window.theAudio.state") == "suspended", "none")


def test_sound_that_was_taken_away_is_said_and_given_back_by_a_touch(venue):
    kiosk = venue.kiosk()
    page = venue.phone(kiosk, before=AUDIO)
    page.until(lambda: page.run("return window.theAudio?.state") == "running", "sound")
    take_sound(page)
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
    take_sound(page)
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
                                         (13, "13 hours fast"), (8760, "1 year fast")])
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
