"""Runs libFuzzer over every parser of bytes from outside, some at a time, then the page's parsers in
node. Prints one line for each target, and ends with 1 if any of them found something: the input is
then in build/fuzz/found, with what the sanitizers said.

    python3 -m tests.fuzz [--seconds 60] [--jobs 2] [--seed N] [TARGET ...]

With a seed the inputs are the same each time, as far as the seconds reach; else they are new.

An input that was found becomes a unit test beside its fix. To run one again:

    FUZZ=TARGET build/fuzz/fuzzer FILE
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HOME = Path("build/fuzz")
PAGE = "page"
# A parser that takes longer than this for one input, or more memory, is a fault too.
LIMITS = ["-timeout=10", "-rss_limit_mb=2048", "-malloc_limit_mb=512"]


def targets(fuzzer):
    """Every target of a fuzzer, with the longest input that it is given."""
    bare = {k: v for k, v in os.environ.items() if k != "FUZZ"}
    out = subprocess.run([fuzzer], capture_output=True, text=True, check=True, env=bare).stdout
    return {name: int(most) for name, most in (line.split() for line in out.splitlines())}


def seeds(fuzzer, name, folder):
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    subprocess.run([fuzzer], check=True, env={**os.environ, "FUZZ": name, "FUZZ_SEEDS": str(folder)})
    if not any(folder.iterdir()):
        sys.exit(f"{name}: the target made no first inputs; its seeds() has to make some")


def dictionary(folder):
    """The option for it: what the first inputs are made of (words in quotes, before = and between
    blanks), and words longer than most fields."""
    words = {b"A" * 60, b"0" * 64}
    for file in folder.iterdir():
        words |= set(re.findall(rb'"[\w-]{2,24}"|\[[\w ]{2,24}\]|[a-z_]{3,24}', file.read_bytes()))
    path = folder.with_suffix(".words")
    path.write_text("".join('"%s"\n' % "".join(f"\\x{b:02x}" for b in word)
                            for word in sorted(words)[:300]))
    return f"-dict={path}"


# Seeds stay, though they cover nothing new (the longest address does not), and inputs are long from the
# start: what overflows at the end of a field is not found otherwise.
EAGER = ["-use_value_profile=1", "-keep_seed=1", "-len_control=0"]


def run_one(fuzzer, name, most, seconds, seed=0, home=HOME):
    """Fuzzes one target. (whether it found nothing, a line to print)"""
    first, corpus, found = home / "seeds" / name, home / "corpus" / name, home / "found"
    seeds(fuzzer, name, first)
    corpus.mkdir(parents=True, exist_ok=True)
    found.mkdir(parents=True, exist_ok=True)
    log = found / f"{name}.log"
    done = subprocess.run(
        [fuzzer, *LIMITS, f"-seed={seed}", f"-max_total_time={seconds}", f"-max_len={most}",
         "-close_fd_mask=3",
         *EAGER, dictionary(first), f"-artifact_prefix={found}/{name}-",
         "-print_final_stats=1", str(corpus), str(first)],
        env={**os.environ, "FUZZ": name}, capture_output=True, text=True, errors="replace")
    runs = re.search(r"number_of_executed_units: (\d+)", done.stderr)
    covered = re.findall(r"cov: (\d+)", done.stderr)
    line = f"{name:16} {int(runs[1]) if runs else 0:>9} inputs, {covered[-1] if covered else 0:>5} edges"
    if done.returncode == 0:
        return True, line
    log.write_text(done.stderr)
    said = re.search(r"(SUMMARY: .*|ERROR: .*)", done.stderr)
    return False, f"{line}: FOUND {said[1] if said else done.returncode}; see {log}"


def run_page(seconds, seed):
    """The page's parsers, in node."""
    done = subprocess.run(["node", "tests/fuzz/page.mjs", str(seconds), *([str(seed)] if seed else [])],
                          capture_output=True, text=True)
    print(done.stdout, end="")
    if done.returncode != 0:
        print(done.stderr[-4000:])
    return done.returncode == 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("only", nargs="*")
    asked = parser.parse_args()
    fuzzer = HOME / "fuzzer"
    all_of_them = targets(fuzzer)
    unknown = set(asked.only) - set(all_of_them) - {PAGE}
    if unknown:
        sys.exit(f"unknown: {', '.join(sorted(unknown))}; there are {' '.join(all_of_them)} {PAGE}")
    names = [name for name in all_of_them if not asked.only or name in asked.only]
    good = True
    with ThreadPoolExecutor(asked.jobs) as pool:
        for right, line in pool.map(
                lambda name: run_one(fuzzer, name, all_of_them[name], asked.seconds, asked.seed),
                names):
            print(line, flush=True)
            good = good and right
    if not asked.only or PAGE in asked.only:
        good = run_page(asked.seconds, asked.seed) and good
    print(f"fuzz: {len(names)} targets and the page, {asked.seconds} s each: "
          f"{'nothing found' if good else 'see above'}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
