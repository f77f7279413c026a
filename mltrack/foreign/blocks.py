"""Weights & Biases' file of a run: records in the blocks of a LevelDB log.

The file begins with seven bytes of W&B's own, inside its first block of 32 KiB. A record is in one
chunk or several, `u32 checksum | u16 length | u8 kind | data`, little-endian; none crosses the end
of a block, where fewer than seven bytes are zeros. The checksum is plain CRC-32 of kind and data.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import BinaryIO
from typing import Final

from mltrack.foreign.tfrecord import Damaged

MAGIC: Final = b":W&B"
_NUMBER: Final = 0xBEE1
_VERSION: Final = 0
_BLOCK_BYTES: Final = 32 * 1024
_PREFACE: Final = struct.Struct("<4sHB")
_CHUNK: Final = struct.Struct("<IHB")
_WHOLE, _FIRST, _MIDDLE, _LAST = 1, 2, 3, 4
_CUT: Final = -1  # in place of a kind: the file ends inside a chunk


class FormatUnknown(ValueError):
    """The file is none of this kind, or of a version that nobody knew when this was written."""


def records(file: BinaryIO, damaged: Damaged) -> Iterator[bytes]:
    """Yield the records of *file*, a block at a time in memory.

    Behind damage it goes on with the next block, as LevelDB does: a chunk's length cannot be
    trusted when its checksum is wrong.

    Args:
        file: At its beginning.
        damaged: Called once for each place that is not read.

    Raises:
        FormatUnknown: It begins with something else.
    """
    preface = file.read(_PREFACE.size)
    if len(preface) < _PREFACE.size or _PREFACE.unpack(preface) != (MAGIC, _NUMBER, _VERSION):
        raise FormatUnknown("it does not begin as W&B's files of runs do")
    parts: list[bytes] = []  # of a record that is not complete yet
    is_open = is_cut = False
    for block, is_last in _blocks(file):
        for kind, data in _chunks(block, damaged, is_last=is_last):
            if kind == _CUT:
                is_cut = True
                continue
            if kind in (_WHOLE, _FIRST):
                if is_open:
                    damaged("not continued")
                parts, is_open = [data], kind == _FIRST
            elif not is_open:
                damaged("without a beginning")
                continue
            else:
                parts.append(data)
            if kind in (_WHOLE, _LAST):
                is_open = False
                yield b"".join(parts)
    if is_open or is_cut:
        damaged("cut off at the end")


def _blocks(file: BinaryIO) -> Iterator[tuple[bytes, bool]]:
    """Yield what is in each block, the first one's without its preface, and whether it is last."""
    block = file.read(_BLOCK_BYTES - _PREFACE.size)
    while block:
        following = file.read(_BLOCK_BYTES)
        yield block, not following
        block = following


def _chunks(block: bytes, damaged: Damaged, *, is_last: bool) -> Iterator[tuple[int, bytes]]:
    position = 0
    while len(block) - position >= _CHUNK.size:
        checksum, length, kind = _CHUNK.unpack_from(block, position)
        begin, position = position + _CHUNK.size, position + _CHUNK.size + length
        if not checksum and not length and not kind:
            return  # room that was reserved and never used
        data = block[begin:position]
        if len(data) < length and is_last:
            yield _CUT, b""
            return
        if kind not in (_WHOLE, _FIRST, _MIDDLE, _LAST) or checksum != zlib.crc32(
            data, zlib.crc32(bytes((kind,)))
        ):
            damaged("the rest of a block, behind damage")
            return
        yield kind, data
    if is_last and any(block[position:]):
        yield _CUT, b""
