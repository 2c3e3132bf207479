"""Since when an alert is active, what came since, and what this phone answered: from every start of the
page, as long as the alert is active and no longer. And the page calls again until it is answered."""

import json

from tests.phone.browser import read_all


def shakes(page):
    return len(page.noted()["shakes"])


def rings_again(page, seconds, count):
    page.skip(seconds)
    page.until(lambda: shakes(page) == count, f"call number {count}")


def test_the_page_calls_again_until_it_is_answered(venue):
    kiosk = venue.kiosk()
    page = venue.phone(kiosk)
    page.click("#title")
    kiosk.alarm("lockdown")
    page.until(lambda: shakes(page) == 1, "the first call")
    page.until_text("#lines", "rings again until you answer")
    rings_again(page, 20, 2)
    page.skip(20).until_looked()
    assert shakes(page) == 2, "the second pause is longer"
    rings_again(page, 10, 3)
    assert page.noted()["tones"] == 9
    page.click("#seen")
    kiosk.letter("seen")
    page.skip(300).until_looked()
    assert shakes(page) == 3 and "rings again" not in page.shown("#lines")


def test_it_calls_no_longer_than_half_an_hour_nor_after_the_end(venue):
    kiosk = venue.kiosk()
    page = venue.phone(kiosk)
    kiosk.alarm("caution")
    page.until(lambda: shakes(page) == 1, "the first call")
    kiosk.all_clear()
    page.until(lambda: shakes(page) == 2, "the call for its end")
    for _ in range(4):  # in steps that do not make the kiosk look silent
        read_all(kiosk, page)
        page.skip(8).until_looked()
    assert shakes(page) == 2
    kiosk.alarm("lockdown")
    page.until(lambda: shakes(page) == 3, "a call")
    page.skip(1801).until_looked()
    assert shakes(page) == 3


def test_an_answer_that_has_not_left_ends_the_calls_too(venue):
    kiosk = venue.kiosk()
    page = venue.phone(kiosk)
    kiosk.alarm("lockdown")
    page.until_face("lockdown")
    kiosk.hear(False)
    page.click("#safe")
    page.until_text("#said", "sent as soon as")
    calls = shakes(page)
    page.skip(60).until_looked()
    assert shakes(page) == calls


def test_the_own_answer_stays_after_a_reload(venue):
    kiosk = venue.kiosk()
    page = venue.phone(kiosk)
    kiosk.alarm("lockdown")
    page.until_face("lockdown")
    page.click("#safe")
    kiosk.letter("safe")
    page.until_text("#said", "you are safe")
    venue.brokers[0].stop()
    page.driver.refresh()
    page.until_text("#said", "you are safe")
    page.skip(60).until_looked()
    assert shakes(page) == 0, "it has answered"


def test_a_caution_is_kept_like_a_lockdown(venue):
    kiosk = venue.kiosk()
    page = venue.phone(kiosk)
    kiosk.alarm("caution")
    page.until_face("caution")
    venue.proxies[0].stop()
    page.driver.refresh()
    page.until_face("caution")
    page.until_text("#link", "No connection")


def test_who_comes_late_sees_since_when(venue):
    kiosk = venue.kiosk()
    page = venue.phone(kiosk)
    kiosk.alarm("lockdown")
    page.until_face("lockdown")
    kiosk.state("lockdown", age_ms=12 * 60000)
    page.until_text("#lines", "12 minutes ago")
    page.driver.refresh()
    page.until_text("#lines", "12 minutes ago")
    late = venue.page()
    late.join(kiosk.invite(venue.addresses()))
    late.until_face("lockdown")
    late.until_text("#lines", "12 minutes ago")


def test_the_history_of_the_night_is_on_the_phone_and_goes_with_the_alert(venue):
    kiosk = venue.kiosk()
    page = venue.phone(kiosk)
    kiosk.alarm("caution")
    page.until_face("caution")
    assert page.shown("#history") is None, "one line says what is on the screen anyway"
    kiosk.say("alert", "lockdown", id=kiosk.alert, age_ms=0)
    page.until_face("lockdown")
    kiosk.say("alert", "all-clear", id=kiosk.alert, detail="unconfirmed")
    page.until_face("unconfirmed")

    def kinds():
        return [line.split(" ", 1)[1] for line in page.shown("#history").splitlines()]
    wanted = ["Do not come", "Stay away", "Not confirmed"]
    assert kinds() == wanted
    page.driver.refresh()
    page.until(lambda: page.shown("#history") and kinds() == wanted, "the same after a reload")
    assert "nights" in json.loads(page.stored()["k1"])
    account, public = next(iter(kiosk.invited.items()))
    secret = bytes.fromhex(json.loads(page.stored()["k1"])["memberships"][0]["secret"])
    kiosk.all_clear(proof=kiosk.proof(account, secret, bytes.fromhex(public)))
    page.until_face("all-clear")
    assert kinds() == [*wanted, "All clear"]
    read_all(kiosk, page)
    assert "nights" not in json.loads(page.stored()["k1"]), "it outlives the alert"
    page.driver.refresh()
    page.until_face("quiet")
    assert page.shown("#history") is None


def test_a_drill_leaves_no_history(venue):
    kiosk = venue.kiosk()
    page = venue.phone(kiosk)
    kiosk.alarm("lockdown", drill=True)
    page.until_text("#badge", "Drill")
    assert "nights" not in json.loads(page.stored()["k1"])
    kiosk.all_clear(drill=True)
    page.until_face("quiet")
    assert page.shown("#history") is None
