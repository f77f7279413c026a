"""Dangling: versions of models without their checkpoint, aliases without their version."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection
from sqlalchemy import and_
from sqlalchemy import select

from mltrack_server.store import schema


def models(connection: Connection) -> Iterator[tuple[str, str]]:
    """Yield what leads nowhere in the model registry: where that is, and what is not there."""
    model, version, alias = schema.model.c, schema.model_version.c, schema.model_alias.c
    run, checkpoint = schema.run.c, schema.checkpoint.c
    bare = connection.execute(
        select(model.name, version.version, version.checkpoint)
        .join_from(schema.model_version, schema.model, model.uid == version.uid)
        .outerjoin(schema.run, run.uid == version.run)
        .outerjoin(
            schema.checkpoint,
            and_(checkpoint.rid == run.rid, checkpoint.uid == version.checkpoint),
        )
        .where(version.deleted_ns.is_(None), checkpoint.uid.is_(None))
        .order_by(version.uid, version.version)
    )
    for name, number, uid in bare:
        yield f"model {name} {number}", f"its checkpoint {uid} is not there"
    lost = connection.execute(
        select(model.name, alias.alias, alias.version)
        .join_from(schema.model_alias, schema.model, model.uid == alias.uid)
        .outerjoin(
            schema.model_version,
            and_(
                version.uid == alias.uid,
                version.version == alias.version,
                version.deleted_ns.is_(None),
            ),
        )
        .where(version.uid.is_(None))
        .order_by(alias.uid, alias.alias)
    )
    for name, pointing, number in lost:
        yield f"model {name} {pointing}", f"it points at version {number}, which is none"
