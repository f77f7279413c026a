"""Filter and sort many runs: `python bench/store/search.py --runs 100000`.

Every run arrives as an agent would send it, with 20 parameters and 20 metrics. Times are CPU time
of this process, medians, since the machine is rarely alone.
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
from typing import Final

from mltrack_core.records import Params
from mltrack_core.records import Scalars
from mltrack_server.resources import GroupQuery
from mltrack_server.resources import RunEdit
from mltrack_server.store import Store
from mltrack_server.testing import Agent
from mltrack_server.testing import started

COLUMNS: Final = 20  # of each kind
QUERY: Final = (
    'params.p0 < 1e-3 and (metrics.val/m0.max >= 0.9 or tags has "baseline") and not state = failed'
)
ROUNDS: Final = 9


def main() -> None:
    """Print what each step costs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=10_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, Store(f"sqlite:///{folder}/s.sqlite3") as store:
        fill(store, options.runs)
        size = (Path(folder) / "s.sqlite3").stat().st_size
        say(f"{options.runs} runs x {2 * COLUMNS} columns, {size / 2**20:.0f} MB")
        report("first list", lambda: find(store, sort="name"), rounds=1)
        report("first use of a parameter", lambda: find(store, q="has params.p0"), rounds=1)
        report("first use of a metric", lambda: find(store, q="has metrics.val/m0"), rounds=1)
        for number in range(COLUMNS):
            find(store, q=f"has params.p{number} and has metrics.val/m{number}")
        say(f"all columns: {store._tables.nbytes / 2**20:.0f} MB")
        report("filter", lambda: find(store, q=QUERY))
        report("filter and sort", lambda: find(store, q=QUERY, sort="-metrics.val/m1.min"))
        report("sort all by two keys", lambda: find(store, sort="params.p18,-metrics.val/m4"))
        report("group", lambda: store.grouped(GroupQuery(by="params.p18", of="metrics.val/m1")))
        newest = store.runs(limit=1).runs[0].id
        store.edit(newest, RunEdit(name="changed"))
        report("the same after one change", lambda: find(store, q=QUERY), rounds=1)


def fill(store: Store, runs: int) -> None:
    """Store so many runs."""
    chosen = random.Random(1)  # noqa: S311 - the same runs each time
    optimizers = ("adam", "adamw", "sgd", "lamb")
    for start in range(0, runs, 200):
        batches = []
        for number in range(start, min(start + 200, runs)):
            params = {
                f"p{n}": 10 ** chosen.uniform(-5, 0) if n < 16 else chosen.choice(optimizers)
                for n in range(COLUMNS)
            }
            metrics = {f"val/m{n}": chosen.random() for n in range(COLUMNS)}
            tags = ["baseline"] * (number % 3 == 0)
            first = started(name=f"run-{number}", time_ns=10**18 + number, tags=tags)
            batches.append(
                Agent().batch(0, first, Params(1, "", dict(params)), Scalars(1, 0, dict(metrics)))
            )
        store.apply(batches)


def find(store: Store, *, q: str = "", sort: str = "") -> None:
    """Ask for a page as the dashboard does."""
    store.runs(project="mnist", q=q, sort=sort, limit=50, fields="params.p0,metrics.val/m0")


def report(what: str, step: Callable[[], object], *, rounds: int = ROUNDS) -> None:
    """Print the median CPU time of a step."""
    times = []
    for _ in range(rounds):
        began = time.process_time()
        step()
        times.append(time.process_time() - began)
    say(f"{what:30} {statistics.median(times) * 1000:8.1f} ms")


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
