"""Charts: series of several runs, drawn into the buckets of one answer."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from sqlalchemy import Connection
from sqlalchemy import and_
from sqlalchemy import bindparam
from sqlalchemy import case
from sqlalchemy import func
from sqlalchemy import select

from mltrack_server.columns import ORDERS
from mltrack_server.resources import SeriesQuery
from mltrack_server.smoothing import Smoothing
from mltrack_server.store import runs
from mltrack_server.store import schema
from mltrack_server.store.database.among import among
from mltrack_server.store.keys import rid_of
from mltrack_server.store.segs import SegCache
from mltrack_server.store.series.curves import Curves
from mltrack_server.store.series.curves import curves_of
from mltrack_server.store.series.descent import reach_into
from mltrack_server.store.series.drawing import Drawing
from mltrack_server.store.series.layout import Plans
from mltrack_server.store.series.lines import Frame
from mltrack_server.store.series.lines import Sights
from mltrack_server.store.series.lines import find_runs
from mltrack_server.store.series.lines import parts_of
from mltrack_server.store.series.lines import views_of
from mltrack_server.store.series.lines import window_of
from mltrack_server.store.series.reader import open_readers
from mltrack_server.store.series.view import Window

# Of all runs of a chart, read before they are drawn. A series that has tiers counts no more than …
_PORTION_POINTS_MAX: Final = 4_000_000
_TIERED_POINTS: Final = 1 << 18  # … what is read of them

# Folded ones read for the ends of buckets in one answer, some 20 ns each; the others are few, and
# in memory mostly.
_ENDS_POINTS_MAX: Final = 4_000_000

# Statements are made once: making one takes several times as long as SQLite needs for its rows.
_series = schema.series.c
_POINTS_READ: Final = case((_series.points > _TIERED_POINTS, _TIERED_POINTS), else_=_series.points)
_WITHIN: Final = {
    order: select(func.coalesce(func.sum(schema.chunk.c.n), 0))
    .join(
        schema.series,
        and_(_series.rid == schema.chunk.c.rid, _series.no == schema.chunk.c.series_no),
    )
    .where(
        schema.chunk.c.rid == bindparam("b_rid"),
        _series.name.in_(bindparam("b_names", expanding=True)),
        reach_into(order),
    )
    for order in ORDERS
}
_SIZES: Final = (
    select(_series.name, func.sum(_POINTS_READ).label("points"))
    .where(
        among(_series.rid, "b_rids"),
        _series.name.in_(bindparam("b_names", expanding=True)),
    )
    .group_by(_series.name)
)


class TooManyPoints(Exception):
    """More points would have to be read than an answer may cost."""


def draw(connection: Connection, cache: SegCache, query: SeriesQuery) -> bytes:
    """Return the binary answer to *query*.

    Raises:
        TooManyPoints: Ends are asked for, of a window that has too many points.
    """
    uids = list(dict.fromkeys(query.runs))
    found = find_runs(connection, list(map(rid_of, uids)))
    drawn = sorted(found, key=lambda run: uids.index(run.uid))
    frame = Frame(query.x, query.start, query.end, query.buckets)
    windows = {run.rid: window_of(frame, run.started_ns) for run in drawn}
    if query.ends:
        _check_affordable(connection, windows, query.names)
    buckets = None if query.ends else query.buckets  # None: every point is read
    drawing, plans = Drawing(with_ends=query.ends), Plans()
    smoothing = None if query.smooth is None else Smoothing.parse(query.smooth)
    for names in _portions(connection, [run.rid for run in drawn], query.names):
        times = query.x != "step"
        opened = open_readers(connection, cache, windows, names, buckets=buckets, times=times)
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


def _check_affordable(
    connection: Connection, windows: Mapping[int, Window], names: Sequence[str]
) -> None:
    """Refuse windows of which too many points would have to be read.

    Raises:
        TooManyPoints: They are.
    """
    total = 0
    for rid, window in windows.items():
        given = {"b_rid": rid, "b_names": names, "b_low": window.low, "b_high": window.high}
        total += connection.execute(_WITHIN[window.order], given).scalar_one()
        if total > _ENDS_POINTS_MAX:
            raise TooManyPoints(
                f"The ends of buckets are read from their points, and the window has more than "
                f"{_ENDS_POINTS_MAX}: ask for a narrower one, fewer series, or no ends."
            )


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
