#!/usr/bin/python3
"""What is where: the top level is given, every file is text that someone can read, and nothing
is left half done. Looks at what git knows, and at what it does not yet know and does not ignore.
"""

import re
import subprocess
import sys
from pathlib import Path

TOP = {"kiosk", "hw", "config", "systemd", "tests", "Makefile", "README.md", "LICENSE"}
DOTTED = re.compile(r"^\.[a-z][a-z-]*$")
LARGEST = 256 * 1024
MARKS = re.compile(r"\b(TO" r"DO|FIX" r"ME|X" r"XX)\b")
BINARY = {".png", ".jpg", ".webp", ".woff2", ".ico", ".ttf", ".bin"}


def files():
    out = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                         check=True, capture_output=True).stdout
    return [Path(name) for name in sorted(set(out.decode().split("\0"))) if name]


def complaints_about(path):
    top = path.parts[0]
    if top not in TOP and not DOTTED.match(top):
        yield f"{path}: nothing but {', '.join(sorted(TOP))} and dot files belongs at the top"
    if path.is_symlink() or not path.is_file():
        return
    if path.stat().st_size > LARGEST:
        yield f"{path}: {path.stat().st_size} bytes; files stay below {LARGEST}"
    if path.suffix in BINARY:
        return
    data = path.read_bytes()
    try:
        text = data.decode()
    except UnicodeDecodeError as bad:
        yield f"{path}: not UTF-8 at byte {bad.start}"
        return
    for number, line in enumerate(text.splitlines(), 1):
        if MARKS.search(line) and path.name != "package-lock.json":
            yield f"{path}:{number}: an unfinished mark; finish it or say what is so"
        if line != line.rstrip() and path.suffix != ".md":
            yield f"{path}:{number}: trailing white space"
    if data and not data.endswith(b"\n"):
        yield f"{path}: the last line has no end"


def main():
    known = [path for path in files() if path.exists() or path.is_symlink()]
    complaints = [said for path in known for said in complaints_about(path)]
    for said in complaints:
        print(said, file=sys.stderr)
    if not complaints:
        print(f"tree: {len(known)} files, each in its place")
    return 1 if complaints or not known else 0


if __name__ == "__main__":
    sys.exit(main())
