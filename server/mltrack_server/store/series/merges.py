"""Merges: how the pieces of a series go together into one, in its order.

Which is a matter of their axes alone, so it is worked out once for all series that share them.
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any
from typing import NamedTuple

import numpy as np

from mltrack_server.columns import Bools
from mltrack_server.columns import Ints
from mltrack_server.columns import Order
from mltrack_server.columns import Points
from mltrack_server.store.lineage import Piece
from mltrack_server.store.points import concatenate


class _Merge(NamedTuple):
    """All that series have in common whose pieces lie alike."""

    step: Ints
    time_ns: Ints
    is_superseded: Bools
    order: Ints | None  # of the points, piece by piece; None: as they are


class Merges:
    """The merges of one answer, each made once."""

    def __init__(self) -> None:
        # By where arrays are; they are kept along, so that no others come to lie there.
        self._made: dict[Any, tuple[Sequence[Piece], _Merge]] = {}

    def points(
        self, pieces: Sequence[Piece], cuts: Mapping[tuple[int, int], int], order: Order
    ) -> Points:
        """Return all *pieces* of a series as one, in its *order*.

        Args:
            pieces: By attempt and stream, those of each in the order of logging.
            cuts: Stream and epoch → the step from which on points are superseded.
            order: Of the series.
        """
        column = concatenate([piece.column for piece in pieces])
        bounds = [cuts.get((piece.stream_no, piece.epoch)) for piece in pieces]
        axes = [(id(piece.column.step), id(piece.column.time_ns)) for piece in pieces]
        key = order, tuple(axes), tuple(bounds)
        if key not in self._made:
            self._made[key] = pieces, _merge(column.step, column.time_ns, pieces, bounds, order)
        merge = self._made[key][1]
        if merge.order is None:
            value, exact_ints = column.value, column.exact_ints
        else:
            value, exact_ints = column.value[merge.order], {}
            if column.exact_ints:
                exact_ints = {
                    new: column.exact_ints[old]
                    for new, old in enumerate(merge.order.tolist())
                    if old in column.exact_ints
                }
        return Points(
            step=merge.step,
            time_ns=merge.time_ns,
            value=value,
            is_superseded=merge.is_superseded,
            exact_ints=exact_ints,
            order=order,
        )


def _merge(
    step: Ints,
    time_ns: Ints,
    pieces: Sequence[Piece],
    bounds: Sequence[int | None],
    order: Order,
) -> _Merge:
    is_superseded = np.zeros(len(step), np.bool_)
    start = 0
    for piece, bound in zip(pieces, bounds, strict=True):
        end = start + len(piece.column.step)
        if bound is not None:
            is_superseded[start:end] = step[start:end] >= bound
        start = end
    key = step if order == "step" else time_ns
    if bool((key[1:] >= key[:-1]).all()):
        return _Merge(step, time_ns, is_superseded, None)
    places = np.argsort(key, kind="stable")
    return _Merge(step[places], time_ns[places], is_superseded[places], places)
