"""Tiers: a series from further away, in buckets of 64, 512, 4096, 32768 and 262144 points.

A bucket says what a chart needs of its points: how many there are, the lowest and highest step and
time, the lowest, highest and mean finite value, and how many are NaN or infinite. Buckets count
points in the order of logging, never time or steps, so uneven ones make no bucket fuller than
another.

A row holds up to 256 buckets of one level. Its two bodies are msgpack arrays, and the columns in
them little-endian arrays:

* values: `[type, low, high, mean, nonfinite]`. type is that of low and high: f4 where every bit
  of them survives it, else f8. mean is u2: the part of the way from low to high in 65535ths.
  In a full row f3 is an f4 whose highest byte is the same in all buckets: low and high begin with
  that byte, and hold the lower three of each; mean is in 4095ths, two in three bytes, the first one
  in the lower twelve bits: two such rows fit into a page of SQLite, where one of f4 filled it.
  nonfinite is empty where every value is finite, else u4: how many are NaN, then how many -inf,
  then how many +inf.
* axis: `[steps, times]`, each `[first, stride, length, low type, low, high type, high]`. Bucket i
  begins at first + i * stride and ends length above that; where they are not as even as that, low
  and high say how much is to be added, and are of the unsigned types that hold it.

Nothing is compressed: noise would hardly shrink, a chart reads hundreds of rows at once, and all of
them are a twentieth of a store.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from itertools import groupby
from typing import Any
from typing import Final
from typing import Literal
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from mltrack_server.columns import ORDERS
from mltrack_server.columns import Bools
from mltrack_server.columns import Floats
from mltrack_server.columns import Ints
from mltrack_server.columns import Order
from mltrack_server.store import narrow

LEVELS: Final = (1, 2, 3, 4, 5)

_PARTS: Final = 65535  # of the way from low to high, in which the mean is told


class Shape(NamedTuple):
    """How large buckets and rows are."""

    bucket: int  # points in a bucket of level 1
    fan: int  # buckets that one of the next level is made of
    row: int  # buckets in a row: a multiple of `fan`; both are powers of one number

    @property
    def chunk(self) -> int:
        """Points of a full chunk: those of a row of level 1."""
        return self.bucket * self.row

    def points(self, level: int) -> int:
        """Return the points of a bucket."""
        return int(self.bucket * self.fan ** (level - 1))

    def chunks(self, level: int) -> int:
        """Return the full chunks that a full row is about; of level 0, the points, it is one."""
        return int(self.fan ** max(0, level - 1))


SHAPE: Final = Shape(bucket=64, fan=8, row=256)


class Spans(NamedTuple):
    """Where buckets begin and end: for each the lowest and the highest of its points."""

    step_low: Ints
    step_high: Ints
    time_low: Ints
    time_high: Ints

    @classmethod
    def of(cls, step: Ints, time_ns: Ints, starts: Ints) -> Spans:
        """Return those of points, a bucket beginning at each of *starts*."""
        return cls(step, step, time_ns, time_ns).merged(starts)

    def merged(self, starts: Ints) -> Spans:
        """Return the spans of larger buckets, one beginning at each of *starts*."""
        return Spans(
            np.minimum.reduceat(self.step_low, starts),
            np.maximum.reduceat(self.step_high, starts),
            np.minimum.reduceat(self.time_low, starts),
            np.maximum.reduceat(self.time_high, starts),
        )

    def cut(self, start: int, end: int) -> Spans:
        """Return those of buckets *start* to *end*."""
        return Spans(*(column[start:end] for column in self))

    @staticmethod
    def joined(parts: Sequence[Spans]) -> Spans:
        """Return *parts*, at least one, one after the other."""
        return Spans(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


class Ranges(NamedTuple):
    """What the values of buckets are."""

    low: Floats  # of the finite ones; NaN where there is none
    high: Floats
    mean: Floats
    nonfinite: Ints | None  # shape (3, buckets): how many are NaN, -inf, +inf; None: none is

    @classmethod
    def of(cls, value: Floats, starts: Ints, sizes: Ints | None = None) -> Ranges:
        """Return those of points, a bucket beginning at each of *starts*.

        Args:
            value: Of the points.
            starts: Their indices, ascending from 0.
            sizes: How many points each bucket has, where it is known.
        """
        low, high = np.minimum.reduceat(value, starts), np.maximum.reduceat(value, starts)
        if not (np.isfinite(low).all() and np.isfinite(high).all()):  # NaN comes through
            is_finite = np.isfinite(value)
            kinds = (np.isnan(value), np.isneginf(value), np.isposinf(value))
            finite = np.where(is_finite, value, np.nan)
            points = cls(finite, finite, finite, np.array(kinds, np.int64))
            return points.merged(np.ones(len(value), np.int64), starts)
        if sizes is None:
            sizes = np.diff(starts, append=len(value))
        with np.errstate(over="ignore"):
            mean = np.add.reduceat(value, starts) / sizes
        if not np.isfinite(mean).all():
            # The sum of values near the largest double is infinite: they are divided before.
            mean = np.add.reduceat(value / np.repeat(sizes, sizes), starts)
        return cls(low, high, np.clip(mean, low, high), None)

    @property
    def bad(self) -> Ints:
        """How many values are not finite."""
        if self.nonfinite is None:
            return np.zeros(len(self.low), np.int64)
        total: Ints = self.nonfinite.sum(axis=0)
        return total

    def merged(self, points: Ints, starts: Ints, weights: Floats | None = None) -> Ranges:
        """Return the ranges of larger buckets, one beginning at each of *starts*.

        Args:
            points: How many there are in each bucket.
            starts: Numbers of buckets, ascending from 0.
            weights: What `weights_of` says of these two, where it is known.
        """
        low, high = np.fmin.reduceat(self.low, starts), np.fmax.reduceat(self.high, starts)
        if self.nonfinite is None:
            shares = self.mean * (weights_of(points, starts) if weights is None else weights)
            nonfinite = None
        else:
            sizes = np.diff(starts, append=len(points))
            finite = points - self.bad
            total = np.maximum(np.repeat(np.add.reduceat(finite, starts), sizes), 1)
            shares = np.where(finite > 0, self.mean * (finite / total), 0.0)
            nonfinite = np.add.reduceat(self.nonfinite, starts, axis=1)
        mean = np.clip(np.add.reduceat(shares, starts), low, high)
        return Ranges(low, high, mean, nonfinite)

    def take(self, chosen: Ints | Bools) -> Ranges:
        """Return those of the *chosen* buckets."""
        nonfinite = None if self.nonfinite is None else self.nonfinite[:, chosen]
        return Ranges(self.low[chosen], self.high[chosen], self.mean[chosen], nonfinite)

    def cut(self, start: int, end: int) -> Ranges:
        """Return those of buckets *start* to *end*."""
        nonfinite = None if self.nonfinite is None else self.nonfinite[:, start:end]
        low, high, mean = (column[start:end] for column in self[:3])
        return Ranges(low, high, mean, nonfinite)

    @staticmethod
    def joined(parts: Sequence[Ranges]) -> Ranges:
        """Return *parts*, at least one, one after the other."""
        low, high, mean = (np.concatenate([part[at] for part in parts]) for at in range(3))
        nonfinite = None
        if any(part.nonfinite is not None for part in parts):
            none = [np.zeros((3, len(part.low)), np.int64) for part in parts]
            counts = [
                zeros if part.nonfinite is None else part.nonfinite
                for part, zeros in zip(parts, none, strict=True)
            ]
            nonfinite = np.concatenate(counts, axis=1)
        return Ranges(low, high, mean, nonfinite)


def weights_of(points: Ints, starts: Ints) -> Floats:
    """Return which part of the larger bucket, beginning at *starts*, the points of each are."""
    sizes = np.diff(starts, append=len(points))
    weights: Floats = points / np.repeat(np.add.reduceat(points, starts), sizes)
    return weights


def every(size: int, count: int) -> Ints:
    """Return where buckets begin that hold *size* of *count* things each, the last one the rest."""
    return np.arange(0, count, size)


class _PackedRanges(msgspec.Struct, frozen=True, array_like=True):
    type: Literal["f3", "f4", "f8"]
    low: bytes
    high: bytes
    mean: bytes
    nonfinite: bytes


_Unsigned = Literal["u1", "u2", "u4", "u8"]
_UNSIGNED: Final[tuple[_Unsigned, ...]] = ("u1", "u2", "u4", "u8")


class PackedSpan(msgspec.Struct, frozen=True, array_like=True):
    """Where a row's buckets begin and end, in steps or in time, as it is stored."""

    first: int
    stride: int
    length: int
    low_type: _Unsigned = "u1"
    low: bytes = b""
    high_type: _Unsigned = "u1"
    high: bytes = b""


class _PackedSpans(msgspec.Struct, frozen=True, array_like=True):
    step: PackedSpan
    time_ns: PackedSpan


_encode: Final = msgspec.msgpack.Encoder().encode
_decode_ranges: Final = msgspec.msgpack.Decoder(_PackedRanges).decode
_decode_spans: Final = msgspec.msgpack.Decoder(_PackedSpans).decode


def pack_ranges(ranges: Ranges) -> bytes:
    """Return the body of a row's values."""
    low, high = ranges.low, ranges.high
    # Halved, because the distance between two doubles may be too large for one.
    half = high / 2 - low / 2
    way = np.divide(ranges.mean / 2 - low / 2, half, np.zeros(len(half)), where=half > 0)
    way = np.clip(way, 0, 1)
    nonfinite = b"" if ranges.nonfinite is None else ranges.nonfinite.astype("<u4").tobytes()
    nonfinite = nonfinite if any(nonfinite) else b""
    kind: Literal["f4", "f8"] = "f4" if _fits_f4(low) and _fits_f4(high) else "f8"
    low, high = low.astype(f"<{kind}"), high.astype(f"<{kind}")
    is_full = len(low) == SHAPE.row and len(low) % 2 == 0
    if kind == "f4" and is_full and narrow.share_top(low) and narrow.share_top(high):
        packed = _PackedRanges(
            "f3",
            narrow.pack_floats(low),
            narrow.pack_floats(high),
            narrow.pack_parts(way),
            nonfinite,
        )
    else:
        mean = np.rint(way * _PARTS).astype("<u2").tobytes()
        packed = _PackedRanges(kind, low.tobytes(), high.tobytes(), mean, nonfinite)
    return _encode(packed)


def unpack_ranges(bodies: Sequence[bytes]) -> Ranges:
    """Return the values of many rows, at least one, one after the other."""
    parts = []
    for kind, group in groupby(map(_decode_ranges, bodies), key=lambda row: row.type):
        rows = list(group)
        if kind == "f3":
            low = narrow.unpack_floats([row.low for row in rows])
            high = narrow.unpack_floats([row.high for row in rows])
            way = narrow.unpack_parts([row.mean for row in rows])
        else:
            low = _joined([row.low for row in rows], kind).astype(np.float64)
            high = _joined([row.high for row in rows], kind).astype(np.float64)
            way = _joined([row.mean for row in rows], "u2") / _PARTS
        mean = np.clip(low * (1 - way) + high * way, low, high)
        parts.append(Ranges(low, high, mean, _nonfinite(rows)))
    return parts[0] if len(parts) == 1 else Ranges.joined(parts)


def pack_spans(spans: Spans) -> tuple[bytes, bytes]:
    """Return digest and body of a row's axis."""
    body = _encode(
        _PackedSpans(
            _pack_span(spans.step_low, spans.step_high), _pack_span(spans.time_low, spans.time_high)
        )
    )
    return hashlib.sha256(body).digest()[:16], body


def unpack_spans(bodies: Sequence[bytes], counts: Sequence[int]) -> Spans:
    """Return the spans of many rows, at least one, of *counts* buckets each."""
    steps, times = (unpack_span(read_spans(bodies, order), counts) for order in ORDERS)
    return Spans(*steps, *times)


def read_spans(bodies: Sequence[bytes], order: Order) -> tuple[PackedSpan, ...]:
    """Return where the buckets of rows lie in steps, or in time; equal ones lie alike."""
    rows = map(_decode_spans, bodies)
    return tuple(row.step if order == "step" else row.time_ns for row in rows)


def unpack_span(spans: Sequence[PackedSpan], counts: Sequence[int]) -> tuple[Ints, Ints]:
    """Return the lowest and highest step, or time, of rows' buckets, so many of each row."""
    fields = np.array([(span.first, span.stride, span.length) for span in spans], np.int64)
    first, stride, length = (np.repeat(column, counts) for column in fields.T)
    ends = np.cumsum(counts)
    number = np.arange(ends[-1]) - np.repeat(ends - counts, counts)
    # What does not fit wraps around, here as it did when it was packed.
    with np.errstate(over="ignore"):
        low: Ints = first + number * stride
        low += _added([(span.low_type, span.low) for span in spans], counts)
        length += _added([(span.high_type, span.high) for span in spans], counts)
        return low, low + length


def _joined(columns: Sequence[bytes], kind: str) -> NDArray[Any]:
    return np.frombuffer(b"".join(columns), f"<{kind}")


def _nonfinite(rows: Sequence[_PackedRanges]) -> Ints | None:
    """Return the counts of rows one after the other; None where all values are finite."""
    if not any(row.nonfinite for row in rows):
        return None
    parts = [
        np.frombuffer(row.nonfinite, "<u4").reshape(3, -1)
        if row.nonfinite
        # A type's digit is the bytes of a value; an f3 has one more, that all its values share.
        else np.zeros((3, len(row.low) // int(row.type[1])), np.uint32)
        for row in rows
    ]
    return np.concatenate(parts, axis=1).astype(np.int64)


def _added(columns: Sequence[tuple[str, bytes]], counts: Sequence[int]) -> Ints | int:
    """Return what is to be added to the buckets of rows, as 64-bit integers."""
    if not any(column for _, column in columns):
        return 0
    kinds = {kind for kind, column in columns if column}
    if len(kinds) == 1 and all(column for _, column in columns):
        return _joined([column for _, column in columns], kinds.pop()).astype("<u8").view("<i8")
    parts = [
        np.frombuffer(column, f"<{kind}").astype("<u8") if column else np.zeros(count, "<u8")
        for (kind, column), count in zip(columns, counts, strict=True)
    ]
    return np.concatenate(parts).view("<i8")


def _fits_f4(column: Floats) -> bool:
    """Tell whether float32 holds every value exactly."""
    with np.errstate(over="ignore"):
        return np.array_equal(column.astype(np.float32), column, equal_nan=True)


def _pack_span(low: Ints, high: Ints) -> PackedSpan:
    """Return the beginnings and ends of buckets in few bytes."""
    number = np.arange(len(low))
    with np.errstate(over="ignore"):
        length = high - low
        first, shortest = int(low[0]), int(length.min())
        stride = int(low[1] - low[0]) if len(low) > 1 else 0
        if bool((low != low[0] + number * np.int64(stride)).any()):
            stride = 0
        above = _pack_unsigned(low - (low[0] + number * np.int64(stride)))
        more = _pack_unsigned(length - shortest)
    return PackedSpan(first, stride, shortest, *above, *more)


def _pack_unsigned(column: Ints) -> tuple[_Unsigned, bytes]:
    """Return the narrowest type that holds *column*, taken as unsigned, and its bytes in that."""
    unsigned = column.view(np.uint64)
    highest = int(unsigned.max())
    if highest == 0:
        return "u1", b""
    kind = next(kind for kind in _UNSIGNED if highest < 1 << 8 * int(kind[1]))
    return kind, unsigned.astype(f"<{kind}").tobytes()
