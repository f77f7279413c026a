"""Sampling: a series as a few rows, each of a part of its steps, none of its points left out.

The window is cut into equal parts of steps, or of time for a device series. A row stands for the
points of one part: it is the last of them, and says what all of them amount to. As in a chart, what
long series amount to comes from their tiers: a point may be counted in the part beside its own.
Then the row is the last point before the part ends.
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence
from typing import Final
from typing import NamedTuple

import numpy as np
from sqlalchemy import Connection
from sqlalchemy import and_
from sqlalchemy import bindparam
from sqlalchemy import select

from mltrack_server.columns import Ints
from mltrack_server.columns import Points
from mltrack_server.columns import concatenate
from mltrack_server.extract import Sums
from mltrack_server.store import chunk
from mltrack_server.store import schema
from mltrack_server.store import tier
from mltrack_server.store.segs import SegCache
from mltrack_server.store.series.descent import Found
from mltrack_server.store.series.descent import reach_into
from mltrack_server.store.series.drawing import Buckets
from mltrack_server.store.series.drawing import gather
from mltrack_server.store.series.drawing import gather_points
from mltrack_server.store.series.drawing import place
from mltrack_server.store.series.layout import Plans
from mltrack_server.store.series.reader import Reader
from mltrack_server.store.series.reader import open_readers
from mltrack_server.store.series.view import View
from mltrack_server.store.series.view import Window
from mltrack_server.store.tier import Ranges

# Chunks that are unpacked for the last points of parts: more only where steps jump about, and then
# the newest ones decide.
_CHUNKS_PER_PART: Final = 2
_NONE: Final = np.iinfo(np.int64).min

_chunk, _axis = schema.chunk.c, schema.axis.c
_FULL: Final = {
    order: select(
        _chunk.stream_no,
        _chunk.no,
        _chunk.epoch,
        (_chunk.step_min if order == "step" else _chunk.time_min).label("low"),
        (_chunk.step_max if order == "step" else _chunk.time_max).label("high"),
        _chunk.step_min,
        _chunk.step_max,
    )
    .where(
        _chunk.rid == bindparam("b_rid"),
        _chunk.series_no == bindparam("b_series_no"),
        _chunk.n == bindparam("b_full"),
        reach_into(order),
    )
    .order_by(_chunk.stream_no, _chunk.no)
    for order in ("step", "time")
}
_BODY: Final = (
    select(_chunk.body, _axis.body.label("axis_body"))
    .join(schema.axis, and_(_axis.rid == _chunk.rid, _axis.digest == _chunk.axis))
    .where(
        _chunk.rid == bindparam("b_rid"),
        _chunk.series_no == bindparam("b_series_no"),
        _chunk.stream_no == bindparam("b_stream_no"),
        _chunk.no == bindparam("b_no"),
    )
)


class _Full(NamedTuple):
    """A full chunk."""

    stream_no: int
    no: int
    epoch: int
    low: int  # lowest and highest key
    high: int
    is_cut: bool  # a part of it is superseded: its bounds do not say where the rest ends


def sample(
    connection: Connection,
    cache: SegCache,
    rid: int,
    names: Sequence[str],
    window: Window,
    samples: int,
) -> dict[str, tuple[Points, Sums]]:
    """Return each series in at most *samples* rows; superseded points are left out.

    Args:
        connection: Sees one state of the store.
        cache: Of unfolded batches.
        rid: The run.
        names: Series that it has, all ordered as the window is.
        window: Of what, both ends included.
        samples: Rows at most.
    """
    reader = open_readers(connection, cache, {rid: window}, names, buckets=samples)[rid]
    return {name: _Series(connection, rid, reader, name, window, samples).rows() for name in names}


class _Series:
    """One series on its way into rows."""

    def __init__(
        self,
        connection: Connection,
        rid: int,
        reader: Reader,
        name: str,
        window: Window,
        samples: int,
    ) -> None:
        self._connection, self._rid = connection, rid
        self._reader, self._name, self._samples = reader, name, samples
        extent = reader.extent(name, window.order) or (0, 0)
        low, high = max(window.low, extent[0]), min(window.high, extent[1])
        # Keys count from the first one, so that nanoseconds since 1970 keep their last digits.
        self._origin = low
        self._window = Window(window.order, low, high)
        self._view = View(
            window=self._window,
            origin=low,
            scale=1.0,
            low=0.0,
            high=float(high - low),
            buckets=samples,
        )

    def rows(self) -> tuple[Points, Sums]:
        """Return the rows: their last points, and what all of them amount to."""
        reader, view = self._reader, self._view
        if view.high < 0:  # the window ends before the series begins
            none = reader.points(self._name)
            return none.take(np.empty(0, np.int64)), _sums(_empty())
        found = (
            reader.descend(self._name, view, Plans()) if reader.has_tiers(self._name) else Found()
        )
        points = self._inside(reader.points(self._name, found.pieces))
        if not found.current and len(points) <= self._samples:
            # As they are. Ranges of one point each.
            at = np.arange(len(points))
            return points, _sums(gather_points(at, points.value))
        places = place(self._x(points), view.low, view.width, view.buckets)
        buckets = gather_points(places, points.value) if len(points) else _empty()
        if not found.current:
            ends = np.cumsum(buckets.points) - 1
            return points.take(ends), _sums(buckets)
        parts = [*(cells.buckets for cells in found.current), buckets]
        buckets = gather(
            np.concatenate([part.at for part in parts]),
            np.concatenate([part.points for part in parts]),
            Ranges.joined([part.ranges for part in parts]),
        )
        return self._lasts(points, buckets.at), _sums(buckets)

    def _inside(self, points: Points) -> Points:
        """Return the points that count, in the order of their keys."""
        window = self._window
        is_inside = (points.key >= window.low) & (points.key <= window.high)
        return points.take(is_inside & ~points.is_superseded)

    def _x(self, points: Points) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        return (points.key - self._origin).astype(np.float64)

    def _lasts(self, points: Points, at: Ints) -> Points:
        """Return for each of the parts *at* the last point before its end.

        Args:
            points: Those that are not in full chunks, or were read for the descent.
            at: Numbers of parts, ascending.
        """
        view = self._view
        # Integers: a key is in the part that its own division says, whatever the edge rounds to.
        ends = self._origin + np.ceil((at + 1) * view.width).astype(np.int64) - 1
        ends[(at == view.buckets - 1) | (view.width == 0)] = self._window.high
        chunks = self._chunks()
        wanted: dict[_Full, None] = {}
        if chunks:
            low = np.array([full.low for full in chunks])
            high = np.array([full.high for full in chunks])
            is_cut = np.array([full.is_cut for full in chunks])
            for end in ends.tolist():
                reaching = np.flatnonzero((low <= end) & ((high > end) | is_cut))
                whole = np.where((high <= end) & ~is_cut, high, _NONE)
                best = int(whole.argmax())
                if whole[best] != _NONE:
                    wanted[chunks[best]] = None
                wanted |= dict.fromkeys(chunks[which] for which in reaching.tolist())
        some = sorted(wanted, key=lambda full: (full.stream_no, full.no))
        some = some[-_CHUNKS_PER_PART * self._samples :]
        read = [_before(points, ends)]
        if self._reader.is_thinned(self._name):
            read.append(_before(self._inside(self._reader.kept(self._name)), ends))
        read += [_before(self._read(full, points), ends) for full in some]
        return _before(concatenate(read), ends, all_of_them=True)

    def _chunks(self) -> list[_Full]:
        """Return the full chunks in the window that hold points that count."""
        cuts: Mapping[tuple[int, int], int] = self._reader.cuts(self._name)
        found = []
        for row in self._connection.execute(
            _FULL[self._window.order],
            {
                "b_rid": self._rid,
                "b_series_no": self._reader.number(self._name),
                "b_full": tier.SHAPE.chunk,
                "b_low": self._window.low,
                "b_high": self._window.high,
            },
        ):
            bound = cuts.get((row.stream_no, row.epoch))
            if bound is None or row.step_min < bound:
                is_cut = bound is not None and row.step_max >= bound
                found.append(_Full(row.stream_no, row.no, row.epoch, row.low, row.high, is_cut))
        return found

    def _read(self, full: _Full, like: Points) -> Points:
        """Return the points of a full chunk that count."""
        row = self._connection.execute(
            _BODY,
            {
                "b_rid": self._rid,
                "b_series_no": self._reader.number(self._name),
                "b_stream_no": full.stream_no,
                "b_no": full.no,
            },
        ).one()
        step, time_ns = chunk.unpack_axis(row.axis_body)
        value, exact_ints = chunk.unpack_values(row.body)
        bound = self._reader.cuts(self._name).get((full.stream_no, full.epoch))
        superseded = np.zeros(len(step), np.bool_) if bound is None else step >= bound
        return self._inside(
            Points(
                step=step,
                time_ns=time_ns,
                value=value,
                is_superseded=superseded,
                exact_ints=exact_ints,
                order=like.order,
            )
        )


def _before(points: Points, ends: Ints, *, all_of_them: bool = False) -> Points:
    """Return the last point at or before each of *ends*, each once, or one for each end."""
    key = points.key
    if bool((key[1:] < key[:-1]).any()):
        points = points.take(np.argsort(key, kind="stable"))
    last = np.searchsorted(points.key, ends, side="right") - 1
    if all_of_them:
        return points.take(np.maximum(last, 0))
    return points.take(np.unique(last[last >= 0]))


def _empty() -> Buckets:
    none = np.empty(0, np.int64)
    return Buckets(none, none, Ranges(np.empty(0), np.empty(0), np.empty(0), None))


def _sums(buckets: Buckets) -> Sums:
    """Return what buckets amount to."""
    ranges = buckets.ranges
    return Sums(ranges.low, ranges.high, ranges.mean, buckets.points, ranges.bad)
