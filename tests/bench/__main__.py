"""Runs the benches named, or all but the long ones."""

import importlib
import pkgutil
import sys

from tests import bench
from tests.bench.report import Report
from tests.kit import process

LONG = ("scale", "cluster", "board")  # make bench-scale and so on: a quarter of an hour or more each


def main(names):
    process.end_on_signals()
    names = names or sorted(m.name for m in pkgutil.iter_modules(bench.__path__)
                            if m.name not in ("__main__", "report", "peers", "pressing", "chart", "plots", *LONG))
    report = Report()
    for name in names:
        importlib.import_module(f"tests.bench.{name}").bench(report)
    report.save()
    for row in report.over():
        print(f"over its limit here: {row['what']}: {row['value']:.3f} {row['unit']}")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    finally:
        process.end_all()
