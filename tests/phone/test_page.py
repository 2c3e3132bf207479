"""The members' page in a real Chromium, through the real proxy and broker: what is believed, what
is refused, and what is said back."""

import json
import secrets
import time

from nacl import bindings as na

from tests.kit import wait
from tests.phone.browser import read_all


def test_enrols_and_shows_quiet(venue):
    kiosk = venue.kiosk()
    page = venue.phone(kiosk)
    assert page.shown("#title") == "Quiet"
    assert page.shown("#answers") is None and page.shown("#staff") is None
    page.until_text("#link", "Connected")
    kept = json.loads(page.stored()["k1"])
    assert set(page.stored()) == {"k1"} and set(kept) == {"memberships", "kept"}
    assert set(kept["kept"][kiosk.id]) == {"retired", "epoch", "toldNext", "liveNext", "noticeNext",
                                           "doorNext", "countsNext", "connection", "proved"}


def test_alert_rings_and_answers_reach_the_kiosk(venue):
    kiosk = venue.kiosk()
    page = venue.phone(kiosk)
    page.click("#title")  # browsers give sound only after a touch
    alert = kiosk.alarm("lockdown")
    page.until_face("lockdown")
    assert page.shown("#title") == "Stay away"
    page.until(lambda: page.noted()["notices"], "a notification")
    noted = page.noted()
    assert len(noted["shakes"]) == 1 and noted["tones"] == 3
    assert noted["notices"][0]["body"] == "The kettle is on"
    assert "lock" not in json.dumps(noted["notices"]).lower()
    page.click("#seen")
    name, body, signed = kiosk.letter("seen")
    assert body["id"] == alert and name == f"ack/{body['account']}"
    assert signed(bytes.fromhex(json.loads(page.stored()["k1"])["memberships"][0]["public"]))
    page.until_text("#said", "seen")
    page.click("#safe")
    assert kiosk.letter("safe")[1]["id"] == alert
    page.until_text("#said", "safe")
    kiosk.state("lockdown")
    time.sleep(0.5)
    assert len(page.noted()["shakes"]) == 1 and page.noted()["tones"] == 3, "a repeat rang"


def test_caution_unclear_and_its_end(venue):
    kiosk = venue.kiosk()
    page = venue.phone(kiosk)
    kiosk.alarm("caution", detail="unclear")
    page.until_face("caution")
    page.until_text("#lines", "could not read the signal")
    kiosk.state("caution")
    time.sleep(0.5)
    assert "could not read the signal" in page.shown("#lines")
    kiosk.all_clear()
    page.until_face("all-clear")
    assert len(page.noted()["shakes"]) == 2


def test_code_at_the_door_is_not_confirmed(venue):
    kiosk = venue.kiosk()
    page = venue.phone(kiosk)
    kiosk.alarm("lockdown")
    page.until_face("lockdown")
    kiosk.say("alert", "all-clear", id=kiosk.alert, detail="unconfirmed")
    kiosk.state("lockdown", unconfirmed=True)
    page.until_face("unconfirmed")
    assert "all-clear at the door" in page.shown("#text")


def test_a_seized_kiosk_ends_no_lockdown(venue):
    kiosk = venue.kiosk()
    page = venue.phone(kiosk)
    kiosk.alarm("lockdown")
    page.until_face("lockdown")
    kiosk.all_clear()
    page.until_face("unconfirmed")
    kiosk.state("quiet")
    kiosk.alarm("caution")
    kiosk.all_clear(proof=bytes(200))
    read_all(kiosk, page)
    assert page.face == "unconfirmed"
    page.driver.refresh()
    page.until_face("unconfirmed")


def test_keyboard_needs_two_presses(venue):
    kiosk = venue.kiosk()
    staff = venue.phone(kiosk, staff=True)
    staff.click("#staff summary")
    press = "document.querySelector('[data-command=drill]').click();"
    staff.run(press + press)
    staff.until_text("[data-command=drill]", "again")
    kiosk.alarm("lockdown")
    staff.until_face("lockdown")
    staff.click("#seen")
    kiosk.letter("seen")
    assert not any(x[1]["kind"] == "command-drill" for x in kiosk.letters), "one instant was enough"
    staff.skip(10)
    staff.run(press)
    staff.skip(1)
    staff.run(press)
    assert kiosk.letter("command-drill")


def test_drill_is_marked_and_ends_without_proof(venue):
    kiosk = venue.kiosk()
    page = venue.phone(kiosk)
    kiosk.alarm("lockdown", drill=True)
    page.until_text("#badge", "Drill")
    assert "only a drill" in page.shown("#text")
    kiosk.all_clear(drill=True)
    page.until_face("quiet")


def test_lost_kiosk_is_shown_within_20_s_and_hides_no_lockdown(venue):
    kiosk = venue.kiosk()
    page = venue.phone(kiosk)
    other = venue.phone(kiosk)
    kiosk.silent.set()
    kiosk.beating.join()
    page.stop_clocks()
    read_all(kiosk, page)
    page.skip(13.8).until_looked()  # the kiosk's date has whole seconds
    assert page.face == "quiet"
    page.skip(1.3).until_looked()
    assert page.face == "lost", "15 s of silence and one look, once a second: 16 s"
    assert len(page.noted()["shakes"]) == 1
    kiosk.alarm("lockdown")
    other.until_face("lockdown")
    other.skip(15).until_text("#lines", "gone silent")
    assert other.face == "lockdown"


def test_broker_gone_and_back(venue):
    kiosk = venue.kiosk()
    page = venue.phone(kiosk)
    venue.brokers[0].stop()
    page.until_text("#link", "No connection")
    page.until_face("unknown")
    page.until_text("#lines", "Last known state: Quiet")
    venue.brokers[0].start()
    wait.until(kiosk.clients[0].is_connected, "the kiosk's own way back", 60)
    kiosk.state("quiet")
    page.until_face("quiet")


def test_an_answer_waits_for_a_connection(venue):
    kiosk = venue.kiosk()
    page = venue.phone(kiosk)
    alert = kiosk.alarm("lockdown")
    page.until_face("lockdown")
    venue.brokers[0].stop()  # whoever of the two is back first
    page.until_text("#link", "No connection")
    page.click("#safe")
    page.until_text("#said", "sent as soon as")
    venue.brokers[0].start()
    assert kiosk.letter("safe")[1]["id"] == alert
    page.until_text("#said", "you are safe")


def test_what_the_kiosk_cannot_receive_is_not_called_sent(venue):
    kiosk = venue.kiosk()
    page = venue.phone(kiosk, staff=True)
    alert = kiosk.alarm("lockdown")
    page.until_face("lockdown")
    kiosk.hear(False)
    page.click("#safe")
    page.until_text("#said", "sent as soon as")
    page.click("#staff summary")
    page.hold("[data-command=caution]")
    page.until_text("#staff-said", "Not sent")
    kiosk.hear(True)
    assert kiosk.letter("safe")[1]["id"] == alert
    page.until_text("#said", "you are safe")
    assert not [x for x in kiosk.letters if x[1]["kind"] == "command-caution"]


def two_kiosks(venue):
    """Of one venue, and a page that has joined both."""
    front = venue.kiosk()
    back = venue.kiosk(venue=front.venue, root=front.root, venue_key=front.venue_key)
    page = venue.phone(front)
    page.click("#open-settings")
    page.click("#another")
    page.join(back.invite(venue.addresses()))
    page.until(lambda: (page.shown("#kiosks") or "").count("Quiet") == 2, "two quiet kiosks")
    return front, back, page


def test_an_answer_to_one_kiosk_is_none_to_another(venue):
    front, back, page = two_kiosks(venue)
    front.alarm("lockdown")
    page.until_face("lockdown")
    page.click("#safe")
    page.until_text("#said", "you are safe")
    alert = back.alarm("lockdown")
    page.until(lambda: not page.shown("#said"), "no word of an answer that one of them lacks")
    page.click("#safe")
    assert back.letter("safe")[1]["id"] == alert
    page.until_text("#said", "you are safe")


def test_a_kiosk_that_restarted_gets_the_answer_again(venue):
    kiosk = venue.kiosk()
    page = venue.phone(kiosk)
    alert = kiosk.alarm("lockdown")
    page.until_face("lockdown")
    page.click("#help")
    kiosk.letter("help")
    page.until_text("#said", "you need help")
    kiosk.epoch, kiosk.seq = kiosk.epoch + 1, 0
    kiosk.say("alert", "lockdown", id=alert, age_ms=60000, resumed=True)
    assert kiosk.letter("help", 2)[1]["id"] == alert
    page.until_text("#said", "you need help")


def test_two_brokers_one_dead(make_venue):
    venue = make_venue(brokers=2)
    kiosk = venue.kiosk()
    page = venue.phone(kiosk)
    page.until_text("#link", "Connected")
    venue.brokers[1].stop()
    page.until_text("#link", "1 of 2")
    kiosk.alarm("lockdown")
    page.until_face("lockdown")
    page.click("#seen")
    kiosk.letter("seen")
    assert not page.shown("#refused")


def test_two_kiosks_the_worst_wins(venue):
    front, back, page = two_kiosks(venue)
    front.alarm("lockdown")
    page.until_face("lockdown")
    page.until_text("#kiosks", "2: Quiet")
    back.alarm("caution")
    page.until_text("#kiosks", "2: Do not come")
    assert page.face == "lockdown"


def test_reloaded_in_the_middle_of_an_alert(venue):
    kiosk = venue.kiosk()
    page = venue.phone(kiosk)
    kiosk.alarm("lockdown")
    page.until_face("lockdown")
    page.driver.refresh()
    page.until_face("lockdown")
    page.until(lambda: page.shown("#seen") is not None, "the answers")
    page.click("#safe")
    assert kiosk.letter("safe")[1]["id"] == kiosk.alert


def test_a_lockdown_of_a_kiosk_that_is_gone_can_still_be_answered(venue):
    kiosk = venue.kiosk()
    page = venue.phone(kiosk)
    kiosk.alarm("lockdown")
    page.until_face("lockdown")
    kiosk.send("state", b"", retain=True)  # as after its expiry
    page.driver.refresh()
    page.until_text("#link", "Connected")
    page.until(lambda: page.shown("#safe") is not None, "the answers")
    page.click("#safe")
    assert kiosk.letter("safe")[1]["id"] == kiosk.alert


def refused(page, words):
    page.until_text("#refused", words)


def test_wrong_key_tampered_forged_plain_and_replayed_are_refused(venue):
    kiosk = venue.kiosk()
    page = venue.phone(kiosk)

    def body(kind="lockdown"):
        return kiosk.body(kind, id="6c1f9d0e-54b3-4c27-9a1d-2f0d5e8b7a66")

    def sealed(b, **more):
        return kiosk.seal("alert", b, epoch=b["epoch"], seq=b["seq"], **more)

    kiosk.send("alert", sealed(body(), venue_key=bytes(32)))
    refused(page, "this phone's key does not open")
    good = bytearray(sealed(body()))
    good[300] ^= 1
    kiosk.send("alert", bytes(good))
    kiosk.send("alert", sealed(body(), secret=kiosk.root.secret))
    refused(page, "did not sign")
    kiosk.send("alert", json.dumps(body()).encode())
    refused(page, "not encrypted")
    kiosk.send("alert", sealed(body()) + b"x")
    refused(page, "damaged")
    old = kiosk.alarm("caution") and kiosk.sent["alert"]
    page.until_face("caution")
    kiosk.all_clear()
    page.until_face("all-clear")
    count = page.shown("#refused")
    kiosk.send("alert", old)
    refused(page, "copies of old ones")
    assert page.shown("#refused") != count and page.face == "all-clear"
    kiosk.send("state", sealed(body()))
    read_all(kiosk, page)
    assert page.face == "all-clear"


def test_retired_permanently(venue):
    kiosk = venue.kiosk()
    page = venue.phone(kiosk)
    good = kiosk.root.secret
    kiosk.root.secret = kiosk.secret
    kiosk.retire()
    read_all(kiosk, page)
    assert page.face == "quiet", "the kiosk's own key retired it"
    kiosk.root.secret = good
    kiosk.retire()
    page.until_face("retired")
    kiosk.epoch += 1
    kiosk.alarm("lockdown")
    page.driver.refresh()
    page.until_text("#link", "Connected")
    page.until_face("retired")


def test_the_root_key_ends_a_lockdown_for_good(venue):
    """Also where the broker does not send its message any more, and the kiosk goes on as before."""
    kiosk = venue.kiosk()
    page = venue.phone(kiosk)
    alert = kiosk.alarm("lockdown")
    page.until_face("lockdown")
    kiosk.root_says(ended=(alert, kiosk.epoch, kiosk.seq))
    page.until_face("all-clear")
    assert "root key" in page.shown("#text")
    kiosk.send("root", b"", retain=True)
    kiosk.state("lockdown")
    page.driver.refresh()
    page.until_text("#link", "Connected")
    read_all(kiosk, page)
    assert page.face not in ("lockdown", "unconfirmed")
    kiosk.alarm("lockdown")  # another one
    page.until_face("lockdown")


def test_a_proof_of_a_revoked_account_ends_nothing(venue):
    kiosk = venue.kiosk()
    page = venue.phone(kiosk)
    account = secrets.token_hex(8)
    kiosk.root_says(revoked=[account])
    alert = kiosk.alarm("lockdown")
    page.until_face("lockdown")
    public, secret = na.crypto_sign_keypair()
    kiosk.all_clear(kiosk.proof(account, secret, public, alert=alert))
    page.until_face("unconfirmed")
    kiosk.all_clear(kiosk.proof(secrets.token_hex(8), secret, public, alert=alert))
    page.until_face("all-clear")


def test_a_page_that_moves_takes_no_press(venue):
    kiosk = venue.kiosk()
    page = venue.phone(kiosk, staff=True)
    page.click("#staff summary")
    page.run("""const below = document.body.appendChild(document.createElement('div'));
        window.moving = setInterval(() => { below.style.height = `${900 + performance.now() % 50}px`; }, 50);""")
    page.hold("[data-command=lockdown]", 3)
    page.run("clearInterval(window.moving)")
    page.hold("[data-command=lockdown]")
    kiosk.letter("command-lockdown")
    assert len([x for x in kiosk.letters if x[1]["kind"].startswith("command")]) == 1


def test_forget_leaves_nothing(venue):
    kiosk = venue.kiosk()
    page = venue.phone(kiosk)
    page.until(lambda: page.run("return navigator.serviceWorker.controller !== null"),
               "the service worker")
    page.click("#open-settings")
    page.hold("#forget", 1)
    assert page.stored()
    page.hold("#forget")
    page.until_text("#join-said", "Everything was deleted")
    assert page.stored() == {}
    left = page.driver.execute_async_script("""const done = arguments[0];
        Promise.all([caches.keys(), navigator.serviceWorker.getRegistrations(),
            indexedDB.databases()]).then((l) => done(l.map((x) => x.length)));""")
    assert left == [0, 0, 0]
    kiosk.alarm("lockdown")
    time.sleep(0.5)
    assert page.face is None


def test_opens_without_a_network_and_claims_nothing(venue):
    kiosk = venue.kiosk()
    page = venue.phone(kiosk)
    page.until(lambda: page.run("return navigator.serviceWorker.controller !== null"),
               "the service worker")
    venue.proxies[0].stop()
    page.driver.refresh()
    page.until_face("unknown")
    page.until_text("#link", "No connection")


def test_bad_invitations_are_told_apart(venue):
    kiosk = venue.kiosk()
    page = venue.page()
    page.join("hello")
    page.until_text("#join-said", "not an invitation")
    page.join(kiosk.invite(venue.addresses(), lives=-1))
    page.until_text("#join-said", "expired")
    used = kiosk.invite(venue.addresses())
    page.join(used)
    page.until_face("quiet")
    other = venue.page()
    other.join(used)
    other.until_text("#join-said", "refused this invitation")


def test_a_letter_that_is_lost_while_joining_is_sent_again(venue):
    kiosk = venue.kiosk()
    kiosk.loses = ["enrol", "enrolled"]
    venue.phone(kiosk)
    assert not kiosk.loses


def test_an_invitation_in_the_link_asks_for_the_home_screen_first(venue):
    kiosk = venue.kiosk()
    invitation = kiosk.invite(venue.addresses())
    page = venue.page(fragment=f"i={invitation}")
    page.until_text("#install", "home screen")
    assert page.run("return location.hash") == ""
    page.click("#here")
    page.until_face("quiet")


def test_a_venue_key_is_rotated(venue):
    kiosk = venue.kiosk()
    page = venue.phone(kiosk)
    account, public = next(iter(kiosk.invited.items()))
    kiosk.venue_key = bytes(range(32))
    kiosk.welcome(f"{kiosk.place}/enrol/{account}",
                  {"v": 2, "kind": "rotate", "venue_key": kiosk.venue_key.hex()},
                  bytes.fromhex(public))
    kiosk.alarm("lockdown")
    page.until_face("lockdown")
    page.driver.refresh()
    page.until_face("lockdown")
