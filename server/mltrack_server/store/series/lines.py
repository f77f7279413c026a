"""Lines: what one run's series is drawn as, before it is put into a chart's buckets."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final
from typing import Literal
from typing import NamedTuple

import numpy as np
from sqlalchemy import Connection
from sqlalchemy import bindparam
from sqlalchemy import select

from mltrack_server.columns import Floats
from mltrack_server.columns import Ints
from mltrack_server.columns import Order
from mltrack_server.columns import Points
from mltrack_server.store import schema
from mltrack_server.store.bounds import INT64_MAX
from mltrack_server.store.bounds import INT64_MIN
from mltrack_server.store.series.descent import Found
from mltrack_server.store.series.drawing import Cells
from mltrack_server.store.series.drawing import Part
from mltrack_server.store.series.layout import Plans
from mltrack_server.store.series.reader import Reader
from mltrack_server.store.series.view import View
from mltrack_server.store.series.view import Window

Axis = Literal["step", "time", "relative"]

_run = schema.run.c
_RUNS: Final = select(_run.uid, _run.rid, _run.started_ns).where(
    _run.rid.in_(bindparam("b_rids", expanding=True))
)


class Frame(NamedTuple):
    """Which part of an axis a chart shows, and into how many buckets."""

    x: Axis
    start: float | None  # None: where the points begin
    end: float | None  # inclusive
    buckets: int

    @property
    def whole(self) -> Frame:
        """All of the axis."""
        return self._replace(start=None, end=None)


class ChartRun(NamedTuple):
    """A run of a chart."""

    uid: str
    rid: int
    started_ns: int


def find_runs(connection: Connection, rids: Sequence[int]) -> list[ChartRun]:
    """Return those of the runs that there are."""
    return [ChartRun(*row) for row in connection.execute(_RUNS, {"b_rids": rids})]


def window_of(frame: Frame, started_ns: int) -> Window:
    """Return a window that holds every point of *frame*'s, and perhaps a few around it."""
    order: Order = "step" if frame.x == "step" else "time"
    scale = 1.0 if frame.x == "step" else 1e9
    origin = started_ns if frame.x == "relative" else 0

    def bound(x: float | None, default: int, direction: int) -> int:
        scaled = default if x is None else x * scale
        if not -INT64_MAX < scaled < INT64_MAX:
            return INT64_MAX if scaled > 0 else INT64_MIN
        # Beyond 2^53 a double stands for several integers, near 2^63 for 2048.
        slack = 4 if abs(scaled) < 1 << 53 else 4096
        return max(INT64_MIN, min(INT64_MAX, origin + int(scaled) + direction * slack))

    return Window(order, bound(frame.start, INT64_MIN, -1), bound(frame.end, INT64_MAX, 1))


def view_of(frame: Frame, run: ChartRun, low: float, high: float) -> View:
    """Return how a run's points are shown between *low* and *high*."""
    return View(
        window=window_of(frame, run.started_ns),
        origin=run.started_ns if frame.x == "relative" else 0,
        scale=1.0 if frame.x == "step" else 1e9,
        low=low,
        high=high,
        buckets=frame.buckets,
    )


def views_of(frame: Frame, readers: Sequence[tuple[ChartRun, Reader]], name: str) -> list[View]:
    """Return how the runs' points of *name* are shown.

    Where the window is open and somebody has tiers, it ends where the points do.
    """
    low = -math.inf if frame.start is None else frame.start
    high = math.inf if frame.end is None else frame.end
    if any(reader.has_tiers(name) for _, reader in readers):
        bounds = []
        for run, reader in readers:
            view = view_of(frame, run, low, high)
            extent = reader.extent(name, view.window.order)
            if extent is not None:
                bounds += view.x(np.array(extent)).tolist()
        low = min(bounds) if frame.start is None else low
        high = max(bounds) if frame.end is None else high
    return [view_of(frame, run, low, high) for run, _ in readers]


class _Sight(NamedTuple):
    """Which of some points a view shows."""

    x: Floats  # of these, ascending
    chosen: Ints | None  # their indices in this order; None: all, as they are


class Sights:
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


def parts_of(
    run: str, reader: Reader, name: str, view: View, plans: Plans, sights: Sights
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
