"""Buttons by radio: a real mosquitto, payloads as zigbee2mqtt documents them, and what a kiosk makes of
them. Such a button alarms, and does nothing else."""

import signal
import time
from contextlib import contextmanager

import pytest

from tests.kit import doctor, wait
from tests.kit.fake_broker import Dialect, FakeBroker
from tests.kit.gateway import Gateway
from tests.kit.kiosk import FAST, TIMING, Kiosk

TIMES = {k: v for k, v in FAST["switch front"].items() if k not in ("wipe_hold", "debounce")}
COUNTER = {"switch counter": {**TIMES, "line": "mqtt:zigbee2mqtt/counter"}}


@contextmanager
def venue(conf=None, up=True, used=True, **buttons):
    """(kiosk, gateway, staff phone); porchlightd reads the buttons."""
    kiosk = Kiosk(conf=FAST)
    gateway = Gateway(kiosk)
    gateway.give_password(kiosk)
    kiosk.change({**COUNTER, **gateway.section(**buttons), **(conf or {})})
    try:
        with kiosk:
            if up:
                gateway.start()
            kiosk.start()
            if up and used:
                wait.until(lambda: kiosk.status()["buttons"]["connected"],
                           lambda: kiosk.status()["buttons"])
                time.sleep(0.3)  # and its topics are subscribed to
            yield kiosk, gateway, kiosk.member("staff")
    finally:
        gateway.stop()


def fault_of(kiosk, name="counter"):
    return next(i["fault"] for i in kiosk.status()["inputs"] if i["name"] == name)


@pytest.mark.parametrize("model, words, kind", [
    ("Aqara WXKG11LM", ["hold", "release"], "lockdown"),
    ("Aqara WXKG11LM", ["double"], "caution"),
    ("SONOFF SNZB-01", ["long"], "lockdown"),
    ("IKEA E1812", ["brightness_move_up", "brightness_stop"], "lockdown"),
    ("IKEA E2213", ["1_initial_press", "1_long_press", "1_long_release"], "lockdown"),
    ("Philips Hue dimmer", ["on_press", "on_hold", "on_hold_release"], "lockdown"),
    ("Tuya TS0044", ["3_double"], "caution"),
    ("Tuya TS0215A SOS button", ["emergency"], "lockdown"),
])
def test_a_button_alarms(model, words, kind):
    with venue() as (_, gateway, staff):
        for word in words:
            gateway.say("counter", action=word, battery=90, linkquality=120)
        staff.wait(kind, "alert")
        # Staff alone are told where; members get the same alert without it.
        wait.until(lambda: any(r.body and r.body.get("where") == "counter" for r in staff.all(topic="staff")),
                   lambda: [r.body for r in staff.all(topic="staff")])
        assert all("where" not in r.body for r in staff.all(topic="alert") + staff.all(topic="state"))


def test_the_switch_is_known_after_a_restart_and_forgotten_after_the_alert():
    def says(phone, **wanted):
        wait.until(lambda: any(r.body and all(r.body.get(k) == v for k, v in wanted.items())
                               for r in phone.all(topic="staff")),
                   lambda: [r.body for r in phone.all(topic="staff")])

    with venue() as (kiosk, gateway, staff):
        gateway.say("counter", action="hold", battery=90)
        alert = staff.wait("lockdown", "alert").body["id"]
        says(staff, id=alert, where="counter")
        kiosk.daemon.kill()
        kiosk.start()
        late = kiosk.member("staff")
        says(late, id=alert, where="counter")
        late.close()
        assert kiosk.staff_command("all-clear").returncode == 0
        later = kiosk.member("staff")
        later.wait("state", "state", state="quiet")
        says(later, kind="nothing", where=None)


def test_two_single_presses_are_a_caution_and_one_is_nothing():
    with venue() as (_, gateway, staff):
        gateway.say("counter", action="single")
        wait.never(lambda: staff.all(topic="alert"), "an alert", 0.7)
        gateway.say("counter", action="single")
        gateway.say("counter", action="single")
        staff.wait("caution", "alert")


def test_no_button_by_radio_is_the_code_or_ends_anything():
    with venue() as (kiosk, gateway, staff):
        gateway.say("counter", action="hold")
        first = staff.wait("lockdown", "alert")
        for word in ("many", "quadruple", "disarm", "arm_all_zones", "off"):
            gateway.say("counter", action=word)
            time.sleep(0.4)
        wait.never(lambda: staff.all("code") or staff.all("duress") or staff.all("all-clear"),
                   "a word at the door", 1)
        assert kiosk.status()["state"] == "lockdown"
        assert {r.body["id"] for r in staff.all("lockdown", "alert")} == {first.body["id"]}


def test_what_the_broker_kept_is_no_press():
    with venue(used=False) as (kiosk, gateway, staff):
        kiosk.daemon.stop()
        gateway.say("counter", retain=True, action="hold", battery=5)
        kiosk.start()
        staff.wait("fault", detail="button-battery", where="counter", within=40)
        assert "battery" in fault_of(kiosk)
        wait.never(lambda: staff.all(topic="alert"), "an alert", 0.7)


def test_battery_tamper_and_availability_are_faults_that_name_their_switch():
    with venue() as (kiosk, gateway, staff):
        for begin, detail, end in (
                ({"battery": 9}, "button-battery", {"battery": 80}),
                ({"battery_low": True}, "button-battery", {"battery_low": False}),
                ({"tamper": True}, "button-tamper", {"tamper": False})):
            known = len(staff.all("fault", detail=detail))
            gateway.say("counter", **begin)
            staff.wait("fault", detail=detail, where="counter", count=known + 1)
            assert kiosk.status()["cue"] & 128, "a fault is a cue"
            gateway.say("counter", **end)
            wait.until(lambda: fault_of(kiosk) is None, lambda: fault_of(kiosk))
        gateway.available("counter", False)
        staff.wait("fault", detail="button-offline", where="counter")
        gateway.available("counter", True)
        wait.until(lambda: fault_of(kiosk) is None, lambda: fault_of(kiosk))
        gateway.available("bridge", True)  # which is another topic
        gateway.publish("bridge/state", '{"state":"offline"}', True)
        staff.wait("fault", detail="button-offline", where="counter", count=2)
        assert "FAULT" in kiosk.cli("status").stdout
        assert len(staff.all("fault", detail="button-good")) == 4


def test_a_gateway_whose_base_topic_has_a_slash_is_watched_too():
    office = {"switch counter": {**TIMES, "line": "mqtt:zigbee2mqtt/home/hall/office"}}
    with venue(office, base="zigbee2mqtt/home") as (kiosk, gateway, staff):
        gateway.publish("home/bridge/state", '{"state":"offline"}', True)
        staff.wait("fault", detail="button-offline", where="counter")
        gateway.publish("home/bridge/state", '{"state":"online"}', True)
        wait.until(lambda: fault_of(kiosk) is None, lambda: fault_of(kiosk))
        gateway.say("home/hall/office", action="hold")
        staff.wait("lockdown", "alert")


def test_a_button_that_is_silent_is_a_fault():
    with venue(silence="10s") as (kiosk, gateway, staff):  # longer than a start and that phone take
        staff.wait("fault", detail="button-silent", where="counter")
        gateway.say("counter", battery=80)
        staff.wait("fault", detail="button-good", where="counter")


def test_the_loss_of_the_buttons_broker_is_a_fault_and_costs_nothing_else():
    with venue() as (kiosk, gateway, staff):
        gateway.kill()
        staff.wait("fault", detail="button-broker", where="counter", within=60)
        assert not kiosk.status()["buttons"]["connected"]
        kiosk.wires().hold(0.4)
        staff.wait("lockdown", "alert")
        gateway.start()
        staff.wait("fault", detail="button-good", where="counter", within=60)
        wait.until(lambda: gateway.client.is_connected(), "the gateway's own connection", 30)
        gateway.say("counter", action="double")
        wait.until(lambda: len(staff.all("lockdown", "alert")) >= 1, "still in lockdown")


def test_a_buttons_broker_that_refuses_is_left_alone_as_long_as_any_other():
    """Its pauses grow, though a press may come at any time."""
    kiosk = Kiosk(conf={**FAST, "timing": {**TIMING, "backoff": "2s", "backoff_max": "60s"}})
    kiosk.brokers = []
    certificate = kiosk.authority.server("refuses")
    other, theirs = (FakeBroker(certificate, Dialect(connack=lambda c: 0x86)) for _ in range(2))
    kiosk.change({**COUNTER, "broker b0": {"host": "localhost", "port": other.port},
                  "buttons": {"host": "localhost", "port": theirs.port, "ca": kiosk.authority.pem}})
    try:
        with kiosk:
            kiosk.start(connected=False)
            wait.until(lambda: len(other.all("connect")) == 4, "three pauses, each of twice the length", 90)
            assert 2 <= len(theirs.all("connect")) <= 5
            lines = [line for line in kiosk.daemon.said().splitlines() if "the buttons' broker" in line]
            assert len(lines) == 1, lines
    finally:
        other.close()
        theirs.close()


def test_a_topic_that_may_not_be_read_is_named_and_costs_no_other_button():
    kiosk = Kiosk(conf=FAST)
    refuses = FakeBroker(kiosk.authority.server("refuses"),
                         Dialect(suback=lambda c, topic, qos: 0x87 if topic.endswith("/counter") else qos))
    kiosk.change({**COUNTER, "switch till": {**TIMES, "line": "mqtt:zigbee2mqtt/till"},
                  "buttons": {"host": "localhost", "port": refuses.port, "ca": kiosk.authority.pem}})
    try:
        with kiosk:
            kiosk.start()
            staff = kiosk.member("staff")
            wait.until(lambda: kiosk.status()["buttons"]["fault"] == "rights",
                       lambda: kiosk.status()["buttons"])
            staff.wait("fault", detail="button-broker", where="counter", within=60)
            assert fault_of(kiosk, "counter") and not fault_of(kiosk, "till")
            assert not staff.all("fault", where="till")
    finally:
        refuses.close()


def test_a_reload_takes_a_button_in_and_out():
    with venue({"switch counter": None}, used=False) as (kiosk, gateway, staff):
        assert "buttons" not in kiosk.status()
        kiosk.change(COUNTER)
        kiosk.daemon.signal(signal.SIGHUP)
        wait.until(lambda: kiosk.status().get("buttons", {}).get("connected"), kiosk.status)
        time.sleep(0.3)
        gateway.say("counter", action="hold")
        staff.wait("lockdown", "alert")


def test_a_missing_password_is_a_fault_of_the_buttons_alone():
    with venue() as (kiosk, _, _):
        kiosk.daemon.stop()
        (kiosk.credentials / "buttons").unlink()
        kiosk.start()
        assert any("buttons" in f for f in kiosk.status()["faults"]), kiosk.status()["faults"]
        wait.until(lambda: fault_of(kiosk), "a fault of the button")
        kiosk.wires().hold(0.4)
        wait.until(lambda: kiosk.status()["state"] == "lockdown", kiosk.status)


def test_status_doctor_and_check_know_of_buttons():
    with venue() as (kiosk, gateway, staff):
        assert "buttons:  their broker is connected" in kiosk.cli("status").stdout
        found = doctor.ask(kiosk.prefix)
        assert found["broker"]["buttons"].verdict == "ok"
        assert found["line"]["counter"].verdict == "ok"
        gateway.say("counter", battery=4)
        staff.wait("fault", detail="button-battery")
        broken = doctor.ask(kiosk.prefix)["line"]["counter"]
        assert broken.verdict == "failure" and "battery" in broken.said and "wires" not in broken.fix
        gateway.kill()
        lost = doctor.ask(kiosk.prefix)["broker"]["buttons"]
        assert lost.verdict == "failure" and "No button by radio works" in lost.said
        (kiosk.credentials / "buttons").unlink()
        assert "buttons" in kiosk.cli("check").stderr
