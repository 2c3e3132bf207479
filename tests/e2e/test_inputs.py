"""What wires do to a kiosk: real porchlightd, simulated lines, messages as phones get them."""

import signal
import time

import pytest

from tests.kit import wait
from tests.kit.doctor import ask
from tests.kit.kiosk import FAST, Kiosk
from tests.kit.wires import MS, now

PAIR = {"switch front": {**FAST["switch front"], "other_line": "sim:front-nc=1",
                         "throw_time": "50ms"}}
# Slow enough that what heals a lost release comes before the hold is over.
USUAL = {"switch front": {"debounce": "30ms"}}


@pytest.fixture
def started():
    """Makes kiosks whose porchlightd runs: started(conf) -> kiosk, staff phone, wires."""
    made = []

    def start(conf):
        kiosk = Kiosk(conf=conf).__enter__()
        made.append(kiosk)
        kiosk.start()
        return kiosk, kiosk.member("staff"), kiosk.wires()

    yield start
    for kiosk in made:
        kiosk.close()


def said_nothing(phone, seconds=1.0):
    wait.never(lambda: phone.all(topic="alert"), "an alert", seconds)


def test_a_supervised_switch_presses_and_names_its_faults(started):
    kiosk, staff, wires = started(PAIR)
    wires.set("front-nc", False)
    staff.wait("fault", detail="cut")
    wires.set("front-nc", True)
    staff.wait("fault", detail="repaired")
    wires.set("front", True)
    staff.wait("fault", detail="short")
    wires.set("front", False)
    staff.wait("fault", count=2, detail="repaired")
    said_nothing(staff, 0.7)
    kiosk.sim("switch", "hold", "0.4s")
    staff.wait("lockdown", "alert")
    assert len(staff.all("fault")) == 4


def test_a_switch_found_pressed_is_a_fault_until_it_is_let_go(started):
    kiosk, staff, wires = started({"switch front": {**FAST["switch front"],
                                                    "line": "sim:front=1"}})
    said_nothing(staff, 0.8)
    assert "FAULT" in kiosk.cli("status").stdout
    wires.set("front", False)
    time.sleep(0.3)
    wires.hold(0.4)
    staff.wait("lockdown", "alert")


def test_a_lost_release_does_not_become_an_endless_press(started):
    _, staff, wires = started(USUAL)
    wires.set("front", True)
    time.sleep(0.2)
    wires.say("lose front 1")
    said_nothing(staff, 2.2)


def test_a_lost_press_between_two_edges_is_read_again(started):
    _, staff, wires = started(FAST)
    wires.press(on=0.05)
    wires.say("lose front 1")  # down again, and nobody was woken
    time.sleep(0.02)
    wires.say("lose front 2")
    wires.set("front", False)  # the gap in the sequence shows with this edge
    said_nothing(staff, 1.0)
    wires.hold(0.4)
    staff.wait("lockdown", "alert")


def test_a_storm_of_edges_that_overflows_the_queue_ends_at_the_true_level(started):
    _, staff, wires = started(FAST)
    wires.say("chatter front 999")  # odd: it ends closed, and stays so
    staff.wait("lockdown", "alert")
    wires.say("chatter front 999")
    time.sleep(0.3)
    assert len(staff.all("lockdown", "alert")) == 1


def hum(wires, seconds):
    """A released switch whose long wire reads closed for 9 ms in each 20. Each 9 ms are sent when
    they end, both edges at once, so that a slow machine never leaves the wire closed. Pulses that it
    missed are left out: no kernel reports edges that are older than what was decided since."""
    at = now()
    end = at + seconds * 1e9
    while at < end:
        time.sleep(max(0, at + 9 * MS - now()) / 1e9)
        wires.pulses(1, at, 9 * MS)
        at = max(at + 20 * MS, now())


def test_a_humming_wire_ends_the_press_and_hides_none(started):
    _, staff, wires = started(USUAL)
    hum(wires, 0.5)
    wires.hold(0.2)
    hum(wires, 2.5)  # a press that never ended would be a lockdown by now
    assert not staff.all(topic="alert")
    wires.hold(0.2)
    hum(wires, 0.3)
    wires.hold(0.2)
    hum(wires, 1.0)
    staff.wait("caution", "alert", detail=None)
    wires.hold(1.7)
    hum(wires, 0.2)
    staff.wait("lockdown", "alert")


def test_a_chip_that_goes_away_is_a_fault_and_not_a_press(started):
    _, staff, wires = started(USUAL)
    wires.set("front", True)
    time.sleep(0.3)
    wires.say("gone front")
    staff.wait("fault", detail="cut")
    said_nothing(staff, 2.0)


def missing(kiosk):
    """The names of the inputs that have a line missing."""
    return {i["name"] for i in kiosk.status()["inputs"] if i.get("missing")}


def take_away(wires, line):
    """The chip goes, and whoever opens the line finds it taken until it is set free."""
    wires.say(f"busy {line}")
    wires.say(f"gone {line}")


def test_a_door_whose_line_is_missing_hurts_no_switch_and_is_taken_when_it_is_there(started):
    kiosk, staff, wires = started({**FAST, "door entrance": {"debounce": "20ms"}})
    take_away(wires, "entrance")
    wait.until(lambda: missing(kiosk) == {"entrance"}, "the fault", 30)
    wires.hold(0.4)
    staff.wait("lockdown", "alert")
    wires.say("free entrance")
    wait.until(lambda: not missing(kiosk), "the line", 30)
    wires.set("entrance", True)
    staff.wait("door")
    assert kiosk.daemon.said().count("door entrance: its line is there") == 1


def test_a_switch_that_is_missing_is_said_and_works_again_when_it_is_there(started):
    kiosk, staff, wires = started({**FAST, "switch back": {"line": "sim:back"}})
    take_away(wires, "front")
    staff.wait("fault", detail="cut", within=30)
    assert missing(kiosk) == {"front"}
    wait.until(lambda: ask(kiosk.prefix)["line"]["front"].said == "porchlightd cannot read it: line sim:front is in "
               "use by another simulated line. Stop that program, or remove the overlay or driver that holds "
               "the line; gpioinfo shows which it is.", lambda: ask(kiosk.prefix)["line"]["front"])
    wires.say("free front")
    staff.wait("fault", detail="repaired", within=30)
    said_nothing(staff, 0.3)
    wires.hold(0.4)
    staff.wait("lockdown", "alert")


def test_a_reload_with_a_line_that_is_taken_changes_nothing(started):
    kiosk, staff, wires = started(FAST)
    wires.say("busy other")
    kiosk.change({"door entrance": {"line": "sim:other"}})
    kiosk.daemon.signal(signal.SIGHUP)
    wait.until(lambda: "other" in kiosk.daemon.said(), kiosk.daemon.said)
    assert not missing(kiosk)
    kiosk.wires().hold(0.4)  # the lines and their socket were opened again
    staff.wait("lockdown", "alert")


def test_two_switches_and_their_own_trains(started):
    _, staff, wires = started({**FAST, "switch bar": {**FAST["switch front"],
                                                      "line": "sim:bar"}})
    wires.press("front", 0.05)
    wires.press("bar", 0.05)  # one press at each is a caution at neither
    said_nothing(staff, 0.7)
    wires.hold(0.4, "bar")
    staff.wait("lockdown", "alert")


DOOR = {"door entrance": {"held_open": "1s", "mask": "0", "debounce": "5ms"}}


def hours_around(minutes_from_now):
    """Opening hours of this weekday's one hour that begins so many minutes from now."""
    begin = time.localtime(time.time() + minutes_from_now * 60)
    end = time.localtime(time.time() + (minutes_from_now + 60) * 60)
    days = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    return (f"{days[begin.tm_wday]} {begin.tm_hour:02}:{begin.tm_min:02}-"
            f"{end.tm_hour:02}:{end.tm_min:02}")


def test_a_door_is_reported_outside_its_hours_and_when_it_is_held(started):
    conf = {**FAST, "door entrance": {**DOOR["door entrance"], "hours": hours_around(120)}}
    kiosk, staff, wires = started(conf)
    member = kiosk.member()
    wires.set("entrance", True)
    staff.wait("door", detail="out-of-hours")
    staff.wait("door", detail="held-open")
    wires.set("entrance", False)
    staff.wait("door", detail="closed")
    assert not member.all("door"), "the door is for staff phones alone"
    assert b"hours" not in kiosk.record()


def test_within_hours_a_door_matters_only_in_a_lockdown(started):
    conf = {**FAST, "door entrance": {**DOOR["door entrance"], "held_open": "0",
                                      "hours": hours_around(-30)}}
    _, staff, wires = started(conf)
    wires.set("entrance", True)
    time.sleep(0.1)
    wires.set("entrance", False)
    wait.never(lambda: staff.all("door"), "a notice of a door within hours", 0.6)
    wires.hold(0.4)
    staff.wait("lockdown", "alert")
    wires.set("entrance", True)
    staff.wait("door", detail="in-lockdown")


def test_the_silent_line_ticks_once_for_sensed_and_twice_for_accepted(started):
    _, staff, wires = started({**FAST, "feel": {"line": "sim:feel", "tick": "20ms"}})
    wires.hold(0.4)
    staff.wait("lockdown", "alert")
    changes = wait.until(lambda: (h := wires.say("history feel").split()) and len(h) >= 6 and h,
                         "three pulses")
    assert [c[0] for c in changes] == list("101010")
    at = [int(c[2:]) for c in changes]
    assert all(15 * MS <= at[i + 1] - at[i] for i in (0, 2, 4))
    assert at[2] - at[1] > 100 * MS, "sensed and accepted can be told apart"


def test_on_this_network_alone_a_members_answer_is_what_ticks_twice(started):
    kiosk, _, wires = started({**FAST, "feel": {"line": "sim:feel", "tick": "20ms"},
                               "broker b0": {"outside": "no"}})
    member = kiosk.member()
    wires.hold(0.4)
    alert = member.wait("lockdown", "alert")

    def pulses():
        return len(wires.say("history feel").split()) // 2
    wait.until(lambda: pulses() == 1, "sensed")
    wait.never(lambda: pulses() != 1, "accepted, though nobody outside has it", 1)
    member.answer(alert.body["id"])
    wait.until(lambda: pulses() == 3, lambda: f"accepted; {pulses()} pulses")
    member.answer(alert.body["id"], "safe")
    wait.never(lambda: pulses() != 3, "a further tick", 0.5)


def test_a_switch_that_is_leaned_on_is_a_fault_until_it_is_let_go(started):
    kiosk, staff, wires = started({"switch front": {**FAST["switch front"], "stuck": "2s"}})
    wires.set("front", True)
    staff.wait("lockdown", "alert")
    staff.wait("fault", detail="stuck")
    assert "FAULT" in kiosk.cli("status").stdout
    wires.set("front", False)
    staff.wait("fault", detail="freed")
    assert "FAULT" not in kiosk.cli("status").stdout
    assert len(staff.all("lockdown", "alert")) == 1
