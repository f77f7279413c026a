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
from mltrack_core.media.classes import column
from mltrack_core.media.classes import labelled
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
            and *y_pred* is one of them or, where they are names, the number of one from 0 on.
            Without it the values that occur are the classes, sorted.
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
            if [y_true is not None, y_pred is not None] != [matrix is None] * 2:
                raise MediaInvalid(self.kind, "pass y_true and y_pred, or matrix=")
            if matrix is not None:
                self._labels, self._cells = _of_counts(matrix, labels)
            else:
                self._labels, self._cells = _of_samples(y_true, y_pred, labels)
            if sum(self._cells.values()) > COUNT_MAX:
                raise MediaInvalid(self.kind, "its counts are beyond 2^53")

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
    """Return labels, and how often each class was taken for each."""
    truth, guess = column("confusion", "y_true", y_true), column("confusion", "y_pred", y_pred)
    same_length("confusion", y_true=len(truth.at), y_pred=len(guess.at))
    found = labelled("confusion", labels, truth, guess)
    size = len(found.labels)
    _demand_few_classes(size)
    rows, columns = truth.spread(found.places[0]), guess.spread(found.places[1])
    numpy = sys.modules.get("numpy")
    if numpy is None:
        cells: Cells = Counter(zip(rows, columns, strict=True))
        _demand_few_cells(len(cells))
        return found.labels, cells
    pairs, counts = numpy.unique(rows * size + columns, return_counts=True)
    _demand_few_cells(len(pairs))
    places = (divmod(pair, size) for pair in pairs.tolist())
    return found.labels, dict(zip(places, counts.tolist(), strict=True))


def _of_counts(matrix: object, labels: object) -> tuple[list[str], Cells]:
    """Return labels and counts of a matrix that somebody else has counted."""
    rows: Any = arrays.array_of(matrix)
    if rows is None:
        if not isinstance(matrix, Iterable):
            raise MediaInvalid("confusion", f"matrix= is {type(matrix).__name__}")
        rows = [list(row) for row in matrix]
    elif rows.ndim != 2:
        raise MediaInvalid("confusion", f"matrix= has shape {tuple(rows.shape)}")
    height, width = len(rows), len(rows[0]) if len(rows) else 0
    if height != width or not height:
        raise MediaInvalid("confusion", f"matrix= has {height} rows and {width} columns")
    _demand_few_classes(height)
    if any(len(row) != width for row in rows):
        raise MediaInvalid("confusion", "the rows of matrix= are not of one length")
    cells: dict[tuple[int, int], int] = {}
    for at, row in enumerate(rows):
        cells.update(((at, place), _count(value)) for place, value in _not_zero(row))
        # Not only in the end: as a dict, 10,000 classes that are all confused have 20 GB.
        _demand_few_cells(len(cells))
    return labelled("confusion", labels, width=width).labels, cells


def _not_zero(row: Any) -> Iterable[tuple[int, object]]:
    """Return the values of a row that are not 0, each after its place."""
    if isinstance(row, list):
        return ((place, value) for place, value in enumerate(row) if value)
    (places,) = row.nonzero()
    return zip(places.tolist(), row[places].tolist(), strict=True)


def _count(value: object) -> int:
    item = getattr(value, "item", None)
    plain: Any = item() if callable(item) else value
    is_whole = isinstance(plain, int) or (isinstance(plain, float) and plain.is_integer())
    if not is_whole or plain < 0:
        raise MediaInvalid("confusion", f"matrix= holds {plain!r:.80}, which counts nothing")
    return int(plain)


def _demand_few_classes(count: int) -> None:
    """Refuse more than can be looked at.

    Raises:
        MediaInvalid: There are more.
    """
    if count > CONFUSION_CLASSES_MAX:
        raise MediaInvalid(
            "confusion",
            f"{count} classes, at most {CONFUSION_CLASSES_MAX} are kept: log groups of them",
        )


def _demand_few_cells(count: int) -> None:
    """Refuse more pairs of classes than are kept.

    Raises:
        MediaInvalid: There are more.
    """
    if count > CONFUSION_CELLS_MAX:
        raise MediaInvalid(
            "confusion",
            f"{count} pairs of classes or more, at most {CONFUSION_CELLS_MAX} are kept: "
            "log groups of them",
        )
