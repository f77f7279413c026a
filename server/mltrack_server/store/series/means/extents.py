"""Extents: where the series of many runs begin and end, told without reading their points."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any
from typing import Final
from typing import NamedTuple

from sqlalchemy import Connection
from sqlalchemy import Select
from sqlalchemy import bindparam
from sqlalchemy import func
from sqlalchemy import select

from mltrack_server.columns import Order
from mltrack_server.store import schema
from mltrack_server.store import tier
from mltrack_server.store.lineage import Lineage
from mltrack_server.store.segs import SegCache
from mltrack_server.store.segs import unfolded
from mltrack_server.store.series.reader import Chosen

_RUNS_AT_ONCE: Final = 500  # of one statement

_chunk, _tier, _remnant, _seg = schema.chunk.c, schema.tier.c, schema.remnant.c, schema.seg.c
_series = schema.series.c


def _bounds(table: Any) -> Select[Any]:
    """Return the statement that asks a table of rows of series where these begin and end."""
    column = table.c
    return (
        select(
            column.rid,
            column.series_no,
            func.min(column.step_min).label("step_low"),
            func.max(column.step_max).label("step_high"),
            func.min(column.time_min).label("time_low"),
            func.max(column.time_max).label("time_high"),
        )
        .where(
            column.rid.in_(bindparam("b_rids", expanding=True)),
            column.series_no.in_(bindparam("b_numbers", expanding=True)),
        )
        .group_by(column.rid, column.series_no)
    )


# The rows of the highest level are about all full chunks.
_STATEMENTS: Final = (
    _bounds(schema.tier).where(_tier.level == max(tier.LEVELS)),
    _bounds(schema.chunk).where(_chunk.n < tier.SHAPE.chunk),
    _bounds(schema.remnant),
)
_WAITING: Final = (
    select(_seg.rid).where(_seg.rid.in_(bindparam("b_rids", expanding=True))).distinct()
)
_VALUES: Final = select(_series.rid, _series.kind, _series.min, _series.max).where(
    _series.rid.in_(bindparam("b_rids", expanding=True)), _series.name == bindparam("b_name")
)


class Extent(NamedTuple):
    """Lowest and highest step or time."""

    low: int
    high: int


Found = dict[tuple[int, str], Extent]  # run and name of the series


def extents(
    connection: Connection,
    cache: SegCache,
    chosen: Mapping[int, Mapping[str, Chosen]],
    order: Order,
) -> Found:
    """Return where each series begins and ends.

    Args:
        connection: Sees one state of the store.
        cache: Of unfolded batches.
        chosen: Run → name → series.
        order: In steps or in ns.
    """
    found: Found = {}

    def take(rid: int, name: str, low: int, high: int) -> None:
        known = found.get((rid, name))
        if known is not None:
            low, high = min(low, known.low), max(high, known.high)
        found[rid, name] = Extent(low, high)

    for rids in some_of(list(chosen)):
        names = {(rid, one.no): name for rid in rids for name, one in chosen[rid].items()}
        given = {"b_rids": rids, "b_numbers": list({no for _, no in names})}
        for statement in _STATEMENTS:
            for row in connection.execute(statement, given):
                name = names.get((row.rid, row.series_no))
                if name is None:
                    continue
                if order == "step":
                    take(row.rid, name, row.step_low, row.step_high)
                else:
                    take(row.rid, name, row.time_low, row.time_high)
        for rid in connection.execute(_WAITING, {"b_rids": rids}).scalars().all():
            lineage = Lineage.load(connection, rid)
            for _, batch in unfolded(connection, cache, rid, lineage):
                for name, one in chosen[rid].items():
                    column = batch.get((one.kind, name))
                    if column is not None:
                        key = column.step if order == "step" else column.time_ns
                        take(rid, name, int(key.min()), int(key.max()))
    return found


def values(
    connection: Connection, chosen: Mapping[int, Mapping[str, Chosen]], name: str
) -> Iterator[float]:
    """Yield the least and the greatest finite value of the series *name* of each run."""
    for rids in some_of(list(chosen)):
        for row in connection.execute(_VALUES, {"b_rids": rids, "b_name": name}):
            one = chosen[row.rid].get(name)
            if one is not None and one.kind == row.kind and row.min is not None:
                yield row.min
                yield row.max


def some_of(rids: Sequence[int]) -> Iterator[Sequence[int]]:
    """Yield *rids*, so many at a time as one statement asks for."""
    for start in range(0, len(rids), _RUNS_AT_ONCE):
        yield rids[start : start + _RUNS_AT_ONCE]
