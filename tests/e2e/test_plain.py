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
from tests.kit.kiosk import Kiosk
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

    def reload(self):
        """The config again; back once the kiosk is connected by it."""
        before = self.kiosk.daemon.said().count("connected, MQTT")
        self.kiosk.daemon.popen.send_signal(signal.SIGHUP)
        wait.until(lambda: self.kiosk.daemon.said().count("connected, MQTT") > before,
                   "the way back")

    def config(self, count=1):
        return json.loads(self.house.wait(self.topic, count))


@pytest.fixture(name="venue")
def plain_venue():
    with Venue() as made:
        yield made


def test_the_device_is_discovered_and_its_entities_follow_the_kiosk(venue):
    config, house, kiosk = venue.config(), venue.house, venue.kiosk
    assert len(house.kept[venue.topic]) <= 2048
    assert config["dev"]["ids"] == f"porchlight_{kiosk.id}" and config["o"]["name"] == "porchlight"
    assert set(config["cmps"]) == {"alert", "safety", "door", "problem", "link"}
    ids = {e["uniq_id"] for e in config["cmps"].values()}
    assert len(ids) == 5 and all(kiosk.id in i for i in ids)
    safety, link = house.entity(config, "safety"), house.entity(config, "link")
    alert, door = house.entity(config, "alert"), house.entity(config, "door")
    for one in (safety, link, alert, door):
        assert one["stat_t"].startswith(kiosk.place + "/"), one
    house.wait(safety["stat_t"])
    house.wait(safety["avty_t"])
    assert house.shows(safety)[-1] == "OFF" and house.shows(link)[-1] == "ON"
    assert render(safety["avty_tpl"], house.kept[safety["avty_t"]]) == "online"
    kiosk.sim("switch", "hold", "1.6s")
    wait.until(lambda: house.shows(safety)[-1] == "ON", "safety on")
    event = wait.until(lambda: house.shows(alert), "the event")[-1]
    assert json.loads(event) == {"event_type": "lockdown", "drill": False}
    assert "lockdown" in alert["evt_typ"]
    assert not [1 for t, _, kept in house.came if t == alert["stat_t"] and kept]
    kiosk.sim("door", "open", "--name", "entrance")
    wait.until(lambda: "ON" in house.shows(door), "the door", 15)
    kiosk.daemon.kill()
    wait.until(lambda: house.shows(link)[-1] == "OFF", "the lost link", 25)
    assert render(safety["avty_tpl"], house.kept[safety["avty_t"]]) == "offline"
    assert render(link["avty_tpl"], house.kept[link["avty_t"]]) == "online", "it would say nothing"


def test_a_fault_is_a_problem(venue):
    problem = venue.house.entity(venue.config(), "problem")
    body = {"kind": "fault", "detail": "cut"}
    assert render(problem["val_tpl"], json.dumps(body)) == "ON"
    assert render(problem["val_tpl"], json.dumps({**body, "detail": "mended"})) == "OFF"
    assert render(problem["val_tpl"], json.dumps({**body, "kind": "door"})) == ""


def test_apps_get_the_hosts_own_words(venue):
    text = f"{venue.kiosk.place}/text"
    venue.kiosk.sim("switch", "presses", "2")
    assert venue.house.wait(text) == b"The kettle is warm"
    venue.kiosk.sim("switch", "presses", "5")
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


def test_home_assistant_begins_anew_and_is_told(venue):
    venue.config()
    before = len([1 for t, _, _ in venue.house.came if t == venue.topic])
    venue.house.client.publish("homeassistant/status", "offline", 1)
    time.sleep(0.5)
    venue.house.client.publish("homeassistant/status", "online", 1)
    venue.config(before + 1)


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


def test_a_sealed_venue_tells_none_of_it():
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
