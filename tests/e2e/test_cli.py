"""The porchlight command from outside: what it prints, and what its exit says (kiosk/cli/cli.h)."""

import fcntl
import json
import os
import pty
import re
import shutil
import socket
import struct
import subprocess
import termios
import threading
import time

import pytest

from tests.kit import pki
from tests.kit.doctor import put
from tests.kit.place import program

OK, FAILED, USAGE, NOBODY, DENIED = range(5)

WHOLE = """[venue]
id = 00112233445566ff
[kiosk]
id = aabbccddeeff0011
[switch front]
line = sim:front
[broker out]
host = mqtt.example.org
ca = /ca.pem
outside = yes
"""


def run(*args, before=(), within=20):
    return subprocess.run([*before, program("porchlight"), *map(str, args)], capture_output=True,
                          text=True, timeout=within, stdin=subprocess.DEVNULL, check=False)


def subcommands():
    return re.findall(r"^  ([a-z][a-z-]*) ", run("--help").stdout, re.M)


# --- usage ----------------------------------------------------------------------------------------

def test_help_lists_the_subcommands_in_order():
    names = subcommands()
    assert {"all-clear", "check", "drill", "status"} <= set(names)
    assert names == sorted(names)


@pytest.mark.parametrize("where", ["before", "behind"])
def test_every_subcommand_helps(where):
    for name in subcommands():
        said = run("--help", name) if where == "before" else run(name, "--help")
        assert said.returncode == OK and said.stderr == "", said
        assert said.stdout.startswith(f"Usage: porchlight {name}")
        for option in ["--prefix DIR", "--help"]:
            assert re.search(rf"^  {option}\b", said.stdout, re.M), (name, said.stdout)


def test_wrong_usage_is_two(folder):
    for args in [[], ["nonsense"], ["--prefix"], ["status", "--prefix"], ["drill", "later"],
                 ["drill", "wipe", "wipe"], ["all-clear", "now"], ["check", "a", "b"],
                 ["status", "x"]]:
        said = run(*args)
        assert said.returncode == USAGE and said.stdout == "" and said.stderr != "", (args, said)
    for name in subcommands():
        said = run("--prefix", folder, name, "--no-such-option")
        assert said.returncode == USAGE and said.stderr != "", (name, said)


def test_help_fits_80_columns_and_breaks_no_word():
    for args in [[]] + [[name] for name in subcommands()]:
        said = run(*args, "--help").stdout
        assert all(len(line) <= 80 for line in said.splitlines()), (args, said)
        assert not re.search(r"\w-$", said, re.M), (args, said)


@pytest.mark.parametrize("typed, meant", [("stauts", "status"), ("drll", "drill"), ("setpu", "setup"),
                                          ("allclear", "all-clear")])
def test_a_slip_gets_a_suggestion(typed, meant):
    said = run(typed)
    assert said.returncode == USAGE and said.stdout == ""
    assert said.stderr == (f'porchlight: There is no subcommand "{typed}". '
                           f"Did you mean: porchlight {meant}\n")


def test_what_resembles_nothing_gets_no_suggestion():
    said = run("nonsense")
    assert said.returncode == USAGE and "porchlight --help" in said.stderr
    assert "Did you mean" not in said.stderr


def test_a_wrong_option_is_named():
    for args, why in [(["status", "--foo"], "There is no option --foo"),
                      (["listen", "--for"], "--for needs a value: --for TIME"),
                      (["listen", "--for", "soon"], "--for soon: expected a time such as 30s"),
                      (["listen", "--staff=yes"], "--staff takes no value"),
                      (["status", "x"], '"x" is one argument too many'),
                      (["seal"], "An argument is missing")]:
        said = run(*args)
        assert said.returncode == USAGE
        assert said.stderr.startswith(f"porchlight {args[0]}: {why}."), said
        assert f"(more: porchlight {args[0]} --help)" in " ".join(said.stderr.split()), said


# --- on a terminal --------------------------------------------------------------------------------

def on_terminal(*args, columns=80, **environ):
    """What the command prints on a terminal of so many columns, and its exit code."""
    main, other = pty.openpty()
    fcntl.ioctl(other, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    env = {k: v for k, v in os.environ.items() if k != "NO_COLOR"} | {"TERM": "xterm"} | environ
    child = subprocess.Popen([program("porchlight"), *map(str, args)], stdin=other, stdout=other,
                             stderr=other, env=env)
    os.close(other)
    said = b""
    while True:
        try:
            more = os.read(main, 4096)
        except OSError:  # the other side is closed
            break
        if not more:
            break
        said += more
    os.close(main)
    return said.decode().replace("\r\n", "\n"), child.wait(20)


def test_an_error_is_wrapped_on_a_terminal(folder):
    plain = run("--prefix", folder, "status").stderr
    for columns in (80, 60, 200):
        said, code = on_terminal("--prefix", folder, "status", columns=columns)
        said = re.sub(r"\033\[[0-9;]*m", "", said)
        assert code == NOBODY and said.split() == plain.split()
        assert max(map(len, said.splitlines())) < min(columns, 80)


def test_the_wipes_plan_is_wrapped_on_a_terminal(folder):
    put(folder / "etc/porchlight/porchlight.conf", WHOLE)
    put(folder / "etc/porchlight/wipe.plan", "[root venue]\npath = /srv/venue\n"
                                             "[tree list]\npath = /srv/venue/list\n")
    for made in ("srv/venue/list", "var/lib/porchlight-wipe"):
        (folder / made).mkdir(parents=True)
    plain = run("--prefix", folder, "wipe", "--plan")
    assert plain.returncode == OK and max(map(len, plain.stdout.splitlines())) > 80, plain
    said, code = on_terminal("--prefix", folder, "wipe", "--plan")
    assert code == OK and said.split() == plain.stdout.split()
    promise = [line for line in said.splitlines() if line.startswith("      ")]
    assert len(promise) > 1 and max(map(len, promise)) < 80


def test_what_is_wrong_with_a_plan_is_wrapped_on_a_terminal(folder):
    put(folder / "etc/porchlight/wipe.plan", "[root venue]\npath = /srv/venue/../outside\n"
                                             "[tree list]\npath = /srv/venue/list\nalas = yes\n")
    plain = run("--prefix", folder, "wipe", "--plan")
    assert plain.returncode == NOBODY and max(map(len, plain.stderr.splitlines())) > 80, plain
    assert plain.stderr.startswith(f"{folder}/etc/porchlight/wipe.plan:2: ")
    said, code = on_terminal("--prefix", folder, "wipe", "--plan")
    assert code == NOBODY and said.split() == plain.stderr.split()
    assert max(len(line) for line in said.splitlines() if str(folder) not in line) < 80


def test_colours_are_for_terminals_alone(folder):
    assert "\033" not in run("--prefix", folder, "status").stderr
    assert on_terminal("--prefix", folder, "status")[0].startswith("\033[1;31m")
    for environ in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
        assert "\033" not in on_terminal("--prefix", folder, "status", **environ)[0]
    assert "\033" in on_terminal("--prefix", folder, "status", NO_COLOR="")[0]


def test_version():
    said = run("--version")
    assert said.returncode == OK and re.fullmatch(r"porchlight \d+\.\d+\.\d+\n", said.stdout)


# --- check ----------------------------------------------------------------------------------------

def conf_of(folder, text):
    path = folder / "porchlight.conf"
    path.write_text(text)
    return path


def test_check_says_in_order(folder):
    said = run("check", conf_of(folder, WHOLE))
    assert said.returncode == OK and said.stderr == ""
    assert "in order: 1 switch, 0 doors, 1 broker, wipe off, simulated wires" in said.stdout
    assert "LAN only" not in said.stdout
    inside = run("check", conf_of(folder, WHOLE.replace("outside = yes", "outside = no")))
    assert inside.returncode == OK and "LAN only" in inside.stdout


def test_check_takes_the_kiosks_own_file(folder):
    etc = folder / "etc/porchlight"
    etc.mkdir(parents=True)
    conf_of(etc, WHOLE)
    shutil.copy(pki.Authority(folder / "authority").pem, folder / "ca.pem")
    for args in (["--prefix", folder, "check"], ["check", f"--prefix={folder}"]):
        said = run(*args)
        assert said.returncode == OK and said.stdout.startswith(f"{etc}/porchlight.conf: in order")


def test_check_says_everything_that_is_wrong(folder):
    path = conf_of(folder, WHOLE + "port = 0\n[alert]\ndrill_lasts = 5\n[walls]\n")
    said = run("check", path)
    assert said.returncode == FAILED and said.stdout == ""
    lines = said.stderr.splitlines()
    assert [line.split(": ")[0] for line in lines] == [f"{path}:{n}" for n in (11, 13, 14)]
    for line in lines:
        assert "found" in line and "expected" in line


def test_check_json(folder):
    good = json.loads(run("check", "--json", conf_of(folder, WHOLE)).stdout)
    assert good == {"ok": True, "file": f"{folder}/porchlight.conf", "complaints": []}
    said = run("check", "--json", conf_of(folder, WHOLE + "port = 0\n"))
    bad = json.loads(said.stdout)
    assert said.returncode == FAILED and not bad["ok"] and len(bad["complaints"]) == 1


def test_check_without_a_file(folder):
    said = run("check", folder / "none.conf")
    assert said.returncode == FAILED
    assert "none.conf: there is no such file; porchlight setup makes one" in said.stderr


# --- control.sock ---------------------------------------------------------------------------------

class Daemon:
    """Takes porchlightd's place at control.sock and answers each request with one packet (None:
    never, b"": by closing)."""

    def __init__(self, prefix, answer):
        self.asked = []
        self.answer = answer
        self.path = prefix / "run/porchlight/control.sock"
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.listener.bind(str(self.path))
        self.listener.listen(4)
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.held = []
        self.thread.start()

    def _serve(self):
        while True:
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            self.asked.append(peer.recv(4096))
            if self.answer is None:
                self.held.append(peer)
                continue
            if self.answer:
                peer.send(self.answer)
            peer.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join(5)
        for peer in self.held:
            peer.close()
        self.path.unlink()


STATUS = {
    "ok": True, "state": "lockdown", "on_site": "quiet", "drill": False,
    "alert": {"id": "x", "age_ms": 65000, "handed_over": True},
    "brokers": [{"name": "out", "connected": True, "outside": True, "error": None,
                 "mqtt": "5", "beat_ms": 3400},
                {"name": "home", "connected": False, "outside": False, "error": "no route"}],
    "inputs": [{"name": "front", "kind": "switch", "active": False, "fault": None},
               {"name": "entrance", "kind": "door", "active": True, "fault": "cut"}],
    "record_fault": True, "seen": 3, "safe": 2, "pending": 1, "clock_set": False, "version": "9.8.7"}


def test_what_is_asked(folder):
    with Daemon(folder, b'{"ok":true}') as daemon:
        for args in (["drill"], ["drill", "wipe"], ["all-clear"], ["status"]):
            assert run("--prefix", folder, *args).returncode == OK
    assert daemon.asked == [b"drill", b"drill wipe", b"code", b"status"]


def test_status_is_readable(folder):
    with Daemon(folder, json.dumps(STATUS).encode()):
        said = run("--prefix", folder, "status")
    assert said.returncode == OK and said.stderr == ""
    for line in ["state:    lockdown, shown here as quiet",
                 "alert:    has left the venue, begun 65s ago, answered by 3 phones, 2 of them safe",
                 "broker:   out, outside the venue, connected, last sign of life 3s ago",
                 "broker:   home, on this network, NOT connected: no route",
                 "switch:   front, not pressed", "door:     entrance, open, FAULT: cut",
                 "waiting:  1 message that has not left the venue yet", "version:  9.8.7"]:
        assert line in said.stdout.splitlines(), (line, said.stdout)
    assert "not set since power-up" in said.stdout
    assert "CANNOT BE WRITTEN" in said.stdout


def test_status_without_a_broker_outside(folder):
    inside = dict(STATUS, brokers=[STATUS["brokers"][1]])
    with Daemon(folder, json.dumps(inside).encode()):
        assert "LAN only" in run("--prefix", folder, "status").stdout
    with Daemon(folder, json.dumps(dict(STATUS, brokers=[])).encode()):
        assert "no phone can be alerted" in run("--prefix", folder, "status").stdout


def test_json_is_passed_on(folder):
    with Daemon(folder, json.dumps(STATUS).encode()):
        for args in (["status", "--json"], ["--json", "drill"], ["all-clear", "--json"]):
            assert json.loads(run("--prefix", folder, *args).stdout) == STATUS


def test_watch_goes_on_until_it_is_ended(folder):
    with Daemon(folder, json.dumps(STATUS).encode()) as daemon:
        watcher = subprocess.Popen([program("porchlight"), "--prefix", folder, "status", "--watch",
                                    "--json"], stdout=subprocess.PIPE, text=True)
        try:
            seen = [json.loads(watcher.stdout.readline()) for _ in range(2)]
        finally:
            watcher.terminate()
            watcher.wait(10)
            watcher.stdout.close()
    assert seen == [STATUS, STATUS] and len(daemon.asked) >= 2


def test_a_refusal_is_passed_on(folder):
    with Daemon(folder, b'{"ok":false,"error":"an alert is active; end it first"}'):
        said = run("--prefix", folder, "drill")
    assert said.returncode == FAILED and said.stdout == ""
    assert said.stderr == "porchlight drill: An alert is active; end it first\n"


@pytest.mark.parametrize("answer, code", [
    (b"nonsense", FAILED), (b"[]", FAILED), (b"{}", FAILED), (b'{"ok":1}', FAILED),
    (b'{"ok":true', FAILED), (b"\x00\xff", FAILED), (b'{"ok":true}' + b" " * 16384, NOBODY),
    (b"", NOBODY)])
def test_answers_that_are_none(folder, answer, code):
    with Daemon(folder, answer):
        for name in ("status", "drill"):
            said = run("--prefix", folder, name)
            assert said.returncode == code and said.stdout == "" and said.stderr != "", said


def test_odd_status_is_read_all_the_same(folder):
    for odd in [{}, {"state": 5, "brokers": 7, "inputs": {"a": 1}, "alert": []},
                {"brokers": [1, None, {}], "inputs": [{}, "x"], "alert": {"age_ms": 1e300}},
                {"alert": {"age_ms": -1}, "seen": "many", "pending": -4}]:
        with Daemon(folder, json.dumps(dict(odd, ok=True)).encode()):
            said = run("--prefix", folder, "status")
        assert said.returncode == OK and said.stderr == "", (odd, said)
        assert "(null)" not in said.stdout


def test_nothing_is_set_up_there(folder):
    for args in (["status"], ["drill"], ["all-clear"]):
        said = run("--prefix", folder, *args)
        assert said.returncode == NOBODY and "Begin with: sudo porchlight setup" in said.stderr


def test_nobody_there(folder):
    put(folder / "etc/porchlight/porchlight.conf")
    for args in (["status"], ["drill"], ["all-clear"]):
        said = run("--prefix", folder, *args)
        assert said.returncode == NOBODY and "porchlightd is not running" in said.stderr
    with Daemon(folder, b'{"ok":true}') as daemon:
        pass
    stale = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    stale.bind(str(daemon.path))
    stale.close()
    assert run("--prefix", folder, "status").returncode == NOBODY


def test_a_daemon_that_hangs_is_waited_for_five_seconds(folder):
    with Daemon(folder, None):
        before = time.monotonic()
        said = run("--prefix", folder, "status")
        took = time.monotonic() - before
    assert said.returncode == NOBODY and "does not answer" in said.stderr
    assert took > 4.5


def test_not_permitted(folder):
    """Root without the power over modes is refused like anyone outside the group."""
    before = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search"] \
        if os.geteuid() == 0 else []
    with Daemon(folder, b'{"ok":true}') as daemon:
        daemon.path.chmod(0)
        said = run("--prefix", folder, "status", before=before)
    assert said.returncode == DENIED and "porchlight-staff" in said.stderr


def test_a_prefix_of_any_length(folder):
    deep = folder / ("d" * 120)
    with_room = run("--prefix", deep, "status")
    assert with_room.returncode == NOBODY
    assert run("--prefix", "/x" * 400, "status").returncode == USAGE
