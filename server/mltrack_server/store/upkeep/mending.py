"""Mending: what is damaged is put aside, whole, and the rest made consistent again.

Rows go to a file of msgpack maps, blobs are moved; both are on the disk before the store changes.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from typing import Final

import msgspec
from sqlalchemy import Connection
from sqlalchemy import and_
from sqlalchemy import delete
from sqlalchemy import insert
from sqlalchemy import select
from sqlalchemy import update

from mltrack_core.blobs import BlobFolder
from mltrack_server.store import schema
from mltrack_server.store.keys import series_numbers
from mltrack_server.store.lineage import Lineage
from mltrack_server.store.segs import SegCache
from mltrack_server.store.segs import unfolded
from mltrack_server.store.upkeep import counting
from mltrack_server.store.upkeep import retiering
from mltrack_server.store.upkeep.checking import Finding

FOLDER: Final = "quarantine"
_REASON: Final = "damaged in the store"

_encode: Final = msgspec.msgpack.Encoder().encode


def put_aside(connection: Connection, findings: Sequence[Finding], blobs: Path, rev: int) -> Path:
    """Put everything aside that can be; return the folder where it lies now.

    Args:
        connection: In the one transaction that mends the store.
        findings: What `check` found.
        blobs: The folder of blobs; what is put aside lies beside it.
        rev: The runs' new revision.
    """
    place = blobs.parent / FOLDER / time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    rows = [finding for finding in findings if finding.table]
    with (place / "rows.msgpack").open("ab") as file:
        for finding in rows:
            for row in _rows(connection, finding):
                file.write(_encode({"table": finding.table, "what": finding.what, **row}))
        file.flush()
        os.fsync(file.fileno())
    with (place / "report.txt").open("a", encoding="utf-8") as report:
        report.writelines(f"{finding.where}: {finding.what}\n" for finding in findings)
    for finding in findings:
        if finding.blob:
            path = BlobFolder(blobs).path(finding.blob)
            path.rename(place / finding.blob)
    retiered = set()
    for finding in rows:
        key = finding.key
        if finding.table == "chunk" or finding.table == "tier":
            retiered.add((key["rid"], key["series_no"], key["stream_no"]))
        connection.execute(delete(schema.metadata.tables[finding.table]).where(_is(finding)))
    for rid, series_no, stream_no in sorted(retiered):
        _retier(connection, rid, series_no, stream_no)
    for rid in {finding.key["rid"] for finding in rows}:
        _recount(connection, rid)
        connection.execute(update(schema.run).where(schema.run.c.rid == rid).values(rev=rev))
    return place


def _is(finding: Finding) -> Any:
    """Return the condition of a finding's rows."""
    columns = schema.metadata.tables[finding.table].c
    return and_(*(columns[name] == value for name, value in finding.key.items()))


def _rows(connection: Connection, finding: Finding) -> list[dict[str, Any]]:
    table = schema.metadata.tables[finding.table]
    found = connection.execute(select(table).where(_is(finding))).mappings()
    return [dict(row) for row in found]


def _recount(connection: Connection, rid: int) -> None:
    """Let a run's series count the points that are there, and count the others as lost."""
    series = schema.series.c
    held: dict[int, int] = {
        row.series_no: int(row.n) for row in connection.execute(select(counting.held(rid)))
    }
    numbers = series_numbers(connection, rid)
    for _, batch in unfolded(connection, SegCache(), rid, Lineage.load(connection, rid)):
        for name, column in batch.items():
            if name in numbers:
                no = numbers[name]
                held[no] = held.get(no, 0) + len(column.value)
    lost = 0
    for row in connection.execute(select(series.no, series.points).where(series.rid == rid)).all():
        lost += max(0, row.points - held.get(row.no, 0))
        connection.execute(
            update(schema.series)
            .where(series.rid == rid, series.no == row.no)
            .values(points=held.get(row.no, 0))
        )
    if lost:
        _lose(connection, rid, lost)


def _lose(connection: Connection, rid: int, points: int) -> None:
    """Count points as lost, where the run's page says so."""
    loss, run = schema.loss.c, schema.run.c
    known = connection.execute(
        select(loss.records).where(loss.rid == rid, loss.reason == _REASON)
    ).scalar()
    total = (known or 0) + points
    row = {"records": total, "kinds": f'{{"points": {total}}}'}
    if known is None:
        connection.execute(insert(schema.loss).values(rid=rid, reason=_REASON, **row))
    else:
        connection.execute(
            update(schema.loss).where(loss.rid == rid, loss.reason == _REASON).values(row)
        )
    connection.execute(
        update(schema.run).where(run.rid == rid).values(dropped=run.dropped + points)
    )


def _retier(connection: Connection, rid: int, series_no: int, stream_no: int) -> None:
    """Number the chunks of a series and stream without a hole, and make their tiers anew."""
    chunk, tier = schema.chunk.c, schema.tier.c
    place = [chunk.rid == rid, chunk.series_no == series_no, chunk.stream_no == stream_no]
    numbers = connection.execute(select(chunk.no).where(*place).order_by(chunk.no)).scalars().all()
    for place_no, number in enumerate(numbers, numbers[0] if numbers else 0):
        if place_no != number:
            connection.execute(
                update(schema.chunk).where(*place, chunk.no == number).values(no=place_no)
            )
    connection.execute(
        delete(schema.tier).where(
            tier.rid == rid, tier.series_no == series_no, tier.stream_no == stream_no
        )
    )
    retiering.tier_place(connection, rid, series_no, stream_no)
