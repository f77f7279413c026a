"""Models, read: lists, one of them with its versions, its card and its history."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from typing import Any
from typing import Final

from sqlalchemy import ColumnElement
from sqlalchemy import Connection
from sqlalchemy import Row
from sqlalchemy import Select
from sqlalchemy import case
from sqlalchemy import func
from sqlalchemy import select

from mltrack_server.resources import CheckpointSummary
from mltrack_server.resources import Model
from mltrack_server.resources import ModelAlias
from mltrack_server.resources import ModelCard
from mltrack_server.resources import ModelCardVersion
from mltrack_server.resources import ModelCardVersions
from mltrack_server.resources import ModelMention
from mltrack_server.resources import ModelMove
from mltrack_server.resources import ModelNaming
from mltrack_server.resources import ModelQuery
from mltrack_server.resources import ModelSummary
from mltrack_server.resources import ModelVersion
from mltrack_server.store import checkpoints
from mltrack_server.store import schema
from mltrack_server.store.blobs import BlobStore
from mltrack_server.store.checkpoints import Found
from mltrack_server.store.keys import rid_of

MOVES_SHOWN: Final = 500
RESTORABLE_NS: Final = 30 * 86_400 * 10**9  # a deleted model can be

_model, _version, _alias = schema.model.c, schema.model_version.c, schema.model_alias.c
_move, _card, _run = schema.model_move.c, schema.model_card.c, schema.run.c
_naming = schema.model_rename.c
_IS_HERE: Final = _version.deleted_ns.is_(None)
_SUMMED: Final = (
    select(
        schema.model,
        func.count(case((_IS_HERE, 1))).label("kept"),
        func.max(case((_IS_HERE, _version.version))).label("latest"),
    )
    .join_from(schema.model, schema.model_version, _version.uid == _model.uid, isouter=True)
    .group_by(*_model)
)


def is_there(connection: Connection, uid: str) -> bool:
    """Tell whether there is such a model."""
    return connection.execute(select(_model.uid).where(_model.uid == uid)).first() is not None


def summaries(connection: Connection, query: ModelQuery) -> list[ModelSummary]:
    """Return the rows of a list, the model that changed last first.

    Of a name that no model has, the one in each project that was called so last.
    """
    found = _summaries(connection, query, [] if query.name is None else [_model.name == query.name])
    if found or query.name is None:
        return found
    return _summaries(connection, query, [_model.uid.in_(_formerly(query.name))])


def _formerly(name: str) -> Select[Any]:
    """Return the query of the models that were called *name* last, one of each project."""
    last = func.row_number().over(
        partition_by=_naming.project, order_by=[_naming.renamed_ns.desc(), _naming.no.desc()]
    )
    # One that was deleted since does not stand in the way of another that had the name before it.
    ranked = (
        select(_naming.uid, last.label("place"))
        .join(schema.model, _model.uid == _naming.uid)
        .where(_naming.name_before == name, _model.deleted_ns.is_(None))
        .subquery()
    )
    return select(ranked.c.uid).where(ranked.c.place == 1)


def _summaries(
    connection: Connection, query: ModelQuery, wanted: list[ColumnElement[bool]]
) -> list[ModelSummary]:
    if query.project is not None:
        wanted.append(_model.project == query.project)
    wanted.append(_model.deleted_ns.is_not(None) if query.deleted else _model.deleted_ns.is_(None))
    ordered = _SUMMED.where(*wanted).order_by(_model.changed_ns.desc(), _model.uid)
    rows = connection.execute(ordered).all()
    pointing = (
        select(schema.model_alias)
        .join(schema.model, _model.uid == _alias.uid)
        .where(*wanted)
        .order_by(_alias.alias)
    )
    aliases: dict[str, list[ModelAlias]] = defaultdict(list)
    for row in connection.execute(pointing):
        aliases[row.uid].append(_shown_alias(row))
    return [_summary(row, aliases[row.uid]) for row in rows]


def summary(connection: Connection, uid: str) -> ModelSummary:
    """Return the row of a list that a model has."""
    row = connection.execute(_SUMMED.where(_model.uid == uid)).one()
    return _summary(row, _aliases(connection, uid))


def whole(connection: Connection, uid: str, blobs: BlobStore) -> Model | None:
    """Return everything about a model; None if there is no such model."""
    if not is_there(connection, uid):
        return None
    newest = card(connection, uid)
    assert newest is not None, "there is always one, if only an empty one"
    return Model(
        summary=summary(connection, uid),
        card=newest,
        versions=_versions(connection, uid, blobs),
        moves=moves(connection, uid),
        namings=_namings(connection, uid),
    )


def card(connection: Connection, uid: str, version: int | None = None) -> ModelCard | None:
    """Return a version of a model's card, the newest where none is named; None: none such."""
    query = select(schema.model_card).where(_card.uid == uid).order_by(_card.version.desc())
    if version is not None:
        query = query.where(_card.version == version)
    row = connection.execute(query.limit(1)).first()
    if row is not None:
        return ModelCard(
            version=row.version, text=row.body, author=row.author, saved_ns=row.saved_ns
        )
    return ModelCard(version=0, text="", author="", saved_ns=None) if version is None else None


def cards(connection: Connection, uid: str) -> ModelCardVersions:
    """Return when a model's card was saved, and by whom."""
    rows = connection.execute(
        select(_card.version, _card.author, _card.saved_ns)
        .where(_card.uid == uid)
        .order_by(_card.version.desc())
    )
    versions = [
        ModelCardVersion(version=row.version, author=row.author, saved_ns=row.saved_ns)
        for row in rows
    ]
    return ModelCardVersions(versions=versions)


def moves(
    connection: Connection, uid: str, *, alias: str | None = None, limit: int = MOVES_SHOWN
) -> list[ModelMove]:
    """Return how a model's aliases were moved, the last move first."""
    query = select(schema.model_move).where(_move.uid == uid)
    if alias is not None:
        query = query.where(_move.alias == alias)
    return [
        ModelMove(
            alias=row.alias,
            version_before=row.version_before,
            version=row.version,
            author=row.author,
            why=row.why,
            moved_ns=row.moved_ns,
        )
        for row in connection.execute(query.order_by(_move.no.desc()).limit(limit))
    ]


def _namings(connection: Connection, uid: str) -> list[ModelNaming]:
    """Return what a model was called, the last renaming first."""
    rows = connection.execute(
        select(schema.model_rename).where(_naming.uid == uid).order_by(_naming.no.desc())
    )
    return [
        ModelNaming(
            name_before=row.name_before,
            name=row.name,
            author=row.author,
            renamed_ns=row.renamed_ns,
        )
        for row in rows
    ]


def registered(connection: Connection, run: str) -> list[ModelMention]:
    """Return which checkpoints of a run are versions of models, deleted versions left out."""
    rows = connection.execute(
        select(_version.checkpoint, _version.version, _model.uid, _model.project, _model.name)
        .join_from(schema.model_version, schema.model, _model.uid == _version.uid)
        .where(_version.run == run, _version.deleted_ns.is_(None), _model.deleted_ns.is_(None))
        .order_by(_model.project, _model.name, _version.version)
    ).all()
    aliases: dict[tuple[str, int], list[str]] = defaultdict(list)
    if rows:
        pointing = connection.execute(
            select(schema.model_alias)
            .where(_alias.uid.in_({row.uid for row in rows}))
            .order_by(_alias.alias)
        )
        for row in pointing:
            aliases[row.uid, row.version].append(row.alias)
    return [
        ModelMention(
            checkpoint=row.checkpoint,
            model=row.uid,
            project=row.project,
            name=row.name,
            version=row.version,
            aliases=aliases[row.uid, row.version],
        )
        for row in rows
    ]


def checkpoints_of(connection: Connection, run: str) -> set[str]:
    """Return the ids of a run's checkpoints that are versions of models."""
    found = select(_version.checkpoint).where(_version.run == run, _version.deleted_ns.is_(None))
    return set(connection.execute(found).scalars())


def _aliases(connection: Connection, uid: str) -> list[ModelAlias]:
    rows = connection.execute(
        select(schema.model_alias).where(_alias.uid == uid).order_by(_alias.alias)
    )
    return [_shown_alias(row) for row in rows]


def _shown_alias(row: Row[Any]) -> ModelAlias:
    return ModelAlias(
        alias=row.alias, version=row.version, author=row.author, moved_ns=row.moved_ns
    )


def _summary(row: Row[Any], aliases: list[ModelAlias]) -> ModelSummary:
    return ModelSummary(
        id=row.uid,
        project=row.project,
        name=row.name,
        versions=row.kept,
        latest=row.latest,
        aliases=aliases,
        created_ns=row.created_ns,
        changed_ns=row.changed_ns,
        deleted_ns=row.deleted_ns,
        purge_ns=None if row.deleted_ns is None else row.deleted_ns + RESTORABLE_NS,
    )


def _versions(connection: Connection, uid: str, blobs: BlobStore) -> list[ModelVersion]:
    """Return a model's versions, the newest first."""
    aliases: dict[int, list[str]] = defaultdict(list)
    for each in _aliases(connection, uid):
        aliases[each.version].append(each.alias)
    rows = connection.execute(
        select(schema.model_version, _run.name, _run.edits, _run.deleted_ns.label("run_deleted_ns"))
        .join(schema.run, _run.uid == _version.run, isouter=True)
        .where(_version.uid == uid)
        .order_by(_version.version.desc())
    ).all()
    known: dict[str, dict[str, tuple[Found, CheckpointSummary]]] = {}
    for run in {row.run for row in rows}:
        found = checkpoints.find(connection, rid_of(run))
        shown = checkpoints.summaries(found, blobs)
        known[run] = {each.record.id: (each, told) for each, told in zip(found, shown, strict=True)}
    return [_shown(row, known[row.run].get(row.checkpoint), aliases[row.version]) for row in rows]


def _shown(
    row: Row[Any], found: tuple[Found, CheckpointSummary] | None, aliases: list[str]
) -> ModelVersion:
    return ModelVersion(
        version=row.version,
        run=row.run,
        run_name=json.loads(row.edits or "{}").get("name", row.name or ""),
        is_run_deleted=row.run_deleted_ns is not None,
        checkpoint=row.checkpoint,
        step=row.step,
        bytes=row.bytes,
        digest=_digest(found[0]) if found else "",
        found=found[1] if found else None,
        aliases=aliases,
        note=row.note,
        author=row.author,
        registered_ns=row.registered_ns,
        deleted_ns=row.deleted_ns,
    )


def _digest(found: Found) -> str:
    """Return one hash for a checkpoint's files; "" while they are not known."""
    artifact = found.outcome.artifact
    files = artifact.files if artifact else []
    if not files or len(files) != len(found.record.files):
        return ""
    if not all(file.sha256 for file in files):
        return ""
    if not found.record.is_folder and len(files) == 1:
        return files[0].sha256
    lines = sorted(files, key=lambda file: file.path)
    told = "".join(f"{file.sha256}  {file.path}\n" for file in lines)
    return hashlib.sha256(told.encode("utf-8", "surrogateescape")).hexdigest()
