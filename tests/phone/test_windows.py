"""Several windows of the page on one phone take turns: one has the connection, and rings."""

import pytest

from tests.kit import wait
from tests.phone.browser import NOTE, until_follows, until_leads


class Window:
    """Another window of the same phone, in front of the first."""

    def __init__(self, page):
        self.page, self.driver, self.tools = page, page.driver, page.tools
        self.handle = self.tools.ask("Target.createTarget", url="about:blank", newWindow=True,
                                     browserContextId=page.phone)["targetId"]
        self.page.browser.show(self.handle)
        self.driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": NOTE})
        self.driver.get(page.url)

    def run(self, script):
        self.page.browser.show(self.handle)
        return self.driver.execute_script(script)

    def leads(self):
        return self.run("return document.querySelector('#link').textContent") == "Connected"

    def until_leads(self):
        wait.until(self.leads, lambda: f"the lead; {self.run('return document.body.innerText')}", 60)
        return self

    def close(self):
        self.page.browser.show(self.handle)
        self.driver.close()
        self.page.front()


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


def test_a_wake_up_reaches_the_window_that_is_left(venue):
    """The older of two, which followed, on a phone that is locked: it calls at once, and is what is found."""
    kiosk = venue.kiosk()
    page = venue.phone(kiosk)
    newer = Window(page).until_leads()
    until_follows(page)
    newer.close()
    page.lock()
    kiosk.alarm("lockdown")
    page.push("")
    assert page.aside("window.noted.rings[0].hidden"), "the worker knows that nobody looked"
    wait.until(lambda: page.aside("window.noted.shakes.length"), "a call, while it is locked", 60)
    page.unlock()
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


# The browser's answer to who has the connection waits until the test lets it go on.
SLOW_LOCK = """if (isSecureContext) { const ask = navigator.locks.request.bind(navigator.locks);
    navigator.locks.request = (name, options, then) => new Promise((go) => { window.answer = go; })
        .then(() => ask(name, options, then)); }"""


def test_a_window_that_opens_says_nothing_of_another_before_the_browser_has_answered(venue):
    page = venue.phone(venue.kiosk())
    page.cdp("Page.addScriptToEvaluateOnNewDocument", source=SLOW_LOCK)
    page.driver.refresh()
    page.until(lambda: page.shown("#title"), "the page has drawn what it knows")
    assert "another window" not in page.run("return document.body.innerText")
    page.run("window.answer()")
    until_leads(page)
