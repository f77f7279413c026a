"""Frameworks, each recorded by its own integration and by nobody else."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import pytest

from mltrack_core.records import RunEnded
from mltrack_core.testing.spool import RecordedSpool

pytestmark = pytest.mark.slow

Launch = Callable[..., subprocess.CompletedProcess[str]]
Write = Callable[..., Path]
Needs = Callable[..., None]

ROOT = Path(__file__).parents[2]


def _recorded(spool: RecordedSpool) -> dict[str, list[int]]:
    """Return the steps of each metric of the only run, which has ended well."""
    (ended,) = spool.of(RunEnded)
    assert ended.state == "finished"
    return {name: [step for step, _ in points] for name, points in spool.series().items()}


@pytest.mark.parametrize("backend", ["tensorflow", "torch"])
def test_keras(
    needs: Needs, launch: Launch, write: Write, spool: RecordedSpool, backend: str
) -> None:
    """The guide's `fit`: its metrics by epoch, and no second look at the same optimizer."""
    needs("keras", backend)
    write("""
        import numpy
        import keras
        x, y = numpy.random.rand(32, 4).astype("float32"), numpy.random.randint(0, 3, 32)
        model = keras.Sequential([
            keras.layers.Input((4,)), keras.layers.Dense(8, activation="relu"),
            keras.layers.Dense(3, activation="softmax"),
        ])
        model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        model.fit(x, y, batch_size=8, epochs=2, validation_split=0.25, verbose=0)
    """)

    ended = launch("run", "train.py", KERAS_BACKEND=backend)

    assert ended.returncode == 0, ended.stderr
    found = _recorded(spool)
    for name in ("train/loss", "train/accuracy", "val/loss", "val/accuracy"):
        assert found[name] == [3, 6]
    assert not [name for name in found if name.endswith("backward_loss")]
    assert {"keras.compile", "keras.fit", "keras.optimizer"} <= spool.params().keys()


def test_lightning(
    needs: Needs, launch: Launch, write: Write, spool: RecordedSpool, tmp_path: Path
) -> None:
    """What the module logs, at the Trainer's cadence; its optimizer is Lightning's."""
    needs("torch", "lightning")
    write("""
        import torch
        import lightning as L
        from torch.utils.data import DataLoader, TensorDataset
        class Model(L.LightningModule):
            def __init__(self, width=8):
                super().__init__()
                self.save_hyperparameters()
                self.layer = torch.nn.Linear(4, 1)
            def training_step(self, batch, index):
                loss = self.layer(batch[0]).square().mean()
                self.log("my_loss", loss)
                return loss
            def configure_optimizers(self):
                return torch.optim.Adam(self.parameters(), lr=0.1)
        data = DataLoader(TensorDataset(torch.randn(32, 4)), batch_size=8)
        trainer = L.Trainer(
            max_epochs=2, log_every_n_steps=1, logger=False, accelerator="cpu",
            enable_progress_bar=False, enable_checkpointing=False,
        )
        trainer.fit(Model(), data)
    """)

    ended = launch("run", "train.py", **_with_entry_points(tmp_path))

    assert ended.returncode == 0, ended.stderr
    found = _recorded(spool)
    assert found["my_loss"] == list(range(1, 9))
    assert not [name for name in found if name.endswith("backward_loss")]
    assert "lightning.trainer" in spool.params()


def test_hugging_face(needs: Needs, launch: Launch, write: Write, spool: RecordedSpool) -> None:
    """What the Trainer reports, with its arguments; its optimizer is the Trainer's."""
    needs("torch", "transformers", "accelerate")
    write("""
        import torch
        from transformers import HfArgumentParser, Trainer, TrainingArguments
        class Model(torch.nn.Module):
            def __init__(self):
                super().__init__()
                self.layer = torch.nn.Linear(4, 1)
            def forward(self, x, labels):
                loss = (self.layer(x).squeeze(-1) - labels).square().mean()
                return {"loss": loss}
        (arguments,) = HfArgumentParser(TrainingArguments).parse_args_into_dataclasses()
        data = [{"x": torch.randn(4), "labels": torch.tensor(1.0)} for _ in range(32)]
        Trainer(Model(), arguments, train_dataset=data, eval_dataset=data[:8]).train()
    """)

    ended = launch(
        "run", "train.py", "--output_dir", "out", "--num_train_epochs", "2", "--use_cpu", "true",
        "--per_device_train_batch_size", "8", "--logging_steps", "2", "--save_strategy", "no",
        "--eval_strategy", "epoch", "--disable_tqdm", "true", "--learning_rate", "0.01",
    )  # fmt: skip

    assert ended.returncode == 0, ended.stderr
    found = _recorded(spool)
    assert found["train/loss"] == [2, 4, 6, 8]
    assert found["val/loss"] == [4, 8]
    assert not [name for name in found if name.endswith("backward_loss")]
    assert {"arguments", "hf.arguments"} <= spool.params().keys()


def _with_entry_points(folder: Path) -> dict[str, str]:
    """Return the environment in which Lightning finds our entry points, also from a checkout."""
    known = metadata.entry_points(group="lightning.pytorch.callbacks_factory")
    if any("mltrack" in entry.value for entry in known):
        return {}
    info = folder / "mltrack-0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: mltrack\nVersion: 0\n")
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    lines = []
    for line in text.splitlines():
        if line.startswith("[project.entry-points."):
            lines.append("[" + line.split('"')[1] + "]")
        elif lines and "mltrack_lightning" in line and "=" in line:
            lines.append(line.replace('"', ""))
    (info / "entry_points.txt").write_text("\n".join(lines) + "\n")
    return {"PYTHONPATH": os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")])}
