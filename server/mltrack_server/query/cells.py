"""Columns: one value of each run, of any type, in numpy arrays."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Sequence
from typing import Any
from typing import Final

import numpy as np
import numpy.typing as npt

from mltrack_core.records import ParamValue

MISSING: Final = 0
NULL: Final = 1
BOOLEAN: Final = 2
NUMBER: Final = 3
TEXT: Final = 4
LIST: Final = 5

EXACT_MAX: Final = 1 << 53  # integers up to here are exact as doubles
_NONE: Final = -1  # the code of what is neither text nor list

Mask = npt.NDArray[np.bool_]
Distinct = str | tuple[Any, ...]


class Cells:
    """A column: what each run has in one key, in the order of the table's rows.

    Numbers are doubles, with integers that no double holds beside them; texts and lists are codes
    of a dictionary, so a test of them costs the distinct ones.

    Args:
        length: Rows; all of them are missing at first.
        dtype: Of the numbers; int64 for times and durations, which are nanoseconds.
    """

    def __init__(self, length: int, dtype: npt.DTypeLike = np.float64) -> None:
        self.kinds = np.zeros(length, np.uint8)
        self.numbers: npt.NDArray[Any] = np.zeros(length, dtype)
        self.exact: dict[int, int] = {}  # row → integer that its number only approximates
        self.codes: npt.NDArray[np.int32] | None = None
        self.values: list[Distinct] = []
        self._code_of: dict[object, int] = {}
        self._folded: list[str | None] = []

    def __len__(self) -> int:
        return len(self.kinds)

    @property
    def nbytes(self) -> int:
        """About how much memory it takes."""
        codes = 0 if self.codes is None else self.codes.nbytes
        texts = sum(map(len, self.values)) + 150 * len(self.values)
        return self.kinds.nbytes + self.numbers.nbytes + codes + texts

    def grow(self, length: int) -> None:
        """Have *length* rows, the new ones missing."""
        more = length - len(self)
        if more <= 0:
            return
        self.kinds = np.concatenate([self.kinds, np.zeros(more, np.uint8)])
        self.numbers = np.concatenate([self.numbers, np.zeros(more, self.numbers.dtype)])
        if self.codes is not None:
            self.codes = np.concatenate([self.codes, np.full(more, _NONE, np.int32)])

    def clear(self, rows: npt.NDArray[np.int64]) -> None:
        """Make *rows* missing."""
        self.kinds[rows] = MISSING
        if self.codes is not None:
            self.codes[rows] = _NONE
        if self.exact:
            for row in rows.tolist():
                self.exact.pop(row, None)

    def put(self, rows: npt.NDArray[np.int64], values: Sequence[ParamValue]) -> None:
        """Write one value into each of *rows*, which are missing before."""
        types = set(map(type, values))
        if types <= {int, float}:
            self._put_numbers(rows, values)  # type: ignore[arg-type]
        elif types == {str}:
            self._put_texts(rows, values)  # type: ignore[arg-type]
        else:
            for row, value in zip(rows.tolist(), values, strict=True):
                self._put_one(row, value)

    def _put_numbers(self, rows: npt.NDArray[np.int64], values: Sequence[float]) -> None:
        numbers = np.array(values, np.float64)
        self.put_numbers(rows, numbers)
        for at in np.flatnonzero(np.abs(numbers) >= EXACT_MAX).tolist():
            self._put_one(int(rows[at]), values[at])

    def _put_texts(self, rows: npt.NDArray[np.int64], values: Sequence[str]) -> None:
        codes = self._codes()
        for value in dict.fromkeys(values):
            if value not in self._code_of:
                self._code_of[value] = len(self.values)
                self.values.append(value)
        codes[rows] = np.fromiter(map(self._code_of.__getitem__, values), np.int32, len(values))
        self.kinds[rows] = TEXT

    def _put_one(self, row: int, value: ParamValue) -> None:
        kinds, numbers = self.kinds, self.numbers
        if value is None:
            kinds[row] = NULL
        elif isinstance(value, bool):
            kinds[row], numbers[row] = BOOLEAN, value
        elif isinstance(value, float):
            kinds[row], numbers[row] = NUMBER, value
        elif isinstance(value, int):
            kinds[row], numbers[row] = NUMBER, value
            if not -EXACT_MAX <= value <= EXACT_MAX:
                self.exact[row] = value
        else:
            kinds[row] = TEXT if isinstance(value, str) else LIST
            self._put_code(row, value if isinstance(value, str) else tuple(value))

    def put_numbers(self, rows: npt.NDArray[np.int64], numbers: npt.NDArray[Any]) -> None:
        """Write one number into each of *rows*."""
        self.kinds[rows] = NUMBER
        self.numbers[rows] = numbers

    def set_codes(self, codes: npt.NDArray[np.int32], values: Sequence[str]) -> None:
        """Let every row hold the text that its code is the place of in *values*."""
        self.codes, self.values = codes, list(values)
        self._code_of = {value: code for code, value in enumerate(values)}

    def value(self, row: int) -> ParamValue:
        """Return what is in *row*; None if it is missing too."""
        kind = self.kinds[row]
        if kind == NUMBER:
            exact = self.exact.get(row)
            number: float | int = self.numbers[row].item()
            return number if exact is None else exact
        if kind == BOOLEAN:
            return bool(self.numbers[row])
        if kind in (TEXT, LIST):
            assert self.codes is not None
            found = self.values[self.codes[row]]
            return found if isinstance(found, str) else list(found)
        return None

    def code_of(self, text: str) -> int | None:
        """Return the code of *text*; None where no run has it."""
        return self._code_of.get(text)

    def folded(self) -> list[str | None]:
        """Return the distinct values with case removed; of a list its texts, NUL between them.

        None is a list without texts.
        """
        for value in self.values[len(self._folded) :]:
            texts = [value] if isinstance(value, str) else [v for v in value if isinstance(v, str)]
            self._folded.append("\0".join(texts).casefold() if texts else None)
        return self._folded

    def where(self, is_wanted: Iterable[bool]) -> Mask:
        """Return which rows hold one of the distinct values that *is_wanted* says yes to."""
        if self.codes is None:
            return np.zeros(len(self), np.bool_)
        by_code = np.zeros(len(self.values) + 1, np.bool_)  # the last one: of `_NONE`
        by_code[:-1] = np.fromiter(is_wanted, np.bool_, len(self.values))
        found: Mask = by_code[self.codes]
        return found

    def is_bloated(self) -> bool:
        """Tell whether most of the dictionary is of values that no run has any more."""
        return len(self.values) > 2 * len(self) + 1000

    def _put_code(self, row: int, value: Distinct) -> None:
        codes = self._codes()
        # Not the value alone: (1,) and (True,) are equal to Python.
        key: object = value if isinstance(value, str) else tuple((type(v), v) for v in value)
        code = self._code_of.get(key)
        if code is None:
            code = self._code_of[key] = len(self.values)
            self.values.append(value)
        codes[row] = code

    def _codes(self) -> npt.NDArray[np.int32]:
        if self.codes is None:
            self.codes = np.full(len(self), _NONE, np.int32)
        return self.codes
