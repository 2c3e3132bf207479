"""From a complete gesture to the subscriber, and packets for an alert: porchlightd beside version 0.1.0, which
is built from this repository's history. Both by turns in the same run, measured by the same program, with
mosquitto set up alike, over TLS, QoS 1."""

import json
import os
import subprocess
import sys

from tests.bench.peers import old_tree
from tests.bench.report import percentile
from tests.kit.broker import CONF
from tests.kit.place import BUILD, ROOT

ROUNDS, PRESSES = 4, 250
MORE_PACKETS = 2  # at most, for an alert
NEW_KEYS = ("release",)  # of a switch


def pressed(tree, build, *unknown):
    done = subprocess.run([sys.executable, ROOT / "tests/bench/pressing.py", str(PRESSES), CONF, *unknown], cwd=tree,
                          env={**os.environ, "BUILD": str(build), "PYTHONPATH": str(tree)}, check=True,
                          capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def together(rounds):
    return [ms for found in rounds for ms in found["took"]]


def noise(rounds, percent):
    """How far apart rounds of one version are."""
    each = [percentile(found["took"], percent) for found in rounds]
    return max(each) - min(each)


def bench(report):
    report.heading(f"Gesture complete to message in the subscriber, {ROUNDS * PRESSES} presses; the peer is 0.1.0")
    old, mine, theirs = old_tree("porchlightd", "porchlight"), [], []
    for _ in range(ROUNDS):
        theirs.append(pressed(old, "build/release", *NEW_KEYS))
        mine.append(pressed(ROOT, BUILD))
    for percent in (50, 99):
        peer = percentile(together(theirs), percent)
        report.row(f"p{percent}, within what 0.1.0's own rounds differ by", percentile(together(mine), percent), "ms",
                   peer + noise(theirs, percent), peer)
    report.distribution("from the complete gesture to the subscriber, beside 0.1.0",
                        {"porchlightd": together(mine), "0.1.0": together(theirs)})
    report.heading("Packets to a broker for one press, beside signs of life; the peer is 0.1.0")
    for press, more in (("lockdown", MORE_PACKETS), ("code", None)):
        counts, peers = ([len(found["sent"][press]) for found in rounds] for rounds in (mine, theirs))
        peer = percentile(peers, 50)
        report.row(press, percentile(counts, 50), "", more and peer + more + 1, peer)
