"""Outlines: frames to be passed on to somebody who checks each of them."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Final
from typing import overload

from mltrack_core.spool.frame import FRAME_OVERHEAD_BYTES
from mltrack_core.spool.frame import Frame
from mltrack_core.spool.frame import frame_at
from mltrack_core.spool.frame import unchecked

_LENGTH_AT: Final = 4  # bytes into a frame
_length_at = struct.Struct(f"<{_LENGTH_AT}xI").unpack_from


class Outline(Sequence[Frame]):
    """Consecutive frames of which only the first and the last one are checked.

    Args:
        data: Has their bytes.
        starts: Where each begins in *data*.
    """

    def __init__(self, data: bytes, starts: Sequence[int]) -> None:
        self._data, self._starts = data, starts

    def __len__(self) -> int:
        return len(self._starts)

    @overload
    def __getitem__(self, at: int) -> Frame: ...

    @overload
    def __getitem__(self, at: slice) -> Outline: ...

    def __getitem__(self, at: int | slice) -> Frame | Outline:
        if isinstance(at, slice):
            return Outline(self._data, self._starts[at])
        return unchecked(self._data, self._starts[at])


def outline(data: bytes, salt: int, first_seq: int) -> Outline | None:
    """Return the whole frames that *data* begins with, as far as their lengths tell.

    The first one is valid and has *first_seq*; the last one is valid and has the seq that is due
    after so many. None where that is not so, or there is none.
    """
    starts: list[int] = []
    start, last = 0, len(data) - FRAME_OVERHEAD_BYTES
    while start <= last:
        starts.append(start)
        start += FRAME_OVERHEAD_BYTES + _length_at(data, start)[0]
    if start > len(data):
        starts.pop()  # under way, or torn
    for place in (0, len(starts) - 1) if starts else ():
        found = frame_at(data, starts[place], salt)
        if found is None or found.seq != first_seq + place:
            return None
    return Outline(data, starts) if starts else None
