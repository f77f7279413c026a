"""What passes at each threshold of a score: the points of ROC and precision-recall curves.

NumPy counts where it is loaded, and plain Python where it is not; both come to the same.
"""

from __future__ import annotations

import math
import sys
from bisect import bisect_left
from collections.abc import Sequence
from itertools import accumulate
from itertools import groupby
from itertools import pairwise
from operator import itemgetter
from typing import Any
from typing import Literal
from typing import NamedTuple

from mltrack_core.media.evaluation import Curve

Kind = Literal["roc", "pr"]


class _Line(NamedTuple):
    """A curve whole, and which of its points are to be kept."""

    area: float
    true: list[int]  # of the points that are kept, as in Curve
    false: list[int]
    thresholds: list[float]


def curve(kind: Kind, label: str, truth: Any, scores: Any, points_max: int) -> Curve:
    """Return the curve of one class.

    Args:
        kind: Which one.
        label: What the class is called.
        truth: Whether each sample is positive.
        scores: How sure the model is of that, without NaN: an array, or a list without NumPy.
        points_max: How many points are kept, from 2 on: the first, the last, and between them those
            that lie evenly along the curve. None between two of them is further off, in x and y
            together, than the curve's length through points_max - 1; a ROC curve is at most 2 long.
    """
    positives = int(sum(truth)) if isinstance(truth, list) else int(truth.sum())
    negatives = len(truth) - positives
    if not positives or (kind == "roc" and not negatives):
        return Curve(label, positives, negatives, None, [], [], [])
    draw = _with_numpy if "numpy" in sys.modules else _without_numpy
    line = draw(kind, truth, scores, points_max)
    return Curve(label, positives, negatives, *line)


def _with_numpy(kind: Kind, truth: Any, scores: Any, points_max: int) -> _Line:
    numpy = sys.modules["numpy"]
    order = numpy.argsort(scores)[::-1]  # not stable: scores that are equal pass together
    ranked = scores[order]
    last = numpy.append(numpy.flatnonzero(ranked[1:] != ranked[:-1]), len(ranked) - 1)
    true = numpy.cumsum(truth[order], dtype=numpy.int64)[last]
    false = last + 1 - true
    positives, negatives = int(true[-1]), int(false[-1])
    if kind == "roc":
        x, y = false / negatives, true / positives
        before = numpy.append(0, true[:-1])
        double = int((numpy.diff(false, prepend=0) * (before + true)).sum())
        area = double / (2 * positives * negatives)
    else:
        x, y = true / positives, true / (true + false)
        area = float((numpy.diff(true, prepend=0) * y).sum()) / positives
    at = numpy.arange(len(last))
    if len(at) > points_max:
        along = numpy.append(0, numpy.cumsum(abs(numpy.diff(x)) + abs(numpy.diff(y))))
        goals = numpy.linspace(0, along[-1], points_max)
        at = numpy.unique(numpy.append(numpy.searchsorted(along, goals[:-1]), len(at) - 1))
    kept = true[at].tolist(), false[at].tolist(), ranked[last[at]].astype("float64").tolist()
    return _Line(area, *kept)


def _without_numpy(
    kind: Kind, truth: Sequence[bool], scores: Sequence[float], points_max: int
) -> _Line:
    true, false, thresholds = [0], [0], [math.inf]
    ranked = sorted(zip(scores, truth, strict=True), key=itemgetter(0), reverse=True)
    for score, group in groupby(ranked, key=itemgetter(0)):
        passed = [is_positive for _, is_positive in group]
        true.append(true[-1] + sum(passed))
        false.append(false[-1] + len(passed) - sum(passed))
        thresholds.append(score)
    positives, negatives = true[-1], false[-1]
    steps = zip(pairwise(true), pairwise(false), strict=True)
    if kind == "roc":
        double = sum((q - p) * (before + now) for (before, now), (p, q) in steps)
        area = double / (2 * positives * negatives)
        line = [(p / negatives, t / positives) for t, p in zip(true[1:], false[1:], strict=True)]
    else:
        terms = ((now - before) * (now / (now + q)) for (before, now), (_, q) in steps)
        area = math.fsum(terms) / positives
        line = [(t / positives, t / (t + p)) for t, p in zip(true[1:], false[1:], strict=True)]
    at = list(range(1, len(true)))
    if len(at) > points_max:
        parts = (abs(c - a) + abs(d - b) for (a, b), (c, d) in pairwise(line))
        along = list(accumulate(parts, initial=0.0))
        goals = (along[-1] * part / (points_max - 1) for part in range(points_max - 1))
        at = sorted({*(bisect_left(along, goal) + 1 for goal in goals), len(line)})
    return _Line(area, [true[i] for i in at], [false[i] for i in at], [thresholds[i] for i in at])
