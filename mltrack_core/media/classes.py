"""Which class each sample is of: numbers, names, or the highest of a row of scores."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any
from typing import NamedTuple

from mltrack_core.errors import MediaInvalid
from mltrack_core.media import arrays
from mltrack_core.records import MediaKind

Class = int | str  # a bool is an int


class Column(NamedTuple):
    """One value for each sample."""

    values: Any  # an array of NumPy with one axis, or a list
    width: int  # how many columns were scored, where the values are the highest of them; else 0

    @property
    def is_array(self) -> bool:
        """Whether NumPy can count them."""
        return hasattr(self.values, "dtype") and self.values.dtype.kind in "biufU"


class Classes(NamedTuple):
    """The classes there are, and which values mean them."""

    labels: list[str]
    places: Mapping[Class, int]  # value → which label it is


def column(kind: MediaKind, name: str, values: object) -> Column:
    """Return the class of each sample, or the place of the highest score of its row.

    Raises:
        MediaInvalid: It is neither.
    """
    array = arrays.array_of(values)
    if array is None:
        return _listed(kind, name, values)
    if array.ndim == 2 and array.shape[1] > 1:
        # NaN is the highest of its row to NumPy, and no guess of a model.
        if array.dtype.kind == "f" and (array != array).any():
            raise MediaInvalid(kind, f"{name} has NaN among its scores")
        return Column(array.argmax(axis=1), array.shape[1])
    if array.ndim not in (1, 2):
        raise MediaInvalid(
            kind, f"{name} has shape {tuple(array.shape)}: pass samples, or samples x classes"
        )
    return Column(array.reshape(-1), 0)


def _listed(kind: MediaKind, name: str, values: object) -> Column:
    """Return what is no array: a list of classes, or of rows of scores."""
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise MediaInvalid(
            kind, f"{name} is {type(values).__name__}: pass a list or array with one class a sample"
        )
    items = list(values)
    if items and isinstance(items[0], list | tuple):
        width = len(items[0])
        if any(not isinstance(row, list | tuple) or len(row) != width for row in items):
            raise MediaInvalid(kind, f"the rows of {name} are not of one length")
        if any(score != score for row in items for score in row):
            raise MediaInvalid(kind, f"{name} has NaN among its scores")
        return Column([max(range(width), key=row.__getitem__) for row in items], width)
    return Column(items, 0)


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


def classes(kind: MediaKind, found: Iterable[Class], labels: object, width: int = 0) -> Classes:
    """Return which of the labels every value means.

    With labels a value is one of them, or the number of one from 0 on. Without, each value is a
    class of its own; where scores were given, each of their columns is.

    Raises:
        MediaInvalid: A value means none of them.
    """
    seen = set(found)
    if labels is None and not width:
        order = sorted(seen, key=lambda value: (isinstance(value, str), value))
        return Classes([str(value) for value in order], {value: i for i, value in enumerate(order)})
    names = list(range(width)) if labels is None else _names(kind, labels)
    if width and len(names) != width:
        raise MediaInvalid(kind, f"{len(names)} labels for scores of {width} classes")
    index: dict[Class, int] = {name: i for i, name in enumerate(names)}
    if len(index) < len(names):
        twice = next(name for i, name in enumerate(names) if index[name] != i)
        raise MediaInvalid(kind, f"labels= has {twice!r} twice")
    if not seen <= index.keys():
        stray = next(
            (each for each in seen if isinstance(each, str) or not 0 <= each < len(names)), None
        )
        if stray is not None:
            raise MediaInvalid(
                kind,
                f"{stray!r:.80} is no class: there are {len(names)} labels, beginning with "
                f"{names[:3]!r:.80}, and it is neither one of them nor the number of one",
            )
        index = {i: i for i in range(len(names))}
    return Classes([str(name) for name in names], index)


def _names(kind: MediaKind, labels: object) -> list[Class]:
    if isinstance(labels, str) or not isinstance(labels, Iterable):
        raise MediaInvalid(kind, "labels= is a list of names")
    return [plain(kind, label) for label in labels]


def as_array(values: Sequence[object]) -> Any | None:
    """Return a list as an array; None where NumPy is not loaded."""
    numpy = sys.modules.get("numpy")
    return None if numpy is None else numpy.asarray(values)
