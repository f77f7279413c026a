"""Aliases of models: pointed elsewhere, with each move written down."""

from __future__ import annotations

from typing import Final

from msgspec import UNSET
from sqlalchemy import Connection
from sqlalchemy import delete
from sqlalchemy import func
from sqlalchemy import insert
from sqlalchemy import select
from sqlalchemy import update

from mltrack_server.errors import ModelRefused
from mltrack_server.resources import AliasMove
from mltrack_server.resources import ModelMove
from mltrack_server.store import schema
from mltrack_server.store.models import reading

ALIASES_MAX: Final = 50  # of a model

_model, _version, _alias = schema.model.c, schema.model_version.c, schema.model_alias.c
_move = schema.model_move.c


def point(connection: Connection, uid: str, alias: str, move: AliasMove, now_ns: int) -> None:
    """Let an alias point elsewhere, and write down that it does.

    Raises:
        ModelRefused: It points elsewhere than expected, or would at nothing, or there is no room.
    """
    here = (_alias.uid == uid, _alias.alias == alias)
    row = connection.execute(select(schema.model_alias).where(*here)).first()
    before = None if row is None else row.version
    if before == move.version:
        return
    if move.expected is not UNSET and move.expected != before:
        raise ModelRefused("conflict", _moved_meanwhile(connection, uid, alias, before))
    if move.version is not None:
        _require_version(connection, uid, move.version)
    if move.version is None:
        connection.execute(delete(schema.model_alias).where(*here))
    elif before is None:
        count = select(func.count()).select_from(schema.model_alias).where(_alias.uid == uid)
        if connection.execute(count).scalar_one() >= ALIASES_MAX:
            raise ModelRefused("full", f"A model has at most {ALIASES_MAX} aliases.")
        connection.execute(
            insert(schema.model_alias).values(
                uid=uid, alias=alias, version=move.version, author=move.author, moved_ns=now_ns
            )
        )
    else:
        connection.execute(
            update(schema.model_alias)
            .where(*here)
            .values(version=move.version, author=move.author, moved_ns=now_ns)
        )
    last = select(func.coalesce(func.max(_move.no), 0)).where(_move.uid == uid)
    connection.execute(
        insert(schema.model_move).values(
            uid=uid, no=connection.execute(last).scalar_one() + 1, alias=alias,
            version_before=before, version=move.version, author=move.author, why=move.why,
            moved_ns=now_ns,
        )
    )  # fmt: skip
    connection.execute(update(schema.model).where(_model.uid == uid).values(changed_ns=now_ns))


def no_version(version: int) -> ModelRefused:
    """Return what to say of a version that is not there."""
    return ModelRefused("missing", f"The model has no version {version}.")


def by(author: str) -> str:
    """Return *author* as a sentence names them, if it does."""
    return f" by {author}" if author else ""


def _require_version(connection: Connection, uid: str, version: int) -> None:
    """Refuse a version that no alias may point at.

    Raises:
        ModelRefused: It is not there, or it was deleted.
    """
    found = connection.execute(
        select(_version.deleted_ns).where(_version.uid == uid, _version.version == version)
    ).first()
    if found is None:
        raise no_version(version)
    if found.deleted_ns is not None:
        raise ModelRefused("gone", f"Version {version} was deleted; restore it first.")


def _moved_meanwhile(connection: Connection, uid: str, alias: str, now: int | None) -> str:
    """Return who moved an alias since somebody looked, and where to."""
    last: ModelMove | None = next(iter(reading.moves(connection, uid, alias=alias, limit=1)), None)
    who = by(last.author) if last else ""
    where = f"was pointed at version {now}" if now is not None else "was removed"
    return f"Meanwhile {alias} {where}{who}. Nothing of yours is stored."
