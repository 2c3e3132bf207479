"""porchlight-wipe under ptrace (tests/long/ptracer.c): its system calls listed, cut or failing.

LeakSanitizer does not work under ptrace: it is the build without sanitizers."""

import shutil
import subprocess

from tests.kit.place import ROOT

RELEASE = ROOT / "build/release"
WIPE = RELEASE / "tests/porchlight-wipe"  # a copy: a build during a long sweep changes nothing
GOOD = {"1", "2"}  # destroyed, already gone


def build():
    """The tracer's path."""
    subprocess.run(["make", "-s", "-j2", "B=build/release", "build/release/porchlight-wipe"],
                   cwd=ROOT, check=True)
    out = RELEASE / "tests/ptracer"
    out.parent.mkdir(parents=True, exist_ok=True)
    WIPE.unlink(missing_ok=True)
    shutil.copy(RELEASE / "porchlight-wipe", WIPE)
    subprocess.run(["gcc", "-std=c17", "-D_GNU_SOURCE", "-O1", "-Wall", "-Wextra", "-Werror", "-o",
                    out, ROOT / "tests/long/ptracer.c"], check=True)
    return out


class Traced:
    """One word to a fresh porchlight-wipe. `place` has a folder and the wipe's socket in it."""

    def __init__(self, tracer, place, word, *how):
        # With processes of its own: who else has files open is not this test's, and takes thousands of calls.
        argv = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc", tracer, place.socket, word, *map(str, how), "--", WIPE, "--prefix", place.folder,
                "--listen"]
        done = subprocess.run(inside(place, *argv), capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        self.log = done.stderr
        lines = [line.split(" ", 3) for line in done.stdout.splitlines()]
        self.replies = [(k, o, n) for tag, k, o, n in (ln for ln in lines if ln[0] == "reply")]
        self.calls = [(int(n), int(nr), fail == "1") for tag, n, nr, fail in
                      (ln for ln in lines if ln[0] == "call")]
        self.count = int(lines[-1][1])

    def claimed(self):
        return {n for k, o, n in self.replies if k == "1" and o in GOOD}

    def ended(self):
        return any(k == "2" for k, o, n in self.replies)


def inside(place, *argv):
    """The command's line; in the place's own mount namespace, if it has one."""
    return [str(a) for a in (place.inside(*argv) if hasattr(place, "inside") else argv)]


def resume(place, proved=True):
    """The early boot's run. True if a wipe was pending. `proved`: all of it can be."""
    done = subprocess.run(inside(place, WIPE, "--prefix", place.folder, "--resume"), capture_output=True,
                          text=True, timeout=60)
    pending = "was interrupted" in done.stderr
    assert done.returncode in ((0,) if proved else (0, 1)), done.stderr
    assert pending != ("no wipe is pending" in done.stderr)
    return pending


def each_kill(tracer, place, calls, word="WIPE"):
    """Yields the number of each call, once a wipe of freshly planted targets was killed at it."""
    for at in calls:
        place.plant()
        if word == "FINISH":
            Traced(tracer, place, "WIPE", "list")
        Traced(tracer, place, word, "kill", at)
        yield at


def each_fault(tracer, place, fault, sticky=False, step=1):
    """Yields each call of a wipe that can fail, and what a wipe in which it failed did."""
    place.plant()
    whole = Traced(tracer, place, "WIPE", "list")
    for at in [n for n, nr, can_fail in whole.calls if can_fail][::step]:
        place.plant()
        yield at, Traced(tracer, place, "WIPE", fault, at, *(["sticky"] if sticky else []))
