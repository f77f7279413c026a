"""The container of binary answers: a JSON header, and arrays that a browser views in place.

`u32 length | header, JSON | zeros to a multiple of 8 | arrays`; the arrays are little-endian and
each begins at a multiple of 8. docs/format/columns.md draws it.
"""

from __future__ import annotations

import struct
from typing import Any
from typing import Final
from typing import TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from mltrack_core.errors import WireInvalid
from mltrack_server.resources import ColumnRef
from mltrack_server.resources import ColumnType

_LENGTH: Final = struct.Struct("<I")
_TYPES: Final[dict[str, ColumnType]] = {"f8": "f8", "i8": "i8", "u4": "u4"}

Header = TypeVar("Header", bound=msgspec.Struct)


class Container:
    """Arrays on their way into one body."""

    def __init__(self) -> None:
        self._arrays: list[bytes] = []
        self._end = 0

    def add(self, array: NDArray[Any]) -> ColumnRef:
        """Append one array of type f8, i8 or u4; return what its header says of it."""
        body = array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes()
        kind = _TYPES[f"{array.dtype.kind}{array.dtype.itemsize}"]
        reference = ColumnRef(offset=self._end, length=len(array), type=kind)
        body += bytes(-len(body) % 8)
        self._arrays.append(body)
        self._end += len(body)
        return reference

    def pack(self, header: msgspec.Struct) -> bytes:
        """Return the whole body."""
        text = msgspec.json.encode(header)
        padding = bytes(-(_LENGTH.size + len(text)) % 8)
        return b"".join([_LENGTH.pack(len(text)), text, padding, *self._arrays])


def unpack(body: bytes, kind: type[Header]) -> tuple[Header, memoryview]:
    """Return the header of a body, and the bytes that its `ColumnRef`s count in.

    Raises:
        WireInvalid: This is no such body.
    """
    try:
        (length,) = _LENGTH.unpack_from(body)
        start = _LENGTH.size + length
        header = msgspec.json.decode(body[_LENGTH.size : start], type=kind)
    except (struct.error, msgspec.DecodeError) as error:
        raise WireInvalid(f"the answer holds no {kind.__name__}: {error}") from error
    return header, memoryview(body)[start + -start % 8 :]


def read_column(reference: ColumnRef, data: memoryview) -> NDArray[Any]:
    """Return one array; its bytes are those of the body.

    Raises:
        WireInvalid: The body ends before it does.
    """
    dtype = np.dtype(f"<{reference.type}")
    try:
        return np.frombuffer(data, dtype, reference.length, reference.offset)
    except ValueError as error:
        raise WireInvalid(f"the answer is cut off: {error}") from error
