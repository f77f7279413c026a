"""Reads of histograms as they were logged: record by record, none added up."""

from __future__ import annotations

import math
import re
from typing import Final

from sqlalchemy import ColumnElement
from sqlalchemy import Connection
from sqlalchemy import and_
from sqlalchemy import func
from sqlalchemy import or_
from sqlalchemy import select

from mltrack_server.resources import HistogramPage
from mltrack_server.resources import HistogramRecord
from mltrack_server.store import schema
from mltrack_server.store.distributions import total
from mltrack_server.store.distributions import unpack
from mltrack_server.store.histograms import described
from mltrack_server.store.lineage import Lineage

_RECORDS_MAX: Final = 200  # of one page
_HISTOGRAMS_MAX: Final = 5000  # of one page, but for the last record's
_CURSOR: Final = re.compile(r"([0-9]{1,9})-([0-9]{1,18})", re.ASCII)

_histogram: Final = schema.histogram.c


def page(connection: Connection, rid: int, cursor: str | None) -> HistogramPage:
    """Return records of a run from *cursor* on.

    Raises:
        ValueError: *cursor* is none that an earlier page gave.
    """
    rows = connection.execute(
        select(schema.histogram)
        .where(_histogram.rid == rid, *_behind(cursor))
        .order_by(_histogram.stream_no, _histogram.seq)
        .limit(_RECORDS_MAX + 1)
    )
    lineage = Lineage.load(connection, rid)
    firsts = {
        row.stream_no: row.step
        for row in connection.execute(
            select(_histogram.stream_no, func.min(_histogram.step).label("step"))
            .where(_histogram.rid == rid)
            .group_by(_histogram.stream_no)
        )
    }
    cuts = lineage.cuts(firsts)
    records: list[HistogramRecord] = []
    place, count = None, 0
    for row in rows:
        if len(records) == _RECORDS_MAX or count >= _HISTOGRAMS_MAX:
            return HistogramPage(records=records, next=place)
        epoch = sum(seq < row.seq for seq, _ in lineage.rewinds.get(row.stream_no, []))
        values = {
            name: described(found)
            for name, logged in unpack(row.body).items()
            if (found := total([logged])) is not None
        }
        count += len(values)
        records.append(
            HistogramRecord(
                step=row.step,
                time_ns=row.time_ns,
                is_superseded=row.step >= cuts.get((row.stream_no, epoch), math.inf),
                values=values,
            )
        )
        place = f"{row.stream_no}-{row.seq}"
    return HistogramPage(records=records, next=None)


def _behind(cursor: str | None) -> list[ColumnElement[bool]]:
    """Return the condition of the rows behind *cursor*."""
    if cursor is None:
        return []
    found = _CURSOR.fullmatch(cursor)
    if found is None:
        raise ValueError(f"cursor={cursor[:80]!r}: pass on what `next` of the page before said")
    stream_no, seq = int(found[1]), int(found[2])
    return [
        or_(
            _histogram.stream_no > stream_no,
            and_(_histogram.stream_no == stream_no, _histogram.seq > seq),
        )
    ]
