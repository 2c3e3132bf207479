"""The weekly drill reports how many phones rang: a count, and nothing about whose. And whose
subscription to Web Push counts as a phone."""

import json
import secrets

from tests.kit import wait
from tests.kit.kiosk import FAST, Kiosk


def test_a_drill_counts_phones_that_rang():
    with Kiosk(kind="g", conf={"alert": {"drill_lasts": "3s"}}) as kiosk:
        kiosk.start()
        member, staff = kiosk.member(), kiosk.member("staff")
        assert kiosk.cli("drill").returncode == 0
        drill = member.wait("lockdown", drill=True)
        member.answer(drill.body["id"], "rang")
        member.answer(drill.body["id"], "rang")
        staff.answer(drill.body["id"], "rang")
        staff.answer(drill.body["id"], "seen")
        report = staff.wait("drill-report", within=20)
        assert report.body["rang"] == 2 and report.body["seen"] == 1
        told = json.dumps(report.body)
        assert member.account not in told and staff.account not in told
        assert kiosk.cli("drill").returncode == 0
        staff.wait("lockdown", drill=True, count=2)
        assert staff.wait("drill-report", within=20, count=2).body["rang"] == 0


def test_status_shows_how_many_phones_got_a_weekly_test_lately_and_how_many_none_for_30_days():
    with Kiosk(kind="g", conf={**FAST}) as kiosk:
        kiosk.start()
        relay = kiosk.spy([])

        def shown(**counts):
            nonce = secrets.token_hex(8)
            relay.write(f"relay/{relay.account}", {"v": 2, "kind": "ping", "epoch": 0, "seq": 0, "ring": 0,
                                                   "nonce": nonce, **counts})
            wait.until(lambda: (kiosk.status()["rang"], kiosk.status().get("month")) ==
                       (counts["rang"], counts.get("month")), f"{counts}")
            return [line.split(None, 1)[1].strip() for line in kiosk.cli("status").stdout.splitlines() if "weekly" in line]
        assert shown(rang=3, phones=7, month=5) == [
            "3 of 7 phones got a silent weekly test in the last 14 days",
            "2 have answered none for 30 days, or none yet"]
        assert shown(rang=6, phones=7, month=6)[1] == "1 has answered none for 30 days, or none yet"
        assert len(shown(rang=7, phones=7, month=7)) == 1
        assert len(shown(rang=5, phones=7)) == 1  # an earlier relay does not say


def test_the_kiosk_vouches_for_a_subscription_of_a_phones_own_and_for_no_other():
    with Kiosk(kind="g", conf={**FAST}) as kiosk:
        kiosk.start()
        member, staff, operator = kiosk.member(), kiosk.member("staff"), kiosk.spy(["wake/+"])
        topic = f"wake/{member.account}"
        hashed = member.subscribed(b"its secret")
        operator.wait("vouched", topic, hash=hashed)
        before = kiosk.status()["refused"]
        operator.subscribed(b"a stranger's", member.account, staff.secret)
        wait.until(lambda: kiosk.status()["refused"] > before, "the refusal of what another key has signed")

        kiosk.wires().hold(0.4)
        alert = member.wait("lockdown", "alert").body["id"]
        member.subscribed(b"asked in an alert")
        member.answer(alert, "seen")
        wait.until(lambda: kiosk.status()["seen"] == 1, "the answer that came after it")
        assert kiosk.staff_command("all-clear").returncode == 0
        wait.until(lambda: kiosk.status()["state"] == "quiet", "quiet")
        later = member.subscribed(b"asked again")
        operator.wait("vouched", topic, hash=later)
        assert len(operator.all("vouched")) == 2, "the way out is for the alert"


def test_with_cover_the_kiosk_vouches_in_every_state():
    """That a page was opened shows on the wire. If nothing followed, that would show what cover hides."""
    with Kiosk(kind="g", conf={**FAST, "kiosk": {"cover": "yes"}}) as kiosk:
        kiosk.start()
        member, operator, wires = kiosk.member(), kiosk.spy(["wake/+"]), kiosk.wires()

        def page_is_opened(when):
            hashed = member.subscribed(when.encode())
            return len(operator.wait("vouched", f"wake/{member.account}", hash=hashed).wire)
        sizes = {page_is_opened("in quiet")}
        wires.hold(0.4)
        member.wait("lockdown", "alert")
        sizes.add(page_is_opened("in a lockdown"))
        wires.presses(5, on=0.05, off=0.05)
        member.wait("all-clear", "alert", detail="unconfirmed")
        sizes.add(page_is_opened("while it is hidden on site"))
        assert kiosk.status()["state"] == "quiet" and sizes == {768}
