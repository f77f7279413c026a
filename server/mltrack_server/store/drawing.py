"""Drawings: the points of a chart, or buckets of them, put into the chart's own buckets."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from typing import NamedTuple

import numpy as np

from mltrack_server.columns import Floats
from mltrack_server.columns import Ints
from mltrack_server.container import Container
from mltrack_server.resources import ColumnRef
from mltrack_server.resources import SeriesBlock
from mltrack_server.resources import SeriesColumns
from mltrack_server.resources import SeriesHeader
from mltrack_server.resources.series import SeriesColumn
from mltrack_server.store.tier import Ranges

# Many runs whose x never agree would make an exact answer mostly holes; beyond so many cells the
# points are drawn into buckets instead, and zooming in makes them exact again.
EXACT_CELLS_MAX: Final = 1 << 18

_NONFINITE: Final[tuple[SeriesColumn, ...]] = ("nan", "negative_infinity", "positive_infinity")


class Buckets(NamedTuple):
    """A chart's buckets that are not empty."""

    at: Ints  # their numbers, ascending
    points: Ints  # how many there are
    ranges: Ranges


class Cells(NamedTuple):
    """Buckets of a tier, put into the chart's: each as a whole, where its middle is."""

    low: float  # lowest x of all points
    high: float
    buckets: Buckets


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What is drawn as one line of one run: points, and cells where points are too many."""

    run: str
    is_superseded: bool
    x: Floats  # of the points, ascending
    value: Floats
    cells: Sequence[Cells] = ()  # none of them empty
    is_thinned: bool = False

    @property
    def count(self) -> int:
        """How many points there are."""
        return len(self.x) + sum(int(cells.buckets.points.sum()) for cells in self.cells)

    @property
    def first(self) -> float:
        """The lowest x."""
        return min([*(cells.low for cells in self.cells), *map(float, self.x[:1])])

    @property
    def last(self) -> float:
        """The highest x."""
        return max([*(cells.high for cells in self.cells), *map(float, self.x[-1:])])


class _Places(NamedTuple):
    """Which buckets points go to."""

    at: Ints  # numbers of the buckets, ascending
    starts: Ints  # the first point of each
    sizes: Ints

    @classmethod
    def of(cls, at: Ints) -> _Places:
        """Return where points go that go to the buckets *at*, ascending."""
        starts = np.flatnonzero(np.diff(at, prepend=-1))
        return cls(at[starts], starts, np.diff(starts, append=len(at)))

    def gather(self, value: Floats) -> Buckets:
        """Return what the points' values make of the buckets."""
        return Buckets(self.at, self.sizes, Ranges.of(value, self.starts))


class _Edges(NamedTuple):
    """Where buckets of equal width begin."""

    low: float
    width: float


class Drawing:
    """A chart's answer being put together, block by block; docs/format/columns.md draws it."""

    def __init__(self) -> None:
        self._container = Container()
        self._blocks: list[SeriesBlock] = []
        # By where the points' x are and the grid: series that are logged together share them. The
        # x are kept along, so that no others come to lie there.
        self._places: dict[tuple[int, _Edges], tuple[Floats, _Places]] = {}

    def add_block(
        self,
        name: str,
        parts: Sequence[Part],
        *,
        start: float | None,
        end: float | None,
        buckets: int,
    ) -> None:
        """Append one metric of several runs, exact where that fits into *buckets*.

        Args:
            name: The metric.
            parts: What is inside the window, none of it empty.
            start: Where the window begins; None: where the points do.
            end: Where it ends.
            buckets: How many buckets are drawn at most.
        """
        x, edges = _grid(parts, start, end, buckets)
        reference = self._container.add(x)
        is_exact = True
        series = []
        for part in parts:
            drawn = self._draw(part, x, edges)
            is_exact = is_exact and int(drawn.points.max(initial=0)) <= 1
            series.append(self._add_part(part, drawn, len(x)))
        self._blocks.append(SeriesBlock(name=name, is_exact=is_exact, x=reference, series=series))

    def _add_part(self, part: Part, drawn: Buckets, length: int) -> SeriesColumns:
        """Append one run's columns; a column that repeats another is written once."""

        def floats(column: Floats) -> ColumnRef:
            whole = np.full(length, np.nan)
            whole[drawn.at] = column
            return self._container.add(whole)

        def counts(column: Ints) -> ColumnRef:
            whole = np.zeros(length, np.uint32)
            whole[drawn.at] = column
            return self._container.add(whole)

        ranges, bad = drawn.ranges, drawn.ranges.bad
        references: dict[SeriesColumn, ColumnRef] = {"mean": floats(ranges.mean)}
        if int(drawn.points.max(initial=0)) <= 1:
            references["min"] = references["max"] = references["mean"]
        else:
            references["min"], references["max"] = floats(ranges.low), floats(ranges.high)
        references["count"], references["bad"] = counts(drawn.points), counts(bad)
        kinds = [bad] * 3 if ranges.nonfinite is None else ranges.nonfinite
        for name, column in zip(_NONFINITE, kinds, strict=True):
            is_all = np.array_equal(column, bad)
            references[name] = references["bad"] if is_all else counts(column)
        return SeriesColumns(
            run=part.run,
            is_superseded=part.is_superseded,
            count=part.count,
            nonfinite=int(bad.sum()),
            first=part.first,
            last=part.last,
            columns=references,
            is_thinned=part.is_thinned,
        )

    def _draw(self, part: Part, x: Floats, edges: _Edges | None) -> Buckets:
        """Return a part's buckets.

        Args:
            part: What is drawn.
            x: Of all buckets.
            edges: Of the buckets; None: x are the points' own.
        """
        found = [cells.buckets for cells in part.cells]
        if len(part.x):
            found.append(self._place(part.x, x, edges).gather(part.value))
        if len(found) == 1:
            return found[0]
        return gather(
            np.concatenate([buckets.at for buckets in found]),
            np.concatenate([buckets.points for buckets in found]),
            Ranges.joined([buckets.ranges for buckets in found]),
        )

    def _place(self, own: Floats, x: Floats, edges: _Edges | None) -> _Places:
        """Return which buckets points go to whose x are *own*."""
        if edges is None:
            return _Places.of(np.searchsorted(x, own))
        key = id(own), edges
        if key not in self._places:
            self._places[key] = own, _Places.of(place(own, edges.low, edges.width, len(x)))
        return self._places[key][1]

    def pack(self, rev: int) -> bytes:
        """Return the whole answer for the store's revision *rev*."""
        return self._container.pack(SeriesHeader(blocks=self._blocks, rev=rev))


def gather(at: Ints, points: Ints, ranges: Ranges) -> Buckets:
    """Put things, each of so many *points* and their *ranges*, into the buckets *at*."""
    if len(at) and bool((at[1:] < at[:-1]).any()):
        order = np.argsort(at, kind="stable")
        at, points, ranges = at[order], points[order], ranges.take(order)
    starts = np.flatnonzero(np.diff(at, prepend=-1))
    if len(starts) == len(at):
        return Buckets(at, points, ranges)
    return Buckets(at[starts], np.add.reduceat(points, starts), ranges.merged(points, starts))


def gather_points(at: Ints, value: Floats) -> Buckets:
    """Put points into the buckets *at*, ascending."""
    return _Places.of(at).gather(value)


def place(x: Floats, low: float, width: float, buckets: int) -> Ints:
    """Return the bucket of each of *x*, of so many *buckets* from *low* on."""
    if not 0 < width < math.inf:
        return np.zeros(len(x), np.int64)
    return np.clip((x - low) / width, 0, buckets - 1).astype(np.int64)


def _grid(
    parts: Sequence[Part], start: float | None, end: float | None, buckets: int
) -> tuple[Floats, _Edges | None]:
    """Return the shared x of a block, and where its buckets begin.

    The second is None where x are the points' own.
    """
    if not parts:
        return np.empty(0), None
    if all(part.count <= buckets and not part.cells for part in parts):
        x = np.unique(np.concatenate([part.x for part in parts]))
        if len(x) * len(parts) <= EXACT_CELLS_MAX:
            return x, None
    low = min(part.first for part in parts) if start is None else start
    high = max(part.last for part in parts) if end is None else end
    width = (high - low) / buckets
    if not 0 < width < math.inf:  # one x, or a window wider than any double: one bucket
        return np.array([low]), _Edges(low, 0.0)
    centres = low + (np.arange(buckets, dtype=np.float64) + 0.5) * np.float64(width)
    return centres, _Edges(low, width)
