"""What charts of very long series cost the server: `python bench/store/reads.py`.

Stores of one series each are made the way a fold makes them, chunk by chunk; then charts of 1,600
buckets are read from them in this process, from the whole series down to a few points, and each
window is read at several places. Reported is the CPU time of `Store.series`, which is all that a
request costs besides HTTP: the median of the warm reads, and the first one after opening.

At the end many series are drawn in one answer, of a thousand buckets each.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import longseries

from mltrack_server.resources import SeriesQuery
from mltrack_server.store import Store

TOGETHER_BUCKETS = 1000


def main() -> None:
    """Measure series of growing length, then many of them at once."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--points", default="1e5,1e6,1e7,1e8", help="lengths of the series")
    parser.add_argument("--buckets", type=int, default=1600, help="of a chart: its pixels")
    parser.add_argument("--x", default="step", choices=["step", "time"])
    parser.add_argument("--together", type=int, default=100, help="series of one answer; 0: none")
    parser.add_argument("--lengths", default="1e4,1e5,1e6", help="of the series of that answer")
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    for points in _numbers(options.points):
        with tempfile.TemporaryDirectory(prefix="mltrack-reads-") as folder:
            path = Path(folder) / "store.sqlite3"
            run = longseries.make(f"sqlite:///{path}", points)
            sys.stdout.write(f"{points:,} points, {path.stat().st_size / points:.2f} bytes/point\n")
            measure(path, run, points, options.buckets, options.x, options.rounds)
    for points in _numbers(options.lengths) if options.together else ():
        with tempfile.TemporaryDirectory(prefix="mltrack-reads-") as folder:
            measure_together(Path(folder) / "s.sqlite3", points, options.together, options.rounds)


def measure(path: Path, run: str, points: int, buckets: int, x: str, rounds: int) -> None:
    """Print what charts of ever smaller windows cost."""
    chance = random.Random(3)  # noqa: S311 - the same windows every time
    scale = 1 if x == "step" else longseries.STEP_NS / 1e9

    def draw(store: Store) -> None:
        start = chance.randrange(points - width + 1)
        store.series(
            SeriesQuery(
                runs=[run],
                names=[longseries.NAME],
                x=x,  # type: ignore[arg-type]
                start=start * scale,
                end=(start + width - 1) * scale,
                buckets=buckets,
            )
        )

    width = points
    while width >= 1000:
        sys.stdout.write(f"  {width:>11,} points of it: {_costs(path, draw, rounds)}\n")
        width = int(width / 10**0.5)


def measure_together(path: Path, points: int, series: int, rounds: int) -> None:
    """Print what one answer with many series costs."""
    run = longseries.make(f"sqlite:///{path}", points)
    runs = [run, *longseries.clone(path, run, series - 1)]
    query = SeriesQuery(runs=runs, names=[longseries.NAME], buckets=TOGETHER_BUCKETS)
    costs = _costs(path, lambda store: store.series(query), rounds)
    sys.stdout.write(f"{series} series of {points:,} points x {TOGETHER_BUCKETS:,}: {costs}\n")


def _costs(path: Path, draw: Callable[[Store], object], rounds: int) -> str:
    """Return in words what drawing costs in a store that has just been opened."""
    costs = []
    with Store(f"sqlite:///{path}") as store:
        for _ in range(rounds):
            began_s, began = time.process_time(), time.perf_counter()
            draw(store)
            costs.append((time.process_time() - began_s, time.perf_counter() - began))
    cpu, wall = (statistics.median(cost[at] for cost in costs[1:]) * 1e3 for at in (0, 1))
    return f"{cpu:6.2f} ms of CPU, {wall:6.2f} ms; first {costs[0][1] * 1e3:.1f} ms"


def _numbers(text: str) -> list[int]:
    return [int(float(number)) for number in text.split(",")]


if __name__ == "__main__":
    main()
