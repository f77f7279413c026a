"""What TensorBoard's events hold: values of tags, at a step and a time.

The messages are Event, Summary, SummaryMetadata, TensorProto and HistogramProto of TensorFlow, and
HParamsPluginData of TensorBoard; numbers below are those of their fields.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from typing import Final

import numpy as np

from mltrack.foreign.protobuf import MessageInvalid
from mltrack.foreign.protobuf import bytes_of
from mltrack.foreign.protobuf import double_of
from mltrack.foreign.protobuf import fields
from mltrack.foreign.protobuf import float_of
from mltrack.foreign.protobuf import message_of
from mltrack.foreign.protobuf import signed
from mltrack.foreign.protobuf import text_of
from mltrack.foreign.protobuf import varints
from mltrack.importing.source import nanoseconds
from mltrack_core.records import ByEdges

SESSION_START: Final = 1  # SessionLog.status
_GRAPHS: Final = frozenset({4, 9})  # fields of an Event: a graph, alone or in a MetaGraphDef
_FLOAT, _DOUBLE, _HALF, _BFLOAT16, _UINT64 = 1, 2, 19, 14, 23  # DataType of a TensorProto
_TYPES: Final = {
    1: "<f4", 2: "<f8", 3: "<i4", 4: "<u1", 5: "<i2", 6: "<i1", 9: "<i8", 10: "?",
    14: "<u2",  # as bits: NumPy has no bfloat16
    17: "<u2", 19: "<f2", 22: "<u4", 23: "<u8",
}  # fmt: skip
_FIELDS_OF_ONE: Final = 3  # of a tensor that is one number: its type, no shape, the number
_PACKED: Final = {5: "<f", 6: "<d"}  # float_val, double_val
_INTEGERS: Final = frozenset({7, 10, 11, 13, 16, 17})  # int, int64, bool, half, uint32, uint64
_NUMBERS_MAX: Final = 1 << 24  # of a tensor: a shape alone may ask for any memory


@dataclass(frozen=True, slots=True)
class Event:
    """One event."""

    time_ns: int
    step: int
    values: list[Value]
    session_status: int = 0
    has_graph: bool = False


@dataclass(frozen=True, slots=True)
class Value:
    """One Summary.Value, not decoded any further."""

    tag: str
    plugin: str  # who shows it, where this value says so: only a tag's first one must
    content: bytes  # the plugin's own
    kind: int  # number of the field that the value is in
    value: int | bytes


def event_of(message: bytes) -> Event:
    """Return the event in *message*.

    Raises:
        MessageInvalid: It is none.
    """
    seconds, step, status, has_graph = 0.0, 0, 0, False
    values: list[Value] = []
    for number, value in fields(message):
        if number == 1:
            seconds = double_of(value)
        elif number == 2:
            step = signed(value)
        elif number == 5:
            values += [
                _value_of(bytes_of(part)) for field, part in fields(bytes_of(value)) if field == 1
            ]
        elif number == 7:
            status = signed(message_of(value).get(1, 0))
        elif number in _GRAPHS:
            has_graph = True
    return Event(nanoseconds(seconds), step, values, status, has_graph)


def _value_of(message: bytes) -> Value:
    tag, plugin, content, kind = "", "", b"", 0
    found: int | bytes = b""
    for number, value in fields(message):
        if number == 1:
            tag = text_of(value)
        elif number == 9:
            data = message_of(message_of(value).get(1, b""))
            plugin, content = text_of(data.get(1, b"")), bytes_of(data.get(2, b""))
        elif number in (2, 4, 5, 6, 8):
            kind, found = number, value
    return Value(tag, plugin, content, kind, found)


def number_of(tensor: bytes) -> float | int | None:
    """Return the only number of a TensorProto; None if it has another shape or none.

    Raises:
        MessageInvalid: It is no tensor.
    """
    found = dict(fields(tensor))
    if not found.get(2) and len(found) <= _FIELDS_OF_ONE:  # as almost all are: without an array
        if found.get(1) == _FLOAT and (value := found.get(5, found.get(4))) is not None:
            return float_of(value)
        if found.get(1) == _DOUBLE and (value := found.get(6, found.get(4))) is not None:
            return double_of(value)
    array = array_of(tensor)
    if array is None or array.size != 1:
        return None
    number: float | int = array.reshape(())[()].item()
    return number


def array_of(tensor: bytes) -> np.ndarray[Any, Any] | None:
    """Return the numbers of a TensorProto in its shape; None if these are no numbers.

    Raises:
        MessageInvalid: It is no tensor.
    """
    kind, shape, content = 0, [], b""
    numbers: list[float | int] = []
    for field, value in fields(tensor):
        if field == 1:
            kind = signed(value)
        elif field == 2:
            shape = _shape_of(bytes_of(value))
        elif field == 4:
            content = bytes_of(value)
        elif field in _PACKED:
            numbers += _packed(bytes_of(value), _PACKED[field])
        elif field in _INTEGERS:
            numbers += [signed(value)] if isinstance(value, int) else varints(value)
    if kind not in _TYPES:
        return None
    try:
        return _filled(_numbers(kind, content, numbers), shape)
    except (ValueError, OverflowError) as error:
        raise MessageInvalid(str(error)) from error


def _numbers(kind: int, content: bytes, numbers: list[float | int]) -> np.ndarray[Any, Any]:
    """Return the numbers of a tensor, in a row: its *content*, or those written one by one.

    Raises:
        ValueError: The content is cut off.
        OverflowError: A number is none of this type.
    """
    type_ = _TYPES[kind]
    if kind in (_HALF, _BFLOAT16) and not content:
        array = np.array(numbers, "<u2").view(type_)  # their bits are written, as integers
    elif kind == _UINT64 and not content:
        array = np.array(numbers, "<i8").view(type_)
    else:
        array = np.frombuffer(content, type_) if content else np.array(numbers, type_)
    return (array.astype("<u4") << 16).view("<f4") if kind == _BFLOAT16 else array


def _filled(array: np.ndarray[Any, Any], shape: list[int]) -> np.ndarray[Any, Any]:
    """Return *array* in its *shape*, with what was not written.

    Raises:
        ValueError: It is none of this shape.
    """
    size = math.prod(shape)
    if size > _NUMBERS_MAX:
        raise ValueError(f"a tensor of {size} numbers")
    if not len(array) and size:
        array = np.zeros(size, array.dtype)  # what is zero is not written
    elif len(array) < size:
        array = np.concatenate([array, np.full(size - len(array), array[-1])])  # nor what repeats
    return array.reshape(shape)


def strings_of(tensor: bytes) -> list[bytes]:
    """Return the texts of a TensorProto, none if it has none.

    Raises:
        MessageInvalid: It is no tensor.
    """
    return [bytes_of(value) for field, value in fields(tensor) if field == 8]


def image_of(message: bytes) -> bytes:
    """Return the encoded file in a Summary.Image or a Summary.Audio."""
    return bytes_of(message_of(message).get(4, b""))


def histogram_of(message: bytes) -> ByEdges | None:
    """Return the histogram in a HistogramProto; None if it counts nothing.

    Its outermost bins reach to the end of all numbers: they are cut where the values end.

    Raises:
        MessageInvalid: It is none.
    """
    found: dict[int, Any] = {6: [], 7: []}
    for number, value in fields(message):
        if number in (6, 7):
            found[number] += _packed(bytes_of(value), "<d")
        else:
            found[number] = double_of(value)
    limits, counts = found[6], found[7]
    low, high = found.get(1, 0.0), found.get(2, 0.0)  # what is zero is not written
    lefts = [low, *limits[:-1]]
    rows = [
        (max(left, low), min(right, high), count)
        for left, right, count in zip(lefts, limits, counts, strict=False)
        if count
    ]
    return bins(rows)


def bins(rows: list[tuple[float, float, float]]) -> ByEdges | None:
    """Return bins, each with its bounds and its count, side by side; None if there are none.

    Between two that do not touch an empty one is put in. A bin without width holds one value, so it
    ends at the next number.

    Raises:
        MessageInvalid: A bound or a count is not finite.
    """
    edges: list[float] = []
    counts: list[int] = []
    for left, right, count in sorted(rows):
        if not (math.isfinite(left) and math.isfinite(right) and math.isfinite(count)):
            raise MessageInvalid("a bin that is not finite")
        left = max(left, edges[-1]) if edges else left
        right = max(right, math.nextafter(left, math.inf))
        if not edges:
            edges.append(left)
        elif left > edges[-1]:
            edges.append(left)
            counts.append(0)
        edges.append(right)
        counts.append(round(count))
    return ByEdges(edges, counts) if counts else None


def hparams_of(content: bytes) -> dict[str, object] | None:
    """Return the parameters of a session that begins; None for any other message.

    Raises:
        MessageInvalid: It is none of the plugin.
    """
    session = message_of(content).get(3)
    if session is None:
        return None
    entries = [message_of(value) for number, value in fields(bytes_of(session)) if number == 1]
    return {text_of(entry.get(1, b"")): _plain(message_of(entry.get(2, b""))) for entry in entries}


def session_end_of(content: bytes) -> int | None:
    """Return how a session ended: 1 well, 2 it failed, 3 it runs; None for any other message.

    Raises:
        MessageInvalid: It is none of the plugin.
    """
    session = message_of(content).get(4)
    return None if session is None else signed(message_of(session).get(1, 0))


def _plain(value: Mapping[int, int | bytes]) -> object:
    """Return a google.protobuf.Value as Python has it."""
    if 2 in value:
        number = double_of(value[2])
        is_whole = number.is_integer() and abs(number) < 2**53
        return int(number) if is_whole else number  # the format has no integers
    if 3 in value:
        return text_of(value[3])
    return bool(value[4]) if 4 in value else None


def _shape_of(message: bytes) -> list[int]:
    sizes = [signed(message_of(part).get(1, 0)) for number, part in fields(message) if number == 2]
    if any(size < 0 for size in sizes):
        raise MessageInvalid("a shape without a size")
    return sizes


def _packed(packed: bytes, kind: str) -> list[float]:
    """Return the numbers of a packed list, or the one of a list that is not packed."""
    try:
        return [number for (number,) in struct.iter_unpack(kind, packed)]
    except struct.error as error:
        raise MessageInvalid(str(error)) from error
