"""Averages: lines of several runs as one, bucket by bucket.

A run counts with the mean of its bucket; where it has no point in a bucket it goes straight from
the bucket before to the bucket behind, and before its first and after its last it does not count.
Nor does it where all of its bucket is NaN or infinite, or on the way to such a bucket.
"""

from __future__ import annotations

from typing import Any
from typing import NamedTuple
from typing import Self

import numpy as np

from mltrack_server.columns import Floats
from mltrack_server.columns import Ints
from mltrack_server.smoothing import Curve
from mltrack_server.store.series.drawing import Buckets


class Average(NamedTuple):
    """What the lines added so far amount to, in each of the buckets at *x*."""

    x: Floats
    runs: Ints  # that count
    mean: Floats
    squares: Floats  # of the distances from the mean, summed up
    low: Floats  # NaN where nothing is
    high: Floats
    points: Ints
    bad: Ints
    smooth: Floats

    @classmethod
    def empty(cls, x: Floats) -> Self:
        """Return that of no lines."""
        count = len(x)
        runs, points, bad = (np.zeros(count, np.int64) for _ in range(3))
        mean, squares, smooth = (np.zeros(count) for _ in range(3))
        low, high = (np.full(count, np.nan) for _ in range(2))
        return cls(x, runs, mean, squares, low, high, points, bad, smooth)

    @property
    def nbytes(self) -> int:
        """How much memory it takes."""
        return sum(column.nbytes for column in self)

    @property
    def sd(self) -> Floats:
        """The standard deviation over the runs, of a sample; NaN below two of them."""
        with np.errstate(all="ignore"):
            return np.where(self.runs > 1, np.sqrt(self.squares / (self.runs - 1)), np.nan)

    def add(self, line: Buckets, curve: Curve | None) -> None:
        """Add one run.

        Args:
            line: Its buckets that are not empty, at least one; numbers are places in *x*.
            curve: What it is smoothed; None: it is not.
        """
        at, ranges = line.at, line.ranges
        self.points[at] += line.points
        self.bad[at] += ranges.bad
        first, last = int(at[0]), int(at[-1]) + 1
        value, low, high = ranges.mean, ranges.low, ranges.high
        if len(at) < last - first:
            between = np.interp(self.x[first:last], self.x[at], value)
            value, low, high = (_filled(between, at - first, own) for own in (value, low, high))
        here = np.isfinite(value)
        runs, mean, squares = (column[first:last] for column in self[1:4])
        runs += here
        with np.errstate(all="ignore"):
            share = np.where(here, 1 / runs, 0.0)
            apart = np.where(here, value - mean, 0.0)
            mean += apart * share
            squares += apart * np.where(here, value - mean, 0.0)
            np.fmin(self.low[first:last], low, out=self.low[first:last])
            np.fmax(self.high[first:last], high, out=self.high[first:last])
            if curve is not None:
                smooth = self.smooth[first:last]
                smooth += np.where(here, curve.at(self.x[first:last]) - smooth, 0.0) * share

    def merged(self, other: Average) -> Average:
        """Return the average of these lines and the *other*'s, which has the same *x*."""
        runs = self.runs + other.runs
        with np.errstate(all="ignore"):
            share = np.where(runs > 0, other.runs / runs, 0.0)
            apart = other.mean - self.mean
            return Average(
                self.x,
                runs,
                self.mean + apart * share,
                self.squares + other.squares + apart * apart * self.runs * share,
                np.fmin(self.low, other.low),
                np.fmax(self.high, other.high),
                self.points + other.points,
                self.bad + other.bad,
                self.smooth + (other.smooth - self.smooth) * share,
            )

    def take(self, chosen: Ints) -> Average:
        """Return the buckets *chosen*."""
        columns: list[Any] = [column[chosen] for column in self]
        return Average(*columns)


def _filled(between: Floats, at: Ints, own: Floats) -> Floats:
    filled = between.copy()
    filled[at] = own
    return filled
