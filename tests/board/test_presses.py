"""A thousand presses of a wire, by gpio-sim, and of a Bluetooth remote, by uhid, on the board's own kernel:
none lost, none invented. A hand inside the machine presses both, and writes down when. The machine's clock
counts its instructions, so that it waits while the host is busy with something else: otherwise a busy host
would hold up parts of the machine for longer than a press lasts. About ten minutes."""

import os

import pytest

from tests.board.modules import modules
from tests.board.test_package import bytes_of
from tests.board.test_remote import NAME, order, pair
from tests.kit import wait

PRESSES = int(os.environ.get("PRESSES", "1000"))
CODE, FRONT = 12, 17
EVENINGS = -(-PRESSES // (2 + CODE))
BOUNCE, RELEASE, LONGEST, GAP = 0.03, 0.05, 0.8, 0.9  # seconds, of the kiosk
REST = 1.3  # of the hand
RULES = {"debounce": f"{BOUNCE}s", "release": f"{RELEASE}s", "press_max": f"{LONGEST}s", "gap": f"{GAP}s",
         "wipe_hold": "0", "code": str(CODE)}
CONF = {"switch front": {**RULES, "line": f"GPIO{FRONT}"},
        "switch remote": {**RULES, "line": f"key:{NAME}:KEY_A"}}


@pytest.fixture(scope="module")
def booted(venues):
    from tests.board.conftest import SUITE
    files = {f"/root/{name}.ko": (data, 0o644) for name, data in modules(SUITE).items()}
    for name, mode in (("remote.pl", 0o644), ("pi.sh", 0o755)):
        files[f"/root/{name}"] = (bytes_of(__file__.replace("test_presses.py", name)), mode)
    venue = venues(conf=CONF, files=files, own_time=True)
    venue.boot(within=900)  # one slow core
    venue.board.run("/root/pi.sh load /root && /root/pi.sh make")
    venue.board.run(f"/root/pi.sh pull {FRONT} up; modprobe uhid; mkfifo -m 600 /run/remote")
    pair(venue)
    venue.board.never_idle()
    return venue


def pressed(venue):
    """What the hand has done: [(times of each press and release of a train, in s)]."""
    lines = [line.split() for line in venue.board.run("cat /run/presses").splitlines()]
    times = [(float(down), float(up)) for _, down, up in lines]
    trains = []
    for count in (2, CODE) * EVENINGS:
        trains.append(times[:count])
        times = times[count:]
    assert not times, "the hand pressed more than it was told to"
    return [train for train in trains if train]


def lengths(trains):
    """Of the presses, of the pauses within a train, and of the rests between trains, in s."""
    presses = [up - down for train in trains for down, up in train]
    pauses = [after[0] - before[1] for train in trains for before, after in zip(train, train[1:])]
    rests = [after[0][0] - before[-1][1] for before, after in zip(trains, trains[1:])]
    return presses, pauses, rests


def test_a_thousand_presses_none_lost_none_invented(venue, record_property):
    """Two presses are a caution and twelve the venue's code: one too few or too many is another gesture,
    which phones or staff phones would show. Wire and remote take turns."""
    venue.wait_status(lambda s: not any(i["fault"] for i in s["inputs"]), 120)
    phone, staff = venue.member(), venue.member("staff")
    wire = venue.board.run(f"/root/pi.sh file {FRONT}").strip()

    def alerts(kind):
        return len({(r.body["epoch"], r.body["seq"]) for r in phone.all(kind, topic="alert")})

    def said():
        return {kind: alerts(kind) for kind in ("caution", "all-clear", "lockdown")}

    for n in range(1, EVENINGS + 1):
        first, second = ("", wire)[::1 if n % 2 else -1]
        order(venue, f"'presses 2 {first}\nwait {REST}\npresses {CODE} {second}\nwait {REST}'")
        wait.until(lambda: said() == {"caution": n, "all-clear": n, "lockdown": 0},
                   lambda: f"evening {n}: {said()}; pressed: {pressed(venue)[-2:]}; {venue.status()}", 240, 0.1)
    wait.never(lambda: alerts("caution") + alerts("all-clear") > 2 * EVENINGS, "another alert", 5)
    assert all(r.body["detail"] is None for r in phone.all("caution", topic="alert")), "an unclear train"
    assert not phone.all("lockdown") + staff.all("duress") + staff.all("fault", where="front") \
        + staff.all("fault", where="remote")

    trains = pressed(venue)
    presses, pauses, rests = lengths(trains)
    assert len(trains) == 2 * EVENINGS and len(presses) == EVENINGS * (2 + CODE)
    assert BOUNCE < min(presses) and max(presses) < LONGEST and RELEASE < min(pauses) \
        and max(pauses) < GAP < min(rests), "what the hand did meant something else"
    record_property("presses", len(presses))
    record_property("from", f"{min(presses):.3f} to {max(presses):.3f} s")
    record_property("pauses", f"{min(pauses):.3f} to {max(pauses):.3f} s")
    record_property("gestures", said())
