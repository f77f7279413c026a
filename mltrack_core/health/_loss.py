"""What a loss curve says of itself."""

from __future__ import annotations

import math
from collections import deque
from typing import Final

from mltrack_core.health._mark import Mark

_WINDOW: Final = 25  # losses that are taken together: one batch says little
_NOISE: Final = 6.0  # standard deviations of a window's mean: more is no accident
_LOST_SHARE: Final = 0.5  # of the progress made, that a diverging loss has given back
_STALL_LOSSES: Final = 500  # without progress, at least
_STALL_SHARE: Final = 0.5  # of all losses so far, without progress
_PROGRESS_MIN: Final = 1e-3  # of what was gained until then: less is no progress


class _Window:
    """Mean and spread of the newest losses."""

    def __init__(self) -> None:
        self._values: deque[float] = deque(maxlen=_WINDOW)
        self._sum = 0.0

    def add(self, value: float) -> bool:
        """Take note of a loss; tell whether there are enough of them."""
        if len(self._values) == _WINDOW:
            self._sum -= self._values[0]
        self._values.append(value)
        self._sum += value
        return len(self._values) == _WINDOW

    @property
    def mean(self) -> float:
        return self._sum / len(self._values)

    def error(self) -> float:
        """Return how uncertain the mean is, as its standard deviation."""
        mean = self.mean
        variance = sum((value - mean) ** 2 for value in self._values) / (len(self._values) - 1)
        return math.sqrt(variance / len(self._values))


class Diverging:
    """The loss has given back half of what it had gained, and that is no accident.

    A loss that never gained anything diverges as soon as it rises beyond its noise, by at least
    half of its own size.
    """

    def __init__(self) -> None:
        self._window = _Window()
        self._first: float | None = None
        self._best = self._best_error = 0.0
        self._best_step = 0

    def observe(self, loss: float, step: int) -> Mark | None:
        if not self._window.add(loss):
            return None
        mean = self._window.mean
        if self._first is None or mean < self._best:
            self._first = mean if self._first is None else self._first
            self._best, self._best_error = mean, self._window.error()
            self._best_step = step
            return None
        rise = mean - self._best
        gained = self._first - self._best
        if rise <= _LOST_SHARE * (gained or abs(self._best)):
            return None
        if rise <= _NOISE * max(self._best_error, self._window.error()):
            return None
        return Mark(
            kind="health.diverging",
            level="warning",
            title=f"The loss rises: {self._best:.4g} at step {self._best_step}, {mean:.4g} now",
            evidence=f"Means over {_WINDOW} losses. It had fallen by {gained:.4g} and has risen by "
            f"{rise:.4g} since. A lower learning rate or a longer warm-up may help.",
        )


class Stalled:
    """The loss has made no progress for half of the training, and for long."""

    def __init__(self) -> None:
        self._window = _Window()
        self._first: float | None = None
        self._best = 0.0
        self._seen = self._best_seen = 0  # losses
        self._best_step = 0

    def observe(self, loss: float, step: int) -> Mark | None:
        self._seen += 1
        if not self._window.add(loss):
            return None
        mean = self._window.mean
        if self._first is None:
            self._first = self._best = mean
            self._best_seen, self._best_step = self._seen, step
        elif mean < self._best - _PROGRESS_MIN * abs(self._first - self._best):
            self._best = mean
            self._best_seen, self._best_step = self._seen, step
        idle = self._seen - self._best_seen
        if idle < max(_STALL_LOSSES, _STALL_SHARE * self._seen):
            return None
        return Mark(
            kind="health.stalled",
            level="info",
            title=f"The loss has not improved since step {self._best_step}",
            evidence=f"The mean over {_WINDOW} losses was {self._best:.4g} then and is {mean:.4g} "
            f"now, {idle} losses later. It may have converged, or the learning rate is too small.",
        )
