"""Templates: records that differ in nothing but their numbers are decoded all at once.

A training logs the same names step after step, so most Scalars payloads of a batch are equal byte
by byte, except where the numbers stand. A template says where these are: then each series is one
strided view of the payloads, and no object is made of a point.
"""

from __future__ import annotations

from typing import Final
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mltrack_server.columns import Bools
from mltrack_server.columns import Floats
from mltrack_server.columns import Ints

Payloads = NDArray[np.uint8]  # shape (records, bytes of each)

_EXACT_MAX: Final = 1 << 53  # every whole number up to here is a float64
_SMALL_MAX: Final = 0x7F  # a byte up to here is the number itself, one from …
_SMALL_NEGATIVE: Final = 0xE0  # … here on a negative one
_SMALL: Final = "i1"
# msgpack's marks of numbers, and what follows them.
_NUMBERS: Final = {
    0xCA: ">f4",
    0xCB: ">f8",
    0xCC: ">u1",
    0xCD: ">u2",
    0xCE: ">u4",
    0xCF: ">u8",
    0xD0: ">i1",
    0xD1: ">i2",
    0xD2: ">i4",
    0xD3: ">i8",
}


class _Odd(Exception):
    """The payload is not written as a Scalars record usually is."""


class _Number(NamedTuple):
    """Where a number stands in each payload."""

    at: int
    type: str  # NumPy's; "i1" is a byte without a mark before it

    @property
    def end(self) -> int:
        """Where the next thing stands."""
        return self.at + int(self.type[-1])

    def read(self, payloads: Payloads) -> NDArray[np.generic]:
        """Return the number of every payload, as it was written."""
        records, length = payloads.shape
        return np.ndarray((records,), self.type, payloads, self.at, (length,))


class Template(NamedTuple):
    """Where names and numbers stand in the payload of a Scalars record."""

    names: tuple[str, ...]
    axes: tuple[str, ...]
    time_ns: _Number
    step: _Number
    values: tuple[_Number, ...]  # of the names, then of the axes
    is_fixed: Bools  # of each byte: whether it is the same in every record

    def is_alike(self, payloads: Payloads) -> Bools:
        """Tell which of *payloads* differ from the first one in their numbers only."""
        differs = payloads != payloads[0]
        differs &= self.is_fixed
        # Mostly none does, which is told ten times faster than which ones do.
        is_alike: Bools = np.ones(len(payloads), np.bool_)
        if differs.any():
            is_alike = ~differs.any(axis=1)
        for place in (self.time_ns, self.step):
            if place.type == ">u8":
                is_alike &= payloads[:, place.at] <= _SMALL_MAX  # the others pass 2^63
        for place in (self.time_ns, self.step, *self.values):
            if place.type == _SMALL:
                byte = payloads[:, place.at]
                is_alike &= (byte <= _SMALL_MAX) | (byte >= _SMALL_NEGATIVE)
        return is_alike

    def read(self, payloads: Payloads) -> tuple[Ints, Ints, Floats, dict[int, dict[int, int]]]:
        """Return times, steps, values and exact integers of *payloads* that are alike.

        Values have the shape (series, records); the last are by series and record the integers
        that float64 cannot hold.
        """
        time_ns, step = (
            place.read(payloads).astype(np.int64) for place in (self.time_ns, self.step)
        )
        values = np.empty((len(self.values), len(payloads)))
        exact_ints: dict[int, dict[int, int]] = {}
        for row, place in enumerate(self.values):
            found = place.read(payloads)
            values[row] = found
            if place.type in (">u8", ">i8") and row < len(self.names):
                large = np.flatnonzero(np.abs(values[row]) >= _EXACT_MAX).tolist()
                exact = {
                    at: integer
                    for at in large
                    if (integer := int(found[at])) != int(values[row, at])
                }
                if exact:
                    exact_ints[row] = exact
        return time_ns, step, values, exact_ints


def template_of(payload: bytes) -> Template | None:
    """Return the template of a Scalars payload; None if only a decoder makes sense of it."""
    try:
        # An array of time, step, values and perhaps axes.
        if payload[0] not in (0x93, 0x94):
            return None
        time_ns = _number(payload, 1)
        step = _number(payload, time_ns.end)
        if "f" in time_ns.type + step.type:
            return None
        names, numbers, end = _map(payload, step.end)
        axes: tuple[str, ...] = ()
        if payload[0] == 0x94:
            axes, more, end = _map(payload, end)
            numbers += more
    except (IndexError, _Odd, UnicodeDecodeError):
        return None
    if end != len(payload):
        return None
    is_fixed = np.ones(len(payload), np.bool_)
    for place in (time_ns, step, *numbers):
        is_fixed[place.at : place.end] = False
    return Template(names, axes, time_ns, step, numbers, is_fixed)


def _map(payload: bytes, at: int) -> tuple[tuple[str, ...], tuple[_Number, ...], int]:
    """Return the names and numbers of the map at byte *at*, and where it ends."""
    mark = payload[at]
    if mark & 0xF0 == 0x80:
        size, at = mark & 0x0F, at + 1
    elif mark in (0xDE, 0xDF):
        width = 2 if mark == 0xDE else 4
        size, at = int.from_bytes(payload[at + 1 : at + 1 + width], "big"), at + 1 + width
    else:
        raise _Odd
    names: dict[str, _Number] = {}
    for _ in range(size):
        name, at = _text(payload, at)
        names[name] = _number(payload, at)
        at = names[name].end
    if len(names) != size:
        raise _Odd  # one of them twice: the last counts
    return tuple(names), tuple(names.values()), at


def _text(payload: bytes, at: int) -> tuple[str, int]:
    """Return the text at byte *at* and where it ends."""
    mark = payload[at]
    if mark & 0xE0 == 0xA0:
        length, at = mark & 0x1F, at + 1
    elif mark in (0xD9, 0xDA):
        width = mark - 0xD8
        length, at = int.from_bytes(payload[at + 1 : at + 1 + width], "big"), at + 1 + width
    else:
        raise _Odd
    return payload[at : at + length].decode(), at + length


def _number(payload: bytes, at: int) -> _Number:
    """Return the number at byte *at*."""
    mark = payload[at]
    if mark <= _SMALL_MAX or mark >= _SMALL_NEGATIVE:
        return _Number(at, _SMALL)
    if mark not in _NUMBERS:
        raise _Odd
    return _Number(at + 1, _NUMBERS[mark])
