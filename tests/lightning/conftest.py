"""Small real trainings with Lightning, on the CPU."""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

if os.environ.get("MLTRACK_TEST_REQUIRE") == "lightning":
    import lightning.pytorch as pl
else:
    pl = pytest.importorskip("lightning.pytorch")

import torch
from torch.utils.data import DataLoader
from torch.utils.data import TensorDataset

warnings.filterwarnings("ignore")  # while modules of Lightning are imported


@pytest.fixture(autouse=True)
def _surroundings(strict_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty MLTRACK_DIR without an agent; our faults fail the test; files go to tmp_path."""
    monkeypatch.chdir(tmp_path)
    for name in ("lightning.pytorch", "lightning.fabric", "pytorch_lightning"):
        logging.getLogger(name).setLevel(logging.ERROR)


class Classifier(pl.LightningModule):  # type: ignore[misc]  # untyped
    """Two layers and dropout; logs each step and each epoch."""

    def __init__(self, rate: float = 0.1) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.rate = rate
        self.body = torch.nn.Linear(8, 16)
        self.drop = torch.nn.Dropout(0.1)
        self.head = torch.nn.Linear(16, 3)
        self.losses: list[float] = []  # of every training step

    def forward(self, x: Any) -> Any:
        return self.head(self.drop(torch.relu(self.body(x))))

    def training_step(self, batch: Any, index: int) -> Any:
        loss = torch.nn.functional.cross_entropy(self(batch[0]), batch[1])
        self.losses.append(loss.item())
        self.log("train_loss", loss, on_step=True, on_epoch=True)
        return loss

    def validation_step(self, batch: Any, index: int) -> None:
        loss = torch.nn.functional.cross_entropy(self(batch[0]), batch[1])
        self.log("val_loss", loss, on_step=True, on_epoch=True)

    def test_step(self, batch: Any, index: int) -> None:
        self.log("test_loss", torch.nn.functional.cross_entropy(self(batch[0]), batch[1]))

    def predict_step(self, batch: Any, index: int) -> Any:
        return self(batch[0])

    def configure_optimizers(self) -> Any:
        return torch.optim.SGD(self.parameters(), lr=self.rate, momentum=0.9)


@pytest.fixture
def make_module() -> Callable[..., Any]:
    """Returns a new, seeded classifier."""

    def make(**options: float) -> Any:
        pl.seed_everything(3, verbose=False)
        return Classifier(**options)

    return make


@pytest.fixture
def batches() -> Callable[..., Any]:
    """Returns a loader of so many batches of 4, always the same."""

    def make(count: int, **options: Any) -> Any:
        generator = torch.Generator().manual_seed(7)
        x = torch.randn(4 * count, 8, generator=generator)
        y = torch.randint(0, 3, (4 * count,), generator=generator)
        return DataLoader(TensorDataset(x, y), batch_size=4, **options)

    return make


@pytest.fixture
def make_trainer(tmp_path: Path) -> Callable[..., Any]:
    """Returns a quiet Trainer that writes to tmp_path."""

    def make(logger: object = False, **options: Any) -> Any:
        return pl.Trainer(
            logger=logger,
            **{
                "accelerator": "cpu",
                "devices": 1,
                "default_root_dir": tmp_path / "root",
                "enable_progress_bar": False,
                "enable_model_summary": False,
                "enable_checkpointing": False,
                "log_every_n_steps": 1,
                "max_epochs": 2,
                **options,
            },
        )

    return make


@pytest.fixture
def weights_of() -> Callable[[Any], bytes]:
    """Returns every weight of a module, exactly."""

    def weights(module: Any) -> bytes:
        return b"".join(p.detach().numpy().tobytes() for p in module.state_dict().values())

    return weights
