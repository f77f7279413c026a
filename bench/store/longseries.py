"""Stores of long series, made the way a fold makes them, but in seconds."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Sequence
from pathlib import Path

import herd
import numpy as np
from sqlalchemy import create_engine
from sqlalchemy import select
from sqlalchemy import update

from mltrack_core.records import Record
from mltrack_core.records import Scalars
from mltrack_server.store import Store
from mltrack_server.store import chunk
from mltrack_server.store import folding
from mltrack_server.store import schema
from mltrack_server.store import tier
from mltrack_server.store.axes import Axes
from mltrack_server.store.keys import rid_of
from mltrack_server.store.points import Column
from mltrack_server.store.tiering import Tiering

NAME = "train/loss"
CHUNKS_AT_ONCE = 64
STEP_NS = 20_000_000


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


def clone(path: Path, run: str, count: int) -> Sequence[str]:
    """Give the store at *path* so many copies of a run, byte by byte; return their ids."""
    runs = [os.urandom(16).hex() for _ in range(count)]
    connection = sqlite3.connect(path, isolation_level=None)
    # Who makes a store in order to measure it can make it again.
    connection.execute("PRAGMA journal_mode=MEMORY")
    connection.execute("PRAGMA synchronous=OFF")
    connection.execute("BEGIN")
    for copy in runs:
        for table in schema.metadata.tables.values():
            if "rid" not in table.columns:
                continue
            names = [f'"{column.name}"' for column in table.columns]
            given = {'"rid"': str(rid_of(copy))}
            if table is schema.run:
                given['"uid"'] = f"'{copy}'"
            connection.execute(
                f"INSERT INTO {table.name} ({', '.join(names)}) "  # noqa: S608 - names of ours
                f"SELECT {', '.join(given.get(name, name) for name in names)} "
                f"FROM {table.name} WHERE rid = {rid_of(run)}"
            )
    connection.execute("COMMIT")
    connection.close()
    return runs
