"""What `porchlight rights` prints, asked once for each role: a program under sanitizers is slow to start, and
every phone of a test needs it."""

import functools

from tests.kit import process
from tests.kit.place import program

IDS = "a" * 16, "b" * 16, "c" * 16


@functools.cache
def _printed(*words):
    made = process.run([program("porchlight"), "rights", *words])
    assert made.returncode == 0, made.stderr
    return made.stdout


def rights(role, *ids):
    """`ids`: venue, kiosk and account; "defaults" and "registrar" have none. "+", for all of a venue's kiosks, is
    printed in another way than an id is."""
    stand_ins = [own if own == "+" else stand_in for stand_in, own in zip(IDS, ids)]
    text = _printed(role, *stand_ins)
    for stand_in, own in zip(stand_ins, ids):
        text = text.replace(stand_in, own)
    return text
