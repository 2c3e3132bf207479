"""Sealing and books: nothing readable on disk, everything readable with the key that is elsewhere."""

import os
import secrets
import signal
import subprocess

import pytest

from tests.kit import local, process, wait
from tests.kit.place import program
from tests.kit.process import Process


@pytest.fixture
def kiosk(folder):
    for made in ("etc/porchlight", "run/porchlight", "var/lib", "home"):
        (folder / made).mkdir(parents=True)
    made = run(folder, "keygen", folder / "home/host")
    assert made.returncode == 0 and "must never be on the kiosk" in made.stdout
    (folder / "etc/porchlight/seal.public").write_text((folder / "home/host.public").read_text())
    return folder


def run(kiosk, *args, data=b""):
    return subprocess.run([program("porchlight"), "--prefix", str(kiosk), *map(str, args)],
                          input=data, capture_output=True, timeout=20,
                          env=process.environment()) if data else \
        process.run([program("porchlight"), "--prefix", kiosk, *args])


def unseal(kiosk, path, data=None):
    return subprocess.run([program("porchlight"), "unseal", "--key",
                           str(kiosk / "home/host.secret"), str(path)], input=data,
                          capture_output=True, timeout=20, env=process.environment())


@pytest.mark.parametrize("size", [0, 1, 65535, 65536, 65537, 200000])
def test_file_there_and_back(kiosk, size):
    text = secrets.token_bytes(size)
    (kiosk / "sheet").write_bytes(text)
    done = run(kiosk, "seal", kiosk / "sheet")
    assert done.returncode == 0 and "can still be read" in done.stdout
    sealed = (kiosk / "sheet.sealed").read_bytes()
    assert len(text) < 16 or text[:16] not in sealed
    back = unseal(kiosk, kiosk / "sheet.sealed")
    assert (back.returncode, back.stdout) == (0, text)
    assert unseal(kiosk, "-", sealed).stdout == text


def test_altered_cut_and_foreign_files_are_refused(kiosk):
    (kiosk / "sheet").write_bytes(b"a" * 100000)
    run(kiosk, "seal", kiosk / "sheet")
    sealed = (kiosk / "sheet.sealed").read_bytes()
    for at in (3, 20, 100, 70000, len(sealed) - 1):
        bad = bytearray(sealed)
        bad[at] ^= 1
        done = unseal(kiosk, "-", bytes(bad))
        assert done.returncode == 1 and len(done.stdout) <= 65536
    for length in (0, 7, 8, 50, 112, 65649, len(sealed) - 1):
        assert unseal(kiosk, "-", sealed[:length] or b"x").returncode == 1
    assert unseal(kiosk, "-", sealed + b"more").returncode == 1
    other = run(kiosk, "keygen", kiosk / "home/other")
    assert other.returncode == 0
    done = process.run([program("porchlight"), "unseal", "--key", kiosk / "home/other.secret",
                        kiosk / "sheet.sealed"])
    assert done.returncode == 1 and "not sealed to this key" in done.stderr


def test_keys_are_guarded(kiosk):
    secret = kiosk / "home/host.secret"
    assert secret.stat().st_mode & 0o777 == 0o600
    again = run(kiosk, "keygen", kiosk / "home/host")
    assert again.returncode == 1 and "Choose another NAME" in again.stderr
    (kiosk / "home/half.secret").write_text("of another pair\n")
    half = run(kiosk, "keygen", kiosk / "home/half")
    assert half.returncode == 1 and not (kiosk / "home/half.public").exists()
    (kiosk / "x.sealed").write_bytes(b"PLSEAL1\n")
    secret.chmod(0o644)
    assert b"chmod 600" in unseal(kiosk, kiosk / "x.sealed").stderr
    (kiosk / "etc/porchlight/porchlight.conf").write_text("")
    refused = run(kiosk, "keygen", kiosk / "home/third")
    assert refused.returncode == 1 and "your own computer" in refused.stderr
    assert not (kiosk / "home/third.secret").exists()
    (kiosk / "sheet").write_bytes(b"x")
    assert run(kiosk, "seal", kiosk / "sheet").returncode == 0
    secret.chmod(0o600)
    opened = run(kiosk, "unseal", "--key", secret, kiosk / "sheet.sealed")
    assert opened.returncode == 1 and "your own computer" in opened.stderr and not opened.stdout


def test_neither_half_is_taken_for_the_other(kiosk):
    """Sealed to the secret half nothing would ever open again."""
    (kiosk / "sheet").write_bytes(b"text")
    for key in (kiosk / "home/host.secret", kiosk / "etc/porchlight/seal.public"):
        (kiosk / "etc/porchlight/seal.public").write_text((kiosk / "home/host.secret").read_text())
        done = run(kiosk, "seal", "--key", key, kiosk / "sheet")
        assert done.returncode == 1 and "secret half" in done.stderr, done.stderr
    assert not (kiosk / "sheet.sealed").exists()
    (kiosk / "x.sealed").write_bytes(b"PLSEAL1\n")
    done = process.run([program("porchlight"), "unseal", "--key", kiosk / "home/host.public",
                        kiosk / "x.sealed"])
    assert done.returncode == 1 and "public half" in done.stderr
    (kiosk / "zero.public").write_text("0" * 64 + "\n")
    done = run(kiosk, "seal", "--key", kiosk / "zero.public", kiosk / "sheet")
    assert done.returncode == 1 and "public key is not valid" in done.stderr
    assert sorted(p.name for p in kiosk.iterdir() if "sheet" in p.name) == ["sheet"]


def test_what_is_sealed_already_stays(kiosk):
    (kiosk / "sheet").write_bytes(b"the first evening")
    assert run(kiosk, "seal", kiosk / "sheet").returncode == 0
    (kiosk / "sheet").write_bytes(b"the second")
    again = run(kiosk, "seal", kiosk / "sheet")
    assert again.returncode == 1 and "the file exists" in again.stderr
    assert unseal(kiosk, kiosk / "sheet.sealed").stdout == b"the first evening"
    folder = run(kiosk, "seal", kiosk / "home")
    assert folder.returncode == 1 and "tar c" in folder.stderr
    assert not (kiosk / "home.sealed").exists()


@pytest.fixture
def book(kiosk):
    server = Process("book", [program("porchlight"), "--prefix", kiosk, "book"], kiosk / "said")
    wait.until(lambda: local.answers(kiosk / "run/porchlight/book.sock"), server.said)
    yield kiosk, server
    server.signal(signal.SIGKILL)
    server.wait()
    assert not server.trouble(), server.said()


BOOK = "var/lib/porchlight-books/visitors.book"


def test_entries_are_kept_sealed_and_in_order(book):
    kiosk, _ = book
    for i in range(20):
        done = run(kiosk, "seal", "--book", "visitors", "-", data=b"VISITOR number %d" % i)
        assert done.returncode == 0, done.stderr
    raw = b"".join(p.read_bytes() for p in (kiosk / "var").rglob("*") if p.is_file())
    assert b"VISITOR" not in raw
    lengths = {len(raw)}
    assert unseal(kiosk, kiosk / BOOK).stdout.decode().splitlines() == \
        [f"VISITOR number {i}" for i in range(20)]
    assert len(lengths) == 1


def test_length_says_little(book):
    kiosk, _ = book
    sizes = []
    for text in (b"a", b"b" * 200, b"c" * 250):
        before = (kiosk / BOOK).stat().st_size if (kiosk / BOOK).exists() else 8
        run(kiosk, "seal", "--book", "visitors", "-", data=text)
        sizes.append((kiosk / BOOK).stat().st_size - before)
    assert len(set(sizes)) == 1


def test_a_power_cut_costs_at_most_the_last_entry(book):
    kiosk, _ = book
    path = kiosk / BOOK
    for i in range(3):
        run(kiosk, "seal", "--book", "visitors", "-", data=b"entry %d" % i)
    whole = path.read_bytes()
    each = (len(whole) - 8) // 3
    for cut in [0, 3, 8, 9, 8 + each - 1, 8 + each, 8 + 2 * each + 5, len(whole) - 1]:
        path.write_bytes(whole[:cut])
        assert run(kiosk, "seal", "--book", "visitors", "-", data=b"after").returncode == 0
        kept = max(cut - 8, 0) // each
        assert unseal(kiosk, path).stdout.decode().split("\n")[:-1] == \
            [f"entry {i}" for i in range(kept)] + ["after"]
    path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    assert run(kiosk, "seal", "--book", "visitors", "-", data=b"after").returncode == 0
    assert unseal(kiosk, path).stdout == b"entry 0\nentry 1\nafter\n"


def test_damage_in_the_middle_costs_what_is_damaged(book):
    """A worn block of the card: neither what comes after it is lost, nor what is added."""
    kiosk, _ = book
    path = kiosk / BOOK
    for i in range(4):
        run(kiosk, "seal", "--book", "visitors", "-", data=b"entry %d" % i)
    whole = bytearray(path.read_bytes())
    each = (len(whole) - 8) // 4
    for at in (8, 8 + each + 2, 8 + each + 40, 8 + 2 * each - 1):  # lengths, texts, sums
        bad = bytearray(whole)
        bad[at] ^= 0x55
        path.write_bytes(bad)
        assert run(kiosk, "seal", "--book", "visitors", "-", data=b"after").returncode == 0
        lost = 0 if at == 8 else 1
        shown = unseal(kiosk, path)
        assert shown.stdout.decode().split() == \
            " ".join([f"entry {i}" for i in range(4) if i != lost] + ["after"]).split()
        assert shown.returncode == 1 and b"damaged" in shown.stderr
        assert path.read_bytes()[:len(bad)] == bad, "what is damaged stays as it is"


@pytest.mark.parametrize("packet", [b"", b"\n", b"noname", b"../x\nentry", b"a/b\nentry",
                                    b"x" * 40 + b"\nentry", b"a\0b\nentry", b"a\n" + b"x" * 8193,
                                    b"a" * 9000], ids=range(9))
def test_bad_packets(book, packet):
    kiosk, server = book
    socket = kiosk / "run/porchlight/book.sock"
    assert local.ask(socket, packet) != b"ok"
    assert server.alive
    assert local.ask(socket, b"fine\nentry") == b"ok"
    assert os.listdir(kiosk / "var/lib/porchlight-books") == ["fine.book"]


def test_nobody_keeps_the_book(kiosk):
    done = run(kiosk, "seal", "--book", "visitors", "-", data=b"x")
    assert done.returncode == 3 and b"start porchlight-book" in done.stderr
