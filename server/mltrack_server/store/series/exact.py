"""Exact points of one series, folded or not."""

from __future__ import annotations

import numpy as np
from sqlalchemy import ColumnElement
from sqlalchemy import Connection
from sqlalchemy import select

from mltrack_server.columns import Order
from mltrack_server.columns import Points
from mltrack_server.store import schema
from mltrack_server.store.bounds import INT64_MAX
from mltrack_server.store.bounds import INT64_MIN
from mltrack_server.store.segs import SegCache
from mltrack_server.store.series.reader import Chosen
from mltrack_server.store.series.reader import choose
from mltrack_server.store.series.reader import open_readers
from mltrack_server.store.series.view import Window


def read(
    connection: Connection,
    cache: SegCache,
    rid: int,
    name: str,
    *,
    start: int | None,
    end: int | None,
    skip: int,
    limit: int | None,
) -> Points | None:
    """Return the exact points of one series; None if there is no such series."""
    chosen = choose(connection, [rid], [name]).get(rid, {}).get(name)
    if chosen is None:
        return None
    low = INT64_MIN if start is None else start
    high = INT64_MAX if end is None else end
    if limit is not None:
        high = min(high, _reach(connection, rid, chosen, low, skip + limit))
    windows = {rid: Window(chosen.order, low, high)}
    points = open_readers(connection, cache, windows, [name], buckets=None)[rid].points(name)
    points = points.take((points.key >= low) & (points.key <= high))
    last = len(points) if limit is None else min(len(points), skip + limit)
    return points.take(np.arange(min(skip, last), last))


def _reach(connection: Connection, rid: int, chosen: Chosen, low: int, count: int) -> int:
    """Return how far to read from *low* on so that at least *count* points are there, if any."""
    lowest, highest = _bounds(chosen.order)
    total = 0
    for row in connection.execute(
        select(highest.label("highest"), schema.chunk.c.n)
        .where(schema.chunk.c.rid == rid, schema.chunk.c.series_no == chosen.no, lowest >= low)
        .order_by(highest)
    ):
        total += row.n
        if total >= count:
            return int(row.highest)
    return INT64_MAX


def _bounds(order: Order) -> tuple[ColumnElement[int], ColumnElement[int]]:
    """Return a chunk's lowest and highest step, or time."""
    chunks = schema.chunk.c
    if order == "step":
        return chunks.step_min, chunks.step_max
    return chunks.time_min, chunks.time_max
