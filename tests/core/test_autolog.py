"""Whether trainings are recorded without a line of code: who says so, and what is left out."""

from __future__ import annotations

import os
import threading

import pytest

import mltrack_core
from mltrack_core import autolog
from mltrack_core.records import Scalars
from mltrack_core.testing.spool import RecordedSpool


@pytest.fixture(autouse=True)
def _untold(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that has not been told anything."""
    for name in ("MLTRACK_AUTOLOG", "MLTRACK_AUTOLOG_EXCLUDE", "MLTRACK_MODE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(autolog, "_state", autolog._State())


def test_nothing_is_recorded_by_itself_unless_somebody_asks() -> None:
    """An integration that is installed, and even imported, is silent."""
    assert not autolog.is_active()
    assert not autolog.is_active("keras")


def test_the_environment_asks_for_a_whole_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """As `mltrack run` does; some parts may be left out."""
    monkeypatch.setenv("MLTRACK_AUTOLOG", "1")
    monkeypatch.setenv("MLTRACK_AUTOLOG_EXCLUDE", "keras, hf")

    assert autolog.is_active()
    assert autolog.is_active("pytorch")
    assert not autolog.is_active("keras")
    assert not autolog.is_active("hf")


def test_disabled_is_disabled(monkeypatch: pytest.MonkeyPatch) -> None:
    """MLTRACK_MODE=disabled counts more than MLTRACK_AUTOLOG."""
    monkeypatch.setenv("MLTRACK_AUTOLOG", "1")
    monkeypatch.setenv("MLTRACK_MODE", "disabled")

    assert not autolog.is_active()


def test_the_process_itself_has_the_last_word(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is called in the program counts more than the environment."""
    monkeypatch.setenv("MLTRACK_AUTOLOG", "1")

    autolog.deactivate()
    assert not autolog.is_active()
    autolog.activate(exclude=["keras"])
    assert autolog.is_active()
    assert not autolog.is_active("keras")


def test_a_pause_holds_for_its_own_thread() -> None:
    """Whoever trains in another thread meanwhile is recorded."""
    autolog.activate()
    elsewhere: list[bool] = []

    with autolog.paused():
        assert not autolog.is_active("pytorch")
        thread = threading.Thread(target=lambda: elsewhere.append(autolog.is_active("pytorch")))
        thread.start()
        thread.join()

    assert elsewhere == [True]
    assert autolog.is_active("pytorch")


def test_a_forked_child_is_quiet() -> None:
    """What a worker does beside its parent is no training of its own."""
    autolog.activate()

    child = os.fork()
    if not child:
        os._exit(autolog.is_active())
    _, status = os.waitpid(child, 0)

    assert os.waitstatus_to_exitcode(status) == 0
    assert autolog.is_active()


def test_a_forked_child_that_becomes_a_rank_is_heard() -> None:
    """It joins a process group: then it trains in its own right."""
    autolog.activate()

    child = os.fork()
    if not child:
        autolog.join_training()
        os._exit(not autolog.is_active())
    _, status = os.waitpid(child, 0)

    assert os.waitstatus_to_exitcode(status) == 0


def test_a_listener_hears_of_every_run(spool: RecordedSpool) -> None:
    """Of the active one too, and of none once it is stopped."""
    heard: list[str] = []
    first = mltrack_core.init()

    stop = autolog.on_run(lambda run: heard.append(run.id))
    second = mltrack_core.init()
    stop()
    mltrack_core.init()

    assert heard == [first.id, second.id]


def test_a_listener_that_fails_costs_no_run(
    spool: RecordedSpool, caplog: pytest.LogCaptureFixture
) -> None:
    """It is ours, and warned about."""
    stop = autolog.on_run(lambda run: 1 / 0)  # type: ignore[arg-type]

    run = mltrack_core.init()
    stop()
    run.log({"loss": 1.0})

    assert [record.values for record in spool.of(Scalars)] == [{"loss": 1.0}]
    assert "division by zero" in caplog.text
