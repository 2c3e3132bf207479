"""Attacks on the wipe's scope: symlinks, "..", bind mounts, hard links, in the targets, on the way
to them and under the wipe's feet while it runs. Whatever is tried, what is outside of the roots
keeps its checksum. Needs root; the mounts live in a namespace of their own."""

import os
import random
import subprocess
import threading
import time

import pytest

from tests.kit import local, wiper
from tests.kit.wipe_place import checksum

HEAD = "[root venue]\npath = /srv/venue\n"
TREE = HEAD + "[tree sheets]\npath = /srv/venue/sheets\n"


class Place:
    def __init__(self, folder):
        self.folder, self.venue = folder, folder / "srv/venue"
        self.sheets, self.sentinel = self.venue / "sheets", folder / "srv/sentinel"
        self.socket = folder / "run/porchlight/wipe.sock"
        for made in ("etc/porchlight", "run/porchlight", "var/lib", "srv/venue/sheets",
                     "srv/sentinel/deep"):
            (folder / made).mkdir(parents=True)
        (self.sentinel / "one").write_bytes(b"must stay\n" * 500)
        (self.sentinel / "deep/two").write_bytes(b"must stay too\n")
        self.before = checksum(self.sentinel)
        self.fill()

    def plan(self, text):
        (self.folder / "etc/porchlight/wipe.plan").write_text(text)

    def fill(self):
        for folder in (self.sheets, self.sheets / "deep"):
            if folder.is_symlink():
                folder.unlink()
            folder.mkdir(exist_ok=True)
        for name in (*"01234567", "deep/last"):
            fresh = self.venue / "fresh"  # and renamed: what is there is not followed
            fresh.unlink(missing_ok=True)
            fresh.write_bytes(b"goes\n" * 400)
            os.rename(fresh, self.sheets / name)

    def start(self, inside=()):
        """`inside`: mount(8) arguments, each a list, done in the wipe's own mount namespace."""
        script = "mount --make-rprivate / && " + "".join(
            "mount " + " ".join(map(str, argv)) + " && " for argv in inside) + 'exec "$@"'
        self.wiper = wiper.start(self.folder, ["unshare", "--mount", "sh", "-c", script, "sh"])

    def wipe(self):
        return wiper.outcomes(self.folder, "WIPE", 120)

    def end(self):
        wiper.end(self.wiper)
        assert checksum(self.sentinel) == self.before, "something outside of the roots was touched"


@pytest.fixture
def place(folder):
    made = Place(folder)
    yield made
    made.end()


@pytest.mark.parametrize("where", ["sheets/mounted", "sheets", "."])
def test_a_folder_of_the_outside_mounted_over_a_target(place, where):
    """In the tree, as the tree, and over the whole root, behind the plan's back. The last one is the
    root then, as the plan names it: a root may be a mount of its own, so it must not be one that
    is elsewhere too. What protects there is that only root can mount."""
    at = place.venue / where
    at.mkdir(exist_ok=True)
    place.plan(TREE)
    if where == ".":
        (place.sentinel / "venue").mkdir()
        place.before = checksum(place.sentinel)
        place.start([["--bind", place.sentinel / "venue", at]])
        assert place.wipe() == {"sheets": "unverified"}
        return
    place.start([["--bind", place.sentinel, at]])
    assert place.wipe() == {"sheets": "failed"}
    assert "mount" in place.wiper.said()
    if where == "sheets/mounted":
        assert {p.name for p in place.sheets.iterdir()} == {"mounted"}, "the rest goes all the same"


def test_a_file_of_the_outside_mounted_over_a_file(place):
    place.plan(HEAD + "[file a]\npath = /srv/venue/a\n[key b]\npath = /srv/venue/b\n"
                      "[cell c]\ncell = file:/srv/venue/c\n[luks d]\npath = /srv/venue/d\n")
    for name in "abcd":
        (place.venue / name).write_bytes(b"x" * 40)
    place.start([["--bind", place.sentinel / "one", place.venue / name] for name in "abcd"])
    assert set(place.wipe().values()) == {"failed"}


def test_another_file_system_in_the_tree(place):
    inner = place.sheets / "other"
    inner.mkdir()
    place.plan(TREE)
    place.start([["-t", "tmpfs", "none", inner]])
    assert place.wipe() == {"sheets": "failed"}
    assert inner.is_dir()


@pytest.mark.parametrize("path", ["/srv/venue/../sentinel", "/srv/venue/./../sentinel/one",
                                  "/srv/venue/sheets/../../sentinel", "/srv/sentinel", "/srv",
                                  "/srv/venue-2", "/", "/etc/porchlight"])
def test_paths_that_lead_out(place, path):
    place.plan(TREE + f"[tree out]\npath = {path}\n")
    place.start()
    assert [p[0] for p in local.wipe(place.socket, "WIPE")] == [3]
    assert (place.sheets / "0").exists()


def test_an_immutable_mark_is_left_on_what_has_a_second_name(place):
    os.link(place.sentinel / "one", place.sheets / "one")
    place.before = checksum(place.sentinel)
    place.plan(TREE + "[file marked]\npath = /srv/venue/marked\n")
    (place.venue / "marked").write_bytes(b"goes\n" * 400)
    marked = [place.sheets / "one", place.venue / "marked", place.sheets / "7"]
    subprocess.run(["chattr", "+i", *marked], check=True)
    try:
        place.start()
        assert place.wipe() == {"sheets": "failed", "marked": "destroyed"}
        assert [p.name for p in place.sheets.iterdir()] == ["one"]
        said = subprocess.run(["lsattr", place.sheets / "one"], capture_output=True, text=True)
        assert "i" in said.stdout.split()[0]
    finally:
        subprocess.run(["chattr", "-i", place.sheets / "one"], check=True)
        subprocess.run(["chattr", "-f", "-i", *marked[1:]])


@pytest.mark.parametrize("kind", ["key", "file", "tree", "luks", "fscrypt", "tmpfs", "journal",
                                  "credential"])
def test_every_kind_refuses_links(place, kind):
    """A symlink as the target, and one on the way; for files a second name of an outside file."""
    place.plan("[root venue]\npath = /srv/venue\n"
               + f"[{kind} a]\npath = /srv/venue/a\n[{kind} b]\npath = /srv/venue/way/one\n"
               + f"[{kind} c]\npath = /srv/venue/c\n")
    (place.venue / "a").symlink_to(place.sentinel / "one" if kind != "tree" else place.sentinel)
    (place.venue / "way").symlink_to("../sentinel")
    os.link(place.sentinel / "one", place.venue / "c")
    place.before = checksum(place.sentinel)
    place.start()
    words = ("WIPE", "FINISH")
    outcomes = [local.wipe(place.socket, word) for word in words]
    assert all("destroyed" not in {o for _, o, _, _ in packets} for packets in outcomes), outcomes
    assert (place.venue / "a").is_symlink() and (place.venue / "c").exists()


def race(place, attack, rounds=25, intact=None):
    """Wipes while `attack(chance)` runs in a loop beside it; the sentinel is looked at each round."""
    intact = intact or (lambda: checksum(place.sentinel) == place.before)
    chance, stop, tries, turn = random.Random(4), threading.Event(), [0], threading.Lock()

    def loop():
        while not stop.is_set():
            with turn:  # it rests while the tree is filled again: we must not follow links either
                try:
                    attack(chance)
                except OSError:
                    pass
            tries[0] += 1

    place.plan(TREE)
    place.start()
    thread = threading.Thread(target=loop)
    thread.start()
    try:
        for _ in range(rounds):
            with turn:
                place.fill()
            place.wipe()
            assert intact(), "something outside of the roots was touched"
    finally:
        stop.set()
        thread.join()
    print(f"\n{attack.__name__}: {rounds} wipes, {tries[0]} attacks beside them")
    assert tries[0] > rounds


def test_race_file_for_symlink(place):
    def symlink_for_a_file(chance):
        at = place.sheets / str(chance.randrange(8))
        spare = place.venue / "spare"
        spare.unlink(missing_ok=True)
        spare.symlink_to(place.sentinel / "one")
        os.rename(spare, at)

    race(place, symlink_for_a_file)


def test_race_file_for_hard_link(place):
    kept = place.sentinel / "one"
    before = kept.read_bytes()

    def hard_link_for_a_file(chance):
        spare = place.venue / "spare"
        spare.unlink(missing_ok=True)
        os.link(kept, spare)
        os.rename(spare, place.sheets / str(chance.randrange(8)))

    race(place, hard_link_for_a_file, intact=lambda: kept.read_bytes() == before)
    for name in place.venue.rglob("*"):
        if name.is_file() and name.stat().st_nlink > 1:
            name.unlink()  # the count of names is part of the checksum


def test_race_folder_for_symlink(place):
    def symlink_for_a_folder(chance):
        aside = place.venue / "aside"
        spare = place.venue / "spare"
        spare.unlink(missing_ok=True)
        spare.symlink_to(place.sentinel)
        os.rename(place.sheets / "deep", aside)
        os.rename(spare, place.sheets / "deep")
        os.rename(place.sheets / "deep", spare)
        os.rename(aside, place.sheets / "deep")

    race(place, symlink_for_a_folder)


def test_race_the_way_itself(place):
    """The target's own folder is swapped for a link to the outside, which has the same names."""
    for i in range(8):
        (place.sentinel / str(i)).write_bytes(b"must stay\n")
    place.before = checksum(place.sentinel)

    def symlink_for_the_tree(chance):
        aside = place.venue / "aside"
        spare = place.venue / "spare"
        spare.unlink(missing_ok=True)
        spare.symlink_to(place.sentinel)
        os.rename(place.sheets, aside)
        os.rename(spare, place.sheets)
        os.rename(place.sheets, spare)
        os.rename(aside, place.sheets)

    race(place, symlink_for_the_tree)


def test_race_moved_out(place):
    """A folder of the tree is moved out of the root while it is emptied: what it held is the tree's;
    what is where it goes to is not."""
    out = place.sentinel.parent / "out"
    out.mkdir()
    (out / "kept").write_bytes(b"must stay\n")

    def folder_moved_out(chance):
        os.rename(place.sheets / "deep", out / "deep")
        time.sleep(chance.random() / 500)
        os.rename(out / "deep", place.sheets / "deep")

    race(place, folder_moved_out)
    assert (out / "kept").read_bytes() == b"must stay\n"


def test_race_mounts(place):
    """The outside is mounted into the tree, and taken away, as fast as it goes."""
    at = place.sheets / "mounted"

    def mount_and_unmount(_chance):
        pid = place.wiper.pid
        subprocess.run(["nsenter", "-t", str(pid), "-m", "sh", "-c",
                        f"mkdir -p {at}; mount --bind {place.sentinel} {at}; umount {at}"],
                       capture_output=True)

    race(place, mount_and_unmount, rounds=15)


def test_deep_trees_and_long_names_stay_inside(place):
    deep = place.sheets
    for _ in range(180):
        deep = deep / "d"
        deep.mkdir()
    (deep / "up").symlink_to("../" * 200 + "srv/sentinel")
    (place.sheets / ("n" * 255)).symlink_to("../" * 20)
    place.plan(TREE)
    place.start()
    assert place.wipe() == {"sheets": "destroyed"}
