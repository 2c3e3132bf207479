"""The wipe cut by power at every write to the card: what was written is replayed up to there, with
writes that no flush covers torn, dropped and reordered; the file system recovers, the early boot's
resume runs, and nothing opens. Needs root and /dev/fuse."""

import os
from contextlib import contextmanager
from pathlib import Path

from tests.kit import local, process, wipe_hidden, wiper
from tests.kit.card import Card, cuts, only_for_the_card
from tests.kit.place import program
from tests.kit.wipe_place import PLAN, WipePlace

# Nothing of a tmpfs outlives a power cut; the unit is another program's.
CARD_PLAN = PLAN.replace("[tmpfs ram]\npath = /srv/memory\n", "").replace(
    "[root memory]\npath = /srv/memory\n", "").replace(
    "[unit book]\nunit = venue-book.service\n", "")


class CardPlace(WipePlace):
    """The same targets, all of it, the record too, on one card's file system."""

    def prepare(self, made_in):
        for name in ("etc/porchlight", "run/porchlight", "var/lib", "srv/disk", "srv/memory"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        (self.folder / "etc/porchlight/wipe.plan").write_text(CARD_PLAN)
        where, self.folder = self.folder, made_in
        self.vault_made = self.make_vault()
        self.folder = where
        self.make_sentinel()
        self.plant()
        (self.memory / "CANARY").unlink()


@contextmanager
def mounted(image, bytes_, at):
    """What a cut has left, for a moment. `image`: a new file each time, since other programs' mount
    namespaces may keep an earlier one mounted, with what is in its cache."""
    image.write_bytes(bytes_)
    process.run(["mount", "-o", "loop", image, at]).check_returncode()
    try:
        yield
    finally:
        process.run(["umount", at]).check_returncode()


def canaries(mount):
    """Files that still open and hold one. A folder that cannot be listed holds none that opens."""
    found = []
    for folder, _, names in os.walk(mount):
        for path in (Path(folder) / name for name in names):
            try:
                if path.is_file() and not path.is_symlink() and b"CANARY" in path.read_bytes():
                    found.append(str(path.relative_to(mount)))
            except OSError:
                pass
    return sorted(found)


def prepared(prefix):
    """The record is ready, as on a kiosk after its first start."""
    process.run([program("porchlight-wipe"), "--prefix", prefix, "--resume"]).check_returncode()


def wipe_and_finish(place, logs):
    started = wiper.start(place.folder, said=logs / "wipe.said")
    for word in ("WIPE", "FINISH"):
        assert local.wipe(place.socket, word)[-1][1] == "unverified", started.said()
    assert started.stop() == 0
    only_for_the_card(started.said())


def after_the_cut(place, name, untouched):
    """What a start after this cut makes of it: 'resumed', 'untouched' or 'through'."""
    done = process.run([program("porchlight-wipe"), "--prefix", place.folder, "--resume"])
    assert done.returncode in (0, 1), f"{name}: {done.stderr}"
    left, opens = place.alive(), canaries(place.folder)
    assert place.sentinel_intact(), name
    if "was interrupted" in done.stderr:
        assert left <= {"broker"} and set(opens) <= {"srv/disk/venue/broker.password"}, \
            f"{name}: {left} {opens}"
        return "resumed"
    if left == untouched:
        return "untouched"
    assert left <= {"broker"} and not place.strays(), f"{name}: {left}"
    return "through"


def test_power_cut_at_every_write(folder):
    seen = {"resumed": 0, "untouched": 0, "through": 0}
    with Card(folder) as card:
        place = CardPlace(card.mount)
        place.prepare(folder)
        prepared(card.mount)
        card.sync()
        before = card.position()
        base = card.image.read_bytes()
        assert len(canaries(card.mount)) == 7
        wipe_and_finish(place, folder)
        assert canaries(card.mount) == []
        card.sync()
        ops = card.ops(since=before)
    cut_mount = folder / "cut"
    cut_mount.mkdir()
    cut_place = CardPlace(cut_mount)
    cut_place.vault_made, cut_place.sentinel_sum = place.vault_made, place.sentinel_sum
    untouched = None
    for number, (name, image) in enumerate(cuts(base, ops)):
        path = folder / f"cut{number}.image"
        with mounted(path, image, cut_mount):
            if untouched is None:
                untouched = cut_place.alive()
                assert {"clock", "door", "vault", "sheets", "list", "log", "broker"} <= untouched
            seen[after_the_cut(cut_place, name, untouched)] += 1
        path.unlink()
    writes = sum(not op.flush for op in ops)
    print(f"\npower cuts: {writes} writes and {len(ops) - writes} flushes, {sum(seen.values())} "
          f"images: {seen['untouched']} before the intent, {seen['resumed']} resumed, "
          f"{seen['through']} already through; no canary opened in any that had begun")
    assert seen["resumed"] > 100 and seen["through"] > 0


# --- the same with what a look at the file does not show -------------------------------------------

def test_power_cut_with_what_does_not_show(folder):
    """What is called destroyed after the next start is not on the disk; what was begun is not there either."""
    seen = {True: 0, False: 0}
    with Card(folder) as card:
        for name in ("etc/porchlight", "run/porchlight", "var/lib", "srv/disk"):
            (card.mount / name).mkdir(parents=True)
        (card.mount / "etc/porchlight/wipe.plan").write_text(wipe_hidden.PLAN)
        canary = wipe_hidden.plant(card.mount / "srv/disk/venue")
        prepared(card.mount)
        card.sync()
        before, base = card.position(), card.image.read_bytes()
        assert wipe_hidden.left(card.image, canary) == set(canary)
        started = wiper.start(card.mount, said=folder / "wipe.said")
        assert set(wiper.outcomes(card.mount, "WIPE").values()) == {"unverified"}  # a card behind FUSE
        assert started.stop() == 0
        card.sync()
        assert not wipe_hidden.left(card.image, canary)
        ops = card.ops(since=before)
    cut = folder / "cut"
    cut.mkdir()
    for number, (name, image) in enumerate(cuts(base, ops)):
        path = folder / f"cut{number}.image"
        with mounted(path, image, cut):
            done = process.run([program("porchlight-wipe"), "--prefix", cut, "--resume"])
            assert done.returncode in (0, 1), f"{name}: {done.stderr}"
            begun = "was interrupted" in done.stderr or bool(wiper.results(cut))
            said = wiper.results(cut)
        left = wipe_hidden.left(path, canary)
        path.unlink()
        seen[begun] += 1
        assert not left & {n for n, outcome in said.items() if outcome in (1, 2)}, f"{name}: {said}, {left}"
        assert left == (set() if begun else set(canary)), f"{name}: {said}, {left}"
    print(f"\npower cuts, what does not show: {len(ops)} writes and flushes, {seen[False]} images before the "
          f"intent, {seen[True]} begun; of those nothing was left on the disk")
    assert seen[True] > 50
