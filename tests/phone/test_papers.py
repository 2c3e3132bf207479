"""What set-up gives to print: cards of a single page, on A4 and on American paper, what to keep on two,
and never the code."""

import re

import pytest

from tests.kit import process
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
