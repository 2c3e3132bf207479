"""The table build/wipe-places.md: target, file system or condition, moment, what plan, doctor, drill and wipe
said, and what a scan of the raw device found. Tests add their rows; `make wipe-table` makes all of it."""

import shutil
import sys

from tests.kit.place import ROOT

PARTS = ROOT / "build/wipe-places"
TABLE = ROOT / "build/wipe-places.md"
HEAD = ["| target | on | moment | plan | doctor | drill | wipe | raw device |", "|---|---|---|---|---|---|---|---|"]


def line(*cells):
    """The last cell: whether the bytes were found."""
    return "| " + " | ".join([*cells[:-1], "found" if cells[-1] else "none"]) + " |"


def note(group, number, lines):
    PARTS.mkdir(parents=True, exist_ok=True)
    (PARTS / f"{group}-{number:02}").write_text("\n".join(lines) + "\n")


def collect():
    """Writes the table from its parts; how many rows it has."""
    rows = [row for part in sorted(PARTS.iterdir()) for row in part.read_text().splitlines()]
    TABLE.write_text("\n".join(HEAD + rows) + "\n")
    return len(rows)


if __name__ == "__main__":
    if sys.argv[1:] == ["begin"]:
        shutil.rmtree(PARTS, ignore_errors=True)
    else:
        print(f"{TABLE.relative_to(ROOT)}: {collect()} results")
