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
        argv = [tracer, place.socket, word, *map(str, how), "--", WIPE, "--prefix", place.folder,
                "--listen"]
        if hasattr(place, "inside"):  # a mount namespace of its own
            argv = place.inside(*argv)
        done = subprocess.run([str(a) for a in argv], capture_output=True, text=True, timeout=60)
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


def resume(place):
    """The early boot's run. True if a wipe was pending."""
    done = subprocess.run([WIPE, "--prefix", place.folder, "--resume"], capture_output=True,
                          text=True, timeout=60)
    pending = "was interrupted" in done.stderr
    assert done.returncode == 0, done.stderr
    assert pending != ("no wipe is pending" in done.stderr)
    return pending
