"""Trackio's databases."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from mltrack_core.records import Alert
from mltrack_core.records import Gap
from mltrack_core.records import RunStarted
from mltrack_core.testing.spool import RecordedSpool

Import = Callable[..., RecordedSpool]

GOLDEN = Path(__file__).with_name("golden") / "trackio.sql"


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """What Trackio wrote."""
    path = tmp_path / "trackio" / "digits.db"
    path.parent.mkdir()
    with sqlite3.connect(path) as connection:
        connection.executescript(GOLDEN.read_text("utf-8"))
    connection.close()
    return path


def test_what_trackio_wrote(
    imports: Import, database: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its rows of JSON, with the numbers that JSON does not have."""
    spool = imports(database.parent)

    (begun,) = spool.of(RunStarted)
    assert (begun.project, begun.name) == ("digits", "fox")
    assert spool.params()[""] == {"lr": 0.1}
    assert repr(spool.series()) == repr(
        {"loss": [(0, 1.0), (1, math.nan)], "flag": [(0, 1)], "x": [(1, math.inf)]}
    )
    assert "left out, 1x a value of type str" in capsys.readouterr().err


def test_metrics_may_be_nested(
    imports: Import, database: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As in `Run.log`: a part of the name each. What has a type is no mapping but a medium."""
    row = '{"val": {"loss": 2.5, "top": {"5": "NaN"}}, "image": {"_type": "trackio.image"}}'
    with sqlite3.connect(database) as connection:
        connection.execute("UPDATE metrics SET metrics = ? WHERE step = 1", (row,))
    connection.close()

    found = imports(database).series()

    assert repr(found) == repr(
        {"loss": [(0, 1.0)], "flag": [(0, 1)], "val/loss": [(1, 2.5)], "val/top/5": [(1, math.nan)]}
    )
    assert "left out, 1x a value of type trackio.image" in capsys.readouterr().err


@pytest.mark.parametrize("row", ["[" * 100_000 + "]" * 100_000, '{"loss": 1', "[1]", b"\xff"])
def test_a_row_that_is_damaged_costs_itself(
    row: str | bytes, imports: Import, database: Path
) -> None:
    """Also one that Python's reader of JSON gives up on, being nested so deeply."""
    with sqlite3.connect(database) as connection:
        connection.execute("UPDATE metrics SET metrics = ? WHERE step = 1", (row,))
    connection.close()

    spool = imports(database)

    assert spool.series() == {"loss": [(0, 1.0)], "flag": [(0, 1)]}
    assert [gap.reason for gap in spool.of(Gap)] == ["import: a row: not understood"]


def test_alerts_come_without_secrets(imports: Import, database: Path) -> None:
    """As those of runs that mltrack records itself."""
    with sqlite3.connect(database) as connection:
        connection.execute(
            "INSERT INTO alerts VALUES (1, (SELECT run_id FROM configs), '2026-01-01T00:00:00', "
            "'fox', 'look', 'token=0123456789abcdef', 'error', 2, '')"
        )
    connection.close()

    (alert,) = imports(database).of(Alert)

    assert (alert.level, alert.title, alert.step) == ("error", "look", 2)
    assert alert.text == "token=[redacted]"


def test_nothing_is_left_beside_a_database(imports: Import, database: Path) -> None:
    """Trackio's have a write-ahead log: to read one, SQLite would make an empty log beside it."""
    with sqlite3.connect(database) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
    connection.close()
    before = database.read_bytes()

    assert len(imports(database).runs()) == 1

    assert list(database.parent.iterdir()) == [database]
    assert database.read_bytes() == before


def test_what_is_in_a_write_ahead_log_is_read(imports: Import, database: Path) -> None:
    """The database is in use: its newest rows are not in its file yet."""
    with sqlite3.connect(database) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("UPDATE metrics SET run_name = 'owl'")
        connection.commit()

        (begun,) = imports(database).of(RunStarted)
    connection.close()

    assert begun.name == "owl"
