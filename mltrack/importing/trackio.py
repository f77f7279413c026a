"""Trackio's SQLite databases: one a project, one row of JSON a call of `log`."""

from __future__ import annotations

import sqlite3
from datetime import UTC
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any
from typing import Final

from mltrack.importing import nested
from mltrack.importing.database import opened
from mltrack.importing.database import tables
from mltrack.importing.imported import Imported
from mltrack.importing.source import Source
from mltrack.importing.source import Survey
from mltrack.importing.source import introduction
from mltrack_core.records import AlertLevel

FORMAT: Final = "Trackio"
_TABLES: Final = frozenset({"metrics", "configs"})
_LEVELS: Final[dict[str, AlertLevel]] = {"info": "info", "warn": "warning", "error": "error"}
_OWN: Final = "_"  # what Trackio adds by itself begins with it

_RUNS: Final = """
    SELECT {key}, run_name, MIN(timestamp) FROM metrics GROUP BY {key}, run_name
"""
_METRICS: Final = "SELECT timestamp, step, metrics FROM metrics WHERE {key} = ? ORDER BY id"
_CONFIG: Final = "SELECT config FROM configs WHERE {key} = ?"
_DEVICES: Final = "SELECT timestamp, metrics FROM system_metrics WHERE {key} = ? ORDER BY id"
_ALERTS: Final = "SELECT timestamp, title, text, level, step FROM alerts WHERE {key} = ?"


def add(path: Path, found: Survey) -> bool:
    """Add the runs of the database at *path*; tell whether it is one of Trackio's.

    Raises:
        OSError: It cannot be read.
        sqlite3.Error: It is damaged.
    """
    with opened(path) as connection:
        if not tables(connection) >= _TABLES or "run_name" not in _columns(connection, "metrics"):
            return False
        # Older versions tell runs by their names alone.
        key = "run_id" if "run_id" in _columns(connection, "metrics") else "run_name"
        for run_key, name, timestamp in connection.execute(_RUNS.format(key=key)).fetchall():
            config = _config(connection, key, run_key)
            began = _nanoseconds(config.get("_Created")) or _nanoseconds(timestamp)
            found.sources.append(
                Source(
                    format=FORMAT,
                    path=path,
                    identity=run_key if key == "run_id" else f"{path.stem}\0{run_key}\0{timestamp}",
                    started=introduction(
                        began,
                        path.stem,
                        name,
                        user=str(config.get("_Username") or ""),
                        group=str(config.get("_Group") or ""),
                    ),
                    read=partial(_read, path, key, run_key),
                )
            )
    return True


def _read(path: Path, key: str, run_key: str, run: Imported) -> None:
    """Record what the database holds of one run."""
    try:
        with opened(path) as connection:
            there = tables(connection)
            config = _config(connection, key, run_key)
            run.params({name: value for name, value in config.items() if name[:1] != _OWN})
            rows = connection.execute(_METRICS.format(key=key), (run_key,))
            for timestamp, step, text in rows:
                _take_row(_nanoseconds(timestamp), step, text, run)
            if "system_metrics" in there:
                rows = connection.execute(_DEVICES.format(key=key), (run_key,))
                for timestamp, text in rows:
                    if numbers := _numbers(_object(text)):
                        run.devices(_nanoseconds(timestamp), numbers)
            if "alerts" in there:
                rows = connection.execute(_ALERTS.format(key=key), (run_key,))
                for timestamp, title, text, level, step in rows:
                    known = _LEVELS.get(level, "info")
                    run.alert(_nanoseconds(timestamp), known, title, text or "", step)
    except (OSError, sqlite3.Error) as error:
        run.lost(f"a part of the database: {error}")
    run.end(run.last_ns, "finished", "imported; Trackio does not say how it ended")


def _take_row(time_ns: int, step: int, text: str, run: Imported) -> None:
    row = dict(nested.leaves(_object(text)))
    if not row:
        run.lost("a row: not understood")
        return
    if numbers := _numbers(row):
        run.scalars(time_ns or run.last_ns, step, numbers)
    for name, value in row.items():
        if name not in numbers and value is not None:
            kind = value[nested.TYPE] if isinstance(value, dict) else type(value).__name__
            run.leave_out(f"a value of type {kind}")


def _config(connection: sqlite3.Connection, key: str, run_key: str) -> dict[str, Any]:
    row = connection.execute(_CONFIG.format(key=key), (run_key,)).fetchone()
    return _object(row[0]) if row else {}


def _numbers(row: dict[str, Any]) -> dict[str, float | int]:
    """Return the numbers of a row; Trackio writes those that JSON does not have as texts."""
    found: dict[str, float | int] = {}
    for name, value in row.items():
        if isinstance(value, int | float):
            found[name] = value
        elif value in ("NaN", "Infinity", "-Infinity"):
            found[name] = float(value)
    return found


def _object(text: str | bytes) -> dict[str, Any]:
    try:
        found = nested.parsed(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _columns(connection: sqlite3.Connection, table: str) -> set[str]:
    return {row[1] for row in connection.execute(f"PRAGMA table_info({table})")}


def _nanoseconds(text: object) -> int:
    """Return an ISO 8601 time since the Unix epoch; 0 where it is none."""
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return 0
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 10**9 + since.microseconds * 1000
