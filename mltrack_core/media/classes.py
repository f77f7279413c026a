"""Which class each sample is of: numbers, names, or the highest of a row of scores."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from collections.abc import Sequence
from typing import Any
from typing import NamedTuple

from mltrack_core.errors import MediaInvalid
from mltrack_core.media import arrays
from mltrack_core.records import MediaKind

Class = int | str  # a bool is an int


class Column(NamedTuple):
    """Which class each sample is of."""

    classes: list[Class]  # each once: those that occur; of scores, the number of each column
    at: Any  # shape (samples,): which of *classes*; an array, or a list where NumPy is not loaded
    is_scored: bool  # the classes are numbers of columns, whatever these are called

    def spread(self, values: Sequence[int] | Sequence[bool]) -> Any:
        """Return for each sample what *values* says of its class; as `at`, shape (samples,)."""
        numpy = sys.modules.get("numpy")
        return [values[at] for at in self.at] if numpy is None else numpy.array(values)[self.at]


def column(kind: MediaKind, name: str, values: object) -> Column:
    """Return the class of each sample, or the place of the highest score of its row.

    Raises:
        MediaInvalid: It is neither.
    """
    array = arrays.array_of(values)
    if array is None:
        return _listed(kind, name, values)
    if array.ndim not in (1, 2):
        raise MediaInvalid(
            kind, f"{name} has shape {tuple(array.shape)}: pass samples, or samples x classes"
        )
    if array.ndim == 2 and array.shape[1] > 1:
        highest = array.max(axis=1)
        if (highest != highest).any():  # NaN is the highest to NumPy, and no guess of a model
            raise MediaInvalid(kind, f"{name} has NaN among its scores")
        return Column(list(range(array.shape[1])), array.argmax(axis=1), True)
    array = array.reshape(-1)
    if array.dtype.kind not in "biufU":
        return _of_items(kind, array.tolist())
    found, at = sys.modules["numpy"].unique(array, return_inverse=True)
    return Column([plain(kind, value) for value in found.tolist()], at, False)


def _listed(kind: MediaKind, name: str, values: object) -> Column:
    """Return what is no array: a list of classes, or of rows of scores."""
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise MediaInvalid(
            kind, f"{name} is {type(values).__name__}: pass a list or array with one class a sample"
        )
    items = list(values)
    if not items or not isinstance(items[0], list | tuple):
        return _of_items(kind, items)
    width = len(items[0])
    if any(not isinstance(row, list | tuple) or len(row) != width for row in items):
        raise MediaInvalid(kind, f"the rows of {name} are not of one length")
    if any(score != score for row in items for score in row):
        raise MediaInvalid(kind, f"{name} has NaN among its scores")
    highest = [max(range(width), key=row.__getitem__) for row in items]
    return Column(list(range(width)), _as_array(highest), True)


def _of_items(kind: MediaKind, items: Iterable[object]) -> Column:
    numbers: dict[Class, int] = {}
    at = [numbers.setdefault(plain(kind, item), len(numbers)) for item in items]
    return Column(list(numbers), _as_array(at), False)


def _as_array(at: list[int]) -> Any:
    """Return what NumPy counts faster; the list itself where it is not loaded."""
    numpy = sys.modules.get("numpy")
    return at if numpy is None else numpy.array(at, numpy.int64)


def same_length(kind: MediaKind, **columns: int) -> None:
    """Refuse what does not have one value for each sample.

    Raises:
        MediaInvalid: They are not of one length, or empty.
    """
    (first, length), (second, other) = columns.items()
    if length != other:
        raise MediaInvalid(
            kind, f"{first} has {length} values and {second} {other}: pass one of each a sample"
        )
    if not length:
        raise MediaInvalid(kind, f"{first} is empty")


def plain(kind: MediaKind, value: object) -> Class:
    """Return a class as Python holds it.

    Raises:
        MediaInvalid: It is none, like 0.73.
    """
    if isinstance(value, int | str):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    item = getattr(value, "item", None)
    if callable(item) and getattr(value, "ndim", None) == 0:
        return plain(kind, item())
    raise MediaInvalid(
        kind,
        f"{value!r:.80} is no class: pass whole numbers or names, such as `scores > 0.5` of scores",
    )


class Labelled(NamedTuple):
    """What the classes are called, and which of them is meant."""

    labels: list[str]
    places: list[list[int]]  # of each column: for each of its classes, the label's number


def labelled(kind: MediaKind, labels: object, *columns: Column, width: int = 0) -> Labelled:
    """Return which of the labels each class means.

    With labels a class is one of them; where these are names, also the number of one from 0 on.
    Without, each class is one of its own; where scores were given, each of their columns is.

    Args:
        kind: What they are for.
        labels: What the user says that the classes are called, or None.
        columns: Whose classes they are.
        width: How many classes have scores that are in none of *columns*.

    Raises:
        MediaInvalid: A class means none of them.
    """
    width = max([width, *(len(each.classes) for each in columns if each.is_scored)])
    seen = {value for each in columns if not each.is_scored for value in each.classes}
    if labels is not None:
        names = _names(kind, labels)
    elif width:
        names = list(range(width))
    else:
        names = sorted(seen, key=lambda value: (isinstance(value, str), value))
    if width and len(names) != width:
        raise MediaInvalid(kind, f"{len(names)} labels for scores of {width} classes")
    index: dict[Class, int] = {name: i for i, name in enumerate(names)}
    if len(index) < len(names):
        twice = next(name for i, name in enumerate(names) if index[name] != i)
        raise MediaInvalid(kind, f"labels= has {twice!r} twice")
    # 1 among the labels 1, 2, 3 is the first of them: it must not become the second one as soon as
    # a 0 occurs, which can only be a number.
    are_names = all(isinstance(name, str) for name in names)
    if are_names:
        index |= {i: i for i in range(len(names))}
    stray = next((each for each in seen if each not in index), None)
    if stray is not None:
        meant = "neither one of them nor the number of one" if are_names else "none of them"
        raise MediaInvalid(
            kind,
            f"{stray!r:.80} is no class: there are {len(names)} labels, beginning with "
            f"{names[:3]!r:.80}, and it is {meant}",
        )
    places = [
        [at if each.is_scored else index[value] for at, value in enumerate(each.classes)]
        for each in columns
    ]
    return Labelled([str(name) for name in names], places)


def _names(kind: MediaKind, labels: object) -> list[Class]:
    if isinstance(labels, str) or not isinstance(labels, Iterable):
        raise MediaInvalid(kind, "labels= is a list of names")
    return [plain(kind, label) for label in labels]
