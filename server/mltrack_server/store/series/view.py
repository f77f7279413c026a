"""Views: which part of a run a chart shows, and into how many buckets."""

from __future__ import annotations

from typing import NamedTuple

from mltrack_server.columns import Floats
from mltrack_server.columns import Ints
from mltrack_server.columns import Order


class Window(NamedTuple):
    """Which steps or times are wanted, both ends included."""

    order: Order
    low: int
    high: int


class View(NamedTuple):
    """What a chart shows of a run."""

    window: Window  # all that is shown, and perhaps a little more
    origin: int  # what x = 0 is: a step, or a time in ns
    scale: float  # steps or ns in one of x
    low: float  # of the window, in x, both ends included
    high: float
    buckets: int  # of the chart

    @property
    def width(self) -> float:
        """Of one of the chart's buckets."""
        return (self.high - self.low) / self.buckets

    def x(self, column: Ints) -> Floats:
        """Return the x of steps or times."""
        return (column - self.origin) / self.scale
