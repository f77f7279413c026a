"""Histograms of arrays: what `mltrack.Histogram` makes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mltrack_core.records import ByEdges
from mltrack_core.records import ByExponent
from mltrack_core.records import Histogram


def of(values: object, edges: Sequence[float] | None) -> Histogram:
    """Return the distribution of *values*; see `mltrack.Histogram`."""
    try:
        flat: NDArray[np.float64] = np.asarray(values).ravel().astype(np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"a histogram is of numbers, not of {type(values).__name__}") from error
    return _by_exponent(flat) if edges is None else _by_edges(flat, edges)


def _by_exponent(values: NDArray[np.float64]) -> ByExponent:
    is_finite = np.isfinite(values)
    finite = values[is_finite]
    negative_first, negative = _side(-finite[finite < 0])
    positive_first, positive = _side(finite[finite > 0])
    return ByExponent(
        negative_first,
        negative,
        positive_first,
        positive,
        zeros=int(np.count_nonzero(finite == 0)),
        nans=int(np.count_nonzero(np.isnan(values))),
        negative_infinities=int(np.count_nonzero(values == -np.inf)),
        positive_infinities=int(np.count_nonzero(values == np.inf)),
    )


def _side(magnitudes: NDArray[np.float64]) -> tuple[int, list[int]]:
    """Return the lowest exponent, and the counts from there on."""
    if not magnitudes.size:
        return 0, []
    exponents = np.frexp(magnitudes)[1].astype(np.int64) - 1  # frexp: 0.5 <= mantissa < 1
    first = int(exponents.min())
    return first, np.bincount(exponents - first).tolist()


def _by_edges(values: NDArray[np.float64], edges: Sequence[float]) -> ByEdges:
    bounds: NDArray[np.float64] = np.asarray(edges, np.float64)
    if bounds.ndim != 1 or len(bounds) < 2 or not np.isfinite(bounds).all():
        raise ValueError("edges: give two finite numbers or more")
    if not (np.diff(bounds) > 0).all():
        raise ValueError("edges: each is greater than the one before")
    counts: Any = np.histogram(values[np.isfinite(values)], bounds)[0]
    return ByEdges(
        bounds.tolist(),
        counts.tolist(),
        below=int(np.count_nonzero(values < bounds[0])),
        above=int(np.count_nonzero(values > bounds[-1])),
        nans=int(np.count_nonzero(np.isnan(values))),
    )
