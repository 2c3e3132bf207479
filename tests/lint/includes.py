#!/usr/bin/python3
"""Who may include whom, by the tables of .github/CONTRIBUTING.md; exits 1 when a file includes what
it may not.

    tests/lint/includes.py [ROOT]
"""

import re
import sys
from fnmatch import fnmatch
from pathlib import Path

TABLES = ".github/CONTRIBUTING.md"


def table(root, heading):
    """The table whose first column has that heading: what is written as `code` in the first cell of
    a row -> the list of what is in its second."""
    lines = iter((root / TABLES).read_text().splitlines())
    rows = {}
    for line in lines:
        if line.startswith(f"| {heading} |"):
            next(lines)
            break
    for line in lines:
        if not line.startswith("|"):
            break
        first, second = line.strip("|").split("|")
        name = re.fullmatch(r" `([^`]+)` ", first)
        if not name or name[1] in rows:
            sys.exit(f"{TABLES}: {line}: expected one `{heading}` in the first cell, once")
        rows[name[1]] = re.findall(r"`([^`]+)`", second)
    if not rows:
        sys.exit(f"{TABLES}: found no table | {heading} |")
    return rows


ROOT = Path(sys.argv[1] if len(sys.argv) > 1 else ".")
ROOMS = table(ROOT, "room")     # the rooms whose headers it may include, beside its own
DOORS = table(ROOT, "files")    # that may include more than their room may
HOMES = table(ROOT, "header")   # of a library, and the files where it belongs

# One file of a program knows libmosquitto; the rest of it does not.
ONE_FILE = ["mosquitto.h"]

# Pure code has no use for these.
IMPURE = ["time.h", "sys/*", "unistd.h", "fcntl.h", "pthread.h", "threads.h", "poll.h", "signal.h",
          "syslog.h", "linux/*", "netdb.h", "spawn.h"]
PURE = ["kiosk/core/*", "kiosk/screen/scene*", "kiosk/wipe/plan.[ch]",
        "kiosk/wipe/place.[ch]"]

LIBC = """
assert.h ctype.h dirent.h dlfcn.h endian.h errno.h fcntl.h fenv.h float.h fnmatch.h ftw.h getopt.h
glob.h grp.h ifaddrs.h inttypes.h iso646.h langinfo.h libgen.h limits.h link.h locale.h malloc.h
math.h mntent.h netdb.h poll.h pthread.h pty.h pwd.h regex.h resolv.h sched.h search.h semaphore.h
setjmp.h signal.h spawn.h stdalign.h stdarg.h stdatomic.h stdbool.h stddef.h stdint.h stdio.h
stdio_ext.h stdlib.h stdnoreturn.h string.h strings.h syslog.h termios.h threads.h time.h uchar.h
ucontext.h unistd.h wchar.h wctype.h arpa/* asm/* linux/* net/* netinet/* sys/*
""".split()

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.M)


def any_match(name, patterns):
    return any(fnmatch(name, pattern) for pattern in patterns)


def room_of(path):
    parts = path.split("/")
    if parts[0] == "kiosk" and len(parts) > 2:
        return "/".join(parts[:2])
    return parts[0]


def tested_room(path):
    """tests/unit/core/test_x.c may include what kiosk/core may; other C below tests sees all."""
    parts = path.split("/")
    if parts[:2] == ["tests", "unit"] and len(parts) > 3:
        return parts[2] if parts[2] in ROOMS else "kiosk/" + parts[2]
    return None


def own_complaint(path, header):
    """An include of ours: the reason why it is refused, or None."""
    target = room_of(header)
    if path.startswith("tests/"):
        room = tested_room(path)
        if target == "tests" or room is None:
            return None
    else:
        room = room_of(path)
        if room not in ROOMS:
            return f"{room} is not in the table of rooms of {TABLES}"
    allowed = [room] + ROOMS.get(room, [])
    for pattern, more in DOORS.items():
        if fnmatch(path, pattern) or fnmatch(path.replace("tests/unit/cli/test_", "kiosk/cli/"),
                                             pattern):
            allowed += more
    if target not in allowed:
        return f"{room} may include only {', '.join(allowed)}, not {target}"
    return None


def foreign_complaint(path, header):
    if path.startswith("tests/"):
        return None
    if any_match(path, PURE) and any_match(header, IMPURE):
        return "this file is pure: no clock, no I/O, no threads"
    for pattern, homes in HOMES.items():
        if fnmatch(header, pattern):
            return None if any_match(path, homes) else f"its home is {', '.join(homes)}"
    if not any_match(header, LIBC):
        return f"unknown: say in the table of headers of {TABLES} where it belongs"
    return None


def check(root):
    complaints = []
    users = {}
    paths = sorted(p for top in ("kiosk", "hw", "config", "tests") for p in (root / top).rglob("*")
                   if p.suffix in (".c", ".h") and "node_modules" not in p.parts)
    for file in paths:
        path = file.relative_to(root).as_posix()
        text = file.read_text()
        for found in INCLUDE.finditer(text):
            ours, header = found[1] == '"', found[2]
            line = text.count("\n", 0, found.start()) + 1
            if ours and not (root / header).is_file():
                why = "no such file below the repository's root"
            else:
                why = (own_complaint if ours else foreign_complaint)(path, header)
            if why:
                complaints.append(f"{path}:{line}: {header}: {why}")
            if header in ONE_FILE and not path.startswith("tests/"):
                users.setdefault((room_of(path), header), set()).add(path)
    for (room, header), files in users.items():
        if len(files) > 1:
            complaints.append(f"{room}: {header} belongs in one file, not in "
                              + ", ".join(sorted(files)))
    return complaints, len(paths)


def main():
    complaints, count = check(ROOT)
    for complaint in complaints:
        print(complaint, file=sys.stderr)
    if not complaints:
        print(f"includes: {count} files keep to their rooms")
    return 1 if complaints or not count else 0


if __name__ == "__main__":
    sys.exit(main())
