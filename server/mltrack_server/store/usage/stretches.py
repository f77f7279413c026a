"""Stretches: when a run held a device, and when it hardly used it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mltrack_server.columns import Floats
from mltrack_server.columns import Ints
from mltrack_server.resources import IDLE_PERCENT
from mltrack_server.resources import Stretch
from mltrack_server.store.series.descent import Found
from mltrack_server.store.series.drawing import Buckets
from mltrack_server.store.series.drawing import Drawing
from mltrack_server.store.series.drawing import Part
from mltrack_server.store.series.layout import Plans
from mltrack_server.store.series.reader import Reader
from mltrack_server.store.series.view import View

NS_PER_HOUR = 3600 * 10**9


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What the samples of a device amount to in a window of time."""

    first_ns: int  # of the samples
    last_ns: int
    buckets: Buckets  # those parts of the window that have any

    @property
    def is_busy(self) -> bool:
        """Whether the device did something in any part."""
        return bool((self.buckets.ranges.mean >= IDLE_PERCENT).any())

    @property
    def utilization(self) -> float | None:
        """The mean of all samples that are finite, %."""
        return _means(self.buckets, np.zeros(1, np.int64))[0]

    @property
    def idle_share(self) -> float:
        """The share of samples in parts in which the device did next to nothing."""
        idle = self.buckets.points[_is_idle(self.buckets)].sum()
        return float(idle / self.buckets.points.sum())

    def stretches(self, view: View, until_ns: int) -> list[Stretch]:
        """Return when the device was held; a part without a sample is a gap.

        Args:
            view: What the parts are parts of.
            until_ns: How long it was held: since the last sample, for a run that goes on.
        """
        at, is_idle = self.buckets.at, _is_idle(self.buckets)
        breaks = np.flatnonzero((np.diff(at) != 1) | (is_idle[1:] != is_idle[:-1])) + 1
        starts = np.concatenate([np.zeros(1, np.int64), breaks])
        means = _means(self.buckets, starts)
        places, idle = at.tolist(), is_idle.tolist()
        found = []
        for start, end, mean in zip(starts, [*breaks.tolist(), len(at)], means, strict=True):
            low = max(_edge(view, places[start]), self.first_ns)
            high = min(_edge(view, places[end - 1] + 1), self.last_ns)
            if end == len(at):
                high = max(self.last_ns, until_ns)
            found.append(
                Stretch(
                    start_ns=low,
                    end_ns=max(low, high),
                    utilization=mean,
                    is_idle=idle[start],
                )
            )
        return found


def held(reader: Reader, name: str, view: View, plans: Plans) -> Held | None:
    """Return what a device series amounts to in the parts of *view*; None without samples."""
    found = reader.descend(name, view, plans) if reader.has_tiers(name) else Found()
    points = reader.points(name, found.pieces)
    x = view.x(points.time_ns)
    is_inside = (x >= view.low) & (x <= view.high)
    order = np.argsort(x[is_inside], kind="stable")
    part = Part(
        run="",
        is_superseded=False,
        x=x[is_inside][order],
        value=points.value[is_inside][order],
        cells=found.current,
    )
    if not part.count:
        return None
    _, buckets = Drawing().buckets_of(part, view.low, view.high, view.buckets)
    low, high = (view.origin + round(end * view.scale) for end in (part.first, part.last))
    return Held(first_ns=low, last_ns=high, buckets=buckets)


def shares(holds: Sequence[Sequence[Stretch]]) -> list[float]:
    """Return how many hours of one device each of some runs counts, if all held it.

    An hour in which three held it is a third of an hour for each.
    """
    starts = np.array([each.start_ns for some in holds for each in some], np.int64)
    ends = np.array([each.end_ns for some in holds for each in some], np.int64)
    times = np.unique(np.concatenate([starts, ends]))
    change = np.zeros(len(times), np.int64)
    np.add.at(change, np.searchsorted(times, starts), 1)
    np.add.at(change, np.searchsorted(times, ends), -1)
    holders = np.maximum(np.cumsum(change)[:-1], 1)
    counted: Floats = np.concatenate([[0.0], np.cumsum(np.diff(times) / holders)])
    each = counted[np.searchsorted(times, ends)] - counted[np.searchsorted(times, starts)]
    edges = np.cumsum([len(some) for some in holds])[:-1]
    return [float(some.sum()) / NS_PER_HOUR for some in np.split(each, edges)]


def _is_idle(buckets: Buckets) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    return buckets.ranges.mean < IDLE_PERCENT  # NaN, of which nobody knows, is not


def _means(buckets: Buckets, starts: Ints) -> list[float | None]:
    """Return the means of the finite samples from each of *starts* on; None without any."""
    finite = buckets.points - buckets.ranges.bad
    weighted = np.where(finite > 0, buckets.ranges.mean * finite, 0.0)
    sums = np.add.reduceat(weighted, starts).tolist()
    counts = np.add.reduceat(finite, starts).tolist()
    return [total / count if count else None for total, count in zip(sums, counts, strict=True)]


def _edge(view: View, part: int) -> int:
    """Return when a part begins."""
    return view.origin + int(part * view.width * view.scale)
