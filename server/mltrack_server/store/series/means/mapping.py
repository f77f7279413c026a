"""Mapping: a line given over steps, laid over the values that another metric has at these.

Between two points of the other metric its value is taken to go straight; before the first and after
the last it is unknown, and what is there is left out.
"""

from __future__ import annotations

from typing import Final
from typing import NamedTuple
from typing import Self

import numpy as np

from mltrack_server.columns import Floats
from mltrack_server.columns import Ints
from mltrack_server.smoothing import Curve
from mltrack_server.store.series import curves
from mltrack_server.store.series.drawing import Buckets
from mltrack_server.store.series.drawing import Cells
from mltrack_server.store.series.drawing import Drawing
from mltrack_server.store.series.drawing import Gathering
from mltrack_server.store.series.drawing import Part
from mltrack_server.store.series.drawing import place
from mltrack_server.store.series.means.grid import Grid

_FINER: Final = 8  # buckets of steps in one of the grid, where points are too many for single ones


class Knots(NamedTuple):
    """Where another metric was at which step."""

    step: Floats  # ascending, none twice
    value: Floats  # all finite

    @classmethod
    def of(cls, part: Part) -> Self:
        """Return those of the whole of a series."""
        if not part.cells and part.count <= curves.POINTS_MAX:
            is_finite = np.isfinite(part.value)
            step, value = part.x[is_finite], part.value[is_finite]
        else:
            drawn = Drawing().buckets_of(part, part.first, part.last, curves.BUCKETS)
            is_finite = np.isfinite(drawn[1].ranges.mean)
            step, value = drawn[0][is_finite], drawn[1].ranges.mean[is_finite]
        return cls(*_apart(step, value))

    def at(self, step: Floats) -> Floats:
        """Return the values at some steps; NaN where they are unknown."""
        if not len(self.step):
            return np.full(len(step), np.nan)
        return np.interp(step, self.step, self.value, left=np.nan, right=np.nan)

    def steps_within(self, low: float, high: float) -> tuple[float, float] | None:
        """Return steps between which all is whose value is in a window; None if nothing is."""
        left, right = self.value[:-1], self.value[1:]
        reaches = (np.minimum(left, right) <= high) & (np.maximum(left, right) >= low)
        if len(self.step) == 1 and low <= self.value[0] <= high:
            return float(self.step[0]), float(self.step[0])
        found = np.flatnonzero(reaches)
        if not len(found):
            return None
        return float(self.step[found[0]]), float(self.step[found[-1] + 1])


def mapped(part: Part, knots: Knots, grid: Grid) -> Part | None:
    """Return a line over the values that *knots* has at its steps; None if nothing is left of it.

    Args:
        part: The line over steps.
        knots: Of the same run.
        grid: What is made of it: where its points are too many, it is in the grid's buckets.
    """
    if not part.cells and part.count <= curves.POINTS_MAX:
        at = knots.at(part.x)
        order = _inside(at, grid)
        made = _part(part, at[order], part.value[order], ())
        return made if len(order) else None
    finer = _FINER * grid.buckets
    steps, drawn = Drawing().buckets_of(part, part.first, part.last, finer)
    at = knots.at(steps)
    order = _inside(at, grid)
    if not len(order):
        return None
    places = place(at[order], grid.low, grid.width, grid.buckets)
    gathering = Gathering.of(places, drawn.points[order])
    ranges = drawn.ranges.take(order)
    buckets: Buckets = gathering.gather(ranges)
    cells = Cells(float(at[order[0]]), float(at[order[-1]]), buckets)
    return _part(part, np.empty(0), np.empty(0), (cells,))


def mapped_curve(curve: Curve, knots: Knots) -> Curve:
    """Return a smoothed line over the values that *knots* has at its steps."""
    at = knots.at(curve.x)
    order = np.argsort(at, kind="stable")
    order = order[np.isfinite(at[order])]
    return Curve(*_apart(at[order], curve.value[order]))


def _inside(at: Floats, grid: Grid) -> Ints:
    """Return which of *at* are in the grid, in ascending order."""
    # The last value may be rounded beyond the end of a grid that was made for it.
    slack = grid.width * 1e-9
    with np.errstate(invalid="ignore"):
        chosen = np.flatnonzero((at >= grid.low - slack) & (at <= grid.high + slack))
    return chosen[np.argsort(at[chosen], kind="stable")]


def _apart(x: Floats, value: Floats) -> tuple[Floats, Floats]:
    """Return ascending *x*, none twice, and the mean *value* at each."""
    starts = np.flatnonzero(np.diff(x, prepend=-np.inf))
    if len(starts) == len(x):
        return x, value
    sizes = np.diff(starts, append=len(x))
    return x[starts], np.add.reduceat(value, starts) / sizes


def _part(part: Part, x: Floats, value: Floats, cells: tuple[Cells, ...]) -> Part:
    return Part(
        run=part.run,
        is_superseded=False,
        x=x,
        value=value,
        cells=cells,
        is_thinned=part.is_thinned,
    )
