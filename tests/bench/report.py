"""What a bench found: said as it is found, kept in build/bench.json, and drawn in
build/bench/index.html."""

import json
import platform

from tests.bench.chart import page
from tests.kit.place import ROOT


def percentile(values, percent):
    """The smallest value that at least `percent` of all are not above."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]


class Report:
    def __init__(self):
        self.rows, self.distributions, self.group = [], [], ""

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

    def over(self):
        return [r for r in self.rows if r["limit"] is not None and r["value"] >= r["limit"]]

    def save(self):
        kept = {"machine": platform.machine(), "system": platform.release(), "rows": self.rows,
                "distributions": self.distributions}
        path, drawn = ROOT / "build/bench.json", ROOT / "build/bench/index.html"
        path.write_text(json.dumps(kept, indent=1) + "\n")
        drawn.parent.mkdir(exist_ok=True)
        drawn.write_text(page(kept))
        print(f"\nkept in {path.relative_to(ROOT)}, drawn in {drawn.relative_to(ROOT)}")
