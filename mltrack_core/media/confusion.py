"""Confusion matrices."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable
from collections.abc import Mapping
from typing import Any

import msgspec

from mltrack_core.errors import MediaInvalid
from mltrack_core.limits import CONFUSION_CELLS_MAX
from mltrack_core.limits import CONFUSION_CLASSES_MAX
from mltrack_core.media import arrays
from mltrack_core.media import formats
from mltrack_core.media.classes import Class
from mltrack_core.media.classes import Column
from mltrack_core.media.classes import classes
from mltrack_core.media.classes import column
from mltrack_core.media.classes import plain
from mltrack_core.media.classes import same_length
from mltrack_core.media.evaluation import COUNT_MAX
from mltrack_core.media.evaluation import Confusion
from mltrack_core.media.medium import Clean
from mltrack_core.media.medium import Files
from mltrack_core.media.medium import Medium
from mltrack_core.media.medium import short
from mltrack_core.records import MediaItem

Cells = Mapping[tuple[int, int], int]  # (true class, predicted class) → how often, without zeros


class ConfusionMatrix(Medium):
    """What a classifier took for what, to be logged.

        run.log({"val/confusion": mltrack.ConfusionMatrix(y_true, y_pred, labels=names)}, step=step)

    It is counted now, exactly: what becomes of the arrays later does not matter. Making one never
    raises for what is in it; `log` says what is wrong and goes on. Only what happened is kept, so
    many classes cost what their samples do.

    Args:
        y_true: The class of each sample: whole numbers or names, as a list, array or tensor of
            NumPy, PyTorch, TensorFlow, JAX. One on an accelerator is waited for.
        y_pred: What each was taken for. Or samples x classes of scores, whose highest it is.
        labels: What the classes are called, in their order: at most 10,000. A value of *y_true*
            and *y_pred* is one of them, or the number of one from 0 on. Without it the values that
            occur are the classes, sorted.
        matrix: Instead of the first two: counts, a row for each true class and a column for each
            predicted one.
        caption: What to write below it.
    """

    kind = "confusion"

    def __init__(
        self,
        y_true: object = None,
        y_pred: object = None,
        *,
        labels: object = None,
        matrix: object = None,
        caption: str = "",
    ) -> None:
        super().__init__(caption)
        self._labels: list[str] = []
        self._cells: Cells = {}
        with self.taking():
            if (matrix is None) == (y_true is None or y_pred is None):
                raise MediaInvalid(self.kind, "pass y_true and y_pred, or matrix=")
            if matrix is not None:
                self._labels, self._cells = _of_counts(matrix, labels)
            else:
                self._labels, self._cells = _of_samples(y_true, y_pred, labels)
            _check(self._labels, self._cells)

    def _item(self, files: Files, clean: Clean) -> MediaItem:
        size = len(self._labels)
        columns: list[list[int]] = [[] for _ in range(size)]
        counts: list[list[int]] = [[] for _ in range(size)]
        for (row, place), count in sorted(self._cells.items()):
            columns[row].append(place)
            counts[row].append(count)
        body = Confusion([short(clean(label)) for label in self._labels], columns, counts)
        file = files.add(formats.CONFUSION, msgspec.msgpack.encode(body))
        return MediaItem("confusion", file, width=size, height=size)


def _of_samples(y_true: object, y_pred: object, labels: object) -> tuple[list[str], Cells]:
    truth, guess = column("confusion", "y_true", y_true), column("confusion", "y_pred", y_pred)
    same_length("confusion", y_true=len(truth.values), y_pred=len(guess.values))
    pairs = _pairs(truth, guess)
    seen = {each for pair in pairs for each in pair}
    found = classes("confusion", seen, labels, max(truth.width, guess.width))
    cells: Counter[tuple[int, int]] = Counter()
    for (row, place), count in pairs.items():
        cells[found.places[row], found.places[place]] += count
    return found.labels, cells


def _pairs(truth: Column, guess: Column) -> Mapping[tuple[Class, Class], int]:
    """Return how often each class was taken for each."""
    if truth.is_array and guess.is_array:
        numpy = sys.modules["numpy"]
        rows, at_row = numpy.unique(truth.values, return_inverse=True)
        columns, at_column = numpy.unique(guess.values, return_inverse=True)
        both, counts = numpy.unique(at_row * len(columns) + at_column, return_counts=True)
        row_names, column_names = rows.tolist(), columns.tolist()
        places = [divmod(each, len(columns)) for each in both.tolist()]
        counted: Iterable[tuple[tuple[Any, Any], int]] = zip(
            ((row_names[row], column_names[place]) for row, place in places),
            counts.tolist(),
            strict=True,
        )
    else:
        counted = Counter(zip(_plain_list(truth), _plain_list(guess), strict=True)).items()
    pairs: Counter[tuple[Class, Class]] = Counter()
    for (row, place), count in counted:
        pairs[plain("confusion", row), plain("confusion", place)] += count
    return pairs


def _plain_list(found: Column) -> list[Class]:
    values = found.values.tolist() if hasattr(found.values, "tolist") else found.values
    return [plain("confusion", value) for value in values]


def _of_counts(matrix: object, labels: object) -> tuple[list[str], Cells]:
    """Return labels and counts of a matrix that somebody else has counted."""
    array = arrays.array_of(matrix)
    if array is not None:
        if array.ndim != 2:
            raise MediaInvalid("confusion", f"matrix= has shape {tuple(array.shape)}")
        rows, places = array.nonzero()
        held = zip(
            zip(rows.tolist(), places.tolist(), strict=True),
            array[rows, places].tolist(),
            strict=True,
        )
        height, width = array.shape
    else:
        if not isinstance(matrix, Iterable):
            raise MediaInvalid("confusion", f"matrix= is {type(matrix).__name__}")
        lists = [list(row) for row in matrix]
        height, width = len(lists), len(lists[0]) if lists else 0
        if any(len(row) != width for row in lists):
            raise MediaInvalid("confusion", "the rows of matrix= are not of one length")
        held = zip(
            ((i, j) for i, row in enumerate(lists) for j, count in enumerate(row) if count),
            (count for row in lists for count in row if count),
            strict=True,
        )
    if height != width or not height:
        raise MediaInvalid("confusion", f"matrix= has {height} rows and {width} columns")
    names = classes("confusion", (), labels, width).labels
    return names, {place: _count(value) for place, value in held}


def _count(value: object) -> int:
    whole = int(value) if isinstance(value, float) and value.is_integer() else value
    if not isinstance(whole, int) or whole < 0:
        raise MediaInvalid("confusion", f"matrix= holds {value!r:.80}, which counts nothing")
    return whole


def _check(labels: list[str], cells: Cells) -> None:
    """Refuse what is too large to be looked at.

    Raises:
        MediaInvalid: It is.
    """
    if len(labels) > CONFUSION_CLASSES_MAX:
        raise MediaInvalid(
            "confusion",
            f"{len(labels)} classes, at most {CONFUSION_CLASSES_MAX} are kept: log groups of them",
        )
    if len(cells) > CONFUSION_CELLS_MAX:
        raise MediaInvalid(
            "confusion",
            f"{len(cells)} pairs of classes, at most {CONFUSION_CELLS_MAX} are kept: "
            "log groups of them",
        )
    if sum(cells.values()) > COUNT_MAX:
        raise MediaInvalid("confusion", "its counts are beyond 2^53")
