"""Unattended upgrades ask the kiosk first: `porchlight idle`, and apt with the package's own snippet."""

import re
import secrets

import pytest

from tests.kit import wait
from tests.kit.apt import Apt, package
from tests.kit.kiosk import FAST, Kiosk
from tests.kit.place import ROOT, program

PLAN = "[root venue]\npath = /srv/venue\n\n[key sheet]\npath = /srv/venue/key\n"
UNATTENDED = {"PORCHLIGHT_UNATTENDED": "yes"}


@pytest.fixture(name="kiosk")
def new_kiosk():
    with Kiosk(conf=FAST) as made:
        yield made


def idle(kiosk):
    done = kiosk.cli("idle")
    assert done.stdout == "" and done.returncode in (0, 1), done
    # It does not say what is open.
    assert done.stderr == ("" if done.returncode == 0 else
                           "porchlight idle: Not now; try again later\n"), done
    return done.returncode == 0


def test_in_quiet_an_upgrade_may_go_on(kiosk):
    kiosk.start()
    assert idle(kiosk)


@pytest.mark.parametrize("words", [["sim", "switch", "hold", "500ms"], ["drill"]])
def test_an_alert_or_a_drill_holds_it_up(kiosk, words):
    kiosk.start()
    assert kiosk.cli(*words).returncode == 0
    wait.until(lambda: kiosk.status()["state"] == "lockdown", kiosk.daemon.said)
    assert not idle(kiosk)
    if words == ["drill"]:
        assert kiosk.cli("all-clear").returncode == 0
        wait.until(lambda: idle(kiosk), kiosk.daemon.said)


def test_an_alert_that_the_site_does_not_show_is_not_revealed(kiosk):
    """Whoever stands beside the kiosk gets quiet's answer, and a restart loses nothing of the alert."""
    kiosk.start()
    kiosk.cli("sim", "switch", "hold", "500ms")
    wait.until(lambda: kiosk.status()["state"] == "lockdown", kiosk.daemon.said)
    assert kiosk.cli("all-clear").returncode == 0
    wait.until(lambda: kiosk.status()["state"] == "quiet", kiosk.daemon.said)
    wait.until(lambda: idle(kiosk), kiosk.daemon.said)  # the finger is off the switch
    kiosk.daemon.stop()  # as an upgrade does: the record is written
    spy = kiosk.spy(["alert"])
    kiosk.start()
    wait.until(lambda: [m for m in spy.received if m.body.get("kind") == "lockdown" and m.body["resumed"]],
               kiosk.daemon.said)
    assert kiosk.status()["state"] == "quiet" and idle(kiosk)


def test_a_wipe_that_is_not_over_holds_it_up(kiosk):
    """Its credential is kept for last."""
    (kiosk.folder / "srv/venue").mkdir(parents=True)
    for name in ("key", "password"):
        (kiosk.folder / "srv/venue" / name).write_text(secrets.token_hex(16))
    kiosk.start_wipe(PLAN + "[credential broker]\npath = /srv/venue/password\n")
    kiosk.brokers[0].stop()
    kiosk.start(connected=False)
    kiosk.cli("sim", "switch", "hold", "900ms")
    wait.until(lambda: not (kiosk.folder / "srv/venue/key").exists(), kiosk.daemon.said)
    kiosk.daemon.kill()
    (kiosk.state / "record").unlink()  # all that porchlightd knew of it
    kiosk.start(connected=False)
    assert not idle(kiosk)


def test_a_kiosk_that_does_not_answer_is_left_alone(kiosk):
    done = kiosk.cli("idle")
    assert done.returncode == 3 and "systemctl start porchlightd" in done.stderr


def test_where_no_kiosk_is_set_up_nothing_waits(folder):
    from tests.kit import process
    done = process.run([program("porchlight"), "--prefix", folder, "idle"])
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


# --- apt ---------------------------------------------------------------------------------------------

@pytest.fixture(name="apt")
def new_apt(folder, kiosk):
    """apt as the package leaves it; `porchlight` is this kiosk's."""
    made = Apt(folder / "apt")
    (made.root / "etc/apt/apt.conf.d/52porchlight").write_text(
        (ROOT / "systemd/package/porchlight.apt.conf").read_text().replace(
            "/usr/libexec/porchlight/no-downgrade", str(ROOT / "systemd/package/no-downgrade")))
    tools = folder / "tools"
    tools.mkdir()
    (tools / "porchlight").write_text(
        f'#!/bin/sh\nexec {program("porchlight")} --prefix {kiosk.prefix} "$@"\n')
    (tools / "porchlight").chmod(0o755)
    made.tools = tools
    return made


def install(apt, deb, **env):
    import os
    done = apt.run("--allow-downgrades", "install", str(deb),
                   PATH=f"{apt.tools}:{os.environ['PATH']}:/usr/sbin:/sbin", **env)
    return done.returncode == 0, done.stdout + done.stderr


def test_an_unattended_upgrade_waits_and_a_host_need_not(kiosk, apt, folder):
    first, second = (package(folder, "library", version) for version in ("1.0", "2.0"))
    kiosk.start()
    assert install(apt, first, **UNATTENDED)[0]
    kiosk.cli("sim", "switch", "hold", "500ms")
    wait.until(lambda: kiosk.status()["state"] == "lockdown", kiosk.daemon.said)
    taken, said = install(apt, second, **UNATTENDED)
    assert not taken and "Not now" in said, said
    assert "1.0" in (apt.root / "usr/share/library/data").read_text()
    assert install(apt, second)[0]
    assert "2.0" in (apt.root / "usr/share/library/data").read_text()


def test_an_older_porchlight_is_refused_with_the_reason(apt, folder):
    """Of the package itself: 0.1.0 knows no better."""
    newer, older, other = (package(folder, *one) for one in (
        ("porchlight", "0.2.0+deb12"), ("porchlight", "0.1.0+deb12"), ("library", "1.0")))
    assert install(apt, newer)[0]
    taken, said = install(apt, older)
    assert not taken and "0.1.0+deb12 is older" in said and "apt purge porchlight" in said, said
    assert install(apt, other)[0]
    assert "0.2.0" in (apt.root / "usr/share/porchlight/data").read_text()
    # A removal is none of this.
    done = apt.run("purge", "porchlight")
    assert done.returncode == 0 and not (apt.root / "usr/share/porchlight").exists(), done


@pytest.mark.parametrize("name", ("porchlight", "porchlight-relay", "porchlight-registrar"))
def test_dpkg_alone_refuses_it_too(apt, folder, name):
    """By the script that the older package brings along."""
    from tests.kit import process
    script = (ROOT / "systemd/package/preinst").read_text()
    oldest, older, newer = (
        package(folder, name, version, preinst=script.replace("@VERSION@", version))
        for version in ("0.2.0~rc1+deb12", "0.2.0+deb12", "0.3.0+deb12"))

    def dpkg(deb):
        return process.run(["dpkg", f"--root={apt.root}", "--force-not-root,script-chrootless,bad-path",
                            "-i", deb], 60)

    data = apt.root / f"usr/share/{name}/data"
    for deb, version in ((older, "0.2.0"), (newer, "0.3.0"), (newer, "0.3.0")):
        done = dpkg(deb)
        assert done.returncode == 0 and version in data.read_text(), done
    for deb in (older, oldest):
        done = dpkg(deb)
        assert done.returncode == 1 and f"{name} was not replaced: 0.3.0+deb12 is installed" in done.stderr, done
        assert f"sudo apt purge {name}." in done.stderr and "0.3.0" in data.read_text()


def test_the_timer_asks_before_it_begins():
    drop = (ROOT / "systemd/porchlight.upgrades.conf").read_text()
    assert re.search(r"^ExecCondition=/usr/bin/porchlight idle$", drop, re.M)
    assert "apt-daily-upgrade.service.d" in (ROOT / "Makefile").read_text()
    asked = re.search(r"^Environment=(\w+)=yes$", drop, re.M)[1]
    assert f"test -z ${asked} " in (ROOT / "systemd/package/porchlight.apt.conf").read_text()
