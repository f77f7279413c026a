"""Orders: rows sorted by several keys, and where in that order a page goes on.

Ascending: false, true, numbers, NaN, texts, lists. Descending is the reverse, but NaN stays behind
the numbers. A run that has nothing in the key comes last either way. Between equals the newest
run comes first, and then the one with the greater id: the order is total, and a page can go on
behind a run that has changed or gone meanwhile.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from mltrack_core.records import ParamScalar
from mltrack_core.records import ParamValue
from mltrack_server.query.cells import BOOLEAN
from mltrack_server.query.cells import LIST
from mltrack_server.query.cells import NUMBER
from mltrack_server.query.cells import TEXT
from mltrack_server.query.cells import Cells

_LAST: Final = 9
_CURSOR_TEXT_MAX: Final = 300  # characters of a value in a cursor

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Level:
    """One column to sort by."""

    cells: Cells
    is_descending: bool


class Place(msgspec.Struct, frozen=True, array_like=True):
    """Where the last run of a page stood: its values in the keys, its start, its id."""

    order: str  # as written: a cursor belongs to one order
    values: list[ParamScalar | list[ParamScalar]]
    started_ns: int
    uid: str
    is_cut: bool = False  # a value was too long to be carried; the run itself still has it


def arrange(levels: Sequence[Level], rows: Rows) -> Rows:
    """Return *rows* sorted by *levels*; equal ones stay in the order in which they are given."""
    if not levels or not len(rows):
        return rows
    keys: list[npt.NDArray[Any]] = []
    for level in reversed(levels):
        keys += _sort_keys(level, rows)
    order = np.argsort(keys[0], kind="stable") if len(keys) == 1 else np.lexsort(keys)
    return rows[order]


def follows(
    levels: Sequence[Level], rows: Rows, place: Place, started: npt.NDArray[np.int64], uids: Any
) -> int:
    """Return how many of the sorted *rows* stand at or before *place*."""
    uid = place.uid.encode()
    wanted = [_cell(level, value) for level, value in zip(levels, place.values, strict=True)]

    def is_behind(row: int) -> bool:
        for level, theirs in zip(levels, wanted, strict=True):
            mine = _cell(level, level.cells.value(row))
            if mine != theirs:
                return _is_behind(mine, theirs, level.is_descending)
        mine_started = int(started[row])
        if mine_started != place.started_ns:
            return mine_started < place.started_ns
        return bool(uids[row] < uid)

    low, high = 0, len(rows)
    while low < high:
        middle = (low + high) // 2
        if is_behind(int(rows[middle])):
            high = middle
        else:
            low = middle + 1
    return low


def pack(place: Place) -> str:
    """Return *place* as a cursor."""
    return base64.urlsafe_b64encode(msgspec.msgpack.encode(place)).decode().rstrip("=")


def unpack(cursor: str, order: str, levels: int) -> Place:
    """Return the place that a cursor of *order*, with so many *levels*, stands for.

    Raises:
        ValueError: It is none.
    """
    try:
        packed = base64.urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
        place = msgspec.msgpack.decode(packed, type=Place)
    except (ValueError, msgspec.MsgspecError) as error:
        raise ValueError(f"cursor={cursor[:80]!r} is none") from error
    if place.order != order or len(place.values) != levels:
        raise ValueError(f"cursor={cursor[:80]!r} is of another order: {place.order[:80]!r}")
    return place


def place_of(order: str, levels: Sequence[Level], row: int, started_ns: int, uid: str) -> Place:
    """Return where *row* stands."""
    values = [level.cells.value(row) for level in levels]
    is_cut = any(_is_long(value) for value in values)
    kept = [None if _is_long(value) else value for value in values]
    return Place(order, kept, started_ns, uid, is_cut)


def _is_long(value: ParamValue) -> bool:
    return isinstance(value, str | list) and len(str(value)) > _CURSOR_TEXT_MAX


def _sort_keys(level: Level, rows: Rows) -> list[npt.NDArray[Any]]:
    """Return the arrays that lexsort takes for one level, the weightiest last."""
    kinds = level.cells.kinds[rows]
    numbers = level.cells.numbers[rows]
    ranks = _RANKS[level.is_descending][kinds]
    is_number = kinds == NUMBER
    keys: list[npt.NDArray[Any]] = []
    if level.cells.codes is not None and ((kinds == TEXT) | (kinds == LIST)).any():
        places = _places(level.cells)[level.cells.codes[rows]]
        keys.append(-places if level.is_descending else places)
    if level.cells.exact:
        keys += _exact_key(level, rows)
    if numbers.dtype.kind == "f":
        is_nan = is_number & np.isnan(numbers)
        if is_nan.any():
            ranks = np.where(is_nan, _NAN_RANK[level.is_descending], ranks)
        is_plain = is_number & ~is_nan
    else:
        is_plain = is_number
    if is_plain.any() or (kinds == BOOLEAN).any():
        plain = np.where(is_plain | (kinds == BOOLEAN), numbers, 0)
        keys.append(-plain if level.is_descending else plain)
    if len(ranks) and (ranks != ranks[0]).any():
        keys.append(ranks)
    return keys or [ranks]


def _exact_key(level: Level, rows: Rows) -> list[npt.NDArray[Any]]:
    """Return what tells integers apart whose doubles are equal."""
    rest = np.zeros(len(level.cells), np.int64)
    for row, exact in level.cells.exact.items():
        rest[row] = exact - int(float(exact))
    chosen = rest[rows]
    return [-chosen if level.is_descending else chosen]


def _places(cells: Cells) -> npt.NDArray[np.int64]:
    """Return for each code its place among the sorted values."""
    order = sorted(range(len(cells.values)), key=lambda code: _text_key(cells.values[code]))
    places = np.zeros(len(order) + 1, np.int64)
    previous, place = None, -1
    for code in order:
        key = _text_key(cells.values[code])
        place += key != previous
        places[code] = place
        previous = key
    return places


def _text_key(value: object) -> str:
    return value if isinstance(value, str) else str(list(value))  # type: ignore[call-overload]


# Ranks of kinds: missing, null, boolean, number, text, list.
_RANKS: Final = (
    np.array([_LAST, _LAST, 0, 1, 3, 4], np.int8),
    np.array([_LAST, _LAST, 4, 2, 1, 0], np.int8),
)
_NAN_RANK: Final = (np.int8(2), np.int8(3))


def _cell(level: Level, value: ParamValue) -> tuple[int, Any]:
    """Return the rank of *value* within the level, and what it is compared by within the rank."""
    descending = level.is_descending
    match value:
        case None:
            return _LAST, 0
        case bool():
            return int(_RANKS[descending][BOOLEAN]), int(value)
        case float() if math.isnan(value):
            return int(_NAN_RANK[descending]), 0
        case int() | float():
            return int(_RANKS[descending][NUMBER]), value
        case str():
            return int(_RANKS[descending][TEXT]), value
        case _:
            return int(_RANKS[descending][LIST]), _text_key(value)


def _is_behind(mine: tuple[int, Any], theirs: tuple[int, Any], is_descending: bool) -> bool:
    """Tell whether *mine* comes after *theirs*, which differs."""
    if mine[0] != theirs[0]:
        return mine[0] > theirs[0]
    return bool(mine[1] < theirs[1] if is_descending else mine[1] > theirs[1])
