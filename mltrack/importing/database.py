"""SQLite databases of others, read without a trace."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Final

_JOURNAL_AT: Final = 18  # byte of a database's header that says how it is written
_WAL: Final = b"\2"


@contextlib.contextmanager
def opened(path: Path) -> Iterator[sqlite3.Connection]:
    """Give a connection that changes nothing, in the file and beside it.

    Raises:
        OSError: The file cannot be read.
        sqlite3.Error: It is no database, or a damaged one.
    """
    options = "mode=ro&immutable=1" if _is_at_rest(path) else "mode=ro"
    connection = sqlite3.connect(f"{path.as_uri()}?{options}", uri=True)
    try:
        yield connection
    finally:
        connection.close()


def tables(connection: sqlite3.Connection) -> set[str]:
    """Return the names of all tables."""
    rows = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
    return {name for (name,) in rows}


def _is_at_rest(path: Path) -> bool:
    """Tell whether the database has a write-ahead log when it is open, and has none now.

    SQLite would make an empty one to read it, and a reader may not remove that again; in a folder
    that cannot be written it would refuse to read at all.
    """
    with path.open("rb") as file:
        file.seek(_JOURNAL_AT)
        is_logged = file.read(1) == _WAL
    return is_logged and not path.with_name(f"{path.name}-wal").exists()
