"""A search over hyperparameters: each of its trials is a run."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import transformers

import mltrack_core
from mltrack.hf import MLTrackCallback
from mltrack_core.records import Checkpoint
from mltrack_core.records import Params
from mltrack_core.records import RunEnded
from mltrack_core.records import RunStarted
from mltrack_core.records import Scalars
from mltrack_core.testing.spool import RecordedSpool

pytestmark = pytest.mark.slow

Make = Callable[..., Any]


def test_each_trial_of_a_search_is_a_run_of_its_own(make_trainer: Make, tmp_path: Path) -> None:
    """With the search as its parent, its own parameters and checkpoints; one is pruned."""
    optuna: Any = pytest.importorskip("optuna")
    second = {"prune": lambda self, study, trial: trial.number == 1}
    pruner = type("Second", (optuna.pruners.BasePruner,), second)
    callback, model = MLTrackCallback(name="search"), make_trainer().model
    trainer = make_trainer(
        callback,
        eval_strategy="steps",
        eval_steps=3,
        save_strategy="steps",
        save_steps=6,
        trainer={"model_init": lambda: copy.deepcopy(model)},
    )
    trainer.hyperparameter_search(
        hp_space=lambda trial: {"learning_rate": trial.suggest_float("learning_rate", 1e-4, 1e-3)},
        n_trials=3,
        backend="optuna",
        sampler=optuna.samplers.RandomSampler(seed=1),
        pruner=pruner(),
    )
    trainer.train()
    mltrack_core.finish()

    spool = RecordedSpool(tmp_path / "mltrack")
    started = {run: spool.of(RunStarted, run)[0] for run in spool.runs()}
    (parent,) = {start.parent for start in started.values()} - {""}
    assert started[parent].name == "search"
    trials = [run for run, start in started.items() if start.parent == parent]
    assert [started[run].name for run in trials] == [f"search · trial {n}" for n in (1, 2, 3)]
    assert len(started) == 5  # the search, its trials, and the training after it
    ends = [spool.of(RunEnded, run)[0] for run in trials]
    assert [end.state for end in ends] == ["finished", "interrupted", "finished"]
    (whole,) = spool.of(RunEnded, parent)
    assert whole.time_ns > ends[-1].time_ns
    saved = [Path(one.path).parent.name for run in trials for one in spool.of(Checkpoint, run)]
    assert saved == ["run-0", "run-2"]  # the second one was pruned before it saved
    rates = [
        params.values["learning_rate"]
        for run in trials
        for params in spool.of(Params, run)
        if params.namespace == "hf.trial"
    ]
    assert len(set(rates)) == 3


def test_trials_are_parts_of_a_run_of_the_users(make_trainer: Make, tmp_path: Path) -> None:
    """It stays open, and is the active one again; a trial that failed has ended so."""
    pytest.importorskip("optuna")
    run = mltrack_core.init(name="mine")

    class Failing(transformers.Trainer):  # type: ignore[misc]  # untyped
        def training_step(self, *args: Any) -> Any:
            if self.state.global_step == 2 and "run-0" in self._get_output_dir(self._trial):
                raise ValueError("on purpose")
            return super().training_step(*args)

        def _hp_search_setup(self, trial: Any) -> None:
            self._trial = trial
            super()._hp_search_setup(trial)

    model = make_trainer().model
    trainer = make_trainer(
        MLTrackCallback(),
        kind=Failing,
        trainer={"model_init": lambda: copy.deepcopy(model)},
    )
    trainer.hyperparameter_search(
        hp_space=lambda trial: {"learning_rate": trial.suggest_float("learning_rate", 1e-4, 1e-3)},
        n_trials=2,
        backend="optuna",
        catch=ValueError,
    )
    trainer.train()
    run.log({"mine": 1.0})

    assert mltrack_core.active_run() is run
    spool = RecordedSpool(tmp_path / "mltrack")
    whole, *trials = spool.runs()
    assert [spool.of(RunStarted, trial)[0].parent for trial in trials] == [run.id, run.id]
    ends = [spool.of(RunEnded, trial)[0] for trial in trials]
    assert [end.state for end in ends] == ["interrupted", "finished"]
    assert "left before its end" in ends[0].reason
    assert spool.of(RunEnded, whole) == []
    points = [r.step for r in spool.of(Scalars, whole) if "train/loss" in r.values]
    assert points == [1, 2, 3, 4, 5, 6]  # of the training after the search
