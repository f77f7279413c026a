"""Copying a whole store into another, row by row and blob by blob, checking that it arrives."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from typing import Any
from typing import Final
from typing import NamedTuple

from sqlalchemy import Connection
from sqlalchemy import Table
from sqlalchemy import delete
from sqlalchemy import func
from sqlalchemy import insert
from sqlalchemy import select
from sqlalchemy import tuple_

from mltrack_core.limits import MIB
from mltrack_server.errors import StoreUnusable
from mltrack_server.store import schema
from mltrack_server.store.blobs import BlobStore

_ROWS_AT_ONCE: Final = 256
_BYTES_AT_ONCE: Final = 8 * MIB


class Copied(NamedTuple):
    """How much of a table has been copied."""

    table: str
    rows: int


class CopiedBlobs(NamedTuple):
    """How many blobs have been copied, and how many the source itself did not have."""

    copied: int
    missing: int


def copy_tables(
    source: Connection, target: Connection, progress: Callable[[Copied], None], place: str
) -> None:
    """Copy every row, and compare what can be read back with what was read.

    Args:
        source: Sees one state of its store.
        target: In a transaction of an empty store; nothing counts before it is committed.
        progress: Told after each table.
        place: What to call the target in messages.

    Raises:
        StoreUnusable: There are runs or rules in the target, or it gives back something else.
    """
    for table, what in ((schema.run, "runs"), (schema.rule, "rules of projects")):
        if target.execute(select(func.count()).select_from(table)).scalar_one():
            raise StoreUnusable(place, f"there are {what} in it; copy into an empty store")
    target.execute(delete(schema.revision))
    for table in schema.metadata.sorted_tables:
        read = hashlib.sha256()
        rows = 0
        for batch in _batches(source, table):
            _digest(read, batch)
            target.execute(insert(table), batch)
            rows += len(batch)
        written = hashlib.sha256()
        for batch in _batches(target, table):
            _digest(written, batch)
        if written.digest() != read.digest():
            raise StoreUnusable(place, f"table {table.name} came back otherwise than it was sent")
        progress(Copied(table.name, rows))


def copy_blobs(source: BlobStore, target: BlobStore, digests: Iterable[str]) -> CopiedBlobs:
    """Copy the blobs of these digests; what is damaged or missing at the source is counted.

    Raises:
        StoreFull: The target has no room, or no folder.
    """
    copied = missing = 0
    for digest in digests:
        data = b"".join(source.file(digest, digest, [digest]).read()) if source.has(digest) else b""
        if data and target.put(digest, data):
            copied += 1
        else:
            missing += 1
    return CopiedBlobs(copied, missing)


def _batches(connection: Connection, table: Table) -> Iterator[list[dict[str, Any]]]:
    """Yield a table's rows in the order of their keys, not too many at a time."""
    key = tuple_(*table.primary_key.columns)
    query = select(table).order_by(*table.primary_key.columns)
    after: tuple[Any, ...] | None = None
    at_once = _ROWS_AT_ONCE
    while True:
        some = query if after is None else query.where(key > after)
        rows = [dict(row) for row in connection.execute(some.limit(at_once)).mappings()]
        if not rows:
            return
        yield rows
        after = tuple(rows[-1][column.name] for column in table.primary_key.columns)
        size = sum(len(value) for row in rows for value in row.values() if isinstance(value, bytes))
        at_once = max(1, min(_ROWS_AT_ONCE, _BYTES_AT_ONCE * len(rows) // max(size, 1)))


def _digest(digest: Any, rows: list[dict[str, Any]]) -> None:
    """Add rows to a digest that says the same of the same rows on every database."""
    for row in rows:
        for value in row.values():
            kind = type(value).__name__.encode()
            body = value if isinstance(value, bytes) else repr(value).encode("utf-8", "replace")
            digest.update(b"%s %d " % (kind, len(body)))
            digest.update(body)
