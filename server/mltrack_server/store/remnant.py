"""Remnants: what is left of a series' points once it was thinned.

The points of one stream and epoch are cut into buckets of equal numbers of points, in the order of
logging. Of each bucket these points stay, as they were recorded: the first, the last, those of the
least and the greatest finite value, step and time, and the first one that is NaN, -inf and +inf.
Beside them the bucket says how many points there were, how many of them were NaN, -inf and +inf,
and the mean of the others.

A body is a msgpack array `[values, kept, points, mean, nonfinite]`: a chunk's body of the points
kept, and for each bucket u1 how many these are, u4 how many there were, f8 their mean (NaN where
none is finite), and u4 three times, empty where all are finite. Columns are in planes.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Sequence
from typing import Any
from typing import Final
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from mltrack_server.columns import Floats
from mltrack_server.columns import Ints
from mltrack_server.store import chunk
from mltrack_server.store import tier
from mltrack_server.store.lineage import Piece
from mltrack_server.store.planes import Planes
from mltrack_server.store.planes import pack as pack_planes
from mltrack_server.store.planes import unpack as unpack_planes
from mltrack_server.store.points import Column
from mltrack_server.store.points import concatenate
from mltrack_server.store.points import cut
from mltrack_server.store.points import take
from mltrack_server.store.series.descent import Found
from mltrack_server.store.series.drawing import Cells
from mltrack_server.store.series.drawing import gather
from mltrack_server.store.series.drawing import place
from mltrack_server.store.series.view import View
from mltrack_server.store.tier import Ranges
from mltrack_server.store.tier import Spans

_I64: Final = np.iinfo(np.int64)


class Remnant(NamedTuple):
    """Some of a column's points, and buckets that say what all of them amounted to."""

    column: Column  # the points kept, in the order of logging
    kept: Ints  # of each bucket
    points: Ints  # how many each bucket stands for
    mean: Floats
    nonfinite: Ints  # shape (3, buckets): how many were NaN, -inf, +inf

    @classmethod
    def of(cls, column: Column, size: int) -> Remnant:
        """Return what is left of *column*, not empty, in buckets of *size* points."""
        value = column.value
        starts = tier.every(size, len(value))
        ranges = Ranges.of(value, starts)
        is_finite = np.isfinite(value)
        wanted = [
            starts,
            np.append(starts[1:], len(value)) - 1,
            _extreme(np.where(is_finite, value, np.inf), starts, size, np.inf, np.argmin),
            _extreme(np.where(is_finite, value, -np.inf), starts, size, -np.inf, np.argmax),
        ]
        for line in (column.step, column.time_ns):
            wanted.append(_extreme(line, starts, size, _I64.max, np.argmin))
            wanted.append(_extreme(line, starts, size, _I64.min, np.argmax))
        kinds = (np.isnan(value), np.isneginf(value), np.isposinf(value))
        wanted += [_extreme(kind, starts, size, False, np.argmax) for kind in kinds if kind.any()]
        chosen = np.unique(np.concatenate(wanted))
        nonfinite = ranges.nonfinite
        return cls(
            take(column, chosen),
            np.diff(np.searchsorted(chosen, np.append(starts, len(value)))),
            np.diff(np.append(starts, len(value))),
            ranges.mean,
            np.zeros((3, len(starts)), np.int64) if nonfinite is None else nonfinite,
        )

    @property
    def starts(self) -> Ints:
        """Where each bucket's points begin among those kept."""
        starts: Ints = np.cumsum(self.kept) - self.kept
        return starts

    @property
    def ranges(self) -> Ranges:
        """What the values of the buckets were, of all points and not only those kept."""
        kept = Ranges.of(self.column.value, self.starts)
        nonfinite = self.nonfinite if self.nonfinite.any() else None
        return Ranges(kept.low, kept.high, np.clip(self.mean, kept.low, kept.high), nonfinite)

    @property
    def spans(self) -> Spans:
        """Where the buckets began and ended, all points counted."""
        return Spans.of(self.column.step, self.column.time_ns, self.starts)


def thin(columns: Iterable[Column], size: int) -> Remnant | None:
    """Return what is left of consecutive *columns* in buckets of *size* points; None of none."""
    parts: list[Remnant] = []
    waiting: list[Column] = []
    count = 0
    for column in columns:
        waiting.append(column)
        count += len(column.value)
        if count >= size:
            whole = concatenate(waiting)
            end = count - count % size
            parts.append(Remnant.of(cut(whole, 0, end), size))
            waiting, count = [cut(whole, end, count)], count - end
    if count:
        parts.append(Remnant.of(concatenate(waiting), size))
    return _joined(parts) if parts else None


def look(remnant: Remnant, piece: Piece, bound: int | None, view: View, found: Found) -> None:
    """Add to *found* what *view* needs of a remnant: buckets, and where they are wide its points.

    Args:
        remnant: Of one stream and epoch.
        piece: Its points.
        bound: The step from which on these are superseded; None: none is.
        view: What is wanted.
        found: Is added to.
    """
    spans = remnant.spans
    low, high = (
        (spans.step_low, spans.step_high)
        if view.window.order == "step"
        else (spans.time_low, spans.time_high)
    )
    left, right = view.x(low), view.x(high)
    is_plain = (left >= view.low) & (right <= view.high) & (right - left <= 2 * view.width)
    is_superseded = np.zeros(len(left), np.bool_)
    if bound is not None:
        is_superseded = spans.step_low >= bound
        is_plain &= is_superseded | (spans.step_high < bound)
    middle = left / 2 + right / 2
    for cells, chosen in (
        (found.current, is_plain & ~is_superseded),
        (found.superseded, is_plain & is_superseded),
    ):
        if chosen.any():
            at = place(middle[chosen], view.low, view.width, view.buckets)
            buckets = gather(at, remnant.points[chosen], remnant.ranges.take(chosen))
            cells.append(Cells(float(left[chosen].min()), float(right[chosen].max()), buckets))
    opened = np.repeat(~is_plain & (right >= view.low) & (left <= view.high), remnant.kept)
    if opened.any():
        column = take(piece.column, np.flatnonzero(opened))
        found.pieces.append(Piece(piece.stream_no, piece.epoch, column))


class _Packed(msgspec.Struct, frozen=True, array_like=True):
    values: bytes
    kept: Planes
    points: Planes
    mean: Planes
    nonfinite: Planes
    count: int


_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(_Packed).decode


def pack(remnant: Remnant) -> bytes:
    """Return the body of a row; the axis of the points kept is not in it."""
    has_nonfinite = bool(remnant.nonfinite.any())
    return _encode(
        _Packed(
            chunk.pack_values(remnant.column.value, remnant.column.exact_ints),
            pack_planes(remnant.kept.astype("<u1")),
            pack_planes(remnant.points.astype("<u4")),
            pack_planes(remnant.mean.astype("<f8")),
            pack_planes(remnant.nonfinite.astype("<u4").ravel()) if has_nonfinite else [],
            len(remnant.kept),
        )
    )


def unpack(body: bytes, step: Ints, time_ns: Ints) -> Remnant:
    """Return the remnant whose kept points have these steps and times."""
    packed = _decode(body)
    value, exact_ints = chunk.unpack_values(packed.values)
    count = packed.count
    nonfinite: Ints = np.zeros((3, count), np.int64)
    if packed.nonfinite:
        column = unpack_planes(packed.nonfinite, 3 * count, 4).view("<u4")
        nonfinite = column.astype(np.int64).reshape(3, count)
    return Remnant(
        Column(step, step, time_ns, value, exact_ints),
        unpack_planes(packed.kept, count, 1).astype(np.int64),
        unpack_planes(packed.points, count, 4).view("<u4").astype(np.int64),
        unpack_planes(packed.mean, count, 8).view("<f8").astype(np.float64),
        nonfinite,
    )


def _joined(parts: Sequence[Remnant]) -> Remnant:
    return Remnant(
        concatenate([part.column for part in parts]),
        np.concatenate([part.kept for part in parts]),
        np.concatenate([part.points for part in parts]),
        np.concatenate([part.mean for part in parts]),
        np.concatenate([part.nonfinite for part in parts], axis=1),
    )


def _extreme(
    line: NDArray[Any], starts: Ints, size: int, worst: Any, choose: Callable[..., Any]
) -> Ints:
    """Return the index of each bucket's extreme; of equal ones, and where all are worst, the first.

    Args:
        line: One number for each point.
        starts: Where buckets begin.
        size: Points of each bucket but the last.
        worst: What no point is passed over for.
        choose: np.argmin or np.argmax.
    """
    padded = np.full(len(starts) * size, worst, line.dtype)
    padded[: len(line)] = line
    at: Ints = choose(padded.reshape(len(starts), size), axis=1)
    return starts + at
