"""Compacting: a store gives back what it does not need."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
from pathlib import Path

from sqlalchemy import Connection
from sqlalchemy import create_engine
from sqlalchemy import select
from sqlalchemy import text
from sqlalchemy.engine import make_url

from mltrack_server.errors import StoreFull
from mltrack_server.store import schema


def ended(connection: Connection) -> list[str]:
    """Return the ids of the runs that have ended and have points."""
    run, series = schema.run.c, schema.series.c
    return list(
        connection.execute(
            select(run.uid)
            .where(run.state != "running", run.rid.in_(select(series.rid).distinct()))
            .order_by(run.rid)
        ).scalars()
    )


def vacuum(url: str) -> None:
    """Write the database anew without holes; a crash leaves it as it was.

    Raises:
        StoreFull: There is no room for a second one.
    """
    path = Path(make_url(url).database or "")
    size = path.stat().st_size
    if shutil.disk_usage(path.parent).free < 2 * size:
        raise StoreFull(
            str(path), f"writing it anew takes {2 * size} free bytes, and there are fewer"
        )
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("VACUUM")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def vacuum_tables(url: str) -> None:
    """Let PostgreSQL use again what rows of ours have left free; nobody waits for it.

    It does so by itself now and then. Its files become no smaller but at their ends: writing them
    anew (`VACUUM FULL`) would lock out every server meanwhile, and is left to who may decide that.
    """
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            for table in schema.metadata.sorted_tables:
                connection.execute(text(f'VACUUM (ANALYZE) "{table.name}"'))
    finally:
        engine.dispose()
