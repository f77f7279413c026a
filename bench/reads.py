"""What a chart of a very long series costs the server: `python bench/reads.py`.

Stores of one series each are made the way a fold makes them, chunk by chunk; then charts of 1,600
buckets are read from them in this process, from the whole series down to a few points, and each
window is read at several places. Reported is the CPU time of `Store.series`, which is all that a
request costs besides HTTP: the median of the warm reads, and the first one after opening.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import sys
import tempfile
import time
from pathlib import Path

import herd
import numpy as np
from sqlalchemy import create_engine
from sqlalchemy import select
from sqlalchemy import update

from mltrack_core.records import Record
from mltrack_core.records import Scalars
from mltrack_server.resources import SeriesQuery
from mltrack_server.store import Store
from mltrack_server.store import chunk
from mltrack_server.store import folding
from mltrack_server.store import schema
from mltrack_server.store import tier
from mltrack_server.store.axes import Axes
from mltrack_server.store.points import Column
from mltrack_server.store.tiering import Tiering

NAME = "train/loss"
CHUNKS_AT_ONCE = 64
STEP_NS = 20_000_000


def main() -> None:
    """Measure series of growing length."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--points", default="1e5,1e6,1e7,1e8", help="lengths of the series")
    parser.add_argument("--buckets", type=int, default=1600, help="of a chart: its pixels")
    parser.add_argument("--x", default="step", choices=["step", "time"])
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    for points in (int(float(text)) for text in options.points.split(",")):
        with tempfile.TemporaryDirectory(prefix="mltrack-reads-") as folder:
            url = f"sqlite:///{folder}/store.sqlite3"
            run = make(url, points)
            size = (Path(folder) / "store.sqlite3").stat().st_size
            sys.stdout.write(f"{points:,} points, {size / points:.2f} bytes/point\n")
            measure(url, run, points, options.buckets, options.x, options.rounds)


def measure(url: str, run: str, points: int, buckets: int, x: str, rounds: int) -> None:
    """Print what charts of ever smaller windows cost."""
    chance = random.Random(3)  # noqa: S311 - the same windows every time
    scale = 1 if x == "step" else STEP_NS / 1e9
    width = points
    while width >= 1000:
        with Store(url) as store:
            costs = []
            for _ in range(rounds):
                start = chance.randrange(points - width + 1)
                query = SeriesQuery(
                    runs=[run],
                    names=[NAME],
                    x=x,  # type: ignore[arg-type]
                    start=start * scale,
                    end=(start + width - 1) * scale,
                    buckets=buckets,
                )
                began_s, began = time.process_time(), time.perf_counter()
                store.series(query)
                costs.append((time.process_time() - began_s, time.perf_counter() - began))
        cpu, wall = (statistics.median(cost[at] for cost in costs[1:]) * 1e3 for at in (0, 1))
        sys.stdout.write(
            f"  {width:>11,} points of it: {cpu:6.2f} ms of CPU, {wall:6.2f} ms; "
            f"first {costs[0][1] * 1e3:.1f} ms\n"
        )
        width = int(width / 10**0.5)


def make(url: str, points: int) -> str:
    """Make a store of one noisy series; return its run."""
    run, stream = os.urandom(16).hex(), os.urandom(16).hex()
    records: list[Record] = [herd.started(), Scalars(0, 0, {NAME: 1.0})]
    with Store(url) as store:
        store.apply([herd.batch_of(run, stream, 0, records)])
        store.fold(run)
    engine = create_engine(url)
    rng = np.random.default_rng(1)
    with engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM chunk")
        connection.exec_driver_sql("DELETE FROM axis")
        connection.execute(update(schema.series).values(points=points))
        rid = connection.execute(select(schema.run.c.rid)).scalar_one()
    full = tier.SHAPE.chunk
    for first in range(0, points, CHUNKS_AT_ONCE * full):
        with engine.begin() as connection:
            axes = Axes(connection, rid)
            tiering = Tiering(connection=connection, rid=rid, axes=axes)
            plan = folding.Plan(rid=rid)
            for start in range(first, min(points, first + CHUNKS_AT_ONCE * full), full):
                step = np.arange(start, min(points, start + full))
                time_ns = step * STEP_NS + rng.integers(0, STEP_NS // 10, len(step))
                value = 1 / (1 + step / 1e5) + rng.normal(0, 0.1, len(step))
                column = Column(step, step, time_ns, value, {})
                axis, no = axes.pack(step, time_ns), start // full
                plan.chunks.append(
                    {
                        "rid": rid,
                        "series_no": 0,
                        "stream_no": 0,
                        "no": no,
                        "epoch": 0,
                        "n": len(step),
                        "step_min": axis.step_min,
                        "step_max": axis.step_max,
                        "time_min": axis.time_min,
                        "time_max": axis.time_max,
                        "axis": axis.digest,
                        "body": chunk.pack_values(value, {}),
                    }
                )
                if len(step) == full:
                    tiering.add((0, 0), 0, no, column)
            folding.finish(plan, tiering).carry_out(connection)
    engine.dispose()
    return run


if __name__ == "__main__":
    main()
