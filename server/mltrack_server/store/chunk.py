"""How points lie in a chunk and its axis: narrowed, bytes regrouped, compressed.

Both are msgpack arrays of columns, and a column is `[codec, count, first, stride, planes]`:

* `stride`: count integers from first on, each *stride* more than the one before.
* `delta`: integers; their differences, of `stride` bytes each, are in the planes.
* `f4`, `f8`: floats; f4 only where every bit of every value survives it.

An axis is `[steps, times]`; a chunk's body is `[values, {index: integer}]`, the second for integers
that float64 cannot hold. What planes are, planes.py says.
"""

from __future__ import annotations

import hashlib
from typing import Final
from typing import Literal

import msgspec
import numpy as np

from mltrack_server.columns import Floats
from mltrack_server.columns import Ints
from mltrack_server.store.planes import Planes
from mltrack_server.store.planes import pack
from mltrack_server.store.planes import unpack

Codec = Literal["stride", "delta", "f4", "f8"]
# Steps that have been unpacked, by what they are packed as, and zeros.
Known = dict[tuple[object, ...], tuple[Ints, Ints]]


class PackedColumn(msgspec.Struct, frozen=True, array_like=True):
    """One column as it is stored."""

    codec: Codec
    count: int
    first: int = 0
    stride: int = 0
    planes: Planes | bytes = []  # bytes in older stores: all of them in one zstd frame


class _Axis(msgspec.Struct, frozen=True, array_like=True):
    step: PackedColumn
    time_ns: PackedColumn


class _Values(msgspec.Struct, frozen=True, array_like=True):
    value: PackedColumn
    exact_ints: dict[int, int]


_encode: Final = msgspec.msgpack.Encoder().encode
_decode_axis: Final = msgspec.msgpack.Decoder(_Axis).decode
_decode_values: Final = msgspec.msgpack.Decoder(_Values).decode


def pack_axis(step: Ints, time_ns: Ints) -> tuple[bytes, bytes]:
    """Return the digest and the body of an axis."""
    body = _encode(_Axis(_pack_ints(step), _pack_ints(time_ns)))
    return hashlib.sha256(body).digest()[:16], body


def unpack_axis(body: bytes) -> tuple[Ints, Ints]:
    """Return steps and times."""
    packed = _decode_axis(body)
    return _unpack_ints(packed.step), _unpack_ints(packed.time_ns)


def unpack_steps(body: bytes, known: Known) -> tuple[Ints, Ints]:
    """Return the steps of an axis, and as its times zeros.

    They are the very arrays that *known* has, where steps are equal.
    """
    step = _decode_axis(body).step
    planes = step.planes if isinstance(step.planes, bytes) else tuple(step.planes)
    key = (step.codec, step.count, step.first, step.stride, planes)
    if key not in known:
        steps = _unpack_ints(step)
        known[key] = steps, np.broadcast_to(np.int64(0), steps.shape)
    return known[key]


def pack_values(value: Floats, exact_ints: dict[int, int]) -> bytes:
    """Return the body of a chunk."""
    # A value too large for float32 becomes infinite, and a signalling NaN quiet: both differ in
    # their bits and are kept as they are.
    with np.errstate(over="ignore", invalid="ignore"):
        narrow = value.astype("<f4")
        is_exact = np.array_equal(
            narrow.astype(np.float64).view(np.int64), np.ascontiguousarray(value).view(np.int64)
        )
    codec: Codec = "f4" if is_exact else "f8"
    column = narrow if is_exact else value.astype("<f8")
    packed = PackedColumn(codec, len(value), planes=pack(column))
    return _encode(_Values(packed, exact_ints))


def unpack_values(body: bytes) -> tuple[Floats, dict[int, int]]:
    """Return the values, and by index the integers that float64 cannot hold."""
    packed = _decode_values(body)
    column = packed.value
    data = unpack(column.planes, column.count, 4 if column.codec == "f4" else 8)
    with np.errstate(invalid="ignore"):
        return data.view(f"<{column.codec}").astype(np.float64, copy=False), packed.exact_ints


def _pack_ints(column: Ints) -> PackedColumn:
    """Return *column*, at least one integer, in the fewest bytes."""
    first, count = int(column[0]), len(column)
    # Differences wrap around where they do not fit, and so do the sums that undo them.
    with np.errstate(over="ignore"):
        deltas = np.diff(column)
    if count == 1 or bool((deltas == deltas[0]).all()):
        return PackedColumn("stride", count, first, int(deltas[0]) if count > 1 else 0)
    low, high = int(deltas.min()), int(deltas.max())
    width = next(
        width for width in (1, 2, 4, 8) if -(1 << 8 * width - 1) <= low <= high < 1 << 8 * width - 1
    )
    return PackedColumn("delta", count, first, width, pack(deltas.astype(f"<i{width}")))


def _unpack_ints(packed: PackedColumn) -> Ints:
    """Return the integers of a column."""
    if packed.codec == "stride":
        deltas: Ints = np.full(packed.count, packed.stride, np.int64)
    else:
        deltas = np.empty(packed.count, np.int64)
        data = unpack(packed.planes, packed.count - 1, packed.stride)
        deltas[1:] = data.view(f"<i{packed.stride}")
    deltas[0] = packed.first
    with np.errstate(over="ignore"):
        return np.cumsum(deltas, dtype=np.int64)
