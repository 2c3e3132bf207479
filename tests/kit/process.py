"""Child processes that never outlive us, ended by their pid alone.

Each is started through setpriv(1) with a parent-death signal, so that even kill -9 of the driver
leaves none behind. That signal follows the thread that forked, so one thread forks for all.
"""

import atexit
import os
import re
import signal
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.kit import wait

_forker = None
_forker_lock = threading.Lock()
_running = []

# What sanitizers write where they find something, whatever the exit status then is.
TROUBLE = re.compile(r"(ERROR: \w+Sanitizer|runtime error:|WARNING: \w+Sanitizer|SUMMARY: \w+San)")


def _fork(*args, **kwargs):
    global _forker
    with _forker_lock:
        if _forker is None:
            _forker = ThreadPoolExecutor(1)
    return _forker.submit(subprocess.Popen, *args, **kwargs).result()


def environment(leaks=True, **more):
    """A small environment: nothing of the caller's that could change a result. `leaks`: memory that nobody has
    freed at the end is a fault; to look for it takes a command longer than all else that it does."""
    keep = {k: os.environ[k] for k in ("PATH", "HOME", "TERM") if k in os.environ}
    keep["PATH"] = keep.get("PATH", "/usr/bin:/bin") + ":/usr/sbin:/sbin"
    keep.update(LANG="C.UTF-8", ASAN_OPTIONS=f"detect_leaks={int(leaks)}:abort_on_error=0:verify_asan_link_order=0",
                LSAN_OPTIONS=f"suppressions={Path(__file__).with_name('leaks.supp')}:"
                             "print_suppressions=0",
                UBSAN_OPTIONS="print_stacktrace=1")
    keep.update({k: str(v) for k, v in more.items() if v is not None})
    return keep


class Process:
    """One child. `log` is the file that holds its stderr, and its stdout unless that is a pipe."""

    def __init__(self, name, argv, log, env=None, stdout=None, stdin=subprocess.DEVNULL, cwd=None):
        self.name = name
        self.log = log
        with open(log, "ab") as sink:
            self.popen = _fork(["setpriv", "--pdeathsig", "KILL", "--", *map(str, argv)],
                               stdin=stdin, stdout=stdout or sink, stderr=sink, cwd=cwd,
                               env=env or environment(), close_fds=True)
        self.pid = self.popen.pid
        self.frozen = False
        _running.append(self)

    @property
    def alive(self):
        return self.popen.poll() is None

    def said(self):
        return self.log.read_text(errors="replace")

    def signal(self, number):
        if self.alive:
            os.kill(self.pid, number)

    def freeze(self):
        self.frozen = True
        self.signal(signal.SIGSTOP)

    def thaw(self):
        """Only what is frozen: a SIGCONT that meets the leak sanitizer at its exit blocks it."""
        if self.frozen:
            self.signal(signal.SIGCONT)
        self.frozen = False

    def kill(self):
        """The power cut: no word, no clean-up."""
        self.signal(signal.SIGKILL)
        return self._gone()

    def stop(self, within=10):
        """SIGTERM and its exit status; a child that ignores it is killed and complained about, as systemd would."""
        self.thaw()
        self.signal(signal.SIGTERM)
        try:
            return self._gone(within)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"{self.name} did not end within {within} s of SIGTERM; "
                                 f"it said:\n{self.said()}") from None

    def wait(self, within=wait.PATIENCE):
        return self._gone(within)

    def _gone(self, within=10):
        status = self.popen.wait(within)
        if self in _running:
            _running.remove(self)
        if self.popen.stdout:
            self.popen.stdout.close()
        return status

    def trouble(self):
        """The lines in which a sanitizer complained."""
        return [line for line in self.said().splitlines() if TROUBLE.search(line)]


def end_all():
    """Ends every child still there, youngest first."""
    for child in reversed(list(_running)):
        try:
            child.thaw()
            child.signal(signal.SIGTERM)
        except ProcessLookupError:
            pass
    for child in reversed(list(_running)):
        try:
            child._gone(3)
        except subprocess.TimeoutExpired:
            child.kill()


def end_and_complain():
    """For the end of a test, which has to end what it began: fails if it did not."""
    left = running()
    end_all()
    assert not left, f"left running: {left}"


def running():
    return [(child.name, child.pid) for child in _running if child.alive]


def end_on_signals():
    """SIGTERM and SIGHUP end us as Ctrl-C does: through the clean-up."""
    def leave(number, _frame):
        raise SystemExit(128 + number)
    signal.signal(signal.SIGTERM, leave)
    signal.signal(signal.SIGHUP, leave)


_times = {}


def is_looked_at(argv):
    """Whether leaks are looked for in this run: in the first, second, fourth, eighth ... that this worker makes of
    that command of that program, such as `porchlight doctor`."""
    words = [str(a) for a in argv]
    program = next((i for i, word in enumerate(words) if Path(word).name.startswith("porchlight")), len(words))
    kind = (*words[program:program + 1], *[w for w in words[program + 1:] if re.fullmatch("[a-z][a-z-]+", w)][:2])
    n = _times[kind] = _times.get(kind, 0) + 1
    return n & (n - 1) == 0


def run(argv, within=wait.PATIENCE, env=None, **more):
    """A short command to its end: CompletedProcess with text."""
    return subprocess.run([str(a) for a in argv], capture_output=True, text=True, timeout=within,
                          env=env or environment(leaks=is_looked_at(argv)), stdin=more.pop("stdin", subprocess.DEVNULL),
                          **more)


def own_mounts(is_root=os.geteuid() == 0):
    """What runs a command in a mount namespace of its own. Root (here, or in a user namespace) takes
    that alone, as in a chroot no user namespace can be had; there, "/" is no mount point either, and
    whoever made the chroot keeps mounts from spreading."""
    if not is_root:
        return ["unshare", "--map-root-user", "--mount"]
    plain = ["unshare", "--mount"]
    if os.geteuid() != 0:
        return plain
    if run([*plain, "true"]).returncode == 0:
        return plain
    return [*plain, "--propagation", "unchanged"]


def in_mounts_of(pid):
    """What runs a command in the mount namespace that `own_mounts` gave to a process. By itself the
    namespace would take us out of a chroot."""
    user = [] if os.geteuid() == 0 else ["--user", "--preserve-credentials"]
    return ["nsenter", f"--target={pid}", "--mount", "--root", "--wd", *user, "--"]


atexit.register(end_all)
