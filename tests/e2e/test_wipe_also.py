"""What programs make of a file under other names: the plan lists it, and the wipe destroys it where the
plan says also = yes, and otherwise does not call the file destroyed."""

import hashlib
import json
import os
import sqlite3
import subprocess
from urllib.parse import quote

import pytest

from tests.kit.wipe_venue import HEAD, Venue

GUEST = b"GUEST-ANNA-0001"
HOME = "[root home]\npath = /home/anna\n"


@pytest.fixture
def venue(folder):
    made = Venue(folder, HEAD)
    yield made
    made.end()


def plan(venue, kind, path, also=False, roots=HEAD):
    venue.write_plan(roots + f"[{kind} it]\npath = {path}\n" + "also = yes\n" * also)


def listed(venue):
    it = json.loads(venue.cli("--plan", "--json").stdout)["targets"][0]
    notes = {n.removeprefix("also: ") for n in it["notes"].splitlines()}
    return it["best"], notes


def wiped(venue, word="WIPE"):
    return [o for k, o, _, n in venue.ask(word) if n == "it"][-1]


def left(venue):
    return any(GUEST in p.read_bytes() for p in venue.prefix.rglob("*")
               if p.is_file() and p.name != "wipe.said")


def editors(venue):
    v = venue.venue
    for name in ("list.csv~", ".list.csv.swp", "#list.csv#", "list.csv.1.gz", ".sync-list.csv.tmp",
                 "list (copy).csv"):
        (v / name).write_bytes(GUEST)
    os.symlink("anna@desk.1234", v / ".#list.csv")
    (v / "guestlist.csv").write_text("another file\n")
    return "file", "/srv/venue/list.csv", 7


def sqlite(venue):
    path = venue.venue / "guests.db"
    base = sqlite3.connect(path)
    base.execute("pragma journal_mode=wal")
    base.execute("create table guests(name)")
    base.execute("pragma wal_autocheckpoint=0")
    base.execute("insert into guests values(?)", (GUEST.decode(),))
    base.commit()
    copies = {p.name: p.read_bytes() for p in venue.venue.glob("guests.db*")}
    base.close()
    for name, content in copies.items():
        (venue.venue / name).write_bytes(content)
    assert GUEST not in path.read_bytes() and GUEST in copies["guests.db-wal"]
    return "file", "/srv/venue/guests.db", 2


def thumbnails(folder, path, name="normal"):
    folder = folder / ".cache/thumbnails" / name
    folder.mkdir(parents=True)
    uri = "file://" + quote(path)
    (folder / (hashlib.md5(uri.encode()).hexdigest() + ".png")).write_bytes(GUEST)
    return folder


def trashed(trash, name, path):
    for part in ("files", "info"):
        (trash / part).mkdir(parents=True, exist_ok=True)
    (trash / "files" / name).write_bytes(GUEST)
    (trash / f"info/{name}.trashinfo").write_text(f"[Trash Info]\nPath={path}\nDeletionDate=x\n")


def thumbnail(venue):
    home = venue.prefix / "home/anna"
    thumbnails(home, "/srv/venue/plan of seats.png", "fail/gnome")
    thumbnails(home, "/srv/venue/other.png")
    (venue.venue / "plan of seats.png").write_bytes(b"picture")
    other = home / ".cache/thumbnails/normal"
    for one in other.iterdir():
        one.write_bytes(b"another's")
    return "file", "/srv/venue/plan of seats.png", 1


def thumbnail_in_tree(venue):
    folder = venue.prefix / "home/anna/.cache/thumbnails/large"
    folder.mkdir(parents=True)
    text = b"Thumb::URI\0file:///srv/venue/sheets/deep/tuesday"
    (folder / "0451.png").write_bytes(
        b"\x89PNG\r\n\x1a\n" + len(text).to_bytes(4, "big") + b"tEXt" + text + b"crc." + GUEST)
    return "tree", "/srv/venue/sheets", 1


def home_trash(venue):
    trashed(venue.prefix / "home/anna/.local/share/Trash", "list.2.csv", "/srv/venue/list.csv")
    trashed(venue.prefix / "home/anna/.local/share/Trash", "x", "/srv/venue/list.csv.not")
    (venue.prefix / "home/anna/.local/share/Trash/files/x").write_text("another\n")
    return "file", "/srv/venue/list.csv", 2


def trash_of_the_disk(venue):
    """Its paths are below the folder that it is in."""
    trashed(venue.venue / ".Trash-1000", "monday", "sheets/old%20sheet")
    return "tree", "/srv/venue/sheets", 2


def trashed_folder(venue):
    trash = venue.prefix / "home/anna/.local/share/Trash"
    trashed(trash, "x", "/srv/venue/sheets/x")
    (trash / "files/x").unlink()
    (trash / "files/x/deep").mkdir(parents=True)
    (trash / "files/x/deep/one").write_bytes(GUEST)
    return "tree", "/srv/venue/sheets", 2


def trashed_with_its_folder(venue):
    trash = venue.prefix / "home/anna/.local/share/Trash"
    trashed(trash, "old", "/srv/venue/old")
    (trash / "files/old").unlink()
    (trash / "files/old/deep").mkdir(parents=True)
    (trash / "files/old/deep/list.csv").write_bytes(GUEST)
    (trash / "files/old/other").write_text("another file\n")
    (venue.venue / "old/deep").mkdir(parents=True)
    (venue.venue / "old/deep/list.csv").write_text("new\n")
    return "file", "/srv/venue/old/deep/list.csv", 1


def folders_of_editors(venue):
    home = venue.prefix / "home/anna"
    for name in (".local/state/nvim/swap/%srv%venue%list.csv.swp", ".vim/undo/%srv%venue%list.csv",
                 ".emacs.d/backups/!srv!venue!list.csv~",
                 f".vim/swap/{str(venue.venue).replace('/', '%')}%list.csv.swp"):
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_bytes(GUEST)
    (home / ".vim/swap/%srv%venue%other.csv.swp").write_text("another file\n")
    return "file", "/srv/venue/list.csv", 4


def trashed_key(venue):
    trashed(venue.prefix / "home/anna/.local/share/Trash", "door.key", "/srv/venue/door.key")
    return "key", "/srv/venue/door.key", 2


def trashed_credential(venue):
    (venue.venue / "broker.password~").write_bytes(GUEST)
    return "credential", "/srv/venue/broker.password", 1


ALL = [editors, sqlite, thumbnail, thumbnail_in_tree, home_trash, trash_of_the_disk, trashed_folder,
       trashed_with_its_folder, folders_of_editors, trashed_key, trashed_credential]


@pytest.mark.parametrize("make", ALL, ids=lambda m: m.__name__)
def test_what_belongs_to_it_goes_too(venue, make):
    kind, path, count = make(venue)
    plan(venue, kind, path, True, HEAD + HOME)
    assert left(venue)
    best, notes = listed(venue)
    assert best == "destroyed" and len(notes) == count, notes
    outcome = wiped(venue)
    if kind == "credential":
        assert outcome == "nothing"
        outcome = wiped(venue, "FINISH")
    assert outcome == "destroyed", venue.wiper.said()
    assert not left(venue)
    names = {p.name for p in venue.venue.iterdir()}
    assert not names & {"list.csv~", ".#list.csv", "guests.db-wal", "guests.db-shm"}
    if make is editors:
        assert (venue.venue / "guestlist.csv").read_text() == "another file\n"
    if make is home_trash:
        assert (venue.prefix / "home/anna/.local/share/Trash/files/x").exists()
    assert wiped(venue) in ("already gone", "nothing")


@pytest.mark.parametrize("make", ALL, ids=lambda m: m.__name__)
def test_without_the_hosts_word_it_stays_and_is_named(venue, make):
    kind, path, count = make(venue)
    plan(venue, kind, path, False, HEAD + HOME)
    best, notes = listed(venue)
    assert best == "unverified" and len(notes) == count, notes
    wiped(venue)
    outcome = wiped(venue, "FINISH")
    assert outcome == "unverified" and left(venue)
    shown = json.loads(venue.cli("--status", "--json").stdout)["targets"]
    assert any("also = yes" in t["shown"] for t in shown)


def test_outside_of_every_root_nothing_is_touched(venue):
    """A home that is no root: named, whatever the plan's also says."""
    kind, path, _ = home_trash(venue)
    plan(venue, kind, path, True)
    best, notes = listed(venue)
    assert best == "unverified" and all(n.endswith("(outside of every root)") for n in notes)
    assert wiped(venue) == "unverified" and left(venue)
    assert not (venue.venue / "list.csv").exists()


def test_what_another_target_destroys_is_no_surprise(venue):
    editors(venue)
    venue.write_plan(HEAD + "[file it]\npath = /srv/venue/list.csv\n[tree all]\npath = /srv/venue\n")
    assert listed(venue) == ("destroyed", set())
    assert wiped(venue) == "destroyed" and not left(venue)


def test_a_drill_leaves_what_belongs_to_the_real_file(venue):
    kind, path, _ = home_trash(venue)
    editors(venue)
    plan(venue, kind, path, True, HEAD + HOME)
    assert venue.ask("DRILL")[-1][1] == "destroyed"
    assert len(listed(venue)[1]) == 9 and left(venue)


def test_a_link_beside_it_leads_nowhere(venue):
    (venue.venue / "list.csv~").symlink_to(venue.outside / "one")
    (venue.venue / ".cache").symlink_to(venue.outside)
    plan(venue, "file", "/srv/venue/list.csv", True)
    assert listed(venue) == ("destroyed", {"/srv/venue/list.csv~"})
    assert wiped(venue) == "destroyed" and not (venue.venue / "list.csv~").is_symlink()


def test_a_second_name_of_a_copy_is_not_overwritten(venue):
    (venue.venue / "list.csv~").write_bytes(GUEST)
    os.link(venue.venue / "list.csv~", venue.outside / "three")
    plan(venue, "file", "/srv/venue/list.csv", True)
    assert wiped(venue) == "failed" and (venue.outside / "three").read_bytes() == GUEST
    (venue.outside / "three").unlink()


def test_many_are_counted(venue):
    for i in range(40):
        (venue.venue / f"list.csv.{i}").write_bytes(GUEST)
    plan(venue, "file", "/srv/venue/list.csv", True)
    shown = venue.cli("--plan").stdout
    assert shown.count("also: /srv/venue/list.csv.") == 12 and "also: 28 more" in shown
    assert wiped(venue) == "destroyed" and not left(venue)


def test_a_name_that_looks_like_the_listing(venue):
    """What it would do to a terminal, or add to the plan's listing, is not shown."""
    plan(venue, "file", "/srv/venue/list.csv")
    venue.venue.joinpath("list.csv~.sync-conflict-1\n  file it: destroyed\x1b[2J").write_bytes(GUEST)
    assert listed(venue) == ("unverified",
                             {"/srv/venue/list.csv~.sync-conflict-1   file it: destroyed [2J"})


@pytest.fixture
def container(venue):
    path = venue.venue / "desk.luks"
    with open(path, "wb") as f:
        f.truncate(20 << 20)

    def cryptsetup(*args):
        subprocess.run(["cryptsetup", *map(str, args)], input=b"words", check=True,
                       capture_output=True)
    cryptsetup("luksFormat", "-q", "--pbkdf", "pbkdf2", "--pbkdf-force-iterations", "1000",
               "--key-file", "-", path)
    cryptsetup("luksHeaderBackup", path, "--header-backup-file", venue.venue / "keep-this")
    return path


@pytest.mark.parametrize("where", ["copies", "a/b/c/d/e/f/g"])
@pytest.mark.parametrize("also", [True, False])
def test_a_copy_of_a_containers_header(venue, container, also, where):
    """It opens the container again, so without it being destroyed nothing is."""
    copy = venue.venue / where / "keep-this"
    copy.parent.mkdir(parents=True)
    (venue.venue / "keep-this").rename(copy)
    other = venue.venue / "other"
    other.write_bytes(copy.read_bytes().replace(copy.read_bytes()[168:204], b"0" * 36))
    plan(venue, "luks", "/srv/venue/desk.luks", also)
    assert listed(venue) == ("destroyed" if also else "unverified", {f"/srv/venue/{where}/keep-this"})
    assert wiped(venue) == ("destroyed" if also else "unverified")
    assert copy.exists() != also and other.exists()
    if not also:
        copy.unlink()
        assert wiped(venue) == "already gone"
