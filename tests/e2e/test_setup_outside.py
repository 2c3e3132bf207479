"""The folder for a broker outside: copied to its server, deleted, and made again when its certificate
is about to expire. The server is a folder that install.sh takes for its root."""

import json
import re
import shutil

import pytest

from tests.kit import pki, process
from tests.kit.broker import free_port
from tests.kit.setup import Venue, clock_at

CARRY, RENEW = "porchlight outside --root", "Renew the server outside: copy the folder"
RELAY = "porchlight relay"


@pytest.fixture(name="venue")
def new_venue():
    port = free_port()
    with Venue(broker="elsewhere", outside=f"localhost:{port}", port=port) as made:
        made.folder, made.server = made.etc / "outside", made.prefix / "server"
        assert CARRY in made.set_up().stdout
        yield made


def installed(venue):
    return process.run([venue.folder / "install.sh"],
                       env=process.environment(PREFIX=venue.server))


def copied_over(venue):
    done = installed(venue)
    assert done.returncode == 0, done.stderr
    shutil.rmtree(venue.folder)


def serve(venue):
    """Runs what was installed; only the root folder and the inner ports are the test's own."""
    conf = venue.server / "etc/mosquitto/mosquitto.conf"
    text = conf.read_text()
    for place in ("/etc/mosquitto/", "/var/lib/mosquitto"):
        text = text.replace(f" {place}", f" {venue.server}{place}")
    for inner in ("1885", "1884"):
        text = text.replace(f"listener {inner} ", f"listener {free_port()} ")
    (venue.etc / "broker").mkdir(exist_ok=True)
    (venue.etc / "broker/mosquitto.conf").write_text("user root\n" + text)
    return venue.start_broker()


def accounts(venue):
    return (venue.server / "var/lib/mosquitto/dynamic-security.json").read_bytes()


def without_root_key(venue):
    return venue.root.rename(venue.root.with_name("off-site.key"))


def test_a_folder_that_was_copied_is_made_again_without_the_root_key(venue):
    first = (venue.folder / "server.pem").read_bytes()
    copied_over(venue)
    serve(venue)
    phone = "00112233aabbccdd"
    password = venue._account("member", venue.venue, venue.kiosk, phone, broker="outside")
    venue.broker.stop()
    shutil.rmtree(venue.etc / "broker")
    known, before = accounts(venue), venue.files()
    assert phone.encode() in known
    without_root_key(venue)
    done = venue.again()
    assert done.returncode == 0 and RENEW in done.stdout and CARRY not in done.stdout, done
    assert {n: d for n, d in venue.files().items() if "/outside/" not in n} == before
    fresh = (venue.folder / "server.pem").read_bytes()
    assert fresh != first and venue.folder.stat().st_mode & 0o777 == 0o700
    assert process.run(["openssl", "verify", "-CAfile", venue.etc / "broker-ca.pem",
                        venue.folder / "server.pem"]).returncode == 0
    copied_over(venue)
    assert accounts(venue) == known
    assert (venue.server / "etc/mosquitto/porchlight.pem").read_bytes() == fresh
    serve(venue)
    venue.start()
    mouth = venue.mouth(phone, password)
    mouth.disconnect()
    mouth.loop_stop()


def test_a_folder_without_accounts_cannot_set_up_a_new_server(venue):
    shutil.rmtree(venue.folder)
    root = without_root_key(venue)
    assert venue.again().returncode == 0
    refused = installed(venue)
    assert refused.returncode == 1 and "root key" in refused.stderr, refused
    assert not venue.server.exists()
    certificate = (venue.folder / "server.pem").read_bytes()
    assert venue.again(root=root).returncode == 0
    assert (venue.folder / "server.pem").read_bytes() == certificate
    copied_over(venue)
    serve(venue)
    venue.start()


def test_a_folder_that_was_not_copied_yet_is_kept_until_its_certificate_is_due(venue):
    before = venue.files()
    assert venue.again().returncode == 0
    assert venue.files() == before
    done = venue.cli("setup", "--answers", venue.prefix / "again.conf", env=clock_at("+190d"))
    assert done.returncode == 0, done.stderr
    after = venue.files()
    changed = [n for n in before.keys() | after.keys() if before.get(n) != after.get(n)]
    assert changed == ["etc/porchlight/outside/server.pem"]


def test_a_folder_cannot_be_made_again_without_the_authority(venue):
    authority = (venue.etc / "broker-ca.pem").read_bytes()
    shutil.rmtree(venue.folder)
    (venue.etc / "ca/ca.key").unlink()
    done = venue.again()
    assert done.returncode == 0 and "ca/ca.key" in done.stderr, done
    assert CARRY not in done.stdout and RENEW not in done.stdout and not venue.folder.exists()
    assert (venue.etc / "broker-ca.pem").read_bytes() == authority


# --- what is left to do ---------------------------------------------------------------------------

def numbers(done):
    return [int(n) for n in re.findall(r"^(\d)\. ", done.stdout, re.M)]


def test_a_relay_is_suggested_where_there_is_a_broker_outside():
    with Venue() as venue:
        done = venue.set_up()
        assert RELAY not in done.stdout and CARRY not in done.stdout
        assert numbers(done) == [1, 2, 3, 4]
        done = venue.again(broker="both", outside="mqtt.example.org")
        assert CARRY in done.stdout and RELAY not in done.stdout  # it makes a relay too
        assert numbers(done) == [1, 2, 3, 4, 5]
        done = venue.again(broker="here")
        assert RELAY not in done.stdout and CARRY not in done.stdout


# --- somebody else's ------------------------------------------------------------------------------

@pytest.mark.parametrize("broker", ["elsewhere", "both"])
def test_an_account_without_an_address_for_phones_gets_a_warning(folder, broker):
    account = folder / "account"
    text = f"[account]\nuser = us\npassword = p\nca = {pki.Authority(folder / 'ca').pem}\n"
    for phones in ("", "phones = wss://live.example.org/mqtt\n"):
        account.write_text(text + phones)
        with Venue(broker=broker, outside="mqtt.example.org", outside_account=account) as venue:
            done = venue.set_up()
            warned = [line for line in done.stderr.splitlines() if "phones" in line]
            assert bool(warned) == (not phones) == (RELAY not in done.stdout), done
            assert CARRY not in done.stdout
            for words in (f"{account}: ", "wss://", "[broker outside]", "porchlight.conf"):
                assert phones or words in warned[0], warned
            assert phones or ("page in [venue]" in warned[0]) == (broker == "elsewhere"), warned


def account_of(venue, user):
    known = json.loads((venue.folder / "dynamic-security.json").read_text())
    return (next(c for c in known["clients"] if c["username"] == user),
            {r["rolename"]: {a["topic"] for a in r["acls"]} for r in known["roles"]})


def test_two_ways_have_an_account_each():
    port = free_port()
    with Venue(broker="elsewhere", outside=f"localhost:{port}", port=port,
               ways="eth0, wwan0") as venue:
        venue.folder = venue.etc / "outside"
        venue.set_up()
        ways = [venue.conf()[f"broker {name}"] for name in ("outside", "outside-2")]
        assert [w["interface"] for w in ways] == ["eth0", "wwan0"]
        assert ways[0]["host"] == ways[1]["host"] and ways[0]["port"] == ways[1]["port"]
        assert ways[0]["user"] != ways[1]["user"] and "phones" not in ways[1]
        assert venue.cli("check").returncode == 0
        (first, roles), (second, _) = (account_of(venue, w["user"]) for w in ways)
        assert second["clientid"] == second["username"]
        assert roles[f"kiosk-{second['username']}"] == roles[f"kiosk-{first['username']}"]
        kept = venue.etc / "credentials/broker-outside-2"
        assert kept.read_text() != (venue.etc / "credentials/broker-outside").read_text()
        # One way again: nothing of the second is left.
        assert venue.again(ways="one").returncode == 0
        assert "broker outside-2" not in venue.conf() and not kept.exists()
        assert "interface" not in venue.conf()["broker outside"]


@pytest.mark.parametrize("ways", ["eth0", "eth0, eth0", "eth0, wwan0, usb0", "a/b, eth0"])
def test_ways_that_are_none_are_refused(ways):
    with Venue(broker="elsewhere", outside="localhost:8883", ways=ways) as venue:
        done = venue.cli("setup", "--answers", venue.write())
        assert done.returncode == 1 and "ways" in done.stderr and "eth0, wwan0" in done.stderr
