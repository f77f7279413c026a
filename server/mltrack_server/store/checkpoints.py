"""Checkpoints: their rows, and what is told of them."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from typing import Final

import msgspec
from sqlalchemy import Connection
from sqlalchemy import and_
from sqlalchemy import func
from sqlalchemy import select

from mltrack_core import records
from mltrack_core.records import CheckpointRole
from mltrack_server.resources import Checkpoint
from mltrack_server.resources import CheckpointFile
from mltrack_server.resources import CheckpointStatus
from mltrack_server.resources import CheckpointSummary
from mltrack_server.resources import number
from mltrack_server.store import schema
from mltrack_server.store.blobs import BlobStore
from mltrack_server.store.blobs import StoredFile

# The others are held by many at once.
_HELD: Final[frozenset[CheckpointRole]] = frozenset(("best", "last", "final"))

_encode: Final = msgspec.msgpack.Encoder().encode
_decode_checkpoint: Final = msgspec.msgpack.Decoder(records.Checkpoint).decode
_decode_artifact: Final = msgspec.msgpack.Decoder(records.Artifact).decode


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A checkpoint in the store."""

    rid: int
    attempt: int
    rank: int
    record: records.Checkpoint
    artifact: records.Artifact | None  # the best that is known of its files
    is_removed: bool  # its blobs were let go of
    gone: records.Artifact | None  # tells that the files have gone from where they were written

    @property
    def is_stored(self) -> bool:
        """Whether its bytes went into the blob store, and were not let go of."""
        return not self.is_removed and self.artifact is not None and is_complete(self.artifact)

    @property
    def digests(self) -> list[str]:
        """Its blobs."""
        files = self.artifact.files if self.artifact and not self.is_removed else []
        return [digest for file in files for digest in file.chunks]

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


def is_complete(artifact: records.Artifact) -> bool:
    """Tell whether all of the files' bytes were stored."""
    return bool(artifact.files) and all(file.chunks for file in artifact.files)


def find(connection: Connection, rid: int) -> list[Found]:
    """Return a run's checkpoints, in the order in which they were written."""
    checkpoint, stream = schema.checkpoint, schema.stream
    best, gone = _outcomes(connection, rid)
    rows = connection.execute(
        select(checkpoint.c.uid, checkpoint.c.body, stream.c.attempt, stream.c.rank)
        .join(stream, and_(stream.c.rid == checkpoint.c.rid, stream.c.no == checkpoint.c.stream_no))
        .where(checkpoint.c.rid == rid)
        .order_by(checkpoint.c.time_ns, checkpoint.c.stream_no, checkpoint.c.seq)
    )
    found: dict[str, Found] = {}
    for row in rows:
        artifact, is_removed = best.get(row.uid, (None, False))
        found[row.uid] = Found(
            rid=rid,
            attempt=row.attempt,
            rank=row.rank,
            record=_decode_checkpoint(row.body),
            artifact=artifact,
            is_removed=is_removed,
            gone=gone.get(row.uid),
        )
    return list(found.values())


def count(connection: Connection, rid: int) -> int:
    """Return how many checkpoints a run has."""
    checkpoint = schema.checkpoint
    return int(
        connection.execute(
            select(func.count()).select_from(checkpoint).where(checkpoint.c.rid == rid)
        ).scalar_one()
    )


def _outcomes(
    connection: Connection, rid: int
) -> tuple[dict[str, tuple[records.Artifact, bool]], dict[str, records.Artifact]]:
    """Return what is known best of each checkpoint's files, and whether they were removed.

    And what told first that they have gone from where they were written.
    """
    artifact = schema.artifact
    best: dict[str, tuple[records.Artifact, bool]] = {}
    gone: dict[str, records.Artifact] = {}
    for row in connection.execute(
        select(artifact.c.about, artifact.c.removed_ns, artifact.c.body)
        .where(artifact.c.rid == rid)
        .order_by(artifact.c.time_ns, artifact.c.stream_no, artifact.c.seq)
    ):
        found = (_decode_artifact(row.body), row.removed_ns is not None)
        if found[0].gone:
            gone.setdefault(row.about, found[0])
        elif row.about not in best or _worth(*found) >= _worth(*best[row.about]):
            best[row.about] = found
    return best, gone


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
            return Checkpoint(summary=summary, files=_files(each, blobs))
    return None


def _worth(artifact: records.Artifact, is_removed: bool) -> tuple[bool, bool, bool]:
    """Return how much an artifact says, to be compared: of several the best is believed.

    An agent that was killed before it could remove a snapshot tells of it once more, and by then
    there may be less to tell.
    """
    return is_complete(artifact) and not is_removed, is_removed, bool(artifact.files)


def file(found: Sequence[Found], uid: str, name: str, blobs: BlobStore) -> StoredFile | None:
    """Return a stored file of the checkpoint *uid*; None if there is none such.

    Raises:
        BlobMissing: It was stored, and one of its blobs has gone.
    """
    for each in found:
        if each.record.id == uid and each.is_stored and each.artifact:
            for stored in each.artifact.files:
                if stored.path == name:
                    return blobs.file(name, stored.sha256, stored.chunks)
    return None


def _files(found: Found, blobs: BlobStore) -> list[CheckpointFile]:
    """Return a checkpoint's files."""
    known = {file.path: file for file in found.artifact.files} if found.artifact else {}
    return [
        CheckpointFile(
            path=file.path,
            bytes=file.bytes,
            modified_ns=file.modified_ns,
            sha256=known[file.path].sha256 if file.path in known else "",
            is_stored=found.is_stored and _has(blobs, known[file.path].chunks),
        )
        for file in found.record.files
    ]


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
    record = found.record
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
        status=_status(found, blobs),
        problem=found.artifact.problem if found.artifact else "",
        gone=found.gone.gone if found.gone else "",
        gone_ns=found.gone.time_ns if found.gone else None,
    )


def _status(found: Found, blobs: BlobStore) -> CheckpointStatus:
    """Return how far the checkpoint has come."""
    if found.is_removed:
        return "removed"
    if found.is_stored:
        # Blobs are stored in order: with the first and the last, those between are here. A file
        # that is asked for is looked at whole.
        ends = found.digests[:1] + found.digests[-1:]
        return "stored" if _has(blobs, ends) else "missing"
    if found.artifact is not None and found.artifact.files:
        return "hashed"
    return "waiting" if found.record.kept and found.artifact is None else "recorded"


def _has(blobs: BlobStore, digests: Iterable[str]) -> bool:
    """Tell whether all of the blobs are here."""
    return all(map(blobs.has, digests))
