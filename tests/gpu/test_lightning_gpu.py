"""Lightning on a GPU: nothing of ours waits for it, and mixed precision is told as it is.

Runs only where there is an NVIDIA GPU.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("lightning.pytorch")

import lightning.pytorch as pl
import torch

from mltrack.lightning import MLTrackLogger
from mltrack_core.testing.recording import RecordingTracker

pytestmark = [
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no NVIDIA GPU here"),
    pytest.mark.filterwarnings("ignore"),
]


class Module(pl.LightningModule):  # type: ignore[misc]  # untyped
    """Logs nothing itself, so that Lightning has no reason to wait for the GPU."""

    def __init__(self, scale: float = 1.0) -> None:
        super().__init__()
        self.layer, self.scale = torch.nn.Linear(64, 64), scale

    def training_step(self, batch: Any, index: int) -> Any:
        return self.layer(batch[0]).pow(2).mean() * self.scale

    def configure_optimizers(self) -> Any:
        return torch.optim.SGD(self.parameters(), lr=0.1)


class Strict(pl.Callback):  # type: ignore[misc]  # untyped
    """Makes every wait for the GPU an error, between our first update and the last one."""

    def on_train_batch_start(self, trainer: Any, module: Any, batch: Any, index: int) -> None:
        torch.cuda.set_sync_debug_mode("error" if index > 0 else "default")

    def on_train_end(self, trainer: Any, module: Any) -> None:
        torch.cuda.set_sync_debug_mode("default")


def fit(run: RecordingTracker, folder: Path, module: Any, **options: Any) -> None:
    """Train for a hundred batches that are on the GPU already; without checkpoints by default."""
    batches = [(torch.randn(32, 64, device="cuda"),) for _ in range(100)]
    trainer = pl.Trainer(
        logger=MLTrackLogger(run),
        accelerator="gpu",
        devices=1,
        max_epochs=1,
        default_root_dir=folder,
        enable_progress_bar=False,
        enable_model_summary=False,
        **{"enable_checkpointing": False, **options},
    )
    trainer.fit(module, batches)


def test_no_hook_waits_for_the_gpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Under a strict guard, with every wait an error: gradients and losses arrive all the same."""
    monkeypatch.setenv("MLTRACK_STRICT", "1")
    run = RecordingTracker()

    fit(run, tmp_path, Module(), callbacks=[Strict()])

    assert run.points("grad/norm")
    assert run.points("train/loss")
    assert run.points("perf/memory_peak_bytes")


def test_updates_left_out_by_mixed_precision_are_counted(tmp_path: Path) -> None:
    """A loss that overflows in 16 bits: the scale shrinks, and each time an update is left out."""
    run = RecordingTracker()

    fit(run, tmp_path, Module(scale=1e4), precision="16-mixed")

    skipped = [float(str(value)) for _, value in run.points("amp/skipped")]
    assert skipped == list(range(1, len(skipped) + 1))
    assert skipped
    norms = [float(str(value)) for _, value in run.points("grad/norm")]
    assert all(math.isfinite(norm) for norm in norms)


def test_a_sharded_checkpoint_of_fsdp_is_one_folder(tmp_path: Path) -> None:
    """FSDP's strategy wants a GPU: on the CPU it is `ModelParallelStrategy` that is tested."""
    run = RecordingTracker()
    strategy = pl.strategies.FSDPStrategy(state_dict_type="sharded")
    kept = pl.callbacks.ModelCheckpoint(tmp_path / "kept", filename="{epoch}")

    fit(run, tmp_path, Module(), strategy=strategy, callbacks=[kept], enable_checkpointing=True)

    (checkpoint,) = run.checkpoints
    assert Path(checkpoint.path).is_dir()
    assert Path(checkpoint.path, ".metadata").is_file()
    assert run.params["capture"]["lightning.gradients"] == "not with FSDPStrategy"
