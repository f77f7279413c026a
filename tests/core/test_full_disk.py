"""A disk that fills while a run goes on: said when it begins, counted, and whole again after."""

from __future__ import annotations

import contextlib
import resource
from collections.abc import Iterator

import pytest

import mltrack_core
from mltrack_core import Tracker
from mltrack_core.errors import SpoolFull
from mltrack_core.limits import RING_BYTES_MAX
from mltrack_core.records import Gap
from mltrack_core.records import Scalars
from mltrack_core.spool import background
from mltrack_core.testing.spool import RecordedSpool

RECORDS = RING_BYTES_MAX // 100  # more than the ring holds


@contextlib.contextmanager
def full_disk() -> Iterator[None]:
    """Let this process write nothing into any file meanwhile."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def log_many(run: Tracker) -> None:
    """Log more than waits in memory."""
    for _ in range(RECORDS):
        run.log({"loss": 1.0})


def test_a_full_disk_is_said_once_when_records_begin_to_be_dropped(
    spool: RecordedSpool, caplog: pytest.LogCaptureFixture
) -> None:
    """Not at the end of a long run; and what was dropped is counted, what was kept is there."""
    run = mltrack_core.init(console="off")

    with full_disk():
        run.log({"loss": 1.0})
        assert caplog.messages == []  # it waits in memory: nothing is lost yet
        log_many(run)
    run.log({"loss": 1.0})
    run.finish()

    (line,) = caplog.messages
    assert str(spool.root) in line
    assert "dropped" in line
    lost = sum(gap.count for gap in spool.of(Gap))
    assert lost > 0
    assert lost + len(spool.of(Scalars)) == RECORDS + 2


def test_a_full_network_folder_is_said_too(
    spool: RecordedSpool, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There a thread writes, and is the one that meets the disk."""
    monkeypatch.setattr("mltrack_core._session.is_remote", lambda folder: True)
    monkeypatch.setattr(background, "QUEUE_BYTES_MAX", RING_BYTES_MAX)
    run = mltrack_core.init(console="off")

    with full_disk():
        while not caplog.messages:
            run.log({"loss": 1.0})
    run.finish()

    assert "dropped" in caplog.messages[0]


def test_a_strict_run_raises_it(spool: RecordedSpool, monkeypatch: pytest.MonkeyPatch) -> None:
    """In tests a full disk is an error, and counts each record once all the same."""
    monkeypatch.setenv("MLTRACK_STRICT", "1")
    run = mltrack_core.init(console="off")

    with full_disk(), pytest.raises(SpoolFull, match="dropped"):
        log_many(run)
    run.finish()

    assert {gap.reason for gap in spool.of(Gap)} == {"disk refused the write"}
