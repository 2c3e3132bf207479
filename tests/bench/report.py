"""What a bench found: said as it is found, kept in build/bench.json, and drawn in
build/bench/index.html. What an earlier run found stays there, but for the groups that are measured
again."""

import json
import platform

from tests.bench.chart import page
from tests.kit.place import ROOT


def percentile(values, percent):
    """The smallest value that at least `percent` of all are not above."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]


def merged(before, now):
    """What a run found, with what another one found of other groups before it."""
    measured = {r["group"] for r in now["rows"]}
    lists = ("rows", "distributions", "curves")
    return now | {name: [r for r in before.get(name, []) if r["group"] not in measured] + now[name]
                  for name in lists}


class Report:
    def __init__(self):
        self.rows, self.distributions, self.curves, self.group = [], [], [], ""

    def heading(self, text):
        self.group = text
        print(f"\n{text}", flush=True)

    def row(self, what, value, unit, limit=None, peer=None):
        """`limit`: what is promised, the value stays below it. `peer`: what another needs."""
        said = f"  {what:<46} {value:9.3f} {unit:<4}"
        if peer is not None:
            said += f"  peer {peer:9.3f}  ratio {value / peer if peer else float('inf'):6.2f}"
        if limit is not None:
            said += f"  {'within' if value < limit else 'OVER'} {limit:g}"
        print(said, flush=True)
        self.rows.append({"group": self.group, "what": what, "value": value, "unit": unit, "limit": limit, "peer": peer})

    def distribution(self, what, series, unit="ms"):
        """{who: values}, to be drawn as curves."""
        self.distributions.append({"group": self.group, "what": what, "series": series, "unit": unit})

    def curve(self, what, across, series, unit):
        """{who: [(x, y)]}, to be drawn over `across`, both logarithmic."""
        self.curves.append({"group": self.group, "what": what, "across": across, "series": series, "unit": unit})

    def over(self):
        return [r for r in self.rows if r["limit"] is not None and r["value"] >= r["limit"]]

    def save(self):
        path, drawn = ROOT / "build/bench.json", ROOT / "build/bench/index.html"
        kept = merged(json.loads(path.read_text()) if path.exists() else {},
                      {"machine": platform.machine(), "system": platform.release(), "rows": self.rows,
                       "distributions": self.distributions, "curves": self.curves})
        path.write_text(json.dumps(kept, indent=1) + "\n")
        drawn.parent.mkdir(exist_ok=True)
        drawn.write_text(page(kept))
        print(f"\nkept in {path.relative_to(ROOT)}, drawn in {drawn.relative_to(ROOT)}")
