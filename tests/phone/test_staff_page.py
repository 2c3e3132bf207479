"""What a staff phone shows beyond a member's, and what it commands."""

import base64
import json
import secrets
import uuid

import pytest

from tests.kit import envelope
from tests.phone.browser import read_all


def test_staff_command_ends_it_for_all(venue):
    kiosk = venue.kiosk()
    staff = venue.phone(kiosk, staff=True)
    member = venue.phone(kiosk)
    kiosk.alarm("lockdown")
    member.until_face("lockdown")
    staff.until_face("lockdown")
    staff.click("#staff summary")
    staff.click("[data-command=all-clear]")
    staff.click("#seen")
    kiosk.letter("seen")
    assert not any(x[1]["kind"].startswith("command") for x in kiosk.letters), "a tap was enough"
    staff.hold("[data-command=all-clear]")
    name, body, signed = kiosk.letter("command-all-clear")
    key = json.loads(staff.stored()["k1"])["memberships"][0]["public"]
    assert signed(bytes.fromhex(key)) and body["nonce"] == kiosk.nonce
    assert name == f"command/{body['account']}"
    assert body["id"] == kiosk.alert
    staff.until_text("#staff-said", "Sent")
    signature = base64.urlsafe_b64decode(body["proof"] + "==")
    kiosk.all_clear(kiosk.proof(body["account"], None, bytes.fromhex(key), signature,
                                seq=body["seq"]))
    member.until_face("all-clear")
    staff.until_face("all-clear")


def test_counts_that_come_later_do_not_move_the_button_that_staff_hold(venue):
    kiosk = venue.kiosk()
    staff, member = venue.phone(kiosk, staff=True), venue.phone(kiosk)
    kiosk.alarm("lockdown")
    staff.until_face("lockdown")
    staff.click("#staff summary")
    place = """const r = document.querySelector('[data-command=all-clear]').getBoundingClientRect();
        return [r.left, r.top, r.width, r.height];"""
    assert "– of – have answered" in staff.shown("#lines")
    before = staff.run(place)
    kiosk.counts(seen=1, of=5)
    staff.until_text("#lines", "1 of 5 have answered")
    assert staff.run(place) == before
    member.until_face("lockdown")
    assert "have answered" not in member.shown("#lines")


@pytest.mark.parametrize("kind", ["code", "duress"])
def test_what_was_pressed_at_the_door_is_for_staff_alone(venue, kind):
    kiosk = venue.kiosk()
    staff = venue.phone(kiosk, staff=True)
    member = venue.phone(kiosk)
    kiosk.alarm("lockdown")
    member.until_face("lockdown")
    kiosk.say("alert", "all-clear", id=kiosk.alert, detail="unconfirmed")
    member.until_face("unconfirmed")
    read_all(kiosk, member)
    before, shakes = member.run("return document.body.innerText"), member.noted()["shakes"]
    kiosk.door(kind)
    if kind == "duress":
        staff.until_face("duress")
        assert "being forced" in staff.shown("#text")
        staff.until_text("#notices", "under duress")
    else:
        staff.until_text("#notices", "The code was pressed at the door")
        assert staff.face == "unconfirmed" and "duress" not in staff.shown("main")
    read_all(kiosk, member)
    assert member.face == "unconfirmed"
    assert member.run("return document.body.innerText") == before
    assert member.noted()["shakes"] == shakes


def test_a_press_that_is_repeated_is_called_and_listed_once(venue):
    kiosk = venue.kiosk()
    staff = venue.phone(kiosk, staff=True)
    kiosk.alarm("lockdown")
    staff.until_face("lockdown")
    at = "2026-11-26T20:15:00Z"
    kiosk.door("duress", at=at)
    staff.until_face("duress")
    shakes = staff.noted()["shakes"]
    kiosk.door("duress", at=at)
    kiosk.tell_staff("staff", "duress", to=[kiosk.public], id=kiosk.alert, at=at)  # not for it
    kiosk.tell_staff("notice", "nothing")  # with cover, this fills a gap
    read_all(kiosk, staff)
    assert staff.noted()["shakes"] == shakes and staff.face == "duress"
    assert staff.run("return document.querySelectorAll('#notices li').length") == 1
    assert staff.shown("#refused") in (None, "")


def test_a_duress_in_quiet_is_lifted_by_its_own_name(venue):
    kiosk = venue.kiosk()
    staff = venue.phone(kiosk, staff=True)
    kiosk.alert = str(uuid.uuid4())
    kiosk.state("quiet", id=kiosk.alert)
    kiosk.door("duress")
    staff.until_face("duress")
    staff.click("#staff summary")
    staff.hold("[data-command=all-clear]")
    body = kiosk.letter("command-all-clear")[1]
    assert body["id"] == kiosk.alert and body["proof"]


def test_a_window_whose_turn_is_over_calls_nobody(venue):
    kiosk = venue.kiosk()
    page = venue.phone(kiosk, staff=True)
    kiosk.alarm("caution")
    page.until_face("caution")
    calls = page.noted()
    page.run("navigator.locks.request('kettle', { steal: true }, () => new Promise(() => {}))")
    page.until_text("#link", "another window")
    page.skip(20).until_looked()
    assert page.face == "caution" and page.noted() == calls, "what it knew, and no call"
    assert page.shown("#staff") is None and page.shown("#answers") is None


def test_staff_read_sentences_not_codes(venue):
    kiosk = venue.kiosk()
    staff, member = venue.phone(kiosk, staff=True), venue.phone(kiosk)
    staff.front().cdp("Emulation.setTimezoneOverride", timezoneId="Asia/Tbilisi")
    kiosk.tell_staff("notice", "fault", detail="cut", at="2026-11-26T20:15:00Z")
    staff.until_text("#notices", "A wire of a switch is cut")
    assert "00:15" in staff.shown("#notices"), "the phone's own clock"
    kiosk.tell_staff("notice", "door", detail="held-open")
    staff.until_text("#notices", "The door is still open.")
    kiosk.tell_staff("notice", "fault", detail="of-tomorrow")
    staff.until_text("#notices", "Fault · of-tomorrow")
    read_all(kiosk, member)
    assert member.shown("#notices") is None


def test_a_command_uses_up_its_word(venue):
    kiosk = venue.kiosk()
    page = venue.phone(kiosk, staff=True)
    page.click("#staff summary")
    page.hold("[data-command=caution]")
    kiosk.letter("command-caution")
    page.until_text("#staff-said", "Sent")
    page.hold("[data-command=lockdown]")  # the kiosk has not said yet what comes of the first
    page.until_text("#staff-said", "has not answered yet")
    assert not [x for x in kiosk.letters if x[1]["kind"] == "command-lockdown"]
    kiosk.nonce = secrets.token_hex(16)
    kiosk.state("caution")
    page.until_face("caution")
    page.hold("[data-command=lockdown]")
    kiosk.letter("command-lockdown")


@pytest.mark.parametrize("why, said", [("replayed", "another command meanwhile"),
                                       ("stale", "another alert is active"),
                                       ("unknown account", "does not accept commands")])
def test_staff_read_why_a_command_was_refused(venue, why, said):
    kiosk = venue.kiosk()
    staff = venue.phone(kiosk, staff=True).until_face("quiet")
    kept = json.loads(staff.stored()["k1"])["memberships"][0]
    topic = f"{kiosk.place}/answer/{kept['account']}"
    staff.click("#staff summary")
    staff.hold("[data-command=drill]")
    asked = kiosk.letter("command-drill")[1]
    for nonce, reason in (("00" * 16, "stale" if why == "replayed" else "replayed"),
                          (asked["nonce"], why)):
        kiosk.welcome(topic, {"v": envelope.VERSION, "kind": "refused", "of": asked["kind"],
                              "nonce": nonce, "reason": reason}, bytes.fromhex(kept["public"]))
    staff.until_text("#staff-said", said)
