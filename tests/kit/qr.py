"""What a phone's camera makes of a code: zbar, a reader of other people's making."""

import re
import subprocess


def read_code(picture):
    """The text in a picture; empty where there is none."""
    done = subprocess.run(["zbarimg", "-q", "--raw", "-Sbinary", picture], capture_output=True,
                          check=False, timeout=60)
    return done.stdout.decode(errors="replace").strip()


def read_blocks(said, folder):
    """Of a code that a terminal shows in half blocks: its text, and how many letters wide and high it is."""
    lines = re.sub(r"\033\[[0-9;]*m", "", said).splitlines()
    code = [line for line in lines if line and set(line) <= set(" ▀▄█")]
    width, scale = len(code[0]), 4
    rows = [[(c in "▀█", c in "▄█")[half] for c in line.ljust(width)]
            for line in code for half in (0, 1)]
    raw = b"".join(bytes(0 if dark else 255 for dark in row for _ in range(scale))
                   for row in rows for _ in range(scale))
    picture = folder / "terminal.pgm"
    picture.write_bytes(b"P5 %d %d 255\n" % (width * scale, len(rows) * scale) + raw)
    return read_code(picture), width, len(code)
