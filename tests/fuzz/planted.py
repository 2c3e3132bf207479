"""Whether the fuzzers find a fault that is there: each row takes one check out of a parser, links the
fuzzer with that, and gives it a minute.

    python3 -m tests.fuzz.planted
"""

import shlex
import subprocess
import sys
import time
from pathlib import Path

from tests.fuzz.__main__ import HOME, run_one, targets

PLANTS = [
    # target, source, the check, what it becomes
    ("root-word", "kiosk/core/root_word.c", "wire[COUNT] <= ROOT_WORD_REVOKED_MAX &&", ""),
    ("push-offer", "kiosk/core/push_offer.c", "len >= PUSH_OFFER_ENDPOINT_MAX ||", ""),
    ("enrol", "kiosk/core/enrol_letters.c", "len >= 16 && len <= ENROL_PASSWORD_MAX", "len >= 16"),
    ("staff-box", "kiosk/core/staff_box.c", "(n > STAFF_BOX_TEXT_MAX || ", "("),
    ("backup", "kiosk/cli/backup/backup_file.c", "|| size > left - ENTRY - name", ""),
    ("progress", "kiosk/wipe/progress.c", "h->count <= PLAN_TARGETS_MAX &&", ""),
]


def link(source, text, folder):
    """The fuzzer with that text in place of the source."""
    out = subprocess.run(["make", "-nB", "--no-print-directory", "SANITIZE=fuzz", f"B={HOME}", "CC=clang",
                          "CFLAGS=-O1 -g", str(HOME / "fuzzer")], capture_output=True, text=True, check=True)
    lines = [shlex.split(line) for line in out.stdout.replace("\\\n", " ").splitlines() if line.startswith("clang")]
    object_name = str(HOME / Path(source).with_suffix(".o"))
    path, planted, fuzzer = folder / Path(source).name, folder / "planted.o", folder / "fuzzer"
    path.write_text(text)
    made = next(line for line in lines if object_name in line and "-c" in line)
    subprocess.run([str(planted) if w == object_name else str(path) if w == source else w for w in made],
                   check=True)
    linked = next(line for line in lines if str(HOME / "fuzzer") in line)
    subprocess.run([str(planted) if w == object_name else str(fuzzer) if w == str(HOME / "fuzzer") else w
                    for w in linked], check=True)
    return fuzzer


def text_with(source, check, instead):
    text = Path(source).read_text()
    if text.count(check) != 1:
        sys.exit(f"{source} has no longer exactly one `{check}`: choose another check")
    return text.replace(check, instead)


def main():
    missed = 0
    folder = HOME / "planted"
    folder.mkdir(parents=True, exist_ok=True)
    for target, source, check, instead in PLANTS:
        fuzzer = link(source, text_with(source, check, instead), folder)
        began = time.monotonic()
        nothing, line = run_one(fuzzer, target, targets(fuzzer)[target], 60, home=folder)
        missed += nothing
        print(f"{source} without `{check}`: {'MISSED' if nothing else f'found after {time.monotonic() - began:.1f} s'}"
              f"\n    {line}", flush=True)
    print(f"planted: {len(PLANTS) - missed} of {len(PLANTS)} found within a minute")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
