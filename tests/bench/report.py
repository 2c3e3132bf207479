"""What a bench found: said as it is found, and kept in build/bench.json."""

import json
import platform

from tests.kit.place import ROOT


def percentile(values, percent):
    """The smallest value that at least `percent` of all are not above."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]


class Report:
    def __init__(self):
        self.rows = []

    def heading(self, text):
        print(f"\n{text}", flush=True)

    def row(self, what, value, unit, limit=None, peer=None):
        """`limit`: what is promised, the value stays below it. `peer`: what another needs."""
        said = f"  {what:<46} {value:9.3f} {unit:<4}"
        if peer is not None:
            said += f"  peer {peer:9.3f}  ratio {value / peer if peer else float('inf'):6.2f}"
        if limit is not None:
            said += f"  {'within' if value < limit else 'OVER'} {limit:g}"
        print(said, flush=True)
        self.rows.append({"what": what, "value": value, "unit": unit, "limit": limit, "peer": peer})

    def over(self):
        return [r for r in self.rows if r["limit"] is not None and r["value"] >= r["limit"]]

    def save(self):
        path = ROOT / "build/bench.json"
        path.write_text(json.dumps({"machine": platform.machine(), "system": platform.release(),
                                    "rows": self.rows}, indent=1) + "\n")
        print(f"\nkept in {path.relative_to(ROOT)}")
