"""SQLite: how its connections are set up, and what its errors mean."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any
from typing import Final

from sqlalchemy import Connection
from sqlalchemy import Engine
from sqlalchemy import create_engine
from sqlalchemy import event
from sqlalchemy.pool import QueuePool

from mltrack_core.errors import MltrackError
from mltrack_core.limits import MIB
from mltrack_server.errors import StoreFull
from mltrack_server.errors import StoreUnusable

_BUSY_S: Final = 10.0
# Pages that each connection keeps; the system keeps the rest of the file.
_WRITER_CACHE_BYTES: Final = 32 * MIB
_READER_CACHE_BYTES: Final = 8 * MIB
_JOURNAL_BYTES_MAX: Final = 16 * MIB  # what is left of a WAL that a long read made grow
_TRIM_BYTES: Final = 4 * _JOURNAL_BYTES_MAX  # from here on waiting for the readers is worth it
_TRIM_S: Final = 0.5  # nothing is written meanwhile

# Codes that say that nothing can be written now, not that anything is wrong with us.
_FULL_CODES: Final = {
    sqlite3.SQLITE_FULL: "the disk is full; free some space",
    sqlite3.SQLITE_IOERR: "the disk reports an error",
    sqlite3.SQLITE_READONLY: "the store is read-only",
    sqlite3.SQLITE_CANTOPEN: "the store's files cannot be opened",
    sqlite3.SQLITE_BUSY: "another program has locked the database; end it if it should not",
}
_CORRUPT_CODES: Final = {
    sqlite3.SQLITE_CORRUPT: "the database is damaged",
    sqlite3.SQLITE_NOTADB: "this file is not a database",
}


def make_folder(path: Path) -> None:
    """Make the folder that the database file *path* lies in.

    Raises:
        StoreUnusable: It cannot be made, or the file cannot be written.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if path.exists():
            path.open("r+b").close()
    except OSError as error:
        raise StoreUnusable(
            str(path), f"{error.strerror or error}; choose a folder that this user can write to"
        ) from error


def engines(url: str, **pool: Any) -> tuple[Engine, Engine]:
    """Return the engine for writing, whose transactions exclude each other, and that for reading.

    Args:
        url: SQLAlchemy's address.
        pool: Settings of the readers' pool.
    """
    write = create_engine(url, poolclass=QueuePool, pool_size=1, max_overflow=0)
    read = create_engine(url, poolclass=QueuePool, max_overflow=0, **pool)
    _prepare(write, "BEGIN IMMEDIATE", _WRITER_CACHE_BYTES)
    _prepare(read, "BEGIN", _READER_CACHE_BYTES)
    return write, read


def trim_journal(write: Engine, path: Path) -> bool:
    """Move into the database what a large WAL holds, and empty it; tell if that was done.

    Commits do so by themselves, except while anybody reads: where reads overlap, a WAL grows for
    ever. This waits a moment for those that read, while those who come later read the database.

    Args:
        write: Nobody writes with it.
        path: Of the database.
    """
    journal = path.with_name(f"{path.name}-wal")
    if not journal.exists() or journal.stat().st_size < _TRIM_BYTES:
        return False
    connection = write.raw_connection()
    try:
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout={int(_TRIM_S * 1000)}")
        is_busy, *_ = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        cursor.execute(f"PRAGMA busy_timeout={int(_BUSY_S * 1000)}")
        return not is_busy
    finally:
        connection.close()


def meaning(error: BaseException | None, place: str) -> MltrackError | None:
    """Return what an error of the driver is to the server; None where it is a fault of ours."""
    code = getattr(error, "sqlite_errorcode", None)
    primary = code & 0xFF if code is not None else None
    if primary in _FULL_CODES:
        return StoreFull(place, _FULL_CODES[primary])
    if primary in _CORRUPT_CODES:
        return StoreUnusable(
            place,
            f"{_CORRUPT_CODES[primary]}. Move it away and start again: what the spools still "
            "hold is read anew; the rest comes from a backup",
        )
    return None


def _prepare(engine: Engine, begin: str, cache_bytes: int) -> None:
    """Give each connection its settings, and begin transactions ourselves.

    The driver's own rule begins a transaction only before the first write: reads before it would
    see an older state than the write.
    """

    def on_connect(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None
        try:
            connection.execute(f"PRAGMA busy_timeout={int(_BUSY_S * 1000)}")
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute(f"PRAGMA journal_size_limit={_JOURNAL_BYTES_MAX}")
            connection.execute(f"PRAGMA cache_size=-{cache_bytes // 1024}")
        except sqlite3.Error:
            connection.close()  # the pool has not taken it over yet
            raise

    def on_begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    event.listen(engine, "connect", on_connect)
    event.listen(engine, "begin", on_begin)
