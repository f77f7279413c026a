"""Descent: from a coarse tier of a series down to its points, as far as a chart needs it.

It begins at the level that draws all of the series. A bucket is drawn as one, where its middle is,
if it lies in the window, is no wider than two buckets of the chart, and is superseded as a whole or
not at all. Every other one is looked at more closely: in the finest level of which few rows are to
be read for that, and at last point by point. So no point is drawn further than one bucket from its
place, the edges of the window are exact, and a chart reads a few times as many buckets as it draws.
"""

from __future__ import annotations

from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
from typing import Any
from typing import Final
from typing import NamedTuple

import numpy as np
from sqlalchemy import ColumnElement
from sqlalchemy import Connection
from sqlalchemy import Row
from sqlalchemy import and_
from sqlalchemy import bindparam
from sqlalchemy import select

from mltrack_server.columns import ORDERS
from mltrack_server.columns import Ints
from mltrack_server.columns import Order
from mltrack_server.store import chunk
from mltrack_server.store import schema
from mltrack_server.store import tier
from mltrack_server.store.database.among import among
from mltrack_server.store.lineage import Piece
from mltrack_server.store.points import Column
from mltrack_server.store.series.drawing import Cells
from mltrack_server.store.series.layout import STREAM
from mltrack_server.store.series.layout import Children
from mltrack_server.store.series.layout import Layout
from mltrack_server.store.series.layout import Placed
from mltrack_server.store.series.layout import Plans
from mltrack_server.store.series.view import View
from mltrack_server.store.series.view import Window
from mltrack_server.store.tier import Ranges

# A window of so few points is read point by point: it costs a few chunks and is exact.
_POINTS_MIN: Final = 1 << 15
# So few rows of a level, or chunks, cost less than to find out which of them are needed. 32 rows
# hold four times the buckets that a chart of 2,000 needs.
_ROWS_FEW: Final = 32
_CHUNKS_FEW: Final = 2
# Where steps jump about, a bucket at any level is wider than a chart's. So many rows of each level
# are read then, the widest buckets first; the other buckets are drawn where their middle is.
_ROWS_MAX: Final = 1500
_CHUNKS_MAX: Final = 128


@dataclass(slots=True, kw_only=True)
class Found:
    """What a descent ends at."""

    current: list[Cells] = field(default_factory=list)
    superseded: list[Cells] = field(default_factory=list)
    pieces: list[Piece] = field(default_factory=list)  # points, some of them outside the window

    def draw(self, placed: Iterable[Placed], ranges: Ranges) -> None:
        """Add what is *placed* of the buckets that were read, whose *ranges* these are."""
        for some in placed:
            cells = self.superseded if some.is_superseded else self.current
            cells.append(some.draw(ranges))


class Begun(NamedTuple):
    """What the descent of a series begins with."""

    level: int
    rows: list[Row[Any]]
    ranges: Ranges  # of their buckets


_chunk, _tier, _axis = schema.chunk.c, schema.tier.c, schema.axis.c


def reach_into(order: Order, columns: Any = _chunk) -> ColumnElement[bool]:
    """Return the condition of rows, of chunks say, that reach into a window `b_low` to `b_high`."""
    low, high = {
        "step": (columns.step_min, columns.step_max),
        "time": (columns.time_min, columns.time_max),
    }[order]
    return and_(high >= bindparam("b_low"), low <= bindparam("b_high"))


_FIRST_ROWS: Final = {
    order: select(
        _tier.rid,
        _tier.series_no,
        _tier.stream_no,
        _tier.no,
        _tier.epoch,
        _tier.n,
        _tier.body,
        _axis.body.label("axis_body"),
    )
    .join(schema.axis, and_(_axis.rid == _tier.rid, _axis.digest == _tier.axis))
    .where(
        among(_tier.rid, "b_rids"),
        among(_tier.series_no, "b_numbers"),
        _tier.level == bindparam("b_level"),
        reach_into(order, _tier),
    )
    for order in ORDERS
}
_ROWS: Final = {
    order: select(
        _tier.stream_no,
        _tier.no,
        _tier.epoch,
        _tier.n,
        _tier.body,
        _axis.body.label("axis_body"),
    )
    .join(schema.axis, and_(_axis.rid == _tier.rid, _axis.digest == _tier.axis))
    .where(
        _tier.rid == bindparam("b_rid"),
        _tier.series_no == bindparam("b_series_no"),
        _tier.level == bindparam("b_level"),
        _tier.stream_no == bindparam("b_stream_no"),
        among(_tier.no, "b_numbers"),
        reach_into(order, _tier),
    )
    .order_by(_tier.no)
    for order in ORDERS
}
_CHUNKS: Final = {
    order: select(
        _chunk.stream_no, _chunk.no, _chunk.epoch, _chunk.body, _axis.body.label("axis_body")
    )
    .join(schema.axis, and_(_axis.rid == _chunk.rid, _axis.digest == _chunk.axis))
    .where(
        _chunk.rid == bindparam("b_rid"),
        _chunk.series_no == bindparam("b_series_no"),
        _chunk.stream_no == bindparam("b_stream_no"),
        among(_chunk.no, "b_numbers"),
        reach_into(order),
    )
    .order_by(_chunk.no)
    for order in ORDERS
}


class Descent:
    """One series of a run, looked at from far away.

    Args:
        connection: Sees one state of the store.
        rid: The run.
        series_no: The series.
        cuts: Stream and epoch → the step from which on its points are superseded.
        view: What is wanted of it.
        plans: Of the answer.
        times: Whether the times of points are read, or are 0.
    """

    def __init__(
        self,
        connection: Connection,
        rid: int,
        series_no: int,
        cuts: Mapping[tuple[int, int], int],
        view: View,
        plans: Plans,
        *,
        times: bool,
    ) -> None:
        self._connection, self._rid, self._series_no = connection, rid, series_no
        self._cuts, self._view, self._plans, self._times = cuts, view, plans, times

    def go(self, begun: Begun) -> Found:
        """Descend as far as needed, from what the descent has *begun* with: see `begin`.

        Full chunks only are looked at: the others are in no tier.
        """
        found = Found()
        level, rows, ranges = begun
        wanted = None
        while True:
            plan = self._plans.of(level, rows, wanted, self._cuts, self._view)
            if not found.current and not found.superseded:
                keys = _chunks_of_few(level, plan.layout)
                if keys is not None:
                    found.pieces += self._points(keys, None)
                    break
            found.draw(plan.plain, ranges)
            if not len(plan.opened.row):
                break
            level, wanted, left = _affordable(level, plan.opened)
            found.draw(left.placed(self._view), ranges)
            if level == 0:
                found.pieces += self._points(wanted.row, wanted.group)
                break
            rows = self._rows(level, _distinct(wanted.row))
            if not rows:
                break
            ranges = tier.unpack_ranges([row.body for row in rows])
        return found

    def _rows(self, level: int, keys: Ints) -> list[Row[Any]]:
        """Return the rows *keys* of a level that reach into the window."""
        window = self._view.window
        given = {"b_rid": self._rid, "b_series_no": self._series_no, "b_level": level}
        given |= {"b_low": window.low, "b_high": window.high}
        found: list[Row[Any]] = []
        for stream_no, numbers in _by_stream(keys):
            some = given | {"b_stream_no": stream_no, "b_numbers": numbers}
            found += self._connection.execute(_ROWS[window.order], some)
        return found

    def _points(self, keys: Ints, places: Ints | None) -> Iterator[Piece]:
        """Yield points of chunks.

        Args:
            keys: Of the chunks; with *places* several may be the same.
            places: The buckets of the first level that are wanted; None: all.
        """
        window, size = self._view.window, tier.SHAPE.bucket
        given = {"b_rid": self._rid, "b_series_no": self._series_no}
        given |= {"b_low": window.low, "b_high": window.high}
        for stream_no, numbers in _by_stream(np.unique(keys)):
            some = given | {"b_stream_no": stream_no, "b_numbers": numbers}
            for row in self._connection.execute(_CHUNKS[window.order], some):
                body = row.axis_body
                step, time_ns = (
                    chunk.unpack_axis(body) if self._times else chunk.unpack_steps(body, {})
                )
                value, exact_ints = chunk.unpack_values(row.body)
                if places is not None:
                    exact_ints = {}  # of no use to a chart
                    wanted = np.zeros(tier.SHAPE.row, np.bool_)
                    wanted[places[keys == stream_no * STREAM + row.no]] = True
                    is_wanted = np.repeat(wanted, size)
                    step, time_ns, value = step[is_wanted], time_ns[is_wanted], value[is_wanted]
                column = Column(step, step, time_ns, value, exact_ints)
                yield Piece(stream_no, row.epoch, column)


def first_level(points: int, buckets: int) -> int:
    """Return the coarsest level that draws all of so many *points* into so many *buckets*."""
    width = 2 * points / buckets  # if steps are even
    fit = [level for level in tier.LEVELS if tier.SHAPE.points(level) <= width]
    return max(fit, default=min(tier.LEVELS))


def begin(
    connection: Connection, wanted: Collection[tuple[int, int]], level: int, window: Window
) -> dict[tuple[int, int], Begun]:
    """Return what descents begin with at a *level*, by run and number of the series.

    Rows are read and unpacked together: it takes as many calls for one series as for all of them.
    Series without any in the window are left out.
    """
    rids, numbers = {rid for rid, _ in wanted}, {number for _, number in wanted}
    given: dict[str, Any] = {"b_rids": list(rids), "b_numbers": list(numbers), "b_level": level}
    given |= {"b_low": window.low, "b_high": window.high}
    found: dict[tuple[int, int], list[Row[Any]]] = {}
    rows: Sequence[Any] = connection.execute(_FIRST_ROWS[window.order], given).all()
    for row in rows:
        if (row.rid, row.series_no) in wanted:
            found.setdefault((row.rid, row.series_no), []).append(row)
    if not found:
        return {}
    for mine in found.values():
        mine.sort(key=lambda row: (row.stream_no, row.no))
    ranges = tier.unpack_ranges([row.body for mine in found.values() for row in mine])
    begun, start, size = {}, 0, tier.SHAPE.points(level)
    for key, mine in found.items():
        end = start + sum(-(-row.n // size) for row in mine)
        own = ranges.cut(start, end)
        if own.nonfinite is not None and not own.nonfinite.any():
            own = own._replace(nonfinite=None)  # only another series' values are not all finite
        begun[key] = Begun(level, mine, own)
        start = end
    return begun


def _chunks_of_few(level: int, buckets: Layout) -> Ints | None:
    """Return the keys of all chunks of *buckets*, if there are few points in few chunks."""
    if int(buckets.points.sum()) > _POINTS_MIN:
        return None
    shape = tier.SHAPE
    first = buckets.at * shape.points(level)
    keys = [
        np.arange(row + start // shape.chunk, row + end // shape.chunk + 1)
        for row, start, end in zip(buckets.row, first, first + buckets.points - 1, strict=True)
    ]
    found = np.unique(np.concatenate([np.empty(0, np.int64), *keys]))
    return found if len(found) <= _CHUNKS_MAX else None


def _affordable(level: int, opened: Layout) -> tuple[int, Children, Layout]:
    """Return at which level the *opened* buckets are looked at, and what they are made of there.

    And those that are drawn as they are: none, unless it were too much to read.
    """
    shape, points = tier.SHAPE, int(opened.points.sum())
    none = opened.take(np.zeros(len(opened.row), np.bool_))
    for finer in range(level - 1):
        few = _ROWS_FEW if finer else _CHUNKS_FEW
        if points <= few * shape.chunks(finer) * shape.chunk:
            children = _below(level, finer, opened)
            if len(_distinct(children.row)) <= few:
                return finer, children, none
    finer = level - 1
    rows_max = _ROWS_MAX if finer else _CHUNKS_MAX
    children = _below(level, finer, opened)
    if len(_distinct(children.row)) <= rows_max:
        return finer, children, none
    width = opened.high - opened.low
    is_wide = width > np.sort(width)[-rows_max]
    return finer, _below(level, finer, opened.take(is_wide)), opened.take(~is_wide)


def _below(level: int, finer: int, opened: Layout) -> Children:
    """Return what the *opened* buckets of a level are made of in a *finer* one."""
    shape = tier.SHAPE
    part = shape.points(finer + 1)
    counts = -(-opened.points // part)
    number = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    number += np.repeat(opened.at * (shape.points(level) // part), counts)
    parts = shape.chunks(finer) * shape.chunk // part  # in a row
    row = np.repeat(opened.row, counts) + number // parts * shape.chunks(finer)
    return Children(row, number % parts)


def _distinct(keys: Ints) -> Ints:
    """Return *keys*, ascending, each once."""
    return keys[np.flatnonzero(np.diff(keys, prepend=-1))]


def _by_stream(keys: Ints) -> Iterator[tuple[int, list[int]]]:
    """Yield streams and the numbers of their chunks."""
    streams, numbers = np.divmod(keys, STREAM)
    for stream_no in np.unique(streams).tolist():
        yield stream_no, numbers[streams == stream_no].tolist()
