"""Dangling: versions of models without their checkpoint, aliases without their version."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection
from sqlalchemy import and_
from sqlalchemy import select

from mltrack_server.store import schema
from mltrack_server.store.keys import rid_of


def models(connection: Connection) -> Iterator[tuple[str, str]]:
    """Yield what leads nowhere in the model registry: where that is, and what is not there."""
    model, version = schema.model.c, schema.model_version.c
    alias, checkpoint = schema.model_alias.c, schema.checkpoint.c
    rows = connection.execute(
        select(model.name, version.version, version.run, version.checkpoint)
        .join_from(schema.model_version, schema.model, model.uid == version.uid)
        .where(version.deleted_ns.is_(None))
        .order_by(version.uid, version.version)
    ).all()
    for row in rows:
        found = connection.execute(
            select(checkpoint.uid).where(
                checkpoint.rid == rid_of(row.run), checkpoint.uid == row.checkpoint
            )
        ).first()
        if found is None:
            yield f"model {row.name} {row.version}", f"its checkpoint {row.checkpoint} is not there"
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
