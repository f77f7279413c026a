"""What the files of confusion matrices and curves hold: counts, which are exact.

A file is the msgpack array of the fields below (docs/format/spool.md). Whoever reads one decodes it
here: what is returned is whole, whoever wrote it.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Final

import msgspec

from mltrack_core.limits import CONFUSION_CLASSES_MAX
from mltrack_core.limits import CURVES_MAX

COUNT_MAX: Final = 2**53 - 1  # of all together: a browser's numbers are exact up to there


class Confusion(msgspec.Struct, frozen=True, array_like=True):
    """How often what was of one class was taken for another."""

    labels: list[str]  # of the classes, in the order of rows and columns
    columns: list[list[int]]  # for each true class: which were predicted, ascending
    counts: list[list[int]]  # and how often; what never happened is left out


class Curve(msgspec.Struct, frozen=True, array_like=True):
    """How well scores tell one class from all others, threshold by threshold.

    Threshold i lets the first `true[i]` of the positives and the first `false[i]` of the negatives
    pass. Both curves come from these: of a ROC curve x is false / negatives and y true / positives,
    of a precision-recall curve x is true / positives and y true / (true + false).
    """

    label: str  # of the class
    positives: int  # samples of the class
    negatives: int  # all others
    area: float | None  # AUC or average precision, of all thresholds; None where it has no meaning
    true: list[int]  # ascending, as the threshold falls
    false: list[int]
    thresholds: list[float]  # scores at least as high count as positive


Curves = list[Curve]

_decode_confusion: Final = msgspec.msgpack.Decoder(Confusion).decode
_decode_curves: Final = msgspec.msgpack.Decoder(Curves).decode


def confusion_of(data: bytes) -> Confusion:
    """Return the confusion matrix in a file.

    Raises:
        msgspec.DecodeError: It holds none, or one that cannot be.
    """
    found = _decode_confusion(data)
    classes = len(found.labels)
    _demand(0 < classes <= CONFUSION_CLASSES_MAX, "a number of classes that cannot be")
    _demand(len(found.columns) == len(found.counts) == classes, "a row for each class")
    for columns, counts in zip(found.columns, found.counts, strict=True):
        _demand(len(columns) == len(counts), "a count for each column")
        _demand(all(low < high for low, high in pairwise(columns)), "columns that ascend")
        _demand(not columns or (columns[0] >= 0 and columns[-1] < classes), "columns that are")
        _demand(all(count > 0 for count in counts), "counts above zero")
    _demand(sum(map(sum, found.counts)) <= COUNT_MAX, "counts up to 2^53")
    return found


def curves_of(data: bytes) -> Curves:
    """Return the curves in a file.

    Raises:
        msgspec.DecodeError: It holds none, or some that cannot be.
    """
    found = _decode_curves(data)
    _demand(0 < len(found) <= CURVES_MAX, "a number of curves that cannot be")
    for curve in found:
        _demand(len(curve.true) == len(curve.false) == len(curve.thresholds), "whole points")
        for counts, most in ((curve.true, curve.positives), (curve.false, curve.negatives)):
            ends = [0, *counts, most]
            _demand(all(low <= high for low, high in pairwise(ends)), "counts that ascend")
        _demand(curve.positives + curve.negatives <= COUNT_MAX, "counts up to 2^53")
    return found


def _demand(is_so: bool, what: str) -> None:
    if not is_so:
        raise msgspec.ValidationError(f"expected {what}")
