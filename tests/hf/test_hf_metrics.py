"""What of the Trainer's reports is recorded, under which name and at which step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from mltrack.hf import MLTrackCallback
from mltrack_core.testing.recording import RecordingTracker

Make = Callable[..., Any]

NAMES = {
    "loss": "train/loss",
    "grad_norm": "grad/norm",
    "learning_rate": "opt/learning_rate",
    "eval_loss": "val/loss",
    "eval_runtime": "perf/validation_s",
    "eval_samples_per_second": "perf/validation_samples_per_s",
    "eval_steps_per_second": "perf/validation_steps_per_s",
    "train_runtime": "perf/train_s",
    "train_samples_per_second": "perf/train_samples_per_s",
    "train_steps_per_second": "perf/train_steps_per_s",
    "train_loss": "train/mean_loss",
    "total_flos": "perf/total_flos",
}


def test_everything_the_trainer_reports_is_recorded_once(
    make_trainer: Make, run: RecordingTracker
) -> None:
    """Each value of `log_history` under its name here, at its step; no other, none twice."""
    trainer = make_trainer(MLTrackCallback(run), eval_strategy="steps", eval_steps=3)

    trainer.train()

    reported = [
        (entry["step"], NAMES[name], value)
        for entry in trainer.state.log_history
        for name, value in entry.items()
        if name not in ("step", "epoch")
    ]
    recorded = [
        (call.step, name, value)
        for call in run.logged
        for name, value in call.values.items()
        if name in NAMES.values()
    ]
    assert sorted(recorded) == [
        # Gradients are measured here, not by the Trainer: equal to rounding.
        (step, name, pytest.approx(value, rel=1e-5) if name == "grad/norm" else value)
        for step, name, value in sorted(reported)
    ]
    assert run.notes == []


def test_evaluations_around_a_training_belong_to_its_run(
    make_trainer: Make, run: RecordingTracker, sentences: Make
) -> None:
    """Before it at step 0, after it at its last step; a prediction's metrics too."""
    trainer = make_trainer(MLTrackCallback(run))

    trainer.evaluate()
    trainer.train()
    trainer.evaluate()
    trainer.predict(sentences(8))

    assert [step for step, _ in run.points("val/loss")] == [0, 6]
    assert [step for step, _ in run.points("test/loss")] == [6]
    assert run.points("perf/predict_s") == []
    assert len(run.points("perf/test_s")) == 1


def test_each_of_several_evaluation_sets_has_its_own_curves(
    make_trainer: Make, run: RecordingTracker, sentences: Make
) -> None:
    """Under the name it has in the dictionary, underscores and all."""
    sets = {"in_domain": sentences(8), "other": sentences(8, 9)}
    trainer = make_trainer(MLTrackCallback(run), trainer={"eval_dataset": sets})

    metrics = trainer.evaluate()

    assert run.points("val/in_domain/loss") == [(0, metrics["eval_in_domain_loss"])]
    assert run.points("val/other/loss") == [(0, metrics["eval_other_loss"])]
    assert len(run.points("perf/validation_s/other")) == 1


def test_reports_of_the_users_own_keep_their_names(
    make_trainer: Make, run: RecordingTracker
) -> None:
    """What a subclass hands to `log` is recorded; a word is a note; the dictionary stays."""
    trainer = make_trainer(MLTrackCallback(run))
    logs = {"rewards/chosen": 0.5, "val/mine": 2, "phase": "warm", "train_accuracy": 1.0}
    before = dict(logs)

    trainer.log(logs)

    (call,) = run.logged
    assert call.values == {"train/rewards/chosen": 0.5, "val/mine": 2, "train/accuracy": 1.0}
    assert run.notes == ["train/phase: warm"]
    assert {name: logs[name] for name in before} == before


def test_steps_carry_epoch_samples_and_tokens(make_trainer: Make, run: RecordingTracker) -> None:
    """With accumulation, a ragged end of the epoch and a short last batch."""
    trainer = make_trainer(
        MLTrackCallback(run),
        per_device_train_batch_size=5,
        gradient_accumulation_steps=4,
        num_train_epochs=2,
        include_num_input_tokens_seen="all",
    )

    trainer.train()

    axes = [call.axes for call in run.logged if "train/loss" in call.values]
    assert [axis["samples"] for axis in axes] == [20, 40, 48, 68, 88, 96]
    assert [axis["tokens"] for axis in axes] == [12 * axis["samples"] for axis in axes]
    assert [round(axis["epoch"], 3) for axis in axes] == [0.4, 0.8, 1, 1.4, 1.8, 2]


def test_a_second_training_goes_on_in_the_run(make_trainer: Make, run: RecordingTracker) -> None:
    """The Trainer counts from 0 again; the run's steps and samples go on."""
    trainer = make_trainer(MLTrackCallback(run))

    trainer.train()
    trainer.train()

    calls = [call for call in run.logged if "train/loss" in call.values]
    assert [call.step for call in calls] == list(range(1, 13))
    assert [call.axes["fit"] for call in calls] == [1] * 6 + [2] * 6
    assert calls[-1].axes["samples"] == 96
    assert run.rewinds == []


def test_the_pace_of_a_training_is_recorded(make_trainer: Make, run: RecordingTracker) -> None:
    """Seconds an update takes and waits for data, updates and samples a second."""
    trainer = make_trainer(MLTrackCallback(run), logging_steps=2)

    trainer.train()

    steps = [step for step, _ in run.points("perf/step_s")]
    assert steps == [2, 4, 6]
    for call in run.logged:
        if "perf/step_s" in call.values:
            step_s, wait_s = float(call.values["perf/step_s"]), float(call.values["perf/wait_s"])  # type: ignore[arg-type]
            assert 0 < wait_s < step_s
            assert call.values["perf/updates_per_s"] == pytest.approx(1 / step_s)
            assert call.values["perf/samples_per_s"] == pytest.approx(8 / step_s)
