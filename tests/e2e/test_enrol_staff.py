"""Staff phones join with a signature of the root key, after six digits that host and phone compare."""

import json
import subprocess

from tests.kit import local, wait
from tests.kit.joining import Joiner, type_in


def test_a_staff_phone_signed_at_the_kiosk(venue):
    phone = venue.staff()
    assert venue.ask("phones")["staff"] == 1
    assert (venue.kiosk.state / "staff" / f"{phone.account}.cert").exists()
    command(venue, phone, "drill")
    wait.until(lambda: venue.kiosk.status()["drill"], "the drill that staff asked for")


def command(venue, phone, name):
    """The staff phone's letter, with the nonce of the state it looks at."""
    state = phone.eyes.wait("state", "state").body
    phone.eyes.write(f"command/{phone.account}",
                     {"v": 2, "kind": f"command-{name}", "id": state["id"],
                      "epoch": state["epoch"], "seq": state["seq"], "account": phone.account,
                      "nonce": state["nonce"]}, phone.secret)


def test_a_staff_phone_signed_elsewhere(venue, folder):
    child, said = venue.invite_waiting("--staff")
    phone = Joiner(said["link"], venue.brokers[0])
    phone.ask()
    type_in(child, phone.digits())
    told = child.stdout
    line = ""
    while "--public" not in line:
        line = (line if "keys sign" in line else "") + told.readline()
    args = line.replace("\\\n", "").split()[1:]
    args[args.index("FILE")] = str(venue.kiosk.root_key)
    # The computer with the root key knows nothing of this kiosk.
    signed = subprocess.run([*venue.program, "--prefix", folder, *args], capture_output=True,
                            text=True, check=True, timeout=20).stdout
    type_in(child, "00" * 64, signed.strip())
    assert phone.welcomed()["certificate"] == signed.strip()
    phone.done()
    assert child.wait(20) == 0
    assert "not the root key's signature" in child.stderr.read()


def other_digits(digits):
    return f"{(int(digits) + 1) % 10**6:06}"


def test_digits_may_be_mistyped_twice(venue):
    child, said = venue.invite_waiting("--staff", "--root", str(venue.kiosk.root_key))
    phone = Joiner(said["link"], venue.brokers[0])
    phone.ask()
    right = phone.digits()
    wrong = other_digits(right)
    type_in(child, "12345", "twelve", wrong, wrong, f"{right[:3]} {right[3:]}")
    phone.welcomed()
    phone.done()
    assert child.wait(20) == 0
    told = child.stderr.read()
    assert told.count("Those are not six digits") == 2
    assert "2 tries are left" in told and "1 try is left" in told


def test_the_third_wrong_digits_end_the_invitation(venue):
    child, said = venue.invite_waiting("--staff", "--root", str(venue.kiosk.root_key))
    phone = Joiner(said["link"], venue.brokers[0])
    phone.ask()
    type_in(child, *[other_digits(phone.digits())] * 3)
    assert phone.refusal() == "digits"
    assert child.wait(20) == 1
    assert "three times" in child.stderr.read()
    venue.settled(set())


def test_nobody_is_signed_before_the_digits(venue):
    child, said = venue.invite_waiting("--staff")
    phone = Joiner(said["link"], venue.brokers[0])
    phone.ask()
    phone.digits()
    answer = json.loads(local.ask(venue.kiosk.run / "admin.sock",
                                  f"certify {phone.account} {'00' * 64}"))
    assert "digits" in answer["error"]
    assert not [a for a in phone.answers if a["kind"] == "welcome"]


def test_another_venues_root_cannot_sign(venue, make_venue):
    other = make_venue(start=False)
    told = venue.cli("invite", "--staff", "--root", other.kiosk.root_key, code=1).stderr
    assert "another venue's root key" in told
    assert venue.ask("phones")["invited"] == 0
