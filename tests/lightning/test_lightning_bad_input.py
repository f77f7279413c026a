"""What nobody should hand us: the training is what it would be, and no record is made up."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import pytest

from mltrack.lightning import MLTrackLogger
from mltrack_core.testing.recording import RecordingTracker

Make = Callable[..., Any]
Weights = Callable[[Any], bytes]


class NoParameters(pl.LightningModule):  # type: ignore[misc]
    """Trains nothing, with no optimizer."""

    def training_step(self, batch: Any, index: int) -> None:
        self.log("seen", float(index))

    def configure_optimizers(self) -> None:
        return None


def test_a_module_that_trains_nothing_is_recorded(
    make_trainer: Make, batches: Make, run: RecordingTracker
) -> None:
    """What it logs is there; gradients there are none."""
    make_trainer(MLTrackLogger(run), max_epochs=1).fit(NoParameters(), batches(3))

    assert run.values("seen") == [0.0, 1.0, 2.0]
    assert run.points("grad/norm") == []


def test_a_logger_passed_twice_changes_nothing(
    make_trainer: Make, make_module: Make, batches: Make, run: RecordingTracker, weights_of: Weights
) -> None:
    """About the training; gradients are measured once."""
    plain = make_module()
    make_trainer().fit(plain, batches(4))
    tracked = make_module()
    logger = MLTrackLogger(run)

    make_trainer([logger, logger]).fit(tracked, batches(4))

    assert weights_of(tracked) == weights_of(plain)
    norms = [step for step, _ in run.points("grad/norm")]
    assert norms
    assert len(norms) == len(set(norms))


def test_a_folder_that_is_none_costs_the_record_alone(
    make_trainer: Make,
    make_module: Make,
    batches: Make,
    weights_of: Weights,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As on a rank that has no disk: here MLTRACK_DIR lies below a file."""
    monkeypatch.setenv("MLTRACK_STRICT", "0")
    plain = make_module()
    make_trainer().fit(plain, batches(4))
    (tmp_path / "no disk").write_text("a file")
    monkeypatch.setenv("MLTRACK_DIR", str(tmp_path / "no disk" / "mltrack"))
    tracked = make_module()

    make_trainer(MLTrackLogger()).fit(tracked, batches(4))

    assert weights_of(tracked) == weights_of(plain)


def test_a_checkpoint_that_vanishes_is_no_end(
    make_trainer: Make,
    make_module: Make,
    batches: Make,
    weights_of: Weights,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Removed by somebody else before the loggers hear of it."""
    monkeypatch.setenv("MLTRACK_STRICT", "0")
    saves = pl.callbacks.ModelCheckpoint(tmp_path / "saved")
    save = saves._save_checkpoint

    def vanishing(trainer: Any, path: str) -> None:
        original = trainer.save_checkpoint

        def save_and_remove(where: str, *args: Any, **kwargs: Any) -> None:
            original(where, *args, **kwargs)
            Path(where).unlink()

        trainer.save_checkpoint = save_and_remove
        save(trainer, path)

    monkeypatch.setattr(saves, "_save_checkpoint", vanishing)
    tracked = make_module()

    make_trainer(MLTrackLogger(), enable_checkpointing=True, callbacks=[saves], max_epochs=1).fit(
        tracked, batches(8)
    )

    plain = make_module()
    make_trainer(max_epochs=1).fit(plain, batches(8))
    assert weights_of(tracked) == weights_of(plain)
    assert not list((tmp_path / "saved").glob("*.ckpt")), "nothing vanished"
