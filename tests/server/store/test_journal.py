"""SQLite's journal: emptied when nobody reads, however much reads overlap at other times."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from mltrack_server.store import Store
from mltrack_server.store.database import sqlite


@pytest.fixture
def journal(store: Store) -> Path:
    """Return the path of the journal; there is none where the store is no file."""
    if store.is_shared:
        pytest.skip("PostgreSQL looks after its own")
    return Path(f"{store.url.removeprefix('sqlite:///')}-wal")


def test_a_small_journal_is_left_alone(store: Store, journal: Path, make_log: Any) -> None:
    """Nobody has to wait for what a commit does by itself."""
    store.apply([make_log().scalars(range(10), loss=0).batch()])
    size = journal.stat().st_size

    assert not store.trim_journal()
    assert journal.stat().st_size == size > 0


def test_a_journal_that_overlapping_reads_made_grow_is_emptied(
    store: Store, journal: Path, make_log: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It waits for who reads the journal; what was committed is all there before and after."""
    monkeypatch.setattr(sqlite, "_TRIM_BYTES", 1)
    monkeypatch.setattr(sqlite, "_TRIM_S", 0.01)
    logs = [make_log().scalars(range(100), loss=0) for _ in range(3)]
    with ExitStack() as reads:
        for log in logs:  # a read that never ends before the next one has begun
            overlapping = ExitStack()
            connection = overlapping.enter_context(store._reading())
            connection.exec_driver_sql("SELECT count(*) FROM run").scalar()
            reads.close()
            reads.enter_context(overlapping)
            store.apply([log.batch()])
        assert not store.trim_journal()
        assert journal.stat().st_size > 0

    assert store.trim_journal()
    assert journal.stat().st_size == 0
    for log in logs:
        points = store.points(log.run, "loss")
        assert points is not None
        assert len(points) == 100
