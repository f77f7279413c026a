"""Overlap: from where on a later attempt, or a rewind, has gone over a series again."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection
from sqlalchemy import and_
from sqlalchemy import bindparam
from sqlalchemy import func
from sqlalchemy import select

from mltrack_server.store import schema
from mltrack_server.store import tier
from mltrack_server.store.database.among import among
from mltrack_server.store.lineage import Lineage
from mltrack_server.store.lineage import Piece

_series, _chunk, _tier = schema.series.c, schema.chunk.c, schema.tier.c
_remnant = schema.remnant.c
# The rows of the highest level are about all full chunks.
OF_FULL: Final = and_(
    _tier.rid == bindparam("b_rid"),
    among(_tier.series_no, "b_numbers"),
    _tier.level == max(tier.LEVELS),
)
_FIRSTS_OF_FULL: Final = (
    select(_tier.series_no, _tier.stream_no, func.min(_tier.step_min))
    .where(OF_FULL)
    .group_by(_tier.series_no, _tier.stream_no)
)
_FIRSTS_OF_THINNED: Final = (
    select(_remnant.series_no, _remnant.stream_no, func.min(_remnant.step_min))
    .where(_remnant.rid == bindparam("b_rid"), among(_remnant.series_no, "b_numbers"))
    .group_by(_remnant.series_no, _remnant.stream_no)
)
_FIRSTS_OF_SMALL: Final = (
    select(_chunk.series_no, _chunk.stream_no, func.min(_chunk.step_min))
    .where(
        _chunk.rid == bindparam("b_rid"),
        among(_chunk.series_no, "b_numbers"),
        _chunk.n < bindparam("b_full"),
    )
    .group_by(_chunk.series_no, _chunk.stream_no)
)


def cuts_of(connection: Connection, rid: int, no: int) -> dict[tuple[int, int], int]:
    """Return of a series that is folded: stream and epoch → from which step on superseded."""
    query = select(_series.kind).where(_series.rid == rid, _series.no == no)
    if connection.execute(query).scalar() == "device":
        return {}
    return Lineage.load(connection, rid).cuts(firsts_of(connection, rid, [no]).get(no, {}))


def firsts_of(
    connection: Connection, rid: int, numbers: Sequence[int]
) -> dict[int, dict[int, int]]:
    """Return series → stream → lowest step of what is folded, in or out of any window."""
    firsts: dict[int, dict[int, int]] = {}
    given = {"b_rid": rid, "b_numbers": numbers}
    for statement, values in (
        (_FIRSTS_OF_FULL, given),
        (_FIRSTS_OF_SMALL, given | {"b_full": tier.SHAPE.chunk}),
        (_FIRSTS_OF_THINNED, given),
    ):
        for series_no, stream_no, first in connection.execute(statement, values):
            mine = firsts.setdefault(series_no, {})
            mine[stream_no] = min(first, mine.get(stream_no, first))
    return firsts


def lowest(pieces: Iterable[Piece], firsts: Mapping[int, int]) -> dict[int, int]:
    """Return stream → lowest step, of *pieces* and of what may not be among them."""
    lowest = dict(firsts)
    for piece in pieces:
        first = int(piece.column.step.min())
        lowest[piece.stream_no] = min(first, lowest.get(piece.stream_no, first))
    return lowest
