"""What set-up gives to print: cards of a single page, on A4 and on American paper, what to keep on two,
and never the code."""

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
            expected = 2 if paper.name == "keep.html" else 1
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


@pytest.mark.parametrize("language", ["en", "az", "ru", "ka", "ar"])
def test_the_member_card_folds_to_a_pocket(folder, browser, language):
    """Eight equal panels on one sheet, in the page's own words and shapes, black on white."""
    site = ROOT / "build/page"
    html = site / f"card-{language}.html"
    words = json.loads((ROOT / f"kiosk/phone/words/{language}.json").read_text())
    text = html.read_text()
    for key in ("lockdown", "caution", "unconfirmed", "all-clear", "drill", "lost", "unknown"):
        assert f"<h2>{words[key]}</h2>" in text, key
    assert not re.search(r"\{\w+\}|<script|\sstyle=", text)
    css = (site / "card.css").read_text()
    for size in ("A4", "letter"):
        printed = folder / html.name
        printed.write_text(text.replace('<link rel="stylesheet" href="card.css">',
                                        f"<style>{css}</style>"))
        assert pages(printed, folder, size) == 1, size
    driver = browser.driver
    driver.switch_to.window(browser.first)
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
        "width": 733, "height": 1040, "deviceScaleFactor": 1, "mobile": False})
    try:
        driver.get(html.as_uri())
        count, widths, bad = driver.execute_script(PANELS)
        assert (count, bad) == (8, []) and widths <= 2
    finally:
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
        driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
