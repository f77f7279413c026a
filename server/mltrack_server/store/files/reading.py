"""Files of a run, to be listed, looked at and read."""

from __future__ import annotations

from typing import Any
from typing import Final

import msgspec
from sqlalchemy import Row
from sqlalchemy import Select
from sqlalchemy import and_
from sqlalchemy import select

from mltrack_core.records import File
from mltrack_server.resources import FileList
from mltrack_server.resources import FilePreview
from mltrack_server.resources import FileSummary
from mltrack_server.resources import Provenance
from mltrack_server.resources import RunFile
from mltrack_server.store import filed
from mltrack_server.store import runs
from mltrack_server.store import schema
from mltrack_server.store.blobs import BlobStore
from mltrack_server.store.blobs import StoredFile
from mltrack_server.store.database.engine import Connecting
from mltrack_server.store.filed import Outcome
from mltrack_server.store.files import preview
from mltrack_server.store.files import provenance
from mltrack_server.store.keys import rid_of

_file, _stream = schema.file.c, schema.stream.c
_decode: Final = msgspec.msgpack.Decoder(File).decode


class FileReads:
    """Answers every read of files. Thread-safe.

    Args:
        reading: Gives a connection that sees one state of the store.
        blobs: Where their bytes lie.
    """

    def __init__(self, reading: Connecting, blobs: BlobStore) -> None:
        self._reading, self._blobs = reading, blobs

    def index(self, run: str, first: int | None, limit: int) -> FileList | None:
        """Return some of a run's files; None if there is no such run.

        Args:
            run: Its id.
            first: Number of the first one wanted, in the order of recording; None: the last ones.
            limit: How many at most.
        """
        rid = rid_of(run)
        with self._reading() as connection:
            if not runs.marks(connection, rid):
                return None
            total = filed.count(connection, schema.file, rid)
            first = max(0, total - limit) if first is None else first
            outcomes = filed.outcomes(connection, rid)
            rows = connection.execute(
                _rows(rid)
                .order_by(_file.time_ns, _file.stream_no, _file.seq)
                .offset(first)
                .limit(limit)
            )
            found = [self._summary(row, outcomes.get(row.uid, filed.UNKNOWN)) for row in rows]
            return FileList(files=found, first=first, total=total, rev=runs.rev(connection))

    def one(self, run: str, file: str) -> RunFile | None:
        """Return everything about a file but its bytes; None if there is none such."""
        found = self._find(run, file)
        if found is None:
            return None
        row, outcome = found
        return RunFile(
            summary=self._summary(row, outcome),
            files=outcome.contents(_decode(row.body), self._blobs),
        )

    def stored(self, run: str, file: str, path: str) -> StoredFile | None:
        """Return a file, or one in a folder, to be read; None if it is not stored.

        Raises:
            BlobMissing: It was stored, and one of its blobs has gone.
        """
        found = self._find(run, file)
        return None if found is None else found[1].stored(path, self._blobs)

    def preview(self, run: str, file: str, path: str) -> FilePreview | None:
        """Return how a file begins; None if it is not stored.

        Raises:
            BlobMissing: It was stored, and one of its blobs has gone.
        """
        found = self.stored(run, file, path)
        return None if found is None else preview.of(found)

    def provenance(self, run: str) -> Provenance | None:
        """Return which other runs wrote or read the same bytes; None if there is no such run."""
        rid = rid_of(run)
        with self._reading() as connection:
            if not runs.marks(connection, rid):
                return None
            return provenance.of(connection, rid)

    def _find(self, run: str, file: str) -> tuple[Row[Any], Outcome] | None:
        """Return a file's row, and what became of it."""
        rid = rid_of(run)
        with self._reading() as connection:
            row = connection.execute(_rows(rid).where(_file.uid == file).limit(1)).first()
            if row is None:
                return None
            return row, filed.outcomes(connection, rid, file).get(file, filed.UNKNOWN)

    def _summary(self, row: Row[Any], outcome: Outcome) -> FileSummary:
        """Return what a list shows of one file."""
        record = _decode(row.body)
        alone = record.files[0] if record.files and not record.is_folder else None
        hashes = outcome.artifact.files if outcome.artifact and alone else []
        return FileSummary(
            id=record.id,
            name=record.name,
            use=record.use,
            kind=record.kind,
            time_ns=record.time_ns,
            step=record.step,
            attempt=row.attempt,
            rank=row.rank,
            path=record.path,
            is_folder=record.is_folder,
            files=len(record.files),
            bytes=record.size if record.is_elsewhere else sum(each.bytes for each in record.files),
            modified_ns=alone.modified_ns if alone else record.modified_ns,
            sha256=hashes[0].sha256 if hashes else record.sha256,
            kept=record.kept,
            reason=record.reason,
            status="elsewhere" if record.is_elsewhere else outcome.status(record, self._blobs),
            problem=outcome.problem,
        )


def _rows(rid: int) -> Select[Any]:
    """Return the query of a run's files, with who recorded them."""
    return (
        select(_file.uid, _file.body, _stream.attempt, _stream.rank)
        .join(schema.stream, and_(_stream.rid == _file.rid, _stream.no == _file.stream_no))
        .where(_file.rid == rid)
    )
