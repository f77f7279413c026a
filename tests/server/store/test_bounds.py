"""What arrives is bounded, whatever the client: counted where it is refused, never an error."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from mltrack_core import limits
from mltrack_core import records
from mltrack_server.resources import Run
from mltrack_server.store import Store
from mltrack_server.store import apply

LARGEST = 2**63 - 1


def only_run(store: Store, log: Any) -> Run:
    """Store everything in *log* and return its run."""
    assert store.apply([log.batch()]) == [len(log.frames)]
    found = store.run(log.run)
    assert found is not None
    return found


def test_counts_of_losses_never_overflow(store: Store, make_log: Callable[..., Any]) -> None:
    """Absurd and negative counts are a stranger's; they must not stop the stream for ever."""
    log = make_log()
    log.add(
        records.Gap(1, "disk full", 1, {"Scalars": LARGEST, "Made up": LARGEST}, 1, 1),
        records.Gap(1, "disk full", 1, {"Scalars": LARGEST}, 1, 1),
        records.Gap(1, "quota", -5, {}, 1, 1),
        records.Gap(1, "quota", 1, {"Console": -LARGEST}, 1, 1),
        records.Gap(1, "quota", 3, {}, 1, 1),
    )

    found = only_run(store, log)

    assert found.summary.dropped > 0
    losses = {loss.reason: loss.kinds for loss in found.losses}
    assert losses["quota"] == {"unknown": 3, "Console": 0}
    assert set(losses["disk full"]) == {"Scalars", "unknown"}


def test_reasons_of_losses_are_bounded(store: Store, make_log: Callable[..., Any]) -> None:
    """Beyond a hundred reasons the others are counted together; none goes uncounted."""
    log = make_log()
    for number in range(250):
        log.add(records.Gap(1, f"reason {number}", 2, {}, 1, 1))

    found = only_run(store, log)

    assert len(found.losses) == 101
    assert found.summary.dropped == 500


def test_a_long_name_puts_its_record_aside(store: Store, make_log: Callable[..., Any]) -> None:
    """The limit passes; one more character costs that record, counted, and no other.

    A parameter's name may be as long as its nested names together.
    """
    fits, long = "a" * limits.NAME_CHARACTERS_MAX, "a" * (limits.NAME_CHARACTERS_MAX + 1)
    log = make_log()
    log.add(
        records.Scalars(1, 1, {fits: 1.0}),
        records.Scalars(1, 2, {fits: 2.0, long: 2.0}),
        records.Scalars(1, 3, {fits: 3.0}, {long: 1.0}),
        records.Devices(1, "ada", {long: 1.0}),
        records.Params(1, "", {long * (limits.PARAM_DEPTH_MAX + 1): 1}),
        records.Params(1, "", {long: 1}),
        records.Scalars(1, 4, {fits: 4.0}),
    )

    found = only_run(store, log)

    assert found.summary.metrics[fits].count == 2
    assert list(found.summary.params) == [long]
    losses = {loss.reason: loss.kinds for loss in found.losses}
    assert losses == {"out of bounds": {"Scalars": 2, "Devices": 1, "Params": 1}}
    assert store.fold(log.run) == 2
    points = store.points(log.run, fits)
    assert points is not None
    assert points.step.tolist() == [1, 4]


def test_texts_are_cut(store: Store, make_log: Callable[..., Any]) -> None:
    """What a run says of itself is bounded, and ends with … where it was longer."""
    log = make_log(
        project="p" * 10**6,
        name="n" * 10**5,
        host="h" * 10**5,
        tags=["t" * 1000] * 5000,
        command=["c" * 10**5] * 50,
        notes="o" * 10**6,
    )
    log.add(
        records.RunEnded(1, "failed", "r" * 10**6, "t" * 10**6),
        records.Alert(1, "error", "t" * 10**6, "x" * 10**6),
        records.Note(1, "n" * 10**6),
        records.Console(1, "stdout", "l" * 10**6),
        records.Params(1, "git", {"diff": "+" * 3 * 10**6, "list": ["x" * 10**6] * 3}),
    )

    found = only_run(store, log)

    summary = found.summary
    assert len(summary.project) == limits.PROJECT_CHARACTERS_MAX
    assert len(summary.name) == limits.RUN_NAME_CHARACTERS_MAX
    assert summary.name.endswith("n…")
    assert len(summary.tags) == limits.TAGS_MAX
    assert len(summary.reason) == 4096
    assert len(found.traceback) == limits.TRACEBACK_BYTES_MAX
    assert sum(map(len, found.command)) <= 64 * 1024 + 1
    assert [len(note.text) for note in found.notes] == [64 * 1024] * 2
    assert len(str(found.facts["git"])) < 3 * limits.MIB
    page = store.console(log.run, first=0, limit=10)
    assert page is not None
    assert len(page.lines[0].text) == limits.CONSOLE_LINE_BYTES_MAX


def test_a_run_has_a_name_for_its_project(store: Store, make_log: Callable[..., Any]) -> None:
    """An empty project could be neither shown nor asked for."""
    assert only_run(store, make_log(project="")).summary.project == "default"


def test_names_beyond_the_limit_are_counted(
    store: Store, make_log: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that makes up names for ever keeps those it had, and costs no more memory."""
    monkeypatch.setattr(apply, "METRIC_NAMES_MAX", 20)
    log = make_log()
    for step in range(50):
        log.add(records.Scalars(1, step, {"loss": 1.0, f"name-{step}": 1.0}))

    found = only_run(store, log)

    assert len(found.summary.metrics) == 20
    assert found.summary.metrics["loss"].count == 50
    assert found.summary.dropped == 50 - 19
    assert store.fold(log.run) == 50 + 19
    assert store.points(log.run, "name-49") is None
