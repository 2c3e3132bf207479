"""Debian's Chromium, phone-sized, and the page in it as a member handles it."""

import base64
import json
import time

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By

from tests.kit import envelope, wait
from tests.kit.place import ROOT
from tests.phone.devtools import Devtools

FLAGS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync",
         "--disable-dev-shm-usage", "--autoplay-policy=no-user-gesture-required",
         "--disable-features=Translate,OptimizationHints,PreloadTopChromeWebUI"]
WIDTH, HEIGHT = 390, 844

# What the page did with the phone: every tone, shake and notification, noted as it is asked for, and
# what the worker reported to it about wake-ups.
# Elsewhere than on the page itself (about:blank) there is no service worker.
NOTE = """
window.noted = { shakes: [], notices: [], rings: [], tones: 0 };
const play = OscillatorNode.prototype.start;
OscillatorNode.prototype.start = function (...when) {
    window.noted.tones += 1;
    play.apply(this, when);
};
navigator.vibrate = (pattern) => window.noted.shakes.push(pattern);
if (isSecureContext) {
    ServiceWorkerRegistration.prototype.showNotification = function (title, options) {
        window.noted.notices.push({ title, ...options });
        return Promise.resolve();
    };
    navigator.serviceWorker.addEventListener('message', (e) =>
        e.data?.rang && window.noted.rings.push(e.data.rang));
}
"""

# The page's clocks, which can be stopped and put forward: a quarter of a minute need not take one,
# and then ends at no other moment than the test's. Both stop: by the wall's, a message that a busy
# machine delivers late would be old.
CLOCKS = """
if (!window.clocks) {
    const clocks = window.clocks = { wall: 0, steady: 0, stopped: null, looks: 0 };
    const [wall, steady] = [Date.now, performance.now.bind(performance)];
    Date.now = () => (clocks.stopped?.wall ?? wall()) + clocks.wall;
    performance.now = () => (clocks.stopped?.steady ?? steady()) + clocks.steady;
    clocks.stop = () => { clocks.stopped = { wall: wall(), steady: steady() }; };
    setInterval(() => { clocks.looks += 1; }, 1000);
}
"""

# A held button's bar grows, and is empty again once the button has done what it does.
HELD = """
const bar = arguments[0].querySelector('progress');
let grew = false;
window.held = false;
const look = () => {
    grew ||= bar.value > 0;
    window.held = grew && bar.value === 0;
    if (!window.held) {
        requestAnimationFrame(look);
    }
};
look();
"""


class Browser:
    """One Chromium. Each Page is a phone: a window with a storage of its own, which goes with it."""

    def __init__(self, folder, fingerprints=()):
        options = webdriver.ChromeOptions()
        options.binary_location = "/usr/bin/chromium"
        for flag in FLAGS:
            options.add_argument(flag)
        options.add_argument(f"--user-data-dir={folder}")
        options.add_argument("--ignore-certificate-errors-spki-list=" + ",".join(fingerprints))
        options.add_argument(f"--window-size={WIDTH},{HEIGHT}")
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver = webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)
        self.first = self.shown = self.driver.current_window_handle
        self.tools = Devtools(self.driver.capabilities["goog:chromeOptions"]["debuggerAddress"])

    def show(self, window):
        """Makes it the driver's window; asked only for another one, as each question costs as much as a command."""
        if window != self.shown:
            self.driver.switch_to.window(window)
            self.shown = window

    def close(self):
        self.tools.close()
        self.driver.quit()


class Page:
    """The page in a window of a phone of its own. `before`: a script run before each load of it."""

    def __init__(self, browser, url, language="en", dark=False, fragment=None, before=""):
        self.browser, self.driver, self.url = browser, browser.driver, url
        self.tools = browser.tools
        self.phone = self.tools.ask("Target.createBrowserContext")["browserContextId"]
        self.tools.ask("Browser.grantPermissions", permissions=["notifications"],
                       origin=url.rstrip("/"), browserContextId=self.phone)
        self.handle = self._window(newWindow=True)
        self.session = self.tools.ask("Target.attachToTarget", targetId=self.handle,
                                      flatten=True)["sessionId"]
        self.cover = None
        self.front()
        self.cdp("Page.addScriptToEvaluateOnNewDocument", source=NOTE + before)
        self.cdp("Emulation.setDeviceMetricsOverride", width=WIDTH, height=HEIGHT,
                 deviceScaleFactor=1, mobile=True)
        self.cdp("Emulation.setUserAgentOverride", userAgent=self.driver.execute_script(
            "return navigator.userAgent"), acceptLanguage=language)
        self.dark(dark)
        self.driver.get(url + (f"#{fragment}" if fragment else ""))

    def _window(self, **more):
        return self.tools.ask("Target.createTarget", url="about:blank",
                              browserContextId=self.phone, **more)["targetId"]

    def cdp(self, command, **args):
        return self.driver.execute_cdp_cmd(command, args)

    def front(self):
        self.browser.show(self.handle)
        return self

    def dark(self, on):
        self.front().cdp("Emulation.setEmulatedMedia", features=[
            {"name": "prefers-color-scheme", "value": "dark" if on else "light"}])

    def run(self, script, *args):
        return self.front().driver.execute_script(script, *args)

    def shown(self, css):
        """The text of an element that can be seen; None where there is none."""
        return self.run("""const n = document.querySelector(arguments[0]);
            return n && n.offsetParent !== null ? n.innerText : null;""", css)

    @property
    def face(self):
        return self.run("return document.body.dataset.face ?? null")

    def until(self, true, what):
        return wait.until(true, lambda: f"{what}; the page shows {self.face}: "
                          f"{self.run('return document.body.innerText')!r}; {self.log()}", every=0.03)

    def until_face(self, face):
        self.until(lambda: self.face == face, f"face {face}")
        return self

    def until_text(self, css, part):
        self.until(lambda: part in (self.shown(css) or ""), f"{part!r} in {css}")
        return self

    # --- the page's clocks, until it loads again ----------------------------------------------

    def skip(self, seconds, clock="steady"):
        """`clock`: steady, by which silence is told, or wall, by which a test of the ring is."""
        self.run(CLOCKS + "window.clocks[arguments[1]] += arguments[0]", seconds * 1000, clock)
        return self

    def stop_clocks(self):
        self.run(CLOCKS + "window.clocks.stop()")

    def until_looked(self):
        """Until the page has looked at its clock, as it does once a second."""
        before = self.run("return window.clocks.looks")
        self.until(lambda: self.run("return window.clocks.looks") >= before + 2, "two seconds")

    def click(self, css):
        self.front().driver.find_element(By.CSS_SELECTOR, css).click()
        return self

    def until_still(self, element):
        """Until it has kept its place for half a second: what comes in above it moves it, and a finger that
        aims at it would meet its neighbour."""
        def place():
            box = self.run("arguments[0].scrollIntoView({block: 'nearest'}); "
                           "return arguments[0].getBoundingClientRect().top", element)
            if box != seen[0]:
                seen[:] = [box, time.monotonic()]
            return time.monotonic() - seen[1] >= 0.5
        self.run("arguments[0].scrollIntoView({block: 'center'})", element)
        seen = [None, 0]
        self.until(place, "a button that keeps its place")

    def hold(self, css, seconds=None):
        """Holds a button until it has done what it does, or for a time that is too short."""
        button = self.front().driver.find_element(By.CSS_SELECTOR, css)
        self.until_still(button)
        self.run(HELD, button)
        ActionChains(self.driver).move_to_element(button).click_and_hold().perform()
        if seconds is None:
            self.until(lambda: self.run("return window.held"), f"{css} to be held long enough")
        else:
            time.sleep(seconds)
            assert not self.run("return window.held"), f"{css} is held already"
        ActionChains(self.driver).release().perform()
        return self

    def join(self, invitation):
        self.until(lambda: self.shown("#paste") is not None, "the join form")
        self.run("document.querySelector('#paste').value = arguments[0]", invitation)
        return self.click("#join-button")

    def digits(self):
        """The six digits that a staff phone shows its host."""
        self.until(lambda: self.shown("#join-digits"), "the six digits")
        return self.shown("#join-digits")

    def noted(self):
        return self.run("return window.noted")

    def stored(self):
        return self.run("return Object.fromEntries(Object.entries(localStorage))")

    def log(self):
        return [e["message"] for e in self.driver.get_log("browser")][-5:]

    def shot(self, name):
        """A PNG in build/page-shots/."""
        folder = ROOT / "build/page-shots"
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{name}.png"
        self.front()
        path.write_bytes(base64.b64decode(self.cdp("Page.captureScreenshot", format="png")["data"]))
        return path

    # --- a phone in a pocket ---------------------------------------------------------------------

    def lock(self):
        """The page is hidden, as it is on a locked phone: another tab of its window is in front."""
        self.cover = self._window()
        self.browser.shown = None
        wait.until(lambda: self.aside("document.hidden"), "the page to be hidden")

    def unlock(self):
        self.tools.ask("Target.closeTarget", targetId=self.cover)
        self.cover = None
        self.tools.ask("Target.activateTarget", targetId=self.handle)
        self.until(lambda: not self.aside("document.hidden"), "the page in front again")

    def aside(self, expression):
        """What JavaScript (or its promise) comes to, without bringing the page to the front."""
        said = self.tools.ask("Runtime.evaluate", self.session, expression=expression,
                              awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in said, said
        return said["result"].get("value")

    def push(self, text):
        """Wakes the page's service worker, as the browser does when a push has come for it; back
        when the worker has reported it to the page."""
        rings = "window.noted.rings.length"
        before = self.aside(rings)
        self.wake(text)
        wait.until(lambda: self.aside(rings) > before, "the worker's word to the page")

    def wake(self, text):
        """The same, and no waiting; the page may be closed, as long as its window shows something of ours."""
        self.tools.ask("ServiceWorker.enable", self.session)
        self.tools.ask("ServiceWorker.deliverPushMessage", self.session,
                       origin=self.url.rstrip("/"), registrationId=self._worker(), data=text)

    def _worker(self):
        """The number that the browser gave the registration of the page's worker."""
        def known():
            told = [r for e in self.tools.events("ServiceWorker.workerRegistrationUpdated",
                                                 self.session) for r in e["registrations"]]
            living = {r["registrationId"]: r for r in told if r["scopeURL"] == self.url}
            return [n for n, r in living.items() if not r["isDeleted"]]
        return wait.until(known, "the browser's word of the service worker")[-1]

    def close(self):
        """With all that it stored, its worker among it."""
        self.tools.ask("Target.disposeBrowserContext", browserContextId=self.phone)
        self.browser.show(self.browser.first)


def until_leads(page):
    return page.until_text("#link", "Connected")


def until_follows(page):
    return page.until_text("#link", "another window")


def read_all(kiosk, page):
    """The page has read whatever the kiosk has said."""
    kiosk.say("beat", "beat", **envelope.beat_fields(kiosk.started))
    last = kiosk.seq
    page.until(lambda: json.loads(page.stored()["k1"])["kept"][kiosk.id]["liveNext"] > last,
               "the last beat")
