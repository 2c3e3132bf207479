"""axe-core over every state of the page in every language, and by night too, whose colours are no language's
own: WCAG A and AA, and the contrast of AAA. What axe cannot decide is not counted."""

import pytest

from tests.kit import npm
from tests.kit.place import ROOT
from tests.phone.states import COUNT, LANGUAGES, walk

RUN = """
const done = arguments[0];
axe.run(document, { runOnly: { type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] },
    rules: { 'color-contrast-enhanced': { enabled: true } }, resultTypes: ['violations'] }).then(
    (r) => done([r.passes.length, r.violations.flatMap((v) => v.nodes.map((n) => `${v.id}: ${n.html} ${
        n.failureSummary}`))]), (e) => done([0, [String(e)]]));
"""


class Judged:
    """A page whose states axe judges, light, or light and dark."""

    def __init__(self, axe, language):
        self.page, self.axe, self.language, self.bad, self.count = None, axe, language, [], 0
        self.nights = (False, True) if language == LANGUAGES[0] else (False,)

    def look(self, name):
        for dark in self.nights:
            self.page.dark(dark)
            self.page.run(self.axe)
            passed, bad = self.page.driver.execute_async_script(RUN)
            assert passed > 5, f"{name}: axe has judged nothing"
            self.bad += [f"{self.language} {name} {'dark' if dark else 'light'}: {fault}" for fault in bad]
            self.count += 1
        self.page.dark(False)


@pytest.mark.parametrize("language", LANGUAGES)
def test_axe_finds_nothing(venue, language):
    there = npm.installed(ROOT / "tests/phone/axe", "axe")
    m = Judged((there / "node_modules/axe-core/axe.min.js").read_text(), language)
    walk(venue, language, m)
    assert m.count == len(m.nights) * COUNT
    assert not m.bad, f"{len(m.bad)} violations:\n" + "\n".join(m.bad[:40])


def test_axe_sees_what_is_wrong(venue):
    """The test above would pass for nothing if it did not."""
    page = venue.phone(venue.kiosk())
    page.run("document.querySelector('#text').style.color = '#6a6a6a'; document.documentElement.lang = ''")
    there = npm.installed(ROOT / "tests/phone/axe", "axe")
    page.run((there / "node_modules/axe-core/axe.min.js").read_text())
    _, bad = page.driver.execute_async_script(RUN)
    assert {b.split(":")[0] for b in bad} >= {"color-contrast-enhanced", "html-has-lang"}, bad
