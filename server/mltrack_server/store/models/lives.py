"""Lives of models: renamed, deleted, restored, and removed for good 30 days after that.

A deleted model is as it was, but for lists: its versions hold their checkpoints and runs, and its
aliases stay where they point, so that restoring it brings all of it back. Only when it is removed
for good do its versions hold nothing any more. Its name is taken until then.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection
from sqlalchemy import delete
from sqlalchemy import func
from sqlalchemy import insert
from sqlalchemy import select
from sqlalchemy import update

from mltrack_server.errors import ModelRefused
from mltrack_server.resources import ModelRename
from mltrack_server.store import schema
from mltrack_server.store.models.reading import RESTORABLE_NS

RENAMES_MAX: Final = 1000  # of a model

_model, _naming = schema.model.c, schema.model_rename.c
_PARTS: Final = (
    schema.model_alias,
    schema.model_move,
    schema.model_card,
    schema.model_rename,
    schema.model_version,
    schema.model,
)


def rename(connection: Connection, uid: str, change: ModelRename, now_ns: int) -> None:
    """Call a model something else; what it was called leads to it. Again changes nothing.

    Raises:
        ModelRefused: Another model of the project has the name, if a deleted one.
    """
    row = connection.execute(select(_model.project, _model.name).where(_model.uid == uid)).one()
    if row.name == change.name:
        return
    other = connection.execute(
        select(_model.deleted_ns).where(_model.project == row.project, _model.name == change.name)
    ).first()
    if other is not None:
        which = "A model" if other.deleted_ns is None else "A deleted model, which can be restored,"
        raise ModelRefused("conflict", f"{which} of the project is called {change.name} already.")
    last = select(func.coalesce(func.max(_naming.no), 0)).where(_naming.uid == uid)
    number: int = connection.execute(last).scalar_one() + 1
    if number > RENAMES_MAX:
        raise ModelRefused("full", f"A model is renamed at most {RENAMES_MAX} times.")
    connection.execute(
        insert(schema.model_rename).values(
            uid=uid, no=number, project=row.project, name_before=row.name, name=change.name,
            author=change.author, renamed_ns=now_ns,
        )
    )  # fmt: skip
    connection.execute(
        update(schema.model).where(_model.uid == uid).values(name=change.name, changed_ns=now_ns)
    )


def mark(connection: Connection, uid: str, deleted_ns: int | None) -> None:
    """Set when a model was deleted, unless it was or was not already."""
    is_other = _model.deleted_ns.is_(None) == (deleted_ns is not None)
    connection.execute(
        update(schema.model).where(_model.uid == uid, is_other).values(deleted_ns=deleted_ns)
    )


def require_not_deleted(connection: Connection, uid: str) -> None:
    """Refuse to change a deleted model.

    Raises:
        ModelRefused: It is one.
    """
    row = connection.execute(
        select(_model.name, _model.deleted_ns).where(_model.uid == uid)
    ).first()
    if row is not None and row.deleted_ns is not None:
        raise ModelRefused("gone", f"Model {row.name} was deleted; restore it first.")


def purge(connection: Connection, now_ns: int) -> list[str]:
    """Remove the models for good that were deleted 30 days ago; return what they were called."""
    due = connection.execute(
        select(_model.uid, _model.name).where(_model.deleted_ns <= now_ns - RESTORABLE_NS)
    ).all()
    for row in due:
        for table in _PARTS:
            connection.execute(delete(table).where(table.c.uid == row.uid))
    return [row.name for row in due]
