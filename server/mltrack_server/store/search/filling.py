"""Filling columns of the run table with what the store has."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection

from mltrack_server.query.cells import Cells
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
    for name, amounts in loading.metrics(connection, scope, named["metrics"]).items():
        _put_metric(columns[ColumnKey("metrics", name)], amounts, row_of)
    for name in named["attribute"]:
        found = list(loading.attribute(connection, scope, name))
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


def _put(columns: Columns, found: Sequence[loading.Found], row_of: RowOf) -> None:
    cells = columns["last"]
    length = len(cells)
    placed = [(row, value) for rid, value in found if (row := row_of.get(rid, length)) < length]
    if placed:
        cells.put(*zip(*placed, strict=True))


def _put_metric(columns: Columns, amounts: Sequence[Amounts], row_of: RowOf) -> None:
    length = len(columns["last"])
    known = [each for each in amounts if row_of.get(each.rid, length) < length]
    if not known:
        return
    rids, lasts, lows, highs, counts, nonfinite, steps, _ = zip(*known, strict=True)
    rows = np.array([row_of[rid] for rid in rids], np.int64)
    columns["last"].put(rows.tolist(), map(loading.number, lasts))
    for statistic, values in (("min", lows), ("max", highs)):
        numbers = np.array(values, np.float64)  # None becomes NaN, which is never stored
        known_rows = ~np.isnan(numbers)
        columns[statistic].put_numbers(rows[known_rows], numbers[known_rows])  # type: ignore[index]
    columns["count"].put_numbers(rows, np.array(counts, np.float64))
    columns["nonfinite"].put_numbers(rows, np.array(nonfinite, np.float64))
    columns["step"].put(rows.tolist(), steps)
