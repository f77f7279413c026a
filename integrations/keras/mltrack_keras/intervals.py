"""How many updates lie between two measurements: so many that the training does not feel them."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Final
from typing import Protocol

_WARM: Final = 2  # batches that say nothing: the first one is compiled
_FIRST: Final = 30  # batches after these until intervals are chosen; then four times as many each


class Measured(Protocol):
    """Something that is measured every so many updates."""

    every: int  # updates between two measurements

    @property
    def cost_s(self) -> float | None:
        """Seconds that one measurement takes; None where that is not known."""

    def widen(self, every: int) -> None:
        """Measure every so many updates from now on."""


class Intervals:
    """Widens intervals where measuring would take more than its share of the time.

    They are doubled as often as it takes, so the updates that are measured are among those that
    were measured before.

    Args:
        groups: By name, what is measured together and the share of the time that it may take.
        updates: In one batch.
        clock: Seconds, monotonic.
    """

    def __init__(
        self,
        groups: Mapping[str, tuple[float, Sequence[Measured]]],
        updates: float,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._groups, self._updates, self._clock = groups, updates, clock
        self._count = -_WARM  # batches that are timed
        self._total_s = 0.0  # of them
        self._due = _FIRST
        self._began_s: float | None = None  # the batch that goes on

    def begin_epoch(self) -> None:
        """Leave out the time between epochs."""
        self._began_s = None

    def batch_begins(self) -> bool:
        """Take note that a batch begins; tell whether some interval is another one now."""
        now_s = self._clock()
        if self._began_s is not None:
            self._count += 1
            if self._count > 0:
                self._total_s += now_s - self._began_s
        self._began_s = now_s
        if self._count < self._due:
            return False
        self._due *= 4
        return self._choose(self._total_s / self._count / self._updates)

    def chosen(self) -> dict[str, int]:
        """Return the updates between two measurements, by the groups' names."""
        return {name: parts[0].every for name, (_, parts) in self._groups.items()}

    def _choose(self, update_s: float) -> bool:
        before = self.chosen()
        for share, parts in self._groups.values():
            costs = [part.cost_s or 0.0 for part in parts]
            times = sum(costs) / max(share * update_s * parts[0].every, 1e-12)
            if times > 1:
                every = parts[0].every << math.ceil(math.log2(times))
                for part in parts:
                    part.widen(every)
        return self.chosen() != before
