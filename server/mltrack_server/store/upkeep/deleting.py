"""Deleting: a run is marked, and after 30 days its records are removed for good.

What arrives of a deleted run is stored as always. The rows of the run and its streams stay even
then: a spool that still holds the run would bring it back otherwise. While one of its checkpoints
is a version of a model, nothing of it is removed.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any
from typing import Final

from sqlalchemy import ColumnElement
from sqlalchemy import Connection
from sqlalchemy import Row
from sqlalchemy import and_
from sqlalchemy import bindparam
from sqlalchemy import case
from sqlalchemy import delete
from sqlalchemy import or_
from sqlalchemy import select
from sqlalchemy import update

from mltrack_server.resources import Deletion
from mltrack_server.store import schema

RESTORABLE_S: Final = 30 * 86_400
_ROWS_AT_ONCE: Final = 200  # of one transaction: chunks of 16384 points are 100 kB each
_STAYING: Final = (schema.run, schema.stream)

_run, _model, _version = schema.run.c, schema.model.c, schema.model_version.c
_since: Final = case((_run.heard_ns > _run.deleted_ns, _run.heard_ns), else_=_run.deleted_ns)


class RunPurged(LookupError):
    """The records of a deleted run are gone; there is nothing to restore."""


def mark(connection: Connection, rid: int, now_ns: int, rev: int) -> None:
    """Delete a run that is not deleted yet."""
    connection.execute(
        update(schema.run)
        .where(_run.rid == rid, _run.deleted_ns.is_(None))
        .values(deleted_ns=now_ns, rev=rev)
    )


def unmark(connection: Connection, rid: int, rev: int) -> None:
    """Restore a deleted run.

    Raises:
        RunPurged: Its records are gone, and none have come since.
    """
    found = connection.execute(select(_run.purged_ns, _run.records).where(_run.rid == rid)).one()
    if found.purged_ns is not None and not found.records:
        raise RunPurged(f"its records were removed at {found.purged_ns} ns")
    connection.execute(
        update(schema.run).where(_run.rid == rid).values(deleted_ns=None, purged_ns=None, rev=rev)
    )


def one(connection: Connection, rid: int) -> Deletion | None:
    """Return what is to be said of a deleted run; None if it is not deleted."""
    return next(iter(_told(connection, _run.rid == rid)), None)


def listed(connection: Connection) -> list[Deletion]:
    """Return all deleted runs, the one deleted last first."""
    return _told(connection)


def due(connection: Connection, now_ns: int) -> list[str]:
    """Return the ids of deleted runs whose records are to be removed now."""
    return list(connection.execute(select(_run.uid).where(_is_due(now_ns))).scalars())


def purge_some(connection: Connection, rid: int, now_ns: int, rev: int) -> bool:
    """Remove some of a run's records for good; tell whether there is more to remove.

    Does nothing where it is not due, or no longer: records that arrive meanwhile put it off.
    """
    if connection.execute(select(_run.rid).where(_run.rid == rid, _is_due(now_ns))).first() is None:
        return False
    # From here on it cannot be restored as it was.
    connection.execute(update(schema.run).where(_run.rid == rid).values(purged_ns=now_ns))
    room = _ROWS_AT_ONCE
    for table in schema.metadata.sorted_tables:
        if table in _STAYING or "rid" not in table.columns:
            continue
        keys = list(table.primary_key.columns)
        rows = connection.execute(select(*keys).where(table.c.rid == rid).limit(room)).all()
        if rows:
            condition = and_(*(column == bindparam(f"b_{column.name}") for column in keys))
            connection.execute(
                delete(table).where(condition),
                [
                    {f"b_{column.name}": value for column, value in zip(keys, row, strict=True)}
                    for row in rows
                ],
            )
        room -= len(rows)
        if room <= 0:
            return True
    connection.execute(
        update(schema.run)
        .where(_run.rid == rid)
        .values(
            records=0, dropped=0, console_lines=0, last_step=None, reason="", traceback="",
            command="[]", folder="", tags="[]", notes="", edits="{}", rev=rev,
        )
    )  # fmt: skip
    return False


def _is_due(now_ns: int) -> ColumnElement[bool]:
    """Return the condition of runs that are to be purged."""
    return and_(
        _run.deleted_ns.is_not(None),
        _since <= now_ns - RESTORABLE_S * 10**9,
        or_(_run.purged_ns.is_(None), _run.records > 0),
        # Whoever uses a model must not lose it because somebody tidied up its runs.
        _run.uid.not_in(select(_version.run).where(_version.deleted_ns.is_(None))),
    )


def _told(connection: Connection, *wanted: ColumnElement[bool]) -> list[Deletion]:
    """Return what is to be said of deleted runs, the one deleted last first."""
    deleted = (_run.deleted_ns.is_not(None), *wanted)
    holding = (
        select(_version.run, _model.name, _version.version)
        .join_from(schema.model_version, schema.model, _model.uid == _version.uid)
        .join(schema.run, _run.uid == _version.run)
        .where(_version.deleted_ns.is_(None), *deleted)
        .order_by(_model.project, _model.name, _version.version)
    )
    registered: dict[str, list[str]] = defaultdict(list)
    for run, name, version in connection.execute(holding):
        registered[run].append(f"{name} {version}")
    rows = connection.execute(
        select(schema.run).where(*deleted).order_by(_run.deleted_ns.desc(), _run.uid)
    )
    return [_deletion(row, registered[row.uid]) for row in rows]


def _deletion(row: Row[Any], registered: list[str]) -> Deletion:
    since_ns = max(row.deleted_ns, row.heard_ns)
    return Deletion(
        id=row.uid,
        project=row.project,
        name=row.name,
        deleted_ns=row.deleted_ns,
        purge_ns=since_ns + RESTORABLE_S * 10**9,
        purged_ns=row.purged_ns,
        records=row.records,
        registered=registered,
    )
