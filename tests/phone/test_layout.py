"""No word is broken, nothing sticks out, and buttons fill what there is: measured in every state and
language, on windows from a small phone to a tablet, with type of two sizes and in three fonts."""

import itertools
import json

import pytest

from tests.kit.place import ROOT
from tests.phone.states import COUNT, LANGUAGES, UNWELL, walk

WINDOWS = [(320, 568), (360, 740), (412, 915), (600, 960), (844, 390), (1024, 768), (1280, 800)]
TYPE = ["100%", "200%"]
FONTS = ["'DejaVu Sans'", "'DejaVu Serif'", "'DejaVu Sans Mono', 'DejaVu Sans Condensed'"]

# What is wrong with the page in each type, [size, font]: words on two lines, and texts that stick out or are
# cut off.
MEASURE = """
const [types, done] = arguments;
const wide = document.documentElement.clientWidth; // a page that sticks out has a wider innerWidth
function wordsOf(node) {
    const found = [];
    for (const m of node.data.matchAll(/[^\\s\\-\\u2010/]+/g)) {
        const range = document.createRange();
        range.setStart(node, m.index);
        range.setEnd(node, m.index + m[0].length);
        found.push([m[0], [...range.getClientRects()].filter((r) => r.width > 0)]);
    }
    return found;
}
function look() {
    const bad = [];
    const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let n = walk.nextNode(); n; n = walk.nextNode()) {
        if (n.parentElement.offsetParent === null && n.parentElement !== document.body) continue;
        for (const [word, rects] of wordsOf(n)) {
            const where = n.parentElement.id || n.parentElement.parentElement.id || n.parentElement.tagName;
            const middles = rects.map((r) => r.top + r.height / 2);
            if (Math.max(...middles) - Math.min(...middles) > rects[0]?.height / 2) {
                bad.push(`${where}: "${word}" is broken`);
            }
            if (rects.some((r) => r.left < -1 || r.right > wide + 1)) {
                bad.push(`${where}: "${word}" sticks out`);
            }
        }
    }
    if (document.documentElement.scrollWidth > wide + 1) {
        bad.push(`the page is ${document.documentElement.scrollWidth} wide`);
    }
    return bad;
}
async function measure() {
    const found = [];
    for (const [size, font] of types) {
        document.documentElement.style.fontSize = size;
        document.body.style.fontFamily = font;
        for (let frames = 0; frames < 3; frames++) await new Promise(requestAnimationFrame);
        found.push(...look().map((fault) => `${size} ${font}: ${fault}`));
    }
    return found;
}
measure().then(done, (e) => done([String(e)]));
"""
TYPES = [*itertools.product(TYPE, FONTS)]
AS_IT_IS = [("100%", "system-ui, sans-serif")]


def resize(page, width, height):
    page.cdp("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1,
             mobile=True)


class Measured:
    """A page of which every state is measured on every window."""

    def __init__(self, language):
        self.page, self.language, self.bad, self.count = None, language, [], 0

    def look(self, name):
        page = self.page.front()
        for width, height in WINDOWS:
            resize(page, width, height)
            self.count += len(TYPES)
            self.bad += [f"{self.language} {name} {width}x{height} {fault}"
                         for fault in page.driver.execute_async_script(MEASURE, TYPES)]
        resize(page, 390, 844)
        page.driver.execute_async_script(MEASURE, AS_IT_IS)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_word_is_broken(venue, language):
    m = Measured(language)
    walk(venue, language, m)
    assert m.count == COUNT * len(WINDOWS) * len(TYPES)
    assert not m.bad, f"{len(m.bad)} faults:\n" + "\n".join(m.bad[:40])


@pytest.mark.parametrize("width, height, language", [(390, 844, "en"), (360, 640, "ru"), (412, 915, "ka")])
def test_answers_are_on_the_first_screen_of_a_phone(venue, width, height, language):
    kiosk = venue.kiosk()
    page = venue.page(language=language)
    page.join(kiosk.invite(venue.addresses()))
    page.until_face("quiet")
    resize(page, width, height)
    kiosk.alarm("lockdown")
    page.until_face("lockdown")
    shown = page.run("""return ['seen', 'safe', 'help'].map((id) => {
        const b = document.getElementById(id).getBoundingClientRect();
        return [b.top, b.bottom, document.elementFromPoint(b.left + b.width / 2, b.top + b.height / 2)?.id]; });""")
    assert all(0 <= top and bottom <= height for top, bottom, _ in shown), shown
    assert [found for *_, found in shown] == ["seen", "safe", "help"], "something covers them"
    title = page.run("return document.getElementById('title').getBoundingClientRect().bottom")
    assert title < min(top for top, *_ in shown)


# Whether the button in the header is beside the longest text there.
HEADER = """
const [link, button] = ['link', 'open-settings'].map((id) => document.getElementById(id));
link.textContent = arguments[0];
const [a, b] = [link, button].map((n) => n.getBoundingClientRect());
return a.bottom > b.top && b.bottom > a.top;
"""


@pytest.mark.parametrize("language", LANGUAGES)
def test_answers_and_notices_are_read_without_glasses(venue, language):
    """No answer is in small type because its word is long, and no notice in a column of single words; what
    is open in another window says so beside the settings."""
    elsewhere = json.loads((ROOT / f"kiosk/phone/words/{language}.json").read_text())["elsewhere"]
    kiosk = venue.kiosk()
    page = venue.page(language=language)
    page.join(kiosk.invite(venue.addresses(), staff=True))
    page.until_face("quiet")
    kiosk.tell_staff("notice", "fault", detail="cut", at="2026-11-26T20:15:00Z")
    kiosk.alarm("lockdown")
    page.until_face("lockdown")
    page.until(lambda: page.shown("#notices"), "the notice")
    for width in (320, 360, 390):
        resize(page, width, 740)
        page.driver.execute_async_script(MEASURE, TYPES[:1])
        sizes = page.run("""return ['seen', 'safe', 'help'].map((id) =>
            parseFloat(getComputedStyle(document.getElementById(id)).fontSize))""")
        assert min(sizes) >= 14, f"{width}: {sizes}"
        notice = page.run("return document.querySelector('#notices span').getBoundingClientRect().width")
        assert notice >= 0.5 * width, f"{width}: {notice}"
        assert page.run(HEADER, elsewhere), f"{width}: the settings are below the line beside them"


@pytest.mark.parametrize("width, height, language", [
    (820, 1180, "en"), (1180, 820, "en"), (844, 390, "en"), (740, 360, "ru"), (740, 360, "az"), (740, 360, "ka")])
def test_buttons_fill_tablets_and_landscape(venue, width, height, language):
    """From edge to edge, or beside the state where there is no height for both; and a phone that is
    not well says so after them."""
    kiosk = venue.kiosk()
    page = venue.page(before=UNWELL, language=language)
    page.join(kiosk.invite(venue.addresses()))
    page.until_face("quiet")
    resize(page, width, height)
    kiosk.alarm("lockdown")
    page.until_face("lockdown")
    page.until(lambda: page.shown("#health"), "what is wrong with this phone")
    seen, safe, help_, health = page.run("""return ['#seen', '#safe', '#help', '#health'].map((css) => {
        const b = document.querySelector(css).getBoundingClientRect();
        return { left: b.left, right: b.right, top: b.top, bottom: b.bottom, high: b.height }; });""")
    beside = height < 480
    assert help_["right"] > 0.94 * width and (beside or seen["left"] < 0.06 * width)
    assert min(b["high"] for b in (seen, safe, help_)) >= (0.19 if beside else 0.13) * height
    assert max(b["bottom"] for b in (seen, safe, help_)) <= height, "an answer is below the first screen"
    assert health["top"] >= help_["bottom"]


def test_nothing_is_behind_a_notch(venue):
    """The padding keeps to the safe area on all four sides."""
    kiosk = venue.kiosk()
    page = venue.phone(kiosk)
    rule = page.run("""return [...document.styleSheets].flatMap((s) => [...s.cssRules])
        .find((r) => r.selectorText === 'body' && r.style.padding).style.padding""")
    for side in ("top", "right", "bottom", "left"):
        assert f"env(safe-area-inset-{side})" in rule, rule


def test_the_browsers_bars_take_the_colour_of_the_state(venue):
    kiosk = venue.kiosk()
    page = venue.phone(kiosk)

    def colours():
        return page.run("""const wash = getComputedStyle(document.body).getPropertyValue('--wash').trim();
            return [wash, ...[...document.querySelectorAll('meta[name=theme-color]')]
                .map((m) => m.content)]""")
    quiet = colours()
    assert len(set(quiet)) == 1, quiet
    kiosk.alarm("lockdown")
    page.until_face("lockdown")
    alarm = colours()
    assert len(set(alarm)) == 1 and alarm != quiet
    page.dark(True)
    page.until(lambda: len(set(colours())) == 1 and colours() != alarm, "the dark colours")


def test_escape_closes_what_is_open(venue):
    kiosk = venue.kiosk()
    page = venue.phone(kiosk, staff=True)
    press = "document.dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape', bubbles: true }))"
    for opener, part in (("#open-settings", "#settings"), (None, "#join")):
        page.click("#open-settings")
        if opener is None:
            page.click("#another")
        assert page.shown(part) is not None
        page.run(press)
        assert page.shown(part) is None and page.shown("#title") == "Quiet"
    page.click("#staff summary")
    page.run(press)
    assert not page.run("return document.querySelector('#staff').open")


def test_every_part_has_a_landmark_and_a_heading(venue):
    kiosk = venue.kiosk()
    page = venue.page()
    page.until(lambda: page.shown("#paste") is not None, "the form")

    def look():
        return page.run("""const seen = (n) => n.offsetParent !== null;
            const of = (css) => [...document.querySelectorAll(css)].filter(seen);
            return [of('main').length, of('h1').length, [...document.body.children]
                .filter((n) => seen(n) && !n.matches('header, main')).length];""")
    assert look() == [1, 1, 0]
    page.join(kiosk.invite(venue.addresses()))
    page.until_face("quiet")
    assert look() == [1, 1, 0]
    page.click("#open-settings")
    assert look() == [1, 1, 0]


@pytest.mark.parametrize("language, hour, ago", [
    ("en", "20:15", "minutes ago"), ("ru", "20:15", "минут"), ("az", "20:15", "dəqiqə"),
    ("ka", "20:15", "წუთის"), ("ar", None, "دقيقة")])
def test_hours_and_spans_are_the_languages_own(venue, language, hour, ago):
    kiosk = venue.kiosk()
    page = venue.page(language=language)
    page.front().cdp("Emulation.setTimezoneOverride", timezoneId="UTC")
    page.join(kiosk.invite(venue.addresses(), staff=True))
    page.until_face("quiet")
    kiosk.tell_staff("notice", "fault", detail="cut", at="2026-11-26T20:15:00Z")
    page.until(lambda: page.shown("#notices"), "the notice")
    assert hour is None or hour in page.shown("#notices")
    kiosk.alert = "6c1f9d0e-54b3-4c27-9a1d-2f0d5e8b7a66"
    kiosk.say("alert", "lockdown", id=kiosk.alert, age_ms=12 * 60000)
    page.until_text("#lines", ago)


@pytest.mark.parametrize("language, days, years", [
    ("en", "3 days", "2 years"), ("ru", "3 дня", "2 года"), ("az", "3 gün", "2 il"),
    ("ka", "3 დღე", "2 წელი"), ("ar", "أيام", "سنتان")])
def test_a_clock_that_is_far_off_is_said_in_the_languages_own_units(venue, language, days, years):
    def said(hours, span):
        page = venue.page(language=language, before="const real = Date.now; "
                          f"Date.now = () => real() + {hours} * 3600e3;")
        page.until_text("#health", span)
    said(72, days)
    said(-17520, years)


def test_a_sound_is_chosen_and_heard(venue):
    kiosk = venue.kiosk()
    page = venue.phone(kiosk, before="""const set = Object.getOwnPropertyDescriptor(
        OscillatorNode.prototype, 'type').set; window.shapes = [];
        Object.defineProperty(OscillatorNode.prototype, 'type', { set(v) {
            window.shapes.push(v); set.call(this, v); } });""")
    page.click("#open-settings")
    page.click("#sound-test")
    page.until(lambda: page.run("return window.shapes") == ["triangle"], "the sound that is set")
    page.click("input[value=bell]")
    page.until(lambda: page.run("return window.shapes") == ["triangle", "sine"], "the chosen one")
    page.driver.refresh()
    page.until_face("quiet")
    page.click("#title")
    kiosk.alarm("lockdown")
    page.until(lambda: page.run("return window.shapes") == ["sine"] * 3, "the chosen sound")
