"""Axes: the steps and times that series share, while a fold puts them together.

Series that are logged together have one axis. It is recognised by where its arrays lie in memory,
so that it is put together, packed and summed up once and not for each of a hundred series.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from sqlalchemy import Connection
from sqlalchemy import bindparam
from sqlalchemy import select

from mltrack_server.columns import Ints
from mltrack_server.store import chunk
from mltrack_server.store import schema
from mltrack_server.store import tier
from mltrack_server.store.points import Column
from mltrack_server.store.tier import Spans

_Place = tuple[int, ...]  # addresses and lengths of arrays

_axis = schema.axis.c
_BODY = select(_axis.body).where(
    _axis.rid == bindparam("b_rid"), _axis.digest == bindparam("b_digest")
)


class Axis(NamedTuple):
    """A stored axis and its bounds."""

    digest: bytes
    step_min: int
    step_max: int
    time_min: int
    time_max: int


class Axes:
    """The axes of one run.

    Args:
        connection: Sees the store as it is before the fold.
        rid: The run.
    """

    def __init__(self, connection: Connection, rid: int) -> None:
        self.bodies: dict[bytes, bytes] = {}  # digest → body, of all that were packed
        self._connection, self._rid = connection, rid
        self._loaded: dict[bytes, tuple[Ints, Ints]] = {}
        self._concatenated: dict[_Place, tuple[Ints, Ints, Ints]] = {}
        self._packed: dict[_Place, Axis] = {}
        self._spans: dict[_Place, Spans] = {}
        self._digests: dict[bytes, bytes] = {}  # of the axes of tiers, by their columns
        self._kept: list[Sequence[Ints]] = []  # so that no address is used again

    def load(self, digest: bytes) -> tuple[Ints, Ints]:
        """Return the steps and times of a stored axis, the same arrays each time."""
        if digest not in self._loaded:
            body = self._connection.execute(
                _BODY, {"b_rid": self._rid, "b_digest": digest}
            ).scalar_one()
            self._loaded[digest] = chunk.unpack_axis(body)
        return self._loaded[digest]

    def concatenate(self, columns: Sequence[Column]) -> Column:
        """Return *columns*, at least one, one after the other."""
        if len(columns) == 1:
            return columns[0]
        # Whoever shares a column's steps shares its seqs and times.
        place = tuple(id(column.step) for column in columns)
        if place not in self._concatenated:
            self._kept.append([column.step for column in columns])
            self._concatenated[place] = (
                np.concatenate([column.seq for column in columns]),
                np.concatenate([column.step for column in columns]),
                np.concatenate([column.time_ns for column in columns]),
            )
        exact_ints: dict[int, int] = {}
        total = 0
        for column in columns:
            exact_ints |= {total + at: exact for at, exact in column.exact_ints.items()}
            total += len(column.value)
        value = np.concatenate([column.value for column in columns])
        return Column(*self._concatenated[place], value, exact_ints)

    def pack(self, step: Ints, time_ns: Ints) -> Axis:
        """Return the axis of these steps and times."""
        place = self._place([step, time_ns])
        if place not in self._packed:
            digest, body = chunk.pack_axis(step, time_ns)
            self.bodies[digest] = body
            self._packed[place] = Axis(
                digest, int(step.min()), int(step.max()), int(time_ns.min()), int(time_ns.max())
            )
        return self._packed[place]

    def spans(self, step: Ints, time_ns: Ints, size: int) -> Spans:
        """Return where buckets of *size* points begin and end; of an axis always the same size."""
        place = self._place([step, time_ns])
        if place not in self._spans:
            self._spans[place] = Spans.of(step, time_ns, tier.every(size, len(step)))
        return self._spans[place]

    def pack_spans(self, spans: Spans) -> Axis:
        """Return the axis of a row of buckets."""
        columns = b"".join(column.tobytes() for column in spans)
        if columns not in self._digests:
            digest, body = tier.pack_spans(spans)
            self.bodies[digest] = body
            self._digests[columns] = digest
        return Axis(
            self._digests[columns],
            int(spans.step_low.min()),
            int(spans.step_high.max()),
            int(spans.time_low.min()),
            int(spans.time_high.max()),
        )

    def _place(self, arrays: Sequence[Ints]) -> _Place:
        """Return where *arrays*, all of them contiguous, lie in memory."""
        self._kept.append(arrays)
        return tuple(
            number
            for array in arrays
            for number in (array.__array_interface__["data"][0], len(array))
        )
