"""Tables."""

from __future__ import annotations

import sys
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any
from typing import Final

import msgspec

from mltrack_core.errors import MediaInvalid
from mltrack_core.limits import MEDIA_CAPTION_CHARACTERS_MAX
from mltrack_core.limits import PARAM_BYTES_MAX
from mltrack_core.limits import TABLE_COLUMNS_MAX
from mltrack_core.limits import TABLE_ROWS_MAX
from mltrack_core.media import formats
from mltrack_core.media.medium import Clean
from mltrack_core.media.medium import Files
from mltrack_core.media.medium import Medium
from mltrack_core.records import MediaItem

Cell = None | bool | int | float | str

_INT_MIN: Final = -(2**63)
_INT_MAX: Final = 2**63 - 1


class Table(Medium):
    """A table to be logged.

        run.log({"val/errors": mltrack.Table(["image", "label"], [["a.png", 3]])}, step=step)

    It is taken as it is now. Making one never raises for what is in it; `log` says what is wrong.

    Args:
        columns: Their names. Or all of it: a data frame of pandas or Polars, or a mapping of names
            to columns.
        rows: One sequence of cells for each row. Numbers (NaN and 64-bit integers are exact), text,
            bool and None are kept as they are, dates and the like as text.
        caption: What to write below it.
    """

    kind = "table"

    def __init__(
        self, columns: object, rows: Iterable[Sequence[object]] | None = None, *, caption: str = ""
    ) -> None:
        super().__init__(caption)
        self._columns: list[str] = []
        self._rows: list[list[Cell]] = []
        with self.taking():
            names, found = _parts(columns, rows)
            self._columns = [str(name)[:MEDIA_CAPTION_CHARACTERS_MAX] for name in names]
            self._rows = [_row(row, len(self._columns)) for row in found]

    def _item(self, files: Files, clean: Clean) -> MediaItem:
        def cleaned(cell: Cell) -> Cell:
            return clean(cell) if isinstance(cell, str) else cell

        body = (
            [clean(name) for name in self._columns],
            [[cleaned(cell) for cell in row] for row in self._rows],
        )
        file = files.add(formats.TABLE, msgspec.msgpack.encode(body))
        return MediaItem("table", file, width=len(self._columns), height=len(self._rows))


def table_of(
    columns: Sequence[str] | None, rows: Iterable[Sequence[object]] | None, frame: object
) -> Table:
    """Return a table from what other trackers' loggers take: columns and rows, or a data frame."""
    return Table(columns, rows or []) if frame is None else Table(frame)


def _parts(
    columns: object, rows: Iterable[Sequence[object]] | None
) -> tuple[list[object], list[Sequence[object]]]:
    """Return the names of columns, and rows.

    Raises:
        MediaInvalid: It is no table, or too long.
    """
    if rows is None:
        names, found = _whole(columns)
    else:
        if isinstance(columns, str) or not isinstance(columns, Iterable):
            raise MediaInvalid("table", "columns= is a list of names")
        names, found = list(columns), list(rows)
    if not names:
        raise MediaInvalid("table", "it has no columns")
    if len(names) > TABLE_COLUMNS_MAX or len(found) > TABLE_ROWS_MAX:
        raise MediaInvalid(
            "table",
            f"{len(found)} rows x {len(names)} columns, "
            f"at most {TABLE_ROWS_MAX} x {TABLE_COLUMNS_MAX} are kept",
        )
    return names, found


def _whole(table: object) -> tuple[list[object], list[Sequence[object]]]:
    """Return the parts of something that is all of a table."""
    frame: Any = table
    for module, read in (("polars", _from_polars), ("pandas", _from_pandas)):
        library = sys.modules.get(module)
        if library is not None and isinstance(table, library.DataFrame):
            if frame.shape[0] > TABLE_ROWS_MAX:
                raise MediaInvalid("table", f"{frame.shape[0]} rows, at most {TABLE_ROWS_MAX}")
            return read(frame)
    if isinstance(table, Mapping):
        held: list[list[object]] = [list(column) for column in table.values()]
        if len({len(column) for column in held}) > 1:
            raise MediaInvalid("table", "its columns are not of one length")
        return list(table), list(zip(*held, strict=True))
    raise MediaInvalid(
        "table",
        "pass names of columns and rows, a data frame of pandas or Polars, or a mapping of names "
        f"to columns, not {type(table).__name__}",
    )


def _from_polars(frame: Any) -> tuple[list[object], list[Sequence[object]]]:
    return list(frame.columns), frame.rows()


def _from_pandas(frame: Any) -> tuple[list[object], list[Sequence[object]]]:
    return list(frame.columns), list(frame.itertuples(index=False, name=None))


def _row(row: Sequence[object], width: int) -> list[Cell]:
    if isinstance(row, str) or len(row) != width:
        raise MediaInvalid("table", f"a row has one cell for each of {width} columns: {row!r:.80}")
    return [_cell(cell) for cell in row]


def _cell(value: object) -> Cell:
    """Return one cell as a record holds it."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        number = int(value)
        return number if _INT_MIN <= number <= _INT_MAX else str(number)
    if isinstance(value, float):
        return float(value)
    if isinstance(value, str):
        return _cut(value)
    item: Callable[[], object] | None = getattr(value, "item", None)
    if item is not None and getattr(value, "ndim", None) == 0:
        plain = item()
        if plain is not value and isinstance(plain, bool | int | float | str):
            return _cell(plain)
    return _cut(str(value))


def _cut(text: str) -> str:
    kept = text[:PARAM_BYTES_MAX].encode("utf-8", "replace").decode()
    return kept if len(text) <= PARAM_BYTES_MAX else f"{kept}…"
