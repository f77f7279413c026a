"""Lineage: which of a run's points were gone over again by a later attempt, or after a rewind."""

from __future__ import annotations

import math
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
from itertools import groupby
from itertools import pairwise
from typing import Final
from typing import NamedTuple

import numpy as np
from sqlalchemy import Connection
from sqlalchemy import select

from mltrack_server.store import schema
from mltrack_server.store.database.among import among
from mltrack_server.store.keys import host_suffix
from mltrack_server.store.points import Column
from mltrack_server.store.points import cut

_stream, _rewind = schema.stream.c, schema.rewind.c
_STREAMS: Final = select(
    _stream.rid, _stream.no, _stream.attempt, _stream.rank, _stream.host
).where(among(_stream.rid, "b_rids"))
_REWINDS: Final = (
    select(_rewind.rid, _rewind.stream_no, _rewind.seq, _rewind.step)
    .where(among(_rewind.rid, "b_rids"))
    .order_by(_rewind.stream_no, _rewind.seq)
)


class Piece(NamedTuple):
    """Consecutive points of one series and stream, with the same number of rewinds before them."""

    stream_no: int
    epoch: int
    column: Column


@dataclass(slots=True, kw_only=True)
class Lineage:
    """Which streams a run has, and where they went back."""

    attempts: dict[int, int] = field(default_factory=dict)  # stream number → attempt
    suffixes: dict[int, str] = field(default_factory=dict)  # stream number → of device names
    rewinds: dict[int, list[tuple[int, int]]] = field(default_factory=dict)  # → seq, step

    @classmethod
    def load(cls, connection: Connection, rid: int) -> Lineage:
        """Return a run's lineage."""
        return cls.load_all(connection, [rid])[rid]

    @classmethod
    def load_all(cls, connection: Connection, rids: Sequence[int]) -> dict[int, Lineage]:
        """Return the lineage of each of some runs."""
        found = {rid: cls() for rid in rids}
        for row in connection.execute(_STREAMS, {"b_rids": rids}):
            found[row.rid].attempts[row.no] = row.attempt
            found[row.rid].suffixes[row.no] = host_suffix(row.rank, row.host)
        for turn in connection.execute(_REWINDS, {"b_rids": rids}):
            found[turn.rid].rewinds.setdefault(turn.stream_no, []).append((turn.seq, turn.step))
        return found

    def split(self, stream_no: int, column: Column) -> Iterable[Piece]:
        """Cut *column* where its stream went back."""
        seqs = np.array([seq for seq, _ in self.rewinds.get(stream_no, [])], np.int64)
        if not len(seqs):
            yield Piece(stream_no, 0, column)
            return
        bounds = [0, *np.searchsorted(column.seq, seqs).tolist(), len(column.seq)]
        for epoch, (start, end) in enumerate(pairwise(bounds)):
            if start < end:
                yield Piece(stream_no, epoch, cut(column, start, end))

    def cuts(self, firsts: Mapping[int, int]) -> dict[tuple[int, int], int]:
        """Return for each stream and epoch the step from which on its points are superseded.

        Args:
            firsts: Stream number → lowest step that the series has in it.
        """
        found = {}
        # The lowest step that any later attempt went over again, from the newest attempt down:
        # a run of a thousand processes that went back a thousand times is still read at once.
        bound = math.inf
        by_attempt = sorted(self.attempts, key=lambda no: self.attempts[no], reverse=True)
        for _, group in groupby(by_attempt, key=lambda no: self.attempts[no]):
            streams = list(group)
            for stream_no in streams:
                epochs = self.rewinds.get(stream_no, [])
                lowest = bound
                for epoch in range(len(epochs), -1, -1):
                    if epoch < len(epochs):
                        lowest = min(lowest, epochs[epoch][1] + 1)
                    if lowest < math.inf:
                        found[stream_no, epoch] = int(lowest)
            for stream_no in streams:
                steps = [step + 1 for _, step in self.rewinds.get(stream_no, [])]
                bound = min([bound, *steps, firsts.get(stream_no, math.inf)])
        return found
