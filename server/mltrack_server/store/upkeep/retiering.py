"""Retiering: tiers made of chunks that have none."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection
from sqlalchemy import select

from mltrack_server.store import chunk
from mltrack_server.store import schema
from mltrack_server.store import tier
from mltrack_server.store.axes import Axes
from mltrack_server.store.folding import Plan
from mltrack_server.store.folding import finish
from mltrack_server.store.points import Column
from mltrack_server.store.tiering import Tiering

_TIERED_AT_ONCE: Final = 64  # chunks

_chunk = schema.chunk.c


def tier_all(connection: Connection) -> None:
    """Make tiers of all full chunks, in a store that has none yet."""
    place = _chunk.rid, _chunk.series_no, _chunk.stream_no
    is_full = _chunk.n == tier.SHAPE.chunk
    for found in connection.execute(select(*place).where(is_full).distinct()).all():
        tier_place(connection, *found)


def tier_place(connection: Connection, rid: int, series_no: int, stream_no: int) -> None:
    """Make tiers of the full chunks of a series and stream that has none."""
    full = (
        _chunk.n == tier.SHAPE.chunk,
        _chunk.rid == rid,
        _chunk.series_no == series_no,
        _chunk.stream_no == stream_no,
    )
    numbers = connection.execute(select(_chunk.no).where(*full).order_by(_chunk.no)).scalars()
    remaining = list(numbers)
    while some := remaining[:_TIERED_AT_ONCE]:
        del remaining[:_TIERED_AT_ONCE]
        axes = Axes(connection, rid)
        tiering = Tiering(connection=connection, rid=rid, axes=axes)
        for row in connection.execute(
            select(_chunk.no, _chunk.epoch, _chunk.axis, _chunk.body)
            .where(*full, _chunk.no.in_(some))
            .order_by(_chunk.no)
        ):
            step, time_ns = axes.load(row.axis)
            points = Column(step, step, time_ns, *chunk.unpack_values(row.body))
            tiering.add((series_no, stream_no), row.epoch, row.no, points)
        # Buckets' axes are no points' axes, so no remnant has one; and a step of the schema that
        # calls this is taken before there are any.
        plan = Plan(rid=rid, axis_tables=(schema.chunk, schema.tier))
        finish(plan, tiering).carry_out(connection)
