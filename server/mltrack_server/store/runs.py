"""Reads of projects and runs: everything but points and console."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from typing import Final
from typing import NamedTuple

from sqlalchemy import Connection
from sqlalchemy import Row
from sqlalchemy import and_
from sqlalchemy import case
from sqlalchemy import func
from sqlalchemy import not_
from sqlalchemy import select
from sqlalchemy import update

from mltrack_core.records import FACTS
from mltrack_core.records import RunState
from mltrack_server.resources import Alert
from mltrack_server.resources import Change
from mltrack_server.resources import Loss
from mltrack_server.resources import MetricQuery
from mltrack_server.resources import Note
from mltrack_server.resources import Notice
from mltrack_server.resources import Project
from mltrack_server.resources import ProjectList
from mltrack_server.resources import Run
from mltrack_server.store import annotating
from mltrack_server.store import filed
from mltrack_server.store import histograms
from mltrack_server.store import metrics
from mltrack_server.store import rules
from mltrack_server.store import schema
from mltrack_server.store import thinning
from mltrack_server.store.media import reading as media
from mltrack_server.store.processes import streams_of
from mltrack_server.store.search.listing import content_of
from mltrack_server.store.search.listing import is_live
from mltrack_server.store.search.listing import json_value
from mltrack_server.store.search.listing import params_of
from mltrack_server.store.search.listing import shown_state
from mltrack_server.store.search.listing import summary_of

_run: Final = schema.run.c
_REV: Final = select(schema.revision.c.rev)


class Mark(NamedTuple):
    """How far a stream is stored."""

    next_seq: int
    is_sealed: bool


def rev(connection: Connection) -> int:
    """Return the store's revision."""
    return connection.execute(_REV).scalar() or 0


def next_rev(connection: Connection) -> int:
    """Raise the store's revision by one and return it."""
    revision = schema.revision
    connection.execute(update(revision).values(rev=revision.c.rev + 1))
    return int(connection.execute(select(func.max(revision.c.rev))).scalar_one())


def marks(connection: Connection, rid: int) -> dict[str, Mark]:
    """Return how far each stream of a run is stored."""
    stream = schema.stream.c
    rows = connection.execute(
        select(stream.uid, stream.next_seq, stream.is_sealed).where(stream.rid == rid)
    )
    return {row.uid: Mark(row.next_seq, row.is_sealed) for row in rows}


def projects(connection: Connection, now_ns: int) -> ProjectList:
    """Return all projects, the one heard of last first."""
    heard = func.max(_run.heard_ns)
    away = _run.archived.is_(True)
    runs, live, archived = (
        func.sum(case((condition, 1), else_=0)).label(name)
        for name, condition in (
            ("runs", not_(away)),
            ("live", and_(not_(away), is_live(now_ns))),
            ("archived", away),
        )
    )
    rows = connection.execute(
        select(_run.project, runs, live, archived, heard.label("heard"))
        .where(_run.deleted_ns.is_(None))
        .group_by(_run.project)
        .order_by(heard.desc(), _run.project)
    )
    wanted = rules.all_current(connection)
    return ProjectList(
        projects=[
            Project(
                name=row.project,
                runs=row.runs,
                live=row.live,
                archived=row.archived,
                heard_ns=row.heard,
                headline=wanted.get(row.project, rules.NONE).headline,
                better=wanted.get(row.project, rules.NONE).better,
            )
            for row in rows
        ]
    )


def one(connection: Connection, rid: int, now_ns: int) -> Run | None:
    """Return everything about a run but its points and its console."""
    row = connection.execute(select(schema.run).where(_run.rid == rid)).first()
    if row is None:
        return None
    params = params_of(connection, [rid]).get(rid, {})
    first = metrics.page(connection, rid, MetricQuery())
    devices = metrics.page(connection, rid, MetricQuery(kind="device"))
    content = content_of(params, first.metrics, has_more_metrics=first.next is not None)
    return Run(
        summary=summary_of(row, now_ns, content),
        command=json.loads(row.command),
        folder=row.folder,
        python=row.python,
        mltrack=row.mltrack,
        notes=[
            Note(time_ns=note.time_ns, text=note.text, step=note.step)
            for note in _records(connection, schema.note, rid)
        ],
        facts={
            namespace: {key: json_value(value) for key, value in values.items()}
            for namespace, values in params.items()
            if namespace in FACTS
        },
        metrics=first.total,
        thinned=thinning.thinned(connection, rid),
        misnamed=rules.count_misnamed(connection, rid, row.project),
        step=row.last_step,
        devices=devices.metrics,
        next_device=devices.next,
        histograms=histograms.count(connection, rid),
        media=media.count(connection, rid),
        checkpoints=filed.count(connection, schema.checkpoint, rid),
        files=filed.count(connection, schema.file, rid),
        streams=streams_of(connection, rid),
        losses=_losses(connection, rid),
        alerts=[
            Alert(
                time_ns=alert.time_ns,
                level=alert.level,
                title=alert.title,
                text=alert.text,
                step=alert.step,
                kind=alert.kind,
            )
            for alert in _records(connection, schema.alert, rid)
        ],
        traceback=row.traceback,
        annotations=annotating.listed(connection, rid),
    )


def state(connection: Connection, rid: int, now_ns: int) -> RunState | None:
    """Return the state of a run; None if there is no such run."""
    row = connection.execute(select(_run.state, _run.heard_ns).where(_run.rid == rid)).first()
    return None if row is None else shown_state(row.state, row.heard_ns, now_ns)


def history(connection: Connection) -> str:
    """Return which history the store's revisions count in."""
    return str(connection.execute(select(schema.revision.c.history)).scalar_one())


def changes(
    connection: Connection, now_ns: int, cursor: int, seen: str | None, limit: int
) -> Notice:
    """Return which runs have changed since revision *cursor* of the history *seen*."""
    present, ours = rev(connection), history(connection)
    if seen not in (None, ours):
        return Notice(cursor=present, history=ours, changes=[], reset=True)
    if cursor == present:
        return Notice(cursor=present, history=ours, changes=[])
    rows = connection.execute(
        select(_run.uid, _run.project, _run.rev, _run.state, _run.heard_ns, _run.last_step)
        .where(_run.rev > cursor)
        .order_by(_run.rev)
        .limit(limit + 1)
    ).all()
    if len(rows) > limit or not 0 <= cursor <= present:
        return Notice(cursor=present, history=ours, changes=[], reset=True)
    return Notice(
        cursor=present,
        history=ours,
        changes=[
            Change(
                id=row.uid,
                project=row.project,
                rev=row.rev,
                state=shown_state(row.state, row.heard_ns, now_ns),
                last_step=row.last_step,
            )
            for row in rows
        ],
    )


def _records(connection: Connection, table: Any, rid: int) -> Sequence[Row[Any]]:
    """Return a run's rows of *table*, alert or note, by time."""
    return connection.execute(
        select(table)
        .where(table.c.rid == rid)
        .order_by(table.c.time_ns, table.c.stream_no, table.c.seq)
    ).all()


def _losses(connection: Connection, rid: int) -> list[Loss]:
    """Return what a run has lost."""
    loss = schema.loss.c
    return [
        Loss(reason=row.reason, count=row.records, kinds=json.loads(row.kinds))
        for row in connection.execute(
            select(schema.loss).where(loss.rid == rid).order_by(loss.records.desc(), loss.reason)
        )
    ]
