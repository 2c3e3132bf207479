"""The page's own modules under node's test runner, and the bundle's size."""

import json
import re

from tests.bench.page import weight, WEIGHT_KB
from tests.kit import process
from tests.kit.place import ROOT


def test_modules():
    files = sorted((ROOT / "tests/phone").glob("*.test.mjs"))
    done = process.run(["node", "--test", *files], 120)
    counts = dict(re.findall(r"^# (tests|pass|fail|skipped) (\d+)$", done.stdout, re.M))
    assert done.returncode == 0, done.stdout
    assert int(counts["tests"]) == int(counts["pass"]) >= 90, counts


def test_every_language_words_everything():
    """The same keys in each; and a sentence for every code that a kiosk sends to staff."""
    words = {p.stem: json.loads(p.read_text()) for p in (ROOT / "kiosk/phone/words").iterdir()}
    assert len(words) == 5
    for language, table in words.items():
        assert set(table) == set(words["en"]), language
        assert all(table.values()), language
        places = {k: sorted(re.findall(r"{\w+}", t)) for k, t in table.items()}
        assert places == {k: sorted(re.findall(r"{\w+}", t)) for k, t in words["en"].items()}

    def names(path, pattern):
        return set(re.findall(pattern, (ROOT / path).read_text()))
    faults = names("kiosk/core/changeover.c", r'\[CHANGEOVER_(?!PRESSED|RELEASED)\w+\] = "([\w-]+)"') | \
        names("kiosk/core/gesture.c", r'\[GESTURE_(?:STUCK|FOUND|FREED)\] = "([\w-]+)"') | \
        set(re.findall(r'"([\w-]+)"', " ".join(names("kiosk/alertd/events.c", r"MSG_FAULT,[^;]+;")))) | \
        names("kiosk/core/trouble.c", r'\[TROUBLE_\w+\] =\s*\{"([\w-]+)"') | \
        names("kiosk/alertd/wiper.c", r'report_ready\(w, "([\w-]+)"')
    doors = names("kiosk/core/door.c", r'\[DOOR_\w+\] = "([\w-]+)"')
    assert len(faults) >= 35 and len(doors) == 4, (faults, doors)
    assert {f"fault-{f}" for f in faults} | {f"door-{d}" for d in doors} <= set(words["en"])


def test_the_glossary_says_what_the_page_says():
    names = {"English": "en", "Azerbaijani": "az", "Russian": "ru", "Georgian": "ka", "Arabic": "ar"}
    words = {p.stem: json.loads(p.read_text()) for p in (ROOT / "kiosk/phone/words").iterdir()}
    text = (ROOT / "kiosk/phone/GLOSSARY.md").read_text()
    terms = re.findall(r"^## `([\w-]+)`\n(.*?)(?=^## |\Z)", text, re.M | re.S)
    assert len(terms) >= 15
    for key, part in terms:
        rows = dict(re.findall(r"^\| (\w+) \| (.+?) \| .* \|$", part, re.M))
        rows.pop("language")
        assert {names[n]: w for n, w in rows.items()} == {lang: t[key] for lang, t in words.items()}


def test_a_drill_is_no_sport_and_a_lockdown_closes_nothing():
    words = {p.stem: json.loads(p.read_text()) for p in (ROOT / "kiosk/phone/words").iterdir()}
    never = {"az": "Məşq|Cihaz|kiosk", "ru": "тренировк|устройств", "ka": "წვრთნა|მოწყობილობ",
             "ar": "تدريب|إغلاق|الجهاز|ابقَ|لا تأتِ|اضغط|اطلب|أخبر|حاول"}
    for language, pattern in never.items():
        found = {k: t for k, t in words[language].items()
                 if re.search(rf"\b(?:{pattern})" + (r"\b" if language == "ar" else ""), t, re.I)}
        assert not found, found


def test_the_first_load_is_small():
    assert weight() < WEIGHT_KB * 1000, f"{weight()} bytes compressed"


def test_nothing_points_elsewhere():
    """No address of anything that is not ours: no other host, no inline script or style."""
    html = (ROOT / "build/page/index.html").read_text()
    assert not re.search(r"https?://|<script(?![^>]*\ssrc=)|<style|\sstyle=|\son\w+=", html)
    lock = (ROOT / "kiosk/phone/package-lock.json").read_text()
    assert '"resolved"' not in lock and "://registry" not in lock
