"""Points as they lie in memory: those of a batch by series, those of a series as columns."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from collections.abc import Sequence
from typing import Literal
from typing import NamedTuple

import numpy as np

from mltrack_server.columns import Floats
from mltrack_server.columns import Ints

SeriesKind = Literal["metric", "device", "axis"]
SeriesKey = tuple[SeriesKind, str]
SegKey = tuple[int, int, int, int]  # rid, stream number, first and next seq


class Column(NamedTuple):
    """The points of one series in one stream, in the order of their seq."""

    seq: Ints
    step: Ints
    time_ns: Ints
    value: Floats
    exact_ints: dict[int, int]  # index → what float64 cannot hold


class Summary(NamedTuple):
    """What the points of one series in a batch amount to."""

    points: int
    nonfinite: int
    first_nonfinite_step: int | None
    min: float | None  # of the finite ones
    max: float | None
    last: str  # JSON
    last_step: int


class Block(NamedTuple):
    """Records of a batch that name the same series, in the order of seq."""

    keys: tuple[SeriesKey, ...]
    seq: Ints  # of each record, and so are step and time
    step: Ints
    time_ns: Ints
    value: Floats  # shape (series, records)
    exact_ints: dict[int, dict[int, int]]  # series → record → what float64 cannot hold

    def column(self, row: int) -> Column:
        """Return the points of one series; they share seq, step and time with the others."""
        exact_ints = self.exact_ints.get(row, {})
        return Column(self.seq, self.step, self.time_ns, self.value[row], exact_ints)


class BatchPoints:
    """All points of a batch, series by series in the order of logging."""

    def __init__(self, blocks: Sequence[Block]) -> None:
        self._blocks = blocks
        self._places: dict[SeriesKey, list[tuple[Block, int]]] = {}
        for block in blocks:
            for row, key in enumerate(block.keys):
                self._places.setdefault(key, []).append((block, row))
        self._points = sum(block.value.size for block in blocks)

    def __len__(self) -> int:
        return self._points

    @property
    def bytes(self) -> int:
        """About how much memory they take."""
        records = sum(len(block.seq) for block in self._blocks)
        return 8 * self._points + 24 * records + 1024 * len(self._blocks) + 256 * len(self._places)

    def get(self, key: SeriesKey) -> Column | None:
        """Return the points of one series, if there are any."""
        places = self._places.get(key)
        return None if places is None else _joined(places)

    def items(self) -> Iterator[tuple[SeriesKey, Column]]:
        """Yield each series and its points."""
        for key, places in self._places.items():
            yield key, _joined(places)

    def highest_step(self) -> int | None:
        """Return the highest step of any metric."""
        return max(
            (
                int(block.step.max())
                for block in self._blocks
                if any(kind == "metric" for kind, _ in block.keys)
            ),
            default=None,
        )

    def summaries(self) -> Iterator[tuple[SeriesKey, Summary]]:
        """Yield each series and what its points amount to."""
        ranges = {id(block): _ranges(block) for block in self._blocks}
        for key, places in self._places.items():
            if len(places) == 1:
                ((block, row),) = places
                low, high = (column[row] for column in ranges[id(block)])
                yield key, _summary(block.column(row), low, high)
            else:
                column = _joined(places)
                yield key, _summary(column, float(column.value.min()), float(column.value.max()))


def cut(column: Column, start: int, end: int) -> Column:
    """Return points *start* to *end* of a column."""
    chosen = slice(start, end)
    exact_ints = {}
    if column.exact_ints:
        exact_ints = {
            at - start: exact for at, exact in column.exact_ints.items() if start <= at < end
        }
    return Column(
        column.seq[chosen],
        column.step[chosen],
        column.time_ns[chosen],
        column.value[chosen],
        exact_ints,
    )


def take(column: Column, chosen: Ints) -> Column:
    """Return the points of a column at the indices *chosen*, ascending."""
    exact_ints = {}
    if column.exact_ints:
        exact_ints = {
            new: column.exact_ints[old]
            for new, old in enumerate(chosen.tolist())
            if old in column.exact_ints
        }
    return Column(
        column.seq[chosen],
        column.step[chosen],
        column.time_ns[chosen],
        column.value[chosen],
        exact_ints,
    )


def concatenate(columns: Sequence[Column]) -> Column:
    """Return the points of *columns* one after the other."""
    if not columns:
        none = np.empty(0, np.int64)
        return Column(none, none, none, np.empty(0), {})
    if len(columns) == 1:
        return columns[0]
    exact_ints: dict[int, int] = {}
    total = 0
    for column in columns:
        exact_ints |= {total + at: exact for at, exact in column.exact_ints.items()}
        total += len(column.value)
    return Column(
        np.concatenate([column.seq for column in columns]),
        np.concatenate([column.step for column in columns]),
        np.concatenate([column.time_ns for column in columns]),
        np.concatenate([column.value for column in columns]),
        exact_ints,
    )


def merge(parts: Sequence[Block]) -> Block:
    """Return blocks of the same series as one."""
    if len(parts) == 1:
        return parts[0]
    seq = np.concatenate([part.seq for part in parts])
    order = np.argsort(seq)
    places = np.empty(len(order), np.int64)
    places[order] = np.arange(len(order))
    exact_ints: dict[int, dict[int, int]] = {}
    total = 0
    for part in parts:
        for row, exact in part.exact_ints.items():
            moved = {int(places[total + at]): integer for at, integer in exact.items()}
            exact_ints.setdefault(row, {}).update(moved)
        total += len(part.seq)
    return Block(
        parts[0].keys,
        seq[order],
        np.concatenate([part.step for part in parts])[order],
        np.concatenate([part.time_ns for part in parts])[order],
        np.concatenate([part.value for part in parts], axis=1)[:, order],
        exact_ints,
    )


def _joined(places: Sequence[tuple[Block, int]]) -> Column:
    """Return the points of one series that is in several blocks, in the order of seq."""
    key: SeriesKey = ("metric", "")  # they are one series, so any name does
    parts = [
        Block(
            (key,),
            block.seq,
            block.step,
            block.time_ns,
            block.value[row : row + 1],
            {0: block.exact_ints[row]} if row in block.exact_ints else {},
        )
        for block, row in places
    ]
    return merge(parts).column(0)


def _ranges(block: Block) -> tuple[list[float], list[float]]:
    """Return the lowest and highest value of each series; NaN where it has any."""
    return block.value.min(axis=1).tolist(), block.value.max(axis=1).tolist()


def _summary(column: Column, low: float, high: float) -> Summary:
    """Return what *column* amounts to; *low* and *high* are its lowest and highest value."""
    value, step = column.value, column.step
    nonfinite, first_nonfinite_step = 0, None
    if not (math.isfinite(low) and math.isfinite(high)):
        is_finite = np.isfinite(value)
        nonfinite = len(value) - int(is_finite.sum())
        first_nonfinite_step = int(step[np.argmin(is_finite)])
        finite = value[is_finite]
        low, high = (float(finite.min()), float(finite.max())) if len(finite) else (math.nan,) * 2
    last = len(value) - 1
    return Summary(
        points=len(value),
        nonfinite=nonfinite,
        first_nonfinite_step=first_nonfinite_step,
        min=None if math.isnan(low) else low,
        max=None if math.isnan(high) else high,
        last=json.dumps(column.exact_ints.get(last, float(value[last]))),
        last_step=int(step[last]),
    )
