"""TFRecord, the framing of TensorBoard's event files.

A frame is `u64 length | u32 checksum of it | message | u32 checksum of it`, little-endian; a
checksum is CRC-32C, rotated and added to.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from collections.abc import Iterator
from typing import BinaryIO
from typing import Final

from mltrack_core.limits import MIB

MESSAGE_BYTES_MAX: Final = 256 * MIB  # one message is held in memory; longer ones are passed over

_POLYNOMIAL: Final = 0x82F63B78  # CRC-32C, bits reversed
_MASK: Final = 0xA282EAD8
_U32: Final = 0xFFFFFFFF
_HEAD: Final = struct.Struct("<QI")
_CHECKSUM: Final = struct.Struct("<I")

Damaged = Callable[[str], None]  # told in a few words what is not read


def _tables() -> list[list[int]]:
    """Return eight tables, so that eight bytes are taken at a time."""
    first = []
    for byte in range(256):
        crc = byte
        for _ in range(8):
            crc = crc >> 1 ^ (_POLYNOMIAL if crc & 1 else 0)
        first.append(crc)
    tables = [first]
    for _ in range(7):
        tables.append([crc >> 8 ^ first[crc & 0xFF] for crc in tables[-1]])
    return tables


_TABLES: Final = _tables()


def crc32c(data: bytes) -> int:
    """Return the CRC-32C (Castagnoli) of *data*."""
    t0, t1, t2, t3, t4, t5, t6, t7 = _TABLES
    crc = _U32
    whole = len(data) & ~7
    for low, high in struct.iter_unpack("<II", data[:whole]):
        crc ^= low
        crc = (
            t7[crc & 0xFF] ^ t6[crc >> 8 & 0xFF] ^ t5[crc >> 16 & 0xFF] ^ t4[crc >> 24]
            ^ t3[high & 0xFF] ^ t2[high >> 8 & 0xFF] ^ t1[high >> 16 & 0xFF] ^ t0[high >> 24]
        )  # fmt: skip
    for byte in data[whole:]:
        crc = crc >> 8 ^ t0[(crc ^ byte) & 0xFF]
    return crc ^ _U32


def frame(message: bytes) -> bytes:
    """Return *message* in its frame."""
    length = struct.pack("<Q", len(message))
    return b"".join(
        (length, _CHECKSUM.pack(_masked(length)), message, _CHECKSUM.pack(_masked(message)))
    )


def messages(file: BinaryIO, damaged: Damaged) -> Iterator[bytes]:
    """Yield the messages of *file*, one at a time in memory.

    A message that does not match its checksum is passed over. Behind a damaged length nothing can
    be found any more, and what is cut off at the end was still being written: both end the file.

    Args:
        file: At the beginning of a frame.
        damaged: Called once for each message or rest of a file that is not read.
    """
    while head := file.read(_HEAD.size):
        if len(head) < _HEAD.size:
            damaged("cut off at the end")
            return
        length, checksum = _HEAD.unpack(head)
        if checksum != _masked(head[:8]):
            damaged("the rest of a file, behind a damaged length")
            return
        if length > MESSAGE_BYTES_MAX:
            damaged("too long")
            file.seek(length + _CHECKSUM.size, 1)
            continue
        body = file.read(length + _CHECKSUM.size)
        if len(body) < length + _CHECKSUM.size:
            damaged("cut off at the end")
            return
        message = body[:length]
        if _CHECKSUM.unpack_from(body, length)[0] != _masked(message):
            damaged("damaged")
            continue
        yield message


def _masked(data: bytes) -> int:
    crc = crc32c(data)
    return (crc >> 15 | crc << 17) + _MASK & _U32
