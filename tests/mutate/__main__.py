"""Judges the unit tests: breaks a source in one small way at a time (tokens.py), links the room's unit
tests with it, and runs them until one fails. What no test notices is a survivor.

    python3 -m tests.mutate --room core [--files message.c record.c] [--count 100] [--seed 1]

Needs build/release with the room's unit tests. A mutant that compiles to the same code as the source
is no mutant and is not counted. A survivor that cannot matter is explained in tests/mutate/explained:

    FILE | the line as it is | the line as it becomes | why no test can notice

Ends with 1 if fewer than --least percent were killed (90 unless given). A run that is interrupted, or
ended by SIGTERM, says what it has judged up to then.
"""

import argparse
import functools
import random
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.mutate.tokens import apply, line_of, mutants_of, shown

BUILD = "build/release"
EXPLAINED = Path("tests/mutate/explained")
SLOWEST = 60  # s: a test that takes longer than this on the right source is not run


@functools.cache
def recipe(target, newer):
    """The one command by which make would make that target if `newer` had changed."""
    out = subprocess.run(["make", "-n", "--no-print-directory", "-W", newer, target], capture_output=True,
                         text=True, check=True).stdout.replace("\\\n", " ")
    for line in out.splitlines():
        words = shlex.split(line)
        if "-o" in words and words[words.index("-o") + 1] == target:
            return words
    sys.exit(f"make says no command for {target}; run make units first")


class Room:
    def __init__(self, name):
        self.name = name
        self.tests = {}  # test -> how it is linked
        self.times = {}

    def measure(self):
        for source in sorted(Path(f"tests/unit/{self.name}").glob("test_*.c")):
            binary = f"{BUILD}/{source.with_suffix('')}"
            began = time.monotonic()
            try:
                done = subprocess.run([binary], capture_output=True, timeout=SLOWEST)
            except subprocess.TimeoutExpired:
                print(f"{binary}: left out, it takes more than {SLOWEST} s")
                continue
            if done.returncode != 0:
                sys.exit(f"{binary} fails on the right source; nothing was judged")
            self.times[source.stem] = time.monotonic() - began
            self.tests[source.stem] = recipe(binary, f"{binary}.o")

    def order(self, source):
        """First the test of the same name, then from the quickest to the slowest."""
        own = f"test_{source.stem}"
        return sorted(self.tests, key=lambda test: (test != own, self.times[test]))


def compile_as(source, text, folder):
    """The object's path, or None: it does not compile."""
    target = f"{BUILD}/{source.with_suffix('.o')}"
    path = folder / source
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    object_path = folder / f"{source.stem}.o"
    words = [w for w in recipe(target, str(source)) if w not in ("-Werror", "-g", "-MMD", "-MP")]
    words[words.index("-o") + 1] = str(object_path)
    words[-1] = str(path)
    if words[0] == "ccache":
        words = words[1:]
    done = subprocess.run([*words, "-w", "-g0"], capture_output=True)
    return object_path if done.returncode == 0 else None


def killed_by(room, source, object_path, folder):
    """The first test that fails with that object in place of the source's own; None: all pass."""
    for test in room.order(source):
        words = list(room.tests[test])
        binary = folder / test
        words = [str(object_path) if w == f"{BUILD}/{source.with_suffix('.o')}" else w for w in words]
        words[words.index("-o") + 1] = str(binary)
        if words[0] == "ccache":
            words = words[1:]
        if subprocess.run(words, capture_output=True).returncode != 0:
            return f"{test} (does not link)"
        try:
            done = subprocess.run([str(binary)], capture_output=True, stdin=subprocess.DEVNULL,
                                  timeout=10 + 10 * room.times[test])
        except subprocess.TimeoutExpired:
            return f"{test} (never ends)"
        finally:
            binary.unlink()
        if done.returncode != 0:
            return test
    return None


class Judge:
    def __init__(self, room, originals):
        self.room = room
        self.originals = originals  # source -> its object's bytes

    def __call__(self, one):
        """(what became of it, by which test)"""
        source, text, mutant = one
        with tempfile.TemporaryDirectory(prefix="mutate-") as folder:
            object_path = compile_as(source, apply(text, mutant), Path(folder))
            if not object_path:
                return "invalid", ""
            if object_path.read_bytes() == self.originals[source]:
                return "same", ""
            test = killed_by(self.room, source, object_path, Path(folder))
            return ("killed", test) if test else ("survived", "")


def explained():
    rows = {}
    for line in EXPLAINED.read_text().splitlines():
        if line and not line.startswith("#"):
            file, before, after, why = (part.strip() for part in line.split(" | "))
            rows[file, before, after] = why
    return rows


def original_bytes(source):
    with tempfile.TemporaryDirectory(prefix="mutate-") as folder:
        return compile_as(source, source.read_text(), Path(folder)).read_bytes()


def judge_all(sample, verdicts, counts):
    known = explained()
    for (source, text, mutant), (verdict, _) in zip(sample, verdicts):
        before, after = shown(text, mutant)
        why = known.get((str(source), before, after))
        verdict = "explained" if verdict == "survived" and why else verdict
        counts[verdict] = counts.get(verdict, 0) + 1
        if verdict == "survived":
            print(f"{source}:{line_of(text, mutant)}: {mutant.kind}\n    {before}\n    {after}", flush=True)


def summary(room, counts):
    """Says what became of all that was judged; how many percent were noticed or explained."""
    killed, excused, survived = (counts.get(word, 0) for word in ("killed", "explained", "survived"))
    judged = killed + excused + survived
    share = 100 * (killed + excused) / judged if judged else 0
    print(f"mutants of {room}: {killed} killed, {excused} explained, {survived} survived of {judged} "
          f"({share:.1f} %); {counts.get('same', 0)} made the same code, "
          f"{counts.get('invalid', 0)} did not compile", flush=True)
    return share


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--room", default="core")
    parser.add_argument("--files", nargs="*", default=[])
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--least", type=float, default=90)
    asked = parser.parse_args()
    home = Path("kiosk" if Path("kiosk", asked.room).is_dir() else ".", asked.room)
    sources = [home / name for name in asked.files] or sorted(home.glob("*.c"))
    room = Room(asked.room)
    room.measure()
    texts = {source: source.read_text() for source in sources}
    everything = [(source, text, mutant) for source, text in texts.items() for mutant in mutants_of(text)]
    sample = random.Random(asked.seed).sample(everything, min(asked.count, len(everything)))
    print(f"{len(sample)} of {len(everything)} mutants of {len(sources)} files, {len(room.tests)} tests")
    counts = {}
    judge = Judge(room, {source: original_bytes(source) for source in {s for s, _, _ in sample}})
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    pool = ThreadPoolExecutor(asked.jobs)
    try:
        judge_all(sample, pool.map(judge, sample), counts)
    except KeyboardInterrupt:
        print("ended early:", end=" ")
    pool.shutdown(wait=False, cancel_futures=True)
    return 0 if summary(asked.room, counts) >= asked.least else 1


if __name__ == "__main__":
    sys.exit(main())
