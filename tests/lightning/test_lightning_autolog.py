"""Trainers and Fabrics that nobody has prepared, recorded by Lightning's own entry points."""

from __future__ import annotations

import importlib.metadata
import logging
import subprocess
import sys
import tomllib
from collections.abc import Callable
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import lightning.fabric.fabric
import lightning.pytorch as pl
import pytest
import torch
from lightning.fabric import Fabric
from lightning.pytorch.loggers import CSVLogger

import mltrack
import mltrack_core
from mltrack.lightning import MLTrackLogger
from mltrack_core import autolog
from mltrack_core.records import Params
from mltrack_core.records import Scalars
from mltrack_core.testing.recording import RecordingTracker
from mltrack_core.testing.spool import RecordedSpool
from mltrack_lightning.autolog import tap_fabric

Make = Callable[..., Any]
PROJECT = Path(__file__).parents[2] / "pyproject.toml"


@pytest.fixture(autouse=True)
def _entry_points(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What an installation would have put where Lightning finds it."""
    if importlib.metadata.entry_points(group="lightning.pytorch.callbacks_factory", name="mltrack"):
        return
    groups = tomllib.loads(PROJECT.read_text())["project"]["entry-points"]
    folder = tmp_path / "site" / "mltrack-0.dist-info"
    folder.mkdir(parents=True)
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: mltrack\nVersion: 0\n")
    (folder / "entry_points.txt").write_text(
        "".join(f"[{group}]\nmltrack = {found['mltrack']}\n" for group, found in groups.items())
    )
    monkeypatch.syspath_prepend(str(folder.parent))


@pytest.fixture(autouse=True)
def _active() -> Iterator[None]:
    """As `mltrack run` makes it."""
    autolog.activate()
    yield
    autolog.deactivate()


def points(folder: Path, name: str) -> list[int]:
    """Return the steps of a metric, in the only run."""
    return [r.step for r in RecordedSpool(folder).of(Scalars) if name in r.values]


@pytest.mark.parametrize("with_logger", [False, True])
def test_a_trainer_is_recorded_as_with_a_logger(
    make_module: Make, make_trainer: Make, batches: Make, tmp_path: Path, with_logger: bool
) -> None:
    """Metrics, gradients and hyperparameters; beside the script's own logger or without any."""
    logger = CSVLogger(str(tmp_path)) if with_logger else False

    make_trainer(logger).fit(make_module(), batches(4), batches(2))
    mltrack_core.finish()

    assert points(tmp_path / "mltrack", "train_loss_step") == [1, 2, 3, 4, 5, 6, 7, 8]
    assert points(tmp_path / "mltrack", "val_loss_epoch") == [4, 8]
    assert points(tmp_path / "mltrack", "grad/norm")[0] == 1
    params = RecordedSpool(tmp_path / "mltrack").of(Params)
    assert {"rate": 0.1} in [one.values for one in params if one.namespace == ""]


def test_an_unprepared_trainer_is_what_it_would_be_without_us(
    make_module: Make, make_trainer: Make, batches: Make, weights_of: Callable[[Any], bytes]
) -> None:
    """Weights, loggers, `log_dir`, and where its checkpoints are."""

    def train() -> list[object]:
        module, seen = make_module(), []
        trainer = make_trainer(False, enable_checkpointing=True)
        seen.append(list(trainer.loggers))

        class Look(pl.Callback):  # type: ignore[misc]  # untyped
            def on_train_end(self, trainer: Any, module: Any) -> None:
                seen.append(trainer.log_dir)

        trainer.callbacks.insert(0, Look())
        trainer.fit(module, batches(4, shuffle=True), batches(2))
        path = trainer.checkpoint_callback.best_model_path
        return [*seen, trainer.loggers, Path(path).parent, weights_of(module), module.losses]

    tracked = train()
    autolog.deactivate()

    assert train() == tracked


def test_lightning_prints_nothing_of_our_callback(
    make_trainer: Make, caplog: pytest.LogCaptureFixture
) -> None:
    """It announces what entry points bring; a script's output is to stay what it is."""
    with caplog.at_level(logging.INFO, "lightning.fabric.utilities.registry"):
        trainer = make_trainer(False)

    assert [type(callback).__name__ for callback in trainer.callbacks] == ["AutomaticCallback"]
    assert "entry point" not in caplog.text


def test_a_logger_of_ours_is_enough(
    run: RecordingTracker, make_module: Make, make_trainer: Make, batches: Make, tmp_path: Path
) -> None:
    """One that the script has itself: nothing is recorded twice, and no run begins beside it."""
    trainer = make_trainer(MLTrackLogger(run))

    trainer.fit(make_module(), batches(4))
    trainer.test(make_module(), batches(2), verbose=False)

    assert [step for step, _ in run.points("train_loss_step")] == [1, 2, 3, 4, 5, 6, 7, 8]
    assert [step for step, _ in run.points("test_loss")] == [8]
    assert not (tmp_path / "mltrack").exists()


def test_fit_and_test_of_one_trainer_are_one_run(
    make_module: Make, make_trainer: Make, batches: Make, tmp_path: Path
) -> None:
    """Another Trainer's training is a run of its own."""
    trainer, module = make_trainer(False), make_module()

    trainer.fit(module, batches(4))
    trainer.test(module, batches(2), verbose=False)
    first = mltrack_core.active_run()
    make_trainer(False).fit(make_module(), batches(4))
    second = mltrack_core.active_run()
    mltrack_core.finish()

    assert first is not None
    assert second is not None
    assert first.id != second.id
    spool = RecordedSpool(tmp_path / "mltrack")
    tests = [r.step for r in spool.of(Scalars, first.id) if "test_loss" in r.values]
    assert tests == [8]


def test_a_script_may_ask_its_logger_for_anything(
    make_module: Make, make_trainer: Make, batches: Make
) -> None:
    """`if self.logger:` finds ours in a Trainer without one; what it wants is another's."""

    class Writes(type(make_module())):  # type: ignore[misc]  # untyped
        def training_step(self, batch: Any, index: int) -> Any:
            if self.logger:
                self.logger.experiment.add_histogram("weights", self.head.weight, index)
                self.logger.log_image("sample", images=[torch.zeros(4, 4)])
            return super().training_step(batch, index)

    make_trainer(False, max_epochs=1).fit(Writes(), batches(2))


@pytest.mark.parametrize("options", [{"fast_dev_run": True}, {"barebones": True}])
def test_trainers_that_are_not_to_be_logged_are_not(
    make_module: Make, batches: Make, tmp_path: Path, options: dict[str, bool]
) -> None:
    """Not even a run begins."""
    pl.Trainer(accelerator="cpu", max_epochs=1, **options).fit(make_module(), batches(2))

    assert not (tmp_path / "mltrack").exists()


def test_nothing_is_recorded_unless_asked_for(
    make_module: Make, make_trainer: Make, batches: Make, tmp_path: Path
) -> None:
    """That mltrack is installed changes nothing: no callback, no run."""
    autolog.deactivate()
    trainer = make_trainer(False)

    trainer.fit(make_module(), batches(2))

    assert trainer.callbacks == []
    assert not (tmp_path / "mltrack").exists()


def test_a_fabric_is_recorded(tmp_path: Path) -> None:
    """What it logs, at the steps that it says."""
    fabric = Fabric(accelerator="cpu", devices=1)

    for step in range(3):
        fabric.log("loss", torch.tensor(0.5), step=step)
    mltrack_core.finish()

    assert points(tmp_path / "mltrack", "loss") == [0, 1, 2]


def test_a_fabric_with_a_logger_of_ours_is_recorded_once(run: RecordingTracker) -> None:
    """And without zero-code as well."""
    fabric = Fabric(accelerator="cpu", devices=1, loggers=MLTrackLogger(run))

    fabric.log_dict({"loss": torch.tensor(0.5), "other": 1}, step=7)

    assert run.points("loss") == [(7, 0.5)]
    assert run.points("other") == [(7, 1)]


def test_the_tap_of_fabric_is_put_on_once_and_taken_off() -> None:
    """Then the method is what it was."""
    kind = lightning.fabric.fabric.Fabric
    tapped = kind.log_dict
    original = getattr(tapped, "_mltrack_original", tapped)
    kind.log_dict = original

    restore = tap_fabric(lightning.fabric.fabric)
    assert kind.log_dict is not original
    assert kind.log_dict.__name__ == "log_dict"
    tapped = kind.log_dict
    again = tap_fabric(lightning.fabric.fabric)
    assert kind.log_dict is tapped
    again()
    assert kind.log_dict is original
    restore()

    assert kind.log_dict is original


def test_turning_it_off_leaves_fabric_as_it_was(tmp_path: Path) -> None:
    """Also where a Fabric was made meanwhile, which asks for the tap by itself."""
    kind = lightning.fabric.fabric.Fabric
    mltrack.autolog()
    original = getattr(kind.log_dict, "_mltrack_original")  # noqa: B009 - mypy knows no such name
    Fabric(accelerator="cpu", devices=1)

    mltrack.autolog(disable=True)

    assert kind.log_dict is original


@pytest.mark.slow
def test_the_factories_load_next_to_nothing() -> None:
    """They are called in every process that makes a Trainer, wherever mltrack is installed."""
    script = """
import sys
from mltrack_lightning import factory
assert factory.lightning_pytorch() == factory.lightning_fabric() == []
assert not {"torch", "lightning", "numpy", "mltrack_lightning.logger"} & set(sys.modules)
sys.modules["mltrack_core"] = None  # an installation that is damaged
assert factory.lightning_pytorch() == factory.lightning_fabric() == []
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)

    assert done.returncode == 0, done.stderr
