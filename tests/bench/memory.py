"""porchlightd's own memory with one and with two brokers, beside that of version 0.1.0, which is built from this
repository's history: both by turns in the same run. Its own is what it has written, which stays in memory, and
what it has read of its program and of libraries that nothing else on a kiosk uses; that is dropped when memory is
short. What other programs on this machine happen to share makes no difference."""

import json
import os
import subprocess
import sys

from tests.bench.peers import old_tree
from tests.bench.report import percentile
from tests.kit.place import BUILD, ROOT, program

ROUNDS, SETTLED_S = 3, 8

# Runs in either tree, with its own kit: [file, kB in memory, kB of it written] of each mapping.
SCRIPT = """
import json, sys, time
from pathlib import Path
from tests.kit.kiosk import Kiosk
with Kiosk("b", scaled=False, brokers=int(sys.argv[1])) as kiosk:
    kiosk.start()
    time.sleep(float(sys.argv[2]))
    rows = []
    for line in Path(f"/proc/{kiosk.daemon.pid}/smaps").read_text().splitlines():
        word, *rest = line.split()
        if not word.endswith(":"):
            rows.append([rest[4] if len(rest) > 4 else "", 0, 0])
        elif word in ("Rss:", "Anonymous:"):
            rows[-1][1 if word == "Rss:" else 2] = int(rest[0])
    print(json.dumps(rows))
"""


def shared_files():
    """What others on a kiosk map too: systemd, the screen, a broker beside it."""
    programs = ("/lib/systemd/systemd", program("porchlight-screen"), "/usr/sbin/mosquitto")
    said = subprocess.run(["ldd", *programs], check=True, capture_output=True, text=True).stdout
    return {os.path.realpath(word) for word in said.split() if word.startswith("/")}


def own_kb(tree, build, brokers, shared):
    """[all of it, what is written]"""
    done = subprocess.run([sys.executable, "-c", SCRIPT, str(brokers), str(SETTLED_S)], cwd=tree,
                          env={**os.environ, "BUILD": str(build), "PYTHONPATH": str(tree)}, check=True,
                          capture_output=True, text=True)
    rows = json.loads(done.stdout.splitlines()[-1])
    written = sum(row[2] for row in rows)
    return [written + sum(rss - of_it for file, rss, of_it in rows
                          if file.startswith("/") and os.path.realpath(file) not in shared), written]


def bench(report):
    report.heading(f"porchlightd's own memory, median of {ROUNDS}; the peer is 0.1.0")
    old, shared = old_tree("porchlightd", "porchlight"), shared_files()
    for brokers in (1, 2):
        mine, theirs = [], []
        for _ in range(ROUNDS):
            theirs.append(own_kb(old, "build/release", brokers, shared))
            mine.append(own_kb(ROOT, BUILD, brokers, shared))
        for of, what in enumerate(("all of it", "of it written")):
            peer = percentile([kb[of] for kb in theirs], 50)
            report.row(f"{brokers} broker{'s' * (brokers > 1)}, {what}",
                       percentile([kb[of] for kb in mine], 50), "kB", 1.1 * peer, peer)
