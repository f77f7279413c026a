"""Batches as they arrive: every frame checked, with as little Python for each as possible.

What is checked here is what `Batch.unpack` checks, on all frames of equal length at once. Only the
verdict "all is right" is given: whatever it is not sure of is left to `Batch.unpack`, which says
what is wrong and where.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from collections.abc import Sequence
from itertools import repeat
from typing import Final
from typing import overload

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from mltrack_core.limits import PAYLOAD_BYTES_MAX
from mltrack_core.spool.frame import FRAME_OVERHEAD_BYTES
from mltrack_core.spool.frame import HEAD
from mltrack_core.spool.frame import SYNC
from mltrack_core.spool.frame import Frame
from mltrack_core.spool.frame import unchecked
from mltrack_core.spool.segment import HEADER_BYTES
from mltrack_core.spool.segment import Batch
from mltrack_core.spool.segment import SegmentHeader
from mltrack_server.columns import Bools
from mltrack_server.columns import Ints

Bytes = NDArray[np.uint8]

# As docs/format/spool.md draws it, and mltrack_core.spool.frame packs it.
_HEAD_TYPE: Final = np.dtype(
    {
        "names": ["sync", "number", "flags", "length", "seq", "crc"],
        "formats": ["<u2", "u1", "u1", "<u4", "<u8", "<u4"],
    }
)
_LENGTH_AT: Final = 4  # bytes into a frame
_length_at = struct.Struct(f"<{_LENGTH_AT}xI").unpack_from
_AHEAD_MAX: Final = 4096
_ALIKE_MIN: Final = 8  # fewer frames of one length are checked faster one by one …
_ALIKE_BYTES_MAX: Final = 1024  # … and longer ones, of which a copy costs more than a call
_SEQ_MAX: Final = (1 << 64) - 1


class FrameTable(Sequence[Frame]):
    """Frames of one stream whose checksums are right; a `Frame` is made where one is asked for.

    Args:
        data: Has their bytes.
        heads: Of each frame, what stands before its payload.
        starts: Where each frame begins in *data*.
    """

    def __init__(self, data: bytes, heads: NDArray[np.void], starts: Ints) -> None:
        self._data, self._heads, self._starts = data, heads, starts

    def __len__(self) -> int:
        return len(self._starts)

    @overload
    def __getitem__(self, at: int) -> Frame: ...

    @overload
    def __getitem__(self, at: slice) -> FrameTable: ...

    def __getitem__(self, at: int | slice) -> Frame | FrameTable:
        if isinstance(at, slice):
            return FrameTable(self._data, self._heads[at], self._starts[at])
        return unchecked(self._data, int(self._starts[at]))

    def __iter__(self) -> Iterator[Frame]:
        return map(self.__getitem__, range(len(self)))

    def is_of(self, numbers: frozenset[int]) -> Bools:
        """Tell of each frame whether its record is of one of these types."""
        return np.isin(self._heads["number"], list(numbers))

    def where(self, is_wanted: Bools) -> FrameTable:
        """Return those frames alone."""
        return FrameTable(self._data, self._heads[is_wanted], self._starts[is_wanted])

    def alike(self) -> Iterator[tuple[int, Ints, Bytes]]:
        """Yield type, seqs and payloads, shape (frames, bytes), of all of one type and length."""
        data = np.frombuffer(self._data, np.uint8)
        length = self._heads["length"].astype(np.int64)
        for places in _groups(self._heads["number"] | length << 8):
            payloads = sliding_window_view(data, int(length[places[0]]))
            yield (
                int(self._heads["number"][places[0]]),
                self._heads["seq"][places].astype(np.int64),
                payloads[self._starts[places] + FRAME_OVERHEAD_BYTES],
            )


def unpack(data: bytes, where: str = "request") -> Batch:
    """Return the batch in *data*, every checksum verified.

    Raises:
        SpoolCorrupt: A frame is damaged, cut off, or not the one that should come next.
        SpoolTooNew: A newer mltrack wrote it.
    """
    header = SegmentHeader.unpack(data, where)
    frames = frames_in(data, header.salt, header.first_seq, HEADER_BYTES)
    if frames is None:
        return Batch.unpack(data, where)
    return Batch(header=header, frames=frames, body=data[HEADER_BYTES:])


def frames_in(data: bytes, salt: int, first_seq: int, start: int = 0) -> FrameTable | None:
    """Return the frames that *data* consists of from byte *start* on.

    None if it does not consist of valid frames with consecutive seqs from *first_seq* on, or of
    none at all.
    """
    starts, end = _starts(data, start)
    return _checked(data, salt, first_seq, starts) if end == len(data) else None


def leading(data: bytes, salt: int, first_seq: int) -> FrameTable | None:
    """Return the frames that *data* begins with; behind them the next may be under way.

    None if they are not all valid with consecutive seqs from *first_seq* on, or there are none.
    """
    return _checked(data, salt, first_seq, _starts(data, 0)[0])


def _checked(data: bytes, salt: int, first_seq: int, starts: list[int]) -> FrameTable | None:
    """Return the frames that begin at *starts* if all of them are right, and there are any."""
    if not starts or first_seq + len(starts) > _SEQ_MAX:
        return None
    place = np.array(starts, np.int64)
    table = np.frombuffer(data, np.uint8)
    head = sliding_window_view(table, FRAME_OVERHEAD_BYTES)[place].view(_HEAD_TYPE)[:, 0]
    due = np.arange(len(starts), dtype=np.uint64) + np.uint64(first_seq)
    length = head["length"]
    is_right = (head["sync"] == SYNC) & (head["flags"] == 0) & (head["seq"] == due)
    if not (is_right & (length > 0) & (length <= PAYLOAD_BYTES_MAX)).all():
        return None
    view = memoryview(data)
    for places in _groups(length):
        bytes_each = FRAME_OVERHEAD_BYTES + int(length[places[0]])
        if len(places) < _ALIKE_MIN or bytes_each > _ALIKE_BYTES_MAX:
            found = [_checksum(view[at : at + bytes_each], salt) for at in place[places].tolist()]
        else:
            found = _checksums(sliding_window_view(table, bytes_each)[place[places]], salt)
        if found != head["crc"][places].tolist():
            return None
    return FrameTable(data, head, place)


def _starts(data: bytes, start: int) -> tuple[list[int], int]:
    """Return where whole frames begin and the last one ends, by their lengths alone."""
    starts: list[int] = []
    last = len(data) - FRAME_OVERHEAD_BYTES
    ahead = 1  # frames as long as the last one that are looked for at once
    while start <= last:
        length: int = _length_at(data, start)[0]
        stride = FRAME_OVERHEAD_BYTES + length
        count = min(ahead, (last - start) // stride + 1)
        if count > 1:
            found = np.ndarray((count,), "<u4", data, start + _LENGTH_AT, (stride,)) == length
            count = count if found.all() else int(found.argmin())
        starts.extend(range(start, start + count * stride, stride))
        start += count * stride
        # A training logs the same again and again, or several things in turn.
        ahead = min(2 * ahead, _AHEAD_MAX) if count == ahead else 1
    if start > len(data):
        start = starts.pop()
    return starts, start


def _checksum(frame: memoryview, salt: int) -> int:
    """Return the checksum that a frame should have."""
    return zlib.crc32(frame[FRAME_OVERHEAD_BYTES:], zlib.crc32(frame[: HEAD.size], salt))


def _checksums(frames: Bytes, salt: int) -> list[int]:
    """Return the checksum that each of equally long *frames* should have."""
    covered = np.delete(frames, slice(HEAD.size, FRAME_OVERHEAD_BYTES), axis=1)
    rows = covered.view(f"V{covered.shape[1]}")[:, 0].tolist()  # one `bytes` for each
    return list(map(zlib.crc32, rows, repeat(salt)))


def _groups(keys: NDArray[np.generic]) -> list[NDArray[np.intp]]:
    """Return the places of equal *keys* together, each group in order."""
    if not len(keys):
        return []
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    return np.split(order, np.flatnonzero(ordered[1:] != ordered[:-1]) + 1)
