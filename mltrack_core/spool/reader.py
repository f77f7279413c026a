"""Two ways to read a stream, for two situations.

`read_segment` is for a segment that nobody writes any more: it gives everything that can be read
and says what could not. `Tail` follows a stream that is being written, from segment to segment:
it gives whole records only, waits at the end, and its seqs have no holes.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from collections.abc import Sequence
from pathlib import Path
from typing import Final
from typing import cast

import msgspec

from mltrack_core import wire
from mltrack_core.errors import SpoolCorrupt
from mltrack_core.limits import BATCH_BYTES_MAX
from mltrack_core.limits import PAYLOAD_BYTES_MAX
from mltrack_core.records import Gap
from mltrack_core.records import Record
from mltrack_core.spool import frame
from mltrack_core.spool import layout
from mltrack_core.spool.frame import FRAME_OVERHEAD_BYTES
from mltrack_core.spool.frame import Damage
from mltrack_core.spool.frame import Frame
from mltrack_core.spool.layout import SegmentFile
from mltrack_core.spool.segment import HEADER_BYTES
from mltrack_core.spool.segment import Batch
from mltrack_core.spool.segment import SegmentHeader
from mltrack_core.spool.segment import batch_of

_READ_BYTES_MAX: Final = BATCH_BYTES_MAX
_FIRST_BYTES_USUAL: Final = 4 * 1024  # of a thousand streams the first record is looked at
_FIRST_BYTES_MAX: Final = 256 * 1024  # a RunStarted with a very long command line fits
_FRAME_BYTES_MAX: Final = PAYLOAD_BYTES_MAX + FRAME_OVERHEAD_BYTES
_GAPS_MAX: Final = 10_000  # in one batch: a lost segment can leave a hole of many records

# Data, salt and next seq → the whole frames that the data begins with; None or none: not sure.
Look = Callable[[bytes, int, int], Sequence[Frame] | None]

# Every record begins with its time, whatever its type.
_time_of = msgspec.msgpack.Decoder(Record).decode


class SegmentContents(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a finished segment holds."""

    header: SegmentHeader
    frames: tuple[Frame, ...]
    damages: tuple[Damage, ...]  # ranges between frames that are none
    torn_bytes: int  # after the last frame: a write that never finished


def read_segment(path: Path, data: bytes | None = None) -> SegmentContents:
    """Return what the segment at *path* holds, or would if its bytes were *data*.

    A damaged header is made up for by the frames and the path, and is among the damages.

    Raises:
        SpoolCorrupt: Its header is damaged or cut off, and too few frames are left to verify any.
        SpoolTooNew: A newer mltrack wrote it.
        OSError: It cannot be read.
    """
    if data is None:
        data = path.read_bytes()
    frames, damages = [], []
    try:
        header = SegmentHeader.unpack(data, path)
    except SpoolCorrupt as error:
        header = _salvage_header(path, data, error)
        damages.append(Damage(0, HEADER_BYTES, error.reason))
    end = HEADER_BYTES
    for found in frame.scan(data, header.salt, HEADER_BYTES):
        end = found.end
        if isinstance(found, Frame):
            frames.append(found)
        else:
            damages.append(found)
    return SegmentContents(
        header=header, frames=tuple(frames), damages=tuple(damages), torn_bytes=len(data) - end
    )


def first_record(path: Path) -> Record | wire.Unknown | None:
    """Return the first record of the segment at *path*; None while it has none.

    Raises:
        SpoolCorrupt: Its header is damaged.
        SpoolTooNew: A newer mltrack wrote it.
        WireInvalid: The record does not decode.
        OSError: It cannot be read.
    """
    for length in (_FIRST_BYTES_USUAL, _FIRST_BYTES_MAX):
        data = _read_at(path, 0, HEADER_BYTES + length)
        header = SegmentHeader.unpack(data, path)
        for found in frame.scan(data, header.salt, HEADER_BYTES):
            if isinstance(found, Frame):
                return wire.decode(found.number, found.payload)
    return None


class Tail:
    """Follows one stream of a run through its segments.

    `read` returns the next records as batches whose seqs go on without a hole: where the spool
    lost records to damage, a `Gap` record stands in the place of each, so that every later reader
    counts the loss too. Two tails of the same files give the same bytes. The files are never
    changed.

    Not thread-safe. Holds no file open between two calls.

    Args:
        root: MLTRACK_DIR.
        run: Id of the run.
        stream: Id of the stream.
        next_seq: Of the first record wanted; earlier ones are passed over.
        look: Tried first on what was read; where it is not sure, frame after frame is checked.
    """

    def __init__(
        self, root: Path, run: str, stream: str, next_seq: int = 0, *, look: Look | None = None
    ) -> None:
        self.root, self.run, self.stream = root, run, stream
        self._look = look
        self.next_seq = next_seq
        self.damages: list[SpoolCorrupt] = []  # for the caller to report and clear
        self._index = -1  # of the segment being read
        self._offset = 0  # where its first unread byte is
        self._header: SegmentHeader | None = None
        self._corrupt: Path | None = None  # a segment whose damaged header has been reported

    def read(self, bytes_max: int = _READ_BYTES_MAX) -> Batch | None:
        """Return the next whole records, at most about *bytes_max* bytes, or None for the moment.

        Raises:
            SpoolTooNew: A newer mltrack wrote the next segment.
            OSError: A segment cannot be read.
        """
        segments = layout.segments(self.root, self.run).get(self.stream, [])
        if self._index < 0:
            self._index = _index_of(segments, self.next_seq)
        for segment in segments:
            if segment.index < self._index:
                continue
            if segment.index != self._index:
                self._index, self._offset, self._header = segment.index, 0, None
            if self._header is None:
                self._open(segment.path)
            while self._header is not None:
                batch, is_at_end = self._read_on(segment.path, self._header, bytes_max)
                if batch is not None:
                    return batch
                if is_at_end:
                    break
        return None

    def _open(self, path: Path) -> None:
        """Read the header at *path*; without one nothing in the segment can be verified."""
        data = _read_at(path, 0, HEADER_BYTES)
        if len(data) < HEADER_BYTES:
            return  # being created at this moment, or its writer was killed then: it has no frames
        try:
            self._header = SegmentHeader.unpack(data, path)
        except SpoolCorrupt as error:
            if self._corrupt != path:
                self._corrupt = path
                self.damages.append(error)
            # Its frames may tell the salt; if not yet, then perhaps when there are more of them.
            with contextlib.suppress(SpoolCorrupt):
                self._header = _salvage_header(path, _read_at(path, 0, _FRAME_BYTES_MAX), error)
        self._offset = HEADER_BYTES

    def _read_on(
        self, path: Path, header: SegmentHeader, bytes_max: int
    ) -> tuple[Batch | None, bool]:
        """Return new records of the segment at *path*, and whether its end has been reached."""
        data = _read_at(path, self._offset, bytes_max)
        if self._look and (frames := self._look(data, header.salt, self.next_seq)):
            self.next_seq += len(frames)
            self._offset += frames[-1].end
            return batch_of(header, frames, data), False
        found = list(frame.scan(data, header.salt))
        if not found and len(data) == bytes_max:
            # One record is longer than what was read, or damage is: look as far as a record goes.
            data = _read_at(path, self._offset, bytes_max + _FRAME_BYTES_MAX)
            found = list(frame.scan(data, header.salt))
            if not found and len(data) == bytes_max + _FRAME_BYTES_MAX:
                self._report(path, 0, bytes_max, "no valid frame")
                self._offset += bytes_max
                return None, False
        if not found:
            return None, True
        batch, end = self._batch(header, found, data, path)
        self._offset += end
        return batch, False

    def _batch(
        self, header: SegmentHeader, found: list[Frame | Damage], data: bytes, path: Path
    ) -> tuple[Batch | None, int]:
        """Return the records of *found* up to the next hole, or what fills it; and where that ends.

        None where everything found has been delivered already.
        """
        frames: list[Frame] = []
        end = 0
        for item in found:
            if isinstance(item, Damage):
                if frames:
                    break  # reported when it is met again, by the read that goes on from here
                self._report(path, item.start, item.end, item.reason)
            elif item.seq > self.next_seq + len(frames):
                if not frames:
                    return self._gaps(header, item), item.start
                break
            elif item.seq == self.next_seq + len(frames):
                frames.append(item)
            end = item.end
        if not frames:
            return None, end
        self.next_seq += len(frames)
        return batch_of(header, tuple(frames), data), end

    def _gaps(self, header: SegmentHeader, following: Frame) -> Batch:
        """Return a Gap for each record that is missing before *following*, or for the first many.

        They bear its time: whoever reads the same files makes the same bytes of them.
        """
        try:
            time_ns = _time_of(following.payload).time_ns
        except msgspec.DecodeError:
            time_ns = 0
        gap = Gap(time_ns, "damaged in the spool", 1, {"unknown": 1}, time_ns, time_ns)
        number, payload = wire.encode(gap)
        first = self.next_seq
        count = min(following.seq - first, _GAPS_MAX)
        body = b"".join(
            frame.pack(number, seq, payload, header.salt) for seq in range(first, first + count)
        )
        self.next_seq += count
        return batch_of(header, cast("list[Frame]", list(frame.scan(body, header.salt))), body)

    def _report(self, path: Path, start: int, end: int, reason: str) -> None:
        """Remember a damaged range, given relative to what was read last."""
        offset = self._offset + start
        self.damages.append(SpoolCorrupt(path, offset, f"{reason} for {end - start} bytes"))


def _index_of(segments: Sequence[SegmentFile], seq: int) -> int:
    """Return the index of the last segment that can hold *seq*; -1, which is before all, if none.

    A segment says in its header where it begins, so what was delivered before is not read again.
    """
    for segment in reversed(segments):
        try:
            data = _read_at(segment.path, 0, HEADER_BYTES)
            if SegmentHeader.unpack(data, segment.path).first_seq <= seq:
                return segment.index
        except SpoolCorrupt:
            continue  # the one before it is a safe place to begin
    return -1


def _salvage_header(path: Path, data: bytes, error: SpoolCorrupt) -> SegmentHeader:
    """Return the header that the segment at *path* should have, by its name and its frames.

    Raises:
        SpoolCorrupt: They do not tell: *error*.
    """
    run, stream = path.parent.name, path.name[:32]
    salt = frame.find_salt(data, HEADER_BYTES)
    if salt is None or not (layout.is_id(run) and layout.is_id(stream)):
        raise error
    first = next(found for found in frame.scan(data, salt) if isinstance(found, Frame))
    return SegmentHeader(salt=salt, run=run, stream=stream, first_seq=first.seq)


def _read_at(path: Path, offset: int, length: int) -> bytes:
    """Return up to *length* bytes of the file from *offset* on."""
    with path.open("rb", buffering=0) as file:
        file.seek(offset)
        return file.read(length)
