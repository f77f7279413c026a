"""PostgreSQL: how its connections are set up, and what its errors mean.

Several servers may work on one database. Whoever writes holds the row of the store's revision
first, so that writers wait for each other and revisions become visible in their order; readers
see one state each and wait for nobody.
"""

from __future__ import annotations

from typing import Any
from typing import Final

from sqlalchemy import Connection
from sqlalchemy import Engine
from sqlalchemy import create_engine
from sqlalchemy import event
from sqlalchemy import func
from sqlalchemy import select
from sqlalchemy.pool import QueuePool

from mltrack_core.errors import MltrackError
from mltrack_server.errors import StoreContended
from mltrack_server.errors import StoreFull
from mltrack_server.errors import StoreUnusable
from mltrack_server.store import schema

DRIVER: Final = "postgresql+psycopg"
_LOCK_S: Final = 10  # that a write waits for another server's
_IDLE_S: Final = 60  # after which a server that hangs in a transaction loses it
_CONNECT_S: Final = 10
_SCHEMA_KEY: Final = 0x6D6C_7472_6163_6B00  # of the lock that upgrades of the schema hold

# Classes of SQLSTATE that say that nothing can be written now, not that anything is wrong with us.
_FULL_CLASSES: Final = {
    "08": "the database does not answer",
    "25": "the database is read-only",
    "53": "the database has no room or no connection left",
    "55": "another server holds the database's write lock",
    "57": "the database is being stopped or started",
    "58": "the database's machine reports an error",
}
_CONTENDED_CLASS: Final = "40"  # a serialization failure, a deadlock; see retrying.py
_CORRUPT_CLASS: Final = "XX"


def engines(url: str, **pool: Any) -> tuple[Engine, Engine]:
    """Return the engine for writing, whose transactions exclude each other, and that for reading.

    Args:
        url: SQLAlchemy's address.
        pool: Settings of the readers' pool.
    """
    settings = f"-c lock_timeout={_LOCK_S}s -c idle_in_transaction_session_timeout={_IDLE_S}s"
    common: dict[str, Any] = {
        "poolclass": QueuePool,
        "max_overflow": 0,
        "pool_pre_ping": True,  # the database may have been started again since
        "connect_args": {"connect_timeout": _CONNECT_S, "options": settings},
    }
    write = create_engine(url, pool_size=1, **common)
    read = create_engine(
        url,
        isolation_level="REPEATABLE READ",
        execution_options={"postgresql_readonly": True},
        **common,
        **pool,
    )
    return write, read


def lock_schema(connection: Connection) -> None:
    """Let one server at a time look whether the schema has to be upgraded."""
    connection.execute(select(func.pg_advisory_xact_lock(_SCHEMA_KEY)))


def lock_writes(write: Engine) -> None:
    """Begin each of the engine's transactions by waiting for those of all servers."""
    rev = schema.revision

    def on_begin(connection: Connection) -> None:
        connection.execute(select(rev.c.rev).where(rev.c.no == 1).with_for_update())

    event.listen(write, "begin", on_begin)


def claim_fold(connection: Connection, rid: int) -> bool:
    """Tell whether this server may fold the run until the transaction ends."""
    return bool(connection.execute(select(func.pg_try_advisory_xact_lock(rid))).scalar())


def hold_fold(connection: Connection, rid: int) -> None:
    """Wait until no server folds the run, and let none until the transaction ends."""
    connection.execute(select(func.pg_advisory_xact_lock(rid)))


def meaning(error: BaseException | None, place: str) -> MltrackError | None:
    """Return what an error of the driver is to the server; None where it is a fault of ours."""
    state = getattr(error, "sqlstate", None)
    if state is None:  # it says nothing where there is no connection
        is_away = type(error).__name__ in ("OperationalError", "ConnectionTimeout")
        state = "08000" if is_away else ""
    if state[:2] == _CONTENDED_CLASS:
        return StoreContended(place, "another server was writing the same rows")
    if state[:2] in _FULL_CLASSES:
        return StoreFull(place, _FULL_CLASSES[state[:2]])
    if state[:2] == _CORRUPT_CLASS:
        return StoreUnusable(place, f"{error}. Restore it from a backup")
    return None
