"""Reads of points, folded or not."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import replace
from typing import Final
from typing import NamedTuple

import numpy as np
from sqlalchemy import ColumnElement
from sqlalchemy import Connection
from sqlalchemy import Integer
from sqlalchemy import and_
from sqlalchemy import bindparam
from sqlalchemy import func
from sqlalchemy import select

from mltrack_server.columns import ORDERS
from mltrack_server.columns import Ints
from mltrack_server.columns import Order
from mltrack_server.columns import Points
from mltrack_server.store import chunk
from mltrack_server.store import schema
from mltrack_server.store import tier
from mltrack_server.store.bounds import INT64_MAX
from mltrack_server.store.bounds import INT64_MIN
from mltrack_server.store.descent import Descent
from mltrack_server.store.descent import Found
from mltrack_server.store.descent import View
from mltrack_server.store.descent import Window
from mltrack_server.store.descent import reach_into
from mltrack_server.store.lineage import Lineage
from mltrack_server.store.lineage import Piece
from mltrack_server.store.overlap import OF_FULL
from mltrack_server.store.overlap import firsts_of
from mltrack_server.store.overlap import lowest
from mltrack_server.store.points import Column
from mltrack_server.store.points import SeriesKind
from mltrack_server.store.points import concatenate
from mltrack_server.store.remnant import Remnant
from mltrack_server.store.remnant import look
from mltrack_server.store.remnant import unpack as unpack_remnant
from mltrack_server.store.segs import SegCache
from mltrack_server.store.segs import unfolded

_PRECEDENCE: Final[dict[SeriesKind, int]] = {"axis": 0, "device": 1, "metric": 2}

_series, _chunk, _axis, _tier = schema.series.c, schema.chunk.c, schema.axis.c, schema.tier.c
_remnant = schema.remnant.c
_numbers: Final = bindparam("b_numbers", type_=Integer, expanding=True)
_CHOOSE: Final = select(_series.no, _series.kind, _series.name, _series.points).where(
    _series.rid == bindparam("b_rid"), _series.name.in_(bindparam("b_names", expanding=True))
)
_CHUNKS: Final = {
    order: select(_chunk.series_no, _chunk.stream_no, _chunk.epoch, _chunk.axis, _chunk.body)
    .where(
        _chunk.rid == bindparam("b_rid"),
        _chunk.series_no.in_(_numbers),
        _chunk.n <= bindparam("b_points_max"),
        reach_into(order),
    )
    .order_by(_chunk.series_no, _chunk.stream_no, _chunk.no)
    for order in ORDERS
}
_AXIS: Final = select(_axis.body).where(
    _axis.rid == bindparam("b_rid"), _axis.digest == bindparam("b_digest")
)
_EXTENTS: Final = (
    select(
        _tier.series_no,
        func.min(_tier.step_min),
        func.max(_tier.step_max),
        func.min(_tier.time_min),
        func.max(_tier.time_max),
    )
    .where(OF_FULL)
    .group_by(_tier.series_no)
)
_REMNANTS: Final = {
    order: select(
        _remnant.series_no,
        _remnant.stream_no,
        _remnant.epoch,
        _remnant.body,
        _axis.body.label("axis_body"),
    )
    .join(schema.axis, and_(_axis.rid == _remnant.rid, _axis.digest == _remnant.axis))
    .where(
        _remnant.rid == bindparam("b_rid"),
        _remnant.series_no.in_(_numbers),
        reach_into(order, _remnant),
    )
    .order_by(_remnant.series_no, _remnant.stream_no, _remnant.no)
    for order in ORDERS
}


class Chosen(NamedTuple):
    """A series of a run."""

    no: int
    kind: SeriesKind
    points: int

    @property
    def order(self) -> Order:
        """What its points are ordered by."""
        return "time" if self.kind == "device" else "step"


class Reader:
    """What a run has of some series in a window, and some points around it.

    Args:
        connection: Sees one state of the store.
        cache: Of unfolded batches.
        rid: The run.
        names: Each a metric, else a device series, else an axis.
        window: What is wanted.
        full: Whether to read the points of full chunks and of remnants too, which can be many.
            Where not, they are there by `descend`.
    """

    def __init__(
        self,
        connection: Connection,
        cache: SegCache,
        rid: int,
        names: Sequence[str],
        window: Window,
        *,
        full: bool,
    ) -> None:
        self._connection, self._rid = connection, rid
        self._chosen = choose(connection, rid, names)
        self._pieces: dict[str, list[Piece]] = {name: [] for name in self._chosen}
        self._tiered: dict[str, dict[Order, tuple[int, int]]] = {}
        self._remnants: dict[str, list[tuple[int, int, Remnant]]] = {}  # stream, epoch
        self._lineage = Lineage()
        if not self._chosen:
            return
        self._lineage = Lineage.load(connection, rid)
        by_number = {chosen.no: name for name, chosen in self._chosen.items()}
        self._take_remnants(by_number, window, full=full)
        for no, piece in _folded(connection, rid, list(by_number), window, full=full):
            self._pieces[by_number[no]].append(piece)
        for (_, stream_no, _, _), batch in unfolded(connection, cache, rid, self._lineage):
            for name, chosen in self._chosen.items():
                column = batch.get((chosen.kind, name))
                if column is not None:
                    self._pieces[name] += self._lineage.split(stream_no, column)
        firsts: dict[int, dict[int, int]] = {}
        if len(set(self._lineage.attempts.values())) > 1:
            firsts = firsts_of(connection, rid, list(by_number))
        self._cuts = {
            name: self._lineage.cuts(lowest(self._pieces[name], firsts.get(chosen.no, {})))
            if chosen.order == "step"
            else {}
            for name, chosen in self._chosen.items()
        }
        if not full:
            self._tiered = {
                by_number[no]: extent for no, extent in self._extents(by_number).items()
            }

    @property
    def names(self) -> Iterable[str]:
        """Which of the series the run has."""
        return self._chosen

    def has_tiers(self, name: str) -> bool:
        """Tell whether there are points that only `descend` finds."""
        return name in self._tiered or name in self._remnants

    def is_thinned(self, name: str) -> bool:
        """Tell whether some points near the window have given way to a remnant."""
        return name in self._remnants

    def number(self, name: str) -> int:
        """Return the number of a series."""
        return self._chosen[name].no

    def cuts(self, name: str) -> Mapping[tuple[int, int], int]:
        """Return stream and epoch → the step from which on points are superseded."""
        return self._cuts[name]

    def extent(self, name: str, order: Order) -> tuple[int, int] | None:
        """Return lowest and highest step or time of a series' points, tiers included."""
        bounds = [self._tiered[name][order]] if name in self._tiered else []
        for _, _, remnant in self._remnants.get(name, ()):
            column = remnant.column.step if order == "step" else remnant.column.time_ns
            bounds.append((int(column.min()), int(column.max())))
        for piece in self._pieces.get(name, []):
            column = piece.column.step if order == "step" else piece.column.time_ns
            bounds.append((int(column.min()), int(column.max())))
        if not bounds:
            return None
        return min(low for low, _ in bounds), max(high for _, high in bounds)

    def descend(self, name: str, view: View) -> Found:
        """Return buckets and points of a series' full chunks and remnants, as *view* needs them."""
        no, cuts, found = self._chosen[name].no, self._cuts[name], Found()
        if name in self._tiered:
            found = Descent(self._connection, self._rid, no, cuts, view).go()
        for stream_no, epoch, remnant in self._remnants.get(name, ()):
            piece = Piece(stream_no, epoch, remnant.column)
            look(remnant, piece, cuts.get((stream_no, epoch)), view, found)
        return found

    def kept(self, name: str) -> Points:
        """Return the points of a series that its remnants have kept."""
        pieces = [
            Piece(stream_no, epoch, remnant.column)
            for stream_no, epoch, remnant in self._remnants[name]
        ]
        return _merge(pieces, self._cuts[name], self._chosen[name].order)

    def points(self, name: str, found: Sequence[Piece] = ()) -> Points:
        """Return a series' points, those *found* by a descent too, in the series' order."""
        pieces = [*self._pieces[name], *found]
        attempts = self._lineage.attempts
        pieces.sort(key=lambda piece: (attempts[piece.stream_no], piece.stream_no))
        merged = _merge(pieces, self._cuts[name], self._chosen[name].order)
        return replace(merged, is_thinned=True) if self.is_thinned(name) else merged

    def _take_remnants(self, by_number: Mapping[int, str], window: Window, *, full: bool) -> None:
        """Read what thinning has left of the series."""
        given = {"b_rid": self._rid, "b_numbers": list(by_number)}
        given |= {"b_low": window.low, "b_high": window.high}
        for row in self._connection.execute(_REMNANTS[window.order], given):
            step, time_ns = chunk.unpack_axis(row.axis_body)
            found = unpack_remnant(row.body, step, time_ns)
            name = by_number[row.series_no]
            self._remnants.setdefault(name, []).append((row.stream_no, row.epoch, found))
            if full:
                self._pieces[name].append(Piece(row.stream_no, row.epoch, found.column))

    def _extents(self, numbers: Iterable[int]) -> dict[int, dict[Order, tuple[int, int]]]:
        """Return series → the steps and times between which its tiers are."""
        long = [
            chosen.no
            for chosen in self._chosen.values()
            if chosen.points >= tier.SHAPE.chunk  # no shorter one has a full chunk
        ]
        if not long:
            return {}
        rows = self._connection.execute(_EXTENTS, {"b_rid": self._rid, "b_numbers": long})
        return {
            no: {"step": (step_min, step_max), "time": (time_min, time_max)}
            for no, step_min, step_max, time_min, time_max in rows
        }


def exact(
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
    chosen = choose(connection, rid, [name]).get(name)
    if chosen is None:
        return None
    low = INT64_MIN if start is None else start
    high = INT64_MAX if end is None else end
    if limit is not None:
        high = min(high, _reach(connection, rid, chosen, low, skip + limit))
    window = Window(chosen.order, low, high)
    points = Reader(connection, cache, rid, [name], window, full=True).points(name)
    points = points.take((points.key >= low) & (points.key <= high))
    last = len(points) if limit is None else min(len(points), skip + limit)
    return points.take(np.arange(min(skip, last), last))


def choose(connection: Connection, rid: int, names: Sequence[str]) -> dict[str, Chosen]:
    """Return what the run has by these *names*: a metric, else a device series, else an axis."""
    rows = connection.execute(_CHOOSE, {"b_rid": rid, "b_names": names})
    return {
        row.name: Chosen(row.no, row.kind, row.points)
        for row in sorted(rows, key=lambda row: _PRECEDENCE[row.kind])
    }


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


def _folded(
    connection: Connection, rid: int, numbers: Sequence[int], window: Window, *, full: bool
) -> Iterable[tuple[int, Piece]]:
    """Yield the chunks of the series *numbers* that reach into *window*, in order of logging.

    Those that are *full* only where they are wanted.
    """
    axes: dict[bytes, tuple[Ints, Ints]] = {}
    for row in connection.execute(
        _CHUNKS[window.order],
        {
            "b_rid": rid,
            "b_numbers": numbers,
            "b_low": window.low,
            "b_high": window.high,
            "b_points_max": tier.SHAPE.chunk - (not full),
        },
    ):
        if row.axis not in axes:
            body = connection.execute(_AXIS, {"b_rid": rid, "b_digest": row.axis}).scalar_one()
            axes[row.axis] = chunk.unpack_axis(body)
        step, time_ns = axes[row.axis]
        value, exact_ints = chunk.unpack_values(row.body)
        # Inside a chunk the order says all that seq would; it is not kept.
        column = Column(step, step, time_ns, value, exact_ints)
        yield row.series_no, Piece(row.stream_no, row.epoch, column)


def _merge(pieces: Sequence[Piece], cuts: Mapping[tuple[int, int], int], order: Order) -> Points:
    """Return all *pieces* of a series as one, in its *order*.

    Args:
        pieces: By attempt and stream, those of each in the order of logging.
        cuts: Stream and epoch → the step from which on points are superseded.
        order: Of the series.
    """
    superseded = [np.zeros(0, np.bool_)]
    for piece in pieces:
        step = piece.column.step
        bound = cuts.get((piece.stream_no, piece.epoch))
        superseded.append(np.zeros(len(step), np.bool_) if bound is None else step >= bound)
    column = concatenate([piece.column for piece in pieces])
    merged = Points(
        step=column.step,
        time_ns=column.time_ns,
        value=column.value,
        is_superseded=np.concatenate(superseded),
        exact_ints=column.exact_ints,
        order=order,
    )
    if bool((merged.key[1:] >= merged.key[:-1]).all()):
        return merged
    return merged.take(np.argsort(merged.key, kind="stable"))
