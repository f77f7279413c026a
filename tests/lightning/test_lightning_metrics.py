"""What is logged with `self.log`, and at which step it is recorded."""

from __future__ import annotations

import csv
import inspect
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import pytest
import torch
from lightning.fabric import Fabric
from lightning.pytorch.loggers import CSVLogger

import mltrack
import mltrack_core
from mltrack.lightning import MLTrackLogger
from mltrack_core.records import Scalars
from mltrack_core.testing.recording import RecordingTracker
from mltrack_core.testing.spool import RecordedSpool

Make = Callable[..., Any]


def test_metrics_equal_those_of_lightnings_own_logger(
    run: RecordingTracker, make_module: Make, make_trainer: Make, batches: Make, tmp_path: Path
) -> None:
    """Each value that CSVLogger writes, under its name; our step counts updates from 1."""
    csv_logger = CSVLogger(str(tmp_path), name="csv", version=0)
    trainer = make_trainer([MLTrackLogger(run), csv_logger])

    trainer.fit(make_module(), batches(4))

    with open(tmp_path / "csv" / "version_0" / "metrics.csv") as file:
        rows = list(csv.DictReader(file))
    for name in ("train_loss_step", "train_loss_epoch"):
        theirs = [(int(row["step"]) + 1, float(row[name])) for row in rows if row[name]]
        assert run.points(name) == theirs
        assert theirs


def test_validation_steps_have_an_axis_of_their_own(
    run: RecordingTracker, make_module: Make, make_trainer: Make, batches: Make
) -> None:
    """Lightning counts validation batches from 0 through all epochs: no number of updates."""
    trainer = make_trainer(MLTrackLogger(run))

    trainer.fit(make_module(), batches(4), batches(2))

    calls = [call for call in run.logged if "val_loss_step" in call.values]
    assert [call.axes["val_batch"] for call in calls] == [1, 2, 3, 4]
    assert [call.step for call in calls] == [4, 4, 8, 8]
    assert [step for step, _ in run.points("val_loss_epoch")] == [4, 8]


def test_points_know_their_epoch(
    run: RecordingTracker, make_module: Make, make_trainer: Make, batches: Make
) -> None:
    """As complete ones; Lightning's own metric of that name is not repeated."""
    make_trainer(MLTrackLogger(run)).fit(make_module(), batches(4), batches(2))

    by_name = {
        name: [call.axes["epoch"] for call in run.logged if name in call.values]
        for name in ("train_loss_step", "train_loss_epoch", "val_loss_epoch")
    }
    assert by_name["train_loss_step"] == [0.25, 0.5, 0.75, 1, 1.25, 1.5, 1.75, 2]
    assert by_name["train_loss_epoch"] == by_name["val_loss_epoch"] == [1, 2]
    assert run.points("epoch") == []


def test_the_sanity_check_records_nothing(
    run: RecordingTracker, make_module: Make, make_trainer: Make, batches: Make
) -> None:
    """Two batches of validation before training are no validation."""
    trainer = make_trainer(MLTrackLogger(run), max_epochs=0, num_sanity_val_steps=2)

    trainer.fit(make_module(), batches(4), batches(2))

    assert run.logged == []


def test_a_partial_window_of_accumulated_batches_counts_as_lightning_counts_it(
    run: RecordingTracker, make_module: Make, make_trainer: Make, batches: Make
) -> None:
    """Eight batches in threes are three updates, the last one over two batches."""
    trainer = make_trainer(MLTrackLogger(run), accumulate_grad_batches=3, max_epochs=1)

    trainer.fit(make_module(), batches(8))

    assert [step for step, _ in run.points("train_loss_step")] == [1, 2, 3]
    assert trainer.global_step == 3


class TwoOptimizers(pl.LightningModule):  # type: ignore[misc]  # untyped
    """Steps both of its optimizers in each batch, as a GAN does."""

    def __init__(self) -> None:
        super().__init__()
        self.automatic_optimization = False
        self.one, self.other = torch.nn.Linear(8, 3), torch.nn.Linear(8, 3)

    def training_step(self, batch: Any, index: int) -> None:
        for layer, optimizer in zip((self.one, self.other), self.optimizers(), strict=True):
            loss = torch.nn.functional.cross_entropy(layer(batch[0]), batch[1])
            optimizer.zero_grad()
            self.manual_backward(loss)
            optimizer.step()
            self.log("loss", loss)

    def configure_optimizers(self) -> Any:
        return [torch.optim.SGD(layer.parameters(), lr=0.1) for layer in (self.one, self.other)]


def test_two_optimizers_are_one_update_a_batch(
    run: RecordingTracker, make_trainer: Make, batches: Make
) -> None:
    """Lightning's `global_step` is twice as far then."""
    trainer = make_trainer(MLTrackLogger(run), max_epochs=1)

    trainer.fit(TwoOptimizers(), batches(4))

    assert trainer.global_step == 8
    assert [step for step, _ in run.points("loss")] == [1, 2, 3, 4]


def test_a_step_of_the_users_own_is_kept(
    run: RecordingTracker, make_trainer: Make, batches: Make
) -> None:
    """What somebody logs by hand at a step is at that step."""

    class ByHand(TwoOptimizers):
        def training_step(self, batch: Any, index: int) -> None:
            self.logger.log_metrics({"mine": 1.0}, step=10 * index)
            self.logger.log_metrics({"other": 1.0})

    make_trainer(MLTrackLogger(run), max_epochs=1).fit(ByHand(), batches(2))

    assert [step for step, _ in run.points("mine")] == [0, 10]
    assert [step for step, _ in run.points("other")] == [1, 2]


def test_fit_test_and_predict_are_one_run(
    make_module: Make, make_trainer: Make, batches: Make
) -> None:
    """`finalize` comes after each of them, and ends nothing."""
    logger = MLTrackLogger()
    trainer, module = make_trainer(logger), make_module()

    trainer.fit(module, batches(4))
    begun = logger.run.id
    trainer.test(module, batches(2), verbose=False)
    trainer.predict(module, batches(2))

    assert logger.run.id == begun
    active = mltrack_core.active_run()
    assert active is not None
    assert active.id == begun


def test_test_metrics_are_at_the_updates_made(
    run: RecordingTracker, make_module: Make, make_trainer: Make, batches: Make
) -> None:
    """After eight updates, at eight; with a Trainer of its own as well."""
    logger = MLTrackLogger(run)
    trainer, module = make_trainer(logger), make_module()

    trainer.fit(module, batches(4))
    trainer.test(module, batches(2), verbose=False)
    make_trainer(logger).test(module, batches(2), verbose=False)

    assert [step for step, _ in run.points("test_loss")] == [8, 8]


def test_another_trainer_goes_on_after_the_first_one(
    run: RecordingTracker, make_module: Make, make_trainer: Make, batches: Make
) -> None:
    """Each Trainer counts from 0; the run does not."""
    logger = MLTrackLogger(run)

    make_trainer(logger, max_epochs=1).fit(make_module(), batches(4))
    make_trainer(logger, max_epochs=1).fit(make_module(), batches(4))

    assert [step for step, _ in run.points("train_loss_step")] == [1, 2, 3, 4, 5, 6, 7, 8]


def test_hyperparameters_are_the_runs_own(
    run: RecordingTracker, make_module: Make, make_trainer: Make, batches: Make
) -> None:
    """Those of `save_hyperparameters()`, where other parameters of the user's are."""
    trainer, module = make_trainer(MLTrackLogger(run, config={"seed": 3})), make_module(rate=0.25)

    trainer.fit(module, batches(2))
    trainer.test(module, batches(2), verbose=False)

    assert run.params[""] == {"seed": 3, "rate": 0.25}


def test_hyperparameters_are_left_out_where_the_trainer_says_so(
    run: RecordingTracker, make_module: Make, make_trainer: Make, batches: Make
) -> None:
    """`Trainer(enable_autolog_hparams=False)`, in versions that have it."""
    if "enable_autolog_hparams" not in inspect.signature(pl.Trainer.__init__).parameters:
        pytest.skip("this version of Lightning always logs hyperparameters")
    trainer = make_trainer(MLTrackLogger(run), enable_autolog_hparams=False)

    trainer.fit(make_module(), batches(2))

    assert "" not in run.params


@pytest.mark.parametrize("option", ["fast_dev_run", "limit_train_batches"])
def test_a_fast_dev_run_records_nothing(
    run: RecordingTracker, make_module: Make, make_trainer: Make, batches: Make, option: str
) -> None:
    """Lightning puts a dummy in the logger's place; the same fit with a limit is recorded."""
    trainer = make_trainer(MLTrackLogger(run), **{option: 1})

    trainer.fit(make_module(), batches(2))

    assert bool(run.logged) is (option != "fast_dev_run")


@pytest.mark.slow
@pytest.mark.parametrize("package", ["lightning.pytorch", "pytorch_lightning"])
def test_either_package_is_served_and_the_other_left_alone(package: str, tmp_path: Path) -> None:
    """Imported before or after us; we import neither, nor PyTorch."""
    other = {"lightning.pytorch": "pytorch_lightning", "pytorch_lightning": "lightning"}[package]
    script = f"""
import sys
from mltrack.lightning import MLTrackLogger
assert "torch" not in sys.modules
import {package} as pl
logger = MLTrackLogger()
assert isinstance(logger, pl.loggers.Logger)
assert pl.Trainer(logger=logger, accelerator="cpu", enable_checkpointing=False).logger is logger
assert "{other}" not in sys.modules
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)

    assert done.returncode == 0, done.stderr


def test_one_logger_serves_both_packages(
    run: RecordingTracker, make_module: Make, make_trainer: Make, batches: Make
) -> None:
    """Made when both are loaded, it is a Logger of both."""
    pytorch_lightning = pytest.importorskip("pytorch_lightning")

    logger = MLTrackLogger(run)

    assert isinstance(logger, pl.loggers.Logger)
    assert isinstance(logger, pytorch_lightning.loggers.Logger)
    make_trainer(logger, max_epochs=1).fit(make_module(), batches(2))
    assert [step for step, _ in run.points("train_loss_step")] == [1, 2]


def test_fabric_and_a_watched_loop_are_one_run(tmp_path: Path) -> None:
    """The logger's run is there first; `mltrack.watch` joins it."""
    logger = MLTrackLogger(config={"rate": 0.1})
    fabric = Fabric(accelerator="cpu", devices=1, loggers=logger)
    logger.log_hyperparams({"layers": 1})
    model = torch.nn.Linear(4, 1)
    model, optimizer = fabric.setup(model, torch.optim.SGD(model.parameters(), lr=0.1))
    watch = mltrack.watch(model, optimizer)

    for step in range(1, 4):
        loss = model(torch.ones(2, 4)).pow(2).mean()
        optimizer.zero_grad()
        fabric.backward(loss)
        optimizer.step()
        fabric.log("loss", loss, step=step)
    watch.close()
    mltrack_core.finish()

    points = RecordedSpool(tmp_path / "mltrack").of(Scalars)
    assert [point.step for point in points if "loss" in point.values] == [1, 2, 3]
    assert next(point.step for point in points if "grad/norm" in point.values) == 1


def test_a_run_asked_for_before_the_training_is_the_trainings(
    make_module: Make, make_trainer: Make, batches: Make, tmp_path: Path
) -> None:
    """Each logger has its own, as in a loop over the folds of a cross-validation."""
    begun = []
    for _ in range(2):
        logger = MLTrackLogger()
        begun.append(logger.experiment.id)
        make_trainer(logger, max_epochs=1).fit(make_module(), batches(2))
        assert logger.run.id == begun[-1]

    assert len(set(begun)) == 2
