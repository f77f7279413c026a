"""Charts: series of several runs, drawn into the buckets of one answer."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from sqlalchemy import Connection
from sqlalchemy import bindparam
from sqlalchemy import case
from sqlalchemy import func
from sqlalchemy import select

from mltrack_server.resources import SeriesQuery
from mltrack_server.smoothing import Smoothing
from mltrack_server.store import runs
from mltrack_server.store import schema
from mltrack_server.store.database.among import among
from mltrack_server.store.keys import rid_of
from mltrack_server.store.segs import SegCache
from mltrack_server.store.series.curves import Curves
from mltrack_server.store.series.curves import curves_of
from mltrack_server.store.series.drawing import Drawing
from mltrack_server.store.series.layout import Plans
from mltrack_server.store.series.lines import Frame
from mltrack_server.store.series.lines import Sights
from mltrack_server.store.series.lines import find_runs
from mltrack_server.store.series.lines import parts_of
from mltrack_server.store.series.lines import views_of
from mltrack_server.store.series.lines import window_of
from mltrack_server.store.series.reader import open_readers

# Of all runs of a chart, read before they are drawn. A series that has tiers counts no more than …
_PORTION_POINTS_MAX: Final = 4_000_000
_TIERED_POINTS: Final = 1 << 18  # … what is read of them

# Statements are made once: making one takes several times as long as SQLite needs for its rows.
_series = schema.series.c
_POINTS_READ: Final = case((_series.points > _TIERED_POINTS, _TIERED_POINTS), else_=_series.points)
_SIZES: Final = (
    select(_series.name, func.sum(_POINTS_READ).label("points"))
    .where(
        among(_series.rid, "b_rids"),
        _series.name.in_(bindparam("b_names", expanding=True)),
    )
    .group_by(_series.name)
)


def draw(connection: Connection, cache: SegCache, query: SeriesQuery) -> bytes:
    """Return the binary answer to *query*."""
    uids = list(dict.fromkeys(query.runs))
    found = find_runs(connection, list(map(rid_of, uids)))
    drawn = sorted(found, key=lambda run: uids.index(run.uid))
    frame = Frame(query.x, query.start, query.end, query.buckets)
    windows = {run.rid: window_of(frame, run.started_ns) for run in drawn}
    drawing, plans = Drawing(), Plans()
    smoothing = None if query.smooth is None else Smoothing.parse(query.smooth)
    for names in _portions(connection, [run.rid for run in drawn], query.names):
        times = query.x != "step"
        opened = open_readers(connection, cache, windows, names, buckets=query.buckets, times=times)
        readers = [(run, opened[run.rid]) for run in drawn]
        sights = Sights()
        smoothed: Curves = {}
        if smoothing is not None:
            smoothed = curves_of(connection, cache, frame, smoothing, readers, names)
        for name in names:
            having = [(run, reader) for run, reader in readers if name in reader.names]
            views = views_of(frame, having, name)
            parts = [
                part
                for (run, reader), view in zip(having, views, strict=True)
                for part in parts_of(run.uid, reader, name, view, plans, sights)
            ]
            if smoothing is not None:
                # Points that were gone over again may be seen from near, and not in the whole.
                parts = [
                    replace(part, curve=smoothed.get((name, part.run, part.is_superseded)))
                    for part in parts
                ]
            drawing.add_block(name, parts, start=query.start, end=query.end, buckets=query.buckets)
    return drawing.pack(runs.rev(connection))


def _portions(
    connection: Connection, rids: Sequence[int], names: Sequence[str]
) -> Iterator[list[str]]:
    """Yield *names* in portions whose points fit into memory together.

    A run's series share their axes, so many at a time are read faster than one by one.
    """
    if len(names) == 1:
        yield list(names)
        return
    sizes: dict[str, int] = {
        row.name: int(row.points)
        for row in connection.execute(_SIZES, {"b_rids": rids, "b_names": names})
    }
    portion: list[str] = []
    room = _PORTION_POINTS_MAX
    for name in dict.fromkeys(names):
        size = sizes.get(name, 0)
        if portion and size > room:
            yield portion
            portion, room = [], _PORTION_POINTS_MAX
        portion.append(name)
        room -= size
    yield portion
