"""Media on their way into the store: records become rows, and their files rows of their own."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Iterator
from itertools import islice
from typing import Any
from typing import Final

import msgspec
from sqlalchemy import Connection
from sqlalchemy import insert
from sqlalchemy import select

from mltrack_core import records
from mltrack_server.store import schema
from mltrack_server.store.media.bounds import files

_ASKED_TOGETHER: Final = 500  # digests in one statement

_file = schema.media_file.c
_encode: Final = msgspec.msgpack.encode


class MediaWriter:
    """Gathers the media that one transaction adds to a run."""

    def __init__(self, connection: Connection, rid: int) -> None:
        self._connection, self._rid = connection, rid
        self._files: dict[str, records.MediaFile] = {}

    def add(self, record: records.Media) -> dict[str, Any]:
        """Take *record*; return its row of table media."""
        for item in record.items:
            self._files |= {file.sha256: file for file in files(item)}
        return {
            "time_ns": record.time_ns,
            "step": record.step,
            "name": record.name,
            "kinds": ",".join(dict.fromkeys(item.kind for item in record.items)),
            "item_count": len(record.items),
            "body": _encode([_without_data(item) for item in record.items]),
        }

    def flush(self) -> None:
        """Write the files that the run has not named before."""
        known: set[str] = set()
        for digests in some_of(self._files):
            found = select(_file.digest).where(_file.rid == self._rid, _file.digest.in_(digests))
            known |= set(self._connection.execute(found).scalars())
        rows = [
            {
                "rid": self._rid,
                "digest": digest,
                "type": file.type,
                "bytes": file.bytes,
                "data": file.data if len(file.data) == file.bytes else None,
            }
            for digest, file in self._files.items()
            if digest not in known
        ]
        if rows:
            self._connection.execute(insert(schema.media_file), rows)


def some_of(digests: Iterable[str]) -> Iterator[tuple[str, ...]]:
    """Yield *digests*, as many at once as one statement may ask for."""
    left = iter(digests)
    while some := tuple(islice(left, _ASKED_TOGETHER)):
        yield some


def _without_data(item: records.MediaItem) -> records.MediaItem:
    """Return *item* as table media holds it: bytes are in table media_file, once."""

    def bare(file: records.MediaFile) -> records.MediaFile:
        return msgspec.structs.replace(file, data=b"")

    masks = [msgspec.structs.replace(mask, file=bare(mask.file)) for mask in item.masks]
    return msgspec.structs.replace(item, file=bare(item.file), masks=masks)
