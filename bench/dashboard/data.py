"""What the dashboards are measured on, the same for all of them: curves, as a function of numbers.

Only the standard library is imported here: peers run it in their own environments.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Sizes:
    """How much of each there is."""

    runs: int = 20
    metrics: int = 30
    steps: int = 5000
    points: int = 1_000_000  # of the one long metric
    table_runs: int = 10_000
    columns: int = 60  # of the table: two thirds parameters, one third metrics
    histograms: int = 5000


SPIKE = 80.0  # of the long metric, at three places of one point each


def names(metrics: int) -> list[str]:
    """Return the metrics' names: losses and accuracies first, as in a real project."""
    first = ["val/loss", "val/accuracy", "train/loss", "train/accuracy"]
    return [*first, *(f"grad/norm/layer.{at}" for at in range(metrics))][:metrics]


def value(run: int, metric: int, step: int) -> float:
    """Return a value that falls and wiggles, another for each run and metric."""
    rate = 0.5 + (run % 7) / 7
    wave = math.sin(step * 0.7 + metric) * 0.05
    return 2.3 * math.exp(-step * rate / 1500) + 0.1 * (1 + run / 20) + wave


def spikes(points: int) -> tuple[int, int, int]:
    """Return the steps of the long metric's spikes."""
    return points // 7, points // 2, points - points // 9


def long_values(points: int) -> Iterator[float]:
    """Yield the long metric: a calm line, and three spikes of one point."""
    high = frozenset(spikes(points))
    for step in range(points):
        yield SPIKE if step in high else 1.0 + 0.1 * math.sin(step / 999)
