"""porchlightd's private memory with one and with two brokers, beside that of version 0.1.0, which is built
from this repository's history: both by turns in the same run. What other programs happen to share is not
private, so nothing else of ours may run meanwhile. Of it, what is written stays in memory; the rest is read
from files of programs and libraries, and the kernel drops it when memory is short."""

import os
import subprocess
import sys

from tests.bench.peers import old_tree
from tests.bench.report import percentile
from tests.kit.place import BUILD, ROOT

ROUNDS, SETTLED_S = 3, 8

# Runs in either tree, with its own kit.
SCRIPT = """
import sys, time
from pathlib import Path
from tests.kit.kiosk import Kiosk
with Kiosk("b", scaled=False, brokers=int(sys.argv[1])) as kiosk:
    kiosk.start()
    time.sleep(float(sys.argv[2]))
    rows = Path(f"/proc/{kiosk.daemon.pid}/smaps_rollup").read_text().splitlines()
    kb = {line.split(":")[0]: int(line.split()[1]) for line in rows if line.startswith("Private_")}
    print(kb["Private_Clean"] + kb["Private_Dirty"], kb["Private_Dirty"])
"""


def private_kb(tree, build, brokers):
    done = subprocess.run([sys.executable, "-c", SCRIPT, str(brokers), str(SETTLED_S)], cwd=tree,
                          env={**os.environ, "BUILD": str(build), "PYTHONPATH": str(tree)}, check=True,
                          capture_output=True, text=True)
    return [int(kb) for kb in done.stdout.split()[-2:]]


def bench(report):
    report.heading(f"private memory of porchlightd, median of {ROUNDS}; the peer is 0.1.0")
    old = old_tree("porchlightd", "porchlight")
    for brokers in (1, 2):
        mine, theirs = [], []
        for _ in range(ROUNDS):
            theirs.append(private_kb(old, "build/release", brokers))
            mine.append(private_kb(ROOT, BUILD, brokers))
        for of, what in enumerate(("all of it", "of it written")):
            peer = percentile([kb[of] for kb in theirs], 50)
            report.row(f"{brokers} broker{'s' * (brokers > 1)}, {what}",
                       percentile([kb[of] for kb in mine], 50), "kB", 1.1 * peer, peer)
