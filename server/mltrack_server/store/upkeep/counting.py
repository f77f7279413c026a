"""Counting: how many points of each series a store holds."""

from __future__ import annotations

from sqlalchemy import Subquery
from sqlalchemy import func
from sqlalchemy import select
from sqlalchemy import union_all

from mltrack_server.store import schema


def held(rid: int) -> Subquery:
    """Return of a run's folded series: `series_no` and `n`, those that remnants stand for too."""
    parts = union_all(
        *(
            select(table.c.series_no, table.c.n).where(table.c.rid == rid)
            for table in (schema.chunk, schema.remnant)
        )
    ).subquery()
    return (
        select(parts.c.series_no, func.sum(parts.c.n).label("n"))
        .group_by(parts.c.series_no)
        .subquery()
    )
