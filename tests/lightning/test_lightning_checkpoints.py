"""Checkpoints, whichever way a Trainer writes them, and trainings that go on from one."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.pytorch.callbacks import Callback
from lightning.pytorch.callbacks import ModelCheckpoint
from lightning.pytorch.callbacks import OnExceptionCheckpoint
from lightning.pytorch.plugins.io import AsyncCheckpointIO
from lightning.pytorch.plugins.io import TorchCheckpointIO

import mltrack_core
from mltrack.lightning import MLTrackLogger
from mltrack_core.records import Checkpoint
from mltrack_core.records import RunStarted
from mltrack_core.testing.recording import RecordingTracker
from mltrack_core.testing.recording import Saved
from mltrack_core.testing.spool import RecordedSpool

Make = Callable[..., Any]


class RunWithFiles(RecordingTracker):
    """Also keeps the bytes that were at a checkpoint's path when it was recorded."""

    def __init__(self) -> None:
        super().__init__()
        self.contents: list[bytes | None] = []

    def log_checkpoint(self, path: Any, **options: Any) -> None:
        super().log_checkpoint(path, **options)
        self.contents.append(Path(path).read_bytes() if Path(path).is_file() else None)


def fit(
    logger: object, make_trainer: Make, module: Any, data: Any, *callbacks: object, **options: Any
) -> Any:
    """Train with checkpoints, and return the Trainer."""
    trainer = make_trainer(logger, callbacks=list(callbacks), enable_checkpointing=True, **options)
    trainer.fit(module, *data)
    return trainer


def roles(saved: list[Saved]) -> list[tuple[str, int | None, tuple[str, ...]]]:
    """Return name, step and roles of each."""
    return [(Path(one.path).name, one.step, one.roles) for one in saved]


def test_every_checkpoint_is_recorded_before_it_is_deleted(
    make_module: Make, make_trainer: Make, batches: Make, tmp_path: Path
) -> None:
    """The best one and the last one, over four epochs: with role, score, step, and whole."""
    run = RunWithFiles()
    keep = ModelCheckpoint(
        tmp_path / "kept", filename="{epoch}", monitor="train_loss_epoch", save_last=True
    )

    fit(MLTrackLogger(run), make_trainer, make_module(), [batches(4)], keep, max_epochs=4)

    last = [one for one in run.checkpoints if one.roles == ("last",)]
    best = [one for one in run.checkpoints if one.roles == ("best",)]
    assert [one.step for one in last] == [one.step for one in best]
    assert len(best) >= 2
    assert best[-1].path == keep.best_model_path
    assert best[-1].monitor == "train_loss_epoch"
    assert best[-1].mode == "min"
    assert best[-1].metrics["train_loss_epoch"] == pytest.approx(float(keep.best_model_score))
    assert best[-1].writer == "lightning.ModelCheckpoint"
    assert None not in run.contents
    assert sorted(os.listdir(tmp_path / "kept")) == [Path(keep.best_model_path).name, "last.ckpt"]


def test_one_that_is_not_the_best_is_periodic(
    run: RecordingTracker, make_module: Make, make_trainer: Make, batches: Make, tmp_path: Path
) -> None:
    """Of the three that are kept, the best one is called so."""
    keep = ModelCheckpoint(tmp_path, filename="{epoch}", monitor="epoch", mode="min", save_top_k=3)

    fit(MLTrackLogger(run), make_trainer, make_module(), [batches(4)], keep, max_epochs=3)

    assert roles(run.checkpoints) == [
        ("epoch=0.ckpt", 4, ("best",)),
        ("epoch=1.ckpt", 8, ("periodic",)),
        ("epoch=2.ckpt", 12, ("periodic",)),
    ]


def test_without_a_metric_the_newest_is_the_last_one(
    run: RecordingTracker, make_module: Make, make_trainer: Make, batches: Make, tmp_path: Path
) -> None:
    """Lightning calls it the best, but nobody has chosen it."""
    keep = ModelCheckpoint(tmp_path, every_n_train_steps=3)

    fit(MLTrackLogger(run), make_trainer, make_module(), [batches(4)], keep)

    assert [(one.step, one.roles) for one in run.checkpoints] == [(3, ("last",)), (6, ("last",))]


def test_a_link_to_the_last_one_is_recorded(
    run: RecordingTracker, make_module: Make, make_trainer: Make, batches: Make, tmp_path: Path
) -> None:
    """`save_last="link"`: an alias of the newest checkpoint, at its step."""
    keep = ModelCheckpoint(
        tmp_path, filename="{epoch}", monitor="epoch", mode="max", save_last="link"
    )

    fit(MLTrackLogger(run), make_trainer, make_module(), [batches(4)], keep)

    assert roles(run.checkpoints) == [
        ("epoch=0.ckpt", 4, ("best",)),
        ("last.ckpt", 4, ("last",)),
        ("epoch=1.ckpt", 8, ("best",)),
        ("last.ckpt", 8, ("last",)),
    ]


@pytest.mark.parametrize("weights_only", [False, True])
def test_a_checkpoint_that_the_script_saves_is_recorded(
    run: RecordingTracker,
    make_module: Make,
    make_trainer: Make,
    batches: Make,
    tmp_path: Path,
    weights_only: bool,
) -> None:
    """No hook tells of `trainer.save_checkpoint()` after the training."""
    trainer = make_trainer(MLTrackLogger(run))

    trainer.fit(make_module(), batches(4))
    trainer.save_checkpoint(tmp_path / "mine.ckpt", weights_only=weights_only)

    assert roles(run.checkpoints) == [("mine.ckpt", 8, ("final",))]


class FailsAt(Callback):  # type: ignore[misc]  # untyped
    """Raises in the n-th batch."""

    def __init__(self, batch: int) -> None:
        self.batch = batch

    def on_train_batch_start(self, trainer: Any, module: Any, batch: Any, index: int) -> None:
        if index == self.batch:
            raise ValueError("the data are bad")


def test_a_checkpoint_for_an_exception_is_a_backup(
    run: RecordingTracker, make_module: Make, make_trainer: Make, batches: Make, tmp_path: Path
) -> None:
    """OnExceptionCheckpoint tells no logger."""
    with pytest.raises(ValueError, match="bad"):
        fit(
            MLTrackLogger(run),
            make_trainer,
            make_module(),
            [batches(4)],
            OnExceptionCheckpoint(tmp_path),
            FailsAt(2),
        )

    assert roles(run.checkpoints) == [("on_exception.ckpt", 2, ("backup",))]


class IntoAFolder(TorchCheckpointIO):  # type: ignore[misc]  # untyped
    """Writes what a sharded strategy would: a folder."""

    def save_checkpoint(self, checkpoint: Any, path: Any, storage_options: Any = None) -> None:
        os.makedirs(path, exist_ok=True)
        for rank in range(2):
            torch.save(checkpoint["state_dict"], os.path.join(path, f"__{rank}_0.distcp"))


def test_a_folder_is_a_checkpoint(
    make_module: Make, make_trainer: Make, batches: Make, tmp_path: Path
) -> None:
    """As FSDP and DeepSpeed write them, with all files in it."""
    fit(
        MLTrackLogger(),
        make_trainer,
        make_module(),
        [batches(4)],
        ModelCheckpoint(tmp_path / "kept", filename="{epoch}"),
        plugins=[IntoAFolder()],
        max_epochs=1,
    )
    mltrack_core.finish()

    found = [r for r in RecordedSpool(tmp_path / "mltrack").records() if isinstance(r, Checkpoint)]
    assert [(Path(one.path).name, one.is_folder) for one in found] == [("epoch=0.ckpt", True)]
    assert [file.path for file in found[0].files] == ["__0_0.distcp", "__1_0.distcp"]


class Slow(TorchCheckpointIO):  # type: ignore[misc]  # untyped
    """Writes piece by piece into the place itself, once the training has gone on for a while."""

    def __init__(self, trained: Any) -> None:
        self.trained = trained

    def save_checkpoint(self, checkpoint: Any, path: Any, storage_options: Any = None) -> None:
        self.trained.wait()
        super().save_checkpoint(checkpoint, path)


class TrainedOn(Callback):  # type: ignore[misc]  # untyped
    """Tells when the third batch has been trained on."""

    def __init__(self, event: Any) -> None:
        self.event = event

    def on_train_batch_end(self, trainer: Any, module: Any, out: Any, batch: Any, i: int) -> None:
        if i == 2:
            self.event.set()


def test_what_is_written_in_the_background_is_recorded_when_it_is_complete(
    make_module: Make, make_trainer: Make, batches: Make, tmp_path: Path
) -> None:
    """AsyncCheckpointIO: what the record points at can be loaded, and has its own step."""
    run, trained = RunWithFiles(), threading.Event()
    keep = ModelCheckpoint(tmp_path / "kept", every_n_train_steps=2, save_top_k=-1)

    fit(
        MLTrackLogger(run),
        make_trainer,
        make_module(),
        [batches(4)],
        keep,
        TrainedOn(trained),
        plugins=[AsyncCheckpointIO(Slow(trained))],
        max_epochs=1,
    )

    assert [one.step for one in run.checkpoints] == [2, 4]
    for one, content in zip(run.checkpoints, run.contents, strict=True):
        assert content == Path(one.path).read_bytes()
        assert torch.load(one.path, weights_only=True)["global_step"] == one.step


def test_a_checkpoint_loads_without_us(
    make_module: Make, make_trainer: Make, batches: Make, tmp_path: Path
) -> None:
    """Its one key of ours is plain, and no callback of ours is missed."""
    trainer = make_trainer(MLTrackLogger(), max_epochs=1)
    trainer.fit(make_module(), batches(4))
    trainer.save_checkpoint(tmp_path / "one.ckpt")

    loaded = torch.load(tmp_path / "one.ckpt", weights_only=True)
    assert not [key for key in loaded["callbacks"] if "MLTrack" in key]
    untracked = make_trainer(False, max_epochs=2)
    untracked.fit(make_module(), batches(4), ckpt_path=tmp_path / "one.ckpt")
    assert untracked.global_step == 8


def started(folder: Path) -> list[RunStarted]:
    """Return how each stream began, in order."""
    spool = RecordedSpool(folder)
    firsts = [stream[0] for run in spool.runs() for stream in spool.streams(run)]
    return sorted((r for r in firsts if isinstance(r, RunStarted)), key=lambda r: r.time_ns)


@pytest.fixture
def checkpoint(make_module: Make, make_trainer: Make, batches: Make, tmp_path: Path) -> Path:
    """One that a run named "first" has written after four updates, then it ended."""
    trainer = make_trainer(MLTrackLogger(name="first"), max_epochs=1)
    trainer.fit(make_module(), batches(4))
    trainer.save_checkpoint(tmp_path / "one.ckpt")
    mltrack_core.finish()
    return tmp_path / "one.ckpt"


def test_a_resumed_training_is_the_runs_next_attempt(
    checkpoint: Path, make_module: Make, make_trainer: Make, batches: Make, tmp_path: Path
) -> None:
    """Steps go on where the checkpoint was written; hyperparameters are in the attempt too."""
    logger = MLTrackLogger(name="second")

    make_trainer(logger, max_epochs=2).fit(make_module(), batches(4), ckpt_path=checkpoint)
    mltrack_core.finish()

    assert [(one.name, one.attempt) for one in started(tmp_path / "mltrack")] == [
        ("first", 1),
        ("first", 2),
    ]


def test_steps_of_a_resumed_training_go_on(
    checkpoint: Path, run: RecordingTracker, make_module: Make, make_trainer: Make, batches: Make
) -> None:
    """In a run that was given, which says where it comes from."""
    trainer = make_trainer(MLTrackLogger(run), max_epochs=2)

    trainer.fit(make_module(), batches(4), ckpt_path=checkpoint)

    assert [step for step, _ in run.points("train_loss_step")] == [5, 6, 7, 8]
    assert run.params["lightning.fit"]["resumed_step"] == 4
    assert run.rewinds == []


def test_a_resumed_training_can_be_a_run_of_its_own(
    checkpoint: Path, make_module: Make, make_trainer: Make, batches: Make, tmp_path: Path
) -> None:
    """`resume="new"`: the other run is its parent."""
    logger = MLTrackLogger(name="second", resume="new")

    make_trainer(logger, max_epochs=2).fit(make_module(), batches(4), ckpt_path=checkpoint)
    mltrack_core.finish()

    first, second = started(tmp_path / "mltrack")
    assert (second.name, second.attempt) == ("second", 1)
    assert first.parent == ""
    assert second.parent == torch.load(checkpoint, weights_only=True)["mltrack"]["run"]


def test_going_back_within_a_run_is_said(
    run: RecordingTracker, make_module: Make, make_trainer: Make, batches: Make, tmp_path: Path
) -> None:
    """A notebook that trains on from an earlier checkpoint supersedes what came after it."""
    logger = MLTrackLogger(run)
    trainer = make_trainer(logger, max_epochs=1)
    trainer.fit(make_module(), batches(4))
    trainer.save_checkpoint(tmp_path / "one.ckpt")
    trainer.fit_loop.max_epochs = 2
    trainer.fit(make_module(), batches(4))

    make_trainer(logger, max_epochs=2).fit(
        make_module(), batches(4), ckpt_path=tmp_path / "one.ckpt"
    )

    assert run.rewinds == [4]
    assert [step for step, _ in run.points("train_loss_step")] == [*range(1, 9), *range(5, 9)]


def test_a_resumed_training_saves_where_the_first_one_did(
    make_module: Make, make_trainer: Make, batches: Make
) -> None:
    """Else ModelCheckpoint would forget which one was the best."""
    first = make_trainer(MLTrackLogger(), max_epochs=1, enable_checkpointing=True)
    first.fit(make_module(), batches(4))
    mltrack_core.finish()

    second = make_trainer(MLTrackLogger(), max_epochs=2, enable_checkpointing=True)
    second.fit(make_module(), batches(4), ckpt_path=first.checkpoint_callback.best_model_path)

    assert second.checkpoint_callback.dirpath == first.checkpoint_callback.dirpath
