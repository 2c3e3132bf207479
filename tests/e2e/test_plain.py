"""A plain venue, read by a real broker's subscribers as Home Assistant and generic apps read it: the
discovery is followed, its templates rendered over what really came."""

import json
import signal
import ssl
import time

import jinja2
import pytest

from tests.kit import wait
from tests.kit.broker import Broker
from tests.kit.fake_broker import Dialect, FakeBroker, HangUp, Later
from tests.kit.kiosk import FAST, Kiosk
from tests.kit.member import paho_client


class Own(Broker):
    """The host's own broker, where the kiosk may do what it likes."""

    def _write(self):
        super()._write()
        (self.folder / "rights").write_text(
            "".join(f"user {a}\ntopic readwrite #\n" for a in self.accounts))


class House:
    """Home Assistant's end: everything that came, the newest retained by topic, what it renders."""

    def __init__(self, broker):
        self.came, self.kept, self.broker = [], {}, broker
        account, (_, password) = next((a, p) for a, p in broker.accounts.items() if p[0] == "spy")
        self.client = paho_client(account)
        self.client.username_pw_set(account, password)
        self.client.tls_set(ca_certs=str(broker.ca), tls_version=ssl.PROTOCOL_TLS_CLIENT)
        self.client.on_message = self._take
        self.client.on_connect = lambda c, *_: c.subscribe("#", 1)
        self.client.connect(broker.host, broker.port)
        self.client.loop_start()

    def _take(self, _client, _data, m):
        self.came.append((m.topic, m.payload, bool(m.retain)))
        self.kept[m.topic] = m.payload

    def wait(self, topic, count=1, within=10):
        def there():
            found = [p for t, p, _ in list(self.came) if t == topic]
            return found[count - 1] if len(found) >= count else None
        return wait.until(there, lambda: f"{topic} number {count}; came {self.came[-8:]}", within)

    def entity(self, config, name):
        """A component as Home Assistant completes it: what is common, and its base."""
        common = {k: v for k, v in config.items() if k in ("avty_t", "avty_tpl")}
        one = {**common, **config["cmps"][name]}
        return {k: v.replace("~", one["~"], 1) if isinstance(v, str) and v.startswith("~/") else v
                for k, v in one.items()}

    def shows(self, entity):
        """What each message on its topic makes of it; an empty one changes nothing."""
        out = [render(entity["val_tpl"], p) for t, p, _ in list(self.came) if t == entity["stat_t"]]
        return [x for x in out if x]

    def close(self):
        self.client.disconnect()
        self.client.loop_stop()


def render(template, payload):
    return jinja2.Environment().from_string(template).render(value_json=json.loads(payload)).strip()


class Venue:
    def __init__(self, **plain):
        self.kiosk = Kiosk(kind="h", plain=True, conf={
            "plain": plain, "alert": {"drill_lasts": "3s"}, "door entrance": {"mask": "0"}})
        self.broker = self.kiosk.brokers[0]
        self.broker.__class__ = Own
        self.topic = f"homeassistant/device/porchlight_{self.kiosk.id}/config"

    def __enter__(self):
        self.kiosk.__enter__()
        self.kiosk.start()
        self.house = House(self.broker)
        return self

    def __exit__(self, *args):
        self.house.close()
        return self.kiosk.__exit__(*args)

    def reload(self, connects=True):
        """The config again; back once the kiosk has it, and is connected by it if brokers change."""
        said = "connected, MQTT" if connects else "porchlight.conf: applied"
        before = self.kiosk.daemon.said().count(said)
        self.kiosk.daemon.popen.send_signal(signal.SIGHUP)
        wait.until(lambda: self.kiosk.daemon.said().count(said) > before, said)

    def parts(self):
        return {t: json.loads(p) for t, p in sorted(self.house.kept.items())
                if t.startswith(self.topic.removesuffix("/config")) and p}

    def config(self, count=1):
        """All parts joined as Home Assistant joins them: by the device."""
        config = json.loads(self.house.wait(self.topic, count))
        wait.until(lambda: any("problem" in p["cmps"] for p in self.parts().values()), "all parts")
        for part in self.parts().values():
            assert part["dev"] == config["dev"] and part["avty_t"] == config["avty_t"]
            config["cmps"].update(part["cmps"])
        return config


@pytest.fixture(name="venue")
def plain_venue():
    with Venue() as made:
        yield made


def test_the_device_is_discovered_and_its_entities_follow_the_kiosk(venue):
    config, house, kiosk = venue.config(), venue.house, venue.kiosk
    assert config["dev"]["ids"] == f"porchlight_{kiosk.id}" and config["o"]["name"] == "porchlight"
    assert set(config["cmps"]) == {"alert", "safety", "status", "link", "problem", "door_entrance",
                                   "switch_front"}
    ids = {e["uniq_id"] for e in config["cmps"].values()}
    assert len(ids) == 7 and all(kiosk.id in i for i in ids)
    safety, link = house.entity(config, "safety"), house.entity(config, "link")
    alert, door = house.entity(config, "alert"), house.entity(config, "door_entrance")
    status = house.entity(config, "status")
    for one in (safety, link, alert, door):
        assert one["stat_t"].startswith(kiosk.place + "/"), one
    house.wait(safety["stat_t"])
    house.wait(safety["avty_t"])
    assert house.shows(safety)[-1] == "OFF" and house.shows(link)[-1] == "ON"
    assert render(safety["avty_tpl"], house.kept[safety["avty_t"]]) == "online"
    kiosk.sim("switch", "hold", "1.6s")
    wait.until(lambda: house.shows(safety)[-1] == "ON", "safety on")
    event = wait.until(lambda: house.shows(alert), "the event")[-1]
    assert json.loads(event) == {"event_type": "lockdown", "alert": "lockdown", "drill": False}
    assert house.shows(status)[-1] == "lockdown"
    assert "lockdown" in alert["evt_typ"]
    assert not [1 for t, _, kept in house.came if t == alert["stat_t"] and kept]
    kiosk.sim("door", "open", "--name", "entrance")
    wait.until(lambda: "ON" in house.shows(door), "the door", 15)
    kiosk.daemon.kill()
    wait.until(lambda: house.shows(link)[-1] == "OFF", "the lost link", 25)
    assert render(safety["avty_tpl"], house.kept[safety["avty_t"]]) == "offline"
    house.client.publish(safety["stat_t"], b"", 1, retain=True)  # as after three minutes, when it expires
    wait.until(lambda: house.kept[safety["stat_t"]] == b"", "the state's end")
    started = House(venue.broker)  # Home Assistant was off meanwhile
    started.wait(link["stat_t"])
    assert started.shows(link) == ["OFF"]
    assert render(link["avty_tpl"], started.wait(link["avty_t"])) == "online", "it would say nothing"
    started.close()


def test_a_fault_is_a_problem(venue):
    """Of the switch, and of the kiosk; a host can see which."""
    config, house = venue.config(), venue.house
    switch, problem = (house.entity(config, n) for n in ("switch_front", "problem"))
    wait.until(lambda: house.shows(switch) == ["OFF"], "the switch")
    venue.kiosk.daemon.stop()
    venue.kiosk.change({"switch front": {"other_line": "sim:other"}})
    venue.kiosk.start()
    wait.until(lambda: house.shows(switch)[-1] == "ON", "a fault: neither contact is closed")
    wait.until(lambda: house.shows(problem)[-1] == "ON", "the kiosk's fault")


NIGHT = {"hours": "mon 03:00-03:01", "mask": "0"}


def test_each_door_has_an_entity_and_a_state_of_its_own():
    """One that closes says nothing of the other; what is retained says the same again."""
    with Venue() as venue:
        venue.kiosk.change({"door entrance": NIGHT, "door back": {**NIGHT, "line": "sim:back"}})
        venue.kiosk.daemon.stop()
        venue.kiosk.start()
        wait.until(lambda: any("door_back" in p["cmps"] for p in venue.parts().values()), "the second start")
        config, house = venue.config(2), venue.house
        doors = {n: house.entity(config, f"door_{n}") for n in ("entrance", "back")}

        def shows(name, state):
            wait.until(lambda: house.shows(doors[name])[-1:] == [state], f"{name}: {state}; "
                       f"came {house.came[-9:]}")
        for name in doors:
            shows(name, "OFF")
        wires = venue.kiosk.wires()
        for name in doors:
            wires.set(name, True)
            shows(name, "ON")
        wires.set("back", False)
        shows("back", "OFF")
        shows("entrance", "ON")
        late = House(venue.broker)
        for name, state in (("entrance", "ON"), ("back", "OFF")):
            late.wait(doors[name]["stat_t"])
            assert late.shows(doors[name]) == [state]
        late.close()


def test_a_door_that_is_not_reported_is_unknown(venue):
    """In its hours nobody learns of a door, nor how often it opens."""
    door = venue.house.entity(venue.config(), "door_entrance")
    wires = venue.kiosk.wires()
    for level in (True, False, True):
        wires.set("entrance", level)
        time.sleep(0.3)
    assert venue.house.shows(door) == ["None"]


def test_the_host_ends_a_lockdown_on_the_kiosk(venue):
    """The code is an event of its own; the end is one, and survives a restart."""
    config, house, kiosk = venue.config(), venue.house, venue.kiosk
    alert, status = house.entity(config, "alert"), house.entity(config, "status")

    def events():
        return [json.loads(e)["event_type"] for e in house.shows(alert)]
    refused = kiosk.cli("all-clear", "--final")
    assert refused.returncode == 1 and "no alert is active" in refused.stderr
    kiosk.sim("switch", "hold", "1.6s")
    kiosk.sim("switch", "presses", "5")
    wait.until(lambda: events() == ["lockdown", "unconfirmed"], "both events")
    wait.until(lambda: house.shows(status)[-1] == "unconfirmed", "the status")
    kiosk.daemon.kill()
    kiosk.start()
    wait.until(lambda: events()[2:3] == ["resumed"], events)
    assert kiosk.cli("all-clear", "--final").returncode == 0
    wait.until(lambda: events()[-1] == "all-clear", events)
    wait.until(lambda: house.shows(status)[-1] == "quiet", "the status")
    kiosk.daemon.kill()
    kiosk.start()
    assert kiosk.status()["state"] == "quiet"
    assert kiosk.cli("drill").returncode == 0


def test_the_host_ends_an_old_caution_on_the_kiosk():
    with Venue() as venue:
        venue.kiosk.change({"alert": {"abort_window": "1ms"}})
        venue.reload(connects=False)
        venue.kiosk.sim("switch", "presses", "2")
        wait.until(lambda: venue.kiosk.status()["state"] == "caution", "the caution")
        venue.kiosk.sim("switch", "presses", "5")
        state = f"{venue.kiosk.place}/state"
        wait.until(lambda: json.loads(venue.house.kept[state])["unconfirmed"], "unconfirmed")
        assert venue.kiosk.cli("all-clear", "--final").returncode == 0
        wait.until(lambda: json.loads(venue.house.kept[state])["state"] == "quiet", "the end")


def test_nobody_on_site_ends_the_alert_of_a_sealed_venue(kiosk):
    kiosk.start()
    answers = [kiosk.cli("all-clear", "--final")]
    kiosk.wires().hold(0.4)
    wait.until(lambda: kiosk.status()["state"] == "lockdown", "lockdown")
    answers.append(kiosk.cli("all-clear", "--final"))
    assert kiosk.status()["state"] == "lockdown"
    assert {(a.returncode, a.stderr) for a in answers} == {(1, answers[0].stderr)}
    assert "staff phone" in answers[0].stderr


def test_a_late_will_does_not_last(venue):
    """The broker publishes the will of an earlier connection when the new one has long spoken."""
    link = venue.house.entity(venue.config(), "link")
    presence = f"{venue.kiosk.place}/presence"
    wait.until(lambda: presence in venue.house.kept, "presence")
    lost = json.loads(venue.house.kept[presence])
    lost["kind"] = "lost"
    venue.house.client.publish(presence, json.dumps(lost), 1, retain=True)
    wait.until(lambda: "OFF" in venue.house.shows(link), "the will")
    wait.until(lambda: venue.house.shows(link)[-1] == "ON", "the correction", 15)


def test_apps_get_the_hosts_own_words(venue):
    text = f"{venue.kiosk.place}/text"
    venue.kiosk.sim("switch", "presses", "2")
    assert venue.house.wait(text) == b"The kettle is warm"
    assert venue.kiosk.cli("all-clear", "--final").returncode == 0
    assert venue.house.wait(text, 2) == b"The tea is ready"
    venue.kiosk.sim("switch", "hold", "1.6s")
    assert venue.house.wait(text, 3) == b"The kettle is on"
    venue.kiosk.sim("switch", "presses", "5")
    venue.kiosk.sim("switch", "presses", "4")
    time.sleep(1.5)
    assert len([1 for t, _, _ in venue.house.came if t == text]) == 3, "pressed at the door"
    assert not any(kept for t, _, kept in venue.house.came if t == text)


def test_the_wording_is_the_hosts(venue):
    words = {"lockdown": "Çaynik qaynayır", "drill": "Только проба"}
    venue.kiosk.change({"plain": words})
    venue.reload()
    text = f"{venue.kiosk.place}/text"
    venue.kiosk.cli("drill")
    assert venue.house.wait(text, 1).decode() == words["drill"]
    venue.house.wait(text, 2)
    venue.kiosk.sim("switch", "hold", "1.6s")
    assert venue.house.wait(text, 3).decode() == words["lockdown"]


def test_home_assistant_starts_again_and_gets_everything_again(venue):
    """Discovery, states and presence, also from a broker that retains nothing."""
    config = venue.config()
    topics = [venue.topic, f"{venue.kiosk.place}/presence", f"{venue.kiosk.place}/state"]
    topics += [venue.house.entity(config, n)["stat_t"] for n in ("door_entrance", "problem")]
    for topic in topics:
        venue.house.wait(topic)

    def count(topic):
        return len([1 for t, _, _ in list(venue.house.came) if t == topic])
    before = {t: count(t) for t in topics}
    venue.house.client.publish("homeassistant/status", "offline", 1)
    time.sleep(0.5)
    venue.house.client.publish("homeassistant/status", "online", 1)
    for topic in topics:
        wait.until(lambda t=topic: count(t) > before[t], f"{topic} again")


# What Home Assistant's documentation of MQTT discovery allows, by its abbreviations: for the device's
# payload, for every entity, and for each platform what it must and may have.
DEVICE = {"dev", "o", "cmps", "avty", "avty_t", "avty_tpl", "avty_mode", "pl_avail",
          "pl_not_avail", "stat_t", "cmd_t", "qos", "e"}
ENTITY = {"p", "uniq_id", "name", "~", "avty", "avty_t", "avty_tpl", "avty_mode", "pl_avail",
          "pl_not_avail", "ic", "ent_cat", "en", "e", "qos", "obj_id", "def_ent_id", "ent_pic",
          "json_attr_t", "json_attr_tpl"}
PLATFORMS = {
    "binary_sensor": ({"stat_t"}, {"dev_cla", "exp_aft", "frc_upd", "off_dly", "pl_on", "pl_off",
                                   "val_tpl"}),
    "sensor": ({"stat_t"}, {"dev_cla", "exp_aft", "frc_upd", "lrst_val_tpl", "ops", "sug_dsp_prc",
                            "stat_cla", "unit_of_meas", "val_tpl"}),
    "event": ({"stat_t", "evt_typ"}, {"dev_cla", "val_tpl"}),
    "button": ({"cmd_t"}, {"cmd_tpl", "dev_cla", "pl_prs", "ret"}),
}
CLASSES = {"binary_sensor": {"door", "safety", "problem", "connectivity"}, "sensor": {"enum"},
           "event": {"button", "doorbell", "motion"}, "button": {"identify", "restart", "update"}}


def lines(count):
    return {f"{kind} {'x' * 25}{i}": {"line": f"sim:{kind}{i}"}
            for kind, most in (("switch", 7), ("door", 3)) for i in range(min(count, most))}


@pytest.mark.parametrize("more", (0, 2, 8))
def test_the_discovery_is_what_home_assistant_documents(more):
    with Venue(button="yes") as venue:
        if more:
            venue.kiosk.change(lines(more))
            venue.reload(connects=False)
        lines_there = 2 + (min(more, 7) + min(more, 3) if more else 0)
        wait.until(lambda: len(venue.config()["cmps"]) == 6 + lines_there, "the lines")
        config = venue.config()
        for topic, payload in venue.house.kept.items():
            assert not topic.startswith("homeassistant") or len(topic) + len(payload) < 2040
    assert set(config) <= DEVICE and {"dev", "o", "cmps"} <= set(config)
    assert config["dev"]["ids"] and set(config["dev"]) <= {
        "ids", "cns", "name", "mf", "mdl", "mdl_id", "hw", "sw", "sn", "sa", "cu", "via_device"}
    assert config["o"]["name"] and set(config["o"]) <= {"name", "sw", "url"}
    for name, one in config["cmps"].items():
        must, may = PLATFORMS[one["p"]]
        assert must | {"p", "uniq_id"} <= set(one) <= must | may | ENTITY, name
        assert one.get("dev_cla") is None or one["dev_cla"] in CLASSES[one["p"]], name
        for key in ("stat_t", "cmd_t", "avty_t"):
            assert key not in one or one[key].startswith("~/"), name
        assert "ops" not in one or one["dev_cla"] == "enum"
        jinja2.Environment().parse(one.get("val_tpl", ""))


def test_withdrawn_where_it_is_no_longer_wanted(venue):
    venue.config()
    venue.kiosk.change({"plain": {"discovery": "no"}})
    venue.reload()
    wait.until(lambda: venue.house.kept.get(venue.topic) == b"", "the withdrawal", 15)


def test_the_button_is_the_hosts_choice():
    with Venue(button="yes") as venue:
        button = venue.house.entity(venue.config(), "drill")
        wrong = venue.house.client
        wrong.publish(button["cmd_t"], "lockdown", 1)
        wrong.publish(button["cmd_t"].replace("0000", "1111"), button["pl_prs"], 1)
        time.sleep(0.7)
        assert venue.kiosk.status()["state"] == "quiet"
        wrong.publish(button["cmd_t"], button["pl_prs"], 1)
        text = f"{venue.kiosk.place}/text"
        assert venue.house.wait(text) == b"The kettle is tried out"
        state = f"{venue.kiosk.place}/state"
        wait.until(lambda: json.loads(venue.house.kept[state])["drill"], "a drill")
        assert render(venue.house.entity(venue.config(), "safety")["val_tpl"],
                      venue.house.kept[state]) == "OFF"


def test_without_the_choice_nobody_begins_a_drill(venue):
    config = venue.config()
    assert "drill" not in config["cmps"]
    venue.house.client.publish(f"{venue.kiosk.place}/command/0000000000000000", "drill", 1)
    time.sleep(1)
    assert venue.kiosk.status()["state"] == "quiet"


def test_a_sealed_venue_sends_none_of_it():
    with Kiosk(kind="h") as kiosk:
        kiosk.brokers[0].__class__ = Own
        kiosk.start()
        house = House(kiosk.brokers[0])
        kiosk.sim("switch", "hold", "1.6s")
        house.wait(f"{kiosk.place}/alert")
        time.sleep(0.5)
        topics = {t for t, _, _ in house.came}
        house.close()
        assert not {t for t in topics if t.startswith("homeassistant") or t.endswith("/text")}


def test_a_broker_that_hangs_up_at_the_text_has_the_alert_once():
    """Its account may not write it; what is tried first, and the alert, are confirmed after a while."""
    late = {"ring": 1.5, "alert": 3}

    def answer(_connection, topic, _qos, _retain):
        name = topic.split("/")[3]
        return HangUp if name == "text" else Later(0, late[name]) if name in late else 0
    with Kiosk(plain=True, conf={**FAST, "plain": {}, "wipe": {"enabled": "no"}}) as kiosk:
        broker = FakeBroker(kiosk.authority.server("fake"), Dialect(puback=answer))
        try:
            kiosk.change({"broker b0": {"host": "localhost", "port": broker.port}})
            kiosk.start(connected=False)
            wait.until(lambda: broker.publications("ring"), "the first ring")
            kiosk.wires().hold(0.35)
            wait.until(lambda: broker.publications("text"), "the text")
            wait.until(lambda: len(broker.all("connect")) == 2, "the next connection")
            wait.until(lambda: (kiosk.status()["alert"] or {}).get("delivery") == "handed over", "delivery")
            time.sleep(1)
            kiosk.daemon.stop()
        finally:
            broker.close()
        assert len(broker.publications("alert")) == 1 and len(broker.all("connect")) == 2
