"""Masks: which rows of a table a query's tree holds for."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final
from typing import Protocol

import numpy as np

from mltrack_server.query.cells import BOOLEAN
from mltrack_server.query.cells import LIST
from mltrack_server.query.cells import NULL
from mltrack_server.query.cells import NUMBER
from mltrack_server.query.cells import Cells
from mltrack_server.query.cells import Distinct
from mltrack_server.query.cells import Mask
from mltrack_server.query.tree import Ago
from mltrack_server.query.tree import And
from mltrack_server.query.tree import Compare
from mltrack_server.query.tree import Duration
from mltrack_server.query.tree import Exists
from mltrack_server.query.tree import Has
from mltrack_server.query.tree import In
from mltrack_server.query.tree import Key
from mltrack_server.query.tree import Moment
from mltrack_server.query.tree import Node
from mltrack_server.query.tree import Not
from mltrack_server.query.tree import Operator
from mltrack_server.query.tree import Or
from mltrack_server.query.tree import Value
from mltrack_server.query.tree import Words

_NS: Final = 1_000_000  # in a millisecond
SEARCHED: Final = tuple(Key("attribute", name) for name in ("name", "tags", "notes"))

_ORDER: Final[dict[Operator, Callable[[object, object], bool]]] = {
    "<": lambda left, right: left < right,  # type: ignore[operator]
    "<=": lambda left, right: left <= right,  # type: ignore[operator]
    ">": lambda left, right: left > right,  # type: ignore[operator]
    ">=": lambda left, right: left >= right,  # type: ignore[operator]
}


class Frame(Protocol):
    """A table of runs at one moment."""

    @property
    def length(self) -> int:
        """How many rows it has."""

    @property
    def now_ns(self) -> int:
        """What time it is."""

    def cells(self, key: Key) -> Cells:
        """Return a column; not to be changed."""


def holds(node: Node, frame: Frame) -> Mask:
    """Return for which rows of *frame* the query holds; the result is the caller's."""
    match node:
        case And(terms):
            found = np.ones(frame.length, np.bool_)
            for term in terms:
                found &= holds(term, frame)
            return found
        case Or(terms):
            found = np.zeros(frame.length, np.bool_)
            for term in terms:
                found |= holds(term, frame)
            return found
        case Not(term):
            inverted: Mask = ~holds(term, frame)
            return inverted
        case Compare(key, operator, value):
            return _compare(frame.cells(key), operator, value, frame.now_ns)
        case In(key, values, is_negated):
            return _in(frame.cells(key), values, is_negated, frame.now_ns)
        case Has(key, value):
            return _has(frame.cells(key), value)
        case Exists(key):
            return _present(frame.cells(key))
        case Words(text):
            found = np.zeros(frame.length, np.bool_)
            for key in SEARCHED:
                found |= _contains(frame.cells(key), text)
            return found


def _present(cells: Cells) -> Mask:
    """Return which rows have a value that is not null."""
    present: Mask = cells.kinds > NULL
    return present


def _compare(cells: Cells, operator: Operator, value: Value, now_ns: int) -> Mask:
    """Return which rows compare as said."""
    if operator == "!=":
        return _present(cells) & ~_compare(cells, "=", value, now_ns)
    if operator == "~":
        assert isinstance(value, str)
        return _contains(cells, value)
    match value:
        case None:
            null: Mask = cells.kinds <= NULL
            return null
        case bool():
            flags: Mask = (cells.kinds == BOOLEAN) & (cells.numbers == value)
            return flags
        case str():
            return _compare_text(cells, operator, value)
        case int() | float():
            return _compare_number(cells, operator, value)
        case Duration(ms):
            return _is_number(cells) & _compared(cells.numbers, operator, ms * _NS)
        case Ago(ms):
            return _is_number(cells) & _compared(cells.numbers, operator, now_ns + ms * _NS)
        case Moment():
            return _compare_moment(cells, operator, value)


def _is_number(cells: Cells) -> Mask:
    numeric: Mask = cells.kinds == NUMBER
    return numeric


def _compared(numbers: np.typing.NDArray[np.generic], operator: Operator, value: object) -> Mask:
    """Return which of *numbers* compare as said; NaN does in no way."""
    found: object = numbers == value if operator == "=" else _ORDER[operator](numbers, value)
    return np.asarray(found, np.bool_)


def _compare_number(cells: Cells, operator: Operator, value: int | float) -> Mask:
    """Return which rows hold a number that compares as said, exactly."""
    numeric = _is_number(cells)
    if isinstance(value, float) and math.isnan(value):
        # As people mean it: NaN is found by "= nan", and has no order.
        return numeric & np.isnan(cells.numbers) if operator == "=" else np.zeros_like(numeric)
    near = float(value)
    if near == value:
        found = numeric & _compared(cells.numbers, operator, near)
    elif operator == "=":
        found = np.zeros_like(numeric)  # no double is equal to it
    else:
        # The nearest double lies beside the integer, and none between the two.
        is_below = operator in ("<", "<=")
        strict: Operator = "<" if is_below else ">"
        loose: Operator = "<=" if is_below else ">="
        found = numeric & _compared(
            cells.numbers, strict if (near > value) == is_below else loose, near
        )
    for row, exact in cells.exact.items():
        found[row] = exact == value if operator == "=" else _ORDER[operator](exact, value)
    return found


def _compare_text(cells: Cells, operator: Operator, text: str) -> Mask:
    """Return which rows hold a text that compares as said, by its characters' numbers."""
    if operator == "=":
        code = cells.code_of(text)
        if code is None or cells.codes is None:
            return np.zeros(len(cells), np.bool_)
        equal: Mask = cells.codes == code
        return equal
    test = _ORDER[operator]
    return cells.where(isinstance(value, str) and test(value, text) for value in cells.values)


def _compare_moment(cells: Cells, operator: Operator, value: Moment) -> Mask:
    """Return which rows hold a time that lies so to a stretch of time: a day is all its hours."""
    start, end = value.start_ms * _NS, (value.start_ms + value.length_ms) * _NS
    match operator:
        case "<" | ">=":
            found = _compared(cells.numbers, operator, start)
        case "<=":
            found = _compared(cells.numbers, "<", end)
        case ">":
            found = _compared(cells.numbers, ">=", end)
        case _:
            found = _compared(cells.numbers, ">=", start) & _compared(cells.numbers, "<", end)
    return _is_number(cells) & found


def _in(cells: Cells, values: tuple[Value, ...], is_negated: bool, now_ns: int) -> Mask:
    """Return which rows hold one of *values*; negated: hold something, and none of them."""
    found = np.zeros(len(cells), np.bool_)
    texts = {value for value in values if isinstance(value, str)}
    if texts:
        found |= cells.where(isinstance(v, str) and v in texts for v in cells.values)
    for value in values:
        if not isinstance(value, str):
            found |= _compare(cells, "=", value, now_ns)
    return _present(cells) & ~found if is_negated else found


def _contains(cells: Cells, text: str) -> Mask:
    """Return which rows hold *text* within a text, whatever the case."""
    wanted = text.casefold()
    return cells.where(f is not None and wanted in f for f in cells.folded())


def _has(cells: Cells, value: Value) -> Mask:
    """Return which rows hold a list with *value* in it."""
    found = cells.where(_is_in(value, each) for each in cells.values)
    found &= cells.kinds == LIST
    return found


def _is_in(value: Value, distinct: Distinct) -> bool:
    if isinstance(distinct, str):
        return False
    is_nan = isinstance(value, float) and math.isnan(value)
    for item in distinct:
        if is_nan and isinstance(item, float) and math.isnan(item):
            return True
        # True is 1 to Python, and not to people.
        if item == value and isinstance(item, bool) == isinstance(value, bool):
            return True
    return False
