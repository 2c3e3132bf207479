"""porchlight doctor, run below a folder that plays a whole system."""

import json
from typing import NamedTuple

from tests.kit import process
from tests.kit.place import program


class Found(NamedTuple):
    verdict: str
    said: str
    fix: str


def put(path, text="x"):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def plainly(folder, *options):
    return process.run([program("porchlight"), "--prefix", folder, "doctor", *options], 60)


def ask(folder, before=()):
    """{area: {check: Found}}. Every answer is checked for what all of them promise: a fix for each
    finding and none for what is in order; counts and exit status agree."""
    done = process.run([*before, program("porchlight"), "--prefix", folder, "doctor", "--json"], 60)
    said = json.loads(done.stdout)
    assert not done.stderr, done.stderr
    areas, count = {}, {"ok": 0, "warning": 0, "failure": 0}
    for one in said["checks"]:
        assert one["said"] and bool(one["fix"]) == (one["verdict"] != "ok"), one
        count[one["verdict"]] += 1
        found = Found(one["verdict"], one["said"], one["fix"])
        areas.setdefault(one["area"], {})[one["check"]] = found
    assert said["warnings"] == count["warning"] and said["failures"] == count["failure"]
    assert said["ok"] == (count["warning"] + count["failure"] == 0)
    assert done.returncode == (0 if said["ok"] else 1)
    return areas
