"""PNG files from pixels, by the standard library alone."""

from __future__ import annotations

import struct
import zlib
from typing import Final

import msgspec

_COLOURS: Final = {1: 0, 2: 4, 3: 2, 4: 6}  # channels → what PNG calls them
_LEVEL: Final = 3  # twice as fast as zlib's own choice, and some per cent longer


class Pixels(msgspec.Struct, frozen=True):
    """An image of 8 bits a channel."""

    width: int
    height: int
    channels: int  # 1: grey, 2: grey and alpha, 3: RGB, 4: RGBA
    data: bytes  # height x width x channels, row by row


def encode(pixels: Pixels) -> bytes:
    """Return *pixels* as a PNG file.

    Source:
        Portable Network Graphics, third edition: chunks, IHDR, and filter type 0 in each row.
    """
    stride = pixels.width * pixels.channels
    assert len(pixels.data) == stride * pixels.height
    view = memoryview(pixels.data)
    squeeze = zlib.compressobj(_LEVEL)
    parts = []
    for start in range(0, len(view), stride):
        parts.append(squeeze.compress(b"\0"))
        parts.append(squeeze.compress(view[start : start + stride]))
    parts.append(squeeze.flush())
    header = struct.pack(
        ">IIBBBBB", pixels.width, pixels.height, 8, _COLOURS[pixels.channels], 0, 0, 0
    )
    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            _chunk(b"IHDR", header),
            _chunk(b"IDAT", b"".join(parts)),
            _chunk(b"IEND", b""),
        )
    )


def _chunk(name: bytes, data: bytes) -> bytes:
    checksum = zlib.crc32(data, zlib.crc32(name))
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", checksum)
