"""Which of a launch's runs a process begins."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import mltrack_core
from mltrack_core import _turn
from mltrack_core.records import Params
from mltrack_core.testing.spool import RecordedSpool

LAUNCH = "0123456789abcdef" * 2


def test_each_run_of_a_rank_has_the_next_id(tmp_path: Path) -> None:
    """The first has the launch's own, and they sort as they began."""
    runs = [_turn.take(tmp_path, LAUNCH, 0) for _ in range(3)]

    assert runs[0] == LAUNCH
    assert len(set(runs)) == 3
    assert runs == sorted(runs)


def test_ranks_count_for_themselves(tmp_path: Path) -> None:
    """So the n-th run of one rank is the n-th run of all."""
    assert [_turn.take(tmp_path, LAUNCH, 0) for _ in range(2)] == [
        _turn.take(tmp_path, LAUNCH, 1) for _ in range(2)
    ]


def test_tasks_of_one_job_step_share_a_launch() -> None:
    """Each task of `srun mltrack run …` comes to the same id; other steps come to others."""
    step = {"SLURM_JOB_ID": "77", "SLURM_STEP_ID": "0", "SLURM_JOB_START_TIME": "1700000000"}

    first = _turn.new_launch({**step, "SLURM_PROCID": "0"})

    assert first == _turn.new_launch({**step, "SLURM_PROCID": "1"})
    assert first != _turn.new_launch({**step, "SLURM_PROCID": "0", "SLURM_STEP_ID": "1"})
    assert _turn.new_launch(step) != _turn.new_launch(step)  # a job without tasks


def test_turns_are_forgotten_after_a_month(tmp_path: Path) -> None:
    """One byte a run is little, but not for ever."""
    _turn.take(tmp_path, LAUNCH, 0)
    _turn.take(tmp_path, LAUNCH, 1)
    os.utime(tmp_path / "launches" / f"{LAUNCH}-1", (1, 1))

    _turn.forget_old(tmp_path)

    assert [path.name for path in (tmp_path / "launches").iterdir()] == [f"{LAUNCH}-0"]


def test_runs_of_a_launch_can_be_found(
    spool: RecordedSpool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They have its id among their facts, and names and words from the environment."""
    monkeypatch.setenv("MLTRACK_LAUNCH_ID", LAUNCH)
    monkeypatch.setenv("MLTRACK_NAME", "both")
    monkeypatch.setenv("MLTRACK_TAGS", "a, b")

    first = mltrack_core.init()
    second = mltrack_core.init(name="mine", tags=["c"])

    assert (first.id, second.id) == (LAUNCH, _turn.nth(LAUNCH, 1))
    assert (first.name, second.name) == ("both", "mine")
    assert spool.streams(second.id)[0][0].tags == ["c", "a", "b"]  # type: ignore[union-attr]
    facts = [params.values for params in spool.of(Params, first.id)]
    assert {"MLTRACK_LAUNCH_ID": LAUNCH} in facts
