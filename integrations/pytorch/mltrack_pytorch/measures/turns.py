"""Turns: at which updates something is measured, and how the run is told so."""

from __future__ import annotations

import math

from mltrack_core.budget import Budget


class Turns:
    """When something is measured: at the first update, then as a budget permits.

    What the first turn takes says little: it pays for what is done once. So the second one comes
    with the second update, to find out. Where that would be too dear, the first one's time counts
    until there is another.

    Args:
        budget: Is asked and told.
        dear_s: What the first turn may take at most for the second one to follow at once.
    """

    def __init__(self, budget: Budget, *, dear_s: float = math.inf) -> None:
        self.budget, self._dear_s = budget, dear_s
        self._count = 0  # turns taken
        self._first_s: float | None = None  # of a dear one, until it is known what an update takes
        self._is_known = False  # the interval has been chosen
        self._said = 0  # the interval, as told to the run

    def is_due(self) -> bool:
        """Take note of an update; tell whether it is one to be measured."""
        is_due = self.budget.is_due()
        if self._first_s is not None:
            self.budget.spent(self._first_s)
            self._first_s, self._is_known = None, True
            is_due = False
        return is_due or self._count == 0

    def spent(self, seconds: float) -> None:
        """Take note of what a turn took."""
        self._count += 1
        if self._count > 1:
            self.budget.spent(seconds)
            self._is_known = True
        elif seconds > self._dear_s:
            self._first_s = seconds
        else:
            self.budget.spent(0.0)

    def news(self) -> int | None:
        """Return updates between two turns, if that is known and another number than was told."""
        interval = self.budget.interval
        if not self._is_known or self._said / 2 < interval < self._said * 2:
            return None
        self._said = interval
        return interval
