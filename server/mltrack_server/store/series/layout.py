"""Layouts: where the buckets of a tier lie in a chart.

This depends on their axes alone, so it is worked out once for all series that share them: those
that were logged together, and over steps those of any runs that were logged at the same ones.
"""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any
from typing import Final
from typing import NamedTuple

import numpy as np
from sqlalchemy import Row

from mltrack_server.columns import Bools
from mltrack_server.columns import Floats
from mltrack_server.columns import Ints
from mltrack_server.store import tier
from mltrack_server.store.series.drawing import Cells
from mltrack_server.store.series.drawing import Gathering
from mltrack_server.store.series.drawing import place
from mltrack_server.store.series.view import View
from mltrack_server.store.tier import Ranges

STREAM: Final = 1 << 32  # a stream's number and a chunk's are one key: stream * this + chunk

_BUCKETS_MAX: Final = 1 << 17  # whose layouts are kept, 10 MB of them


class Children(NamedTuple):
    """What buckets are made of: buckets of a level below, or points of a chunk."""

    row: Ints  # keys of their rows, or of their chunks, ascending
    group: Ints  # which part of the row: as many as one bucket of the next level is made of


class Layout(NamedTuple):
    """Buckets of one level, and where they lie."""

    which: Ints  # they are, among all of the rows that were read
    row: Ints  # keys of the rows that they are in
    at: Ints  # their places in these
    points: Ints  # how many there are
    low: Floats  # lowest and highest x
    high: Floats
    is_superseded: Bools
    is_plain: Bools  # can be drawn as one

    def take(self, chosen: Bools) -> Layout:
        """Return the *chosen* ones."""
        columns: list[Any] = [column[chosen] for column in self]
        return self if chosen.all() else Layout(*columns)

    def placed(self, view: View) -> Iterator[Placed]:
        """Yield what is drawn where each bucket's middle is, if that is inside the window."""
        # Halved, because the sum of two doubles may be too large for one.
        middle = self.low / 2 + self.high / 2
        is_inside = (middle >= view.low) & (middle <= view.high)
        for is_superseded in (False, True):
            chosen = is_inside & (self.is_superseded == is_superseded)
            if chosen.any():
                at = place(middle[chosen], view.low, view.width, view.buckets)
                yield Placed(
                    is_superseded,
                    self.which[chosen],
                    max(view.low, float(self.low[chosen].min())),
                    min(view.high, float(self.high[chosen].max())),
                    Gathering.of(at, self.points[chosen]),
                )


class Placed(NamedTuple):
    """Buckets that are drawn as one each, all superseded or none."""

    is_superseded: bool
    which: Ints  # as in `Layout`
    low: float  # lowest x of all points
    high: float
    gathering: Gathering

    def draw(self, ranges: Ranges) -> Cells:
        """Return the buckets of a series, given the *ranges* of all buckets that were read."""
        if len(self.which) < len(ranges.low):
            ranges = ranges.take(self.which)
        return Cells(self.low, self.high, self.gathering.gather(ranges))


class Plan(NamedTuple):
    """What is done with the buckets that have points in the window."""

    layout: Layout  # all of them
    plain: Sequence[Placed]  # drawn as they are
    opened: Layout  # looked at more closely


class Plans:
    """The plans of one answer, each made once."""

    def __init__(self) -> None:
        self._made: dict[Any, Plan] = {}  # by all that they depend on
        self._buckets = 0

    def of(
        self,
        level: int,
        rows: Sequence[Row[Any]],
        wanted: Children | None,
        cuts: Mapping[tuple[int, int], int],
        view: View,
    ) -> Plan:
        """Return what is done with buckets of *rows*, at least one, all of one *level*.

        Args:
            level: Of the tier.
            rows: With stream_no, no, epoch, n and axis_body.
            wanted: Which of their buckets; None: all.
            cuts: Stream and epoch → the step from which on points are superseded.
            view: What is wanted.
        """
        axes = [row.axis_body for row in rows]
        spans = tier.read_spans(axes, view.window.order)
        steps = tier.read_spans(axes, "step") if cuts else ()
        bounds = tuple(cuts.get((row.stream_no, row.epoch)) for row in rows) if cuts else ()
        which = tuple((row.stream_no, row.no, row.n) for row in rows)
        some = None if wanted is None else (wanted.row.tobytes(), wanted.group.tobytes())
        key = (level, view, which, some, spans, steps, bounds)
        plan = self._made.get(key)
        if plan is None:
            plan = _plan(level, rows, (spans, steps, bounds), wanted, view)
            if self._buckets > _BUCKETS_MAX:
                self._made.clear()
                self._buckets = 0
            self._made[key] = plan
            self._buckets += len(plan.layout.row)
        return plan


_Axes = tuple[
    tuple[tier.PackedSpan, ...],  # of the window's order
    tuple[tier.PackedSpan, ...],  # steps, where something is superseded
    tuple[int | None, ...],  # from which step on, row by row
]


def _plan(
    level: int, rows: Sequence[Row[Any]], axes: _Axes, wanted: Children | None, view: View
) -> Plan:
    spans, steps, bounds = axes
    size = tier.SHAPE.points(level)
    lengths = [-(-row.n // size) for row in rows]
    ends = np.cumsum(lengths)
    points = np.full(ends[-1], size)
    points[ends - 1] = [
        row.n - (length - 1) * size for row, length in zip(rows, lengths, strict=True)
    ]
    key = np.array([row.stream_no * STREAM + row.no for row in rows])
    low, high = (view.x(x) for x in tier.unpack_span(spans, lengths))
    is_plain = (low >= view.low) & (high <= view.high) & (high - low <= 2 * view.width)
    is_superseded = np.zeros(len(points), np.bool_)
    if steps:
        bound = np.repeat([np.inf if each is None else float(each) for each in bounds], lengths)
        step_low, step_high = tier.unpack_span(steps, lengths)
        is_superseded = step_low >= bound
        is_plain &= is_superseded | (step_high < bound)
    chosen = (high >= view.low) & (low <= view.high)
    if wanted is not None:
        chosen &= _is_wanted(wanted, key, np.array(lengths))
    index = np.arange(ends[-1])
    at = index - np.repeat(ends - lengths, lengths)
    layout = Layout(
        index, np.repeat(key, lengths), at, points, low, high, is_superseded, is_plain
    ).take(chosen)
    plain = layout.take(layout.is_plain)
    return Plan(layout, list(plain.placed(view)), layout.take(~layout.is_plain))


def _is_wanted(wanted: Children, key: Ints, lengths: Ints) -> Bools:
    """Tell which buckets of the rows *key*, of such *lengths*, are among the *wanted*."""
    shape = tier.SHAPE
    row = np.minimum(np.searchsorted(key, wanted.row), len(key) - 1)
    is_read = key[row] == wanted.row  # others do not reach into the window
    is_wanted = np.zeros((len(key), shape.row // shape.fan), np.bool_)
    is_wanted[row[is_read], wanted.group[is_read]] = True
    is_bucket = np.arange(shape.row) < lengths[:, np.newaxis]
    return np.repeat(is_wanted, shape.fan, axis=1)[is_bucket]
