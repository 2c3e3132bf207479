"""What to do now: the right line at once, in the host's words or the page's, also offline and after a
reload; and nothing that a link could do by itself."""

import json

from tests.kit.place import ROOT

OWN = {"en": {"lockdown-way": "Meet at the bakery.", "lockdown-inside": "Go behind the stage <b>now</b>.",
              "lockdown-staff": "Call Leyla.", "contact": "Lawyer, day and night"},
       "az": {"lockdown-way": "Çörəkxanada görüşək."}}
STANDARD = {}
for line in (ROOT / "config/what-to-do.conf").read_text().splitlines():
    if line.startswith("["):
        section = STANDARD.setdefault(line.strip("[]"), {})
    elif " = " in line and line[0] != "#":
        key, text = line.split(" = ", 1)
        section[key] = text


def rows(page):
    return page.run("return [...document.querySelectorAll('#todo li')].map((r) => r.lastChild.textContent)")


def standard(language, state, *roles):
    return [STANDARD[language][f"{state}-{role}"] for role in roles]


def test_the_pages_own_lines_stand_in_for_each_state_and_role(venue):
    kiosk = venue.kiosk()
    member, staff = venue.phone(kiosk, language="ka"), venue.phone(kiosk, staff=True, language="ru")
    for page in (member, staff):
        assert page.shown("#todo") is None  # quiet
    for state in ("caution", "lockdown"):
        kiosk.alarm(state)
        for page in (member, staff):
            page.until_face(state)
        assert rows(member) == standard("ka", state, "way", "inside")
        assert rows(staff) == standard("ru", state, "staff")
        assert member.shown("#todo-contact") is None
    kiosk.say("alert", "all-clear", id=kiosk.alert, detail="unconfirmed")
    member.until_face("unconfirmed")
    assert rows(member) == standard("ka", "lockdown", "way", "inside")


def test_the_hosts_lines_come_and_stay_without_a_connection(venue):
    kiosk = venue.kiosk()
    page = venue.phone(kiosk)
    kiosk.words(OWN, link="tel:+994501234567")
    kiosk.alarm("lockdown")
    page.until_face("lockdown")
    page.until_text("#todo", "Meet at the bakery.")
    assert rows(page) == ["Meet at the bakery.", "Go behind the stage <b>now</b>."]
    assert page.shown("#todo-who") == "Lawyer, day and night"
    assert page.shown("#todo-link") == "+994501234567"
    assert page.run("return document.querySelector('#todo-link').href") == "tel:+994501234567"
    # A later phone gets what the broker keeps; each language has lines of its own.
    later = venue.page(language="az")
    later.join(kiosk.invite(venue.addresses()))
    later.until_face("lockdown")
    later.until_text("#todo", "Çörəkxanada görüşək.")
    assert rows(later)[1:] == standard("az", "lockdown", "inside")
    assert later.shown("#todo-who") == "Lawyer, day and night"
    venue.brokers[0].stop()
    page.driver.refresh()
    page.until_text("#todo", "Meet at the bakery.")
    assert page.shown("#link") == "No connection"


def test_a_caution_and_a_drill_have_the_lines_of_their_state(venue):
    kiosk = venue.kiosk()
    page = venue.phone(kiosk)
    for state in ("caution", "lockdown"):
        kiosk.alarm(state, drill=True)
        page.until(lambda state=state: rows(page) == standard("en", state, "way", "inside"), state)
        assert page.shown("#badge")
    kiosk.all_clear(drill=True)
    page.until(lambda: page.shown("#todo") is None, "nothing to do")


def test_a_set_that_is_not_whole_or_not_newer_changes_nothing(venue):
    kiosk = venue.kiosk()
    kiosk.words({"en": {"lockdown-way": "First."}}, revision=5)
    page = venue.phone(kiosk, staff=False)
    kiosk.alarm("lockdown")
    page.until_text("#todo", "First.")
    kiosk.words({"en": {"lockdown-way": "Older."}, "az": {}}, revision=4)
    kiosk.words({"en": {"lockdown-way": "Half."}, "az": {}}, revision=6, leave_out=(2,))
    kiosk.words({"en": {"lockdown-way": "Whole."}}, link="https://example.org/", revision=7)
    page.until_text("#todo", "Whole.")
    assert page.shown("#todo-link") == "example.org"
    kiosk.words({}, revision=8)  # taken back
    page.until(lambda: rows(page) == standard("en", "lockdown", "way", "inside"), "the page's own")
    assert page.shown("#refused") is None


def test_a_broker_without_the_right_is_no_trouble(venue):
    kiosk = venue.kiosk()
    page = venue.phone(kiosk)
    account = json.loads(page.run("return localStorage.k1"))["memberships"][0]["account"]
    venue.brokers[0].steward.command(
        command="removeRoleACL", rolename=f"member-{account}", acltype="subscribeLiteral",
        topic=f"{kiosk.place}/words/+")
    page.driver.refresh()
    page.until_text("#link", "Connected")
    kiosk.alarm("lockdown")
    page.until_face("lockdown")
    assert rows(page) == standard("en", "lockdown", "way", "inside")
    assert page.shown("#link") == "Connected" and page.shown("#refused") is None
