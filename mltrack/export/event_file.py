"""TensorBoard's event files: protobuf messages in TFRecord frames, written by hand.

A frame is `u64 length | u32 checksum of it | message | u32 checksum of it`, little-endian; a
checksum is CRC-32C, rotated and added to as TFRecord has it. The messages are Event, Summary,
SummaryMetadata and TensorProto of TensorFlow; numbers below are those of their fields.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Final
from typing import NamedTuple

_POLYNOMIAL: Final = 0x82F63B78  # CRC-32C, bits reversed
_MASK: Final = 0xA282EAD8
_U32: Final = 0xFFFFFFFF
_DT_DOUBLE, _DT_STRING = 2, 7
_SCALAR, _TENSOR = 1, 2  # DataClass of SummaryMetadata
_DATA_CLASS: Final = {"scalars": _SCALAR, "histograms": _TENSOR, "text": _TENSOR}


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
    """Return *message* as a TFRecord."""
    length = struct.pack("<Q", len(message))
    return b"".join(
        (length, struct.pack("<I", _masked(length)), message, struct.pack("<I", _masked(message)))
    )


class Plugin(NamedTuple):
    """What shows a tag in TensorBoard: "scalars", "histograms" or "text"."""

    name: str


class EventFile:
    """One event file, in a folder of its own.

    Args:
        folder: Made with it.
        time_ns: Of its first event; a part of its name.
    """

    def __init__(self, folder: Path, time_ns: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        name = f"events.out.tfevents.{time_ns // 10**9:010d}.{socket.gethostname()}.mltrack"
        self.time_ns = time_ns
        self._file = (folder / name).open("xb")
        self._tags: set[str] = set()
        self._file.write(frame(_time(time_ns) + _bytes(3, b"brain.Event:2")))

    def first(self, tag: str, plugin: Plugin) -> Plugin | None:
        """Return *plugin* where *tag* is new: only its first value says who shows it."""
        if tag in self._tags:
            return None
        self._tags.add(tag)
        return plugin

    def add(self, time_ns: int, step: int, value: bytes) -> None:
        """Append one value, see `summary_value`."""
        message = _time(time_ns) + _integer(2, step) + _bytes(5, _bytes(1, value))
        self._file.write(frame(message))

    def close(self) -> None:
        """Finish the file."""
        self._file.close()


def summary_value(
    plugin: Plugin | None,
    tag: str,
    numbers: Sequence[float] = (),
    *,
    shape: Sequence[int] = (),
    tensor: bytes = b"",
) -> bytes:
    """Return a Summary.Value: *numbers* of a *shape*, or another *tensor*."""
    if not tensor:
        packed = struct.pack(f"<{len(numbers)}d", *numbers)
        tensor = _integer(1, _DT_DOUBLE) + _bytes(2, _shape(shape)) + _bytes(4, packed)
    message = _bytes(1, tag.encode()) + _bytes(8, tensor)
    if plugin is not None:
        data = _bytes(1, plugin.name.encode())
        message += _bytes(9, _bytes(1, data) + _integer(4, _DATA_CLASS[plugin.name]))
    return message


def tensor_of_text(text: str) -> bytes:
    """Return a TensorProto of one text."""
    return _integer(1, _DT_STRING) + _bytes(2, _shape((1,))) + _bytes(8, text.encode())


def _shape(sizes: Sequence[int]) -> bytes:
    return b"".join(_bytes(2, _integer(1, size)) for size in sizes)


def _time(time_ns: int) -> bytes:
    return b"\x09" + struct.pack("<d", time_ns / 1e9)


def _integer(field: int, value: int) -> bytes:
    """Return an integer field; one of 64 bits below zero takes ten bytes."""
    return _varint(field << 3) + _varint(value & (1 << 64) - 1)


def _bytes(field: int, value: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(value)) + value


def _varint(value: int) -> bytes:
    parts = bytearray()
    while value > 0x7F:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    parts.append(value)
    return bytes(parts)


def _masked(data: bytes) -> int:
    crc = crc32c(data)
    return (crc >> 15 | crc << 17) + _MASK & _U32
