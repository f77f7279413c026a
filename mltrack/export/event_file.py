"""TensorBoard's event files: protobuf messages in TFRecord frames, written by hand.

The messages are Event, Summary, SummaryMetadata and TensorProto of TensorFlow; numbers below are
those of their fields.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Final
from typing import NamedTuple

from mltrack.foreign.protobuf import bytes_field
from mltrack.foreign.protobuf import double_field
from mltrack.foreign.protobuf import integer_field
from mltrack.foreign.tfrecord import frame

_DT_DOUBLE, _DT_STRING = 2, 7
_SCALAR, _TENSOR = 1, 2  # DataClass of SummaryMetadata
_DATA_CLASS: Final = {"scalars": _SCALAR, "histograms": _TENSOR, "text": _TENSOR}


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
        self._file.write(frame(_time(time_ns) + bytes_field(3, b"brain.Event:2")))

    def first(self, tag: str, plugin: Plugin) -> Plugin | None:
        """Return *plugin* where *tag* is new: only its first value says who shows it."""
        if tag in self._tags:
            return None
        self._tags.add(tag)
        return plugin

    def add(self, time_ns: int, step: int, value: bytes) -> None:
        """Append one value, see `summary_value`."""
        message = _time(time_ns) + integer_field(2, step) + bytes_field(5, bytes_field(1, value))
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
        tensor = (
            integer_field(1, _DT_DOUBLE) + bytes_field(2, _shape(shape)) + bytes_field(4, packed)
        )
    message = bytes_field(1, tag.encode()) + bytes_field(8, tensor)
    if plugin is not None:
        data = bytes_field(1, plugin.name.encode())
        message += bytes_field(9, bytes_field(1, data) + integer_field(4, _DATA_CLASS[plugin.name]))
    return message


def tensor_of_text(text: str) -> bytes:
    """Return a TensorProto of one text."""
    return (
        integer_field(1, _DT_STRING) + bytes_field(2, _shape((1,))) + bytes_field(8, text.encode())
    )


def _shape(sizes: Sequence[int]) -> bytes:
    return b"".join(bytes_field(2, integer_field(1, size)) for size in sizes)


def _time(time_ns: int) -> bytes:
    return double_field(1, time_ns / 1e9)
