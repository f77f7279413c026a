"""Filling columns of the run table with what the store has."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import compress
from itertools import repeat

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection

from mltrack_server.query.cells import Cells
from mltrack_server.query.cells import Mask
from mltrack_server.query.keys import more_is_better
from mltrack_server.query.tree import Statistic
from mltrack_server.store.search import loading
from mltrack_server.store.search.loading import Amounts
from mltrack_server.store.search.loading import Scope

Ints = npt.NDArray[np.int64]
Columns = dict[Statistic, Cells]
RowOf = Mapping[int, int]  # run → row


@dataclass(frozen=True, slots=True)
class ColumnKey:
    """What one read loads: a key, or all that is kept of a metric."""

    place: str
    name: str


@dataclass(frozen=True, slots=True)
class Draft:
    """Columns that are being loaded while others go on using the table that they are for."""

    project: str | None
    rev: int  # of the table when this was begun: what has changed since is read again
    row_of: dict[int, int]
    columns: dict[ColumnKey, Columns]

    def load(self, connection: Connection) -> None:
        """Read the columns."""
        fill(connection, Scope(self.project), self.columns, self.row_of)


def empty(wanted: Iterable[ColumnKey], length: int) -> dict[ColumnKey, Columns]:
    """Return columns of *length* rows that are all missing."""
    return {column: _empty(column, length) for column in wanted}


def _empty(column: ColumnKey, length: int) -> Columns:
    if column.place != "metrics":
        return {"last": Cells(length)}
    stored: tuple[Statistic, ...] = ("last", "min", "max", "count", "nonfinite", "step")
    columns: Columns = {statistic: Cells(length) for statistic in stored}
    columns["best"] = columns["max" if more_is_better(column.name) else "min"]
    return columns


def fill(
    connection: Connection, scope: Scope, columns: Mapping[ColumnKey, Columns], row_of: RowOf
) -> None:
    """Write what the store has of the runs in *scope* into *columns*, where these are empty.

    Runs that have no row, or one behind the columns' end, are left out.
    """
    named = {
        place: [column.name for column in columns if column.place == place]
        for place in ("params", "facts", "metrics", "attribute")
    }
    if named["params"]:
        for name, found in loading.params(connection, scope, named["params"]).items():
            _put(columns[ColumnKey("params", name)], found, row_of)
    for name, found in loading.facts(connection, scope, named["facts"]).items():
        _put(columns[ColumnKey("facts", name)], found, row_of)
    for name, amounts in loading.metrics(connection, scope, named["metrics"]):
        _put_metric(columns[ColumnKey("metrics", name)], amounts, row_of)
    for name in named["attribute"]:
        found = loading.attribute(connection, scope, name)
        _put(columns[ColumnKey("attribute", name)], found, row_of)


def refill(
    connection: Connection, scope: Scope, columns: Mapping[ColumnKey, Columns], row_of: RowOf
) -> None:
    """Read the runs that *scope* names anew in all *columns*."""
    if not scope.rids or not columns:
        return
    rows = np.array([row_of[rid] for rid in scope.rids], np.int64)
    for group in columns.values():
        for cells in group.values():
            cells.clear(rows)
    fill(connection, scope, columns, row_of)


def _put(columns: Columns, found: loading.Found, row_of: RowOf) -> None:
    cells = columns["last"]
    rows, is_here = _rows(found.rids, row_of, len(cells))
    values = found.values if is_here.all() else list(compress(found.values, is_here))
    cells.put(rows[is_here], values)


def _put_metric(columns: Columns, amounts: Sequence[Amounts], row_of: RowOf) -> None:
    rids, lasts, lows, highs, counts, nonfinite, steps, _ = zip(*amounts, strict=True)
    rows, is_here = _rows(rids, row_of, len(columns["last"]))
    values = loading.decoded_all(lasts)
    columns["last"].put(rows[is_here], list(compress(values, is_here)))
    for statistic, extremes in (("min", lows), ("max", highs)):
        numbers = np.array(extremes, np.float64)  # None becomes NaN, which is never stored
        is_known = is_here & ~np.isnan(numbers)
        columns[statistic].put_numbers(rows[is_known], numbers[is_known])  # type: ignore[index]
    for statistic, numbers_of in (("count", counts), ("nonfinite", nonfinite)):
        numbers = np.array(numbers_of, np.float64)
        columns[statistic].put_numbers(rows[is_here], numbers[is_here])  # type: ignore[index]
    columns["step"].put(rows[is_here], list(compress(steps, is_here)))


def _rows(rids: Sequence[int], row_of: RowOf, length: int) -> tuple[Ints, Mask]:
    """Return the row of each run, and whether it has one before *length*."""
    rows = np.fromiter(map(row_of.get, rids, repeat(length)), np.int64, len(rids))
    return rows, rows < length
