"""Retiering: tiers made of chunks that have none, upper levels made of the first one."""

from __future__ import annotations

from itertools import groupby
from typing import Final

from sqlalchemy import Connection
from sqlalchemy import and_
from sqlalchemy import delete
from sqlalchemy import select

from mltrack_server.store import chunk
from mltrack_server.store import schema
from mltrack_server.store import tier
from mltrack_server.store.axes import Axes
from mltrack_server.store.folding import Plan
from mltrack_server.store.folding import delete_axes
from mltrack_server.store.folding import finish
from mltrack_server.store.points import Column
from mltrack_server.store.tiering import Tiering

_TIERED_AT_ONCE: Final = 64  # chunks

_chunk, _tier, _axis = schema.chunk.c, schema.tier.c, schema.axis.c


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


def tier_anew(connection: Connection) -> None:
    """Make the upper levels of all tiers anew, of the first one."""
    place = _tier.rid, _tier.series_no, _tier.stream_no
    for rid, series_no, stream_no in connection.execute(select(*place).distinct()).all():
        mine = _tier.rid == rid, _tier.series_no == series_no, _tier.stream_no == stream_no
        axes = set(connection.execute(select(_tier.axis).where(*mine, _tier.level > 1)).scalars())
        connection.execute(delete(schema.tier).where(*mine, _tier.level > 1))
        delete_axes(connection, rid, axes)
        first = *mine, _tier.level == 1
        numbers = connection.execute(select(_tier.no).where(*first).order_by(_tier.no)).scalars()
        remaining = list(numbers)
        while some := remaining[:_TIERED_AT_ONCE]:
            del remaining[:_TIERED_AT_ONCE]
            tiering = Tiering(connection=connection, rid=rid, axes=Axes(connection, rid))
            rows = connection.execute(
                select(_tier.no, _tier.epoch, _tier.body, _axis.body.label("axis_body"))
                .join(schema.axis, and_(_axis.rid == _tier.rid, _axis.digest == _tier.axis))
                .where(*first, _tier.no.in_(some))
                .order_by(_tier.no)
            )
            for epoch, group in groupby(rows, key=lambda row: row.epoch):
                alike = list(group)
                ranges = tier.unpack_ranges([row.body for row in alike])
                counts = [tier.SHAPE.row] * len(alike)
                spans = tier.unpack_spans([row.axis_body for row in alike], counts)
                tiering.add_buckets((series_no, stream_no), epoch, alike[0].no, ranges, spans)
            finish(Plan(rid=rid), tiering).carry_out(connection)
