"""porchlight setup: what it makes runs; a second run keeps the rest; it is never left half done."""

import json
import random
import re
import shutil
import stat
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from nacl import bindings as na

from tests.kit import process, wait
from tests.kit.joining import Joiner
from tests.kit.place import program
from tests.kit.setup import Venue, clock_at
from tests.kit.voice import hexed


@pytest.fixture(name="venue")
def new_venue():
    with Venue() as made:
        yield made


def test_from_answers_to_a_drill_that_a_phone_answered(venue):
    began = time.monotonic()
    venue.set_up()
    venue.start_broker()
    account, password = venue.admit()
    venue.start()
    phone = venue.phone(account, password, "--ack", "seen")
    phone.wait(topic="state", within=20)
    drill = venue.cli("setup", "--drill")
    assert drill.returncode == 0, (drill, venue.daemon.said())
    assert "A phone received it" in drill.stdout
    print(f"from answers to a drill that was answered: {time.monotonic() - began:.1f} s")
    assert phone.all(topic="alert", drill=True)
    assert not venue.status()["drill"]


def joined(venue):
    made = venue.cli("invite", "--leave", "--json")
    assert made.returncode == 0, made.stderr
    link = json.loads(made.stdout)["link"]
    assert link.startswith(f"https://localhost:{venue.answers['page_port']}/#i=")
    joiner = Joiner(link, venue.as_broker())
    assert joiner.invitation.brokers == [f"wss://localhost:{venue.answers['page_port']}/mqtt"]
    phone = joiner.member(joiner.join())
    venue.boxes.append(phone)
    return phone


def test_a_phone_is_invited_and_answers_the_drill(venue):
    """With no accounts but those that set-up and the invitation make."""
    venue.set_up()
    venue.start_broker()
    venue.start()
    phone = joined(venue)
    with ThreadPoolExecutor(1) as pool:
        drill = pool.submit(venue.cli, "setup", "--drill")
        phone.answer(phone.wait(topic="alert", drill=True).body["id"])
        drill = drill.result()
    assert drill.returncode == 0, (drill, venue.daemon.said())
    status = venue.status()
    assert status["members"] == 1 and status["staff"] == 0
    assert status["last_drill"]["seen"] == 1
    said = venue.cli("status").stdout
    assert "phones:   1 of members, 0 of staff" in said and "answered by 1 phone, 0" in said


def test_a_phone_that_joins_during_the_drill_is_rung_too(venue):
    """With --answers, nobody says when a phone has joined."""
    venue.set_up()
    venue.start_broker()
    venue.start()
    with ThreadPoolExecutor(1) as pool:
        drill = pool.submit(venue.cli, "setup", "--drill")
        wait.until(lambda: venue.status()["drill"], venue.status, 30)
        phone = joined(venue)
        phone.answer(phone.wait("lockdown", "alert", drill=True, within=40).body["id"])
        drill = drill.result()
    assert drill.returncode == 0 and "starts again" in drill.stdout, (drill, venue.daemon.said())
    assert venue.status()["last_drill"]["seen"] == 1


def test_keys_belong_together_and_the_root_key_is_elsewhere(venue):
    venue.set_up()
    kept = venue.etc / "credentials"
    root_public, _ = na.crypto_sign_seed_keypair(hexed(venue.root))
    assert stat.S_IMODE(venue.root.stat().st_mode) == 0o600
    assert hexed(kept / "root.pub") == root_public
    fields = [bytes.fromhex(venue.venue), bytes.fromhex(venue.kiosk), hexed(kept / "kiosk.pub")]
    na.crypto_sign_open(hexed(kept / "kiosk.cert") + b"porchlight-cert\0" + b"".join(fields),
                        root_public)
    root = venue.root.read_bytes().strip()
    assert not [name for name, data in venue.files().items() if root in data]
    for name in ("credentials", "broker", "ca"):
        assert stat.S_IMODE((venue.etc / name).stat().st_mode) == 0o700


def test_the_web_servers_config_and_the_cards_are_complete(venue):
    venue.set_up()
    (venue.prefix / "run/porchlight-page").mkdir()
    done = process.run(["nginx", "-t", "-e", "stderr", "-c", venue.etc / "page/nginx.conf"])
    assert done.returncode == 0, done.stderr
    papers = {p.name: p.read_text() for p in (venue.etc / "papers").iterdir()}
    assert set(papers) == {"staff.html", "member.html", "keep.html"}
    for text in papers.values():
        assert not re.search(r"@[A-Z]+@", text)
    assert str(venue.root) in papers["keep.html"] and venue.venue in papers["keep.html"]
    assert f"invite --staff --root {venue.root}<" in papers["keep.html"]


# --- run again ------------------------------------------------------------------------------------

def test_a_second_run_changes_what_it_is_given_and_keeps_the_rest(venue):
    venue.set_up()
    conf = venue.etc / "porchlight.conf"
    conf.write_text(conf.read_text().replace("#gap = 700ms", "# slow hands\ngap = 900ms"))
    before = venue.files()
    done = venue.again(switch="sim:desk", door="none")
    assert done.returncode == 0, done.stderr
    after = venue.files()
    assert venue.conf()["switch counter"] == {"line": "sim:desk", "gap": "900ms", "code": "5"}
    assert "# slow hands" in conf.read_text() and "door entrance" not in venue.conf()
    changed = {n for n in before.keys() | after.keys() if before.get(n) != after.get(n)}
    assert {n.removeprefix("etc/porchlight/") for n in changed} == {
        "porchlight.conf", "setup.conf"}
    assert venue.again(door="sim:back").returncode == 0
    assert venue.conf()["door entrance"]["line"] == "sim:back"
    assert venue.conf()["switch counter"]["line"] == "sim:desk"


def test_the_code_is_kept_in_the_config_only(venue):
    venue.set_up(code="7")
    assert venue.conf()["switch counter"]["code"] == "7"
    assert venue.again(host="kettle.example.org").returncode == 0
    assert venue.conf()["switch counter"]["code"] == "7"
    assert "code" not in (venue.etc / "setup.conf").read_text()
    assert venue.conf()["venue"]["page"].startswith("https://kettle.example.org:")
    named = process.run(["openssl", "x509", "-noout", "-ext", "subjectAltName", "-in",
                         venue.etc / "broker/server.pem"]).stdout
    assert "DNS:kettle.example.org" in named


def test_another_broker_needs_the_root_key(venue):
    venue.set_up()
    before = venue.files()
    stick = venue.root.rename(venue.root.with_name("away.key"))
    refused = venue.again(broker="both", outside="mqtt.example.org")
    assert refused.returncode == 1 and "root key" in refused.stderr
    assert venue.files() == before
    assert venue.again(broker="both", outside="mqtt.example.org", root=stick).returncode == 0
    sections = venue.conf()
    assert sections["broker here"]["outside"] == "no"
    assert sections["broker outside"]["host"] == "mqtt.example.org"
    assert sections["broker outside"]["outside"] == "yes"
    assert (venue.etc / "credentials/broker-here").read_bytes() == before[
        "etc/porchlight/credentials/broker-here"]
    assert venue.again(broker="here").returncode == 0
    assert "broker outside" not in venue.conf()
    assert not (venue.etc / "credentials/broker-outside").exists()


# --- interrupted ------------------------------------------------------------------------------------

CALLS = {"fsync": 34, "write": 20, "openat": 80, "mkdir": 30, "unlink": 24, "fchmod": 18,
         "rename": 2, "renameat2": 1, "rmdir": 8, "getdents64": 18, "link": 20}


def killed_at(venue, call, number, *words, fault="signal=KILL"):
    """The command under strace, with a fault in the number-th such system call."""
    return process.run(["strace", "-qq", "-o", "/dev/null", "-e", f"trace={call}", "-e",
                        f"inject={call}:{fault}:when={number}", program("porchlight"), "--prefix",
                        venue.prefix, *words], 60,
                       env=process.environment(ASAN_OPTIONS="detect_leaks=0:verify_asan_link_order=0"))


def interrupted(venue, answers, call, number, fault="signal=KILL"):
    return killed_at(venue, call, number, "setup", "--answers", answers, fault=fault)


def points(count, seed):
    every = [(call, n) for call, most in CALLS.items() for n in range(1, most + 1)]
    return random.Random(seed).sample(every, count) + [("renameat2", 1), ("rename", 1)]


def without_answers(files):
    return {n: d for n, d in files.items() if not n.endswith("setup.conf")}


def test_an_interruption_leaves_the_old_state_or_the_new(venue):
    venue.set_up()
    old = venue.files()
    assert venue.again(switch="sim:desk").returncode == 0
    new = venue.files()
    assert venue.again(switch="sim:counter").returncode == 0
    assert venue.files() == old
    answers = venue.prefix / "change.conf"
    answers.write_text("[setup]\nswitch = sim:desk\ndrill = no\n")
    seen = {"old": 0, "new": 0}
    for call, number in points(40, seed=7):
        ended = interrupted(venue, answers, call, number)
        found = {n: d for n, d in venue.files().items() if not n.endswith(".commit")}
        assert found in (old, new), (call, number)
        seen["old" if found == old else "new"] += 1
        assert ended.returncode in (0, -9), (call, number, ended)
        settled = venue.cli("setup", "--settle")
        assert settled.returncode == 0, (call, number, settled.stderr)
        assert venue.files() == found
        assert not list((venue.prefix / "etc").glob(".porchlight*")), (call, number)
        assert venue.again(switch="sim:counter").returncode == 0
        assert venue.files() == old
    assert seen["old"] > 5 and seen["new"] > 0, seen


def test_a_first_set_up_that_was_interrupted_is_run_again():
    for call, number in points(14, seed=3):
        with Venue() as venue:
            answers = venue.write()
            interrupted(venue, answers, call, number)
            there = (venue.etc / "porchlight.conf").exists()
            assert there == (venue.etc / "credentials/kiosk.key").exists(), (call, number)
            again = venue.cli("setup", "--answers", answers)
            assert again.returncode == 0, (call, number, again.stderr)
            assert venue.cli("check").returncode == 0
            root_public, _ = na.crypto_sign_seed_keypair(hexed(venue.root))
            assert hexed(venue.etc / "credentials/root.pub") == root_public
            assert (venue.prefix / "var/lib/porchlight-broker/dynamic-security.json").exists()
            assert not list((venue.prefix / "etc").glob(".porchlight*")), (call, number)


# --- certificates -----------------------------------------------------------------------------------

def dates(pem):
    return process.run(["openssl", "x509", "-noout", "-dates", "-fingerprint", "-in", pem]).stdout


def test_certificates_are_renewed_long_before_their_end(venue):
    venue.set_up()
    server = venue.etc / "broker/server.pem"
    first = dates(server)
    assert venue.cli("keys", "renew", "--due").returncode == 1
    assert "No certificate has to be renewed" in venue.cli("keys", "renew").stdout
    assert dates(server) == first

    def later(days, *args):
        return venue.cli(*args, env=clock_at(f"+{days}d"))
    assert later(183, "keys", "renew", "--due").returncode == 1
    assert later(187, "keys", "renew", "--due").returncode == 0
    assert dates(server) == first
    done = later(187, "keys", "renew")
    assert done.returncode == 0 and re.search("renewed, 17[78] days before its end", done.stdout), done
    assert dates(server) != first and stat.S_IMODE(server.stat().st_mode) == 0o600
    assert process.run(["openssl", "verify", "-CAfile", venue.etc / "broker-ca.pem",
                        "-attime", str(int(time.time()) + 400 * 86400), server]).returncode == 0


def as_0_1_0_left_it(venue):
    """Its kiosks administered the broker; there was no registrar."""
    accounts = venue.prefix / "var/lib/porchlight-broker/dynamic-security.json"
    every = json.loads(accounts.read_text())
    every["clients"] = [c for c in every["clients"] if c["username"] != "registrar"
                        and not c["roles"][0]["rolename"].startswith("root-")]
    for client in every["clients"]:
        del client["textdescription"]
        steward = f"steward-{client['username']}"
        client["roles"].append({"rolename": steward})
        every["roles"].append({"rolename": steward, "acls": [
            {"acltype": "publishClientSend", "topic": "$CONTROL/dynamic-security/v1",
             "allow": True}]})
    accounts.write_text(json.dumps(every))
    shutil.rmtree(venue.etc / "registrar")
    return accounts


def test_an_older_kiosk_gets_a_registrar_and_administers_its_broker_no_more(venue):
    venue.set_up()
    accounts = as_0_1_0_left_it(venue)
    away = venue.root.rename(venue.root.with_name("off-site.key"))
    done = venue.again()
    assert done.returncode == 0 and "root = FILE" in done.stderr, done
    text = accounts.read_text()
    assert "steward" not in text and text.count("$CONTROL/dynamic-security/v1\"") == 1
    assert (venue.etc / "registrar").stat().st_mode & 0o777 == 0o700
    away.rename(venue.root)
    done = venue.again()  # as that message asks
    assert done.returncode == 0 and "root = FILE" not in done.stderr, done
    assert [c for c in json.loads(accounts.read_text())["clients"]
            if c["roles"][0]["rolename"].startswith("root-")]
    venue.start_broker()
    venue.start()
    assert venue.cli("invite", "--leave", "--json").returncode == 0
    done = venue.cli("registrar", "--root", venue.root, "--broker", "here", venue.prefix / "file")
    assert done.returncode == 0, done.stderr
