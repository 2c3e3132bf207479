"""Outputs: what motors, lamps and sounders show, and that none betrays what the screen hides."""

import struct
import time

import pytest

from tests.kit import local, traces, wait
from tests.kit.doctor import ask
from tests.kit.kiosk import FAST, Kiosk
from tests.kit.screen import ACCEPTED

MS = 1_000_000
MOTOR = {"line": "sim:motor", "kind": "motor", "tick": "20ms"}


@pytest.fixture
def started():
    made = []

    def start(outputs, **more):
        kiosk = Kiosk(conf={**FAST, **outputs}, **more).__enter__()
        made.append(kiosk)
        kiosk.start()
        return kiosk, kiosk.wires()

    yield start
    for kiosk in made:
        kiosk.close()


def changes(wires, line):
    """[(level, ns), ...] since the start, at most the last 32."""
    return [(int(c[0]), int(c[2:])) for c in wires.say(f"history {line}").split()]


def pulses(wires, line):
    return sum(level for level, _ in changes(wires, line))


def lasts(wires, line):
    """Lit, and no longer blinking."""
    return wires.say(f"get {line}") == "1"


def seen(kiosk, wires):
    """A lockdown that one phone has seen: the phone, and the alert's id."""
    member = kiosk.member()
    wires.hold(0.4)
    alert = member.wait("lockdown", "alert").body["id"]
    member.answer(alert)
    return member, alert


def test_a_motor_tells_sensed_from_accepted(started):
    kiosk, wires = started({"output motor": {**MOTOR, "on": "sensed, accepted"}})
    kiosk.member()
    wires.hold(0.4)
    wait.until(lambda: pulses(wires, "motor") == 3, lambda: changes(wires, "motor"))
    done = kiosk.cli("sim", "output", "show", "--name", "motor")
    assert done.stdout == "motor: off, switched on 3 times lately\n"
    at = [t for _, t in changes(wires, "motor")]
    assert at[2] - at[1] > 50 * MS, "a pause divides them"


def test_a_lamp_lasts_as_long_as_what_it_shows(started):
    kiosk, wires = started({"output lamp": {"line": "sim:lamp", "visible": "yes",
                                            "on": "lockdown: steady, no-path: fast"}})
    wait.until(lambda: not lasts(wires, "lamp"), "no path, and then one")
    wires.hold(0.4)
    wait.until(lambda: lasts(wires, "lamp"), "the lamp")
    shown = kiosk.status()["outputs"]
    assert shown == [{"name": "lamp", "kind": "lamp", "active": True, "fault": None}]
    assert "lamp" in kiosk.cli("status").stdout
    kiosk.brokers[0].stop()
    wait.never(lambda: not lasts(wires, "lamp"), "something else than the first that lasts", 1)
    wires.presses(5, off=0.1)  # the code: the site is calm, and only the path is shown
    wait.until(lambda: wires.say("get lamp") == "0", "the lamp goes out, or blinks", 20)
    before = len(changes(wires, "lamp"))
    wait.until(lambda: len(changes(wires, "lamp")) >= min(32, before + 4), "it blinks", 30)


def test_answers_pulse_once_for_each_step(started):
    kiosk, wires = started({"output motor": {**MOTOR, "on": "seen: one long, safe: two short"}})
    member, alert = seen(kiosk, wires)
    wait.until(lambda: pulses(wires, "motor") == 1, "seen")
    member.answer(alert, "safe")
    wait.until(lambda: pulses(wires, "motor") == 3, "safe")
    on, off = (t for _, t in changes(wires, "motor")[:2])
    assert off - on >= 75 * MS, "long is four times as long"
    wait.never(lambda: pulses(wires, "motor") != 3, "a further pulse", 0.5)


def test_trouble_goes_on_until_it_is_over(started):
    kiosk, wires = started({"output lamp": {"line": "sim:lamp", "on": "trouble: steady"},
                            "wipe": {"enabled": "no"},
                            "switch front": {**FAST["switch front"], "line": "sim:front=1"}})
    wait.until(lambda: lasts(wires, "lamp"), "the switch that was found pressed")
    wires.set("front", False)
    wait.until(lambda: not lasts(wires, "lamp"), lambda: kiosk.status())


def test_an_output_whose_chip_goes_while_it_rests_is_a_fault_until_it_is_back(started):
    kiosk, wires = started({"output lamp": {"line": "sim:lamp", "on": "help: steady"}})
    wires.say("busy lamp")
    wires.say("gone lamp")
    wait.until(lambda: "is in use by" in (kiosk.status()["outputs"][0]["fault"] or ""), kiosk.status, 60)
    assert "is in use by" in ask(kiosk.prefix)["output"]["lamp"].said
    wires.say("free lamp")
    wait.until(lambda: kiosk.status()["outputs"][0]["fault"] is None, kiosk.status, 60)


@pytest.mark.parametrize("pressed", [5, 6], ids=["the code", "duress"])
def test_an_all_clear_is_shown_where_the_alert_was_and_not_after_the_code(started, pressed):
    kiosk, wires = started({"output motor": {**MOTOR, "on": "all-clear: three short"}})
    for hidden in (False, True):
        time.sleep(0.3)  # a shorter release would be a drop-out of the hold before
        wires.hold(0.4)
        wait.until(lambda: kiosk.status()["on_site"] == "lockdown",
                   lambda: f"{hidden} {kiosk.status()} {kiosk.daemon.said()[-1500:]}")
        if hidden:
            wires.presses(pressed, off=0.1)
            wait.until(lambda: kiosk.status()["on_site"] == "quiet", "a calm site")
        done = kiosk.staff_command("all-clear")
        assert done.returncode == 0, done.stderr
        wait.until(lambda: pulses(wires, "motor") == 3, lambda: changes(wires, "motor"))
    wait.never(lambda: pulses(wires, "motor") != 3, "an all-clear of a hidden alert", 0.7)


ALL = {"output motor": {**MOTOR, "on": "sensed, accepted, seen: two long, safe, help, all-clear"},
       "output lamp": {"line": "sim:lamp", "visible": "yes", "tick": "20ms",
                       "on": "lockdown, trouble, no-path: fast"}}


def evening(kiosk, wires, presses):
    """A lockdown that is answered, then the code or duress, then a drill that the site asks for: how
    often each output was switched on."""
    wait.until(lambda: pulses(wires, "lamp") == 1 and not lasts(wires, "lamp"), "no path, and then one")
    member, alert = seen(kiosk, wires)
    wait.until(lambda: pulses(wires, "motor") == 5, lambda: changes(wires, "motor"))
    wires.presses(presses, off=0.1)
    wait.until(lambda: kiosk.status()["on_site"] == "quiet", "a calm site")
    wait.until(lambda: not lasts(wires, "lamp"), "the lamp, which goes out a moment later")
    member.answer(alert, "safe")
    time.sleep(0.5)
    assert kiosk.cli("drill").returncode == 0
    wait.until(lambda: lasts(wires, "lamp"), "the drill")
    time.sleep(1)
    return pulses(wires, "lamp"), pulses(wires, "motor")


def test_code_and_duress_look_the_same(started):
    conf = {**ALL, "switch front": {**FAST["switch front"], "code": "8"}}
    code, duress = (evening(*started(conf), presses) for presses in (8, 7))
    assert code == duress


def as_a_stranger_sees_it(conf):
    """An alert that is answered, and the code: every cue that the screen is sent, and every packet of it. Beats,
    and notices of what ails this machine, come by the clock."""
    with Kiosk(conf={**FAST, "timing": traces.CONF["timing"], **conf}) as kiosk:
        kiosk.staff_phone()
        kiosk.start()
        spy, member, wires = kiosk.spy(["#"]), kiosk.member(), kiosk.wires()
        member.wait("beat", count=2)
        before = len(spy.received)
        with local.connect(kiosk.run / "screen.sock") as screen:
            cues = [screen.recv(24)]

            def until(reached):
                """The screen has been sent a cue like this."""
                screen.settimeout(30)
                while not reached(struct.unpack("=6I", cues[-1])):
                    cues.append(screen.recv(24))
                time.sleep(1.2)  # a state that is repeated for an answer is out by then
            wires.hold(0.4)
            until(lambda cue: bool(cue[2] & ACCEPTED))
            alert = member.wait("lockdown", "alert").body["id"]
            member.answer(alert)
            until(lambda cue: cue[3] == 1)
            member.answer(alert, "safe")
            until(lambda cue: cue[4] == 1)
            wires.presses(5, on=0.05, off=0.05)
            until(lambda cue: not cue[2] & ACCEPTED)
            wait.until(lambda: any(r.topic == "notice" for r in spy.received), "the notice to staff")
            outputs = sum(pulses(wires, name.split()[1]) for name in conf)
        packets = sorted((r.topic, len(r.wire), r.retained) for r in spy.received[before:]
                         if r.topic in ("alert", "ring", "staff", "state"))
        return cues, packets, outputs


def test_outputs_change_nothing_of_what_a_stranger_sees_on_the_screen_or_the_wire():
    """With all that an output may show unless its host says that it may be seen."""
    without, with_them = as_a_stranger_sees_it({}), as_a_stranger_sees_it(traces.OUTPUTS)
    assert with_them[:2] == without[:2] and len(without[0]) >= 5
    assert (without[2], with_them[2] > 3) == (0, True), "the outputs did something"


def test_feel_is_still_read(started):
    kiosk, wires = started({"feel": {"line": "sim:feel", "tick": "20ms"}})
    assert kiosk.status()["outputs"] == [
        {"name": "feel", "kind": "motor", "active": False, "fault": None}]
    kiosk.member()
    wires.hold(0.4)
    wait.until(lambda: pulses(wires, "feel") == 3, lambda: changes(wires, "feel"))


def test_an_output_that_would_betray_the_alarm_is_left_out_and_named(started):
    kiosk, wires = started({"output lamp": {"line": "sim:lamp", "on": "trouble: slow"}})
    kiosk.daemon.stop()
    kiosk.change({"output bell": {"line": "sim:bell", "kind": "sounder", "on": "accepted"}})
    kiosk.start()
    wires = kiosk.wires()
    status = kiosk.status()
    assert [o["name"] for o in status["outputs"]] == ["lamp"]
    assert any("would betray the alarm" in f for f in status["faults"])
    done = kiosk.cli("check")
    assert done.returncode != 0 and "visible = yes" in done.stderr
    wires.hold(0.4)
    wait.until(lambda: kiosk.status()["state"] == "lockdown", "the alarm works all the same")


def test_help_pulses_for_each_phone_that_asks(started):
    kiosk, wires = started({"output motor": {**MOTOR, "on": "help: three short"}})
    member, alert = seen(kiosk, wires)
    wait.never(lambda: pulses(wires, "motor"), "a pulse for seen", 0.4)
    member.answer(alert, "help")
    wait.until(lambda: pulses(wires, "motor") == 3, lambda: changes(wires, "motor"))


def test_doctor_says_what_an_output_gives_away(started):
    kiosk, _ = started({"output lamp": {"line": "sim:lamp", "on": "sensed, lockdown",
                                        "visible": "yes"},
                        "output bell": {"line": "sim:bell", "kind": "sounder", "on": "trouble"},
                        "output gate": {"line": "sim:gate", "kind": "relay", "on": "no-path"},
                        "output motor": {**MOTOR, "on": "sensed, accepted, seen"}})
    found = ask(kiosk.prefix)["output"]
    assert {name: found[name].verdict for name in found} == {
        "lamp": "warning", "bell": "ok", "gate": "ok", "motor": "ok", "exits": "warning"}
    assert "just pressed a switch" in found["lamp"].said
    assert "a lockdown is active" in found["lamp"].said
    assert "must never lock a door" in found["exits"].said
