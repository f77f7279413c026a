"""The taps of zero-code: trainings that say nothing of us."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import accelerate.tracking
import pytest
import transformers.trainer

import mltrack
import mltrack_core
from mltrack.hf import MLTrackCallback
from mltrack_core.records import Alert
from mltrack_core.records import Checkpoint
from mltrack_core.records import Scalars
from mltrack_core.testing.recording import RecordingTracker
from mltrack_core.testing.spool import RecordedSpool

Make = Callable[..., Any]


@pytest.fixture
def autolog() -> Iterator[None]:
    """Autolog is on for the test, for Hugging Face alone."""
    mltrack.autolog(exclude=["arguments", "pytorch"])
    yield
    mltrack.autolog(disable=True)


@pytest.fixture
def spool(tmp_path: Path) -> RecordedSpool:
    """What is recorded."""
    return RecordedSpool(tmp_path / "mltrack")


@pytest.mark.usefixtures("autolog")
def test_a_trainer_that_says_nothing_is_recorded(make_trainer: Make, spool: RecordedSpool) -> None:
    """With its evaluation, and the model that it saves at the end where its checkpoints are."""
    trainer = make_trainer(save_strategy="steps", save_steps=3)

    trainer.train()
    trainer.evaluate()
    trainer.save_model()
    mltrack_core.finish()

    points = [record.step for record in spool.of(Scalars) if "train/loss" in record.values]
    assert points == [1, 2, 3, 4, 5, 6]
    saved = spool.of(Checkpoint)
    assert [Path(one.path).name for one in saved] == [
        "checkpoint-3",
        "checkpoint-6",
        "model.safetensors",
    ]
    assert saved[-1].roles == ["final"]
    assert (saved[-1].step, saved[-1].is_folder) == (6, False)


@pytest.mark.usefixtures("autolog")
def test_a_callback_of_the_users_is_the_only_one(
    make_trainer: Make, run: RecordingTracker, spool: RecordedSpool, tmp_path: Path
) -> None:
    """Autolog's steps aside; so it does for a name in `report_to`."""
    trainer = make_trainer(MLTrackCallback(run))
    trainer.train()
    trainer.save_model(str(tmp_path / "final"))
    named = make_trainer(report_to="mltrack")
    named.train()
    mltrack_core.finish()

    assert [step for step, _ in run.points("train/loss")] == [1, 2, 3, 4, 5, 6]
    assert [saved.path for saved in run.checkpoints] == [str(tmp_path / "final")]
    assert len(spool.runs()) == 1
    assert len([r for r in spool.of(Scalars) if "train/loss" in r.values]) == 6


@pytest.mark.usefixtures("autolog")
def test_a_pause_is_kept(make_trainer: Make, spool: RecordedSpool) -> None:
    """A Trainer made and trained within it leaves no run."""
    with mltrack.paused():
        make_trainer(max_steps=1).train()

    assert spool.runs() == []


@pytest.mark.usefixtures("autolog")
def test_an_exception_that_is_caught_is_recorded(make_trainer: Make, spool: RecordedSpool) -> None:
    """At once, with its traceback; the user gets the very same."""
    error = ValueError("bad data")

    class Raise(transformers.TrainerCallback):  # type: ignore[misc]  # untyped
        def on_step_end(self, *args: Any, **kwargs: Any) -> None:
            raise error

    with pytest.raises(ValueError, match="bad data") as raised:
        make_trainer(Raise()).train()
    mltrack_core.finish()

    assert raised.value is error
    (alert,) = spool.of(Alert)
    assert (alert.level, alert.step) == ("error", 1)
    assert "ValueError: bad data" in alert.title
    assert "on_step_end" in alert.text


def test_twice_is_once_and_off_is_the_very_same(make_trainer: Make, spool: RecordedSpool) -> None:
    """What the taps change is put back, `is`-identical; later Trainers have nothing of ours."""
    before = _looked_at()

    for _ in range(2):
        mltrack.autolog(exclude=["arguments", "pytorch"])
        mltrack.autolog(exclude=["arguments", "pytorch"])
        callbacks = make_trainer().callback_handler.callbacks
        mltrack.autolog(disable=True)

        assert len([one for one in callbacks if isinstance(one, MLTrackCallback)]) == 1
        assert _looked_at() == before
    make_trainer(max_steps=1).train()

    assert spool.runs() == []


def test_both_names_are_known() -> None:
    """To Transformers and to Accelerate, from the door on."""
    known = transformers.integrations.integration_utils.INTEGRATION_TO_CALLBACK

    assert issubclass(known["mltrack"], MLTrackCallback)
    assert accelerate.tracking.LOGGER_TYPE_TO_CLASS["mltrack"] is mltrack.hf.MLTrackTracker


def _looked_at() -> list[object]:
    trainer = transformers.trainer.Trainer
    return [
        *transformers.trainer.DEFAULT_CALLBACKS,
        trainer.__dict__["save_model"],
        trainer.__dict__["train"],
    ]
