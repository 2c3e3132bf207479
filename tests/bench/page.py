"""The members' page on a slow phone: Chromium with its processor slowed down four times, from the
tap to the moment when the page says something and can be used; and what the first load weighs."""

import gzip
import re
import shutil

from tests.bench.report import percentile
from tests.kit.place import fresh, ROOT

ROUNDS, SLOWER = 7, 4
WEIGHT_KB = 310  # kiosk/phone/build.mjs refuses more

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
    """Bytes of the first load, compressed as the proxy does it: one language, the largest, and neither the
    reader of QR codes nor the pictures of steps."""
    def size(path):
        return len(gzip.compress(path.read_bytes(), 9))
    page = ROOT / "build/page"
    later = [*page.glob("jsqr-*"), *page.glob("steps-*"), page / "sw.js", page / "icon-180.png",
             page / "icon-512.png"]
    languages = [p for p in page.iterdir() if re.match(r"(ar|az|ka|ru)-", p.name)]
    assert len(languages) == 4 and len(later) == 5
    first = [p for p in page.iterdir() if p not in later and p not in languages]
    assert page / "main.js" in first
    return sum(map(size, first)) + max(map(size, languages))


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
    from tests.phone.conftest import open_venue
    report.heading(f"the members' page, Chromium slowed down {SLOWER} times")
    report.row("first load, compressed", weight() / 1000, "kB", limit=WEIGHT_KB)
    folder = fresh("p")
    folder.chmod(0o755)
    try:
        with open_venue(folder) as venue:
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
        shutil.rmtree(folder, ignore_errors=True)
