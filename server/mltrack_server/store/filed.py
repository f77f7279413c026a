"""What becomes of recorded files, of checkpoints and of others alike: hashes, blobs, a status."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import msgspec
from sqlalchemy import Connection
from sqlalchemy import Table
from sqlalchemy import func
from sqlalchemy import select

from mltrack_core.records import Artifact
from mltrack_core.records import Filed
from mltrack_server.resources import CheckpointFile
from mltrack_server.resources import CheckpointStatus
from mltrack_server.store import schema
from mltrack_server.store.blobs import BlobStore
from mltrack_server.store.blobs import StoredFile

_decode: Final = msgspec.msgpack.Decoder(Artifact).decode


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What is known of the files of one record."""

    artifact: Artifact | None = None  # the best that is known
    is_removed: bool = False  # the blobs were let go of
    gone: Artifact | None = None  # tells that the files have gone from where they were written

    @property
    def is_stored(self) -> bool:
        """Whether the bytes went into the blob store, and were not let go of."""
        return not self.is_removed and self.artifact is not None and is_complete(self.artifact)

    @property
    def digests(self) -> list[str]:
        """The blobs."""
        files = self.artifact.files if self.artifact and not self.is_removed else []
        return [digest for file in files for digest in file.chunks]

    @property
    def problem(self) -> str:
        """What went wrong with hashing or storing them; "" if nothing did."""
        return self.artifact.problem if self.artifact else ""

    def status(self, record: Filed, blobs: BlobStore) -> CheckpointStatus:
        """Return how far the files of *record* have come."""
        if self.is_removed:
            return "removed"
        if self.is_stored:
            # Blobs are stored in order: with the first and the last, those between are here. A file
            # that is asked for is looked at whole.
            ends = self.digests[:1] + self.digests[-1:]
            return "stored" if _has(blobs, ends) else "missing"
        if self.artifact is not None and self.artifact.files:
            return "hashed"
        return "waiting" if record.kept and self.artifact is None else "recorded"

    def contents(self, record: Filed, blobs: BlobStore) -> list[CheckpointFile]:
        """Return the files of *record*."""
        known = {file.path: file for file in self.artifact.files} if self.artifact else {}
        return [
            CheckpointFile(
                path=file.path,
                bytes=file.bytes,
                modified_ns=file.modified_ns,
                sha256=known[file.path].sha256 if file.path in known else "",
                is_stored=self.is_stored and _has(blobs, known[file.path].chunks),
            )
            for file in record.files
        ]

    def stored(self, name: str, blobs: BlobStore) -> StoredFile | None:
        """Return one of the files, to be read; None if there is none such.

        Raises:
            BlobMissing: It was stored, and one of its blobs has gone.
        """
        for file in self.artifact.files if self.artifact and self.is_stored else []:
            if file.path == name:
                return blobs.file(name, file.sha256, file.chunks)
        return None


UNKNOWN: Final = Outcome()  # of what no agent has told of yet


def outcomes(connection: Connection, rid: int, about: str | None = None) -> dict[str, Outcome]:
    """Return id → what is known of the files of a run's checkpoints and files, or of one of them.

    Of several artifacts the best is believed, and the first that tells of files that have gone.
    """
    table = schema.artifact
    query = (
        select(table.c.about, table.c.removed_ns, table.c.body)
        .where(table.c.rid == rid)
        .order_by(table.c.time_ns, table.c.stream_no, table.c.seq)
    )
    if about is not None:
        query = query.where(table.c.about == about)
    best: dict[str, tuple[Artifact, bool]] = {}
    gone: dict[str, Artifact] = {}
    for row in connection.execute(query):
        found = (_decode(row.body), row.removed_ns is not None)
        if found[0].gone:
            gone.setdefault(row.about, found[0])
        elif row.about not in best or _worth(*found) >= _worth(*best[row.about]):
            best[row.about] = found
    return {
        uid: Outcome(
            artifact=best[uid][0] if uid in best else None,
            is_removed=uid in best and best[uid][1],
            gone=gone.get(uid),
        )
        for uid in best.keys() | gone.keys()
    }


def count(connection: Connection, table: Table, rid: int) -> int:
    """Return how many checkpoints or files, whichever *table* has, a run has recorded."""
    found = select(func.count()).select_from(table).where(table.c.rid == rid)
    return int(connection.execute(found).scalar_one())


def is_complete(artifact: Artifact) -> bool:
    """Tell whether all of the files' bytes were stored."""
    return bool(artifact.files) and all(file.chunks for file in artifact.files)


def _worth(artifact: Artifact, is_removed: bool) -> tuple[bool, bool, bool]:
    """Return how much an artifact says, to be compared.

    An agent that was killed before it could remove a snapshot tells of it once more, and by then
    there may be less to tell.
    """
    return is_complete(artifact) and not is_removed, is_removed, bool(artifact.files)


def _has(blobs: BlobStore, digests: Iterable[str]) -> bool:
    """Tell whether all of the blobs are here."""
    return all(map(blobs.has, digests))
