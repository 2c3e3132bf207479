"""Debian's Chromium, phone-sized, and the page in it as a member handles it."""

import base64
import time

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By

from tests.kit import wait
from tests.kit.place import ROOT

FLAGS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync",
         "--disable-dev-shm-usage", "--autoplay-policy=no-user-gesture-required",
         "--disable-features=Translate,OptimizationHints"]
WIDTH, HEIGHT = 390, 844

# What the page did with the phone: every shake and every notification, noted as it is asked for.
NOTE = """
window.noted = { shakes: [], notices: [] };
navigator.vibrate = (pattern) => window.noted.shakes.push(pattern);
ServiceWorkerRegistration.prototype.showNotification = function (title, options) {
    window.noted.notices.push({ title, ...options });
    return Promise.resolve();
};
"""


class Browser:
    """One Chromium. Each Page has a window of its own; origins keep storage apart."""

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
        self.first = self.driver.current_window_handle

    def close(self):
        self.driver.quit()


class Page:
    """The page in a window. `host` chooses the origin: what it stores is its own."""

    def __init__(self, browser, url, language="en", dark=False, fragment=None):
        self.browser, self.driver, self.url = browser, browser.driver, url
        self.driver.switch_to.window(browser.first)
        self.driver.switch_to.new_window("window")
        self.handle = self.driver.current_window_handle
        self.cdp("Page.addScriptToEvaluateOnNewDocument", source=NOTE)
        self.cdp("Emulation.setDeviceMetricsOverride", width=WIDTH, height=HEIGHT,
                 deviceScaleFactor=1, mobile=True)
        self.cdp("Emulation.setUserAgentOverride", userAgent=self.driver.execute_script(
            "return navigator.userAgent"), acceptLanguage=language)
        self.dark(dark)
        self.cdp("Browser.grantPermissions", permissions=["notifications"], origin=url.rstrip("/"))
        self.driver.get(url + (f"#{fragment}" if fragment else ""))

    def cdp(self, command, **args):
        return self.driver.execute_cdp_cmd(command, args)

    def front(self):
        self.driver.switch_to.window(self.handle)
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

    def until(self, true, what, within=10):
        return wait.until(true, lambda: f"{what}; the page shows {self.face}: "
                          f"{self.run('return document.body.innerText')!r}; {self.log()}", within,
                          every=0.03)

    def until_face(self, face, within=10):
        self.until(lambda: self.face == face, f"face {face}", within)
        return self

    def until_text(self, css, part, within=10):
        self.until(lambda: part in (self.shown(css) or ""), f"{part!r} in {css}", within)
        return self

    def click(self, css):
        self.front().driver.find_element(By.CSS_SELECTOR, css).click()
        return self

    def hold(self, css, seconds):
        button = self.front().driver.find_element(By.CSS_SELECTOR, css)
        self.run("arguments[0].scrollIntoView({block: 'center'})", button)
        ActionChains(self.driver).move_to_element(button).click_and_hold().perform()
        time.sleep(seconds)
        ActionChains(self.driver).release().perform()
        return self

    def join(self, invitation):
        self.until(lambda: self.shown("#paste") is not None, "the join form")
        self.run("document.querySelector('#paste').value = arguments[0]", invitation)
        return self.click("#join-button")

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

    def close(self):
        self.front().driver.close()
        self.driver.switch_to.window(self.browser.first)
