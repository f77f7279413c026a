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
from mltrack_server.smoothing import Curve
from mltrack_server.store.tier import Ranges
from mltrack_server.store.tier import weights_of

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
    curve: Curve | None = None  # of the whole series, where it is to be smoothed

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


class Places(NamedTuple):
    """Which buckets points go to."""

    at: Ints  # numbers of the buckets, ascending
    starts: Ints  # the first point of each
    sizes: Ints

    @classmethod
    def of(cls, at: Ints) -> Places:
        """Return where points go that go to the buckets *at*, ascending."""
        starts = np.flatnonzero(np.diff(at, prepend=-1))
        return cls(at[starts], starts, np.diff(starts, append=len(at)))

    def gather(self, value: Floats) -> Buckets:
        """Return what the points' values make of the buckets."""
        return Buckets(self.at, self.sizes, Ranges.of(value, self.starts, self.sizes))


class Gathering(NamedTuple):
    """Which larger buckets some buckets go to."""

    at: Ints  # numbers of the larger ones, ascending
    points: Ints  # of each of these
    order: Ints | None  # of the smaller ones; None: as they are
    starts: Ints | None  # the first of each larger one; None: each is one by itself
    smaller: Ints  # points of the smaller ones, in order
    weights: Floats

    @classmethod
    def of(cls, at: Ints, points: Ints) -> Gathering:
        """Return where buckets of so many *points* go that go to *at*."""
        order = None
        if len(at) and bool((at[1:] < at[:-1]).any()):
            order = np.argsort(at, kind="stable")
            at, points = at[order], points[order]
        starts = np.flatnonzero(np.diff(at, prepend=-1))
        if len(starts) == len(at):
            return cls(at, points, order, None, points, np.ones(len(at)))
        whole = np.add.reduceat(points, starts)
        return cls(at[starts], whole, order, starts, points, weights_of(points, starts))

    def gather(self, ranges: Ranges) -> Buckets:
        """Return what the smaller buckets' ranges make of the larger ones."""
        if self.order is not None:
            ranges = ranges.take(self.order)
        if self.starts is not None:
            ranges = ranges.merged(self.smaller, self.starts, self.weights)
        return Buckets(self.at, self.points, ranges)


class _Edges(NamedTuple):
    """Where buckets of equal width begin."""

    low: float
    width: float


class Drawing:
    """A chart's answer being put together, block by block; docs/format/columns.md draws it.

    Args:
        with_ends: Whether the first and last value of each bucket are told; then parts have points
            only, and no cells.
    """

    def __init__(self, *, with_ends: bool = False) -> None:
        self._with_ends = with_ends
        self._container = Container()
        self._blocks: list[SeriesBlock] = []
        # What series that share an axis have in common, by where its arrays are. They are kept
        # along, so that no others come to lie there.
        self._places: dict[tuple[int, _Edges], tuple[Floats, Places]] = {}
        self._gatherings: dict[tuple[int, ...], tuple[Sequence[Buckets], Gathering]] = {}
        self._counts: dict[tuple[int, int, int], tuple[Buckets, ColumnRef]] = {}
        self._zeros: dict[int, ColumnRef] = {}  # by length

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
            series.append(self._add_part(part, drawn, x, edges))
        self._blocks.append(SeriesBlock(name=name, is_exact=is_exact, x=reference, series=series))

    def _add_part(
        self, part: Part, drawn: Buckets, x: Floats, edges: _Edges | None
    ) -> SeriesColumns:
        """Append one run's columns; a column that repeats another is written once."""
        length = len(x)

        def floats(column: Floats) -> ColumnRef:
            if len(drawn.at) == length:  # none is empty
                return self._container.add(column)
            whole = np.full(length, np.nan)
            whole[drawn.at] = column
            return self._container.add(whole)

        ranges = drawn.ranges
        references: dict[SeriesColumn, ColumnRef] = {"mean": floats(ranges.mean)}
        if int(drawn.points.max(initial=0)) <= 1:
            references["min"] = references["max"] = references["mean"]
        else:
            references["min"], references["max"] = floats(ranges.low), floats(ranges.high)
        if self._with_ends:
            assert not part.cells
            places = self._place(part.x, x, edges)
            references["first"] = floats(part.value[places.starts])
            references["last"] = floats(part.value[places.starts + places.sizes - 1])
        if part.curve is not None:
            curve = part.curve.at(x[drawn.at])
            references["smooth"] = floats(np.where(np.isnan(ranges.mean), np.nan, curve))
        references["count"] = self._add_points(drawn, length)
        references |= self._add_nonfinite(drawn, length)
        return SeriesColumns(
            run=part.run,
            is_superseded=part.is_superseded,
            count=part.count,
            nonfinite=0 if ranges.nonfinite is None else int(ranges.nonfinite.sum()),
            first=part.first,
            last=part.last,
            columns=references,
            is_thinned=part.is_thinned,
        )

    def _add_points(self, drawn: Buckets, length: int) -> ColumnRef:
        """Append how many points the buckets have."""
        key = id(drawn.at), id(drawn.points), length
        if key not in self._counts:
            self._counts[key] = drawn, self._add_counts(drawn.at, drawn.points, length)
        return self._counts[key][1]

    def _add_nonfinite(self, drawn: Buckets, length: int) -> dict[SeriesColumn, ColumnRef]:
        """Append how many values are not finite, and of which kind."""
        kinds = drawn.ranges.nonfinite
        if kinds is None:
            if length not in self._zeros:
                self._zeros[length] = self._container.add(np.zeros(length, np.uint32))
            return dict.fromkeys(("bad", *_NONFINITE), self._zeros[length])
        bad = drawn.ranges.bad
        reference = self._add_counts(drawn.at, bad, length)
        found: dict[SeriesColumn, ColumnRef] = {"bad": reference}
        for name, column in zip(_NONFINITE, kinds, strict=True):
            is_all = np.array_equal(column, bad)
            found[name] = reference if is_all else self._add_counts(drawn.at, column, length)
        return found

    def _add_counts(self, at: Ints, column: Ints, length: int) -> ColumnRef:
        whole = np.zeros(length, np.uint32)
        whole[at] = column
        return self._container.add(whole)

    def buckets_of(
        self, part: Part, low: float, high: float, buckets: int
    ) -> tuple[Floats, Buckets]:
        """Return a part in so many *buckets*: the x of those that are not empty, and these."""
        x, edges = _even(low, high, buckets)
        drawn = self._draw(part, x, edges)
        return x[drawn.at], drawn

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
        key = tuple(id(column) for buckets in found for column in (buckets.at, buckets.points))
        if key not in self._gatherings:
            at = np.concatenate([buckets.at for buckets in found])
            points = np.concatenate([buckets.points for buckets in found])
            self._gatherings[key] = found, Gathering.of(at, points)
        return self._gatherings[key][1].gather(Ranges.joined([each.ranges for each in found]))

    def _place(self, own: Floats, x: Floats, edges: _Edges | None) -> Places:
        """Return which buckets points go to whose x are *own*."""
        if edges is None:
            return Places.of(np.searchsorted(x, own))
        key = id(own), edges
        if key not in self._places:
            self._places[key] = own, Places.of(place(own, edges.low, edges.width, len(x)))
        return self._places[key][1]

    def pack(self, rev: int) -> bytes:
        """Return the whole answer for the store's revision *rev*."""
        return self._container.pack(SeriesHeader(blocks=self._blocks, rev=rev))


def gather(at: Ints, points: Ints, ranges: Ranges) -> Buckets:
    """Put things, each of so many *points* and their *ranges*, into the buckets *at*."""
    return Gathering.of(at, points).gather(ranges)


def gather_points(at: Ints, value: Floats) -> Buckets:
    """Put points into the buckets *at*, ascending."""
    return Places.of(at).gather(value)


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
    return _even(low, high, buckets)


def _even(low: float, high: float, buckets: int) -> tuple[Floats, _Edges]:
    """Return the middles of buckets of equal width, and where they begin."""
    width = (high - low) / buckets
    if not 0 < width < math.inf:  # one x, or a window wider than any double: one bucket
        return np.array([low]), _Edges(low, 0.0)
    centres = low + (np.arange(buckets, dtype=np.float64) + 0.5) * np.float64(width)
    return centres, _Edges(low, width)
