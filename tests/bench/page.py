"""The members' page on a slow phone: Chromium with its processor slowed down four times, from the
tap to the moment when the page says something and can be used; and what the first load weighs."""

import gzip
import shutil

from tests.bench.report import percentile
from tests.kit import pki
from tests.kit.place import fresh, ROOT

ROUNDS, SLOWER = 7, 4

# Noted once: when the form to join, or a kiosk's state, is first there to be seen and touched.
WATCH = """
window.usable = null;
const look = () => {
    const seen = (id) => { const n = document.getElementById(id); return n && n.offsetParent; };
    if (window.usable === null && (seen('join-button') || (seen('state') && seen('title') &&
        document.getElementById('title').textContent !== ''))) {
        window.usable = performance.now();
    }
};
new MutationObserver(look).observe(document, { subtree: true, childList: true, attributes: true,
    characterData: true });
addEventListener('DOMContentLoaded', look);
"""


def weight():
    """Bytes of the first load, compressed as the proxy does it."""
    page = ROOT / "build/page"
    later = ("sw.js", "icon-180.png", "icon-512.png")
    return sum(len(gzip.compress(p.read_bytes(), 9)) for p in page.iterdir()
               if p.name not in later and not p.name.startswith("jsQR"))


def slowed(page):
    page.cdp("Page.addScriptToEvaluateOnNewDocument", source=WATCH)
    page.cdp("Emulation.setCPUThrottlingRate", rate=SLOWER)


def usable(page, empty):
    """ms of one load; `empty`: nothing in the browser's cache, no service worker."""
    page.front()
    if empty:
        page.cdp("Storage.clearDataForOrigin", origin=page.url.rstrip("/"),
                 storageTypes="service_workers,cache_storage")
        page.cdp("Network.clearBrowserCache")
    page.driver.get("about:blank")
    page.driver.get(page.url)
    page.until(lambda: page.run("return window.usable") is not None, "a page that can be used")
    return page.run("return window.usable")


def rounds(report, page, what, empty):
    took = [usable(page, empty) for _ in range(ROUNDS)]
    report.row(f"{what}: p50 of {ROUNDS}", percentile(took, 50), "ms", limit=1000)
    report.row(f"{what}: the longest", max(took), "ms")


def bench(report):
    from tests.phone.browser import Browser
    from tests.phone.conftest import Venue
    from tests.phone.serving import fingerprint
    report.heading(f"the members' page, Chromium slowed down {SLOWER} times")
    report.row("first load, compressed", weight() / 1000, "kB", limit=300)
    folder = fresh("p")
    folder.chmod(0o755)
    authority = pki.Authority(folder / "ca")
    certificate = authority.server("page")
    browser = Browser(folder / "chromium", [fingerprint(certificate)])
    venue = Venue(folder / "venue", authority, certificate, browser)
    try:
        page = venue.page()
        slowed(page)
        rounds(report, page, "first load, the form to join", True)
        page.cdp("Emulation.setCPUThrottlingRate", rate=1)
        kiosk = venue.kiosk()
        page.join(kiosk.invite(venue.addresses()))
        page.until_face("quiet")
        page.cdp("Emulation.setCPUThrottlingRate", rate=SLOWER)
        rounds(report, page, "a member's page, from the network", True)
        page.until(lambda: page.run("return navigator.serviceWorker.controller !== null"),
                   "the service worker")
        rounds(report, page, "a member's page, opened again", False)
    finally:
        venue.close()
        browser.close()
        shutil.rmtree(folder, ignore_errors=True)
