"""A budget of time: what is heavy is done so rarely that the training does not feel it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Final

SHARE: Final = 0.01  # of the time that training takes, by default


class Budget:
    """Tells when something heavy may be done, so that it takes at most a share of all time.

    Call `is_due` once for each step, and `spent` after each turn with what it took. The interval
    follows from both: a turn of 10 ms beside steps of 20 ms is due every 50th step at 1 %. The
    first turn comes with the second step, when it is known how long a step takes.

    Args:
        share: Of the time between turns that one may take. 0 does it every *every* steps, from the
            first on, whatever it takes: as processes must that do it together.
        every: Steps between two turns, at least.
        clock: Seconds, monotonic.

    Attributes:
        interval: Steps between two turns, as chosen last.
        share: As above. Changed, it counts from the end of the next turn on.
    """

    def __init__(
        self,
        share: float = SHARE,
        *,
        every: int = 1,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        if not 0 <= share <= 1 or every < 1:
            raise ValueError(f"share={share!r}, every={every!r}: a share is 0 to 1, every 1 up")
        self.interval, self.share = every, share
        self._every, self._clock = every, clock
        self._steps = 0  # that have passed since …
        self._since_s: float | None = None  # … this time
        self._left = 1  # steps until the next turn

    def is_due(self) -> bool:
        """Take note of a step; tell whether it is one for a turn."""
        if self._since_s is not None or self.share == 0:
            self._steps += 1
            self._left -= 1
        if self._since_s is None:
            self._since_s = self._clock()
        return self._left <= 0

    def spent(self, seconds: float) -> bool:
        """Take note that a turn took *seconds*; tell whether the interval is another one now."""
        before, now = self.interval, self._clock()
        if self.share > 0 and self._since_s is not None:
            step_s = max((now - seconds - self._since_s) / max(self._steps, 1), 1e-9)
            self.interval = max(self._every, math.ceil(seconds / (self.share * step_s)))
        self._left = self.interval
        self._steps, self._since_s = 0, now
        return self.interval != before
