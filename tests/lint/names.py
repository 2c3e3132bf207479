#!/usr/bin/python3
"""Names that a reader can search for: no two functions share one, no two sources a file name.
NULL is tested in one way, and table tests name the row that fails. `usage` and `main` are each
program's own; the two gpiod backends give line.h the same functions, and only one of them is ever
linked.

    tests/lint/names.py [ROOT]
"""

import re
import sys
from pathlib import Path

SHARED = {"main", "usage"}
BACKENDS = {"hw/line_gpiod1.c", "hw/line_gpiod2.c"}
# clang-format puts a function's name at the start of a line and its brace alone on one.
DEFINITION = re.compile(
    r"^(?:static )?(?:__attribute__\(\(.*?\)\)\s+)?[a-z][\w *]*?\b(\w+)\((?!\()[^;{}]*?\)\n\{$", re.M)
# A loop over a whole table of a test; EACH_ROW (tests/unit/rows.h) names the row that fails.
TABLE_LOOP = re.compile(r"for \(size_t (\w+) = 0; \1 < sizeof \(?(\w+)\)? / sizeof \(?(?:\*\2|\2\[0\])")
NULL_TEST = re.compile(r"[!=]= NULL\b|\bNULL [!=]=")


def sources(root):
    for top in ("kiosk", "hw", "config"):
        for file in sorted((root / top).rglob("*.[ch]")):
            if "node_modules" not in file.parts:
                yield file.relative_to(root).as_posix(), file.read_text()


def functions_twice(texts):
    """Name -> the files that define it, where these are several."""
    homes = {}
    for path, text in texts:
        for found in DEFINITION.finditer(text):
            if found[1] not in SHARED:
                homes.setdefault(found[1], []).append(path)
    return {name: paths for name, paths in homes.items()
            if len(paths) > 1 and not set(paths) <= BACKENDS}


def basenames_twice(paths):
    homes = {}
    for path in paths:
        name = path.rsplit("/", 1)[-1]
        if name != "main.c":
            homes.setdefault(name, []).append(path)
    return {name: where for name, where in homes.items() if len(where) > 1}


def check(root):
    texts = list(sources(root))
    complaints = [f"{name}() is defined in {' and '.join(paths)}: give each its module's prefix"
                  for name, paths in sorted(functions_twice(texts).items())]
    complaints += [f"{name} names {' and '.join(paths)}: give each a name of its own"
                   for name, paths in sorted(basenames_twice(p for p, _ in texts).items())]
    for path, text in texts:
        for found in NULL_TEST.finditer(text):
            line = text.count("\n", 0, found.start()) + 1
            complaints.append(f"{path}:{line}: compares with NULL: write !p, or p alone")
    for file in sorted((root / "tests/unit").rglob("*.c")):
        text = file.read_text()
        for found in TABLE_LOOP.finditer(text):
            line = text.count("\n", 0, found.start()) + 1
            complaints.append(f"{file.relative_to(root)}:{line}: loops over {found[2]}: write "
                              f"EACH_ROW ({found[1]}, {found[2]}, NAME), as tests/unit/rows.h says")
    return complaints, len(texts)


def main():
    complaints, count = check(Path(sys.argv[1] if len(sys.argv) > 1 else "."))
    for complaint in complaints:
        print(complaint, file=sys.stderr)
    if not complaints:
        print(f"names: {count} files, every function and file name is used once")
    return 1 if complaints or not count else 0


if __name__ == "__main__":
    sys.exit(main())
