"""The model registry in the store: what is a version of what, and where aliases point.

What a version is never changes: a checkpoint of a run. Only what points at it moves, and each move
is kept. Writers of all servers wait for each other, so what a write has read still holds.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Final

from sqlalchemy import Connection
from sqlalchemy import and_
from sqlalchemy import delete
from sqlalchemy import func
from sqlalchemy import insert
from sqlalchemy import select
from sqlalchemy import update

from mltrack_server.errors import ModelRefused
from mltrack_server.resources import AliasMove
from mltrack_server.resources import CardSave
from mltrack_server.resources import Model
from mltrack_server.resources import ModelCard
from mltrack_server.resources import ModelCardVersions
from mltrack_server.resources import ModelList
from mltrack_server.resources import ModelMentions
from mltrack_server.resources import ModelQuery
from mltrack_server.resources import ModelRename
from mltrack_server.resources import ModelSummary
from mltrack_server.resources import Registered
from mltrack_server.resources import Registration
from mltrack_server.store import schema
from mltrack_server.store.blobs import BlobStore
from mltrack_server.store.database.engine import Connecting
from mltrack_server.store.database.part import Part
from mltrack_server.store.keys import rid_of
from mltrack_server.store.models import aliases
from mltrack_server.store.models import lives
from mltrack_server.store.models import reading
from mltrack_server.store.models.aliases import by
from mltrack_server.store.models.aliases import no_version

MODELS_MAX: Final = 1000  # of a project
VERSIONS_MAX: Final = 1000  # of a model, deleted ones included: numbers are never given again
CARDS_KEPT: Final = 200  # versions of each model's card; older ones are removed

_model, _version, _alias = schema.model.c, schema.model_version.c, schema.model_alias.c
_move, _card, _run = schema.model_move.c, schema.model_card.c, schema.run.c


class Models(Part):
    """Reads and writes models. Thread-safe.

    Args:
        reading, writing, clock_ns: As those of a `Part`.
        blobs: Where the bytes of checkpoints lie.
    """

    def __init__(
        self,
        reading: Connecting,
        writing: Connecting,
        clock_ns: Callable[[], int],
        blobs: BlobStore,
    ) -> None:
        super().__init__(reading, writing, clock_ns)
        self._blobs = blobs

    def listed(self, query: ModelQuery) -> ModelList:
        """Return models, the one that changed last first."""
        with self._reading() as connection:
            return ModelList(models=reading.summaries(connection, query))

    def one(self, uid: str) -> Model | None:
        """Return everything about a model; None if there is no such model."""
        with self._reading() as connection:
            return reading.whole(connection, uid, self._blobs)

    def mentions(self, run: str) -> ModelMentions:
        """Return which checkpoints of a run are versions of models."""
        with self._reading() as connection:
            return ModelMentions(mentions=reading.registered(connection, run))

    def card(self, uid: str, version: int | None = None) -> ModelCard | None:
        """Return a version of a model's card, the newest where none is named; None: none such."""
        with self._reading() as connection:
            if not reading.is_there(connection, uid):
                return None
            return reading.card(connection, uid, version)

    def cards(self, uid: str) -> ModelCardVersions | None:
        """Return when a model's card was saved and by whom; None if there is no such model."""
        with self._reading() as connection:
            if not reading.is_there(connection, uid):
                return None
            return reading.cards(connection, uid)

    def register(self, new: Registration) -> Registered:
        """Make a checkpoint a model's next version, and the model if it is not there yet.

        A checkpoint that the model has already is not taken a second time, so a request may be
        repeated.

        Raises:
            ModelRefused: There is no such checkpoint, or no room.
            StoreFull: No write is possible for now; nothing has changed.
        """
        with self._writing() as connection:
            project, step, size = _checkpoint(connection, new)
            now_ns = self._clock_ns()
            uid = _model_of(connection, new.project or project, new.name, now_ns)
            version = connection.execute(
                select(func.max(_version.version)).where(
                    _version.uid == uid,
                    _version.run == new.run,
                    _version.checkpoint == new.checkpoint,
                    _version.deleted_ns.is_(None),
                )
            ).scalar()
            is_new = version is None
            if version is None:
                version = _next_version(connection, uid)
                connection.execute(
                    insert(schema.model_version).values(
                        uid=uid, version=version, run=new.run, checkpoint=new.checkpoint,
                        step=step, bytes=size, note=new.note, author=new.author,
                        registered_ns=now_ns,
                    )
                )  # fmt: skip
                connection.execute(
                    update(schema.model)
                    .where(_model.uid == uid)
                    .values(versions=version, changed_ns=now_ns)
                )
            if new.alias is not None:
                move = AliasMove(version=version, author=new.author, why=new.why)
                aliases.point(connection, uid, new.alias, move, now_ns)
            summary = reading.summary(connection, uid)
            return Registered(model=summary, version=version, is_new=is_new)

    def move(self, uid: str, alias: str, move: AliasMove) -> Model:
        """Point an alias at a version, or remove it. Where it points there already nothing changes.

        Raises:
            ModelRefused: There is no such model or version, or the alias was moved meanwhile.
            StoreFull: No write is possible for now; nothing has changed.
        """
        with self._writing() as connection:
            _require(connection, uid)
            aliases.point(connection, uid, alias, move, self._clock_ns())
            return self._whole(connection, uid)

    def delete(self, uid: str, version: int) -> Model:
        """Delete a version: it can be restored, but keeps no bytes any more.

        Again it changes nothing.

        Raises:
            ModelRefused: There is no such version, or an alias points at it.
            StoreFull: No write is possible for now; nothing has changed.
        """
        with self._writing() as connection:
            _require(connection, uid)
            pointing = connection.execute(
                select(_alias.alias)
                .where(_alias.uid == uid, _alias.version == version)
                .order_by(_alias.alias)
            ).scalars()
            if names := ", ".join(pointing):
                raise ModelRefused(
                    "conflict",
                    f"Version {version} cannot be deleted while {names} points at it. Point that "
                    "at another version, or remove it, first.",
                )
            return self._mark(connection, uid, version, self._clock_ns())

    def undelete(self, uid: str, version: int) -> Model:
        """Restore a deleted version.

        Raises:
            ModelRefused: There is no such version, or its run's records were removed for good.
            StoreFull: No write is possible for now; nothing has changed.
        """
        with self._writing() as connection:
            _require(connection, uid)
            restored = self._mark(connection, uid, version, None)
            _require_records(connection, uid, version)
            return restored

    def rename(self, uid: str, change: ModelRename) -> Model:
        """Call a model something else; what it was called leads to it. Again changes nothing.

        Raises:
            ModelRefused: There is no such model, or another one has the name.
            StoreFull: No write is possible for now; nothing has changed.
        """
        with self._writing() as connection:
            _require(connection, uid)
            lives.rename(connection, uid, change, self._clock_ns())
            return self._whole(connection, uid)

    def discard(self, uid: str) -> ModelSummary:
        """Delete a model with all of its versions; it can be restored for 30 days.

        Until then it holds what it held. Again it changes nothing.

        Raises:
            ModelRefused: There is no such model.
            StoreFull: No write is possible for now; nothing has changed.
        """
        return self._set_deleted(uid, self._clock_ns())

    def restore(self, uid: str) -> ModelSummary:
        """Restore a deleted model, as it was.

        Raises:
            ModelRefused: There is no such model, or no longer.
            StoreFull: No write is possible for now; nothing has changed.
        """
        return self._set_deleted(uid, None)

    def purge(self) -> list[str]:
        """Remove the models for good that were deleted 30 days ago; return their names.

        Raises:
            StoreFull: No write is possible for now; nothing has changed.
        """
        with self._writing() as connection:
            return lives.purge(connection, self._clock_ns())

    def _set_deleted(self, uid: str, deleted_ns: int | None) -> ModelSummary:
        with self._writing() as connection:
            if not reading.is_there(connection, uid):
                raise ModelRefused("missing", "There is no such model here.")
            lives.mark(connection, uid, deleted_ns)
            return reading.summary(connection, uid)

    def save_card(self, uid: str, save: CardSave) -> ModelCard:
        """Store the next version of a model's card. What is there already is not stored again.

        Raises:
            ModelRefused: There is no such model, or another version was saved meanwhile.
            StoreFull: No write is possible for now; nothing has changed.
        """
        with self._writing() as connection:
            _require(connection, uid)
            newest = reading.card(connection, uid)
            assert newest is not None, "there is always one, if only an empty one"
            if newest.text == save.text:
                return newest
            if newest.version != save.version:
                raise ModelRefused(
                    "conflict",
                    f"Version {newest.version} of the card was saved{by(newest.author)} since "
                    f"yours, which began from version {save.version}. Nothing of yours is stored.",
                )
            version, now_ns = save.version + 1, self._clock_ns()
            connection.execute(
                insert(schema.model_card).values(
                    uid=uid, version=version, author=save.author, saved_ns=now_ns, body=save.text
                )
            )
            connection.execute(
                delete(schema.model_card).where(
                    _card.uid == uid, _card.version <= version - CARDS_KEPT
                )
            )
            connection.execute(
                update(schema.model)
                .where(_model.uid == uid)
                .values(card=version, changed_ns=now_ns)
            )
            saved = reading.card(connection, uid)
        assert saved is not None, "it was just stored"
        return saved

    def _mark(
        self, connection: Connection, uid: str, version: int, deleted_ns: int | None
    ) -> Model:
        """Set when a version was deleted, unless it was or was not already."""
        here = (_version.uid == uid, _version.version == version)
        if connection.execute(select(_version.version).where(*here)).first() is None:
            raise no_version(version)
        is_other = _version.deleted_ns.is_(None) == (deleted_ns is not None)
        written = connection.execute(
            update(schema.model_version).where(*here, is_other).values(deleted_ns=deleted_ns)
        )
        if written.rowcount:
            connection.execute(
                update(schema.model).where(_model.uid == uid).values(changed_ns=self._clock_ns())
            )
        return self._whole(connection, uid)

    def _whole(self, connection: Connection, uid: str) -> Model:
        found = reading.whole(connection, uid, self._blobs)
        assert found is not None, "it was just looked up"
        return found


def _require(connection: Connection, uid: str) -> None:
    """Refuse a model that is not there, or was deleted.

    Raises:
        ModelRefused: It is not, or it was.
    """
    if not reading.is_there(connection, uid):
        raise ModelRefused("missing", "There is no such model here.")
    lives.require_not_deleted(connection, uid)


def _require_records(connection: Connection, uid: str, version: int) -> None:
    """Refuse a version whose checkpoint went, or is going, along with its run's records.

    Raises:
        ModelRefused: It did.
    """
    checkpoint = schema.checkpoint.c
    left = (
        select(checkpoint.uid)
        .join_from(schema.checkpoint, schema.run, _run.rid == checkpoint.rid)
        .join(
            schema.model_version,
            and_(_version.run == _run.uid, _version.checkpoint == checkpoint.uid),
        )
        .where(_version.uid == uid, _version.version == version, _run.purged_ns.is_(None))
    )
    if connection.execute(left).first() is None:
        raise ModelRefused("gone", f"The records of version {version}'s run were removed for good.")


def _checkpoint(connection: Connection, new: Registration) -> tuple[str, int, int]:
    """Return the project of a run, and step and size of its checkpoint.

    Raises:
        ModelRefused: One of them is not there.
    """
    run = connection.execute(
        select(_run.project, _run.deleted_ns).where(_run.uid == new.run)
    ).first()
    if run is None:
        raise ModelRefused("missing", f"There is no run {new.run} here.")
    if run.deleted_ns is not None:
        raise ModelRefused("gone", f"Run {new.run} was deleted; restore it first.")
    checkpoint = schema.checkpoint.c
    found = connection.execute(
        select(checkpoint.step, checkpoint.bytes).where(
            checkpoint.rid == rid_of(new.run), checkpoint.uid == new.checkpoint
        )
    ).first()
    if found is None:
        raise ModelRefused(
            "missing",
            f"Run {new.run} has no checkpoint {new.checkpoint} here; one of a run that still goes "
            "on may be under way.",
        )
    return run.project, found.step, found.bytes


def _model_of(connection: Connection, project: str, name: str, now_ns: int) -> str:
    """Return the id of a project's model, which is made if need be.

    Raises:
        ModelRefused: There is no such project, or no room in it.
    """
    uid = connection.execute(
        select(_model.uid).where(_model.project == project, _model.name == name)
    ).scalar()
    if uid is not None:
        lives.require_not_deleted(connection, uid)
        return str(uid)
    known = select(schema.project.c.name).where(schema.project.c.name == project)
    if connection.execute(known).first() is None:
        raise ModelRefused("missing", f"There is no project {project[:80]!r} here.")
    count = select(func.count()).select_from(schema.model).where(_model.project == project)
    if connection.execute(count).scalar_one() >= MODELS_MAX:
        raise ModelRefused("full", f"A project has at most {MODELS_MAX} models.")
    uid = os.urandom(16).hex()
    connection.execute(
        insert(schema.model).values(
            uid=uid, project=project, name=name, versions=0, card=0,
            created_ns=now_ns, changed_ns=now_ns,
        )
    )  # fmt: skip
    return uid


def _next_version(connection: Connection, uid: str) -> int:
    """Return the number of a model's next version.

    Raises:
        ModelRefused: It has as many as it may have.
    """
    newest: int = connection.execute(select(_model.versions).where(_model.uid == uid)).scalar_one()
    if newest >= VERSIONS_MAX:
        raise ModelRefused("full", f"A model has at most {VERSIONS_MAX} versions.")
    return newest + 1
