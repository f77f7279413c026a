"""Which kind of file some bytes are, told by how they begin.

Only what a browser shows without running anything is known here: no SVG, no HTML.
"""

from __future__ import annotations

import struct
from typing import Final
from typing import NamedTuple

PNG: Final = "image/png"
JPEG: Final = "image/jpeg"
GIF: Final = "image/gif"
WEBP: Final = "image/webp"
WAV: Final = "audio/wav"
MP3: Final = "audio/mpeg"
OGG: Final = "audio/ogg"
FLAC: Final = "audio/flac"
TEXT: Final = "text/plain"
MARKDOWN: Final = "text/markdown"
TABLE: Final = "application/vnd.mltrack.table"
CONFUSION: Final = "application/vnd.mltrack.confusion"
CURVES: Final = "application/vnd.mltrack.curves"

IMAGES: Final = frozenset((PNG, JPEG, GIF, WEBP))
SOUNDS: Final = frozenset((WAV, MP3, OGG, FLAC))
TEXTS: Final = frozenset((TEXT, MARKDOWN))
NUMBERS: Final = frozenset((TABLE, CONFUSION, CURVES))  # what no browser shows by itself
ALL: Final = IMAGES | SOUNDS | TEXTS | NUMBERS

_SIZED: Final = frozenset((*range(0xC0, 0xC4), *range(0xC5, 0xC8), *range(0xC9, 0xCC)))
_SIZED_TOO: Final = frozenset((*range(0xCD, 0xD0),))


class Format(NamedTuple):
    """What the beginning of a file says."""

    type: str
    width: int = 0  # pixels; 0 where unknown
    height: int = 0
    seconds: float = 0.0  # 0 where unknown


def of(data: bytes) -> Format | None:
    """Return the format of *data*; None if it is none that is known here."""
    try:
        return _image(data) or _sound(data)
    except (struct.error, IndexError):
        return None  # cut off in its header


def _image(data: bytes) -> Format | None:
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return Format(PNG, *struct.unpack_from(">II", data, 16))
    if data.startswith(b"\xff\xd8\xff"):
        return Format(JPEG, *_jpeg_size(data))
    if data.startswith((b"GIF87a", b"GIF89a")):
        return Format(GIF, *struct.unpack_from("<HH", data, 6))
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return Format(WEBP, *_webp_size(data))
    return None


def _jpeg_size(data: bytes) -> tuple[int, int]:
    """Return width and height as the first frame header says."""
    position = 2
    while position + 9 <= len(data) and data[position] == 0xFF:
        marker = data[position + 1]
        if marker in _SIZED or marker in _SIZED_TOO:
            height, width = struct.unpack_from(">HH", data, position + 5)
            return width, height
        is_alone = marker == 0xFF or 0xD0 <= marker <= 0xD8
        position += 1 if marker == 0xFF else 2
        if not is_alone:
            position += struct.unpack_from(">H", data, position)[0]
    return 0, 0


def _webp_size(data: bytes) -> tuple[int, int]:
    kind = data[12:16]
    if kind == b"VP8 ":
        width, height = struct.unpack_from("<HH", data, 26)
        return width & 0x3FFF, height & 0x3FFF
    if kind == b"VP8L":
        (bits,) = struct.unpack_from("<I", data, 21)
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8X":
        width, height = data[24:27], data[27:30]
        return int.from_bytes(width, "little") + 1, int.from_bytes(height, "little") + 1
    return 0, 0


def _sound(data: bytes) -> Format | None:
    if data.startswith(b"RIFF") and data[8:12] == b"WAVE":
        return Format(WAV, seconds=_wav_seconds(data))
    if data.startswith(b"OggS"):
        return Format(OGG)
    if data.startswith(b"fLaC"):
        packed = int.from_bytes(data[18:26], "big")  # rate 20, channels 3, bits 5, samples 36
        rate, samples = packed >> 44, packed & (1 << 36) - 1
        return Format(FLAC, seconds=samples / rate if rate else 0.0)
    if data.startswith(b"ID3") or (data[:1] == b"\xff" and data[1] & 0xE6 == 0xE2):
        return Format(MP3)
    return None


def _wav_seconds(data: bytes) -> float:
    """Return how long a WAV plays, by its own word; 0.0 if it does not say."""
    position, rate = 12, 0
    while position + 8 <= len(data):
        name, length = data[position : position + 4], struct.unpack_from("<I", data, position + 4)
        if name == b"fmt ":
            (rate,) = struct.unpack_from("<I", data, position + 16)  # bytes a second
        if name == b"data":
            length_there = min(length[0], len(data) - position - 8)
            return float(length_there / rate) if rate else 0.0
        position += 8 + length[0] + length[0] % 2
    return 0.0
