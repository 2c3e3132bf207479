"""setup --undo: back to what was before the first set-up, whatever interrupts it."""

import shutil

import pytest

from tests.e2e.test_setup import killed_at
from tests.kit import process, wait
from tests.kit.place import ROOT, program
from tests.kit.setup import Venue
from tests.kit.setup_machine import Machine
from tests.kit.terminal import Terminal

UNDO = ("setup", "--undo", "--yes")


def tree(folder):
    """{path: (mode, bytes)} of all files, and None of all folders."""
    return {str(p.relative_to(folder)): None if p.is_dir() else (p.stat().st_mode & 0o777, p.read_bytes())
            for p in sorted(folder.rglob("*"))}


def installed(venue):
    """What there is before set-up: a package's, and a host's."""
    venue.etc.mkdir(parents=True)
    (venue.etc / "porchlight.conf").write_bytes((ROOT / "config/porchlight.conf").read_bytes())
    (venue.etc / "words.conf").write_text("# mine\n")
    (venue.etc / "registrar").mkdir(mode=0o700)


@pytest.fixture(name="venue")
def new_venue():
    with Venue() as made:
        installed(made)
        yield made


def copy_of(venue):
    return venue.prefix / "var/lib/porchlight-setup"


def test_every_file_is_as_it_was(venue):
    (venue.etc / "dark").write_text("# mine, and set-up removes it\n")
    before = tree(venue.etc)
    venue.set_up(lights="as-they-are")
    assert tree(venue.etc) != before and not (venue.etc / "dark").exists()
    assert copy_of(venue).stat().st_mode & 0o777 == 0o700
    venue.again(broker="both", outside="mqtt.example.org", root=venue.root)
    # What the host makes afterwards is the host's.
    (venue.etc / "wipe.plan").write_text("# mine\n")
    (venue.prefix / "var/lib/porchlight/phones").write_text("")
    done = venue.cli(*UNDO)
    assert done.returncode == 0 and "Undone." in done.stdout and "server outside" in done.stdout, done
    after = tree(venue.etc)
    assert after.pop("wipe.plan") and after == before
    assert not tree(venue.prefix / "var/lib/porchlight")
    assert not tree(venue.prefix / "var/lib/porchlight-broker")
    assert not copy_of(venue).exists() and venue.root.exists()
    again = venue.cli(*UNDO)
    assert again.returncode == 0 and "nothing to undo" in again.stdout
    assert tree(venue.etc).keys() == before.keys() | {"wipe.plan"}
    # And set-up begins once more.
    venue.root.unlink()
    venue.set_up()
    assert venue.cli(*UNDO).returncode == 0 and tree(venue.etc).keys() == before.keys() | {"wipe.plan"}


def test_no_key_of_the_venue_is_in_the_copy(venue):
    venue.set_up()
    venue.again(broker="both", outside="mqtt.example.org", root=venue.root)
    secrets = [p.read_bytes() for p in (venue.etc / "credentials").iterdir()]
    secrets += [(venue.etc / "ca/ca.key").read_bytes(), venue.root.read_bytes()]
    for path in copy_of(venue).rglob("*"):
        assert path.is_dir() or not [s for s in secrets if s.strip() in path.read_bytes()], path
        assert path.is_dir() or path.stat().st_mode & 0o777 == 0o600


def test_a_kiosk_of_an_older_version_is_left_alone(venue):
    venue.set_up()
    process.run(["rm", "-r", copy_of(venue)])
    before = tree(venue.etc)
    done = venue.cli(*UNDO)
    assert done.returncode == 1 and "Nothing was undone" in done.stderr and "older version" in done.stderr
    assert venue.again(door="sim:yard").returncode == 0 and not copy_of(venue).exists()
    assert venue.cli(*UNDO).returncode == 1 and tree(venue.etc).keys() == before.keys()


def test_it_asks_and_waits_for_the_end_of_an_alert(venue):
    venue.set_up()
    before = tree(venue.etc)
    t = Terminal([program("porchlight"), "--prefix", str(venue.prefix), "setup", "--undo"])
    asked = t.until("Type yes: ")
    assert "has to be invited again" in asked and max(map(len, asked.splitlines())) < 80
    t.say("no")
    t.until("Nothing was undone")
    assert t.end() == 1 and tree(venue.etc) == before
    venue.start_broker()
    venue.start()
    venue.cli("sim", "switch", "hold", "1.7s", "--name", "counter")
    wait.until(lambda: venue.status()["state"] == "lockdown", venue.daemon.said)
    done = venue.cli(*UNDO)
    assert done.returncode == 1 and "Nothing was undone" in done.stderr and "Not now" in done.stderr
    assert tree(venue.etc) == before and venue.daemon.alive


# --- interrupted ------------------------------------------------------------------------------------

class Sweep:
    """Undone, with SIGKILL at the number-th call of a kind; then once more."""

    def __init__(self, venue):
        self.venue, self.var = venue, venue.prefix / "var"
        self.before = tree(venue.etc)
        venue.set_up()
        self.whole = tree(venue.etc)
        for folder, name in ((venue.etc, "etc"), (self.var, "var")):
            shutil.copytree(folder, venue.prefix / "kept" / name)

    def cut(self, call, number):
        """What it left: "old" is the kiosk, "new" what was before it. None: it was not killed."""
        for folder, name in ((self.venue.etc, "etc"), (self.var, "var")):
            shutil.rmtree(folder)
            shutil.copytree(self.venue.prefix / "kept" / name, folder)
        if killed_at(self.venue, call, number, *UNDO).returncode == 0:
            return None
        assert self.venue.cli("setup", "--settle").returncode == 0
        found = tree(self.venue.etc)
        assert found in (self.whole, self.before), (call, number)
        done = self.venue.cli(*UNDO)
        assert done.returncode == 0, (call, number, done)
        assert tree(self.venue.etc) == self.before and not copy_of(self.venue).exists(), (call, number)
        assert not tree(self.var / "lib/porchlight"), (call, number)
        return "old" if found == self.whole else "new"


def test_an_interruption_leaves_one_of_the_two_and_a_second_undo_finishes(venue):
    """At a few calls; tests/long kills it at each."""
    sweep = Sweep(venue)
    points = {("unlink", 3): "old", ("renameat2", 1): "old", ("unlink", 30): "new",
              ("unlink", 42): "new",
              ("unlink", 44): "new"}
    assert {point: sweep.cut(*point) for point in points} == points


# --- the services -------------------------------------------------------------------------------------

def test_services_are_as_they_were(folder):
    """The installation had enabled some; porchlightd had nothing to do yet."""
    machine = Machine(folder)
    for unit in ("porchlightd.service", "porchlight-wipe.socket", "porchlight-doctor.timer"):
        (folder / f"units/{unit}.enabled").touch()
    (folder / "units/porchlight-doctor.timer.active").touch()
    done = machine.run(f"""
        mkdir /etc/porchlight
        ls -R /etc/porchlight >{folder}/etc.before; ls {folder}/units >{folder}/units.before
        porchlight setup --answers {machine.answers()} || exit 9
        ls {folder}/units >{folder}/units.between
        porchlight setup --undo --yes || exit 7
        ls -R /etc/porchlight >{folder}/etc.after; ls {folder}/units >{folder}/units.after
        ls -A /var/lib/porchlight /var/lib""")
    assert done.returncode == 0, (done, (folder / "porchlightd.log").read_text())
    names = {when: (folder / f"units.{when}").read_text().split() for when in ("before", "between", "after")}
    assert "porchlight-dark.service.active" in names["between"]
    assert names["after"] == names["before"]
    assert (folder / "etc.after").read_text() == (folder / "etc.before").read_text()
    assert "porchlight-setup" not in done.stdout
    stops = [line for line in machine.asked() if line.startswith("stop ")]
    assert stops.index("stop porchlightd.service") < stops.index("stop porchlight-wipe.socket")
