"""What may be broken while a kiosk runs: each is said by whoever meets it, in a sentence that names
the place and how to fix it; nothing crashes, what was set up stays as it was, and once it is fixed
the kiosk goes on."""

import contextlib
import hashlib
import json
import os
import signal

import pytest

from tests.kit import local, pki, process, wait
from tests.kit.doctor import ask
from tests.kit.place import program
from tests.kit.process import Process


def whole(kiosk):
    """What was set up: every file below /etc, its mode and bytes."""
    return {p: (p.lstat().st_mode, hashlib.sha256(p.read_bytes()).hexdigest())
            for p in kiosk.folder.joinpath("etc").rglob("*") if p.is_file()}


# --- a config that is broken: said by check and by a start, and not taken by what runs -------------

def cut(text):
    """Half written, as by an editor whose disk was full."""
    return text[:text.index("[broker")] + "[broker b0]\nho"


CONFIGS = {
    "empty": (lambda t: "", ["[venue]"]),
    "half a line": (cut, ["broker"]),
    "one line twice": (lambda t: t.replace("[venue]\n", "[venue]\nid = 0123456789abcdef\n", 1),
                       ["id"]),
    "no equals sign": (lambda t: t.replace("line = sim:front", "line sim:front"), ["line"]),
    "Windows line ends": (lambda t: t.replace("\n", "\r\n"), []),
    "a NUL in it": (lambda t: t.replace("[kiosk]", "[kiosk]\0"), ["kiosk"]),
    "not text": (lambda t: "\x7fELF\x02\x01\x01" + "\x01" * 600, []),
    "a word for a number": (lambda t: t.replace("abort_window = 45s", "abort_window = soon"),
                            ["abort_window", "soon"]),
    "far too long": (lambda t: t + "\n# " + "x" * 100_000 + "\n", ["64 kB"]),
}


@pytest.mark.parametrize("case", CONFIGS)
def test_a_broken_config(kiosk, case):
    """Windows' line ends are none; all the rest names the file and what is wrong."""
    spoil, words = CONFIGS[case]
    kiosk.start()
    text = (kiosk.etc / "porchlight.conf").read_text()
    (kiosk.etc / "porchlight.conf").write_text(spoil(text), newline="")
    checked = kiosk.cli("check")
    said = checked.stdout + checked.stderr
    assert checked.returncode == (0 if case == "Windows line ends" else 1), said
    for word in words:
        assert word in said, said
    assert "porchlight.conf" in said
    before = whole(kiosk)
    kiosk.daemon.signal(signal.SIGHUP)
    wait.until(lambda: "porchlight.conf: applied" in kiosk.daemon.said()
               or "the old config stays in use" in kiosk.daemon.said(), kiosk.daemon.said)
    assert whole(kiosk) == before
    kiosk.write_conf(text)
    kiosk.daemon.signal(signal.SIGHUP)
    wait.until(lambda: "porchlight.conf: applied" in kiosk.daemon.said(), kiosk.daemon.said)
    member = kiosk.member()
    kiosk.wires().hold(0.4)
    member.wait("lockdown", "alert")


def test_a_config_cut_anywhere(kiosk):
    """At each of its bytes: said or taken, never a crash, never half taken."""
    text = (kiosk.etc / "porchlight.conf").read_text()
    for at in range(0, len(text), 7):
        kiosk.write_conf(text[:at])
        done = kiosk.cli("check", "--json")
        said = json.loads(done.stdout)
        assert done.returncode in (0, 1) and not done.stderr, done.stderr
        assert said["ok"] == (done.returncode == 0) == (not said["complaints"])


@pytest.mark.parametrize("spoil, words", [
    (lambda p: p.chmod(0o666), ["porchlight.conf", "chmod"]),
    (lambda p: (p.unlink(), p.mkdir()), ["porchlight.conf"]),
    (lambda p: (p.rename(p.with_name("gone")), p.symlink_to("nowhere")), ["porchlight.conf"]),
], ids=["others may write", "a folder", "a link to nothing"])
def test_a_config_that_is_no_file_of_roots(kiosk, spoil, words):
    spoil(kiosk.etc / "porchlight.conf")
    done = kiosk.cli("check")
    assert done.returncode == 1 or "others may" in words
    if done.returncode:
        for word in words:
            assert word in done.stderr, done.stderr


# --- what it runs on ---------------------------------------------------------------------------------

# The kiosk's state on a file system of its own, in a mount namespace of the daemon's own.
WITH_STATE = "mount -t tmpfs -o {options} none {state} && {then} exec \"$@\""


@contextlib.contextmanager
def on(kiosk, options, then=""):
    """porchlightd where /var/lib/porchlight is a file system made with these options."""
    script = WITH_STATE.format(options=options, state=kiosk.state, then=then)
    kiosk.daemon = Process("porchlightd", [*process.own_mounts(), "sh", "-euc", script, "sh",
                                           program("porchlightd"), "--prefix", kiosk.prefix,
                                           "--verbose"], kiosk.logs / "porchlightd")
    kiosk.processes.append(kiosk.daemon)
    wait.until(lambda: local.answers(kiosk.run / "control.sock"), kiosk.daemon.said)
    wait.until(kiosk.connected, kiosk.daemon.said)
    yield kiosk.daemon


STATES = {
    "a disk that is full": ("size=4k", "head -c 4096 /dev/zero >{state}/filler || true;"),
    "a read-only root": ("ro,size=1m", ""),
    "no inodes left": ("size=1m,nr_inodes=1", ""),
}


@pytest.mark.parametrize("case", STATES)
def test_a_record_that_cannot_be_written(kiosk, case):
    """Said at once, by the log, by status and by the alert's own path, which goes on."""
    options, then = STATES[case]
    with on(kiosk, options, then.format(state=kiosk.state)):
        member = kiosk.member()
        kiosk.wires().hold(0.4)
        member.wait("lockdown", "alert")
        said = wait.until(lambda: "record" in kiosk.daemon.said() and kiosk.daemon.said(),
                          kiosk.daemon.said)
        assert "power cut" in said or "not on the card" in said, said
        wait.until(lambda: kiosk.status()["record_fault"], kiosk.status, 10)
        assert "CANNOT BE WRITTEN" in kiosk.cli("status").stdout


@pytest.mark.parametrize("spoil", [
    lambda p: p.write_bytes(b""), lambda p: p.write_bytes(b"\xff" * 46),
    lambda p: p.write_bytes(p.read_bytes()[:20]),
], ids=["empty", "nonsense", "cut"])
def test_a_record_that_cannot_be_read(kiosk, spoil):
    kiosk.start()
    kiosk.daemon.stop()
    spoil(kiosk.state / "record")
    kiosk.start()
    assert "record" in kiosk.daemon.said() and "as if no alert had been active" in kiosk.daemon.said()
    member = kiosk.member()
    kiosk.wires().hold(0.4)
    member.wait("lockdown", "alert")


def test_a_second_porchlightd(kiosk):
    kiosk.start()
    before = whole(kiosk)
    second = kiosk.spawn("porchlightd", "--prefix", kiosk.prefix)
    assert second.wait(20) not in (0, None)
    assert "/run/porchlight" in second.said()
    assert kiosk.status()["ok"] and whole(kiosk) == before


def test_no_folder_for_the_sockets(kiosk):
    kiosk.run.rmdir()
    kiosk.run.write_text("")
    daemon = kiosk.spawn("porchlightd", "--prefix", kiosk.prefix)
    assert daemon.wait(20) not in (0, None)
    assert "/run/porchlight" in daemon.said() and "Not a directory" in daemon.said()


def test_a_control_socket_that_is_not_ours_to_use(kiosk):
    kiosk.start()
    (kiosk.run / "control.sock").chmod(0)
    done = kiosk.cli("status")
    if os.geteuid() != 0:
        assert done.returncode == 4 and "porchlight-staff" in done.stderr
    (kiosk.run / "control.sock").unlink()
    done = kiosk.cli("status")
    assert done.returncode == 3 and "systemctl start porchlightd" in done.stderr


# --- brokers -----------------------------------------------------------------------------------------

def fault(kiosk, name):
    """porchlightd, doctor and status agree on what is wrong with the broker."""
    kiosk.start(connected=False)
    # Before the first attempt has ended it is "route" too, without more.
    got = wait.until(lambda: next((b for b in kiosk.status()["brokers"]
                                   if (b["error"] or "").startswith(name + ", ")), None),
                     lambda: f"{name}; {kiosk.status()['brokers']}\n{kiosk.daemon.said()}", 40)
    assert got["fault"] == name and got["error"] in kiosk.cli("status").stdout
    return ask(kiosk.prefix)["broker"]


def test_a_broker_elsewhere_with_another_ca(kiosk):
    kiosk.change({"broker b0": {"ca": pki.Authority(kiosk.folder / "other").pem}})
    found = fault(kiosk, "tls")
    assert "not from the CA that this kiosk trusts" in found["b0"].said


def test_a_certificate_that_has_expired(kiosk):
    b = kiosk.brokers[0]
    b.kill()
    b.certificate = kiosk.authority.server("old", begins=-9, ends=-2)
    b.start()
    kiosk.start()  # it connects: an alarm does not fall silent because a renewal was late
    assert "has expired" in ask(kiosk.prefix)["broker"]["b0"].said


def test_a_broker_that_is_not_there(kiosk):
    kiosk.brokers[0].kill()
    assert "nothing listens" in fault(kiosk, "route")["b0"].said


def test_a_broker_without_a_name(kiosk):
    kiosk.change({"broker b0": {"host": "no-such-host.invalid"}})
    assert "does not resolve" in fault(kiosk, "dns")["b0"].said


def test_a_password_that_the_broker_refuses(kiosk):
    (kiosk.credentials / "broker-b0").write_text("wrong\n")
    found = fault(kiosk, "credentials")
    assert found["b0"].verdict == "ok" and "password" in found["b0, porchlightd"].said
