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
import random
import resource
import shlex
import signal
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.mutate.tokens import apply, line_of, mutants_of, shown

BUILD = "build/release"
EXPLAINED = Path("tests/mutate/explained")
SLOWEST = 60  # s of processor time: a test that takes longer than this on the right source is not run
HANGS = 900  # s: who has neither ended by then nor used its processor time waits for something


def recipes(wanted):
    """Of {target: what had changed}: {target: the one command by which make would make it then}."""
    changed = [word for newer in wanted.values() for word in ("-W", newer)]
    out = subprocess.run(["make", "-n", "--no-print-directory", *changed, *wanted], capture_output=True,
                         text=True, check=True).stdout.replace("\\\n", " ")
    lines = [shlex.split(line) for line in out.splitlines()]
    found = {words[words.index("-o") + 1]: words[words[0] == "ccache":] for words in lines if "-o" in words}
    for target in wanted:
        if target not in found:
            sys.exit(f"make says no command for {target}; run make units first")
    return found


def limited(binary, seconds):
    """Runs it, with so much processor time; None: it does not end. A busy machine changes nothing."""
    argv = ["prlimit", f"--cpu={seconds:.0f}", "--", str(binary)]
    try:
        done = subprocess.run(argv, capture_output=True, stdin=subprocess.DEVNULL, timeout=HANGS)
    except subprocess.TimeoutExpired:
        return None
    return None if done.returncode in (-signal.SIGXCPU, -signal.SIGKILL) else done.returncode


def object_of(source):
    return f"{BUILD}/{source.with_suffix('.o')}"


class Room:
    def __init__(self, name, sources):
        self.name = name
        binaries = {path.stem: f"{BUILD}/{path.with_suffix('')}"
                    for path in sorted(Path(f"tests/unit/{name}").glob("test_*.c"))}
        found = recipes({binary: f"{binary}.o" for binary in binaries.values()} |
                        {object_of(source): str(source) for source in sources})
        self.compiled = {source: found[object_of(source)] for source in sources}
        self.tests = {test: found[binary] for test, binary in binaries.items()}  # how each is linked
        self.times = {}
        self.programs = {}  # test -> the bytes of its program

    def measure(self):
        """How much processor time each test takes."""
        for test, words in list(self.tests.items()):
            binary, before = words[words.index("-o") + 1], resource.getrusage(resource.RUSAGE_CHILDREN)
            status = limited(binary, SLOWEST)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            if status is None:
                print(f"{binary}: left out, it takes more than {SLOWEST} s")
                del self.tests[test]
            elif status != 0:
                sys.exit(f"{binary} fails on the right source; nothing was judged")
            self.times[test] = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    def linked(self, test, source, object_path, binary):
        """The program's bytes with that object in place of the source's own; None: it does not link."""
        words = [str(object_path) if w == object_of(source) else w for w in self.tests[test]]
        words[words.index("-o") + 1] = str(binary)
        done = subprocess.run([*words, "-s", "-Wl,--build-id=none"], capture_output=True)
        return binary.read_bytes() if done.returncode == 0 else None

    def is_unchanged(self, test, source, program, folder):
        """Whether the mutant is in no function that this test's program has: there is nothing to run."""
        if test not in self.programs:
            self.programs[test] = self.linked(test, source, object_of(source), folder / f"{test}.own")
        return program == self.programs[test]

    def order(self, source):
        """First the test of the same name, then from the quickest to the slowest."""
        own = f"test_{source.stem}"
        return sorted(self.tests, key=lambda test: (test != own, self.times[test]))


def compile_as(room, source, text, folder):
    """The object's path, or None: it does not compile."""
    path = folder / source
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    object_path = folder / f"{source.stem}.o"
    words = [w for w in room.compiled[source] if w not in ("-Werror", "-g", "-MMD", "-MP")]
    words[words.index("-o") + 1] = str(object_path)
    words[-1] = str(path)
    done = subprocess.run([*words, "-w", "-g0"], capture_output=True)
    return object_path if done.returncode == 0 else None


def killed_by(room, source, object_path, folder):
    """The first test that fails with that object in place of the source's own; None: all pass."""
    for test in room.order(source):
        binary = folder / test
        program = room.linked(test, source, object_path, binary)
        if program is None:
            return f"{test} (does not link)"
        if room.is_unchanged(test, source, program, folder):
            continue
        status = limited(binary, 10 + 10 * room.times[test])
        binary.unlink()
        if status is None:
            return f"{test} (never ends)"
        if status != 0:
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
            object_path = compile_as(self.room, source, apply(text, mutant), Path(folder))
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


def original_bytes(room, source):
    with tempfile.TemporaryDirectory(prefix="mutate-") as folder:
        return compile_as(room, source, source.read_text(), Path(folder)).read_bytes()


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
    room = Room(asked.room, sources)
    room.measure()
    texts = {source: source.read_text() for source in sources}
    everything = [(source, text, mutant) for source, text in texts.items() for mutant in mutants_of(text)]
    sample = random.Random(asked.seed).sample(everything, min(asked.count, len(everything)))
    print(f"{len(sample)} of {len(everything)} mutants of {len(sources)} files, {len(room.tests)} tests")
    counts = {}
    judge = Judge(room, {source: original_bytes(room, source) for source in {s for s, _, _ in sample}})
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
