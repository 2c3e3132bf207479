"""`make run` itself: the tour by itself, and nothing left behind however it ends."""

import os
import re
import signal
import subprocess
import sys
import time

import pytest

from tests.kit import wait
from tests.kit.place import ROOT


def start():
    return subprocess.Popen([sys.executable, "-m", "tests.run"], cwd=ROOT, text=True,
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, env=dict(os.environ, PYTHONUNBUFFERED="1"))


def alive(pid):
    """A zombie that its next of kin has not fetched yet is not alive."""
    try:
        with open(f"/proc/{pid}/stat") as f:
            return f.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def pids_in(text):
    return [int(pid) for pid in re.findall(r"pid (\d+)", text)]


def test_the_tour_ends_in_0_with_pictures_and_nobody_left():
    run = start()
    text, _ = run.communicate(timeout=60)
    assert run.returncode == 0, text
    assert "not confirmed" in text and "no longer opens" in text
    pids = pids_in(text)
    assert len(pids) == 6 and not any(map(alive, pids)), text
    folder = re.search(r"build/run/\w+", text)[0]
    for name in ("before", "during", "after"):
        picture = (ROOT / folder / "pictures" / f"{name}.png").read_bytes()
        assert picture.startswith(b"\x89PNG") and len(picture) > 10_000


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL],
                         ids=["Ctrl-C", "SIGTERM", "kill -9"])
def test_nothing_is_left_when_it_is_ended_early(number):
    run = start()
    text = ""
    while "staff: pid" not in text:
        line = run.stdout.readline()
        assert line, f"it ended by itself:\n{text}"
        text += line
    pids = pids_in(text)
    assert len(pids) == 6 and all(map(alive, pids))
    time.sleep(0.2)
    run.send_signal(number)
    run.wait(30)
    run.stdout.close()
    wait.until(lambda: not any(map(alive, pids)), lambda: f"the end of "
               f"{[p for p in pids if alive(p)]}", 5)
