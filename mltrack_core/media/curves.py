"""ROC and precision-recall curves."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable
from collections.abc import Iterator
from typing import Any
from typing import ClassVar
from typing import Final
from typing import NamedTuple

import msgspec

from mltrack_core.errors import MediaInvalid
from mltrack_core.limits import CURVE_POINTS_MAX
from mltrack_core.limits import CURVE_POINTS_TOTAL_MAX
from mltrack_core.limits import CURVES_MAX
from mltrack_core.media import arrays
from mltrack_core.media import formats
from mltrack_core.media.classes import column
from mltrack_core.media.classes import labelled
from mltrack_core.media.classes import plain
from mltrack_core.media.classes import same_length
from mltrack_core.media.evaluation import Curve
from mltrack_core.media.medium import Clean
from mltrack_core.media.medium import Files
from mltrack_core.media.medium import Medium
from mltrack_core.media.medium import short
from mltrack_core.media.thresholds import Kind
from mltrack_core.media.thresholds import curve
from mltrack_core.records import MediaItem

_TWO: Final = ({0, 1}, {-1, 1})  # of such classes everybody knows which one is positive


class _Curves(Medium):
    """Curves of scores against what is true."""

    kind: ClassVar[Kind]

    def __init__(
        self,
        y_true: object,
        scores: object,
        *,
        labels: object = None,
        positive: object = None,
        caption: str = "",
    ) -> None:
        super().__init__(caption)
        self._curves: list[Curve] = []
        with self.taking():
            found = _samples(self.kind, y_true, scores, labels, positive)
            self._curves = _curves(self.kind, found)

    @property
    def area(self) -> float:
        """The area under the curve, of several their mean; NaN where nothing could be drawn.

        All thresholds count, not only the points that are kept. Log it as a metric to see it over
        the steps.
        """
        areas = [each.area for each in self._curves if each.area is not None]
        return math.fsum(areas) / len(areas) if areas else math.nan

    def _item(self, files: Files, clean: Clean) -> MediaItem:
        body = [
            msgspec.structs.replace(each, label=short(clean(each.label))) for each in self._curves
        ]
        file = files.add(formats.CURVES, msgspec.msgpack.encode(body))
        points = max(len(each.thresholds) for each in body)
        return MediaItem(self.kind, file, width=points, height=len(body))


class RocCurve(_Curves):
    """How many positives are found at the price of how many false alarms, to be logged.

        run.log({"val/roc": mltrack.RocCurve(y_true, scores)}, step=step)

    It is made now, of every score, in some 8 ms for each class of 50,000 samples. At most 1,000
    points of it are kept, in such places that nothing between them is further off than 0.2 % of the
    axes, and the area under it (AUC), which is exact. Making one never raises for what is in it;
    `log` says what is wrong and goes on.

    Args:
        y_true: The class of each sample: whole numbers, bools or names, as a list, array or tensor
            of NumPy, PyTorch, TensorFlow, JAX. One on an accelerator is waited for. Or, beside
            scores of several classes, 0 or 1 for each of them: samples x classes.
        scores: How sure the model is that each sample is positive; the more, the higher. Or
            samples x classes, for one curve of each class against the others: at most 1,000
            classes, with 100,000 points together.
        labels: What the classes are called, in the order of the columns of *scores*. A value of
            *y_true* is one of them or, where they are names, the number of one from 0 on.
        positive: Which class *scores* is of, where that is not 1, of 0 and 1 or -1 and 1.
        caption: What to write below it.
    """

    kind = "roc"


class PrCurve(_Curves):
    """How many of what is found are right against how many are found, to be logged.

        run.log({"val/pr": mltrack.PrCurve(y_true, scores)}, step=step)

    Recorded with it is its average precision: the mean of the precision at each threshold, weighted
    by how much recall it adds. Everything else is as of `mltrack.RocCurve`.

    Args:
        y_true: As of `RocCurve`.
        scores: As of `RocCurve`.
        labels: As of `RocCurve`.
        positive: As of `RocCurve`.
        caption: What to write below it.
    """

    kind = "pr"


class _Samples(NamedTuple):
    """What is scored: for each curve its label, which samples are positive, and their scores."""

    labels: list[str]
    truths: Iterator[Any]
    scores: Iterable[Any]


def _samples(
    kind: Kind, y_true: object, scores: object, labels: object, positive: object
) -> _Samples:
    """Return what curves are to be drawn of.

    Raises:
        MediaInvalid: Nothing can.
    """
    columns = _score_columns(kind, scores)
    if columns is None:
        array = arrays.array_of(scores)
        values = array.reshape(-1) if array is not None else _numbers(kind, scores)
        name, truth = _binary(kind, y_true, labels, positive)
        same_length(kind, y_true=len(truth), scores=len(values))
        return _Samples([name], iter([truth]), [_checked(kind, values)])
    if positive is not None:
        raise MediaInvalid(kind, "positive= is for scores of one class")
    if len(columns) > CURVES_MAX:
        raise MediaInvalid(
            kind, f"{len(columns)} classes, at most {CURVES_MAX} are kept: log some of them"
        )
    each = _score_columns(kind, y_true)
    if each is not None:
        names = labelled(kind, labels, width=len(columns)).labels
        if len(each) != len(columns):
            raise MediaInvalid(kind, f"y_true has {len(each)} columns, scores {len(columns)}")
        same_length(kind, y_true=len(each[0]), scores=len(columns[0]))
        truths = (_binary(kind, truth, None, None)[1] for truth in each)
    else:
        truth = column(kind, "y_true", y_true)
        same_length(kind, y_true=len(truth.at), scores=len(columns[0]))
        names, (places,) = labelled(kind, labels, truth, width=len(columns))
        truths = (truth.spread([place == at for place in places]) for at in range(len(columns)))
    return _Samples(names, truths, [_checked(kind, values) for values in columns])


def _score_columns(kind: Kind, values: object) -> list[Any] | None:
    """Return the columns of samples x classes; None where there is one value for each sample."""
    array = arrays.array_of(values)
    if array is not None:
        if array.ndim > 2:
            raise MediaInvalid(
                kind, f"shape {tuple(array.shape)}: pass samples, or samples x classes"
            )
        return list(array.T) if array.ndim == 2 and array.shape[1] > 1 else None
    if isinstance(values, list | tuple) and values and isinstance(values[0], list | tuple):
        if len({len(row) for row in values}) > 1:
            raise MediaInvalid(kind, "its rows are not of one length")
        return [list(each) for each in zip(*values, strict=True)] if len(values[0]) > 1 else None
    return None


def _numbers(kind: Kind, values: object) -> list[Any]:
    """Return a list of scores, each perhaps in a list of its own."""
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise MediaInvalid(kind, f"scores is {type(values).__name__}: pass one number a sample")
    return [each[0] if isinstance(each, list | tuple) and each else each for each in values]


def _checked(kind: Kind, values: Any) -> Any:
    """Return scores as an array where NumPy is loaded, else as floats."""
    numpy = sys.modules.get("numpy")
    if numpy is None:
        found: Any = [float(value) for value in values]
        nans = sum(value != value for value in found)
    else:
        found = numpy.asarray(values)
        if found.dtype.kind not in "biuf" or found.ndim != 1:
            raise MediaInvalid(kind, "scores are numbers, one a sample and class")
        nans = int(numpy.count_nonzero(found != found))
    if nans:
        raise MediaInvalid(kind, f"{nans} of {len(found)} scores are NaN: a model that diverged?")
    return found


def _binary(kind: Kind, y_true: object, labels: object, positive: object) -> tuple[str, Any]:
    """Return what the positive class is called, and which samples are of it."""
    truth = column(kind, "y_true", y_true)
    if positive is not None:
        wanted = plain(kind, positive)
        return str(wanted), truth.spread([each == wanted for each in truth.classes])
    if labels is not None:
        names, (places,) = labelled(kind, labels, truth)
        if len(names) != 2:
            raise MediaInvalid(kind, f"{len(names)} labels, and scores of one class: pass two")
        return names[1], truth.spread([place == 1 for place in places])
    if not any(set(truth.classes) <= two for two in _TWO):
        some = sorted(map(str, truth.classes))[:3]
        raise MediaInvalid(
            kind,
            f"y_true holds {some!r:.80}: say which class the scores are of, positive={some[-1]!r}, "
            "or pass scores of samples x classes",
        )
    return "positive", truth.spread([each == 1 for each in truth.classes])


def _curves(kind: Kind, found: _Samples) -> list[Curve]:
    """Return a curve for each class.

    Raises:
        MediaInvalid: None of them means anything.
    """
    points = max(2, min(CURVE_POINTS_MAX, CURVE_POINTS_TOTAL_MAX // len(found.labels)))
    made = [
        curve(kind, label, truth, scores, points)
        for label, truth, scores in zip(found.labels, found.truths, found.scores, strict=True)
    ]
    if all(each.area is None for each in made):
        lacking = "positive" if not made[0].positives else "negative"
        raise MediaInvalid(
            kind, f"no sample is {lacking}: log it over more of the data, where both occur"
        )
    return made
