"""Moments: what happened to runs and where, for the foot of their charts."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any
from typing import Final

import msgspec
from sqlalchemy import Connection
from sqlalchemy import Row
from sqlalchemy import Table
from sqlalchemy import func
from sqlalchemy import select

from mltrack_core import records
from mltrack_server.resources import MOMENTS_ALL_MAX
from mltrack_server.resources import MOMENTS_EACH_MAX
from mltrack_server.resources import Moment
from mltrack_server.resources import MomentList
from mltrack_server.resources import MomentQuery
from mltrack_server.store import annotating
from mltrack_server.store import schema
from mltrack_server.store.database.engine import Connecting
from mltrack_server.store.keys import rid_of
from mltrack_server.store.lineage import Lineage
from mltrack_server.store.overlap import firsts_of
from mltrack_server.store.segs import SegCache
from mltrack_server.store.segs import unfolded

_decode: Final = msgspec.msgpack.Decoder(records.Checkpoint).decode
_SERIES_MAX: Final = 500  # of a run: more do not say better where an attempt began

Uids = Mapping[int, str]  # key of a run → its id


class MomentReads:
    """Answers what happened to runs. Thread-safe.

    Args:
        reading: Gives a connection that sees one state of the store.
        segs: Batches that are decoded already.
    """

    def __init__(self, reading: Connecting, segs: SegCache) -> None:
        self._reading, self._segs = reading, segs

    def listed(self, query: MomentQuery) -> MomentList:
        """Return the moments of some runs, by time; runs unknown here are left out.

        Of each kind the newest of each run, fewer where there are many runs.
        """
        uids = {rid_of(run): run for run in query.runs}
        each_max = min(MOMENTS_EACH_MAX, MOMENTS_ALL_MAX // len(uids))
        with self._reading() as connection:
            run = schema.run.c
            starts = select(run.uid, run.started_ns).where(run.rid.in_(list(uids)))
            started_ns = {row.uid: row.started_ns for row in connection.execute(starts)}
            found = list(self._restarts(connection, uids))
            left_out = 0
            for table, moment_of in ((schema.checkpoint, _checkpoint), (schema.alert, _alert)):
                rows, total = _newest(connection, table, uids, each_max)
                found += [moment_of(row, uids[row.rid]) for row in rows]
                left_out += total - len(rows)
            written = annotating.newest_of(connection, list(uids))
            kept = _last_of_each(written, each_max)
            found += [_annotation(row, uids[row.rid]) for row in kept]
            left_out += len(written) - len(kept)
        found.sort(key=lambda moment: moment.time_ns or 0)
        return MomentList(moments=found, started_ns=started_ns, left_out=left_out)

    def _restarts(self, connection: Connection, uids: Uids) -> Iterator[Moment]:
        """Yield where each attempt but the first of each run began."""
        stream = schema.stream.c
        again = (
            select(stream.rid, stream.attempt, func.min(stream.started_ns).label("began_ns"))
            .where(stream.rid.in_(list(uids)), stream.role == "trainer", stream.attempt > 1)
            .group_by(stream.rid, stream.attempt)
        )
        attempts: dict[int, list[tuple[int, int]]] = {}
        for rid, attempt, began_ns in connection.execute(again):
            attempts.setdefault(rid, []).append((attempt, began_ns))
        for rid, begun in attempts.items():
            steps = self._first_steps(connection, rid)
            for attempt, began_ns in begun:
                yield Moment(
                    run=uids[rid],
                    kind="restart",
                    id=f"attempt-{attempt}",
                    time_ns=began_ns,
                    step=steps.get(attempt),
                    text="",
                    attempt=attempt,
                )

    def _first_steps(self, connection: Connection, rid: int) -> dict[int, int]:
        """Return attempt → the lowest step that it has of any metric."""
        series = schema.series.c
        lineage = Lineage.load(connection, rid)
        numbers = connection.execute(
            select(series.no)
            .where(series.rid == rid, series.kind == "metric")
            .order_by(series.no)
            .limit(_SERIES_MAX)
        )
        found: dict[int, int] = {}

        def take(stream_no: int, step: int) -> None:
            attempt = lineage.attempts[stream_no]
            found[attempt] = min(step, found.get(attempt, step))

        for firsts in firsts_of(connection, rid, list(numbers.scalars())).values():
            for stream_no, step in firsts.items():
                take(stream_no, step)
        for (_, stream_no, _, _), batch in unfolded(connection, self._segs, rid, lineage):
            for (kind, _), column in batch.items():
                if kind == "metric":
                    take(stream_no, int(column.step.min()))
        return found


def _newest(
    connection: Connection, table: Table, uids: Uids, each_max: int
) -> tuple[Sequence[Row[Any]], int]:
    """Return the newest rows of *table* of each run, and how many there are altogether."""
    keys = ("stream_no", "seq")
    place = (
        func.row_number()
        .over(
            partition_by=table.c.rid,
            order_by=[table.c.time_ns.desc(), *(table.c[key].desc() for key in keys)],
        )
        .label("place")
    )
    mine = table.c.rid.in_(list(uids))
    ranked = select(table, place).where(mine).subquery()
    rows = connection.execute(select(ranked).where(ranked.c.place <= each_max)).all()
    return rows, connection.execute(select(func.count()).where(mine)).scalar_one()


def _last_of_each(rows: Sequence[Row[Any]], each_max: int) -> list[Row[Any]]:
    """Return the last rows of each run."""
    by_run: dict[int, list[Row[Any]]] = {}
    for row in rows:
        by_run.setdefault(row.rid, []).append(row)
    return [row for mine in by_run.values() for row in mine[-each_max:]]


def _checkpoint(row: Row[Any], run: str) -> Moment:
    return Moment(
        run=run,
        kind="checkpoint",
        id=row.uid,
        time_ns=row.time_ns,
        step=row.step,
        text=" ".join(_decode(row.body).roles),
    )


def _alert(row: Row[Any], run: str) -> Moment:
    return Moment(
        run=run,
        kind="alert",
        id=f"alert-{row.stream_no}-{row.seq}",
        time_ns=row.time_ns,
        step=row.step,
        text=row.title,
        level=row.level,
    )


def _annotation(row: Row[Any], run: str) -> Moment:
    return Moment(
        run=run,
        kind="annotation",
        id=row.uid,
        time_ns=row.time_ns,
        step=row.step,
        text=row.text,
        author=row.author,
    )
