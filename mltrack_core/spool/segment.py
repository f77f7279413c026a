"""Segments: the 64 bytes that every segment, and so every batch on the wire, begins with.

magic 8 | version u16 | flags u16 | salt u32 | run 16 | stream 16 | first_seq u64 | 0 u32 | crc u32
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from mltrack_core.errors import SpoolCorrupt
from mltrack_core.errors import SpoolTooNew
from mltrack_core.spool.frame import Frame
from mltrack_core.spool.frame import frame_at

MAGIC: Final = b"MLTSPL1\n"
VERSION: Final = 1
_BODY: Final = struct.Struct("<8sHHI16s16sQI")
_CRC: Final = struct.Struct("<I")
HEADER_BYTES: Final = _BODY.size + _CRC.size


class SegmentHeader(msgspec.Struct, frozen=True, kw_only=True):
    """Whose records a segment holds and where they begin."""

    salt: int  # random; makes frames of one stream invalid in any other
    run: str  # 32 hexadecimal digits
    stream: str  # 32 hexadecimal digits
    first_seq: int  # of the first frame after this header

    def pack(self) -> bytes:
        """Return the 64 bytes on disk."""
        body = _BODY.pack(
            MAGIC,
            VERSION,
            0,
            self.salt,
            bytes.fromhex(self.run),
            bytes.fromhex(self.stream),
            self.first_seq,
            0,
        )
        return body + _CRC.pack(zlib.crc32(body))

    @classmethod
    def unpack(cls, data: bytes, where: Path | str) -> SegmentHeader:
        """Return the header at the start of *data*; *where* names it in errors.

        Raises:
            SpoolCorrupt: These are not the first bytes of a segment, or they are damaged.
            SpoolTooNew: A newer mltrack wrote them.
        """
        if len(data) < HEADER_BYTES:
            raise SpoolCorrupt(where, len(data), "the segment ends inside its header")
        magic, version, _flags, salt, run, stream, first_seq, _zero = _BODY.unpack_from(data)
        if magic != MAGIC:
            raise SpoolCorrupt(where, 0, "this is not an mltrack segment")
        if (zlib.crc32(data[: _BODY.size]),) != _CRC.unpack_from(data, _BODY.size):
            raise SpoolCorrupt(where, 0, "the segment's header does not match its checksum")
        if version > VERSION:  # newer formats keep these 64 bytes, and so this answer
            raise SpoolTooNew(where, version, VERSION)
        return cls(salt=salt, run=run.hex(), stream=stream.hex(), first_seq=first_seq)


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """Consecutive frames of one stream: what one ingest request carries.

    Its bytes are a segment that begins where the server's copy ends, so the log on disk, the
    request and what the server keeps are one format.
    """

    header: SegmentHeader
    frames: Sequence[Frame]
    body: bytes  # the frames' bytes, without the header

    @property
    def next_seq(self) -> int:
        """The seq that the stream's next frame has."""
        return self.header.first_seq + len(self.frames)

    def pack(self) -> bytes:
        """Return the bytes of the request."""
        return self.header.pack() + self.body

    @classmethod
    def unpack(cls, data: bytes, where: str = "request") -> Batch:
        """Return the batch in *data*, every checksum verified.

        Raises:
            SpoolCorrupt: A frame is damaged, cut off, or not the one that should come next.
            SpoolTooNew: A newer mltrack wrote it.
        """
        header = SegmentHeader.unpack(data, where)
        frames: list[Frame] = []
        seq, end = header.first_seq, HEADER_BYTES
        while end < len(data):
            # No search behind damage: what comes from elsewhere must not choose how long we look.
            found = frame_at(data, end, header.salt)
            if found is None:
                raise SpoolCorrupt(where, end, "the frame is damaged or cut off")
            if found.seq != seq:
                raise SpoolCorrupt(where, end, f"seq {found.seq} where {seq} was due")
            frames.append(found)
            seq, end = seq + 1, found.end
        return cls(header=header, frames=tuple(frames), body=data[HEADER_BYTES:])


def batch_of(header: SegmentHeader, frames: Sequence[Frame], data: bytes) -> Batch:
    """Return *frames*, scanned from *data* and consecutive, as a batch of their own."""
    return Batch(
        header=SegmentHeader(
            salt=header.salt, run=header.run, stream=header.stream, first_seq=frames[0].seq
        ),
        frames=frames,
        body=data[frames[0].start : frames[-1].end],
    )
