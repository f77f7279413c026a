"""Grids: the buckets that all lines of a mean are put into."""

from __future__ import annotations

import math
from typing import Final
from typing import NamedTuple
from typing import Self

import numpy as np

from mltrack_server.columns import Floats

_STEPS: Final = 16  # widths between two powers of two
_MARGIN: Final = 4  # a fourth of a window is looked at on either side of it


class Grid(NamedTuple):
    """Buckets of equal width."""

    low: float
    width: float  # 0: all is in one place
    buckets: int
    margin: int = 0  # how many of the buckets on either side are there for their neighbours only

    @classmethod
    def covering(cls, low: float, high: float, buckets: int) -> Self:
        """Return a grid from *low* to *high* or a little beyond.

        There are 16 widths between two powers of two, so it stays the same while runs that go on
        add a sixteenth to it, and what is known of the others stays true.
        """
        width = (high - low) / buckets
        if not 0 < width < math.inf:
            return cls(low, 0.0, 1)
        step = 2.0 ** (math.frexp(width)[1] - 1) / _STEPS
        rounded = math.ceil(width / step) * step
        return cls(low, rounded if low + rounded * buckets >= high else rounded + step, buckets)

    @classmethod
    def around(cls, start: float, end: float, buckets: int) -> Self:
        """Return a grid of the window from *start* to *end*, and of what is beside it.

        A run that has a point on either side of the window's edge goes straight between them; where
        the window ended its line, the mean would jump there.
        """
        width = (end - start) / buckets
        if not 0 < width < math.inf:
            return cls(start, 0.0, 1)
        margin = -(-buckets // _MARGIN)
        return cls(start - margin * width, width, buckets + 2 * margin, margin)

    @property
    def high(self) -> float:
        """Where the last bucket ends."""
        return self.low + self.width * self.buckets

    @property
    def centres(self) -> Floats:
        """The middles of all buckets."""
        return self.low + (np.arange(self.buckets, dtype=np.float64) + 0.5) * self.width
