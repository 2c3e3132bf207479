"""The ground that the other tests stand on: TLS, passwords and rights of the broker are real."""

import secrets
import ssl

import pytest

from tests.kit import pki, wait
from tests.kit.broker import Broker
from tests.kit.member import Member

PLACE = f"porchlight/{secrets.token_hex(8)}/{secrets.token_hex(8)}"


@pytest.fixture
def broker(folder):
    made = Broker(folder / "b", pki.Authority(folder / "ca"), PLACE)
    for role in ("kiosk", "member", "staff"):
        made.account(role, role, f"{role}-password")
    made.start()
    yield made
    made.stop()


def phone(broker, role, topics):
    made = Member(broker, role, f"{role}-password", topics=topics)
    return made


def test_a_role_reads_and_writes_what_is_its_own(broker):
    everything = ["alert", "state", "presence", "beat", "notice"]
    member, staff = phone(broker, "member", everything), phone(broker, "staff", everything)
    kiosk = phone(broker, "kiosk", ["ack/+", "command/+"])
    for topic in everything:
        kiosk.write(topic, {"kind": topic})
    member.write("alert", {"kind": "forged"})
    member.write("command/member", {"kind": "forged"})
    member.write("ack/staff", {"kind": "forged"})
    member.write("ack/member", {"kind": "seen"})
    staff.write("command/staff", {"kind": "command-drill"})
    for box, kinds in ((member, set(everything) - {"notice"}), (staff, set(everything)),
                       (kiosk, {"seen", "command-drill"})):
        for kind in kinds:
            box.wait(kind)
    wait.never(lambda: [r for box in (member, staff, kiosk) for r in box.received
                        if r.kind == "forged"], "a forged message arrived", 0.3)
    assert not member.all("notice")
    for box in (member, staff, kiosk):
        box.close()


def test_a_wrong_password_and_a_wrong_authority_are_refused(broker):
    with pytest.raises(AssertionError, match="could not subscribe"):
        Member(broker, "member", "guess", topics=["alert"], patience=1)
    broker.ca = pki.Authority(broker.folder.parent / "other").pem
    with pytest.raises(ssl.SSLCertVerificationError):
        Member(broker, "member", "member-password")
