"""A kiosk's life in a clean Debian 12 and 13 that was booted, from the package to the purge: the
units as they are shipped, under systemd, with phones that receive what they send. One machine goes through all of
it, in this order."""

import json
import re
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.deb.host import ETC, ROOT_KEY, Host
from tests.kit import record, wait
from tests.kit.finger import Finger
from tests.kit.place import ROOT

# What runs once it is set up. porchlight-dark has no lights to darken in a container.
ACTIVE = ["porchlightd.service", "porchlight-screen.service", "porchlight-broker.service",
          "porchlight-page.service", "porchlight-console.service", "porchlight-renew.timer",
          "porchlight-wipe.socket", "porchlightd-control.socket", "porchlightd-screen.socket"]
OLD_ADMIN = "porchlightd-steward.socket"
ADMIN = "porchlightd-admin.socket"  # since 0.1.0, as are the next ones
NEW = [ADMIN, "porchlight-doctor.timer", "porchlight-new-key.path"]
VERSION = re.search(r'VERSION "(.*)"', (ROOT / "kiosk/common/version.h").read_text())[1]
OLD = " ".join(f"/debs/old-porchlight{part}.deb" for part in ("", "-page"))


@pytest.fixture(scope="module", name="host")
def new_host(machine):
    made = Host(machine)
    yield made
    made.close()


def failed(machine):
    return machine.do("systemctl list-units --failed --plain --no-legend 'porchlight*'")


def test_installed_it_starts_nothing(host, machine):
    machine.do(f"apt-get -qq -y install {OLD}")
    assert failed(machine) == ""
    assert machine.do("systemctl list-units --plain --no-legend --state=active "
                      "'porchlight*.service'") == ""
    before = host.journal()
    status, said = machine.run("porchlight status")
    assert status == 3 and "begin with: sudo porchlight setup" in said  # 0.1.0's own words
    assert failed(machine) == "" and host.journal() == before


def test_0_1_0_is_set_up(host, machine):
    code, said = machine.run(f"porchlight setup --answers {host.answer(drill='no')}")
    assert code == 0, said
    host.connected()


def all_run(machine, *units):
    for unit in [*ACTIVE, *units]:
        assert machine.run(f"systemctl is-active {unit}")[1] == "active\n", unit


def test_what_runs(machine):
    all_run(machine, OLD_ADMIN)
    assert failed(machine) == ""
    assert machine.do("systemctl show -p NRestarts --value porchlightd porchlight-broker "
                      "porchlight-page porchlight-screen").split() == ["0"] * 4


def test_the_page_is_served(host, machine):
    assert machine.inside(host.page) == machine.do("cat /usr/share/porchlight/page/index.html")


def test_doctor_has_nothing_to_say_of_what_set_up_made(machine):
    said = json.loads(machine.run("porchlight doctor --json")[1])
    wrong = {(c["area"], c["check"]): c["said"] for c in said["checks"] if c["verdict"] != "ok"}
    assert not [at for at in wrong if at[0] in ("config", "program", "broker")], wrong


def test_a_press(host):
    host.hold()
    host.answers_with(lambda s: s["state"] == "lockdown", "the lockdown")


def test_an_upgrade_by_apt(host, machine):
    """From 0.1.0 as it was released and set up. An active alert survives it, broker and page stay
    up, and the time in which no press would have been noticed is printed."""
    kept = "systemctl show -p MainPID,ActiveEnterTimestampMonotonic porchlight-broker " \
           "porchlight-page porchlight-wipe.socket porchlightd-control.socket"
    before, pid = machine.do(kept), machine.do("systemctl show -p MainPID porchlightd")
    with Finger(host) as finger:
        wait.until(lambda: finger.taken, "the finger")
        said = machine.do("apt-get -qq -y install /debs/porchlight.deb /debs/porchlight-page.deb "
                          "/debs/porchlight-registrar.deb")
        assert "invite every phone again" in said, said
        assert machine.do("porchlight --version") == f"porchlight {VERSION}\n"
        host.connected()
        stopped = int(machine.do("systemctl show -p ActiveExitTimestampMonotonic --value "
                                 "porchlightd")) / 1e6
        wait.until(lambda: finger.taken[-1] > stopped, host.journal, 30)
    print(f"{machine.suite}: an upgrade's gap, from the last touch noticed to the first: "
          f"{finger.gap(stopped) * 1000:.0f} ms")
    assert machine.do(kept) == before
    assert machine.do("systemctl show -p MainPID porchlightd") != pid
    assert host.status()["state"] == "lockdown" and failed(machine) == ""
    all_run(machine, *NEW)
    assert machine.do(f"systemctl show -p LoadState --value {OLD_ADMIN}") == "not-found\n"
    assert machine.run("find /etc/systemd /run/porchlight -name '*steward*'")[1] == ""


def test_after_the_upgrade_set_up_and_a_drill_that_a_phone_answers(host, machine):
    """0.1.0's phones spoke an older protocol: they get rights by set-up, and are invited again. The alert
    is still the one of before, until the root key ends it."""
    said = machine.do(f"porchlight setup --answers {host.answer(drill='no')}")
    assert "no account at the broker here" not in said, said
    host.connected()
    assert host.status()["state"] == "lockdown"
    machine.do(f"porchlight root end --root {ROOT_KEY}")
    host.answers_with(lambda s: s["state"] == "quiet", "the end of the alert")
    began = time.monotonic()
    answers = host.answer(drill="yes")
    with ThreadPoolExecutor(1) as pool:
        setting_up = pool.submit(machine.run, f"porchlight setup --answers {answers}")
        phone = host.invite()
        phone.answer(phone.wait("lockdown", "alert", drill=True, within=60).body["id"])
        code, said = setting_up.result()
    assert code == 0 and "A phone received it" in said, said
    print(f"{machine.suite}: from set-up to the first drill that was answered: "
          f"{time.monotonic() - began:.1f} s")


def test_a_phone_that_the_root_key_revokes_costs_the_others_a_new_key_by_itself(host, machine):
    key, service = f"cat {ETC}/credentials/venue.key", "porchlight-new-key.service"
    before, lost = machine.do(key), "0badcafe0badcafe"
    machine.do(f"porchlight root revoke {lost} --root {ROOT_KEY}")
    wait.until(lambda: machine.do(key) != before, lambda: f"a new key; {host.journal(service)}", 60)
    wait.until(lambda: machine.run("test -e /var/lib/porchlight/new-key-wanted")[0] != 0,
               lambda: f"that it is wanted no more; {host.journal(service)}", 60)
    wait.until(lambda: "inactive" in machine.run(f"systemctl is-active {service}")[1], "the end of the service")
    assert machine.do(f"systemctl show -p Result --value {service}") == "success\n"
    assert lost in machine.do(f"porchlight root show --json --root {ROOT_KEY}")
    assert failed(machine) == ""
    host.close()
    host.invite()  # this kit's phones learn a key when they join, and no later one


def test_a_press_reaches_the_phone(host):
    host.hold()
    host.phones[0].wait("lockdown", "alert", drill=False, within=30)
    assert host.status()["state"] == "lockdown"


def test_power_is_cut_and_it_comes_back_by_itself(host, machine):
    first = host.phones[0].wait("lockdown", "alert", drill=False).body["id"]
    host.close()
    machine.cut_power()
    machine.boot()
    host.connected()
    assert host.status()["state"] == "lockdown" and failed(machine) == ""
    state = host.phone_is_back().wait(topic="state", within=30).body
    assert state["state"] == "lockdown" and state["id"] == first


def test_a_keyboard_restarts_nothing(machine):
    """Ctrl-Alt-Del reaches systemd as this signal, and ten of them in a second as an emergency."""
    assert machine.do("systemctl show -p LoadState --value ctrl-alt-del.target") == "masked\n"
    up = machine.do("cat /proc/sys/kernel/random/boot_id; systemctl show -p UserspaceTimestamp")
    for _ in range(10):
        machine.do("kill -INT 1")
    assert machine.do("systemctl is-active porchlightd") == "active\n"
    assert machine.do("systemctl list-jobs --plain --no-legend") == ""
    assert machine.do("cat /proc/sys/kernel/random/boot_id; "
                      "systemctl show -p UserspaceTimestamp") == up


# A certificate of the venue's own authority that ends in ten days.
LATE = f"""cd /root && openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
    -keyout late.key -subj /CN=localhost -out late.csr &&
echo subjectAltName=DNS:localhost,IP:127.0.0.1 >late.ext &&
openssl x509 -req -in late.csr -CA {ETC}/broker-ca.pem -CAkey {ETC}/ca/ca.key -CAcreateserial \
    -CAserial late.srl -days 10 -extfile late.ext -out late.pem &&
cat late.pem late.key >{ETC}/broker/server.pem"""


def test_a_certificate_is_renewed_by_its_unit(host, machine):
    days = f"openssl x509 -noout -checkend {300 * 86400} -in {ETC}/broker/server.pem"
    machine.do(LATE)
    assert machine.run(days)[0] == 1
    before = machine.do("systemctl show -p MainPID porchlight-broker")
    machine.do("systemctl start porchlight-renew.service")
    machine.do(days)
    assert machine.do("systemctl show -p MainPID porchlight-broker") != before
    host.connected()
    assert failed(machine) == ""


# On a file system of the machine that runs this: the rest is an overlay, which no wipe reaches through.
PLAN = "[root decoys]\npath = /mnt/disk/decoys\n\n[tree papers]\npath = /mnt/disk/decoys/papers\n"


def test_a_switch_that_is_kept_held_wipes(host, machine):
    machine.do("mkdir -p /mnt/disk/decoys/papers && echo names >/mnt/disk/decoys/papers/list")
    machine.put(f"{ETC}/wipe.plan", PLAN, "600")
    machine.do(f"sed -i 's/^#enabled = no/enabled = yes/' {ETC}/porchlight.conf && "
               "systemctl restart porchlightd")
    host.connected()
    host.hold(5)
    wait.until(lambda: not machine.path("/mnt/disk/decoys/papers").exists(),
               lambda: host.journal("porchlight-wipe"), 60)
    said = wait.until(lambda: (lambda s: "papers" in s[1] and s[1])(
        machine.run("porchlight wipe --status")), lambda: host.journal("porchlight-wipe"), 60)
    assert "destroyed" in said and failed(machine) == ""


def test_a_wipe_that_was_not_begun_when_the_power_went(host, machine):
    """It is in porchlightd's record, and unknown to porchlight-wipe: the early unit begins it,
    lets the boot go on when the keys are dead, and is not started again while the alarm is up."""
    machine.do("systemctl stop porchlightd porchlight-wipe && mkdir -p /mnt/disk/decoys/papers && "
               "echo names >/mnt/disk/decoys/papers/list && echo key >/mnt/disk/decoys/key")
    machine.put(f"{ETC}/wipe.plan", PLAN + "[key door]\npath = /mnt/disk/decoys/key\n", "600")
    machine.path("/var/lib/porchlight/record").write_bytes(record.file(record.encode(epoch=1 << 40)))
    host.close()
    machine.cut_power()
    machine.boot()
    host.connected()
    said = "journalctl -b -o cat _SYSTEMD_UNIT=porchlight-wipe-resume.service"
    early = machine.do(said)
    assert "finishing it" in early and "key door: destroyed" in early, early
    assert machine.run("ls /mnt/disk/decoys/key /mnt/disk/decoys/papers")[0] == 2
    order = [int(machine.do(f"systemctl show --value -p {p} {u}")) for u, p in (
        ("porchlight-wipe-resume", "ActiveEnterTimestampMonotonic"),
        ("sysinit.target", "ActiveEnterTimestampMonotonic"),
        ("porchlightd", "ExecMainStartTimestampMonotonic"))]
    assert order == sorted(order) and order[0] > 0, order
    machine.do("systemctl start porchlight-wipe-resume")
    assert machine.do("systemctl show --value -p ConditionResult porchlight-wipe-resume") == "no\n"
    assert machine.do(said) == early
    assert failed(machine) == ""
    host.phone_is_back()


def test_a_book_is_kept_by_a_user_that_cannot_read_it(machine):
    """Its program is started by the first entry, and takes entries from its group alone."""
    book, entry = "/var/lib/porchlight-books/visitors.book", "porchlight seal --book visitors -"
    machine.do(f"cd /root && porchlight --prefix /nowhere keygen venue && "
               f"cp venue.public {ETC}/seal.public && systemctl start porchlight-book.socket")
    machine.do(f"echo first | {entry}")
    machine.do(f"echo second | setpriv --reuid=nobody --regid=porchlight-book --clear-groups {entry}")
    assert machine.run(f"echo third | setpriv --reuid=nobody --regid=nogroup --clear-groups {entry}"
                       )[0] == 4
    assert machine.do(f"stat -c '%U %a' {book}") == "porchlight-book 600\n"
    assert machine.do("ps -o user= -C porchlight").strip().startswith("porchli")
    opened = machine.do(f"porchlight --prefix /nowhere unseal --key /root/venue.secret {book}")
    assert opened.split() == ["first", "second"]
    assert failed(machine) == ""
    machine.do(f"systemctl stop porchlight-book.socket porchlight-book && "
               f"rm -r /var/lib/porchlight-books {ETC}/seal.public /root/venue.*")


def test_set_up_again_changes_what_runs(host, machine):
    machine.do(f"porchlight setup --answers {host.answer(switch='sim:desk', drill='no')}")
    host.connected()
    assert "line = sim:desk" in machine.do(f"cat {ETC}/porchlight.conf")
    assert "desk" in host.wires().say("list") and failed(machine) == ""


def test_set_up_says_that_the_service_does_not_run(host, machine):
    """And ends with 1, so that neither a host nor a script goes home."""
    folder = "/etc/systemd/system/porchlightd.service.d"
    machine.do(f"mkdir -p {folder} && printf '[Service]\\nExecStartPre=/bin/false\\n' "
               f"> {folder}/broken.conf && systemctl daemon-reload")
    status, said = machine.run(f"porchlight setup --answers {host.answer(drill='no')}")
    machine.do(f"rm {folder}/broken.conf && systemctl daemon-reload && "
               f"systemctl reset-failed porchlightd")
    assert status == 1 and "does not run" in said and "systemctl status porchlightd" in said, said
    assert machine.run(f"porchlight setup --answers {host.answer(drill='no')}")[0] == 0
    host.connected()


BACKUP = "/media/usb/kiosk.backup --passphrase-file /media/usb/words"


def test_a_backup_is_taken_away(machine):
    machine.put("/media/usb/words", "lantern harbour walnut seven", "600")
    # The container's stick is a folder of its one disk.
    assert "would be lost with it" in machine.run(f"porchlight backup {BACKUP} 2>&1")[1]
    machine.do(f"porchlight backup {BACKUP} --same-card")
    assert "is good" in machine.do(f"porchlight backup --check {BACKUP}")


# The timer's stamp is systemd's.
LEFT = ["/var/lib/systemd/timers/stamp-porchlight-renew.timer"]


def test_a_purge_ends_all_of_it(machine):
    machine.do("rm -r /etc/systemd/system/porchlightd.service.d")
    machine.do("apt-get -qq -y purge porchlight porchlight-page porchlight-registrar")
    assert machine.run("pgrep -a porchlight")[1] == ""
    assert machine.do("systemctl list-units --all --plain --no-legend 'porchlight*'") == ""
    assert machine.do("find /etc /usr /var/lib /run -xdev -path /var/lib/dpkg -prune -o "
                      "-path /run/user -prune -o -name '*porchlight*' -print").split() == LEFT
    assert machine.do("systemctl show -p LoadState --value ctrl-alt-del.target") == "loaded\n"


def test_on_a_new_pi_a_backup_runs_at_once(host, machine):
    machine.do("apt-get -qq -y install /debs/porchlight.deb /debs/porchlight-page.deb "
               "/debs/porchlight-registrar.deb")
    host.allow_wires()
    machine.do(f"porchlight restore {BACKUP}")
    host.connected()
    all_run(machine, *NEW)
    host.close()
    phone = host.phone_is_back()
    host.hold()
    phone.wait("lockdown", "alert", drill=False, within=30)
    assert failed(machine) == ""
