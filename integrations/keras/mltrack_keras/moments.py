"""Where a training stood, and how well, when something was saved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mltrack_keras.metrics import named


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """Where a training stood, and how well."""

    step: int
    epoch: float | None  # complete ones, and the share of the one that goes on
    number: int  # of the epoch, from 0, as callbacks count
    logs: Mapping[str, Any]
    batch: int | None = None  # of the epoch, from 0; None at its end

    def metrics(self) -> dict[str, object]:
        """Return what was known of the model's quality, under the names that a run has."""
        numbers = {name: value for name, value in self.logs.items() if isinstance(value, float)}
        return named(numbers)
