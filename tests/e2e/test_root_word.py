"""What the root key says of a kiosk is obeyed permanently, by everybody: an alert is ended, staff are
revoked, a kiosk is disowned, from paper alone, on a machine that has nothing else of the venue."""

import json
import re
import shutil

import pytest

from tests.kit import local, pki, process, wait
from tests.kit.admin_socket import Venue
from tests.kit.joining import finds
from tests.kit.kiosk import FAST
from tests.kit.member import Listener
from tests.kit.paper import paper
from tests.kit.place import ROOT, fresh, program
from tests.kit.voice import hexed


@pytest.fixture(name="make_venue")
def venue_maker():
    folder, made = fresh("w"), []
    folder.chmod(0o755)

    def make(**more):
        venue = Venue(folder / str(len(made)), pki.Authority(folder / f"ca{len(made)}"),
                      conf=dict(FAST), **more)
        made.append(venue)
        venue.__enter__()
        venue.kiosk.start()
        return venue
    yield make
    for venue in made:
        venue.__exit__(None)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(name="venue")
def one_venue(make_venue):
    return make_venue()


class Elsewhere:
    """Another machine: an empty folder, the root key's paper and the venue's."""

    def __init__(self, venue):
        self.folder = fresh("x")
        self.root, self.sheet = self.folder / "root.txt", self.folder / "sheet.txt"
        self.root.write_text("\n".join(paper(hexed(venue.kiosk.root_key))))
        self.root.chmod(0o600)
        lines = venue.cli("root", "paper").stdout
        self.sheet.write_text(f"<html><pre>\n{lines}</pre></html>\n")
        (self.folder / "empty").mkdir()

    def __call__(self, *args, code=0):
        done = process.run([program("porchlight"), "--prefix", self.folder / "empty", *args,
                            "--root", self.root, "--paper", self.sheet], 60)
        assert done.returncode == code, done
        assert not list((self.folder / "empty").iterdir())
        return done


@pytest.fixture(name="elsewhere")
def far_away(venue):
    made = Elsewhere(venue)
    yield made
    shutil.rmtree(made.folder, ignore_errors=True)


def press(venue, what):
    assert local.control(venue.kiosk.run / "control.sock", what)["ok"]


def listens(venue, phone, *more):
    """That phone, as porchlight listen."""
    key = venue.kiosk.folder / f"{phone.account}.key"
    key.write_text(phone.secret[:32].hex() + "\n")
    secret = venue.kiosk.credentials / f"phone-{phone.account}"
    secret.write_text(phone.password + "\n")
    for path in (key, secret):
        path.chmod(0o600)
    phone.eyes.close()
    box = Listener(["--prefix", venue.kiosk.prefix, "--user", phone.account, "--password",
                    secret.name, "--key", key, *more], venue.kiosk.logs / f"listen-{phone.account}")
    venue.kiosk.mailboxes.append(box)
    box.wait("show", show="quiet")
    return box


def state(venue):
    return local.control(venue.kiosk.run / "control.sock", "status")["state"]


def hidden_lockdown(venue, box):
    press(venue, "lockdown")
    box.wait("show", show="lockdown")
    press(venue, "code")
    box.wait("show", show="unconfirmed")


def test_a_hidden_lockdown_is_ended_from_paper_alone(venue, elsewhere):
    box = listens(venue, venue.member())
    hidden_lockdown(venue, box)
    assert json.loads(elsewhere("root", "show", "--json").stdout)["active"]
    assert "the alert is over" in elsewhere("root", "end").stdout
    shown = box.wait("show", show="all-clear").body
    assert shown["kiosks"][venue.kiosk.id]["rooted"]
    box.wait("state", state="quiet")
    assert not json.loads(elsewhere("root", "show", "--json").stdout)["active"]
    assert "no alert was active" in elsewhere("root", "end").stdout
    press(venue, "lockdown")  # the next one counts
    box.wait("show", show="lockdown", count=2)


def test_an_alert_of_a_kiosk_that_is_off_is_ended(venue, elsewhere):
    box = listens(venue, venue.member())
    press(venue, "lockdown")
    box.wait("show", show="lockdown")
    box.wait("state", "state", state="lockdown")  # the broker keeps it
    venue.kiosk.daemon.kill()
    assert "the alert is over" in elsewhere("root", "end").stdout
    box.wait("root", verdict="told")
    count = len(box.all("show", show="lockdown"))
    venue.kiosk.start()  # its record says lockdown; it reads the root key's message and ends it
    wait.until(lambda: state(venue) == "quiet", "the end, at the kiosk too")
    box.wait("show", show="all-clear")
    assert len(box.all("show", show="lockdown")) == count


def test_what_a_broker_withholds_later_stays_obeyed(venue, elsewhere):
    box = listens(venue, venue.member())
    press(venue, "lockdown")
    box.wait("show", show="lockdown")
    venue.kiosk.daemon.kill()
    elsewhere("root", "retire")
    box.wait("show", show="retired")
    venue.kiosk.start(connected=False)
    wait.until(lambda: not venue.kiosk.status()["retired"], "a kiosk that cannot know", 5)
    venue.registrars[0].stop()  # and whose account somebody lets in again
    venue.brokers[0].steward.command(command="enableClient", username=venue.account)
    wait.until(lambda: venue.kiosk.status()["retired"], "the root key's message", 20)
    assert any("retired this kiosk" in f for f in venue.kiosk.status()["faults"])
    venue.kiosk.daemon.kill()
    venue.brokers[0].steward.command(command="disableClient", username=venue.account)
    venue.kiosk.start(connected=False)
    assert venue.kiosk.status()["retired"]  # without any broker


def test_a_revoked_staff_phone_commands_nothing_more(venue, elsewhere):
    lost, kept = venue.staff(), venue.staff()
    box = listens(venue, venue.member())
    elsewhere("root", "revoke", lost.account)
    wait.until(lambda: not (venue.kiosk.state / "staff" / f"{lost.account}.cert").exists(),
               "that the kiosk forgets it", 10)
    assert venue.client(lost.account)["disabled"] and not venue.client(kept.account).get("disabled")
    assert box.wait("root").body["revoked"] == [lost.account]
    phones = venue.ask("phones", "--ids")["accounts"]
    assert [p["account"] for p in phones if p["staff"]] == [kept.account]
    # Again, and for another: nothing of the first is lost.
    elsewhere("root", "revoke", kept.account)
    assert set(box.wait("root", count=2).body["revoked"]) == {lost.account, kept.account}
    said = json.loads(elsewhere("root", "show", "--json").stdout)
    assert set(said["revoked"]) == {lost.account, kept.account} and not said["retired"]


def test_a_phone_that_the_root_key_revokes_costs_the_others_a_new_key(venue, elsewhere):
    """What the unit watches for, and what it runs then."""
    unit = (ROOT / "systemd/porchlight-new-key.service").read_text()
    watched = (ROOT / "systemd/porchlight-new-key.path").read_text()
    wanted = venue.kiosk.prefix / re.search(r"^PathExists=/(.*)$", watched, re.M)[1]
    key = venue.kiosk.credentials / "venue.key"
    stays, lost, old = venue.member(), venue.staff(), key.read_text()
    assert not wanted.exists()
    elsewhere("root", "revoke", lost.account)
    wait.until(wanted.exists, "that a new key is wanted", 10)
    venue.cli(*re.search(r"^ExecStart=/usr/bin/porchlight (.*)$", unit, re.M)[1].split(), within=40)
    assert key.read_text() != old and not wanted.exists()
    finds(stays, stays.eyes, key.read_text().strip())


def test_a_phone_that_the_root_key_revokes_once_it_has_the_new_key_costs_the_others_another(venue, elsewhere):
    """A host changes the key, and the root key revokes a phone to which it was sent already."""
    wanted, lost = venue.kiosk.state / "new-key-wanted", venue.staff()

    def admin(request):
        answer = json.loads(local.ask(venue.kiosk.run / "admin.sock", request))
        assert answer["ok"], answer
        return answer
    sent, another = "6b" * 32, "7c" * 32
    admin(f"rotate {sent}")
    wait.until(lambda: admin("rotating")["left"] == 0, "that all have it")
    elsewhere("root", "revoke", lost.account)
    wait.until(wanted.exists, "that a new key is wanted", 10)
    admin(f"rotated {sent}")
    assert wanted.exists()
    wait.until(venue.kiosk.connected, "the broker, by the new key")
    admin(f"rotate {another}")  # after that: the phone does not get it
    wait.until(lambda: admin("rotating")["left"] == 0, "that the others have it")
    admin(f"rotated {another}")
    assert not wanted.exists()


def test_a_broker_that_is_away_is_named_and_the_others_are_done(make_venue):
    venue = make_venue(brokers=2)
    elsewhere = Elsewhere(venue)
    box = listens(venue, venue.member())
    press(venue, "lockdown")
    box.wait("show", show="lockdown")
    venue.brokers[1].stop()
    done = elsewhere("root", "end", code=1)
    assert "at broker b1" in done.stderr and "b0" not in done.stderr
    assert "Broker b0: done." in done.stdout
    box.wait("show", show="all-clear")
    venue.brokers[1].start()
    wait.until(venue.kiosk.connected, "the broker", 20)
    assert elsewhere("root", "end").stderr == ""
    venue.brokers[0].stop()
    venue.brokers[1].stop()
    done = elsewhere("root", "end", code=1)
    assert "b0" in done.stderr and "b1" in done.stderr
    venue.brokers[0].start()
    venue.brokers[1].start()
    shutil.rmtree(elsewhere.folder)


def test_another_authority_than_the_papers_is_not_believed(venue, elsewhere, make_venue):
    other = make_venue()
    text = elsewhere.sheet.read_text()
    pin = next(l for l in text.splitlines() if l.startswith("ca "))
    theirs = next(l for l in other.cli("root", "paper").stdout.splitlines() if l.startswith("ca "))
    elsewhere.sheet.write_text(text.replace(pin, theirs))
    done = elsewhere("root", "show", code=1)
    assert "does not show the authority that is on the paper" in done.stderr
    assert "--ca FILE" in done.stderr


@pytest.mark.parametrize("change, why", [
    (lambda t: t.replace("venue ", "venue 0", 1), "does not match its last four digits"),
    (lambda t: "\n".join(l for l in t.splitlines() if not l.startswith("key ")),
     "lines are missing"),
    (lambda t: "", "lines are missing")])
def test_a_sheet_with_a_mistake(venue, elsewhere, change, why):
    elsewhere.sheet.write_text(change(elsewhere.sheet.read_text()))
    assert why in elsewhere("root", "show", code=1).stderr


def test_a_root_key_of_another_venue(venue, elsewhere):
    elsewhere.root.write_text("00" * 32 + "\n")
    assert "another venue's root key" in elsewhere("root", "end", code=1).stderr


@pytest.mark.parametrize("args", [[], ["dance"], ["revoke"], ["revoke", "xy"], ["end", "more"]])
def test_wrong_usage(venue, args):
    assert venue.kiosk.cli("root", *args, "--root", venue.kiosk.root_key).returncode == 2
    assert venue.kiosk.cli("root", "end").returncode == 2
