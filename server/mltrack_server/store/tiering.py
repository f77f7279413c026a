"""Tiering: full chunks become buckets, level by level.

Every full chunk is in a row of each level. One of level 1 is about one chunk and never changes; the
last ones of the levels above grow with each chunk, until they are full.
"""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field
from typing import Any
from typing import NamedTuple

import numpy as np
from sqlalchemy import Connection
from sqlalchemy import and_
from sqlalchemy import bindparam
from sqlalchemy import select

from mltrack_server.store import schema
from mltrack_server.store import tier
from mltrack_server.store.axes import Axes
from mltrack_server.store.points import Column
from mltrack_server.store.tier import Ranges
from mltrack_server.store.tier import Spans

Place = tuple[int, int]  # series number, stream number

_tier, _axis = schema.tier.c, schema.axis.c
_LAST = (
    select(_tier.no, _tier.epoch, _tier.n, _tier.axis, _tier.body, _axis.body.label("axis_body"))
    .join(schema.axis, and_(_axis.rid == _tier.rid, _axis.digest == _tier.axis))
    .where(
        _tier.rid == bindparam("b_rid"),
        _tier.series_no == bindparam("b_series_no"),
        _tier.stream_no == bindparam("b_stream_no"),
        _tier.level == bindparam("b_level"),
    )
    .order_by(_tier.no.desc())
    .limit(1)
)


class _Row(NamedTuple):
    """Buckets of one level: those of *n* points from the beginning of chunk *no* on."""

    no: int
    n: int
    ranges: Ranges
    spans: Spans


@dataclass(slots=True, kw_only=True)
class Tiering:
    """Takes a run's full chunks in the order of their numbers, and says which rows change."""

    connection: Connection
    rid: int
    axes: Axes
    rows: list[dict[str, Any]] = field(default_factory=list)  # to insert …
    replaced: list[dict[str, Any]] = field(default_factory=list)  # … after these keys are deleted
    left_axes: set[bytes] = field(default_factory=set)  # digests that deleted rows referred to
    _added: dict[tuple[Place, int], list[_Row]] = field(default_factory=dict)  # by place and epoch

    def add(self, place: Place, epoch: int, no: int, points: Column) -> None:
        """Take a full chunk."""
        shape = tier.SHAPE
        ranges = Ranges.of(points.value, tier.every(shape.bucket, shape.chunk))
        spans = self.axes.spans(points.step, points.time_ns, shape.bucket)
        self._emit(place, epoch, 1, _Row(no, shape.chunk, ranges, spans))
        self.add_buckets(place, epoch, no, ranges, spans)

    def add_buckets(self, place: Place, epoch: int, no: int, ranges: Ranges, spans: Spans) -> None:
        """Take full chunks, from *no* on, by their buckets of the first level, which are stored."""
        row = _Row(no, len(ranges.low) * tier.SHAPE.bucket, ranges, spans)
        self._added.setdefault((place, epoch), []).append(_merged(row, 2))

    def finish(self) -> None:
        """Work out the rows of the upper levels, once all chunks are added."""
        for (place, epoch), added in self._added.items():
            no = added[0].no
            below = _joined(self._last(place, epoch, 2, no), *added)
            self._emit(place, epoch, 2, below)
            for level in tier.LEVELS[2:]:
                # The last bucket of a level may not be full. It is made anew from the rows below,
                # which hold all that it is made of.
                last = self._last(place, epoch, level, no)
                if last:
                    points = tier.SHAPE.points(level)
                    last = _cut(last, 0, (below.no - last.no) * tier.SHAPE.chunk, points)
                below = _joined(last, _merged(below, level))
                self._emit(place, epoch, level, below)

    def _last(self, place: Place, epoch: int, level: int, no: int) -> _Row | None:
        """Return the last row if chunk *no* goes on with it, and note that it is replaced."""
        key = {"b_series_no": place[0], "b_stream_no": place[1], "b_level": level}
        row = self.connection.execute(_LAST, {"b_rid": self.rid, **key}).first()
        points = tier.SHAPE.points(level)
        if row is None or row.epoch != epoch or row.n == tier.SHAPE.row * points:
            return None
        assert row.no + row.n // tier.SHAPE.chunk == no, "full chunks of an epoch are in a row"
        self.replaced.append({**key, "b_no": row.no})
        self.left_axes.add(row.axis)
        counts = [-(-row.n // points)]
        ranges = tier.unpack_ranges([row.body])
        return _Row(row.no, row.n, ranges, tier.unpack_spans([row.axis_body], counts))

    def _emit(self, place: Place, epoch: int, level: int, buckets: _Row) -> None:
        """Note the rows that hold *buckets*."""
        shape = tier.SHAPE
        points = shape.points(level)
        for start in range(0, buckets.n, shape.row * points):
            row = _cut(buckets, start, start + shape.row * points, points)
            axis = self.axes.pack_spans(row.spans)
            self.rows.append(
                {
                    "rid": self.rid,
                    "series_no": place[0],
                    "stream_no": place[1],
                    "level": level,
                    "no": row.no,
                    "epoch": epoch,
                    "n": row.n,
                    "step_min": axis.step_min,
                    "step_max": axis.step_max,
                    "time_min": axis.time_min,
                    "time_max": axis.time_max,
                    "axis": axis.digest,
                    "body": tier.pack_ranges(row.ranges),
                }
            )


def _joined(*rows: _Row | None) -> _Row:
    """Return rows that follow each other as one; None is left out."""
    parts = [row for row in rows if row and row.n]
    return _Row(
        parts[0].no,
        sum(row.n for row in parts),
        Ranges.joined([row.ranges for row in parts]),
        Spans.joined([row.spans for row in parts]),
    )


def _merged(below: _Row, level: int) -> _Row:
    """Return the buckets of a *level*, given those *below*, from a bucket's beginning on."""
    size = tier.SHAPE.points(level - 1)
    points = np.full(len(below.ranges.low), size)
    points[-1] = below.n - (len(points) - 1) * size
    starts = tier.every(tier.SHAPE.fan, len(points))
    return _Row(below.no, below.n, below.ranges.merged(points, starts), below.spans.merged(starts))


def _cut(row: _Row, start: int, end: int, points: int) -> _Row:
    """Return the buckets of points *start* to *end*, with *points* in each of them."""
    end = min(end, row.n)
    first, last = start // points, -(-end // points)
    return _Row(
        row.no + start // tier.SHAPE.chunk,
        end - start,
        row.ranges.cut(first, last),
        row.spans.cut(first, last),
    )
