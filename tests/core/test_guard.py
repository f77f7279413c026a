"""The guard: our own faults cost the training a line of output, and nothing else."""

from __future__ import annotations

import logging

import pytest

from mltrack_core._guard import FAILURES_MAX
from mltrack_core._guard import Guard
from mltrack_core.errors import ValueInvalid


def test_a_fault_is_warned_of_once(caplog: pytest.LogCaptureFixture) -> None:
    """However often a hook fails, there is one line about it, and the count."""
    guard = Guard(strict=False)

    for step in range(1000):
        guard.caught("on_epoch_end", RuntimeError(f"step {step}"))

    assert caplog.messages == ["mltrack: on_epoch_end: step 0; training continues (RuntimeError)"]
    assert guard.failures == {"on_epoch_end": 1000}


def test_one_bad_metric_does_not_hide_another(caplog: pytest.LogCaptureFixture) -> None:
    """Each bad name has its line, up to a few."""
    guard = Guard(strict=False)

    for step in range(3):
        guard.caught("log", ValueInvalid("loss", f"{step}", "log numbers"))
        guard.caught("log", ValueInvalid("accuracy", None, "log numbers"))
    for number in range(100):
        guard.caught("log", ValueInvalid(f"m{number}", None, "log numbers"))

    lines = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert [line.split("'")[1] for line in lines] == ["loss", "accuracy", "m0", "m1", "m2"]
    assert len(lines) == FAILURES_MAX


def test_a_strict_guard_raises(caplog: pytest.LogCaptureFixture) -> None:
    """For tests: the fault itself comes through, and nothing is said twice."""
    with pytest.raises(ZeroDivisionError), Guard(strict=True)("hook"):
        raise ZeroDivisionError

    assert caplog.messages == []
