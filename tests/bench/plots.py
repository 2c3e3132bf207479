"""The handbook's plots: make plots draws those of PLOTS that build/bench.json has, below
kiosk/handbook/pictures. One that was not measured stays as it is."""

import json
import sys

from tests.bench.chart import curve, distribution
from tests.kit.place import ROOT

MOST = 200_000  # bytes, as CONTRIBUTING has it

# File: the kind of plot, and what the bench calls it.
PLOTS = {
    "bench-latency.svg": ("distributions", "from the complete gesture, or the line, to the subscriber"),
    "bench-crowd.svg": ("curves", "one alert to all as phones are added, ms"),
    "bench-kiosks.svg": ("distributions", "one alert to its phones"),
    "bench-kiosks-memory.svg": ("curves", "as kiosks are added, MB"),
    "bench-relays.svg": ("curves", "as relays are added, MB"),
    "bench-cluster.svg": ("distributions", "a node dies while ten venues alert"),
    "bench-cluster-memory.svg": ("curves", "as kiosks are added to a cluster, MB"),
}


def drawn(kept):
    """{file: SVG} of what was measured."""
    found = {}
    for file, (kind, what) in PLOTS.items():
        for one in kept.get(kind, []):
            if one["what"] == what:
                found[file] = curve(one["series"], one["across"], one["unit"], what) if kind == "curves" else \
                    distribution(one["series"], one["unit"], what)
    return found


def main():
    path, to = ROOT / "build/bench.json", ROOT / "kiosk/handbook/pictures"
    if not path.exists():
        print("No plots were drawn: nothing has been measured here yet. Run make bench, then make plots.",
              file=sys.stderr)
        return 1
    found = drawn(json.loads(path.read_text()))
    for file in PLOTS:
        if file not in found:
            print(f"{file}: not measured here, left as it is")
            continue
        assert len(found[file]) < MOST, f"{file} has {len(found[file])} bytes"
        (to / file).write_text(found[file] + "\n")
        print(f"{file}: drawn")
    return 0


if __name__ == "__main__":
    sys.exit(main())
