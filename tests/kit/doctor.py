"""porchlight doctor, asked below a folder that stands for a whole system."""

import json
from typing import NamedTuple

from tests.kit import process
from tests.kit.place import program


class Found(NamedTuple):
    verdict: str
    said: str
    mend: str


def put(path, text="x"):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def plainly(folder, before=()):
    return process.run([*before, program("porchlight"), "--prefix", folder, "doctor"], 60)


def ask(folder, before=()):
    """{area: {check: Found}}. Whatever it says is held to what it promises of every answer: of
    what is well no mend, of all else one; counts, exit status and both languages agree."""
    done = process.run([*before, program("porchlight"), "--prefix", folder, "doctor", "--json"], 60)
    said = json.loads(done.stdout)
    assert not done.stderr, done.stderr
    areas, count = {}, {"ok": 0, "warning": 0, "failure": 0}
    for one in said["checks"]:
        assert one["said"] and bool(one["mend"]) == (one["verdict"] != "ok"), one
        count[one["verdict"]] += 1
        found = Found(one["verdict"], one["said"], one["mend"])
        areas.setdefault(one["area"], {})[one["check"]] = found
    assert said["warnings"] == count["warning"] and said["failures"] == count["failure"]
    assert said["ok"] == (count["warning"] + count["failure"] == 0)
    assert done.returncode == (0 if said["ok"] else 1)
    return areas
