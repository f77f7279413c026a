"""Descent: from the coarsest tier of a series down to its points, as far as a chart needs it.

A bucket is drawn as one, where its middle is, if it lies in the window, is no wider than two
buckets of the chart, and is superseded as a whole or not at all. Every other one is looked at more
closely, one level down, and at last point by point. So no point is drawn further than one bucket
from its place, the edges of the window are exact, and a chart reads at most 32 times as many
buckets as it draws.
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
_POINTS_MIN: Final = 1 << 16
# Where steps jump about, a bucket at any level is wider than a chart's. So many rows of each level
# are read then, the widest buckets first; the other buckets are drawn where their middle is.
_ROWS_MAX: Final = {2: 1500, 1: 1500, 0: 128}
_ROWS_AT_ONCE: Final = 32
_ROWS_FIRST: Final = 64  # of a level that a descent may begin with
_SHORT_POINTS_MAX: Final = 1 << 18  # of a series; a statement costs more than its 16 rows
_PARAMETERS_MAX: Final = 500  # of one query


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


class _Opened(NamedTuple):
    """Buckets that are looked at more closely."""

    layout: Layout
    ranges: Ranges  # of all buckets that were read with them


class FirstRows(NamedTuple):
    """What the descent of a short series begins with."""

    rows: list[Row[Any]]  # no more than are looked at together
    ranges: Ranges  # of their buckets


_chunk, _tier, _axis = schema.chunk.c, schema.tier.c, schema.axis.c


def reach_into(order: Order, columns: Any = _chunk) -> ColumnElement[bool]:
    """Return the condition of rows, of chunks say, that reach into a window `b_low` to `b_high`."""
    low, high = {
        "step": (columns.step_min, columns.step_max),
        "time": (columns.time_min, columns.time_max),
    }[order]
    return and_(high >= bindparam("b_low"), low <= bindparam("b_high"))


_ALL_ROWS: Final = {
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
        reach_into(order, _tier),
    )
    .order_by(_tier.stream_no, _tier.no)
    for order in ORDERS
}
_ROWS: Final = {
    order: rows.where(
        _tier.stream_no == bindparam("b_stream_no"),
        _tier.no.in_(bindparam("b_numbers", expanding=True)),
    )
    for order, rows in _ALL_ROWS.items()
}
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
        _tier.rid.in_(bindparam("b_rids", expanding=True)),
        _tier.series_no.in_(bindparam("b_numbers", expanding=True)),
        _tier.level == min(tier.LEVELS),
        reach_into(order, _tier),
    )
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
        _chunk.no.in_(bindparam("b_numbers", expanding=True)),
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
    """

    def __init__(
        self,
        connection: Connection,
        rid: int,
        series_no: int,
        cuts: Mapping[tuple[int, int], int],
        view: View,
        plans: Plans,
    ) -> None:
        self._connection, self._rid, self._series_no = connection, rid, series_no
        self._cuts, self._view, self._plans = cuts, view, plans

    def go(self, points: int, first: FirstRows | None = None) -> Found:
        """Descend as far as needed in a series of about so many *points*.

        Full chunks only are looked at: the others are in no tier.

        Args:
            points: Of the series.
            first: What it begins with, where that has been read: see `read_first_rows`.
        """
        found = Found()
        level = _first_level(points)
        rows = self._rows(level, None) if first is None else first.rows
        wanted = None
        has_cells = False
        while rows:
            opened: list[_Opened] = []
            for some in _portions(rows):
                plan = self._plans.of(level, some, wanted, self._cuts, self._view)
                if len(rows) == len(some) and not has_cells:
                    keys = _chunks_of_few(level, plan.layout)
                    if keys is not None:
                        found.pieces += self._points(keys, None)
                        return found
                has_cells = has_cells or bool(plan.layout.is_plain.any())
                if first is None:
                    ranges = tier.unpack_ranges([row.body for row in some])
                else:
                    ranges, first = first.ranges, None
                found.draw(plan.plain, ranges)
                opened.append(_Opened(plan.opened, ranges))
            if not any(len(buckets.layout.row) for buckets in opened):
                break
            wanted, left = _affordable(level, opened)
            for buckets in left:
                found.draw(buckets.layout.placed(self._view), buckets.ranges)
            level -= 1
            if level == 0:
                found.pieces += self._points(wanted.row, wanted.group)
                break
            rows = self._rows(level, _distinct(wanted.row))
        return found

    def _rows(self, level: int, keys: Ints | None) -> list[Row[Any]]:
        """Return the rows of a level that reach into the window, those of *keys* or all."""
        order = self._view.window.order
        wanted = {"b_rid": self._rid, "b_series_no": self._series_no, "b_level": level}
        wanted |= {"b_low": self._view.window.low, "b_high": self._view.window.high}
        if keys is None:
            return list(self._connection.execute(_ALL_ROWS[order], wanted))
        found: list[Row[Any]] = []
        for stream_no, numbers in _by_stream(keys):
            some = wanted | {"b_stream_no": stream_no, "b_numbers": numbers}
            found += self._connection.execute(_ROWS[order], some)
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
                step, time_ns = chunk.unpack_axis(row.axis_body)
                value, exact_ints = chunk.unpack_values(row.body)
                if places is not None:
                    exact_ints = {}  # of no use to a chart
                    wanted = np.zeros(tier.SHAPE.row, np.bool_)
                    wanted[places[keys == stream_no * STREAM + row.no]] = True
                    is_wanted = np.repeat(wanted, size)
                    step, time_ns, value = step[is_wanted], time_ns[is_wanted], value[is_wanted]
                column = Column(step, step, time_ns, value, exact_ints)
                yield Piece(stream_no, row.epoch, column)


def is_short(points: int) -> bool:
    """Tell whether the first rows of so many *points* are read together with those of others."""
    return points <= _SHORT_POINTS_MAX and _first_level(points) == min(tier.LEVELS)


def read_first_rows(
    connection: Connection, wanted: Collection[tuple[int, int]], window: Window
) -> dict[tuple[int, int], FirstRows]:
    """Return what descents of short series begin with, by run and number of the series."""
    rids, numbers = {rid for rid, _ in wanted}, {number for _, number in wanted}
    found: dict[tuple[int, int], list[Row[Any]]] = {key: [] for key in wanted}
    given: dict[str, Any] = {"b_rids": list(rids), "b_numbers": list(numbers)}
    given |= {"b_low": window.low, "b_high": window.high}
    rows: Iterable[Row[Any]] = connection.execute(_FIRST_ROWS[window.order], given)
    for row in rows:
        if (row.rid, row.series_no) in found:
            found[row.rid, row.series_no].append(row)
    if not any(found.values()):
        return {}
    for mine in found.values():
        mine.sort(key=lambda row: (row.stream_no, row.no))
    # Unpacked together: there are few buckets in each, and it takes as many calls for one as for
    # all of them.
    ranges = tier.unpack_ranges([row.body for mine in found.values() for row in mine])
    firsts, start, size = {}, 0, tier.SHAPE.bucket
    for key, mine in found.items():
        end = start + sum(-(-row.n // size) for row in mine)
        own = ranges.cut(start, end)
        if own.nonfinite is not None and not own.nonfinite.any():
            own = own._replace(nonfinite=None)  # only another series' values are not all finite
        firsts[key] = FirstRows(mine, own)
        start = end
    return firsts


def _first_level(points: int) -> int:
    """Return the finest level of few rows: to read all costs less than to find out which."""
    sizes = {level: tier.SHAPE.row * tier.SHAPE.points(level) for level in tier.LEVELS[:-1]}
    return next(
        (at for at, size in sizes.items() if points <= _ROWS_FIRST * size), max(tier.LEVELS)
    )


def _portions(rows: Sequence[Row[Any]]) -> Iterator[Sequence[Row[Any]]]:
    """Yield *rows*, so many at a time that their columns stay in the processor's cache."""
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        yield rows[start : start + _ROWS_AT_ONCE]


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
    return found if len(found) <= _ROWS_MAX[0] else None


def _affordable(level: int, opened: Sequence[_Opened]) -> tuple[Children, list[_Opened]]:
    """Return what the *opened* buckets are made of, and those that are drawn as they are.

    These are none, unless it were too much to read.
    """
    rows_max = _ROWS_MAX[level - 1]
    children = _below(level, [buckets.layout for buckets in opened])
    if len(_distinct(children.row)) <= rows_max:
        return children, []
    widths = [buckets.layout.high - buckets.layout.low for buckets in opened]
    narrow = np.sort(np.concatenate(widths))[-rows_max]
    left, below = [], []
    for buckets, width in zip(opened, widths, strict=True):
        left.append(_Opened(buckets.layout.take(width <= narrow), buckets.ranges))
        below.append(buckets.layout.take(width > narrow))
    return _below(level, below), left


def _below(level: int, opened: Sequence[Layout]) -> Children:
    """Return what the *opened* buckets are made of."""
    shape = tier.SHAPE
    row = np.concatenate([buckets.row for buckets in opened])
    at = np.concatenate([buckets.at for buckets in opened])
    if level == 1:
        return Children(row, at)
    groups = shape.row // shape.fan  # in a row of the level below
    return Children(row + at // groups * shape.chunks(level - 1), at % groups)


def _distinct(keys: Ints) -> Ints:
    """Return *keys*, ascending, each once."""
    return keys[np.flatnonzero(np.diff(keys, prepend=-1))]


def _by_stream(keys: Ints) -> Iterator[tuple[int, list[int]]]:
    """Yield streams and numbers of their chunks, not too many at a time, from ascending *keys*."""
    streams, numbers = np.divmod(keys, STREAM)
    for stream_no in np.unique(streams).tolist():
        mine = numbers[streams == stream_no].tolist()
        for start in range(0, len(mine), _PARAMETERS_MAX):
            yield stream_no, mine[start : start + _PARAMETERS_MAX]
