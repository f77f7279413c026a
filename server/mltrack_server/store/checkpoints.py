"""Checkpoints: their rows, and what is told of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from typing import Final

import msgspec
from sqlalchemy import Connection
from sqlalchemy import and_
from sqlalchemy import select

from mltrack_core import records
from mltrack_core.records import CheckpointRole
from mltrack_server.resources import Checkpoint
from mltrack_server.resources import CheckpointSummary
from mltrack_server.resources import number
from mltrack_server.store import filed
from mltrack_server.store import schema
from mltrack_server.store.blobs import BlobStore
from mltrack_server.store.blobs import StoredFile
from mltrack_server.store.filed import Outcome

# The others are held by many at once.
_HELD: Final[frozenset[CheckpointRole]] = frozenset(("best", "last", "final"))

_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(records.Checkpoint).decode


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A checkpoint in the store."""

    rid: int
    attempt: int
    rank: int
    record: records.Checkpoint
    outcome: Outcome

    @property
    def score(self) -> float | None:
        """Its value of the metric that decides, the higher the better; None where none does."""
        value = self.record.metrics.get(self.record.monitor)
        if value is None or not self.record.mode or value != value:
            return None
        return value if self.record.mode == "max" else -value


def row_of(record: records.Checkpoint | records.Artifact) -> tuple[str, dict[str, Any]]:
    """Return the table that *record* goes into, and the columns besides its key."""
    body = _encode(record)
    if isinstance(record, records.Artifact):
        row = {"about": record.about, "time_ns": record.time_ns, "removed_ns": None, "body": body}
        return "artifact", row
    size = sum(file.bytes for file in record.files)
    return "checkpoint", {
        "uid": record.id,
        "time_ns": record.time_ns,
        "step": record.step,
        "bytes": size,
        "body": body,
    }


def find(connection: Connection, rid: int) -> list[Found]:
    """Return a run's checkpoints, in the order in which they were written."""
    checkpoint, stream = schema.checkpoint, schema.stream
    outcomes = filed.outcomes(connection, rid)
    rows = connection.execute(
        select(checkpoint.c.uid, checkpoint.c.body, stream.c.attempt, stream.c.rank)
        .join(stream, and_(stream.c.rid == checkpoint.c.rid, stream.c.no == checkpoint.c.stream_no))
        .where(checkpoint.c.rid == rid)
        .order_by(checkpoint.c.time_ns, checkpoint.c.stream_no, checkpoint.c.seq)
    )
    found: dict[str, Found] = {}
    for row in rows:
        found[row.uid] = Found(
            rid=rid,
            attempt=row.attempt,
            rank=row.rank,
            record=_decode(row.body),
            outcome=outcomes.get(row.uid, filed.UNKNOWN),
        )
    return list(found.values())


def summaries(found: Sequence[Found], blobs: BlobStore) -> list[CheckpointSummary]:
    """Return what a list shows; *found* are all of a run."""
    holders = _holders(found)
    return [
        _summary(each, [role for role, uid in holders.items() if uid == each.record.id], blobs)
        for each in found
    ]


def details(found: Sequence[Found], uid: str, blobs: BlobStore) -> Checkpoint | None:
    """Return everything about the checkpoint *uid* but its bytes; *found* are all of its run."""
    for each, summary in zip(found, summaries(found, blobs), strict=True):
        if summary.id == uid:
            return Checkpoint(summary=summary, files=each.outcome.contents(each.record, blobs))
    return None


def file(found: Sequence[Found], uid: str, name: str, blobs: BlobStore) -> StoredFile | None:
    """Return a stored file of the checkpoint *uid*; None if there is none such.

    Raises:
        BlobMissing: It was stored, and one of its blobs has gone.
    """
    for each in found:
        if each.record.id == uid:
            return each.outcome.stored(name, blobs)
    return None


def _holders(found: Sequence[Found]) -> dict[CheckpointRole, str]:
    """Return which checkpoint holds each role: of several the newest, or the one that scores."""
    holders: dict[CheckpointRole, str] = {}
    for each in found:
        for role in _HELD.intersection(each.record.roles):
            holders[role] = each.record.id
    # A backup is there for a framework to find its way back, not for people.
    others = [each.record.id for each in found if set(each.record.roles) != {"backup"}]
    if others:
        holders.setdefault("last", others[-1])
    scored = [each for each in found if each.score is not None]
    if "best" not in holders and scored:
        holders["best"] = max(scored, key=lambda each: each.score or 0.0).record.id
    return holders


def _summary(found: Found, holds: list[CheckpointRole], blobs: BlobStore) -> CheckpointSummary:
    """Return what a list shows of one checkpoint."""
    record, gone = found.record, found.outcome.gone
    return CheckpointSummary(
        id=record.id,
        time_ns=record.time_ns,
        step=record.step,
        axes=record.axes,
        attempt=found.attempt,
        rank=found.rank,
        roles=record.roles,
        holds=holds,
        path=record.path,
        is_folder=record.is_folder,
        writer=record.writer,
        metrics={name: number(value) for name, value in record.metrics.items()},
        monitor=record.monitor,
        mode=record.mode,
        files=len(record.files),
        bytes=sum(file.bytes for file in record.files),
        kept=record.kept,
        reason=record.reason,
        status=found.outcome.status(record, blobs),
        problem=found.outcome.problem,
        gone=gone.gone if gone else "",
        gone_ns=gone.time_ns if gone else None,
    )
