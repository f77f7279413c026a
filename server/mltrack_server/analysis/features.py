"""Features: parameters of runs as small codes, which is all that trees look at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from mltrack_server.query.cells import BOOLEAN
from mltrack_server.query.cells import NUMBER
from mltrack_server.query.cells import Cells
from mltrack_server.query.groups import identities
from mltrack_server.query.order import Rows

BINS: Final = 16  # codes of one feature; 0 is a value that is missing, or not a number

Codes = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Feature:
    """One parameter of some runs."""

    codes: Codes  # for each run, below BINS
    is_ordered: bool  # numbers, false and true; what is not are kinds, told apart only
    numbers: Floats  # of what is ordered; NaN where the run has none
    distinct: int  # values, one that is missing not counted


def feature(cells: Cells, rows: Rows) -> Feature | None:
    """Return the column as a feature of the runs in *rows*; None where it tells none of them apart.

    A text that differs from run to run, a path for instance, tells nothing of others.
    """
    kinds = cells.kinds[rows]
    numbers = cells.numbers[rows].astype(np.float64)
    is_number = (kinds == NUMBER) | (kinds == BOOLEAN)
    is_there = kinds >= BOOLEAN
    numbers[~is_number] = np.nan
    same = identities(cells, rows)
    if len(np.unique(same)) < 2:
        return None
    distinct = len(np.unique(same[is_there]))
    if bool(is_number[is_there].all()):
        return Feature(_ordered(numbers), True, numbers, distinct)
    if distinct > BINS and 2 * distinct > len(rows):
        return None
    return Feature(_kinds(same, is_there), False, numbers, distinct)


def _ordered(numbers: Floats) -> Codes:
    """Return codes that grow with the numbers, about as many runs in each where there are many."""
    codes = np.zeros(len(numbers), np.uint8)
    known = ~np.isnan(numbers)
    values, places = np.unique(numbers[known], return_inverse=True)
    if len(values) >= BINS:
        ranks = np.searchsorted(np.sort(numbers[known]), values)
        places = (ranks * (BINS - 1) // max(1, int(known.sum())))[places]
    codes[known] = 1 + places
    return codes


def _kinds(same: npt.NDArray[np.int64], is_there: npt.NDArray[np.bool_]) -> Codes:
    """Return a code for each of the most frequent kinds, and one for all others."""
    codes = np.zeros(len(same), np.uint8)
    _, places, sizes = np.unique(same[is_there], return_inverse=True, return_counts=True)
    rank = np.empty(len(sizes), np.int64)
    rank[np.argsort(-sizes, kind="stable")] = np.arange(len(sizes))
    codes[is_there] = 1 + np.minimum(rank[places], BINS - 2)
    return codes
