"""Importance: how much of a result's variance a parameter has a part in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from mltrack_server.analysis.features import Feature
from mltrack_server.analysis.features import Floats
from mltrack_server.analysis.forest import grow
from mltrack_server.analysis.forest import predict

RUNS_MIN: Final = 20
RUNS_USED_MAX: Final = 1000
FEATURES_MAX: Final = 40
FORESTS: Final = 20  # each learns from other runs
_TREES: Final = 8  # of each
_TEST_SHARE: Final = 3  # one in so many runs is kept from a forest, to ask it about
_SEED: Final = 20  # the same runs get the same answer
_RANGE: Final = (5, 95)  # percentiles of the forests' answers


@dataclass(frozen=True, slots=True)
class Weight:
    """What one feature amounts to."""

    importance: float  # mean of the forests
    low: float
    high: float
    correlation: float | None  # Spearman's, of what is ordered
    count: int  # runs that it is of


@dataclass(frozen=True, slots=True)
class Weights:
    """What all of them amount to."""

    weights: list[Weight]  # as the features were given
    explained: float  # of the variance, by forests that had not seen the runs; at most 1


def weigh(features: Sequence[Feature], target: Floats) -> Weights:
    """Return how important each feature is for *target*, which is finite and not always the same.

    Forests predict the target's rank, so neither one diverged run nor a logarithmic scale matters.
    Each learns from two thirds of the runs. Among the others the values of one feature are
    shuffled: half of what that adds to the squared error is, as a share of the variance, its
    importance. It is about 1 where the feature alone decides, and about 0, a little below too,
    where it does nothing. Costs seconds at most: `RUNS_USED_MAX` and `FEATURES_MAX` are for the
    caller to keep. Blocks.

    Source:
        Breiman, Random Forests, 2001 (permutation); for an exact model this is Sobol's total
        index in Jansen's estimator, Gregorutti et al., 2017.
    """
    count = len(target)
    ranks = (_ranks(target) - 0.5) / count
    codes = np.stack([feature.codes for feature in features])
    is_ordered = np.array([feature.is_ordered for feature in features])
    chance = np.random.default_rng(_SEED)
    found, explained = [], []
    for _ in range(FORESTS):
        mixed = chance.permutation(count)
        asked, learnt = mixed[: count // _TEST_SHARE], mixed[count // _TEST_SHARE :]
        trees = [
            grow(codes, ranks, is_ordered, chance.choice(learnt, len(learnt)), chance)
            for _ in range(_TREES)
        ]
        errors = (predict(trees, codes, asked, chance.permutation(asked)) - ranks[asked]) ** 2
        squares = errors.mean(1) / ranks.var()
        found.append((squares[:-1] - squares[-1]) / 2)
        explained.append(1 - squares[-1])
    low, high = np.percentile(found, _RANGE, axis=0)
    return Weights(
        weights=[
            Weight(
                importance=float(mean),
                low=float(low[place]),
                high=float(high[place]),
                correlation=_spearman(features[place].numbers, target),
                count=int((features[place].codes > 0).sum()),
            )
            for place, mean in enumerate(np.mean(found, axis=0))
        ],
        explained=float(np.mean(explained)),
    )


def _spearman(numbers: Floats, target: Floats) -> float | None:
    """Return the rank correlation of both, where there are numbers that differ."""
    known = ~np.isnan(numbers)
    if known.sum() < 3:
        return None
    left, right = _ranks(numbers[known]), _ranks(target[known])
    if not left.std() or not right.std():
        return None
    return float(np.clip(np.corrcoef(left, right)[0, 1], -1, 1))


def _ranks(numbers: Floats) -> Floats:
    """Return each number's place in order, from 1; equal ones share the middle of their places."""
    _, inverse, counts = np.unique(numbers, return_inverse=True, return_counts=True)
    ranks: Floats = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    return ranks
