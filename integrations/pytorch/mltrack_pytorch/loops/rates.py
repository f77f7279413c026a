"""Learning rates: at which updates they are recorded beside those that are measured anyway."""

from __future__ import annotations

from typing import Final
from weakref import WeakKeyDictionary

from torch.optim import Optimizer

from mltrack_core.budget import Budget
from mltrack_pytorch.measures.turns import Turns

_JUMP: Final = 0.1  # of a rate: one that has moved so far is recorded at once


class Rates:
    """When learning rates are recorded: as a budget permits, and whenever one has jumped.

    Args:
        share: Of the training's time that recording them may take. 0 records all.
    """

    def __init__(self, share: float) -> None:
        self._turns = Turns(Budget(share))
        self._recorded: WeakKeyDictionary[Optimizer, list[object]] = WeakKeyDictionary()

    def is_due(self, optimizer: Optimizer, *, is_recorded: bool) -> bool:
        """Take note of an update; tell whether its rates are to be recorded.

        Args:
            optimizer: Whose they are.
            is_recorded: They are recorded in any case, by whoever measures this update.
        """
        now = [group.get("lr") for group in optimizer.param_groups]
        before = self._recorded.get(optimizer)
        is_due = self._turns.is_due()
        if not (is_due or is_recorded or before is None or _has_jumped(before, now)):
            return False
        self._recorded[optimizer] = now
        return not is_recorded

    def spent(self, seconds: float) -> int | None:
        """Take note of what it took; return updates between two records where that is news."""
        self._turns.spent(seconds)
        return self._turns.news()


def _has_jumped(before: list[object], now: list[object]) -> bool:
    """Tell whether a rate has moved far; of one that is a tensor nobody asks, it would wait."""
    return len(before) != len(now) or any(
        isinstance(old, int | float)
        and isinstance(new, int | float)
        and abs(new - old) > _JUMP * abs(old)
        for old, new in zip(before, now, strict=True)
    )
