"""Every state as a picture, light and dark, and in every language: contact sheets in build/, and
what can be measured of them: shapes that differ without colour, contrast, nothing cut off."""

import base64

import pytest

from tests.kit import wait
from tests.kit.place import ROOT

SHOTS = ROOT / "build/page-shots"

# WCAG contrast of each text with what is behind it, the least that level AAA wants of it, and what sticks
# out of the page sideways.
MEASURE = """
const lum = (c) => { const v = c.match(/[\\d.]+/g).slice(0, 3).map((x) => x / 255)
        .map((x) => x <= 0.03928 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4);
    return 0.2126 * v[0] + 0.7152 * v[1] + 0.0722 * v[2]; };
const behind = (n) => { for (; n; n = n.parentElement) {
    const c = getComputedStyle(n).backgroundColor;
    if (!/, 0\\)$|transparent/.test(c)) return c; } return 'rgb(255, 255, 255)'; };
const out = [];
for (const n of document.querySelectorAll('h1,h2,p,li,button,span,summary,label,legend,small')) {
    if (n.offsetParent === null || !n.textContent.trim()) continue;
    const [a, b] = [lum(getComputedStyle(n).color), lum(behind(n))].sort((x, y) => y - x);
    const box = n.getBoundingClientRect();
    const { fontSize, fontWeight } = getComputedStyle(n);
    const large = parseFloat(fontSize) >= (fontWeight >= 700 ? 18.66 : 24);
    out.push([n.id || n.tagName, (a + 0.05) / (b + 0.05), large ? 4.5 : 7,
        Math.max(-box.left, box.right - innerWidth)]);
}
return out;
"""


# Texts of several rows whose last row is much shorter than their longest.
UNEVEN = """
return [...document.querySelectorAll('h1, #text, #lines li')].filter((n) => {
    const range = document.createRange();
    range.selectNodeContents(n);
    const rows = new Map();
    for (const r of range.getClientRects()) rows.set(r.top, (rows.get(r.top) ?? 0) + r.width);
    const wide = [...rows.values()];
    return wide.length > 1 && wide.at(-1) < 0.4 * Math.max(...wide);
}).map((n) => n.textContent);
"""


def check(page, name):
    uneven = page.run(UNEVEN)
    assert not uneven, f"{name}: a word or two are left for the last row: {uneven}"
    for element, contrast, least, beyond in page.run(MEASURE):
        assert contrast >= least, f"{name}: {element} has contrast {contrast:.1f}, not {least}"
        assert beyond <= 0.5, f"{name}: {element} sticks out by {beyond} px"


def both(page, name):
    for dark in (False, True):
        page.dark(dark)
        full = f"{name}-{'dark' if dark else 'light'}"
        check(page, full)
        page.shot(full)
    page.dark(False)
    return page.run("return document.querySelector('#shape').innerHTML")


def sheet(browser, name, shots, columns):
    """One picture of many, put together by the browser."""
    cells = "".join(f'<figure><img src="{s.name}"><figcaption>{s.stem}</figcaption></figure>'
                    for s in shots)
    html = SHOTS / f"{name}.html"
    html.write_text(f"""<!doctype html><meta charset="utf-8"><style>
        body {{ margin: 12px; display: grid; gap: 12px; background: #888; font: 12px sans-serif;
        grid-template-columns: repeat({columns}, 195px); }} figure {{ margin: 0 }}
        img {{ width: 195px; display: block }}</style>{cells}""")
    driver = browser.driver
    browser.show(browser.first)
    driver.get(html.as_uri())
    rows = -(-len(shots) // columns)
    clip = {"x": 0, "y": 0, "width": 207 * columns + 12, "height": 452 * rows + 12, "scale": 1}
    taken = driver.execute_cdp_cmd("Page.captureScreenshot", {
        "format": "png", "clip": clip, "captureBeyondViewport": True})
    (ROOT / f"build/page-{name}.png").write_bytes(base64.b64decode(taken["data"]))


def test_every_state_in_light_and_dark(venue):
    kiosk = venue.kiosk()
    page = venue.page()
    page.until(lambda: page.shown("#paste") is not None, "the join form")
    shapes = {"join": both(page, "01-join")}
    page.join(kiosk.invite(venue.addresses(), staff=True))
    page.until_face("quiet")
    shapes["quiet"] = both(page, "02-quiet")
    kiosk.alarm("caution", detail="unclear")
    page.until_face("caution")
    shapes["caution"] = both(page, "03-caution")
    kiosk.all_clear()
    page.until_face("all-clear")
    shapes["all-clear"] = both(page, "04-all-clear")
    kiosk.alarm("lockdown", drill=True)
    page.until_text("#badge", "Drill")
    shapes["drill"] = both(page, "05-drill")
    kiosk.all_clear(drill=True)
    kiosk.alarm("lockdown")
    page.until(lambda: page.face == "lockdown" and not page.shown("#badge"), "a real lockdown")
    kiosk.counts(seen=14, safe=9, help=1, of=23, rang=21, phones=22)
    page.click("#safe")
    page.until_text("#said", "safe")
    page.until_text("#lines", "14")
    shapes["lockdown"] = both(page, "06-lockdown")
    page.click("#staff summary")
    page.run("scrollTo(0, 9999)")
    both(page, "07-staff")
    page.click("#staff summary")
    page.run("scrollTo(0, 0)")
    kiosk.say("alert", "all-clear", id=kiosk.alert, detail="unconfirmed")
    page.until_face("unconfirmed")
    shapes["unconfirmed"] = both(page, "08-unconfirmed")
    kiosk.door("duress")
    page.until_face("duress")
    kiosk.tell_staff("notice", "door", detail="held-open")
    kiosk.tell_staff("notice", "fault", detail="cut")
    kiosk.send("alert", b"{}")
    page.until_text("#refused", "not encrypted")
    shapes["duress"] = both(page, "09-duress")
    page.click("#open-settings")
    both(page, "10-settings")
    kiosk.offer()
    page.click("#open-ring")
    page.until(lambda: page.shown("#ring-start"), "the start of a test")
    both(page, "10-settings-ring")
    page.click("#ring-close")
    fresh = venue.kiosk()
    other = venue.phone(fresh)
    fresh.silent.set()
    other.skip(15).until_face("lost")
    shapes["lost"] = both(other, "11-lost")
    venue.brokers[0].stop()
    other.until_face("unknown")
    shapes["unknown"] = both(other, "12-unknown")
    venue.brokers[0].start()
    wait.until(fresh.clients[0].is_connected, "the kiosk's own way back", 60)
    fresh.retire()
    other.until_face("retired")
    shapes["retired"] = both(other, "13-retired")
    assert len(set(shapes.values())) == len(shapes), "two states have one shape"
    sheet(venue.browser, "states", sorted(SHOTS.glob("[01]*-*.png")), 8)


def test_large_type_and_what_a_screen_reader_is_told(venue):
    kiosk = venue.kiosk()
    page = venue.phone(kiosk, staff=True)
    page.run("""window.spoken = []; new MutationObserver(() => window.spoken.push(
        document.querySelector('#title').textContent)).observe(document.querySelector('#live'),
        { subtree: true, childList: true, characterData: true });""")
    kiosk.alarm("lockdown")
    page.until_face("lockdown")
    kiosk.counts(seen=2, of=5)
    page.until_text("#lines", "2")
    assert set(page.run("return window.spoken")) == {"Stay away"}
    assert page.run("return document.querySelector('#live').getAttribute('role')") == "alert"
    quiet = page.run("""return [...document.querySelectorAll('button, a, textarea')].filter((n) =>
        n.offsetParent !== null && !n.textContent.trim() && !n.labels?.length).map((n) => n.id)""")
    assert quiet == [], "what has no name cannot be spoken"
    hidden = page.run("return document.querySelector('#shape').getAttribute('aria-hidden')")
    assert hidden == "true", "the shape says nothing that the title does not"
    for percent in (130, 200):
        page.run("document.documentElement.style.fontSize = `${arguments[0]}%`", percent)
        page.click("#staff summary")
        check(page, f"type at {percent} %")
        lines = page.run("""return ['#seen', '#safe', '[data-command=lockdown]', '#open-settings',
            '#link'].map((css) => {
            const range = document.createRange();
            range.selectNodeContents(document.querySelector(css).firstChild);
            return range.getClientRects().length; });""")
        assert lines == [1] * 5, f"words are broken at {percent} %"
        page.run("document.querySelector('#safe').scrollIntoView()")
        page.click("#safe")
        assert kiosk.letter("safe")
        page.click("#staff summary")
    page.shot("large-type")


@pytest.mark.parametrize("language", ["az", "ru", "ka", "ar"])
def test_every_language(venue, language):
    kiosk = venue.kiosk()
    page = venue.page(language=language)
    page.until(lambda: page.shown("#paste") is not None, "the join form")
    assert page.run("return document.documentElement.lang") == language
    assert page.run("return document.documentElement.dir") == ("rtl" if language == "ar" else
                                                               "ltr")
    both(page, f"{language}-1-join")
    page.join(kiosk.invite(venue.addresses(), staff=True))
    page.until_face("quiet")
    both(page, f"{language}-2-quiet")
    kiosk.alarm("lockdown")
    page.until_face("lockdown")
    both(page, f"{language}-3-lockdown")
    page.click("#staff summary")
    page.run("scrollTo(0, 9999)")
    both(page, f"{language}-4-staff")
    sheet(venue.browser, f"language-{language}", sorted(SHOTS.glob(f"{language}-*.png")), 8)
