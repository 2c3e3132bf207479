"""What a card still holds: canaries with real histories, searched on the raw image and on a card that
never erases a page (every write it was ever given). Needs root and /dev/fuse; `pytest -s` prints the
figures that the handbook quotes."""

import base64
import os
import shutil
import sqlite3
import subprocess

import pytest

from tests.kit import local, process, wait, wiper
from tests.kit.card import Card, only_for_the_card
from tests.kit.place import program
from tests.kit.process import Process

PLAN = """[root venue]
path = /srv/venue
settle = yes
[cell clock]
cell = nvmem:rtc0
[fscrypt desk]
path = /srv/venue/desk
[tree plain]
path = /srv/venue/plain
"""
SAVES = 50


def encodings(text):
    """The same words as a forensic tool would look for them."""
    raw = text.encode()
    out = {"UTF-8": raw, "UTF-16LE": text.encode("utf-16-le"), "UTF-16BE": text.encode("utf-16-be"),
           "hex": raw.hex().encode(), "HEX": raw.hex().upper().encode()}
    for shift in range(3):
        whole = base64.b64encode(b"\0" * shift + raw + b"\0" * 3)
        out[f"base64+{shift}"] = whole[4 if shift else 0:len(whole) - 8]
    return out


def hits(path, text):
    data = path.read_bytes()
    return {name: data.count(needle) for name, needle in encodings(text).items()}


def save(path, data):
    """As an editor saves: a fresh file beside it, synced, renamed over it."""
    fresh = path.with_name(path.name + ".tmp")
    with open(fresh, "wb") as f:
        f.write(data)
        f.flush()
        os.fsync(f.fileno())
    os.rename(fresh, path)


def history(folder, canary):
    """A venue's months in a second."""
    for i in range(SAVES):
        save(folder / "sheet.csv", b"".join(b"%s visitor %d\n" % (canary.encode(), n)
                                            for n in range(i + 1)))
    db = sqlite3.connect(folder / "visits.db")
    db.execute("create table visit (who text)")
    for i in range(SAVES):
        db.execute("insert into visit values (?)", (f"{canary} {i}",))
        db.commit()
    db.execute("delete from visit")
    db.commit()
    db.close()
    with open(folder / "log.txt", "ab") as f:
        for i in range(SAVES):
            f.write(b"%d %s\n" % (i, canary.encode()))
            f.flush()
            os.fsync(f.fileno())
    (folder / f"{canary}.name").write_text("x")
    for name, data in encodings(canary).items():
        shift = int(name[-1]) if name.startswith("base64") else 0
        save(folder / f"as {name}", data if not shift else
             base64.b64encode(b"\0" * shift + canary.encode() + b"\0" * 3))


class Kiosk:
    def __init__(self, mount):
        self.mount, self.venue = mount, mount / "srv/venue"
        self.cell = mount / "sys/bus/nvmem/devices/rtc0/nvmem"
        for made in ("etc/porchlight", "run/porchlight", "var/lib", "srv/venue/plain",
                     "srv/venue/shredded", "sys"):
            (mount / made).mkdir(parents=True)
        # The clock's SRAM is no part of the card.
        process.run(["mount", "-t", "tmpfs", "none", mount / "sys"]).check_returncode()
        self.cell.parent.mkdir(parents=True)
        self.cell.write_bytes(b"\xff" * 56)
        self.cell.chmod(0o600)
        (mount / "etc/porchlight/wipe.plan").write_text(PLAN)

    def porchlight(self, *args, **more):
        return process.run([program("porchlight"), "--prefix", self.mount, *args], **more)

    def wipe(self, logs):
        started = wiper.start(self.mount, said=logs / "wipe.said")
        result = local.wipe(wiper.socket_of(self.mount), "WIPE", 120)
        assert started.stop() == 0
        assert result[-1][1] == "unverified", started.said()
        only_for_the_card(started.said())


@pytest.fixture
def card(folder):
    with Card(folder, size=96 << 20) as made:
        yield made
        subprocess.run(["umount", str(made.mount / "sys")], check=True)


def mounted_copy(folder, image, cell):
    """An earlier copy of the card in another machine, with this cell; the vault's opening there."""
    where = folder / "copy"
    where.mkdir(exist_ok=True)
    subprocess.run(["mount", "-o", "loop", str(image), str(where)], check=True)
    try:
        at = where / "sys/bus/nvmem/devices/rtc0"
        at.mkdir(parents=True, exist_ok=True)
        (at / "nvmem").write_bytes(cell)
        (at / "nvmem").chmod(0o600)
        done = process.run([program("porchlight"), "--prefix", where, "vault", "open", "desk"])
        read = [p.read_bytes() for p in (where / "srv/venue/desk").glob("sheet.csv")]
        if done.returncode == 0:
            process.run([program("porchlight"), "--prefix", where, "vault", "close", "desk"]
                        ).check_returncode()
        return done, read
    finally:
        subprocess.run(["umount", str(where)], check=True)


def line(what, found):
    total = sum(found.values())
    print(f"  {what:<46} {total:>6} hits   "
          + " ".join(f"{k}:{v}" for k, v in found.items() if v))
    return total


def test_what_a_card_still_holds(card, folder):
    kiosk = Kiosk(card.mount)
    words = {name: f"CANARY-{name}-{os.urandom(6).hex()}"
             for name in ("plain", "shredded", "desk", "sealed")}
    made = kiosk.porchlight("keygen", folder / "host")
    assert made.returncode == 0, made.stderr
    shutil.copy(folder / "host.public", card.mount / "etc/porchlight/seal.public")
    made = kiosk.porchlight("vault", "create", "desk", "--make", "fscrypt", "--path",
                            "/srv/venue/desk", "--cell", "nvmem:rtc0")
    assert made.returncode == 0, made.stderr
    for name in ("plain", "shredded", "desk"):
        history(kiosk.venue / name, words[name])
    book = Process("book", [program("porchlight"), "--prefix", card.mount, "book"],
                   folder / "book.said")
    wait.until(lambda: local.answers(card.mount / "run/porchlight/book.sock"), book.said)
    for i in range(SAVES):
        assert subprocess.run([program("porchlight"), "--prefix", str(card.mount), "seal", "--book",
                               "visits", "-"], input=f"{words['sealed']} {i}".encode()
                              ).returncode == 0
    book.kill()
    card.sync()

    print("\nbefore the wipe, on the image:")
    for name in ("plain", "shredded"):
        found = hits(card.image, words[name])
        line(name, found)
        assert all(found.values()), f"the scan must find every encoding: {found}"
    for name in ("desk", "sealed"):
        assert line(name, hits(card.image, words[name])) == 0
        assert line(name + ", on the worn card", hits(card.log, words[name])) == 0

    # An earlier copy opens while the cell holds its key: so it is the key that decides.
    # What an earlier, longer content left in the last block of a file, behind its end.
    slack = f"CANARY-slack-{os.urandom(6).hex()}"
    (kiosk.venue / "plain/short").write_text(f"0123456789 {slack}\n" * 20)  # in one block of 1 kB
    process.run(["sync"])
    assert hits(card.image, slack)["UTF-8"] == 20
    os.truncate(kiosk.venue / "plain/short", 10)

    process.run(["sync"])
    earlier, cell = folder / "earlier.image", kiosk.cell.read_bytes()
    shutil.copy(card.image, earlier)
    done, read = mounted_copy(folder, earlier, cell)
    assert done.returncode == 0 and words["desk"].encode() in read[0], done.stderr
    shutil.copy(card.image, earlier)

    shredded = [p for p in (kiosk.venue / "shredded").iterdir()]
    subprocess.run(["shred", "-u", *map(str, shredded)], check=True)
    kiosk.wipe(folder)
    card.sync()

    print("after it:")
    image = {name: line(name, hits(card.image, words[name])) for name in words}
    worn = {name: line(name + ", on the worn card", hits(card.log, words[name])) for name in words}
    assert image["shredded"] > 0 and worn["shredded"] > 0, "shred -u leaves copies: the scan sees"
    assert worn["plain"] > 0, "best effort leaks on a card that never erases"
    assert hits(card.image, slack)["UTF-8"] == 0, "the last block is overwritten whole"
    for name in ("desk", "sealed"):
        assert image[name] == 0 and worn[name] == 0
    done, read = mounted_copy(folder, earlier, kiosk.cell.read_bytes())
    assert done.returncode != 0 and "holds no key" in done.stderr
    assert read == [], "the earlier copy must not open without the key"
    raw_key = cell[4:36]
    for where in (card.image, card.log, earlier):
        assert raw_key not in where.read_bytes(), "the cell's key was never on the card"
