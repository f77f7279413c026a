"""The Trainer's checkpoints: recorded, found again, and resumed in the run they are of."""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import transformers

import mltrack
import mltrack_core
from mltrack.hf import MLTrackCallback
from mltrack_core.agent.clock import SystemClock
from mltrack_core.agent.keeper import Keeper
from mltrack_core.records import Rewind
from mltrack_core.records import RunStarted
from mltrack_core.records import Scalars
from mltrack_core.testing.recording import RecordingTracker
from mltrack_core.testing.spool import RecordedSpool

Make = Callable[..., Any]
SAVING = {"save_strategy": "steps", "save_steps": 2, "eval_strategy": "steps", "eval_steps": 2}


def test_every_checkpoint_is_recorded_though_the_trainer_deletes_it(
    make_trainer: Make, run: RecordingTracker
) -> None:
    """With `save_total_limit=1` each is gone when the next one is written; its record stays."""
    trainer = make_trainer(MLTrackCallback(run), **SAVING, save_total_limit=1)

    trainer.train()

    assert [(saved.step, Path(saved.path).name) for saved in run.checkpoints] == [
        (2, "checkpoint-2"),
        (4, "checkpoint-4"),
        (6, "checkpoint-6"),
    ]
    assert {saved.writer for saved in run.checkpoints} == {"transformers.Trainer"}
    assert [saved.axes["samples"] for saved in run.checkpoints] == [16, 32, 48]


def test_every_checkpoint_comes_back_though_the_trainer_deletes_it(
    make_trainer: Make, tmp_path: Path
) -> None:
    """With `checkpoints="all"` and `save_total_limit=1`: each model loads, as it was then."""
    make_trainer(**SAVING).train()
    written = {
        folder.name: (folder / "model.safetensors").read_bytes()
        for folder in (tmp_path / "out").glob("checkpoint-*")
    }
    shutil.rmtree(tmp_path / "out")

    make_trainer(MLTrackCallback(checkpoints="all"), **SAVING, save_total_limit=1).train()
    mltrack_core.finish()
    assert [folder.name for folder in (tmp_path / "out").glob("checkpoint-*")] == ["checkpoint-6"]
    shutil.rmtree(tmp_path / "out")
    with contextlib.closing(Keeper(tmp_path / "mltrack", SystemClock())) as keeper:
        while keeper.has_pending:
            keeper.keep()

    with mltrack.open(tmp_path / "mltrack") as reader:
        (found,) = reader.runs()
        restored = [each.download(tmp_path / "back") for each in found.checkpoints()]
    assert {
        folder.name: (folder / "model.safetensors").read_bytes() for folder in restored
    } == written
    assert transformers.BertForSequenceClassification.from_pretrained(restored[0]) is not None


def test_the_best_checkpoint_has_its_role_and_score(
    make_trainer: Make, run: RecordingTracker
) -> None:
    """As the Trainer itself decides, by the metric it was told; the late best one as well."""
    scores = iter([0.2, 0.9, 0.5])
    trainer = make_trainer(
        MLTrackCallback(run),
        **SAVING,
        load_best_model_at_end=True,
        metric_for_best_model="luck",
        greater_is_better=True,
        trainer={"compute_metrics": lambda prediction: {"luck": next(scores)}},
    )

    trainer.train()

    best = [saved.step for saved in run.checkpoints if "best" in saved.roles]
    assert best == [2, 4]
    assert all("last" in saved.roles for saved in run.checkpoints)
    assert [saved.metrics["val/luck"] for saved in run.checkpoints] == [0.2, 0.9, 0.5]
    assert {(saved.monitor, saved.mode) for saved in run.checkpoints} == {("val/luck", "max")}
    assert run.params["hf.trainer"]["best_metric"] == 0.9
    assert run.params["hf.trainer"]["best_step"] == 4


def test_the_score_of_one_of_several_evaluation_sets_is_found(
    make_trainer: Make, run: RecordingTracker, sentences: Make
) -> None:
    """The Trainer calls it by the set and the metric in one word."""
    sets = {"a_b": sentences(8), "other": sentences(8, 9)}
    trainer = make_trainer(
        MLTrackCallback(run),
        **SAVING,
        load_best_model_at_end=True,
        metric_for_best_model="a_b_loss",
        trainer={"eval_dataset": sets},
    )

    trainer.train()

    (first, *_) = run.checkpoints
    assert (first.monitor, first.mode) == ("val/a_b/loss", "min")
    assert set(first.metrics) == {"val/a_b/loss", "val/other/loss"}


@pytest.mark.parametrize("ignores_data", [False, True])
def test_a_resumed_training_is_the_next_attempt_of_its_run(
    make_trainer: Make, tmp_path: Path, ignores_data: bool
) -> None:
    """Another process, the same run; steps go on where the checkpoint was, the overlap is kept.

    So they do where the data begin anew.
    """
    make_trainer(MLTrackCallback(), **SAVING).train()
    mltrack_core.finish()

    make_trainer(
        MLTrackCallback(), **SAVING, num_train_epochs=2, ignore_data_skip=ignores_data
    ).train(resume_from_checkpoint=str(tmp_path / "out" / "checkpoint-4"))
    mltrack_core.finish()

    spool = RecordedSpool(tmp_path / "mltrack")
    (run,) = spool.runs()
    first, second = spool.streams(run)
    assert [started.attempt for started in _of(RunStarted, first + second)] == [1, 2]
    assert _steps(first) == [1, 2, 3, 4, 5, 6]
    assert _steps(second) == list(range(5, 13))


def test_a_training_resumed_in_its_own_process_rewinds(make_trainer: Make, tmp_path: Path) -> None:
    """The same callback has recorded later steps: they are superseded."""
    callback = MLTrackCallback()
    trainer = make_trainer(callback, **SAVING)
    trainer.train()

    trainer.train(resume_from_checkpoint=str(tmp_path / "out" / "checkpoint-2"))
    mltrack_core.finish()

    records = RecordedSpool(tmp_path / "mltrack").records()
    assert [record.step for record in _of(Rewind, records)] == [2]
    assert _steps(records) == [1, 2, 3, 4, 5, 6, 3, 4, 5, 6]


def test_a_checkpoint_from_a_second_training_resumes_at_the_runs_step(
    make_trainer: Make, tmp_path: Path
) -> None:
    """The Trainer counts the second training from 0, the run does not."""
    trainer = make_trainer(MLTrackCallback(), **SAVING)
    trainer.train()
    trainer.train()  # its checkpoint-4 is of step 10
    mltrack_core.finish()

    make_trainer(MLTrackCallback(), **SAVING).train(
        resume_from_checkpoint=str(tmp_path / "out" / "checkpoint-4")
    )
    mltrack_core.finish()

    spool = RecordedSpool(tmp_path / "mltrack")
    (run,) = spool.runs()
    assert _steps(spool.streams(run)[1]) == [11, 12]


@pytest.mark.parametrize("damage", ["absent", "broken"])
def test_a_checkpoint_that_names_no_run_begins_one(
    make_trainer: Make, tmp_path: Path, damage: str
) -> None:
    """From a training without mltrack: it is resumed, saved, and recorded where it stands."""
    make_trainer(**SAVING).train()
    folder = tmp_path / "out" / "checkpoint-4"
    assert not (folder / "mltrack.json").exists()
    if damage == "broken":
        (folder / "mltrack.json").write_text("[")

    make_trainer(MLTrackCallback(), **SAVING).train(resume_from_checkpoint=str(folder))
    mltrack_core.finish()

    records = RecordedSpool(tmp_path / "mltrack").records()
    assert _steps(records) == [5, 6]


def test_a_checkpoint_of_ours_is_resumed_without_us(make_trainer: Make, tmp_path: Path) -> None:
    """Training goes on as it would have, and the model loads: the note is beside them."""
    make_trainer(MLTrackCallback(), **SAVING).train()
    folder = tmp_path / "out" / "checkpoint-4"

    trainer = make_trainer(**SAVING)
    trainer.train(resume_from_checkpoint=str(folder))

    assert trainer.state.global_step == 6
    assert transformers.BertForSequenceClassification.from_pretrained(folder) is not None
    assert set(json.loads((folder / "mltrack.json").read_text())) == {"run", "step"}
    state = json.loads((folder / "trainer_state.json").read_text())
    assert set(state["stateful_callbacks"]) == {"TrainerControl"}


def test_a_run_that_was_given_is_recorded_whatever_the_checkpoint_says(
    make_trainer: Make, run: RecordingTracker, tmp_path: Path
) -> None:
    """What the user chose counts."""
    make_trainer(MLTrackCallback(), **SAVING).train()

    make_trainer(MLTrackCallback(run), **SAVING).train(
        resume_from_checkpoint=str(tmp_path / "out" / "checkpoint-4")
    )

    assert [step for step, _ in run.points("train/loss")] == [5, 6]


def _of(kind: type[Any], records: list[Any]) -> list[Any]:
    return [record for record in records if isinstance(record, kind)]


def _steps(records: list[Any]) -> list[int]:
    return [r.step for r in _of(Scalars, records) if "train/loss" in r.values]
