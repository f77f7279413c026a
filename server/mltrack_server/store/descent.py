"""Descent: from the coarsest tier of a series down to its points, as far as a chart needs it.

A bucket is drawn as one, where its middle is, if it lies in the window, is no wider than two
buckets of the chart, and is superseded as a whole or not at all. Every other one is looked at more
closely, one level down, and at last point by point. So no point is drawn further than one bucket
from its place, the edges of the window are exact, and a chart reads at most 32 times as many
buckets as it draws.
"""

from __future__ import annotations

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
from mltrack_server.columns import Bools
from mltrack_server.columns import Floats
from mltrack_server.columns import Ints
from mltrack_server.columns import Order
from mltrack_server.store import chunk
from mltrack_server.store import schema
from mltrack_server.store import tier
from mltrack_server.store.drawing import Cells
from mltrack_server.store.drawing import gather
from mltrack_server.store.drawing import place
from mltrack_server.store.lineage import Piece
from mltrack_server.store.points import Column
from mltrack_server.store.tier import Ranges

# A window of so few points is read point by point: it costs a few chunks and is exact.
_POINTS_MIN: Final = 1 << 16
# Where steps jump about, a bucket at any level is wider than a chart's. So many rows of each level
# are read then, the widest buckets first; the other buckets are drawn where their middle is.
_ROWS_MAX: Final = {2: 1500, 1: 1500, 0: 128}
_ROWS_AT_ONCE: Final = 32
_ROWS_FIRST: Final = 64  # of a level that a descent may begin with
_PARAMETERS_MAX: Final = 500  # of one query
_STREAM: Final = 1 << 32  # a stream's number and a chunk's are one key: stream * this + chunk


class Window(NamedTuple):
    """Which steps or times are wanted, both ends included."""

    order: Order
    low: int
    high: int


class View(NamedTuple):
    """What a chart shows of a run."""

    window: Window  # all that is shown, and perhaps a little more
    origin: int  # what x = 0 is: a step, or a time in ns
    scale: float  # steps or ns in one of x
    low: float  # of the window, in x, both ends included
    high: float
    buckets: int  # of the chart

    @property
    def width(self) -> float:
        """Of one of the chart's buckets."""
        return (self.high - self.low) / self.buckets

    def x(self, column: Ints) -> Floats:
        """Return the x of steps or times."""
        return (column - self.origin) / self.scale


@dataclass(slots=True, kw_only=True)
class Found:
    """What a descent ends at."""

    current: list[Cells] = field(default_factory=list)
    superseded: list[Cells] = field(default_factory=list)
    pieces: list[Piece] = field(default_factory=list)  # points, some of them outside the window


class _Buckets(NamedTuple):
    """Buckets of one level."""

    row: Ints  # keys of the rows that they are in
    at: Ints  # their places in these
    points: Ints  # how many there are
    low: Floats  # lowest and highest x
    high: Floats
    is_superseded: Bools
    is_plain: Bools  # can be drawn as one
    ranges: Ranges

    def take(self, chosen: Bools) -> _Buckets:
        """Return the *chosen* ones."""
        if chosen.all():
            return self
        columns: list[Any] = [column[chosen] for column in self[:-1]]
        columns.append(self.ranges.take(chosen))
        return _Buckets(*columns)


class _Children(NamedTuple):
    """What buckets are made of: buckets of the level below, or points of a chunk."""

    row: Ints  # keys of their rows, or of their chunks, ascending
    group: Ints  # which part of the row: as many as one bucket of the level above is made of


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
    """

    def __init__(
        self,
        connection: Connection,
        rid: int,
        series_no: int,
        cuts: Mapping[tuple[int, int], int],
        view: View,
    ) -> None:
        self._connection, self._rid, self._series_no = connection, rid, series_no
        self._cuts, self._view = cuts, view

    def go(self, points: int) -> Found:
        """Descend as far as needed in a series of about so many *points*.

        Full chunks only are looked at: the others are in no tier.
        """
        found = Found()
        level = _first_level(points)
        rows = self._rows(level, None)
        wanted = None
        has_cells = False
        while rows:
            opened: list[_Buckets] = []
            for some in _portions(rows):
                buckets = self._inside(level, some, wanted)
                if len(rows) == len(some) and not has_cells:
                    keys = _chunks_of_few(level, buckets)
                    if keys is not None:
                        found.pieces += self._points(keys, None)
                        return found
                has_cells = has_cells or bool(buckets.is_plain.any())
                self._draw(found, buckets.take(buckets.is_plain))
                opened.append(buckets.take(~buckets.is_plain))
            wanted, left = _affordable(level, opened)
            for buckets in left:
                self._draw(found, buckets)
            level -= 1
            if level == 0:
                found.pieces += self._points(wanted.row, wanted.group)
                break
            rows = self._rows(level, _distinct(wanted.row))
        return found

    def _draw(self, found: Found, buckets: _Buckets) -> None:
        """Draw each of *buckets* where its middle is, if that is inside the window."""
        view = self._view
        # Halved, because the sum of two doubles may be too large for one.
        middle = buckets.low / 2 + buckets.high / 2
        is_inside = (middle >= view.low) & (middle <= view.high)
        for cells, chosen in (
            (found.current, is_inside & ~buckets.is_superseded),
            (found.superseded, is_inside & buckets.is_superseded),
        ):
            if chosen.any():
                some = buckets.take(chosen)
                at = place(middle[chosen], view.low, view.width, view.buckets)
                cells.append(
                    Cells(
                        max(view.low, float(some.low.min())),
                        min(view.high, float(some.high.max())),
                        gather(at, some.points, some.ranges),
                    )
                )

    def _inside(self, level: int, rows: Sequence[Row[Any]], wanted: _Children | None) -> _Buckets:
        """Return buckets of *rows* that have points in the window, *wanted* ones only."""
        view, size = self._view, tier.SHAPE.points(level)
        lengths = [-(-row.n // size) for row in rows]
        ends = np.cumsum(lengths)
        points = np.full(ends[-1], size)
        points[ends - 1] = [
            row.n - (length - 1) * size for row, length in zip(rows, lengths, strict=True)
        ]
        key = np.array([row.stream_no * _STREAM + row.no for row in rows])
        axes = [row.axis_body for row in rows]
        low, high = (view.x(x) for x in tier.unpack_span(axes, lengths, view.window.order))
        is_plain = (low >= view.low) & (high <= view.high) & (high - low <= 2 * view.width)
        is_superseded = np.zeros(len(points), np.bool_)
        if self._cuts:
            bounds = [self._cuts.get((row.stream_no, row.epoch), np.inf) for row in rows]
            bound = np.repeat(np.array(bounds, np.float64), lengths)
            step_low, step_high = tier.unpack_span(axes, lengths, "step")
            is_superseded = step_low >= bound
            is_plain &= is_superseded | (step_high < bound)
        chosen = (high >= view.low) & (low <= view.high)
        if wanted is not None:
            chosen &= _is_wanted(wanted, key, np.array(lengths))
        buckets = _Buckets(
            np.repeat(key, lengths),
            np.arange(ends[-1]) - np.repeat(ends - lengths, lengths),
            points,
            low,
            high,
            is_superseded,
            is_plain,
            tier.unpack_ranges([row.body for row in rows]),
        )
        return buckets.take(chosen)

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
                    wanted[places[keys == stream_no * _STREAM + row.no]] = True
                    is_wanted = np.repeat(wanted, size)
                    step, time_ns, value = step[is_wanted], time_ns[is_wanted], value[is_wanted]
                column = Column(step, step, time_ns, value, exact_ints)
                yield Piece(stream_no, row.epoch, column)


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


def _is_wanted(wanted: _Children, key: Ints, lengths: Ints) -> Bools:
    """Tell which buckets of the rows *key*, of such *lengths*, are among the *wanted*."""
    shape = tier.SHAPE
    start, end = np.searchsorted(wanted.row, (key[0], key[-1] + 1))
    is_wanted = np.zeros((len(key), shape.row // shape.fan), np.bool_)
    is_wanted[np.searchsorted(key, wanted.row[start:end]), wanted.group[start:end]] = True
    is_bucket = np.arange(shape.row) < lengths[:, np.newaxis]
    return np.repeat(is_wanted, shape.fan, axis=1)[is_bucket]


def _chunks_of_few(level: int, buckets: _Buckets) -> Ints | None:
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


def _affordable(level: int, opened: list[_Buckets]) -> tuple[_Children, list[_Buckets]]:
    """Return what the *opened* buckets are made of, and those that are drawn as they are.

    These are none, unless it were too much to read.
    """
    rows_max = _ROWS_MAX[level - 1]
    children = _below(level, opened)
    if len(_distinct(children.row)) <= rows_max:
        return children, []
    widths = np.concatenate([buckets.high - buckets.low for buckets in opened])
    narrow = np.sort(widths)[-rows_max]
    left = [buckets.take(buckets.high - buckets.low <= narrow) for buckets in opened]
    opened = [buckets.take(buckets.high - buckets.low > narrow) for buckets in opened]
    return _below(level, opened), left


def _below(level: int, opened: Sequence[_Buckets]) -> _Children:
    """Return what the *opened* buckets are made of."""
    shape = tier.SHAPE
    row = np.concatenate([buckets.row for buckets in opened])
    at = np.concatenate([buckets.at for buckets in opened])
    if level == 1:
        return _Children(row, at)
    groups = shape.row // shape.fan  # in a row of the level below
    return _Children(row + at // groups * shape.chunks(level - 1), at % groups)


def _distinct(keys: Ints) -> Ints:
    """Return *keys*, ascending, each once."""
    return keys[np.flatnonzero(np.diff(keys, prepend=-1))]


def _by_stream(keys: Ints) -> Iterator[tuple[int, list[int]]]:
    """Yield streams and numbers of their chunks, not too many at a time, from ascending *keys*."""
    streams, numbers = np.divmod(keys, _STREAM)
    for stream_no in np.unique(streams).tolist():
        mine = numbers[streams == stream_no].tolist()
        for start in range(0, len(mine), _PARAMETERS_MAX):
            yield stream_no, mine[start : start + _PARAMETERS_MAX]
