"""porchlight keys: what it makes, checked with PyNaCl from the words of kiosk/core/cert.h alone."""

import hashlib
import json
import secrets
import stat

import pytest
from nacl import bindings as na
from nacl.exceptions import BadSignatureError

from tests.kit.kiosk import Kiosk
from tests.kit.root_word import root_word
from tests.kit.voice import Voice, hexed
from tests.e2e.test_listen import listen, shows

NAMES = ["venue.key", "kiosk.key", "kiosk.pub", "kiosk.cert", "root.pub"]


@pytest.fixture(name="bare")
def without_keys():
    with Kiosk(kind="k") as made:
        for name in NAMES:
            (made.credentials / name).unlink()
        made.root_key.unlink()
        yield made


def vouched(word, signature, public, *fields):
    try:
        na.crypto_sign_open(signature + word + b"\0" + b"".join(fields), public)
        return True
    except BadSignatureError:
        return False


def test_keys_that_belong_together(bare):
    root_file = bare.folder / "root.key"
    done = bare.cli("keys", "make", "--root-out", root_file, "--json")
    assert done.returncode == 0 and done.stderr == "", done
    assert json.loads(done.stdout) == {"venue": bare.venue, "kiosk": bare.id}
    modes = {n: stat.S_IMODE((bare.credentials / n).stat().st_mode) for n in NAMES}
    assert modes == {"venue.key": 0o600, "kiosk.key": 0o600, "kiosk.pub": 0o644,
                     "kiosk.cert": 0o644, "root.pub": 0o644}
    assert stat.S_IMODE(root_file.stat().st_mode) == 0o600
    root_public, _ = na.crypto_sign_seed_keypair(hexed(root_file))
    kiosk_public, _ = na.crypto_sign_seed_keypair(hexed(bare.credentials / "kiosk.key"))
    assert hexed(bare.credentials / "root.pub") == root_public
    assert hexed(bare.credentials / "kiosk.pub") == kiosk_public
    ids = bytes.fromhex(bare.venue), bytes.fromhex(bare.id)
    cert = hexed(bare.credentials / "kiosk.cert")
    assert vouched(b"porchlight-cert", cert, root_public, *ids, kiosk_public)
    assert not vouched(b"porchlight-cert", cert, root_public, *ids[::-1], kiosk_public)
    kept = b"".join(p.read_bytes() for p in bare.credentials.iterdir())
    assert root_file.read_bytes().strip() not in kept


def test_keys_are_not_made_twice(bare):
    assert bare.cli("keys", "make", "--root-out", bare.folder / "root.key").returncode == 0
    before = {n: (bare.credentials / n).read_bytes() for n in NAMES}
    for out in ("root.key", "other.key"):
        again = bare.cli("keys", "make", "--root-out", bare.folder / out)
        assert again.returncode == 1 and "No keys were made" in again.stderr
    assert before == {n: (bare.credentials / n).read_bytes() for n in NAMES}
    assert not (bare.folder / "other.key").exists()


def test_the_root_key_does_not_go_onto_the_kiosk(bare):
    done = bare.cli("keys", "make", "--root-out", bare.credentials / "root.key")
    assert done.returncode == 1 and "must not be kept on the kiosk" in done.stderr
    assert not (bare.credentials / "root.key").exists()
    assert not (bare.credentials / "venue.key").exists()


def test_ids_of_the_command_line_or_random(bare):
    bare.etc.joinpath("porchlight.conf").unlink()
    venue, kiosk = secrets.token_hex(8), secrets.token_hex(8)
    done = bare.cli("keys", "make", "--venue", venue, "--kiosk", kiosk)
    assert done.stdout == f"venue: {venue}\nkiosk: {kiosk}\n"
    assert "root key is not kept" in done.stderr
    made = set()
    for _ in range(2):
        for name in NAMES:
            (bare.credentials / name).unlink()
        made.add(bare.cli("keys", "make").stdout)
    assert len(made) == 2 and all(len(m.split()[1]) == 16 for m in made)


@pytest.mark.parametrize("args, why", [
    ([], "An argument is missing"), (["break"], "is none of make"),
    (["make", "more"], "one argument too many"),
    (["make", "--venue", "12"], "16 hex digits"), (["make", "--kiosk", "A" * 16], "16 hex digits"),
    (["staff"], "Staff needs"), (["staff", "--root", "x"], "Staff needs"),
    (["staff", "--root", "x", "--out", "d", "--public", "00"], "Staff needs"),
    (["make", "--what"], "There is no option --what")])
def test_wrong_usage(bare, args, why):
    done = bare.cli("keys", *args)
    assert done.returncode == 2 and why in done.stderr


def test_a_staff_phone_is_signed(bare):
    root = bare.folder / "root.key"
    bare.cli("keys", "make", "--root-out", root)
    public, account = na.crypto_sign_keypair()[0], secrets.token_hex(8)
    done = bare.cli("keys", "staff", "--root", root, "--public", public.hex(), "--account", account)
    assert done.returncode == 0 and done.stdout == f"account: {account}\n", done
    staff = hexed(bare.state / "staff" / f"{account}.cert")
    assert staff[:32] == public
    assert vouched(b"porchlight-staff", staff[32:], hexed(bare.credentials / "root.pub"),
                   bytes.fromhex(bare.venue), bytes.fromhex(account), public)
    bad = bare.cli("keys", "staff", "--root", root, "--public", "00ff")
    assert bad.returncode == 1 and "64 hex digits" in bad.stderr
    root.write_text(secrets.token_hex(32) + "\n")
    other = bare.cli("keys", "staff", "--root", root, "--public", public.hex())
    assert other.returncode == 1 and "another venue's root key" in other.stderr


def test_a_staff_pair_is_made_once_a_folder(bare):
    root, phone = bare.folder / "root.key", bare.folder / "phone"
    bare.cli("keys", "make", "--root-out", root)
    assert bare.cli("keys", "staff", "--root", root, "--out", phone).returncode == 0
    key = hexed(phone / "staff.key")
    cert, = (bare.state / "staff").iterdir()
    assert hexed(cert)[:32] == na.crypto_sign_seed_keypair(key)[0]
    assert stat.S_IMODE((phone / "staff.key").stat().st_mode) == 0o600
    again = bare.cli("keys", "staff", "--root", root, "--out", phone)
    assert again.returncode == 1 and hexed(phone / "staff.key") == key


def root_says(bare, wire):
    """As an account that may write there; the kiosk's may not."""
    bare.spy(["root"]).client.publish(f"{bare.place}/root", wire, 1, True).wait_for_publish(10)


def test_a_retired_kiosk_is_disowned_permanently(bare):
    root = bare.folder / "root.key"
    bare.cli("keys", "make", "--root-out", root)
    wire = root_word(hexed(root), bare.venue, bare.id, retired=hexed(bare.credentials / "kiosk.pub"))
    with Voice(bare) as voice:
        member = listen(bare)
        voice.state()
        shows(member, "quiet")
        root_says(bare, bytes([*wire[:60], wire[60] ^ 1, *wire[61:]]))
        assert "forged" in member.wait("refused", "root").body["why"]
        root_says(bare, wire)
        shows(member, "retired")
        voice.epoch += 5
        voice.alert("lockdown", "6c1f9d0e-54b3-4c27-9a1d-2f0d5e8b7a66")
        member.wait("lockdown", "alert", verdict="disowned")
        assert not member.all("show", show="lockdown")


def test_a_lockdown_that_the_root_ended_stays_ended(bare):
    root, alert = bare.folder / "root.key", "6c1f9d0e-54b3-4c27-9a1d-2f0d5e8b7a66"
    bare.cli("keys", "make", "--root-out", root)
    with Voice(bare) as voice:
        member = listen(bare)
        voice.state()
        shows(member, "quiet")
        voice.alert("lockdown", alert)
        shows(member, "lockdown")
        root_says(bare, root_word(hexed(root), bare.venue, bare.id,
                                  ended=(alert, voice.epoch, voice.seq)))
        shows(member, "all-clear")
        assert member.wait("root").body["ended"] == alert
        voice.state("lockdown", alert)
        voice.alert("lockdown", "0a6a4b0c-39a5-4c5b-8e0b-9a8b9f1c2d3e")
        member.wait("lockdown", "alert", count=2, verdict="told")


def test_push_key_of_the_relays(bare):
    root_file, out = bare.folder / "root.key", bare.folder / "push"
    assert bare.cli("keys", "make", "--root-out", root_file).returncode == 0
    assert bare.cli("keys", "push", "--root", root_file).returncode == 2
    done = bare.cli("keys", "push", "--root", root_file, "--out", out)
    assert done.returncode == 0 and done.stderr == "", done
    assert stat.S_IMODE((out / "push.key").stat().st_mode) == 0o600
    root_public, _ = na.crypto_sign_seed_keypair(hexed(root_file))
    public, _ = na.crypto_sign_seed_keypair(hexed(out / "push.key"))
    cert, venue = hexed(out / "push.cert"), bytes.fromhex(bare.venue)
    assert vouched(b"porchlight-push", cert, root_public, venue, public)
    assert not vouched(b"porchlight-staff", cert, root_public, venue, public)
    again = bare.folder / "again"
    assert bare.cli("keys", "push", "--root", root_file, "--out", again).returncode == 0
    for name in ("push.key", "push.cert"):  # a browser keeps one subscription for all relays
        assert (again / name).read_bytes() == (out / name).read_bytes()
    drawn = hashlib.blake2b(b"porchlight push key", key=hexed(root_file), digest_size=32).hexdigest()
    assert (out / "push.key").read_text().strip() == drawn
