"""LUKS containers in every condition, made by cryptsetup: what the plan says beforehand, what the wipe
reports, and what a scan of the bytes finds afterwards. No container needs an open mapping here: the
kernel that builds this may have no dm-crypt. Open ones are tried on the board."""

import json
import shutil
import struct

import pytest

from tests.kit import process
from tests.kit.luks_containers import (CLEAR, FAST, MIB, blank, change, cryptsetup, decrypting, done, encrypting,
                                       guests, half_encrypted, null_cipher, opens, partly)
from tests.kit.wipe_venue import HEAD, Venue

DESTROYED_LATER = "what was in clear is overwritten"


@pytest.fixture
def venue(folder):
    made = Venue(folder, HEAD)
    yield made
    made.end()


def plan(venue, text="path = /srv/venue/desk.luks\n", more=""):
    venue.write_plan(HEAD + "[luks desk]\n" + text + more)


def before(venue):
    shown = json.loads(venue.cli("--plan", "--json").stdout)["targets"]
    return next(t for t in shown if t["name"] == "desk")


def reported(venue):
    told = json.loads(venue.cli("--status", "--json").stdout)["targets"]
    return next(t for t in told if t["name"] == "desk")


def wiped(venue):
    """The last of what was said of it: keys first, then what was left for later."""
    return [o for k, o, _, n in venue.ask("WIPE") if n == "desk"][-1]


@pytest.mark.parametrize("more", [
    (), ("--type", "luks1"), ("--luks2-metadata-size", "4m", "--luks2-keyslots-size", "32m"),
    ("--luks2-metadata-size", "64k"), ("--luks2-keyslots-size", "256k", "--key-slot", "0"),
    ("--offset", 16 * 2048 * 2), ("--sector-size", "4096"), ("--label", "guests")],
    ids=lambda m: " ".join(map(str, m)) or "as made")
def test_whole_containers_die(venue, more):
    """Several key slots and a token; odd sizes; LUKS1."""
    path = venue.venue / "desk.luks"
    blank(path, 128 * MIB)
    fast = [a for a in FAST if a not in ("--pbkdf", "pbkdf2")] if "luks1" in more else FAST
    done("luksFormat", *fast, *(("--type", "luks2") if "luks1" not in more else ()), *more, path)
    if "256k" not in more:
        (venue.prefix / "second").write_bytes(b"another passphrase")
        done("luksAddKey", *fast, path, venue.prefix / "second")
    if "luks1" not in more:
        done("token", "add", "--key-description", "desk", path)
    made = path.read_bytes()
    assert opens(path)
    plan(venue)
    assert before(venue)["seen"] == "there" and before(venue)["best"] == "destroyed"
    assert wiped(venue) == "destroyed", venue.wiper.said()
    assert "mapping" not in reported(venue)["shown"]
    now = path.read_bytes()
    assert not opens(path) and cryptsetup("repair", *FAST, path).returncode != 0
    dump = process.run(["cryptsetup", "isLuks", path])
    assert dump.returncode != 0
    front = 8 * MIB + 500 * 1024 if "4m" in more else 200 * 1024  # the slots that are in use
    alive = [at for at in range(4096, front, 512)
             if now[at:at + 512] == made[at:at + 512] and any(made[at:at + 512])]
    assert not alive, f"as it was made: {alive[:5]}"
    assert wiped(venue) == "already gone"


@pytest.mark.parametrize("make, said", [
    (encrypting, "its encryption in place is not finished"),
    (half_encrypted, "its encryption in place is not finished"),
    (decrypting, "it is being decrypted"), (null_cipher, "its cipher encrypts nothing"),
    (partly, "only a part of it is encrypted")], ids=lambda m: getattr(m, "__name__", None))
def test_what_is_in_clear_is_named_and_overwritten(venue, make, said):
    """Keys first; then the clear bytes, which may take long; and it is never called destroyed."""
    path = venue.venue / "desk.luks"
    plan(venue, make(path), "[key door]\npath = /srv/venue/door.key\n")
    assert CLEAR in path.read_bytes()
    seen = before(venue)
    assert said in seen["seen"]
    assert seen["best"] == "unverified" and DESTROYED_LATER in seen["why"]
    assert CLEAR in path.read_bytes(), "to look changes nothing"
    said_in_order = [(n, o) for k, o, _, n in venue.ask("WIPE") if k == 1]
    assert said_in_order == [("desk", "failed"), ("door", "destroyed"), ("desk", "unverified")]
    assert DESTROYED_LATER in reported(venue)["shown"]
    now = path.read_bytes()
    assert CLEAR[:16] not in now and not opens(path)
    header = path.with_suffix(".hdr")
    assert not header.exists() or not opens(path, "--header", header)
    for _ in range(2):
        assert wiped(venue) == "unverified", "the next wipe knows it too"
        assert DESTROYED_LATER in reported(venue)["shown"]


def test_a_cut_before_the_clear_bytes_is_resumed(venue):
    """The mark in the header's place says what is left to overwrite."""
    path = venue.venue / "desk.luks"
    plan(venue, encrypting(path))
    clear = path.read_bytes()
    venue.ask("WIPE")
    mark = path.read_bytes()[:512]
    assert mark[:30] == b"Porchlight destroyed this LUKS"
    path.write_bytes(mark[:48] + struct.pack("=QQ", 16 * MIB, 64 * MIB) + mark[64:]
                     + clear[512:])
    assert CLEAR in path.read_bytes()
    assert wiped(venue) == "unverified"
    assert CLEAR not in path.read_bytes()


@pytest.mark.parametrize("kind", ["luks1", "luks2"])
def test_what_is_left_in_clear_before_the_data_is_overwritten(venue, kind):
    """cryptsetup leaves it as it was when it encrypts in place with small key slots."""
    path = venue.venue / "desk.luks"
    blank(path, 8 * MIB)
    more = [] if kind == "luks1" else ["--luks2-keyslots-size", "512k"]
    done("luksFormat", "-q", "--type", kind, "--pbkdf-force-iterations", "1000", *more,
         *(["--pbkdf", "pbkdf2"] if kind == "luks2" else []), "--key-file", "-", path)
    end = 2 * MIB if kind == "luks1" else MIB
    with open(path, "r+b") as f:
        f.seek(end - 5000)
        f.write(CLEAR * 200)
        f.seek(end)
        f.write(b"data" * 1000)
    plan(venue)
    assert wiped(venue) == "destroyed"
    now = path.read_bytes()
    assert CLEAR not in now and now[end:end + 4000] == b"data" * 1000
    assert wiped(venue) == "already gone"


def test_reencryption_not_finished_dies_whole(venue):
    """Both keys are in its slots, and all of its bytes are encrypted with one of them."""
    path = venue.venue / "desk.luks"
    blank(path)
    done("luksFormat", *FAST, path)
    done("reencrypt", "--init-only", "--force-offline-reencrypt", *FAST, path)
    plan(venue)
    made = path.read_bytes()
    assert "reencryption is not finished" in before(venue)["seen"]
    assert wiped(venue) == "destroyed"
    now = path.read_bytes()
    assert all(now[at:at + 512] != made[at:at + 512] for at in range(0, 16 * MIB, 512))


@pytest.fixture
def detached(venue):
    v = venue.venue
    blank(v / "desk.img")
    done("luksFormat", "--header", v / "desk.hdr", *FAST, v / "desk.img")
    assert opens(v / "desk.img", "--header", v / "desk.hdr")
    return v


def test_a_detached_header_with_its_data(venue, detached):
    plan(venue, "path = /srv/venue/desk.img\nheader = /srv/venue/desk.hdr\n")
    (detached / "desk.img").write_bytes(b"noise" * 1000000)
    assert before(venue)["best"] == "destroyed"
    assert wiped(venue) == "destroyed"
    assert not opens(detached / "desk.img", "--header", detached / "desk.hdr")
    assert (detached / "desk.img").read_bytes() == b"noise" * 1000000, "data is not rewritten"


def test_a_detached_header_of_data_in_clear(venue):
    v = venue.venue
    guests(v / "desk.img")
    blank(v / "desk.luks")
    done("luksFormat", "--header", v / "desk.hdr", *FAST, v / "desk.luks")
    change(v / "desk.hdr", lambda m: m["segments"].update(
        {"0": {"type": "linear", "offset": "0", "size": "dynamic"}}))
    plan(venue, "path = /srv/venue/desk.img\nheader = /srv/venue/desk.hdr\n")
    assert before(venue)["best"] == "unverified"
    assert wiped(venue) == "unverified"
    assert CLEAR not in (v / "desk.img").read_bytes()


def test_a_header_that_is_named_beside_one_in_front(venue):
    """The plan names a copy of the header; the container has its own too."""
    v = venue.venue
    blank(v / "desk.luks")
    done("luksFormat", *FAST, v / "desk.luks")
    done("luksHeaderBackup", v / "desk.luks", "--header-backup-file", v / "desk.hdr")
    plan(venue, "path = /srv/venue/desk.luks\nheader = /srv/venue/desk.hdr\n")
    assert wiped(venue) == "destroyed"
    assert not opens(v / "desk.luks") and not opens(v / "desk.luks", "--header", v / "desk.hdr")


@pytest.mark.parametrize("text, why, opened", [
    ("path = /srv/venue/desk.hdr\n", "it is a header without its data", False),
    ("path = /srv/venue/desk.img\n", "no LUKS header was found in it", True),
    ("path = /srv/venue/desk.img\nheader = /srv/venue/none\n", "a copy of it may open", True),
    ("path = /srv/venue/none\nheader = /srv/venue/desk.hdr\n", "its data was not found", False)])
def test_half_of_a_detached_container(venue, detached, text, why, opened):
    plan(venue, text)
    if "none\nheader" not in text:
        assert before(venue)["best"] == "unverified" and why in before(venue)["why"]
    assert wiped(venue) == "unverified"
    assert why in reported(venue)["shown"]
    assert opens(detached / "desk.img", "--header", detached / "desk.hdr") == opened


def test_what_does_not_load_is_not_called_a_container_without_a_header(venue):
    path = venue.venue / "desk.luks"
    blank(path)
    done("luksFormat", *FAST, path)
    data = bytearray(path.read_bytes())
    data[200] ^= 1
    data[16384 + 200] ^= 1
    path.write_bytes(data)
    plan(venue)
    assert before(venue)["seen"] == "its LUKS header does not load"
    assert wiped(venue) == "unverified" and "cannot be read" in reported(venue)["shown"]
    assert b"LUKS\xba\xbe" not in path.read_bytes()


def test_luks1_whose_reencryption_was_interrupted(venue):
    path = venue.venue / "desk.luks"
    blank(path, 8 * MIB)
    done("luksFormat", "--type", "luks1", "-q", "--pbkdf-force-iterations", "1000", "--key-file",
         "-", path)
    with open(path, "r+b") as f:
        f.write(b"LUKS\xde\xad")
    plan(venue)
    assert "reencryption was interrupted" in before(venue)["seen"]
    assert wiped(venue) == "unverified"
    assert "reencryption was interrupted" in reported(venue)["shown"]


def test_one_header_damaged(venue):
    """The second header alone still opens it: both die."""
    path = venue.venue / "desk.luks"
    blank(path)
    done("luksFormat", *FAST, path)
    with open(path, "r+b") as f:
        f.write(bytes(4096))
    plan(venue)
    made = path.read_bytes()
    assert before(venue)["best"] == "destroyed"
    assert path.read_bytes() == made, "to look repairs nothing"
    assert wiped(venue) == "destroyed" and cryptsetup("repair", *FAST, path).returncode != 0


def mapping(venue, name, uuid):
    """What sysfs shows of a mapping on a loop device of the container."""
    loop = venue.prefix / "sys/block/loop7"
    (loop / "loop").mkdir(parents=True, exist_ok=True)
    (loop / "dev").write_text("7:7\n")
    (loop / "loop/backing_file").write_text(str(venue.venue / "desk.luks") + "\n")
    (loop / f"holders/{name}/dm").mkdir(parents=True)
    (loop / f"holders/{name}/dm/name").write_text(f"{name}\n")
    (loop / f"holders/{name}/dm/uuid").write_text(f"{uuid}\n")
    return loop / f"holders/{name}"


@pytest.mark.parametrize("uuid, outcome, why", [
    ("CRYPT-LUKS2-0451-guestlist", "failed", "it is still open, as a mapping"),
    ("LVM-0451", "unverified", "another device on top of it is still there")])
def test_open_by_another_name(venue, uuid, outcome, why):
    """A mapping that the plan does not name, which this kernel cannot close. The report claims no
    mapping as closed."""
    path = venue.venue / "desk.luks"
    blank(path)
    done("luksFormat", *FAST, path)
    mapping(venue, "guestlist", uuid)
    plan(venue, "path = /srv/venue/desk.luks\nmapping = desk\n")
    assert "guestlist" in before(venue)["notes"]
    assert wiped(venue) == outcome and why in reported(venue)["shown"]
    shutil.rmtree(venue.prefix / "sys/block")
    assert not opens(path), "its header is destroyed all the same"


def test_open_by_a_device_on_top_of_another(venue):
    path = venue.venue / "desk.luks"
    blank(path)
    done("luksFormat", *FAST, path)
    below = mapping(venue, "linear", "LVM-1")
    (below / "holders/guestlist/dm").mkdir(parents=True)
    (below / "holders/guestlist/dm/name").write_text("guestlist\n")
    (below / "holders/guestlist/dm/uuid").write_text("CRYPT-LUKS2-0451-guestlist\n")
    plan(venue)
    assert "open as guestlist" in before(venue)["notes"]
    assert wiped(venue) == "failed" and "it is still open" in reported(venue)["shown"]
    shutil.rmtree(venue.prefix / "sys/block")


def test_a_mapping_without_a_key_that_is_still_mounted(venue):
    """It is on nothing any more, and what the kernel has cached of it can be read."""
    path = venue.venue / "desk.luks"
    blank(path)
    done("luksFormat", *FAST, path)
    uuid = process.run(["cryptsetup", "luksUUID", path]).stdout.strip()
    dm = venue.prefix / "sys/block/dm-3/dm"
    dm.mkdir(parents=True)
    (dm / "name").write_text("guestlist\n")
    (dm / "uuid").write_text(f"CRYPT-LUKS2-{uuid.replace('-', '')}-guestlist\n")
    other = venue.prefix / "sys/block/dm-4/dm"
    other.mkdir(parents=True)
    (other / "name").write_text("other\n")
    (other / "uuid").write_text(f"CRYPT-LUKS2-{'0' * 32}-other\n")
    plan(venue)
    for _ in range(2):
        assert wiped(venue) == "unverified"
        assert "a mapping of it, or of a copy of it, is open" in reported(venue)["shown"]
    shutil.rmtree(dm)
    assert wiped(venue) in ("destroyed", "already gone")


def test_a_protected_container(venue):
    path = venue.venue / "desk.luks"
    blank(path)
    done("luksFormat", *FAST, path)
    process.run(["chattr", "+i", path]).check_returncode()
    plan(venue)
    assert before(venue)["seen"] == "there"
    assert process.run(["lsattr", path]).stdout.split()[0].count("i") == 1, "looked at, no more"
    assert wiped(venue) == "destroyed" and not opens(path)
