"""What set-up gives to print: cards of a single page, on A4 and on American paper, what to keep on two,
and never the code."""

import base64
import itertools
import json
import re

import pytest

from tests.kit import process
from tests.kit.place import ROOT
from tests.kit.setup import Venue


def pages(html, folder, size):
    """How many of them a browser prints."""
    sized = folder / f"{size}-{html.name}"
    sized.write_text(html.read_text().replace("@page {", f"@page {{ size: {size};"))
    pdf = sized.with_suffix(".pdf")
    done = process.run(["chromium", "--headless", "--no-sandbox", "--disable-gpu",
                        f"--user-data-dir={folder}/browser", "--no-pdf-header-footer",
                        f"--print-to-pdf={pdf}", sized.as_uri()], 120)
    assert pdf.exists(), done.stderr
    return len(re.findall(rb"/Type\s*/Page\b", pdf.read_bytes()))


@pytest.mark.parametrize("size", ["A4", "letter"])
def test_each_paper_has_its_pages(size):
    with Venue(code="11", broker="both", outside="mqtt.a-rather-long-name.example.org") as venue:
        venue.set_up()
        papers = sorted((venue.etc / "papers").iterdir())
        assert [p.name for p in papers] == ["keep.html", "member.html", "staff.html"]
        for paper in papers:
            expected = 2 if paper.name == "keep.html" else paper.read_text().count("<main")
            assert pages(paper, venue.prefix, size) == expected, paper.name
            words = re.sub(r"<style>.*</style>|<[^>]*>", " ", paper.read_text(), flags=re.S)
            assert not re.search(r"\b(11|eleven)\b", words), paper.name


# What of a card's panels does not fit: words on two lines, texts that are cut off, colours.
PANELS = """
const bad = [];
const sections = [...document.querySelectorAll('section')];
for (const s of sections) {
    if (s.scrollHeight > s.clientHeight + 1 || s.scrollWidth > s.clientWidth + 1) {
        bad.push('cut off: ' + s.innerText);
    }
}
for (const s of sections.filter((x) => x.querySelector('svg'))) {
    const [box, text] = [s, s.lastElementChild].map((n) => n.getBoundingClientRect());
    const [above, below] = [text.top - box.top, box.bottom - text.bottom];
    if (Math.abs(above - below) > 8) bad.push(`${above} above, ${below} below: ${s.innerText}`);
}
const sizes = new Set(sections.map((s) => `${s.offsetWidth}`));
for (const n of document.querySelectorAll('body, h1, h2, p')) {
    const { color } = getComputedStyle(n);
    if (color !== 'rgb(0, 0, 0)') bad.push(`${n.tagName} is ${color}`);
}
const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
for (let n = walk.nextNode(); n; n = walk.nextNode()) {
    for (const m of n.data.matchAll(/[^\\s\\-]+/g)) {
        const range = document.createRange();
        range.setStart(n, m.index);
        range.setEnd(n, m.index + m[0].length);
        const tops = [...range.getClientRects()].map((r) => r.top);
        if (Math.max(...tops) - Math.min(...tops) > 5) bad.push(`broken: ${m[0]}`);
    }
}
return [sections.length, sizes.size, bad];
"""


LANGUAGES = ["en", "az", "ru", "ka", "ar"]
WORDS = {x: json.loads((ROOT / f"kiosk/phone/words/{x}.json").read_text()) for x in LANGUAGES}
# As long as a host may write them.
LONGEST = {x: "".join(itertools.islice(itertools.cycle(WORDS[x]["lockdownText"] + " "), 150)).strip()
           for x in LANGUAGES}
KEYS = [f"{state}-{role}" for state in ("lockdown", "caution") for role in ("way", "inside", "staff")]


@pytest.fixture(name="cards")
def cards_of_every_language():
    with Venue() as venue:
        venue.set_up()
        conf = venue.etc / "porchlight.conf"
        conf.write_text(re.sub(r"\n#?languages = .*", f"\nlanguages = {', '.join(LANGUAGES)}",
                               conf.read_text(), count=1))
        lines = venue.prefix / "words"
        lines.write_text("[words]\nlink = tel:+994501234567\n" + "".join(
            f"[{x}]\ncontact = <b> & \"{x}\"\n" + "".join(f"{k} = {LONGEST[x]}\n" for k in KEYS)
            for x in LANGUAGES))
        done = venue.cli("words", "set", lines)
        assert done.returncode == 0, done.stderr
        yield venue.etc / "papers", venue


def measured(browser, html, script=PANELS):
    driver = browser.driver
    browser.show(browser.first)
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
        "width": 733, "height": 1040, "deviceScaleFactor": 1, "mobile": False})
    try:
        driver.get(html.as_uri())
        return driver.execute_script(script)
    finally:
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
        driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


# Options that are on two lines: what is typed from there lacks its dashes, or has a blank too many.
BROKEN_OPTIONS = """
const bad = [];
const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
for (let n = walk.nextNode(); n; n = walk.nextNode()) {
    for (const m of n.data.matchAll(/--[a-z]+/g)) {
        const range = document.createRange();
        range.setStart(n, m.index);
        range.setEnd(n, m.index + m[0].length);
        const tops = [...range.getClientRects()].map((r) => r.top);
        if (Math.max(...tops) - Math.min(...tops) > 5) bad.push(n.data);
    }
}
return bad;
"""


def test_commands_to_be_typed_are_not_cut_within_an_option(browser):
    """Whatever the length of the file's name before it."""
    with Venue() as venue:
        venue.set_up()
        html = venue.etc / "papers/keep.html"
        key = re.search(r"--root (\S+)", html.read_text())[1]
        whole = html.read_text()
        assert "--paper keep.html" in whole
        for letters in range(4, 60, 2):
            html.write_text(whole.replace(key, "/" + "k" * letters))
            assert measured(browser, html, BROKEN_OPTIONS) == []


def sheets(html):
    return dict(zip(LANGUAGES, re.findall(r"<main lang=.*?</main>", html.read_text(), re.S), strict=True))


def test_the_member_card_folds_to_a_pocket(browser, cards):
    """A sheet of eight equal panels for each language, in the page's own words and the host's."""
    papers, venue = cards
    html = papers / "member.html"
    for language, text in sheets(html).items():
        words = WORDS[language]
        for key in ("lockdown", "caution", "unconfirmed", "all-clear", "drill", "lost", "unknown"):
            assert f"<h2>{words[key]}</h2>" in text and f'href="#{key}"' in text, key
        assert text.count(LONGEST[language]) == 4 and "+994501234567" in text
        assert f'&lt;b> &amp; "{language}"' in text
    for size in ("A4", "letter"):
        assert pages(html, venue.prefix, size) == len(LANGUAGES), size
    count, widths, bad = measured(browser, html)
    assert (count, bad) == (8 * len(LANGUAGES), []) and widths <= 2


def test_what_a_panel_says_is_in_its_middle(browser):
    """With the lines that a venue has before its host writes longer ones."""
    with Venue() as venue:
        venue.set_up()
        assert measured(browser, venue.etc / "papers/member.html")[2] == []


def test_the_staff_card_has_every_cue_on_one_page(browser, cards):
    """Each drawn by the product, in the words of the page."""
    papers, venue = cards
    html = papers / "staff.html"
    text = html.read_text()
    shown = re.findall(r'<symbol id="(cue-[\w-]+)"[^>]*><image[^>]*base64,([\w+/=]+)"', text)
    drawn = {p.stem: p.read_bytes() for p in (ROOT / "config/cards/cues").glob("*.png")}
    assert {name: base64.b64decode(data) for name, data in shown} == drawn and len(drawn) == 11
    for language, sheet in sheets(html).items():
        words = WORDS[language]
        assert [f'href="#{name}"' in sheet for name in drawn] == [True] * 11
        for key in ("lockdown", "caution", "unconfirmed", "duress", "safe", "doAllClear"):
            assert words[key] in sheet, f"{language}: {key}"
        assert sheet.count(LONGEST[language]) == 2
    for size in ("A4", "letter"):
        assert pages(html, venue.prefix, size) == len(LANGUAGES), size
    assert measured(browser, html)[2] == []


def test_a_legend_has_its_picture_on_the_card():
    """Every cue of the kiosk's legend, and none besides."""
    signs = set(re.findall(r"\{CUE_(\w+)", (ROOT / "kiosk/core/legend.c").read_text()))
    names = {p.stem.removeprefix("cue-").upper().replace("-", "_")
             for p in (ROOT / "config/cards/cues").glob("*.png")}
    assert names == signs | {"QUIET", "SAFE"}


def test_the_shapes_on_the_card_are_the_pages():
    text = (ROOT / "config/cards/member.html.in").read_text()
    shapes = (ROOT / "kiosk/phone/page/shapes.js").read_text()
    constants = dict(re.findall(r"const (\w+) = '(.*?)';", shapes))
    for name in ("lockdown", "caution", "unconfirmed", "all-clear", "lost", "unknown"):
        body = re.search(rf"^    '?{name}'?: (.*),$", shapes, re.M)[1]
        paths = [constants.get(d, d.strip("'")) for _, d in re.findall(r"\['(\w+)', ([A-Z]+|'[^']*')\]", body)]
        symbol = re.search(rf'<symbol id="{name}".*?</symbol>', text)[0]
        assert re.findall(r' d="(.*?)"', symbol) == paths, name
