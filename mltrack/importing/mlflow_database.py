"""MLflow's SQLite databases: `mlflow.db`, of any version since there are steps (2019)."""

from __future__ import annotations

import sqlite3
from functools import partial
from pathlib import Path
from typing import Final

from mltrack.importing.database import opened
from mltrack.importing.database import tables
from mltrack.importing.imported import Imported
from mltrack.importing.mlflow import FORMAT
from mltrack.importing.mlflow import Description
from mltrack.importing.source import MS
from mltrack.importing.source import Source
from mltrack.importing.source import Survey

_TABLES: Final = frozenset({"experiments", "runs", "metrics", "params", "tags"})
# MLflow keeps an infinity as the largest number that the database takes.
_INFINITY: Final = 1.7976931348623157e308

_RUNS: Final = """
    SELECT r.run_uuid, r.name, e.name, r.user_id, r.source_name, r.status, r.start_time,
           r.end_time, r.artifact_uri, r.lifecycle_stage
    FROM runs r LEFT JOIN experiments e ON e.experiment_id = r.experiment_id
"""
_TAGS: Final = "SELECT key, value FROM tags WHERE run_uuid = ?"
_PARAMS: Final = "SELECT key, value FROM params WHERE run_uuid = ? ORDER BY key"
_METRICS: Final = """
    SELECT key, value, timestamp, step, is_nan FROM metrics WHERE run_uuid = ?
    ORDER BY key, timestamp, step
"""


def add(path: Path, found: Survey) -> bool:
    """Add the runs of the database at *path*; tell whether it is one of MLflow's.

    Raises:
        OSError: It cannot be read.
        sqlite3.Error: It is damaged.
    """
    with opened(path) as connection:
        if not tables(connection) >= _TABLES:
            return False
        for row in connection.execute(_RUNS).fetchall():
            id_, name, experiment, user, source, status, start, end, artifacts, stage = row
            if stage == "deleted":
                found.deleted += 1
                continue
            description = Description(
                id=id_,
                name=name or "",
                experiment=experiment or "",
                user=user or "",
                source=source or "",
                status=status or "",
                start_ms=start or 0,
                end_ms=end,
                artifacts=artifacts or "",
                tags={key: value or "" for key, value in connection.execute(_TAGS, (id_,))},
            )
            found.sources.append(
                Source(
                    format=FORMAT,
                    path=path,
                    identity=id_,
                    started=description.started,
                    read=partial(_read, path, description),
                )
            )
    return True


def _read(path: Path, description: Description, run: Imported) -> None:
    """Record what the database holds of one run."""
    try:
        with opened(path) as connection:
            description.record(run, dict(connection.execute(_PARAMS, (description.id,))))
            for key, value, time_ms, step, is_nan in connection.execute(
                _METRICS, (description.id,)
            ):
                number = float("nan") if is_nan else _number(value)
                if number is None:
                    run.lost("a value: not understood")
                else:
                    run.scalars(time_ms * MS, step, {key: number})
    except (OSError, sqlite3.Error) as error:
        run.lost(f"a part of the database: {error}")
    description.end(run)


def _number(value: object) -> float | None:
    if not isinstance(value, int | float):
        return None
    return value if abs(value) < _INFINITY else float("inf" if value > 0 else "-inf")
