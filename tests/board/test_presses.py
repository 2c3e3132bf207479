"""A thousand presses of a wire, by gpio-sim, and of a Bluetooth remote, by uhid, on the board's own kernel:
none lost, none invented. Both are pressed by the machine itself, whose clock they are timed by."""

import os

import pytest

from tests.board.modules import modules
from tests.board.test_package import bytes_of
from tests.board.test_remote import NAME, order, pair
from tests.kit import wait

PRESSES = int(os.environ.get("PRESSES", "1000"))
CODE, FRONT = 12, 17
# Long enough for a machine that stands still for a moment.
SLOW = {"gap": "3s", "press_max": "3s", "hold": "6s", "wipe_hold": "0", "code": str(CODE)}
CONF = {"switch front": {**SLOW, "line": f"GPIO{FRONT}"},
        "switch remote": {**SLOW, "line": f"key:{NAME}:KEY_A"}}


@pytest.fixture(scope="module")
def booted(venues):
    from tests.board.conftest import SUITE
    files = {f"/root/{name}.ko": (data, 0o644) for name, data in modules(SUITE).items()}
    for name, mode in (("remote.pl", 0o644), ("pi.sh", 0o755)):
        files[f"/root/{name}"] = (bytes_of(__file__.replace("test_presses.py", name)), mode)
    venue = venues(conf=CONF, files=files)
    venue.boot(armed=False)
    venue.board.run("/root/pi.sh load /root && /root/pi.sh make")
    venue.board.run(f"/root/pi.sh pull {FRONT} up; modprobe uhid; mkfifo -m 600 /run/remote")
    pair(venue)
    return venue


def by_wire(venue, count):
    """Longer presses than the remote's: where the machine stands still, a brief one is over before the kernel's
    debouncing has looked at it again."""
    venue.board.run(f"for n in $(seq {count}); do /root/pi.sh pull {FRONT} down; sleep 0.4; "
                    f"/root/pi.sh pull {FRONT} up; sleep 0.3; done", 300)


def by_remote(venue, count):
    order(venue, f"presses {count}")


def test_a_thousand_presses_none_lost_none_invented(venue, record_property):
    """Two presses are a caution and twelve the venue's code: one too few or too many is another gesture,
    which phones or staff phones would show. Wire and remote take turns."""
    venue.wait_status(lambda s: not any(i["fault"] for i in s["inputs"]), 120)
    phone, staff = venue.member(), venue.member("staff")

    def messages(kind):
        return len({(r.body["epoch"], r.body["seq"]) for r in phone.all(kind, topic="alert")})

    evenings = -(-PRESSES // (2 + CODE))
    for n in range(1, evenings + 1):
        first, second = (by_wire, by_remote)[::1 if n % 2 else -1]
        for press, kind, count in ((first, "caution", 2), (second, "all-clear", CODE)):
            press(venue, count)
            wait.until(lambda k=kind: messages(k) == n, lambda: f"{kind} {n}: {venue.status()}", 120)
    record_property("presses", evenings * (2 + CODE))
    wait.never(lambda: messages("caution") + messages("all-clear") > 2 * evenings, "another alert", 5)
    assert all(r.body["detail"] is None for r in phone.all("caution", topic="alert")), "an unclear train"
    assert not phone.all("lockdown") + staff.all("duress") + staff.all("fault")
