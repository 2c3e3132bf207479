"""The screen's sun and moon beside a second library, astronomy-engine: 4,000 moments of thirty years
at places from 65 degrees south to 65 north."""

import json
import math
import random

from tests.kit import npm, process
from tests.kit.place import ROOT

HERE = ROOT / "tests/long/sky"
SUN, MOON, PHASE, TURN = 0.05, 1.3, 0.006, 6  # degrees; the phase as a part of its round


def rows_of(command, moments):
    with open(moments, encoding="ascii") as lines:
        done = process.run(command, 120, stdin=lines)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def apart(one, other):
    """Degrees between two places given as altitude and azimuth."""
    a, b = (math.radians(x) for x in (one[0], other[0]))
    cosine = math.sin(a) * math.sin(b) + \
        math.cos(a) * math.cos(b) * math.cos(math.radians(one[1] - other[1]))
    return math.degrees(math.acos(max(-1.0, min(1.0, cosine))))


def test_sun_and_moon_are_where_another_library_has_them(folder):
    dice = random.Random(1)
    lines = "".join(f"{dice.randrange(1577836800, 2524608000)} {dice.uniform(-65, 65):.3f} "
                    f"{dice.uniform(-180, 180):.3f}\n" for _ in range(4000))
    made = process.run(["cc", f"-I{ROOT}", "-o", folder / "places", HERE / "places.c",
                        ROOT / "kiosk/screen/sun.c", "-lm"], 60)
    assert made.returncode == 0, made.stderr
    (folder / "moments").write_text(lines)
    ours = rows_of([folder / "places"], folder / "moments")
    theirs = rows_of(["node", HERE / "places.mjs", npm.installed(HERE, "sky")],
                     folder / "moments")
    assert len(ours) == len(theirs) == 4000
    most = [0.0] * 4
    for mine, other in zip(ours, theirs):
        phase = abs((mine[4] - other[4] + 0.5) % 1 - 0.5)
        # The lit side, from the zenith to the left; ours is clockwise from the right, and the other
        # side while the moon wanes.
        lit = -math.pi / 2 - mine[5] + (0 if mine[4] < 0.5 else math.pi)
        turn = abs((math.degrees(lit - other[5]) + 180) % 360 - 180)
        half = 0.06 < other[4] < 0.44 or 0.56 < other[4] < 0.94  # else it has no side
        high = abs(other[2]) < 75  # nor can a side be told in the zenith
        found = (apart(mine[:2], other[:2]), apart(mine[2:4], other[2:4]), phase,
                 turn if half and high else 0)
        most = [max(pair) for pair in zip(most, found)]
    print("largest differences: sun {:.3f}, moon {:.2f} degrees, phase {:.4f}, turn {:.1f} degrees"
          .format(*most))
    assert most[0] < SUN and most[1] < MOON and most[2] < PHASE and most[3] < TURN, most
