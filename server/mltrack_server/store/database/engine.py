"""Opening the database: connections, their settings, and the schema's version."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from collections.abc import Iterator
from contextlib import AbstractContextManager
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from sqlalchemy import Connection
from sqlalchemy import Engine
from sqlalchemy import column
from sqlalchemy import create_engine
from sqlalchemy import inspect
from sqlalchemy import select
from sqlalchemy import table
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from mltrack_server.errors import Overloaded
from mltrack_server.errors import StoreFull
from mltrack_server.errors import StoreUnusable
from mltrack_server.store.database import postgres
from mltrack_server.store.database import sqlite
from mltrack_server.store.schema import VERSION
from mltrack_server.store.schema import VERSION_TABLE

# Gives a connection in a transaction.
Connecting = Callable[[], AbstractContextManager[Connection]]

_READERS_MAX: Final = 8
_WAIT_S: Final = 10.0  # of a read for one of these
_READS_S_MAX: Final = 3.0  # how long closing waits for reads


class ReadsUnderWay:
    """Counts the reads on all threads; as a context manager it is one of them."""

    def __init__(self) -> None:
        self._count = 0
        self._changed = threading.Condition()

    def __enter__(self) -> None:
        with self._changed:
            self._count += 1

    def __exit__(self, *_error: object) -> None:
        with self._changed:
            self._count -= 1
            self._changed.notify_all()

    def wait(self) -> None:
        """Wait until there is none, for a few seconds at most."""
        with self._changed:
            self._changed.wait_for(lambda: self._count == 0, _READS_S_MAX)


def where(url: str) -> str:
    """Return what to call the store at *url* in messages: its path, or the URL without password."""
    parsed = make_url(url)
    return parsed.database or ":memory:" if is_sqlite(url) else parsed.render_as_string()


def checked(url: str) -> str:
    """Return *url*, its driver named, if it names a database that can be spoken to from here.

    Raises:
        StoreUnusable: It is no such address, or its driver is not installed.
    """
    url = re.sub(r"\Apostgres(ql)?://", f"{postgres.DRIVER}://", url)
    try:
        dialect = make_url(url).get_dialect()
        if dialect.name not in ("sqlite", "postgresql"):
            raise StoreUnusable(where(url), "the store is SQLite or PostgreSQL, no other database")
        dialect.import_dbapi()
    except ArgumentError as error:  # this one may hold a password, and is not repeated
        raise StoreUnusable(
            "--database", "this is no address like sqlite:////folder/file.sqlite3"
        ) from error
    except ImportError as error:
        raise StoreUnusable(
            where(url), f"{error}; PostgreSQL is postgresql://…, with 'mltrack[postgres]'"
        ) from error
    return url


def check_is_there(url: str) -> None:
    """Make sure that there is a store at *url*: opening it would make one.

    Raises:
        StoreUnusable: There is none, or the database does not answer.
    """
    url = checked(url)
    is_there = False
    if not is_sqlite(url) or Path(where(url)).is_file():
        engine = create_engine(url)
        try:
            is_there = inspect(engine).has_table(VERSION_TABLE)
        except DBAPIError as error:
            raise StoreUnusable(where(url), str(error.orig).strip()) from error
        finally:
            engine.dispose()
    if not is_there:
        raise StoreUnusable(where(url), "there is no store in this database")


def open_engines(url: str) -> tuple[Engine, Engine]:
    """Return engines for writing (one connection) and for reading, the schema up to date.

    Raises:
        StoreUnusable: It is damaged, of a newer mltrack, may not be opened, or does not answer.
    """
    pool = {"pool_size": _READERS_MAX, "pool_timeout": _WAIT_S}
    if is_sqlite(url):
        sqlite.make_folder(Path(where(url)))
        write, read = sqlite.engines(url, **pool)
    else:
        write, read = postgres.engines(url, **pool)
    try:
        with translated(url):
            _prepare_schema(write, url)
            if not is_sqlite(url):
                postgres.lock_writes(write)
    except StoreFull as error:
        write.dispose()
        raise StoreUnusable(
            error.path, f"{error.reason}. Until then nothing can be recorded"
        ) from error
    except DBAPIError as error:
        write.dispose()
        raise StoreUnusable(where(url), str(error.orig).strip()) from error
    except StoreUnusable:
        write.dispose()
        raise
    return write, read


@contextmanager
def translated(url: str) -> Iterator[None]:
    """Turn the database's errors into the server's.

    Raises:
        StoreFull: It takes no writes for now.
        StoreUnusable: It is damaged.
        Overloaded: Every connection has been busy for a while.
    """
    try:
        yield
    except PoolTimeoutError as error:
        raise Overloaded(_WAIT_S) from error
    except DBAPIError as error:
        module = sqlite if is_sqlite(url) else postgres
        found = module.meaning(error.orig, where(url))
        if found is None:
            raise
        raise found from error


def claim_fold(connection: Connection, rid: int) -> bool:
    """Tell whether this server may fold the run until the transaction ends.

    Two that fold the same run would do the same work, and one of them for nothing.
    """
    is_shared = connection.dialect.name == "postgresql"
    return not is_shared or postgres.claim_fold(connection, rid)


def hold_fold(connection: Connection, rid: int) -> None:
    """Let no other server fold the run until the transaction ends.

    One that does so at this moment, and waits for this very transaction, is thrown out or throws
    it out: either is done again.
    """
    if connection.dialect.name == "postgresql":
        postgres.hold_fold(connection, rid)


def trim_journal(write: Engine, url: str) -> bool:
    """Empty what SQLite keeps beside the database at *url* if it has grown large; tell if it did.

    Nobody writes with the engine meanwhile. PostgreSQL looks after its own.
    """
    return is_sqlite(url) and sqlite.trim_journal(write, Path(where(url)))


def is_sqlite(url: str) -> bool:
    """Tell whether the store at *url* is a file."""
    return make_url(url).get_backend_name() == "sqlite"


def _prepare_schema(write: Engine, url: str) -> None:
    """Bring the schema to this version, or refuse."""
    with write.begin() as connection:
        if not is_sqlite(url):
            postgres.lock_schema(connection)
        tables = inspect(connection).get_table_names()
        version = None
        if VERSION_TABLE in tables:
            version = connection.execute(
                select(column("version_num")).select_from(table(VERSION_TABLE))
            ).scalar()
        if version == VERSION:
            return
        if version is None and tables:
            raise StoreUnusable(
                where(url), f"this is another program's database: it has a table {tables[0]!r}"
            )
        # Alembic takes longer to load than a store to open, and most stores are up to date.
        from mltrack_server.store.database import migrate

        if not migrate.upgrade(connection):
            raise StoreUnusable(
                where(url),
                f"its schema is {version!r}, of a newer mltrack than this one; it is untouched. "
                "Upgrade mltrack to open it",
            )
