"""porchlight words: the host's own lines reach members' phones, and nobody else; a broker that does not
want them is left in peace."""

import json
import re

import pytest

from tests.kit import wait
from tests.kit.broker import RIGHTS
from tests.kit.kiosk import FAST, Kiosk
from tests.kit.place import program
from tests.kit.setup import Venue
from tests.kit.terminal import Terminal

LINES = """[words]
link = tel:+994501234567

[az]
contact = Vəkil, gecə-gündüz
lockdown-way = Geri qayıdın, "Cənub" qapısına gəlməyin.
lockdown-inside = Arxa otağa keçin.

[ka]
lockdown-way = """ + "ა" * 150 + """
lockdown-inside = """ + "ბ" * 150 + "\n"


@pytest.fixture(name="venue")
def new_venue():
    with Venue() as made:
        yield made


def lines_of(pieces):
    return {(p.body["language"], k): v for p in pieces for k, v in p.body.items()
            if "-" in k or k == "contact"}


def newest(phone):
    """The pieces of the newest revision that has come, once they are all there."""
    came = [r for r in list(phone.received) if r.kind == "words"]
    last = max((r.body["revision"] for r in came), default=None)
    pieces = {r.body["piece"]: r for r in came if r.body["revision"] == last}
    return [pieces[i] for i in sorted(pieces)] if pieces and \
        len(pieces) == next(iter(pieces.values())).body["pieces"] else []


def whole(phone, until=lambda pieces: True):
    wait.until(lambda: newest(phone) and until(newest(phone)),
               lambda: f"all pieces: {[r.body for r in phone.received if r.kind == 'words']}", 30)
    return newest(phone)


def written(venue, text=LINES, name="words"):
    path = venue.prefix / name
    path.write_text(text)
    return path


@pytest.mark.parametrize("cover", ["no", "yes"])
def test_the_hosts_lines_reach_phones_new_ones_too_and_can_be_taken_back(venue, cover):
    venue.set_up()
    conf = venue.etc / "porchlight.conf"
    conf.write_text(re.sub(r"(?m)^\[kiosk\]$", f"[kiosk]\ncover = {cover}", conf.read_text()))
    venue.start_broker()
    first, later, last = venue.admit(), venue.admit("staff"), venue.admit()
    venue.quicken()
    venue.start()
    phone = venue.phone(*first)
    phone.wait("state", within=20)
    assert not [r for r in phone.received if r.kind == "words"]  # nothing was written

    done = venue.cli("words", "set", written(venue))
    assert done.returncode == 0 and "within 10 seconds" in done.stdout, done.stderr
    pieces = whole(phone)
    assert pieces[0].body["link"] == "tel:+994501234567" and pieces[0].body["language"] is None
    assert lines_of(pieces) == {
        ("az", "contact"): "Vəkil, gecə-gündüz",
        ("az", "lockdown-way"): 'Geri qayıdın, "Cənub" qapısına gəlməyin.',
        ("az", "lockdown-inside"): "Arxa otağa keçin.",
        ("ka", "lockdown-way"): "ა" * 150, ("ka", "lockdown-inside"): "ბ" * 150}
    assert len(pieces) == 4 and not any(p.retained for p in pieces)

    staff = whole(venue.phone(*later, "--staff"))
    assert lines_of(staff) == lines_of(pieces) and all(p.retained for p in staff)

    assert venue.cli("words", "reset").returncode == 0
    back = whole(phone, lambda p: len(p) == 1)
    assert back[0].body["revision"] > pieces[0].body["revision"] and back[0].body["link"] is None
    # What the longer set had is no longer kept.
    newcomer = venue.phone(*last)
    newcomer.wait("state", within=20)
    assert [r.body["piece"] for r in whole(newcomer)] == [0]
    assert not [r for r in newcomer.received if r.kind == "words" and r.body["piece"] > 0]


def test_they_come_again_after_a_restart_and_from_a_backup(venue):
    venue.set_up()
    secret = venue.prefix / "stick/passphrase"
    secret.write_text("lantern harbour walnut seven\n")
    secret.chmod(0o600)
    venue.start_broker()
    phone = venue.admit()
    assert venue.cli("words", "set", written(venue)).returncode == 0
    kept = venue.prefix / "stick/kiosk.backup"
    assert venue.cli("backup", kept, "--passphrase-file", secret).returncode == 0
    (venue.etc / "words.conf").unlink()
    again = venue.cli("restore", kept, "--replace", "--passphrase-file", secret)
    assert again.returncode == 0, again.stderr
    set_up = venue.again(door="sim:entrance")  # another run of set-up keeps them
    assert set_up.returncode == 0, set_up.stderr
    venue.start()
    assert len(whole(venue.phone(*phone))) == 4


@pytest.mark.parametrize("text,wrong", [
    ("[en]\nlockdown-way = " + "x" * 151 + "\n", r":2: \[en\] lockdown-way: .*more than 150 characters"),
    ("[words]\nlink = 0501234567\n", r":2: \[words\] link: .*tel:\+994501234567"),
    ("[fr]\nlockdown-way = Non\n", r":1: found the unknown section \[fr\].*the members' page has"),
    ("# nothing\n", "no line that is not a comment")], ids=["length", "link", "language", "nothing"])
def test_what_cannot_be_used_is_named_and_changes_nothing(venue, text, wrong):
    venue.set_up()
    before = venue.files()
    path = written(venue, text)
    for what in ("check", "set"):
        done = venue.cli("words", what, path)
        if what == "check" and text.startswith("#"):
            continue
        assert done.returncode == 1, done.stdout
        assert re.search(wrong, done.stderr), done.stderr
    assert venue.files() == before


def test_what_is_set_is_shown_as_a_file_and_counted(venue):
    venue.set_up()
    shown = venue.cli("words").stdout
    assert "# lockdown-way = Turn back" in shown and "\nlockdown-way" not in shown
    assert venue.cli("words", "set", written(venue)).returncode == 0
    shown = venue.cli("words", "show").stdout
    assert "\nlockdown-inside = Arxa otağa keçin." in shown and "# caution-way = " in shown
    assert venue.cli("words", "set", written(venue, shown)).returncode == 0
    counted = venue.cli("words", "check").stdout
    assert "az: 2 of 6 lines are yours" in counted and "ru: no line says who answers" in counted
    found = json.loads(venue.cli("words", "--json").stdout)
    assert found["link"] == "tel:+994501234567" and found["revision"] > 1_000_000_000
    assert set(found["languages"]["az"]) == {"contact", "lockdown-way", "lockdown-inside"}
    assert json.loads(venue.cli("words", "check", "--json").stdout)["ok"]


def test_each_line_is_asked_for_at_the_terminal(venue):
    venue.set_up()
    conf = venue.etc / "porchlight.conf"
    conf.write_text(conf.read_text().replace("\n[screen]\n", "\n[screen]\nlanguages = en\n", 1))
    asks = Terminal([str(program("porchlight")), "--prefix", str(venue.prefix), "words", "set"])
    asks.until("> ")
    asks.say("0501234567")
    asks.until("That was not taken: a phone number is written tel:")
    asks.until("> ")
    asks.say("https://example.org/help")
    for answer in ("Turn round.", "", "", "", "", "", "Lawyer"):
        asks.until("> ")
        asks.say(answer)
    assert "The lines are set." in asks.until_end()
    assert asks.end() == 0
    assert (venue.etc / "words.conf").read_text().split("revision", 1)[1].split("\n", 1)[1] == (
        "link = https://example.org/help\n\n[en]\nlockdown-way = Turn round.\ncontact = Lawyer\n")


def test_a_plain_venue_has_none(venue):
    venue.set_up()
    conf = venue.etc / "porchlight.conf"
    conf.write_text(conf.read_text().replace("\n[kiosk]\n", "\n[kiosk]\nplain = yes\n", 1))
    done = venue.cli("words", "set", written(venue))
    assert done.returncode == 1 and "this is a plain venue" in done.stderr
    assert not (venue.etc / "words.conf").exists()


def test_a_broker_that_does_not_grant_them_is_in_order(monkeypatch):
    """The kiosk's account lacks the right, as at a broker from before: an alert goes out, and nothing is
    at fault."""
    monkeypatch.setitem(RIGHTS, "less", [r for r in RIGHTS["kiosk"] if "words" not in r])
    kiosk = Kiosk(conf={**FAST, "wipe": {"enabled": "no"}})
    accounts = kiosk.brokers[0].accounts
    accounts[kiosk.account] = ("less", accounts[kiosk.account][1])
    (kiosk.etc / "words.conf").write_text("[words]\nrevision = 5\n[en]\nlockdown-way = Turn round.\n")
    with kiosk:
        kiosk.start()
        member = kiosk.member()
        wait.until(lambda: "/words/0000000000000000" in kiosk.daemon.said(), kiosk.daemon.said, 20)
        assert "Alerts do not need it." in kiosk.daemon.said()
        assert kiosk.daemon.said().count("/words/") == 1  # not one for each piece
        kiosk.wires().hold(0.4)
        member.wait("lockdown", "alert")
        broker = kiosk.status()["brokers"][0]
        assert broker["connected"] and broker["fault"] == "fine", broker


def test_nobody_else_reads_them(venue):
    """Sealed to members: who may read everything at the broker sees 768 bytes and no line."""
    venue.set_up()
    venue.start_broker()
    venue.quicken()
    assert venue.cli("words", "set", written(venue)).returncode == 0
    venue.start()
    account, password = venue.admit()
    stored = []
    client, begin = venue._client(account, password, "localhost", venue.answers["port"],
                                  venue.etc / "broker-ca.pem")
    client.wanted = [f"porchlight/{venue.venue}/{venue.kiosk}/words/+"]
    client.on_message = lambda _c, _d, m: stored.append(m)
    begin()
    wait.until(lambda: len(stored) >= 4, lambda: f"{len(stored)} pieces", 20)
    client.disconnect()
    client.loop_stop()
    for m in stored:
        assert len(m.payload) == 768 and m.payload[:2] == b"\2\1"
        assert b"Arxa" not in m.payload and "ა".encode() not in m.payload
