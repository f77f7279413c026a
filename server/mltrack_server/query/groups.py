"""Groups: rows that are equal in some columns, and what other columns amount to in each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mltrack_server.query.cells import BOOLEAN
from mltrack_server.query.cells import NULL
from mltrack_server.query.cells import NUMBER
from mltrack_server.query.cells import Cells
from mltrack_server.query.order import Rows


@dataclass(frozen=True, slots=True)
class Groups:
    """Which group each row is in, the largest group first."""

    of: npt.NDArray[np.int64]  # for each row
    first: Rows  # one row of each group
    sizes: npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Amount:
    """What the finite numbers of a column amount to in one group."""

    count: int
    mean: float | None
    sd: float | None
    low: float | None
    high: float | None


def group(columns: Sequence[Cells], rows: Rows) -> Groups:
    """Put *rows* that are equal in all *columns* into one group; those that lack a value are so."""
    codes = np.zeros(len(rows), np.int64)
    for cells in columns:
        mine = identities(cells, rows)
        codes = codes * (int(mine.max(initial=0)) + 1) + mine
        codes = np.unique(codes, return_inverse=True)[1]  # so that products never overflow
    _, first, of, sizes = np.unique(
        codes, return_index=True, return_inverse=True, return_counts=True
    )
    # The largest first; of equals the one with the newest run, as rows are given.
    order = np.lexsort((first, -sizes))
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    return Groups(place[of], rows[first[order]], sizes[order])


def identities(cells: Cells, rows: Rows) -> npt.NDArray[np.int64]:
    """Return for each row a number that is equal exactly where the values are."""
    kinds = cells.kinds[rows].astype(np.int64)
    kinds[kinds <= NULL] = 0
    numbers = cells.numbers[rows]
    is_number = (kinds == NUMBER) | (kinds == BOOLEAN)
    content = np.zeros(len(rows), np.int64)
    if is_number.any():
        content[is_number] = np.unique(numbers[is_number], return_inverse=True)[1]
    if cells.codes is not None:
        is_coded = kinds > NUMBER
        content[is_coded] = cells.codes[rows][is_coded]
    found: npt.NDArray[np.int64] = np.unique(content * 8 + kinds, return_inverse=True)[1]
    if cells.exact:
        texts = [
            str(cells.exact.get(row, code))
            for row, code in zip(rows.tolist(), found.tolist(), strict=True)
        ]
        found = np.unique(np.array(texts), return_inverse=True)[1]
    return found


def amounts(cells: Cells, rows: Rows, groups: Groups) -> list[Amount]:
    """Return what the finite numbers of a column amount to in each group."""
    count = len(groups.sizes)
    numbers: npt.NDArray[Any] = cells.numbers[rows].astype(np.float64)
    chosen = (cells.kinds[rows] == NUMBER) & np.isfinite(numbers)
    numbers, of = numbers[chosen], groups.of[chosen]
    counts = np.bincount(of, minlength=count)
    low, high = np.full(count, np.inf), np.full(count, -np.inf)
    np.minimum.at(low, of, numbers)
    np.maximum.at(high, of, numbers)
    with np.errstate(all="ignore"):
        means = np.bincount(of, numbers, minlength=count) / counts
        # Around the mean: the difference of two large sums would lose what is small.
        squares = np.bincount(of, (numbers - means[of]) ** 2, minlength=count)
        deviations = np.sqrt(squares / (counts - 1))
    return [
        Amount(
            count=int(counts[place]),
            mean=_finite(means[place]),
            sd=_finite(deviations[place]) if counts[place] > 1 else None,
            low=_finite(low[place]),
            high=_finite(high[place]),
        )
        for place in range(count)
    ]


def _finite(number: float) -> float | None:
    """Return *number*; None if there is none, or it is beyond what doubles hold."""
    return float(number) if np.isfinite(number) else None
