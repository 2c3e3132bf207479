"""The list of phones that a kiosk keeps, and what porchlight phones shows of it."""

import json

from tests.kit import local, wait
from tests.kit.kiosk import Kiosk


def test_phones_shows_counts_and_the_last_drill(venue):
    phone = venue.member()
    assert venue.ask("phones")["drill"] is None
    venue.cli("drill")
    ring = phone.eyes.wait("lockdown", "alert", drill=True)
    phone.eyes.answer(ring.body["id"], "rang")
    phone.eyes.answer(ring.body["id"])
    wait.until(lambda: venue.kiosk.status()["seen"] == 1, "the answer counted")
    venue.cli("all-clear")
    said = wait.until(lambda: venue.ask("phones") if venue.ask("phones")["drill"] else None,
                      "the drill's report")
    assert (said["drill"]["seen"], said["drill"]["rang"], said["members"]) == (1, 1, 1)
    assert "accounts" not in said
    assert venue.ask("phones", "--ids")["accounts"] == [{"account": phone.account, "staff": False}]
    plainly = venue.cli("phones").stdout
    assert "members:    1" in plainly and phone.account not in plainly


def test_a_damaged_list_of_phones_holds_no_alert_up(venue):
    phone = venue.member()
    venue.kiosk.daemon.kill()
    book = venue.kiosk.state / "phones"
    book.write_text(book.read_text() + "Ayla\n")
    venue.kiosk.start()
    assert "phones: line 3" in venue.kiosk.daemon.said()
    assert "could not be opened" in venue.cli("invite", "--leave", code=1).stderr
    venue.kiosk.sim("switch", "hold", "400ms")
    phone.eyes.wait("lockdown", "alert")


def test_the_admin_socket_is_for_root_alone(venue):
    assert (venue.kiosk.run / "admin.sock").stat().st_mode & 0o777 == 0o600
    for request in ["revoke", "invite nobody", "certify x y", "rotate 00", "rotated 00", "party",
                    "invite member screen now", "phones all"]:
        answer = json.loads(local.ask(venue.kiosk.run / "admin.sock", request))
        assert answer["ok"] is False and answer["error"]


def test_a_plain_venue_has_no_keys_to_give():
    with Kiosk(kind="c", plain=True) as plain:
        plain.start()
        assert "A plain venue" in plain.cli("invite").stderr
