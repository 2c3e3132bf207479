"""A wipe that porchlightd has recorded and that porchlight-wipe has not begun when the power goes:
nothing opens before it is finished, and the next start finishes it."""

import os
import socket
from contextlib import contextmanager

import pytest

from tests.kit import local, process, record, wait, wiper
from tests.kit.kiosk import FAST, Kiosk
from tests.kit.place import program
from tests.kit.process import Process, environment
from tests.kit.wipe_place import checksum
from tests.kit.wipe_venue import Venue


class Place(Venue):
    """The same venue with a vault of its own, and what porchlightd left."""

    def __init__(self, folder):
        super().__init__(folder)
        self.record = folder / "var/lib/porchlight/record"
        self.record.parent.mkdir()
        self.own = folder / "var/lib/porchlight-wipe/progress"
        self.configure()
        (folder / "key").write_bytes(os.urandom(64))
        made = self.vault("create", "desk", "--make", "luks", "--path", "/srv/venue/desk.luks",
                          "--mount", "/srv/desk", "--size", "16", "--cell", "ram", "--key-file",
                          folder / "key")
        assert made.returncode == 0, made.stderr
        self.held = checksum(self.venue)

    def configure(self, enabled="yes", place=""):
        wiper.write_conf(self.prefix, enabled, f"record = {place}" if place else "")

    def vault(self, *args):
        return process.run([program("porchlight"), "--prefix", self.prefix, "vault", *args])

    def open(self):
        """What `vault open` says; "" if it went on to the key, which is none here."""
        none = self.prefix / "none"
        none.write_bytes(b"")
        done = self.vault("open", "desk", "--key-file", none)
        assert done.returncode == 1
        if "32 to 4096" in done.stderr:
            assert "No vault opens" not in done.stderr
            return ""
        return done.stderr

    def wiper_says(self, mode):
        return process.run([program("porchlight-wipe"), "--prefix", self.prefix, mode])

    def untouched(self):
        return checksum(self.venue) == self.held


@pytest.fixture
def place(folder):
    made = Place(folder)
    yield made
    made.end()


ASKS, SILENT = record.encode(), record.encode(flags=0)
TORN = ASKS[:-1] + bytes([ASKS[-1] ^ 1])


def test_what_is_recorded_and_not_begun(place):
    place.record.write_bytes(record.file(ASKS))
    pending = place.wiper_says("--pending")
    assert (pending.returncode, pending.stderr) == (1, ""), pending.stderr
    assert "No vault opens now: a wipe was requested" in place.open()
    made = place.vault("create", "other", "--make", "luks", "--path", "/srv/venue/other", "--mount",
                       "/srv/other", "--cell", "ram", "--key-file", place.prefix / "key")
    assert made.returncode == 1 and "No vault opens" in made.stderr
    assert place.untouched()

    resumed = place.wiper_says("--resume")
    assert resumed.returncode == 0 and "finishing it" in resumed.stderr, resumed.stderr
    assert sorted(p.name for p in place.venue.iterdir()) == ["broker.password", "desk.luks"]
    assert place.cell.read_bytes()[:40] == bytes(40)
    # The alarm has not said that it is through: it may ask again.
    assert "No vault opens now" in place.open()
    place.record.write_bytes(record.file(ASKS, record.encode(flags=0, serial=2)))
    assert place.wiper_says("--pending").returncode == 0
    assert place.open() == ""
    assert "no wipe is pending" in place.wiper_says("--resume").stderr


@pytest.mark.parametrize("slots, pending", [
    ((ASKS, SILENT), True),  # of the same age: the first stands
    ((SILENT, record.encode(serial=2)), True),
    ((ASKS, record.encode(flags=0, serial=2)), False),
    ((ASKS, TORN), True),
    ((record.encode(serial=2)[:-1], SILENT), False),  # it was not durable, so nobody was asked
])
def test_the_newest_record_that_is_whole_counts(place, slots, pending):
    place.record.write_bytes(record.file(*slots))
    assert place.wiper_says("--pending").returncode == int(pending)
    assert bool(place.open()) == pending


@pytest.mark.parametrize("size", [56, 236])
def test_a_record_in_a_clocks_memory(place, size):
    place.configure(place="nvmem:rtc1")
    cell = place.prefix / "sys/bus/nvmem/devices/rtc1/nvmem"
    cell.parent.mkdir(parents=True)
    cell.write_bytes(ASKS.ljust(size, b"\xff"))
    place.record.write_bytes(record.file(SILENT))
    assert "No vault opens now" in place.open()
    assert "finishing it" in place.wiper_says("--resume").stderr
    assert not place.untouched()
    cell.write_bytes(b"\xff" * size)
    assert place.open() == ""


@pytest.mark.parametrize("spoil", [
    lambda p: None,
    lambda p: p.record.write_bytes(record.file(SILENT)),
    lambda p: p.record.write_bytes(record.file(b"")),
    lambda p: (p.prefix / "etc/porchlight/porchlight.conf").unlink(),
    lambda p: (p.configure(enabled="no"), p.record.write_bytes(record.file(ASKS))),
])
def test_nothing_is_pending(place, spoil):
    spoil(place)
    assert place.wiper_says("--pending").returncode == 0
    assert place.open() == ""
    resumed = place.wiper_says("--resume")
    assert resumed.returncode == 0 and "no wipe is pending" in resumed.stderr
    assert place.untouched()


def own_record(place, bytes_):
    place.own.parent.mkdir(exist_ok=True, mode=0o700)
    place.own.write_bytes(bytes_)


def link_record(place):
    (place.prefix / "elsewhere").write_bytes(record.file(SILENT))
    place.record.symlink_to(place.prefix / "elsewhere")


@pytest.mark.parametrize("spoil, word", [
    (lambda p: p.record.write_bytes(record.file(TORN, TORN)), "is damaged, or it is something else"),
    (lambda p: p.record.write_bytes(b"PLR9" + bytes(100)), "is damaged, or it is something else"),
    (link_record, "symbolic link"),
    (lambda p: p.record.mkdir(), "no file"),
    (lambda p: os.mkfifo(p.record), "no file"),
    (lambda p: p.configure(place="nvmem:none"), "No such file"),
    (lambda p: p.configure(place="nvmem:rtc0"), "vault's key"),
    (lambda p: p.configure(enabled="maybe"), "has an error"),
    (lambda p: (p.record.write_bytes(record.file(ASKS)),
                (p.prefix / "etc/porchlight/porchlight.conf").unlink()), "it is missing"),
    (lambda p: ((p.prefix / "etc/fstab").write_text("/dev/sda9 /var/lib ext4 defaults 0 2\n")),
     "not mounted"),
    (lambda p: own_record(p, b"\x01" * 4096 * 66), "whether a wipe was interrupted"),
    (lambda p: own_record(p, b""), "whether a wipe was interrupted"),
    (lambda p: p.own.parent.symlink_to(p.prefix / "srv"), "whether a wipe was interrupted"),
])
def test_what_cannot_be_read_is_not_nothing(place, spoil, word):
    spoil(place)
    pending = place.wiper_says("--pending")
    assert pending.returncode == 4 and word in pending.stderr, pending.stderr
    said = place.open()
    assert word in said and "it is not known whether a wipe is pending (see above)" in said
    assert place.wiper_says("--resume").returncode == 4
    assert place.untouched()


def test_a_wipe_that_is_asked_for_outweighs_a_record_of_its_own_that_is_lost(place):
    own_record(place, b"\x01" * 4096 * 66)
    place.record.write_bytes(record.file(ASKS))
    resumed = place.wiper_says("--resume")
    assert resumed.returncode == 0 and "finishing it" in resumed.stderr, resumed.stderr
    assert not place.untouched()


@contextmanager
def resuming(place):
    """--resume as its unit runs it, held at the moment it says that the boot may go on: yields a
    function that lets it go, and ends with its end."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        notify.settimeout(60)
        notify.bind(str(place.prefix / "notify"))
        resume = Process("porchlight-wipe", [program("porchlight-wipe"), "--prefix", place.prefix,
                                             "--resume"], place.prefix / "resume.said",
                         env=environment(NOTIFY_SOCKET=place.prefix / "notify"))
        assert notify.recv(100) == b"READY=1"
        said, held, _, _ = socket.recv_fds(notify, 100, 4)
        assert said == b"BARRIER=1"  # it waits until these are closed

        def let_go():
            while held:
                os.close(held.pop())
        yield let_go
        let_go()
        assert resume.wait(60) == 0 and not resume.trouble(), resume.said()


def test_the_boot_waits_for_the_keys_and_not_for_the_rest(place):
    place.record.write_bytes(record.file(ASKS))
    with resuming(place):
        assert not (place.venue / "door.key").exists() and place.cell.read_bytes()[:40] == bytes(40)
        assert (place.venue / "sheets/monday").exists() and (place.venue / "list.csv").exists()
        assert "No vault opens now" in place.open()
    assert sorted(p.name for p in place.venue.iterdir()) == ["broker.password", "desk.luks"]


def test_a_wipe_waits_for_the_one_that_is_being_finished(place):
    """Two at once would write over each other's record."""
    place.record.write_bytes(record.file(ASKS))
    with resuming(place) as let_go:
        place.start()
        (place.venue / "door.key").write_text("a new key\n")
        with local.connect(place.socket, within=60) as asked:
            asked.send(b"WIPE")
            wait.until(lambda: not (place.venue / "door.key").exists(), place.wiper.said,
                       within=30)  # keys wait for nobody
            assert place.ask("STATUS")[-1][:2] == (2, "nothing")
            assert (place.venue / "sheets/monday").exists()
            let_go()
            names = []
            while not names or names[-1][1] == 1:
                packet = local.PROGRESS.unpack(asked.recv(96))
                names.append((local.OUTCOMES[packet[2]], packet[1]))
    assert [o for o, kind in names if kind == 1] == ["already gone"] * 4 + ["nothing"]


def test_a_press_that_nobody_could_carry_out_any_more():
    """The real programs: the switch is held, no porchlight-wipe is there, and the power goes."""
    with Kiosk(conf=FAST) as kiosk:
        kiosk.start()
        kiosk.wires().hold(0.9)
        wait.until(lambda: record.wipe_pending(kiosk.state / "record"), kiosk.daemon.said)
        kiosk.daemon.kill()
        venue = kiosk.prefix / "srv/venue"
        venue.mkdir(parents=True)
        (venue / "key").write_text("a key\n")
        (kiosk.etc / "wipe.plan").write_text(
            "[root venue]\npath = /srv/venue\n[key sheet]\npath = /srv/venue/key\n")
        done = process.run([program("porchlight-wipe"), "--prefix", kiosk.prefix, "--resume"])
        assert done.returncode == 0 and "finishing it" in done.stderr, done.stderr
        assert list(venue.iterdir()) == []


def test_a_wipe_that_was_switched_off_does_not_come_back_with_the_switch(kiosk):
    """What a host has taken back in the config is not done when it is enabled again."""
    kiosk.change({"wipe": {"enabled": "no"}})
    held = kiosk.state / "record"
    held.write_bytes(record.file(ASKS))
    kiosk.start()
    assert kiosk.status()["state"] == "lockdown"
    assert not record.wipe_pending(held)
