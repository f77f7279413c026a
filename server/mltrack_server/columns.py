"""Points as columns: exact, or drawn into buckets for a chart.

A chart's answer is a container (see container.py) with a `SeriesHeader`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
from typing import Final
from typing import Literal
from typing import Self

import numpy as np
from numpy.typing import NDArray

from mltrack_server import container
from mltrack_server.resources import History
from mltrack_server.resources import SeriesHeader
from mltrack_server.resources import number

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Order = Literal["step", "time"]
ORDERS: Final[tuple[Order, ...]] = ("step", "time")


@dataclass(frozen=True, slots=True, kw_only=True)
class Points:
    """The exact points of one series, in its order; equal ones in the order of logging."""

    step: Ints
    time_ns: Ints
    value: Floats
    is_superseded: Bools  # a later attempt went over this step again
    exact_ints: dict[int, int] = field(default_factory=dict)  # index → what float64 cannot hold
    order: Order = "step"  # a device series' steps are sample numbers: its order is time
    is_thinned: bool = False  # others were recorded between them, and are not kept

    def __len__(self) -> int:
        return len(self.step)

    @property
    def key(self) -> Ints:
        """What the points are ordered by."""
        return self.step if self.order == "step" else self.time_ns

    def take(self, chosen: Ints | Bools) -> Self:
        """Return the points at the indices *chosen*, or where the mask *chosen* is true."""
        indices = np.flatnonzero(chosen) if chosen.dtype == np.bool_ else chosen
        exact = {}
        if self.exact_ints:
            exact = {
                new: self.exact_ints[old]
                for new, old in enumerate(indices.tolist())
                if old in self.exact_ints
            }
        return type(self)(
            step=self.step[indices],
            time_ns=self.time_ns[indices],
            value=self.value[indices],
            is_superseded=self.is_superseded[indices],
            exact_ints=exact,
            order=self.order,
            is_thinned=self.is_thinned,
        )

    def values(self) -> list[float | int]:
        """Return the values as they were logged, integers beyond 2^53 included."""
        values: list[float | int] = self.value.tolist()
        for index, exact in self.exact_ints.items():
            values[index] = exact
        return values

    def history(self, name: str) -> History:
        """Return the points as the API's JSON gives them."""
        return History(
            name=name,
            step=self.step.tolist(),
            time_ns=self.time_ns.tolist(),
            value=[number(value) for value in self.values()],
            is_superseded=self.is_superseded.tolist(),
            is_thinned=self.is_thinned,
        )


def unpack(body: bytes) -> tuple[SeriesHeader, memoryview]:
    """Return the header of a chart's answer and the bytes that its `ColumnRef`s count in.

    Raises:
        WireInvalid: This is not such an answer.
    """
    return container.unpack(body, SeriesHeader)


def concatenate(pages: Sequence[Points]) -> Points:
    """Return the points of *pages*, at least one, as one series."""
    if len(pages) == 1:
        return pages[0]
    exact_ints: dict[int, int] = {}
    total = 0
    for points in pages:
        exact_ints |= {total + at: exact for at, exact in points.exact_ints.items()}
        total += len(points)
    return Points(
        step=np.concatenate([points.step for points in pages]),
        time_ns=np.concatenate([points.time_ns for points in pages]),
        value=np.concatenate([points.value for points in pages]),
        is_superseded=np.concatenate([points.is_superseded for points in pages]),
        exact_ints=exact_ints,
        order=pages[0].order,
        is_thinned=any(points.is_thinned for points in pages),
    )
