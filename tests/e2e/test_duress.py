"""Code and duress leave the same traces everywhere but on staff phones."""

import pytest

from tests.kit import telling_apart, traces, wait
from tests.kit.duress_nights import nights, parted
from tests.kit.kiosk import Kiosk


@pytest.mark.parametrize("state", traces.STATES)
def test_code_and_duress_leave_the_same_traces(state):
    found = []
    for presses in (traces.CODE, traces.DURESS):
        with traces.Night(presses, state) as night:
            found.append(night.press())
    for surface, code in found[0].items():
        assert code == found[1][surface], surface
    assert found[0]["outputs"]["motor"], "the press was felt"
    topics = [packet[0] for packet in found[0]["packets"]]
    reports = 1 if state == "drill" else 0  # the drill's own
    assert topics.count("notice") == 1 + reports and {"staff", "state", "ring"} <= set(topics)
    assert not any("duress" in text for text in found[1]["member"]) and "duress" not in \
        found[1]["log"]


def fewest(written):
    return min(map(int, written))


@pytest.mark.parametrize("state, cover", [("quiet", "no"), ("grace", "no"), ("again", "no"), ("lockdown", "yes")])
def test_a_few_nights_of_either_kind_leave_the_same_everywhere(state, cover):
    """Wire, card, journal, the relay's log, wake-ups, a member's screen; a hundred nights in tests/long."""
    found = nights(state, cover, 3)
    rung = [] if state == "again" else [["/staff", 16]]  # the alarm that is pressed again rang before
    assert len(found) == 6 and all(night["same"]["pushes"] == rung for night in found)
    for surface in found[0]["same"]:
        code, duress = parted(found, surface)
        # The kernel's flusher counts a block twice at times, whatever was pressed.
        shown = fewest if surface == "written" else telling_apart.commonest
        assert shown(code) == shown(duress), surface


def test_only_staff_phones_can_tell():
    """A member's key, the kiosk's own keys and its card open nothing of it."""
    for presses, kind in ((traces.CODE, "code"), (traces.DURESS, "duress")):
        with traces.Night(presses, "lockdown") as night:
            staff = night.kiosk.member("staff")
            night.press()
            assert staff.wait(kind, "staff").body["id"] == night.member.wait("lockdown").body["id"]
            seen = [r for r in night.spy.received if r.topic in ("notice", "staff")]
            assert seen and all(r.body is None for r in seen)
            assert kind.encode() not in night.kiosk.record()


def test_what_was_pressed_outlives_a_power_cut():
    for presses, kind in ((traces.CODE, "code"), (traces.DURESS, "duress")):
        with traces.Night(presses, "lockdown") as night:
            night.press()
            kiosk = night.kiosk
            kiosk.daemon.kill()
            kiosk.start()
            staff = kiosk.member("staff")
            before = night.member.wait("lockdown").body["epoch"]
            wait.until(lambda: any(r.body["epoch"] > before for r in staff.all(kind, "staff")),
                       f"{kind}, as the kiosk says it after its restart")
            assert kiosk.status()["state"] == "quiet"


def test_a_drill_that_is_asked_for_in_a_hidden_alert_is_shown_on_site():
    with traces.Night(traces.CODE, "lockdown") as night:
        night.press()
        kiosk, alerts = night.kiosk, len(night.member.all(topic="alert"))
        assert kiosk.status()["state"] == "quiet"
        done = kiosk.cli("drill")
        with Kiosk(kind="d") as quiet:
            quiet.start()
            usual = quiet.cli("drill")
            shown = quiet.status()
        assert (done.returncode, done.stdout, done.stderr) == (0, usual.stdout, usual.stderr)
        status = kiosk.status()
        assert (status["state"], status["drill"]) == (shown["state"], shown["drill"])
        assert status["alert"]["id"] != night.member.wait("lockdown").body["id"]
        assert kiosk.cli("all-clear").returncode == 0
        assert kiosk.status()["state"] == "quiet" and not kiosk.status()["drill"]
        assert not [r for r in night.member.all(topic="alert")[alerts:] if r.body["drill"]]
