"""Smoothing: a series as a smooth curve, told from all of its points.

`twema` is an exponential moving average whose weights decay with the distance in x, `gauss` a mean
weighted by a normal distribution around each place, `mean` the plain mean of what is around it. How
far they reach is counted in *spans*: a thousandth of the way from the series' first point to its
last; for `twema` the distance between its points where these are fewer, so that it smooths them at
all. So it depends on the series alone, not on the part of it that is shown, nor on who else is
shown beside it.

Sums are taken over what is near, never as differences of sums over everything: a loss that was 1e30
once does not drown those after it.
"""

from __future__ import annotations

import math
import re
from itertools import pairwise
from typing import Final
from typing import Literal
from typing import NamedTuple
from typing import cast

import numpy as np

from mltrack_server.columns import Floats
from mltrack_server.columns import Ints

Kind = Literal["twema", "gauss", "mean"]

SPANS: Final = 1000
_AMOUNT_MIN: Final = 0.001
_AMOUNT_MAX: Final[dict[Kind, float]] = {"twema": 0.999, "gauss": 100.0, "mean": 200.0}

_EXPONENT_MAX: Final = 500.0  # of e, within a block: far from what a double can be
_CELLS_PER_SPAN: Final = 8  # of the grid that a normal distribution is laid upon …
_CELLS_PER_SIGMA: Final = 16  # … or so many per standard deviation, where these are wider
_SIGMAS: Final = 5


class Smoothing(NamedTuple):
    """How a series is smoothed."""

    kind: Kind
    # twema: what is left of a weight after one span. gauss: standard deviation, in spans.
    # mean: the whole width, in spans.
    amount: float

    @classmethod
    def parse(cls, text: str) -> Smoothing:
        """Return what *text* says: `twema:0.6`, `gauss:5`, `mean:20`.

        Raises:
            ValueError: It says nothing of the kind, or too much of it.
        """
        kind, _, amount = text.partition(":")
        most = _AMOUNT_MAX.get(cast(Kind, kind))
        if most is None or not re.fullmatch(r"[0-9]*\.?[0-9]+", amount):
            raise ValueError(f"{text!r} is none of twema:0.6, gauss:5, mean:20")
        smoothing = cls(cast(Kind, kind), float(amount))
        if not _AMOUNT_MIN <= smoothing.amount <= most:
            raise ValueError(f"{kind} takes {_AMOUNT_MIN:g} to {most:g}")
        return smoothing


class Curve(NamedTuple):
    """A smoothed series; between its places it goes straight."""

    x: Floats  # ascending, none twice
    value: Floats

    def at(self, x: Floats) -> Floats:
        """Return the values at *x*; NaN where the series has no finite value."""
        if not len(self.x):
            return np.full(len(x), np.nan)
        return np.interp(x, self.x, self.value)


def span_of(length: float, points: int, kind: Kind) -> float:
    """Return the span of a series of so many *points*, *length* from the first to the last."""
    return length / (min(max(points - 1, 1), SPANS) if kind == "twema" else SPANS)


def smooth(x: Floats, value: Floats, points: Ints, span: float, smoothing: Smoothing) -> Curve:
    """Return the curve of a series.

    Args:
        x: Ascending.
        value: At each place: of a point, or the mean of several.
        points: How many finite ones there are in it; where none is, the value counts for nothing.
        span: In x; 0 where all is in one place.
        smoothing: How.
    """
    is_finite = points > 0
    x, value, points = x[is_finite], value[is_finite], points[is_finite]
    if not len(x):
        return Curve(x, value)
    starts = np.flatnonzero(np.diff(x, prepend=-np.inf))
    with np.errstate(over="ignore", invalid="ignore"):
        if len(starts) < len(x):  # several points in one place are one of their mean
            counts = np.add.reduceat(points, starts)
            value = np.add.reduceat(value * points, starts) / counts
            x, points = x[starts], counts
        if len(x) == 1 or span <= 0:
            return Curve(x, value)
        weights = points.astype(np.float64)
        if smoothing.kind == "twema":
            return Curve(x, _decaying(x, value, -math.log(smoothing.amount) / span))
        if smoothing.kind == "mean":
            return Curve(x, _running(x, value, weights, smoothing.amount * span / 2))
        return Curve(x, _normal(x, value, weights, span, smoothing.amount * span))


def _decaying(x: Floats, value: Floats, rate: float) -> Floats:
    """Return means of what lies before, weighted by how far: e^(-rate · distance).

    A point stands for the gap before it, so a curve is not bent where points are dense.
    """
    gaps = np.diff(x, prepend=x[0])
    gaps[0] = gaps[1]
    gain = -np.expm1(-rate * gaps)
    place = rate * (x - x[0])
    bounds = [*np.flatnonzero(np.diff(place // _EXPONENT_MAX, prepend=-1)).tolist(), len(x)]
    smoothed = np.empty(len(x))
    total = weight = before = 0.0
    for start, end in pairwise(bounds):
        growth = np.exp(place[start:end] - place[start])
        left = math.exp(before - place[start])
        totals = total * left + np.cumsum(value[start:end] * gain[start:end] * growth)
        weights = weight * left + np.cumsum(gain[start:end] * growth)
        smoothed[start:end] = totals / weights
        total, weight = float(totals[-1] / growth[-1]), float(weights[-1] / growth[-1])
        before = float(place[end - 1])
    return smoothed


def _running(x: Floats, value: Floats, weights: Floats, half: float) -> Floats:
    """Return means of what lies no further than *half* on either side."""
    ends = np.empty(2 * len(x), np.int64)
    ends[::2] = np.searchsorted(x, x - half, side="left")
    ends[1::2] = np.searchsorted(x, x + half, side="right")
    totals: Floats = np.add.reduceat(np.append(value * weights, 0.0), ends)[::2]
    smoothed: Floats = totals / np.add.reduceat(np.append(weights, 0.0), ends)[::2]
    return smoothed


def _normal(x: Floats, value: Floats, weights: Floats, span: float, sigma: float) -> Floats:
    """Return means weighted by a normal distribution of deviation *sigma*.

    Points are shared out among the two cells of a grid that are beside them.
    """
    width = max(span / _CELLS_PER_SPAN, sigma / _CELLS_PER_SIGMA)
    place = (x - x[0]) / width
    cell = place.astype(np.int64)
    right = weights * (place - cell)
    left = weights - right
    count = int(cell[-1]) + 2
    reach = int(_SIGMAS * sigma / width) + 1
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) * (width / sigma)) ** 2)

    def spread(left: Floats, right: Floats) -> Floats:
        grid = np.bincount(cell, left, count) + np.bincount(cell + 1, right, count)
        return np.convolve(grid, kernel)[reach : reach + count]

    smoothed: Floats = spread(value * left, value * right) / spread(left, right)
    return Curve(np.arange(count, dtype=np.float64), smoothed).at(place)
