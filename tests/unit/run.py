#!/usr/bin/python3
"""Runs cmocka programs given as arguments and counts what they report.

A test counts as passed only when its program said so: a program that dies, a skipped test and a
program without tests are failures.
"""

import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

LINE = re.compile(r"^\s*(not ok|ok) \d+\b(.*)$")
LIMIT_S = 600


def run(program):
    """(passed, failed, what to show)"""
    env = dict(os.environ, CMOCKA_MESSAGE_OUTPUT="TAP", UBSAN_OPTIONS="print_stacktrace=1")
    try:
        done = subprocess.run([program], env=env, capture_output=True, timeout=LIMIT_S,
                              stdin=subprocess.DEVNULL)
    except subprocess.TimeoutExpired as late:
        return 0, 1, f"no end within {LIMIT_S} s\n{(late.stdout or b'').decode()}"
    text = done.stdout.decode(errors="replace") + done.stderr.decode(errors="replace")
    passed = failed = 0
    for line in text.splitlines():
        found = LINE.match(line)
        if not found:
            continue
        if found[1] == "ok" and "# SKIP" not in found[2]:
            passed += 1
        else:
            failed += 1
    if not failed and (done.returncode != 0 or not passed):
        failed = 1
        text += f"exit status {done.returncode} after {passed} passed tests\n"
    return passed, failed, text if failed else ""


def main(programs):
    passed = failed = 0
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for program, (good, bad, text) in zip(programs, pool.map(run, programs)):
            name = "/".join(program.rsplit("/", 2)[1:])
            print(f"{name:<40} {good:4} passed" + (f", {bad} failed" if bad else ""), flush=True)
            if text:
                print(text)
            passed += good
            failed += bad
    print(f"unit tests: {passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
