"""Frames: how one record lies in a segment, and how frames are found again after damage.

    sync u16 | type u8 | flags u8 | length u32 | seq u64 | crc32 u32 | payload

Little-endian; flags are 0. The checksum starts from the segment's salt and covers the 16 bytes
before it and the payload. docs/format/spool.md draws it.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import Final
from typing import NamedTuple

from mltrack_core.limits import PAYLOAD_BYTES_MAX

SYNC: Final = 0xA55A
SYNC_BYTES: Final = SYNC.to_bytes(2, "little")
HEAD: Final = struct.Struct("<HBBIQ")
CRC: Final = struct.Struct("<I")
FRAME_OVERHEAD_BYTES: Final = HEAD.size + CRC.size

# Bound once: these four are most of what a log() and an ingest cost per record.
_HEAD_BYTES: Final = HEAD.size
_pack_head = HEAD.pack
_pack_crc = CRC.pack
_unpack = struct.Struct("<HBBIQI").unpack_from  # head and checksum
_crc32 = zlib.crc32


class Frame(NamedTuple):
    """A frame whose checksum is right, at bytes start to end of what was scanned."""

    number: int  # the record's type, see mltrack_core.wire
    seq: int
    payload: bytes
    start: int
    end: int


class Damage(NamedTuple):
    """Bytes start to end of what was scanned belong to no valid frame."""

    start: int
    end: int
    reason: str


def pack(number: int, seq: int, payload: bytes, salt: int) -> bytes:
    """Return the frame of one record, ready for one write."""
    head = _pack_head(SYNC, number, 0, len(payload), seq)
    return head + _pack_crc(_crc32(payload, _crc32(head, salt))) + payload


def frame_at(data: bytes, position: int, salt: int) -> Frame | None:
    """Return the valid frame that starts at byte *position* of *data*, if one does."""
    start = position + FRAME_OVERHEAD_BYTES
    if start > len(data):
        return None
    sync, number, flags, length, seq, crc = _unpack(data, position)
    end = start + length
    # A power cut can leave a tail of zeros. The sync mark refuses it already; length 0 is refused
    # as well because no record is empty.
    if sync != SYNC or flags or not 0 < length <= PAYLOAD_BYTES_MAX or end > len(data):
        return None
    payload = data[start:end]
    if _crc32(payload, _crc32(data[position : position + _HEAD_BYTES], salt)) != crc:
        return None
    return Frame(number, seq, payload, position, end)


def unchecked(data: bytes, start: int) -> Frame:
    """Return the whole frame that starts at byte *start* of *data*, its checksum not looked at."""
    _sync, number, _flags, length, seq = HEAD.unpack_from(data, start)
    payload = start + FRAME_OVERHEAD_BYTES
    end = payload + length
    return Frame(number, seq, data[payload:end], start, end)


def scan(data: bytes, salt: int, start: int = 0) -> Iterator[Frame | Damage]:
    """Yield every frame of *data* from byte *start* on, and what lies damaged between them.

    Stops without a word before a last frame that is not whole: whether that is a write under way
    or a torn one is for the caller to know. It begins where the last thing yielded ended.

    A damaged range is passed over once, by looking for the next sync mark whose frame has a valid
    checksum.
    """
    position, end = start, len(data)
    while position < end:
        frame = frame_at(data, position, salt)
        if frame is None:
            frame = _find_frame(data, position + 1, salt)
            if frame is None:
                return
            yield Damage(position, frame.start, "no valid frame")
        yield frame
        position = frame.end


def find_salt(data: bytes, start: int = 0) -> int | None:
    """Return the salt of the frames in *data*, where the header that named it is damaged.

    Two intact frames in a row are needed: the first one's checksum gives the salt with which it
    would be right, and the second shows whether it is.
    """
    position = start - 1
    while (position := data.find(SYNC_BYTES, position + 1)) != -1:
        following = position + FRAME_OVERHEAD_BYTES
        if following > len(data):
            return None
        _sync, _number, _flags, length, _seq, crc = _unpack(data, position)
        payload, following = data[following : following + length], following + length
        if data[following : following + len(SYNC_BYTES)] != SYNC_BYTES:
            continue
        covered = data[position : position + _HEAD_BYTES] + payload
        salt = _solve_salt(covered, crc)
        if frame_at(data, following, salt) is not None:
            return salt
    return None


def _solve_salt(covered: bytes, crc: int) -> int:
    """Return the one salt with which *covered* has the checksum *crc*.

    CRC-32 is linear: crc32(x, salt) is crc32(x, 0) xor a sum of one term for each bit of the salt,
    and the 32 terms, which depend on the length only, are independent.
    """
    zeros = bytes(len(covered))
    base = _crc32(zeros)
    rows: dict[int, tuple[int, int]] = {}  # highest bit → a term with it, and the salt bits in it
    for bit in range(32):
        term, salt = _crc32(zeros, 1 << bit) ^ base, 1 << bit
        while (high := term.bit_length()) in rows:
            term, salt = term ^ rows[high][0], salt ^ rows[high][1]
        rows[high] = term, salt
    wanted, salt = crc ^ _crc32(covered), 0
    while wanted:
        term, bits = rows[wanted.bit_length()]
        wanted, salt = wanted ^ term, salt ^ bits
    return salt


def _find_frame(data: bytes, position: int, salt: int) -> Frame | None:
    """Return the first valid frame that starts at or after *position*."""
    while (position := data.find(SYNC_BYTES, position)) != -1:
        frame = frame_at(data, position, salt)
        if frame is not None:
            return frame
        position += 1
    return None
