"""The data that every store is given: standard library only, for it is made in peers' environments.

One long run of noise whose last point of every metric is LAST, so that a reader knows that it sees
the end; and many short runs, of which `found` says what a search for adam gives.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import NamedTuple

LAST = 0.25  # no loss in float32
OPTIMIZERS = ("adam", "adamw", "sgd", "lamb")
COLUMNS = 10  # of a run: parameters, and metrics of one point each
PAGE = 50  # of a search


def names(scalars: int) -> list[str]:
    """Return the metrics of the long run."""
    return [f"train/metric_{number:03d}" for number in range(scalars)]


def steps(count: int, scalars: int) -> Iterator[tuple[int, dict[str, float]]]:
    """Yield the long run: each step and its values."""
    chance = random.Random(1).random  # noqa: S311 - the same values for everybody
    every = names(scalars)
    for step in range(count - 1):
        yield step, {name: chance() for name in every}
    yield count - 1, dict.fromkeys(every, LAST)


class Run(NamedTuple):
    """One of many."""

    name: str
    params: dict[str, float | str]
    metrics: dict[str, float]


def runs(count: int) -> Iterator[Run]:
    """Yield the short runs; no two have the same accuracy, so that sorting has one result."""
    chosen = random.Random(2)  # noqa: S311 - the same runs for everybody
    for number in range(count):
        params: dict[str, float | str] = {f"p{n}": chosen.random() for n in range(2, COLUMNS)}
        params |= {"lr": 10 ** chosen.uniform(-5, 0), "optimizer": chosen.choice(OPTIMIZERS)}
        metrics = {f"val/m{n}": chosen.random() for n in range(1, COLUMNS)}
        metrics["val/acc"] = number * 40503 % 2**20 / 2**20
        yield Run(f"run-{number:06d}", params, metrics)


def found(count: int) -> list[str]:
    """Return the best runs with adam and an accuracy of a half or more, the best one first."""
    fit = [
        run
        for run in runs(count)
        if run.params["optimizer"] == "adam" and run.metrics["val/acc"] >= 0.5
    ]
    fit.sort(key=lambda run: -run.metrics["val/acc"])
    return [run.name for run in fit[:PAGE]]
