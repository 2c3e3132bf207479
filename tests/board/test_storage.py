"""The wipe on file systems, volumes and disks that the machine which runs the tests cannot mount: what
plan, drill and wipe say, by the real service, and what a scan of the raw disks finds. No word may be
better than the bytes."""

import json
import string

import pytest

from tests.board import disk
from tests.board.vault import canary
from tests.board.test_layouts import PATIENT
from tests.board.venue import Venue
from tests.kit.local import OUTCOMES
from tests.kit.storage import AFTERWARDS, ASK, KINDS, SIZES, TARGETS, UNSEEN, best, plan, planting

FLAKY = 32
ROOTS = 8  # as many as a plan may have


def places():
    """{kind: (number, [device, ...])}: each disk is one kind's alone."""
    letters = iter(string.ascii_lowercase[1:])
    return {kind: (n, [f"/dev/vd{next(letters)}" for _ in range(made.disks)])
            for n, (kind, made) in enumerate(KINDS.items())}


class Shelf(Venue):
    """A board with a disk, or two, for each kind; all are made and mounted in one boot."""

    def __init__(self, suite):
        super().__init__(suite)
        self.secrets = {kind: canary() for kind in KINDS}
        self.of = {kind: [] for kind in KINDS}
        for kind, (_, devices) in places().items():
            for device in devices:
                path = disk.empty(str(self.folder / f"{device[5:]}.raw"), SIZES.get(kind, 64) << 20)
                self.disks.append(path)
                self.of[kind].append(path)

        self.board.command_line = PATIENT
        self.flaky = disk.empty(str(self.folder / "flaky.raw"), FLAKY << 20)
        self.disks.append(self.flaky)

    def wait_armed(self, connected=True, timeout=900):
        super().wait_armed(connected, timeout)

    def script(self, kind, text):
        n, devices = places()[kind]
        words = [*devices, "none"][:2] + [f"/srv/{kind}", str(n)]
        self.board.run(f"set -e; set -- {' '.join(words)}; mkdir -p $3\n{text}\n", timeout=600)

    def make(self, kind):
        for module in KINDS[kind].modules.split():
            self.board.call(f"modprobe {module}")
        self.script(kind, KINDS[kind].make)
        self.script(kind, planting(self.secrets[kind].decode()) + AFTERWARDS.get(kind, ""))

    def plan(self, kinds):
        self.board.run(f"printf '%s' '{plan(kinds)}' >/etc/porchlight/wipe.plan")
        said = json.loads(self.board.call("porchlight wipe --plan --json", timeout=300)[1])
        return {t["name"]: t["best"] for t in said["targets"]}

    def ask(self, word):
        lines = self.board.run(ASK + word, timeout=600).splitlines()
        parts = [line.split(" ", 2) for line in lines]
        return {name: OUTCOMES[int(outcome)] for kind, outcome, name in parts if kind == "1"}

    def held(self, kind):
        return sum(disk.count(path, self.secrets[kind]) for path in self.of[kind])


@pytest.fixture(scope="module")
def shelf(venues):
    made = venues(Shelf)
    made.boot()
    yield made


def test_a_disk_that_fails_in_the_middle(shelf, record_property):
    """Its file system turns read-only; once the disk writes again, the rest is done."""
    device = f"/dev/vd{string.ascii_lowercase[len(shelf.disks) - 1]}"
    word, length = canary(), FLAKY << 11
    table = f"0 {length} {{}} {device} 0"
    shelf.board.run(f"""set -e
        dmsetup create flaky --table '{table.format("linear")}'
        mkfs.ext4 -q /dev/mapper/flaky
        mkdir -p /srv/flaky
        mount -o errors=remount-ro /dev/mapper/flaky /srv/flaky
        cd /srv/flaky
        mkdir sheets
        for n in key list sheets/1 sheets/2; do echo {word.decode()} >$n; done
        sync""", timeout=300)
    names = [f"flaky-{name}" for name in TARGETS]
    assert shelf.plan(["flaky"]) == dict.fromkeys(names, "destroyed")
    shelf.board.run(f"""set -e
        dmsetup suspend flaky
        dmsetup reload flaky --table '{table.format("flakey")} 0 100 1 error_writes'
        dmsetup resume flaky""")
    assert shelf.ask("WIPE") == dict.fromkeys(names, "failed")
    assert disk.count(shelf.flaky, word) > 0
    shelf.board.run(f"""set -e
        umount -l /srv/flaky
        dmsetup suspend --noflush --nolockfs flaky
        dmsetup reload flaky --table '{table.format("linear")}'
        dmsetup resume flaky
        e2fsck -fy /dev/mapper/flaky || test $? -lt 4
        mount /dev/mapper/flaky /srv/flaky
        porchlight-wipe --resume""", timeout=300)
    shelf.board.run("porchlight wipe --status | grep 'worst result: destroyed'; umount /srv/flaky; sync")
    record_property("canaries left", disk.count(shelf.flaky, word))
    assert disk.count(shelf.flaky, word) == 0


def test_no_word_is_better_than_the_bytes(shelf, record_property):
    for kind in KINDS:
        shelf.make(kind)
    shelf.board.run("sync")
    found = {kind: shelf.held(kind) for kind in KINDS if kind not in UNSEEN}
    assert all(found.values()), f"the scan must find what is there: {found}"
    kinds, said = list(KINDS), {}
    for at in range(0, len(kinds), ROOTS):
        some = kinds[at:at + ROOTS]
        listed, drill, wipe = shelf.plan(some), shelf.ask("DRILL"), shelf.ask("WIPE")
        for name in (f"{k}-{t}" for k in some for t in TARGETS):
            said[name] = (listed[name], drill[name], wipe[name])
    shelf.board.run("sync; for at in $(findmnt -rno TARGET | grep ^/srv/); do umount $at; done; sync")
    shelf.board.power_off(600)
    left = {kind: shelf.held(kind) for kind in KINDS}
    for kind in KINDS:
        row = [said[f"{kind}-{t}"] for t in TARGETS]
        record_property(kind, f"{row[1][2]}, raw {left[kind]}")
    may = {name: outcome for kind in KINDS for name, outcome in best(kind).items()}
    wrong = {name: words for name, words in said.items() if set(words) != {may[name]}}
    assert not wrong, wrong
    lies = {kind for kind in KINDS if left[kind] and KINDS[kind].best == "destroyed"}
    assert not lies, f"called destroyed, and on the disk: {lies}"
