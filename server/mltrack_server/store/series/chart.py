"""Charts: series of several runs, drawn into the buckets of one answer."""

from __future__ import annotations

import math
from collections.abc import Iterator
from collections.abc import Sequence
from dataclasses import replace
from typing import Final
from typing import NamedTuple

import numpy as np
from msgspec import structs
from sqlalchemy import Connection
from sqlalchemy import bindparam
from sqlalchemy import case
from sqlalchemy import func
from sqlalchemy import select

from mltrack_server.columns import Floats
from mltrack_server.columns import Ints
from mltrack_server.columns import Order
from mltrack_server.columns import Points
from mltrack_server.resources import SeriesQuery
from mltrack_server.smoothing import Curve
from mltrack_server.smoothing import Smoothing
from mltrack_server.store import runs
from mltrack_server.store import schema
from mltrack_server.store.bounds import INT64_MAX
from mltrack_server.store.bounds import INT64_MIN
from mltrack_server.store.keys import rid_of
from mltrack_server.store.segs import SegCache
from mltrack_server.store.series import curves
from mltrack_server.store.series.descent import Found
from mltrack_server.store.series.drawing import Cells
from mltrack_server.store.series.drawing import Drawing
from mltrack_server.store.series.drawing import Part
from mltrack_server.store.series.layout import Plans
from mltrack_server.store.series.reader import Reader
from mltrack_server.store.series.reader import open_readers
from mltrack_server.store.series.view import View
from mltrack_server.store.series.view import Window

# Of all runs of a chart, read before they are drawn. A series that has tiers counts no more than …
_PORTION_POINTS_MAX: Final = 4_000_000
_TIERED_POINTS: Final = 1 << 18  # … what is read of them

# Statements are made once: making one takes several times as long as SQLite needs for its rows.
_run, _series = schema.run.c, schema.series.c
_RUNS: Final = select(_run.uid, _run.rid, _run.started_ns).where(
    _run.rid.in_(bindparam("b_rids", expanding=True))
)
_POINTS_READ: Final = case((_series.points > _TIERED_POINTS, _TIERED_POINTS), else_=_series.points)
_SIZES: Final = (
    select(_series.name, func.sum(_POINTS_READ).label("points"))
    .where(
        _series.rid.in_(bindparam("b_rids", expanding=True)),
        _series.name.in_(bindparam("b_names", expanding=True)),
    )
    .group_by(_series.name)
)


class _Run(NamedTuple):
    """A run of the chart."""

    uid: str
    rid: int
    started_ns: int


# Metric, run and whether it is what was superseded → the line's curve.
_Curves = dict[tuple[str, str, bool], Curve]


def draw(connection: Connection, cache: SegCache, query: SeriesQuery) -> bytes:
    """Return the binary answer to *query*."""
    uids = list(dict.fromkeys(query.runs))
    rows = connection.execute(_RUNS, {"b_rids": list(map(rid_of, uids))})
    drawn = sorted((_Run(*row) for row in rows), key=lambda row: uids.index(row.uid))
    windows = {row.rid: _window(query, row.started_ns) for row in drawn}
    drawing, plans = Drawing(), Plans()
    smoothing = None if query.smooth is None else Smoothing.parse(query.smooth)
    for names in _portions(connection, [row.rid for row in drawn], query.names):
        times = query.x != "step"
        opened = open_readers(connection, cache, windows, names, full=False, times=times)
        readers = [(row, opened[row.rid]) for row in drawn]
        sights = _Sights()
        smoothed: _Curves = {}
        if smoothing is not None:
            smoothed = _curves(connection, cache, query, smoothing, readers, names)
        for name in names:
            having = [(row, reader) for row, reader in readers if name in reader.names]
            views = _views(query, having, name)
            parts = [
                part
                for (row, reader), view in zip(having, views, strict=True)
                for part in _parts(row.uid, reader, name, view, plans, sights)
            ]
            if smoothing is not None:
                # Points that were gone over again may be seen from near, and not in the whole.
                parts = [
                    replace(part, curve=smoothed.get((name, part.run, part.is_superseded)))
                    for part in parts
                ]
            drawing.add_block(name, parts, start=query.start, end=query.end, buckets=query.buckets)
    return drawing.pack(runs.rev(connection))


def _curves(
    connection: Connection,
    cache: SegCache,
    query: SeriesQuery,
    smoothing: Smoothing,
    readers: Sequence[tuple[_Run, Reader]],
    names: Sequence[str],
) -> _Curves:
    """Return the curve of each line, from all of its series wherever the window is."""
    whole = structs.replace(query, start=None, end=None, buckets=curves.BUCKETS)
    if query.start is not None or query.end is not None:
        windows = {row.rid: _window(whole, row.started_ns) for row, _ in readers}
        times = query.x != "step"
        opened = open_readers(connection, cache, windows, names, full=False, times=times)
        readers = [(row, opened[row.rid]) for row, _ in readers]
    found: _Curves = {}
    plans, sights = Plans(), _Sights()
    for name in names:
        for row, reader in readers:
            if name in reader.names:
                # Of one run at a time: where others begin and end makes no difference to its own.
                (view,) = _views(whole, [(row, reader)], name)
                for part in _parts(row.uid, reader, name, view, plans, sights):
                    key = name, part.run, part.is_superseded
                    found[key] = curves.curve_of(part, smoothing)
    return found


def _portions(
    connection: Connection, rids: Sequence[int], names: Sequence[str]
) -> Iterator[list[str]]:
    """Yield *names* in portions whose points fit into memory together.

    A run's series share their axes, so many at a time are read faster than one by one.
    """
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


def _window(query: SeriesQuery, started_ns: int) -> Window:
    """Return a window that holds every point of *query*'s, and perhaps a few around it."""
    order: Order = "step" if query.x == "step" else "time"
    scale = 1.0 if query.x == "step" else 1e9
    origin = started_ns if query.x == "relative" else 0

    def bound(x: float | None, default: int, direction: int) -> int:
        scaled = default if x is None else x * scale
        if not -INT64_MAX < scaled < INT64_MAX:
            return INT64_MAX if scaled > 0 else INT64_MIN
        # Beyond 2^53 a double stands for several integers, near 2^63 for 2048.
        slack = 4 if abs(scaled) < 1 << 53 else 4096
        return max(INT64_MIN, min(INT64_MAX, origin + int(scaled) + direction * slack))

    return Window(order, bound(query.start, INT64_MIN, -1), bound(query.end, INT64_MAX, 1))


def _view(query: SeriesQuery, row: _Run, low: float, high: float) -> View:
    """Return how a run's points are shown between *low* and *high*."""
    return View(
        window=_window(query, row.started_ns),
        origin=row.started_ns if query.x == "relative" else 0,
        scale=1.0 if query.x == "step" else 1e9,
        low=low,
        high=high,
        buckets=query.buckets,
    )


def _views(query: SeriesQuery, readers: Sequence[tuple[_Run, Reader]], name: str) -> list[View]:
    """Return how the runs' points of *name* are shown.

    Where the window is open and somebody has tiers, it ends where the points do.
    """
    low = -math.inf if query.start is None else query.start
    high = math.inf if query.end is None else query.end
    if any(reader.has_tiers(name) for _, reader in readers):
        bounds = []
        for row, reader in readers:
            view = _view(query, row, low, high)
            extent = reader.extent(name, view.window.order)
            if extent is not None:
                bounds += view.x(np.array(extent)).tolist()
        low = min(bounds) if query.start is None else low
        high = max(bounds) if query.end is None else high
    return [_view(query, row, low, high) for row, _ in readers]


class _Sight(NamedTuple):
    """Which of some points a view shows."""

    x: Floats  # of these, ascending
    chosen: Ints | None  # their indices in this order; None: all, as they are


class _Sights:
    """What views show of steps or times: looked at once for all series that share them."""

    def __init__(self) -> None:
        # By where an array is; it is kept along, so that no other one comes to lie there.
        self._found: dict[tuple[int, View], tuple[Ints, _Sight]] = {}

    def of(self, points: Points, view: View) -> _Sight:
        """Return what *view* shows of *points*."""
        column = points.step if view.window.order == "step" else points.time_ns
        key = id(column), view
        if key not in self._found:
            self._found[key] = column, _look(column, view)
        return self._found[key][1]


def _look(column: Ints, view: View) -> _Sight:
    x = view.x(column)
    is_inside = (x >= view.low) & (x <= view.high)
    is_whole = bool(is_inside.all())
    if is_whole and bool((x[1:] >= x[:-1]).all()):
        return _Sight(x, None)
    chosen = np.flatnonzero(is_inside)
    chosen = chosen[np.argsort(x[chosen], kind="stable")]
    return _Sight(x[chosen], chosen)


def _parts(
    run: str, reader: Reader, name: str, view: View, plans: Plans, sights: _Sights
) -> list[Part]:
    """Return the lines that one run's series is drawn as."""
    found = reader.descend(name, view, plans) if reader.has_tiers(name) else Found()
    points = reader.points(name, found.pieces)
    x, chosen = sights.of(points, view)
    value = points.value if chosen is None else points.value[chosen]
    parts = []

    def add(x: Floats, value: Floats, cells: Sequence[Cells], *, is_superseded: bool) -> None:
        if len(x) or cells:
            parts.append(
                Part(
                    run=run,
                    is_superseded=is_superseded,
                    x=x,
                    value=value,
                    cells=cells,
                    is_thinned=points.is_thinned,
                )
            )

    if points.is_superseded.any():
        old = points.is_superseded if chosen is None else points.is_superseded[chosen]
        add(x[~old], value[~old], found.current, is_superseded=False)
        add(x[old], value[old], found.superseded, is_superseded=True)
    else:
        add(x, value, found.current, is_superseded=False)
        add(x[:0], value[:0], found.superseded, is_superseded=True)
    return parts
