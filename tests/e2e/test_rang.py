"""The weekly drill reports how many phones rang: a count, and nothing about whose."""

import json

from tests.kit.kiosk import Kiosk


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
