"""The narrowest columns of tiers: floats of three bytes, and parts of a way of twelve bits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from typing import Final

import numpy as np
from numpy.typing import NDArray

from mltrack_server.columns import Floats

_PARTS: Final = 4095

Bytes = NDArray[np.uint8]


def share_top(column: NDArray[Any]) -> bool:
    """Tell whether all values, little-endian float32 and at least one, have one highest byte."""
    top = column.view(np.uint8)[3::4]
    return bool((top == top[0]).all())


def pack_floats(column: NDArray[Any]) -> bytes:
    """Return the highest byte that such values share, then the lower three of each."""
    data = column.view(np.uint8).reshape(-1, 4)
    return data[0, 3:].tobytes() + data[:, :3].tobytes()


def unpack_floats(columns: Sequence[bytes]) -> Floats:
    """Return the values of many columns, at least one, one after the other."""
    counts = [len(column) // 3 for column in columns]
    data = np.empty((sum(counts), 4), np.uint8)
    data[:, :3] = _joined([column[1:] for column in columns]).reshape(-1, 3)
    data[:, 3] = np.repeat(_joined([column[:1] for column in columns]), counts)
    return data.view("<f4").ravel().astype(np.float64)


def pack_parts(way: Floats) -> bytes:
    """Return numbers from 0 to 1, an even count of them, in 4095ths."""
    low, high = np.rint(way * _PARTS).astype(np.uint16).reshape(-1, 2).T
    pairs = (low & 0xFF, low >> 8 | (high & 0xF) << 4, high >> 4)
    return np.stack(pairs, axis=1).astype(np.uint8).tobytes()


def unpack_parts(columns: Sequence[bytes]) -> Floats:
    """Return the numbers of many columns, at least one, one after the other."""
    first, middle, last = _joined(columns).reshape(-1, 3).astype(np.uint16).T
    parts = np.stack((first | (middle & 0xF) << 8, middle >> 4 | last << 4), axis=1)
    return parts.ravel() / _PARTS


def _joined(columns: Sequence[bytes]) -> Bytes:
    return np.frombuffer(b"".join(columns), np.uint8)
