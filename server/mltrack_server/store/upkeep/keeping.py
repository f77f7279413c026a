"""Which checkpoints' bytes stay: the rules, what they would do, and doing it."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Sequence
from typing import Final

import msgspec
from sqlalchemy import Connection
from sqlalchemy import bindparam
from sqlalchemy import select
from sqlalchemy import update

from mltrack_core import records
from mltrack_server.resources import KeptBy
from mltrack_server.resources import RetentionItem
from mltrack_server.resources import RetentionPlan
from mltrack_server.resources import RetentionQuery
from mltrack_server.store import checkpoints
from mltrack_server.store import schema
from mltrack_server.store.blobs import BlobStore
from mltrack_server.store.checkpoints import Found
from mltrack_server.store.keys import rid_of
from mltrack_server.store.media import reading as media
from mltrack_server.store.models import reading as model_reading

_decode: Final = msgspec.msgpack.Decoder(records.Artifact).decode


def plan(connection: Connection, query: RetentionQuery, blobs: BlobStore) -> RetentionPlan:
    """Return what *query* would let go of."""
    items = []
    going: list[Found] = []
    for uid in _runs(connection, query):
        registered = model_reading.checkpoints_of(connection, uid)
        stored = [
            each for each in checkpoints.find(connection, rid_of(uid)) if each.outcome.is_stored
        ]
        for each, kept_by in zip(stored, judge(stored, query), strict=True):
            if query.only is not None and each.record.id not in query.only:
                continue
            if each.record.id in registered:
                kept_by.append("registered")
            items.append(_item(uid, each, kept_by))
            if not kept_by:
                going.append(each)
    gone = {each.record.id for each in going}
    others = named(connection, gone) if going else set()
    freed = {digest for each in going for digest in each.outcome.digests} - others
    return RetentionPlan(
        items=items,
        bytes_freed=sum(map(blobs.size, freed)),
        bytes_later=0,
        is_applied=False,
    )


def let_go(connection: Connection, decided: RetentionPlan, rev: int, now_ns: int) -> None:
    """Write that the bytes of what goes are no longer there; the runs change to *rev*.

    What was registered as a version of a model since *decided* was worked out stays.
    """
    artifact, run = schema.artifact.c, schema.run.c
    kept = {
        (uid, checkpoint)
        for uid in {item.run for item in decided.items}
        for checkpoint in model_reading.checkpoints_of(connection, uid)
    }
    going = [
        item
        for item in decided.items
        if not item.kept_by and (item.run, item.checkpoint) not in kept
    ]
    if not going:
        return
    connection.execute(
        update(schema.artifact)
        .where(artifact.rid == bindparam("b_rid"), artifact.about == bindparam("b_about"))
        .values(removed_ns=now_ns),
        [{"b_rid": rid_of(item.run), "b_about": item.checkpoint} for item in going],
    )
    connection.execute(
        update(schema.run).where(run.rid == bindparam("b_rid")).values(rev=rev),
        [{"b_rid": rid} for rid in {rid_of(item.run) for item in going}],
    )


def named(connection: Connection, except_of: Iterable[str] = ()) -> set[str]:
    """Return every blob that artifacts and media name, but for those of some checkpoints."""
    artifact = schema.artifact.c
    left_out = set(except_of)
    return media.named(connection) | {
        digest
        for row in connection.execute(
            select(artifact.about, artifact.body).where(artifact.removed_ns.is_(None))
        )
        if row.about not in left_out
        for file in _decode(row.body).files
        for digest in file.chunks
    }


def judge(stored: Sequence[Found], query: RetentionQuery) -> list[list[KeptBy]]:
    """Return for each checkpoint of a run which rules keep it; none means that it goes.

    Args:
        stored: All of the run that are stored, in the order in which they were written.
        query: The rules.
    """
    if query.only is None and query.keep_best is query.keep_last is query.every is None:
        raise ValueError("no rule says what is to stay")
    newest = [each.record.id for each in reversed(stored)]
    scored = sorted(
        (each for each in reversed(stored) if each.score is not None),
        key=lambda each: -(each.score or 0.0),
    )
    # Where nothing is scored, the role says it: the newest in it is the best.
    best = [each.record.id for each in scored] or [
        each.record.id for each in reversed(stored) if "best" in each.record.roles
    ]
    kept_best, kept_last = best[: query.keep_best or 0], newest[: query.keep_last or 0]
    result: list[list[KeptBy]] = []
    for each in stored:
        rules: list[KeptBy] = []
        if each.record.id in kept_best:
            rules.append("best")
        if each.record.id in kept_last:
            rules.append("last")
        if query.every and each.record.step % query.every == 0:
            rules.append("every")
        result.append(rules)
    return result


def _runs(connection: Connection, query: RetentionQuery) -> list[str]:
    """Return the ids of the runs that are meant."""
    run = schema.run.c
    found = dict.fromkeys(query.runs or [])
    if query.project is not None:
        rows = connection.execute(
            select(run.uid).where(run.project == query.project).order_by(run.started_ns)
        )
        found |= dict.fromkeys(row.uid for row in rows)
    return list(found)


def _item(uid: str, found: Found, kept_by: list[KeptBy]) -> RetentionItem:
    record = found.record
    size = sum(file.bytes for file in record.files)
    return RetentionItem(
        run=uid, checkpoint=record.id, step=record.step, bytes=size, kept_by=kept_by
    )
