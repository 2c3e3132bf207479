"""make faults: many schedules side by side, and what became of every gesture.

    python3 -m tests.faults [--count 1000] [--world 300] [--from 1] [--jobs 12] [--without-outbox]
"""

import argparse
import functools
import multiprocessing
import statistics
import sys
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

from tests.faults.harness import play


def report(verdicts):
    latencies = sorted(x for v in verdicts for x in v.latencies)
    counts = {what: sum(len(getattr(v, what)) for v in verdicts)
              for what in ("lost", "doubled", "late")}
    print(f"schedules {len(verdicts)}, gestures {len(latencies) + counts['lost']}, "
          + ", ".join(f"{what} {n}" for what, n in counts.items())
          + f", broken runs {sum(bool(v.trouble) for v in verdicts)}")
    if latencies:
        print(f"from the first moment with a path: median {statistics.median(latencies):.3f} s, "
              f"p99 {latencies[int(len(latencies) * 0.99)]:.3f} s, worst {latencies[-1]:.3f} s")
    for v in verdicts:
        if not v.good:
            print(f"  {v.schedule}\n    lost {v.lost} doubled {v.doubled} late {v.late} {v.trouble}")


# A process plays so many: members listen by select(2), which takes no descriptor from 1,024 on, and
# sockets of runs that are over take a while to go.
EACH = 20


def run_some(seeds, outbox, world):
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as one:
        return list(one.map(functools.partial(play, outbox=outbox, world=world), seeds))


def run_all(seeds, jobs, outbox=True, world=False):
    each = min(EACH, -(-len(seeds) // jobs))
    parts = [seeds[i:i + each] for i in range(0, len(seeds), each or 1)]
    with ThreadPoolExecutor(jobs) as pool:
        return [v for some in pool.map(lambda part: run_some(part, outbox, world), parts) for v in some]


def main():
    parse = argparse.ArgumentParser(prog="make faults", description=__doc__.split("\n")[0])
    parse.add_argument("--count", type=int, default=1000)
    parse.add_argument("--world", type=int, default=300,
                       help="schedules with faults of names, brokers, clocks and cards as well")
    parse.add_argument("--from", type=int, default=1, dest="first")
    parse.add_argument("--jobs", type=int, default=12)
    parse.add_argument("--without-outbox", action="store_true")
    args = parse.parse_args()
    verdicts = []
    for count, world in ((args.count, False), (args.world, True)):
        some = run_all(range(args.first, args.first + count), args.jobs, not args.without_outbox, world)
        if some:
            print("with faults of the world:" if world else "with faults of programs and networks:")
            report(some)
        verdicts += some
    bad = sum(not v.good for v in verdicts)
    print(f"{len(verdicts) - bad} passed, {bad} failed")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
