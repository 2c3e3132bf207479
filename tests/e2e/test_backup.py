"""What to do after a wipe: wiped, restored, and an alert arrives. Backups that are none."""

import re
import shutil
import stat
from types import SimpleNamespace

import pytest

from tests.kit import local, process, wait
from tests.kit.broker import free_port
from tests.kit.member import Listener
from tests.kit.paper import paper, type_in
from tests.kit.place import fresh, program
from tests.kit.setup import Venue
from tests.kit.terminal import Terminal
from tests.kit.voice import hexed
from tests.kit.wires import Wires

PLAN = """[root keys]
path = /etc/porchlight/credentials

[key venue]
path = /etc/porchlight/credentials/venue.key

[key kiosk]
path = /etc/porchlight/credentials/kiosk.key

[credential broker]
path = /etc/porchlight/credentials/broker-here
"""
QUICK = {"hold": "300ms", "wipe_hold": "700ms", "press_max": "200ms", "gap": "150ms",
         "debounce": "5ms"}


@pytest.fixture(name="venue")
def new_venue():
    with Venue() as made:
        secret = made.prefix / "stick" / "words"
        secret.write_text("lantern harbour walnut seven\n")
        secret.chmod(0o600)
        made.words = ("--passphrase-file", secret)
        made.kept = made.prefix / "stick" / "kiosk.backup"
        yield made


def let_it_wipe(venue):
    conf = venue.etc / "porchlight.conf"
    text = conf.read_text().replace("#enabled = no", "enabled = yes")
    for key, value in QUICK.items():
        text = text.replace(f"\n#{key} = ", f"\n{key} = {value}\n#{key} = ", 1)
    conf.write_text(text)
    (venue.etc / "wipe.plan").write_text(PLAN)


def hold(venue, ms):
    wires = Wires(venue.prefix / "run/porchlight/sim.sock")
    wires.set("counter", True)
    wait.never(lambda: False, "", ms / 1000)
    wires.set("counter", False)


def test_wiped_restored_and_an_alert_arrives(venue):
    venue.set_up()
    let_it_wipe(venue)
    venue.start_broker()
    account, password = venue.admit()
    made = venue.cli("backup", venue.kept, *venue.words)
    assert made.returncode == 0, made.stderr
    before = venue.files()

    wiper = venue.spawn("porchlight-wipe", program("porchlight-wipe"), "--prefix", venue.prefix,
                        "--listen")
    wait.until(lambda: local.answers(venue.prefix / "run/porchlight/wipe.sock"), "wipe.sock")
    venue.start()
    phone = venue.phone(account, password, "--ack", "seen")
    phone.wait(topic="state", within=20)
    hold(venue, 1200)
    alert = phone.wait("lockdown", "alert", within=20)
    keys = [venue.etc / "credentials" / n for n in ("venue.key", "kiosk.key", "broker-here")]
    wait.until(lambda: not any(k.exists() for k in keys),
               lambda: f"the keys to go; the wipe said:\n{wiper.said()}", 30)
    for child in (venue.daemon, wiper):
        child.stop()
        venue.processes.remove(child)
    gone = venue.cli("backup", venue.prefix / "stick/late.backup", *venue.words)
    assert gone.returncode == 1 and "after a wipe" in gone.stderr

    done = venue.cli("restore", venue.kept, *venue.words)
    assert done.returncode == 0, done.stderr
    after = venue.files()
    assert {n: d for n, d in after.items() if "/phone-" not in n} == before
    venue.start()
    again = phone.wait("lockdown", "alert", within=20, resumed=True)
    assert again.body["id"] == alert.body["id"]


def test_a_backup_holds_no_key_that_can_be_read(venue):
    venue.set_up()
    (venue.etc / "vaults").mkdir()
    (venue.etc / "vaults/office").write_text("what a wipe is to destroy\n")
    done = venue.cli("backup", venue.kept, *venue.words)
    assert done.returncode == 0 and stat.S_IMODE(venue.kept.stat().st_mode) == 0o600
    sealed = venue.kept.read_bytes()
    key = (venue.etc / "credentials/venue.key").read_text().strip()
    assert key.encode() not in sealed and bytes.fromhex(key) not in sealed
    assert b"credentials" not in sealed and len(sealed) > 10000
    (venue.etc / "vaults/office").unlink()
    assert venue.cli("restore", venue.kept, "--replace", *venue.words).returncode == 0
    assert not (venue.etc / "vaults/office").exists()


def spoil(data, at):
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1:]


@pytest.mark.parametrize("what, said", [
    ("words", "the passphrase is wrong, or the file is damaged"), ("body", "the file is damaged"),
    ("salt", "the file is damaged"), ("cut", "the file is damaged"), ("none", "is not a backup"),
    ("missing", "there is no file"), ("empty", "is not a backup"), ("readable", "chmod 600")])
def test_what_does_not_open_changes_nothing(venue, what, said):
    venue.set_up()
    assert venue.cli("backup", venue.kept, *venue.words).returncode == 0
    assert venue.again(switch="sim:desk").returncode == 0
    before, data = venue.files(), venue.kept.read_bytes()
    if what == "words":
        venue.words[1].write_text("lantern harbour walnut eight\n")
    elif what == "readable":
        venue.words[1].chmod(0o644)
    elif what == "missing":
        venue.kept.unlink()
    else:
        venue.kept.write_bytes({"body": spoil(data, len(data) // 2), "salt": spoil(data, 25),
                                "cut": data[:-9], "none": b"x" * 5000, "empty": b""}[what])
    for command in (["restore", venue.kept, "--replace"], ["backup", "--check", venue.kept]):
        done = venue.cli(*command, *venue.words)
        assert done.returncode == 1 and said in done.stderr, done
        assert venue.files() == before


def test_a_backup_is_never_written_over(venue):
    venue.set_up()
    venue.kept.write_text("mine\n")
    done = venue.cli("backup", venue.kept, *venue.words)
    assert done.returncode == 1 and f"{venue.kept} exists" in done.stderr
    assert venue.kept.read_text() == "mine\n"
    venue.words[1].write_text("short\n")
    done = venue.cli("backup", venue.prefix / "stick/b", *venue.words)
    assert done.returncode == 1 and "at least 12" in done.stderr
    assert not (venue.prefix / "stick/b").exists()


WORDS = "lantern harbour walnut seven"


@pytest.mark.parametrize("text", [
    f"{WORDS}\r\n", f"\ufeff{WORDS}\n", f"\ufeff{WORDS}\r\nmore\r\n", WORDS, f"{WORDS}\r"],
    ids=["CRLF", "BOM", "both", "no newline", "CR"])
def test_a_passphrase_file_means_the_same_on_every_system(venue, text):
    venue.set_up()
    venue.words[1].write_bytes(text.encode())
    assert venue.cli("backup", venue.kept, *venue.words).returncode == 0
    t = Terminal([program("porchlight"), "--prefix", str(venue.prefix), "backup", "--check",
                  str(venue.kept)])
    t.until("Passphrase: ")
    assert not t.shows_what_is_typed(), "it asks before it hides what is typed"
    t.say(WORDS)
    t.until("is good")
    assert t.end() == 0


@pytest.mark.parametrize("data, why", [
    (WORDS.encode("utf-16"), "it is not plain text"), (b"x" * 256 + b"\n", "more than 255 bytes")])
def test_a_passphrase_that_would_be_read_otherwise_later_is_refused(venue, data, why):
    venue.set_up()
    venue.words[1].write_bytes(data)
    done = venue.cli("backup", venue.kept, *venue.words)
    assert done.returncode == 1 and why in done.stderr and not venue.kept.exists()


def test_a_link_to_a_backup_is_a_backup(venue):
    venue.set_up()
    assert venue.cli("backup", venue.kept, *venue.words).returncode == 0
    link, words = venue.prefix / "newest", venue.prefix / "link to words"
    link.symlink_to(venue.kept)
    words.symlink_to(venue.words[1])
    done = venue.cli("restore", link, "--replace", "--passphrase-file", words)
    assert done.returncode == 0, done.stderr
    link.unlink()
    link.symlink_to("nowhere")
    done = venue.cli("backup", link, *venue.words)
    assert done.returncode == 1 and "exists" in done.stderr and link.is_symlink()


@pytest.mark.parametrize("name, why", [
    ("none/kiosk.backup", "there is no folder"), ("stick", "exists already. Choose a new name, such as"),
    ("stick/words", "exists"), ("stick/words/kiosk.backup", "there is no folder")])
def test_a_place_that_will_not_do_is_named_before_the_passphrase_is_asked(venue, name, why):
    venue.set_up()
    t = Terminal([program("porchlight"), "--prefix", str(venue.prefix), "backup",
                  str(venue.prefix / name)])
    said = " ".join(t.until_end().split())
    assert why in said and "Passphrase" not in said and t.end() == 1


def test_a_backup_is_not_written_to_the_kiosks_own_card(venue):
    """A card that is mounted somewhere; a prefix on the disk of this machine only tries a kiosk out."""
    venue.set_up()
    card, other = venue.prefix / "card", venue.prefix / "other"
    for one in (card, other):
        one.mkdir()
        process.run(["mount", "-t", "tmpfs", "none", one]).check_returncode()
    try:
        shutil.copytree(venue.etc, card / "etc/porchlight")
        (card / "var/lib/porchlight").mkdir(parents=True)
        (card / "home").mkdir()

        def backup(*args):
            return process.run([program("porchlight"), "--prefix", card, "backup", *args,
                                *venue.words], 60)
        done = backup(card / "home/kiosk.backup")
        assert done.returncode == 1 and "would be lost with it" in done.stderr
        assert "--same-card" in done.stderr and not (card / "home/kiosk.backup").exists()
        done = backup(other / "kiosk.backup")
        assert done.returncode == 1 and "would be gone at the next start" in done.stderr
        assert backup(card / "home/kiosk.backup", "--same-card").returncode == 0
        assert backup(venue.kept).returncode == 0
    finally:
        for one in (card, other):
            process.run(["umount", one]).check_returncode()


def test_check_says_whether_a_backup_is_good(venue):
    venue.set_up()
    assert venue.cli("backup", venue.kept, *venue.words).returncode == 0
    before = venue.files()
    done = venue.cli("backup", "--check", venue.kept, *venue.words)
    assert done.returncode == 0, done.stderr
    assert "is good" in done.stdout and venue.kiosk in done.stdout and "changed" not in done.stdout
    with open(venue.etc / "porchlight.conf", "a") as f:
        f.write("\n")
    done = venue.cli("backup", "--check", venue.kept, *venue.words)
    assert done.returncode == 0 and "since changed here: porchlight.conf" in done.stdout
    with Venue() as elsewhere:
        done = elsewhere.cli("backup", "--check", venue.kept, *venue.words)
        assert done.returncode == 0 and "is good" in done.stdout and elsewhere.files() == {}
        elsewhere.set_up()
        done = elsewhere.cli("backup", "--check", venue.kept, *venue.words)
        assert done.returncode == 0 and "of another kiosk" in done.stdout
    (venue.etc / "porchlight.conf").write_bytes(before["etc/porchlight/porchlight.conf"])
    assert venue.files() == before


@pytest.mark.parametrize("name, content, why", [
    ("porchlight.conf", "[kiosk]\nid = x\n", "porchlight.conf:2"),
    ("porchlight.conf", None, "porchlight.conf is not in it"),
    ("credentials/kiosk.key", "zz\n", "A key in the backup is no key"),
    ("credentials/kiosk.key", None, "kiosk.key is not in it")])
def test_check_names_what_a_backup_lacks(venue, name, content, why):
    venue.set_up()
    (venue.etc / name).unlink()
    if content:
        (venue.etc / name).write_text(content)
    assert venue.cli("backup", venue.kept, *venue.words).returncode == 0
    done = venue.cli("backup", "--check", venue.kept, *venue.words)
    assert done.returncode == 1 and why in done.stderr, done.stderr
    assert "could not run from it" in done.stdout


def test_a_kiosk_that_is_set_up_is_replaced_only_when_its_host_says_so(venue):
    venue.set_up()
    assert venue.cli("backup", venue.kept, *venue.words).returncode == 0
    assert venue.again(switch="sim:desk").returncode == 0
    now = venue.files()
    done = venue.cli("restore", venue.kept, *venue.words, start_new_session=True)
    assert done.returncode == 1 and "is a kiosk already. To replace" in done.stderr
    assert "--replace" in done.stderr and venue.files() == now
    argv = [program("porchlight"), "--prefix", str(venue.prefix), "restore", str(venue.kept),
            *map(str, venue.words)]
    t = Terminal(argv)
    assert "running" not in t.until("Type yes: ")
    t.say("")
    t.until("Nothing was changed")
    assert t.end() == 1 and venue.files() == now
    venue.start_broker()
    venue.start()
    t = Terminal(argv)
    assert "and it is running" in t.until("Type yes: ")
    t.say("yes")
    t.until("files are restored")
    assert t.end() == 0 and "sim:counter" in (venue.etc / "porchlight.conf").read_text()


@pytest.mark.parametrize("name, why", [("none.backup", "Is the stick mounted?"), ("words", "it is not a backup")])
def test_what_is_no_backup_is_named_before_anything_is_asked(venue, name, why):
    venue.set_up()
    t = Terminal([program("porchlight"), "--prefix", str(venue.prefix), "restore",
                  str(venue.prefix / "stick" / name)])
    said = " ".join(t.until_end().split())
    assert why in said and "Type yes" not in said and "Passphrase" not in said and t.end() == 1


def test_before_a_set_up_there_is_nothing_to_keep(venue):
    done = venue.cli("backup", venue.kept, *venue.words)
    assert done.returncode == 1 and "Before set-up" in done.stderr


# --- a kiosk that was seized ------------------------------------------------------------------------

@pytest.fixture(name="elsewhere")
def folder_elsewhere(venue):
    """The kiosk is gone, its broker is not; its backup was put into another folder, as on another
    machine. A phone listens by what is there."""
    made = fresh("r")
    venue.set_up()
    venue.start_broker()
    account, password = venue.admit()
    assert venue.cli("backup", venue.kept, *venue.words).returncode == 0
    shutil.move(venue.etc, venue.prefix / "seized")

    def cli(*args):
        return process.run([program("porchlight"), "--prefix", made, *args], 60)
    done = cli("restore", venue.kept, *venue.words)
    assert done.returncode == 0, done.stderr
    etc = made / "etc/porchlight"
    secret = etc / "credentials/phone"
    secret.write_text(password + "\n")
    secret.chmod(0o600)
    phone = ("--user", account, "--password", "phone")
    yield SimpleNamespace(cli=cli, prefix=made, etc=etc, phone=phone)
    shutil.rmtree(made, ignore_errors=True)


@pytest.mark.parametrize("named", ["below a prefix", "as on a Pi"])
def test_a_seized_kiosk_is_disowned_from_its_backup(venue, elsewhere, named):
    if named == "as on a Pi":
        conf = elsewhere.etc / "porchlight.conf"
        text = conf.read_text()
        assert f"ca = {venue.etc}/broker-ca.pem\n" in text
        conf.write_text(text.replace(f"ca = {venue.prefix}/etc/", "ca = /etc/"))
    box = Listener(["--prefix", elsewhere.prefix, *elsewhere.phone], elsewhere.prefix / "phone.log")
    venue.boxes.append(box)
    box.wait("link", within=30, up=True)
    t = Terminal([program("porchlight"), "--prefix", str(elsewhere.prefix), "retire", "--root", "-"])
    type_in(t, paper(hexed(venue.root)))
    t.until("Disown it? Type yes: ")
    t.say("yes")
    t.until("every broker shuts that kiosk out")
    assert t.end() == 0
    box.wait("show", within=30, show="retired")


def test_a_seized_kiosk_is_disowned_from_its_papers_alone(venue, elsewhere):
    """No backup: an empty folder, the printed page, and the root key in the host's handwriting."""
    box = Listener(["--prefix", elsewhere.prefix, *elsewhere.phone], elsewhere.prefix / "phone.log")
    venue.boxes.append(box)
    box.wait("link", within=30, up=True)
    empty, keep = fresh("n"), venue.prefix / "seized/papers/keep.html"
    t = Terminal([program("porchlight"), "--prefix", str(empty), "retire", "--root", "-", "--paper",
                  str(keep)])
    type_in(t, paper(hexed(venue.root)))
    t.until("Disown it? Type yes: ")
    t.say("yes")
    t.until("every broker shuts that kiosk out")
    assert t.end() == 0
    box.wait("show", within=30, show="retired")
    assert not list(empty.iterdir())
    shutil.rmtree(empty)


@pytest.mark.parametrize("change, why", [
    (lambda ca: ca.unlink(), "there is no such file"),
    (lambda ca: ca.write_text(""), "the file is empty"),
    (lambda ca: (ca.unlink(), ca.mkdir()), "Is a directory")])
def test_a_ca_that_is_not_there_is_named(venue, elsewhere, change, why):
    change(elsewhere.etc / "broker-ca.pem")
    staff = elsewhere.prefix / "staff.key"
    shutil.copy(venue.root, staff)
    for args in (["retire", "--root", venue.root], ["listen", "--for", "1s", *elsewhere.phone],
                 ["command", "drill", "--key", staff, *elsewhere.phone]):
        done = elsewhere.cli(*args)
        assert done.returncode == 1, (args, done)
        assert re.search(rf"\[broker here\] ca: \S+/broker-ca.pem: {why}. Expected the PEM file of "
                         r"the broker's CA", done.stderr), (args, done.stderr)
        assert "memory" not in done.stderr


def test_a_backup_is_no_prefix(venue):
    venue.set_up()
    assert venue.cli("backup", venue.kept, *venue.words).returncode == 0
    done = process.run([program("porchlight"), "--prefix", venue.kept, "retire", "--root", "x"])
    assert done.returncode == 2
    assert done.stderr.startswith(f"porchlight retire: --prefix {venue.kept}: this is a file, and a "
                                  "folder is expected.")
    assert f"porchlight --prefix FOLDER restore {venue.kept}" in done.stderr


# --- several kiosks ---------------------------------------------------------------------------------

@pytest.fixture(name="two")
def two_kiosks(venue):
    """The first, and the venue's second, set up from the first one's backup and the root key."""
    def make(**answers):
        venue.set_up(**answers)
        assert venue.cli("backup", venue.kept, *venue.words).returncode == 0
        done = second.cli("restore", venue.kept, "--another", *venue.words)
        assert done.returncode == 0 and "kiosk = 2" in done.stdout, done
        done = second.again(kiosk="2", switch="sim:back", door="none", root=venue.root)
        assert done.returncode == 0, done.stderr
        return venue, second
    with Venue() as second:
        yield make


def test_a_second_kiosk_of_the_venue(two):
    first, second = two()
    assert second.venue == first.venue and second.kiosk != first.kiosk
    assert second.keys().venue == first.keys().venue
    assert second.keys().kiosk != first.keys().kiosk
    assert not (second.etc / "ca/ca.key").exists() and not (second.etc / "broker").exists()
    first.start_broker()
    account, password = first.admit(kiosk=second.kiosk)
    second.enlist(account)
    first.start()
    second.start()
    assert all(b["connected"] for b in second.status()["brokers"])
    phone = second.phone(account, password, "--ack", "seen")
    phone.wait(topic="state", within=20)
    drill = second.cli("setup", "--drill")
    assert drill.returncode == 0, drill.stderr
    assert phone.all(topic="alert", drill=True)
    assert first.status()["state"] == "quiet"


def test_a_second_kiosk_wants_the_first_ones_backup(venue):
    done = venue.cli("setup", "--answers", venue.write(kiosk="2"))
    assert done.returncode == 1 and re.search("root key|backup", done.stderr), done
    assert venue.files() == {}


def test_another_is_not_for_a_kiosk(venue):
    venue.set_up()
    assert venue.cli("backup", venue.kept, *venue.words).returncode == 0
    before = venue.files()
    done = venue.cli("restore", venue.kept, "--another", *venue.words)
    assert done.returncode == 1 and "is a kiosk already" in done.stderr
    assert venue.files() == before


def carry_outside(venue, port):
    """What outside/install.sh does on a server, on this machine and without systemd."""
    outside = venue.prefix / "server"
    outside.mkdir()
    for part in (venue.etc / "outside").iterdir():
        if part.is_file():  # what is in registrar/ is for a program that does not run here
            (outside / part.name).write_bytes(part.read_bytes())
    plugin = re.search(r"^plugin (.*)$", (venue.etc / "broker/mosquitto.conf").read_text(), re.M)[1]
    text = (outside / "mosquitto.conf").read_text()
    assert f"listener {port}" in text
    text = re.sub(r"^plugin .*$", f"plugin {plugin}", text, flags=re.M)
    text = text.replace("/etc/mosquitto/porchlight.pem", str(outside / "server.pem"))
    text = text.replace("/var/lib/mosquitto", str(outside))
    for inner in ("1885", "1884"):
        text = text.replace(f"listener {inner}", f"listener {free_port()}")
    (outside / "mosquitto.conf").write_text("user root\n" + text)
    return venue.spawn("outside", "mosquitto", "-c", outside / "mosquitto.conf")


def test_both_brokers_and_the_bridge_between_them(two):
    port = free_port()
    first, second = two(broker="both", outside=f"localhost:{port}")
    server = carry_outside(first, port)
    wait.until(lambda: first.reaches(port), lambda: server.said(), 20)
    first.start_broker()
    account, password = first.admit(kiosk=second.kiosk)
    first.start()
    wait.until(lambda: all(b["connected"] for b in first.status()["brokers"]),
               lambda: f"both brokers: {first.status()['brokers']}", 30)
    assert {b["name"]: b["outside"] for b in first.status()["brokers"]} == {
        "here": False, "outside": True}
    # The second kiosk reaches the one outside alone; a phone only the one at the venue.
    conf = second.etc / "porchlight.conf"
    conf.write_text(conf.read_text().replace(f"port = {first.answers['port']}",
                                             f"port = {free_port()}"))
    heard = []
    ear = second.ear("outside", lambda m: heard.append((m.topic, m.payload)))
    mouth = first.mouth(account, password)
    topic = f"porchlight/{first.venue}/{second.kiosk}/ack/{account}"

    def arrives():
        mouth.publish(topic, b"an answer", 1)
        return (topic, b"an answer") in heard
    wait.until(arrives, "an answer by way of the bridge", 30, every=0.2)
    for client in (ear, mouth):
        client.disconnect()
        client.loop_stop()


def test_two_venues_at_one_broker(venue):
    """The guest's account is made by the broker's host, who gives their CA with it."""
    venue.set_up()
    venue.start_broker()
    with Venue() as guest:
        guest.set_up()
        password = venue.admit_kiosk(guest.venue, guest.kiosk)
        account = guest.prefix / "account"
        account.write_text(f"[account]\nuser = {guest.kiosk}\npassword = {password}\n"
                           f"ca = {venue.etc}/broker-ca.pem\n")
        done = guest.again(broker="elsewhere", outside=f"localhost:{venue.answers['port']}",
                           outside_account=account)
        assert done.returncode == 0, done.stderr
        section = guest.conf()["broker outside"]
        assert section["ca"].endswith("outside-ca.pem") and "broker here" not in guest.conf()
        venue.start()
        guest.start()
        assert guest.status()["brokers"][0]["outside"]
        assert venue.status()["brokers"][0]["connected"]
