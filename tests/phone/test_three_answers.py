"""Seen, I am safe, I need help, on the page; and what staff and members see of it."""

import time

import pytest


def pressed(page):
    return page.run("""return ['seen', 'safe', 'help'].filter((id) =>
        document.getElementById(id).getAttribute('aria-pressed') === 'true')""")


def said(kiosk):
    return [(body["kind"], body["seq"]) for _, body, _ in kiosk.letters if body["kind"] in ("seen", "safe", "help")]


def test_the_last_answer_counts_and_is_shown_after_a_reload(venue):
    kiosk = venue.kiosk()
    page = venue.phone(kiosk)
    kiosk.alarm("lockdown")
    page.until_face("lockdown")
    for n, (kind, shown) in enumerate((("seen", "you have seen it"), ("help", "you need help"),
                                       ("safe", "you are safe"), ("help", "you need help")), 1):
        page.click(f"#{kind}")
        page.until_text("#said", shown)
        page.until(lambda: said(kiosk)[-1:] == [(kind, n)], f"{kind} at the kiosk")
    page.click("#seen")
    time.sleep(0.5)
    assert len(said(kiosk)) == 4, "who needs help has seen it"
    assert pressed(page) == ["help"]
    page.driver.refresh()
    page.until_text("#said", "you need help")
    assert pressed(page) == ["help"]
    page.click("#help")
    page.until(lambda: said(kiosk)[-1] == ("help", 5), "help is asked for again, and the count goes on")
    page.until_text("#said", "you need help")
    page.click("#safe")
    page.until_text("#said", "you are safe")
    page.until(lambda: said(kiosk)[-1] == ("safe", 6), "the last answer at the kiosk")
    kiosk.all_clear()
    kiosk.alarm("caution")
    page.until(lambda: pressed(page) == [], "another alert has no answer yet")


def test_an_answer_waits_for_the_kiosk_and_the_last_one_is_sent(venue):
    kiosk = venue.kiosk()
    page = venue.phone(kiosk)
    kiosk.alarm("lockdown")
    page.until_face("lockdown")
    kiosk.hear(False)
    page.click("#safe")
    page.until_text("#said", "sent as soon as")
    page.click("#help")
    kiosk.hear(True)
    page.until_text("#said", "you need help")
    page.until(lambda: said(kiosk)[-1:] == [("help", 2)], "the last answer at the kiosk")


def test_staff_see_counts_and_ring_when_more_need_help(venue):
    kiosk = venue.kiosk()
    staff, member = venue.phone(kiosk, staff=True), venue.phone(kiosk)
    kiosk.alarm("caution")
    staff.until_face("caution")
    calls = len(staff.noted()["shakes"])
    kiosk.counts(seen=14, safe=9, of=23)
    staff.until_text("#lines", "14 of 23 have answered. Safe: 9. No answer yet: 9.")
    assert len(staff.noted()["shakes"]) == calls
    for help_ in (1, 2):
        kiosk.counts(seen=15, safe=9, help=help_, of=23)
        staff.until_text("#need", f"Need help: {help_}")
        kiosk.counts(seen=16, safe=9, help=help_, of=23)
        staff.until_text("#lines", "16 of 23")
        staff.until(lambda: len(staff.noted()["shakes"]) == calls + help_, "one call each")
    kiosk.counts(seen=16, safe=10, help=1, of=23)
    staff.until_text("#need", "Need help: 1")
    assert len(staff.noted()["shakes"]) == calls + 2, "fewer call nobody"
    assert "answered" not in member.shown("#lines") and not member.shown("#need")
    staff.driver.refresh()
    kiosk.counts(seen=16, safe=10, help=1, of=23)
    staff.until_text("#need", "Need help: 1")
    staff.until(lambda: staff.noted()["shakes"], "who opens the page late is called for it too")
    kiosk.all_clear()
    staff.until(lambda: "answered" not in (staff.shown("#lines") or "") and not staff.shown("#need"), "nothing of it after the end")


@pytest.mark.parametrize("phones, shown", [(0, ""), (23, "21 of 23 phones got a silent test")])
def test_staff_see_how_many_phones_can_be_woken(venue, phones, shown):
    kiosk = venue.kiosk()
    staff, member = venue.phone(kiosk, staff=True), venue.phone(kiosk)
    kiosk.counts(id=None, rang=21, phones=phones)
    kiosk.tell_staff("notice", "door", detail="held-open")
    staff.until_text("#notices", "still open")
    staff.click("#staff summary")
    assert shown in (staff.shown("#staff-phones") or "")
    assert not shown or staff.shown("#staff-phones")
    assert not member.shown("#staff-phones")
