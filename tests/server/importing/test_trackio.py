"""Trackio's databases."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from mltrack_core.records import RunStarted
from mltrack_core.testing.spool import RecordedSpool

Import = Callable[..., RecordedSpool]

GOLDEN = Path(__file__).with_name("golden") / "trackio.sql"


def test_what_trackio_wrote(
    imports: Import, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its rows of JSON, with the numbers that JSON does not have."""
    path = tmp_path / "digits.db"
    with sqlite3.connect(path) as connection:
        connection.executescript(GOLDEN.read_text("utf-8"))
    connection.close()

    spool = imports(tmp_path)

    (begun,) = spool.of(RunStarted)
    assert (begun.project, begun.name) == ("digits", "fox")
    assert spool.params()[""] == {"lr": 0.1}
    assert repr(spool.series()) == repr(
        {"loss": [(0, 1.0), (1, math.nan)], "flag": [(0, 1)], "x": [(1, math.inf)]}
    )
    assert "left out, 1x a value of type str" in capsys.readouterr().err
