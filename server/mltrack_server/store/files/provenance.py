"""Which runs wrote or read the same bytes, told by their SHA-256."""

from __future__ import annotations

import json
from pathlib import PurePosixPath
from typing import Any
from typing import Final

import msgspec
from sqlalchemy import ColumnElement
from sqlalchemy import CompoundSelect
from sqlalchemy import Connection
from sqlalchemy import FromClause
from sqlalchemy import Select
from sqlalchemy import and_
from sqlalchemy import func
from sqlalchemy import or_
from sqlalchemy import select
from sqlalchemy import tuple_
from sqlalchemy import union

from mltrack_core.records import Checkpoint
from mltrack_server.resources import FileLink
from mltrack_server.resources import Provenance
from mltrack_server.store import schema

LINKS_MAX: Final = 500

_decode: Final = msgspec.msgpack.Decoder(Checkpoint).decode


def of(connection: Connection, rid: int) -> Provenance:
    """Return the links of one run, those to the newest runs first.

    That two runs wrote the same is no link: every checkpoint of a framework brings along the same
    few files.
    """
    rows = connection.execute(_links(rid)).all()
    shown = rows[:LINKS_MAX]
    paths = _checkpoint_paths(
        connection, [(row.other_rid, row.other) for row in shown if row.other_use is None]
    )
    return Provenance(
        links=[
            FileLink(
                file=row.about,
                use=row.use or "output",
                other_run=row.uid,
                other_run_name=json.loads(row.edits).get("name", row.run_name),
                other_project=row.project,
                other=row.other,
                other_use=row.other_use or "output",
                other_name=row.other_name or PurePosixPath(paths.get(row.other, "")).name,
                is_checkpoint=row.other_use is None,
                same=row.same,
                time_ns=row.started_ns,
            )
            for row in shown
        ],
        is_cut=len(rows) > LINKS_MAX,
    )


def _checkpoint_paths(connection: Connection, ids: list[tuple[int, str]]) -> dict[str, str]:
    """Return id → path of checkpoints that are named by run and id."""
    checkpoint = schema.checkpoint.c
    if not ids:
        return {}
    rows = connection.execute(
        select(checkpoint.uid, checkpoint.body).where(
            tuple_(checkpoint.rid, checkpoint.uid).in_(ids)
        )
    )
    return {row.uid: _decode(row.body).path for row in rows}


def _links(rid: int) -> Select[Any]:
    """Return the query of the pairs of a run's files and others with the same bytes."""
    mine, others = schema.digest.alias("mine"), _others(rid).subquery()
    own_file, file = schema.file.alias("own_file"), schema.file.alias("other_file")
    run = schema.run
    pairs = (
        select(
            mine.c.about,
            others.c.rid.label("other_rid"),
            others.c.about.label("other"),
            func.count(mine.c.sha256.distinct()).label("same"),
        )
        .join(others, others.c.sha256 == mine.c.sha256)
        .where(mine.c.rid == rid)
        .group_by(mine.c.about, others.c.rid, others.c.about)
        .subquery()
    )
    is_input = own_file.c.use == "input"
    return (
        select(
            pairs.c.about,
            pairs.c.other,
            pairs.c.other_rid,
            pairs.c.same,
            own_file.c.use,
            file.c.use.label("other_use"),
            file.c.name.label("other_name"),
            run.c.uid,
            run.c.name.label("run_name"),
            run.c.edits,
            run.c.project,
            run.c.started_ns,
        )
        .join(run, run.c.rid == pairs.c.other_rid)
        .outerjoin(own_file, and_(own_file.c.rid == rid, own_file.c.uid == pairs.c.about))
        .outerjoin(file, and_(file.c.rid == pairs.c.other_rid, file.c.uid == pairs.c.other))
        .where(run.c.deleted_ns.is_(None), or_(is_input, file.c.use == "input"))
        .order_by(run.c.started_ns.desc(), run.c.rid, pairs.c.about, pairs.c.other)
        .limit(LINKS_MAX + 1)
    )


def _others(rid: int) -> CompoundSelect[Any]:
    """Return the query of the digests of other runs that may be tied to one of this run.

    The bytes that this run read, whoever has them; and its others where they were read. What all
    runs of a framework write is looked up once for each hash, not for each checkpoint.
    """
    digest, other, file = schema.digest, schema.digest.alias("other"), schema.file
    found = select(other.c.rid, other.c.about, other.c.sha256).where(other.c.rid != rid)
    own = select(digest.c.sha256).where(digest.c.rid == rid)

    def used(table: FromClause) -> ColumnElement[bool]:
        return and_(file.c.rid == table.c.rid, file.c.uid == table.c.about, file.c.use == "input")

    return union(
        found.where(other.c.sha256.in_(own.join(file, used(digest)))),
        found.join(file, used(other)).where(other.c.sha256.in_(own)),
    )
