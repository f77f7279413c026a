"""Pools: the lines of one metric on their way into the means of groups.

While all lines have few points they wait: once all are there, x may be their own. Otherwise each is
put into the buckets of a grid and let go, so that what is kept does not grow with the runs.
"""

from __future__ import annotations

from typing import Final
from typing import NamedTuple

import numpy as np

from mltrack_server.columns import Floats
from mltrack_server.smoothing import Curve
from mltrack_server.store.series.drawing import Drawing
from mltrack_server.store.series.drawing import Part
from mltrack_server.store.series.drawing import gather_points
from mltrack_server.store.series.means.average import Average
from mltrack_server.store.series.means.grid import Grid

POINTS_MAX: Final = 1 << 21  # that wait, of all metrics of an answer

Averages = dict[int, Average]  # by the group's number


class Line(NamedTuple):
    """What one run adds to its group."""

    group: int
    is_settled: bool  # the run has ended
    part: Part
    curve: Curve | None  # None: it is not to be smoothed


class Means(NamedTuple):
    """The means of one metric."""

    x: Floats
    is_exact: bool  # x are the points' own
    groups: Averages
    thinned: frozenset[int]  # groups of which some points are not kept


class Settled(NamedTuple):
    """What the runs that have ended amount to on a grid."""

    averages: Averages
    thinned: frozenset[int]  # as in `Means`


class Pool:
    """The lines of one metric.

    Args:
        grid: What they are put into where they are many.
        waiting_max: How many points wait.
        settled: What the runs that have ended amount to on this grid, where that is known: only
            the others are added then.
    """

    def __init__(self, grid: Grid, waiting_max: int, settled: Settled | None) -> None:
        self._grid, self._waiting_max = grid, waiting_max
        self._is_even = settled is not None
        self._settled: Averages = {} if settled is None else dict(settled.averages)
        self._going: Averages = {}
        self._waiting: list[Line] = []
        self._points = 0
        self._x: Floats = np.empty(0)
        self._last: Floats | None = None  # that was taken into x: many share one array
        self._thinned = {True: set[int](), False: set[int]()}  # by whether the runs are settled
        if settled is not None:
            self._thinned[True].update(settled.thinned)

    @property
    def settled(self) -> Settled | None:
        """What the runs that have ended amount to, once all are there; None: x are their own."""
        if not self._is_even:
            return None
        return Settled(self._settled, frozenset(self._thinned[True]))

    def add(self, line: Line, drawing: Drawing) -> None:
        """Add a run's line; *drawing* is that of the lines read together with it."""
        if line.part.is_thinned:
            self._thinned[line.is_settled].add(line.group)
        if self._is_even:
            self._put(line, drawing)
            return
        self._waiting.append(line)
        if self._can_wait(line.part):
            return
        self._is_even = True
        waiting, self._waiting = self._waiting, []
        for each in waiting:
            self._put(each, drawing)

    def means(self) -> Means:
        """Return what all lines amount to, group by group."""
        thinned = frozenset(self._thinned[True] | self._thinned[False])
        if not self._is_even:
            return Means(self._x, True, self._exact(), thinned)
        groups = dict(self._settled)
        for number, average in self._going.items():
            groups[number] = groups[number].merged(average) if number in groups else average
        return Means(self._grid.centres, False, groups, thinned)

    def _can_wait(self, part: Part) -> bool:
        if part.cells or part.count > self._grid.buckets:
            return False
        self._points += part.count
        if self._points > self._waiting_max:
            return False
        if part.x is not self._last:
            self._last = part.x
            self._x = np.union1d(self._x, part.x)
        return len(self._x) <= self._grid.buckets

    def _put(self, line: Line, drawing: Drawing) -> None:
        """Put a line into the buckets of the grid."""
        grid = self._grid
        averages = self._settled if line.is_settled else self._going
        if line.group not in averages:
            averages[line.group] = Average.empty(grid.centres)
        _, buckets = drawing.buckets_of(line.part, grid.low, grid.high, grid.buckets)
        averages[line.group].add(buckets, line.curve)

    def _exact(self) -> Averages:
        averages: Averages = {}
        for line in self._waiting:
            if line.group not in averages:
                averages[line.group] = Average.empty(self._x)
            at = np.searchsorted(self._x, line.part.x)
            averages[line.group].add(gather_points(at, line.part.value), line.curve)
        return averages
