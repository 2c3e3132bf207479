"""Three answers: seen, safe, help. Staff read how many, never whose; members read nothing of others."""

import json
import time

import pytest

from tests.kit import wait
from tests.kit.kiosk import FAST, Kiosk, phone_file


TIMING = {"state_alert": "2s", "state": "2s", "help_again": "10min"}


@pytest.fixture
def kiosk(request):
    timing = {**TIMING, **getattr(request, "param", {})}
    with Kiosk(kind="a", conf={**FAST, "timing": timing}) as made:
        made.start()
        yield made


def counts(staff, alert, **wanted):
    return staff.wait("counts", "notice", id=alert, **wanted).body


def alarm(kiosk, *phones):
    kiosk.wires().hold(0.4)
    return [p.wait("lockdown", "alert").body["id"] for p in phones][0]


def test_staff_read_how_many_answered_and_who_could(kiosk):
    member, staff = kiosk.member(), kiosk.member("staff")
    alert = alarm(kiosk, member, staff)
    known = kiosk.status()
    of = known["members"] + known["staff"]
    assert of >= 2
    counts(staff, alert, seen=0, safe=0, help=0, of=of)
    member.answer(alert, "seen")
    counts(staff, alert, seen=1, safe=0, help=0)
    member.answer(alert, "help")
    counts(staff, alert, seen=1, safe=0, help=1)
    staff.answer(alert, "safe")
    told = counts(staff, alert, seen=2, safe=1, help=1)
    assert member.account not in json.dumps(told) and staff.account not in json.dumps(told)
    member.answer(alert, "safe")
    counts(staff, alert, seen=2, safe=2, help=0)
    status = kiosk.status()
    assert (status["seen"], status["safe"], status["help"]) == (2, 2, 0)


def test_members_read_nothing_of_others(kiosk):
    member, other = kiosk.member(), kiosk.member("staff")
    spy = kiosk.spy(["#"])
    alert = alarm(kiosk, member)
    other.answer(alert, "help")
    counts(other, alert, help=1)
    later = len(member.all("state", "state"))
    wait.until(lambda: len(member.all("state", "state")) > later, "the next state")
    for got in member.received:
        assert not {"seen", "safe", "help"} & set(got.body), got.body
    assert all(r.body is None for r in spy.received if r.topic == "notice")


def test_an_answer_that_is_delayed_or_sent_again_takes_no_later_one_back(kiosk):
    """Whoever runs the broker holds back "safe", and sends it once more behind "help"."""
    member, staff = kiosk.member(), kiosk.member("staff")
    alert = alarm(kiosk, member, staff)
    member.answer(alert, "help", number=3)
    for _ in range(2):
        member.answer(alert, "safe", number=2)
    member.answer(alert, "seen", number=4)
    member.answer("00000000-0000-4000-8000-000000000000", "safe", number=9)
    staff.answer(alert, "seen")
    assert counts(staff, alert, seen=2)["help"] == 1
    assert kiosk.status()["help"] == 1 and kiosk.status()["safe"] == 0


def rings(spy):
    """What staff were woken for, in order; the ring is signed and not sealed."""
    found = []
    for r in spy.received:
        if r.topic == "ring" and r.body["staff"] not in found:
            found.append(r.body["staff"])
    return found[1:]


def test_staff_are_rung_once_for_each_phone_that_needs_help(kiosk):
    member, staff = kiosk.member(), kiosk.member("staff")
    alert = alarm(kiosk, member, staff)
    assert rings(member) == []
    spy = kiosk.spy(["ring"])
    spy.wait("ring")
    for _ in range(3):
        member.answer(alert, "help")
        member.answer(alert, "safe")
    member.answer(alert, "help")
    counts(staff, alert, help=1)
    wait.until(lambda: len(rings(spy)) == 1, lambda: f"one ring; {rings(spy)}")
    staff.answer(alert, "help")
    counts(staff, alert, help=2)
    wait.until(lambda: len(rings(spy)) == 2, lambda: f"two rings; {rings(spy)}")
    seen = len(spy.all("ring"))
    staff.answer(alert, "safe")
    counts(staff, alert, safe=1, help=1)
    assert len(spy.all("ring")) == seen, "who is safe again rings nobody"


@pytest.mark.parametrize("kiosk", [{"help_again": "100ms"}], indirect=True)
def test_staff_are_rung_again_for_a_phone_that_asks_again(kiosk):
    member = kiosk.member()
    alert = alarm(kiosk, member)
    spy = kiosk.spy(["ring"])
    spy.wait("ring")
    for n in (1, 2, 3):
        member.answer(alert, "help")
        wait.until(lambda: len(rings(spy)) == n, lambda: f"{n} rings; {rings(spy)}")


def test_listen_and_status_say_it_in_words(kiosk):
    member, staff = kiosk.member(), kiosk.member("staff")
    alert = alarm(kiosk, member, staff)
    member.answer(alert, "help")
    counts(staff, alert, help=1)
    told = kiosk.cli("status").stdout
    assert "answered by 1 of" in told and "1 needs HELP" in told and "not answered" in told, told
    staff.close()  # an account has one connection
    account, _, password = kiosk.staff_phone()
    heard = kiosk.cli("listen", "--user", account, "--password", password, "--staff", "--for", "5s",
                      "--key", phone_file(kiosk.folder, account)).stdout
    lines = [line for line in heard.splitlines() if "answers: " in line]
    assert len(lines) == 1 and "need HELP 1" in lines[0], heard


def test_who_comes_late_is_told_since_when(kiosk):
    """Also after a power cut, by the clock."""
    first = kiosk.member()
    alarm(kiosk, first)
    time.sleep(1.5)
    late = kiosk.member("staff")
    told = late.wait("state", "state", state="lockdown").body
    assert told["age_ms"] >= 1400
    again = late.wait("state", "state", state="lockdown", count=3).body
    assert again["age_ms"] > told["age_ms"] + 1500
    kiosk.daemon.kill()
    kiosk.start()
    wait.until(lambda: (r := first.all("state", "state", state="lockdown")[-1].body)["epoch"] > told["epoch"]
               and r["age_ms"] >= 4000, "the state after the power cut")
