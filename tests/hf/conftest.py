"""Small real trainings with the Trainer of Hugging Face Transformers."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

if os.environ.get("MLTRACK_TEST_REQUIRE") == "hf":
    import accelerate  # noqa: F401
    import transformers
else:
    pytest.importorskip("accelerate")
    transformers = pytest.importorskip("transformers")

import torch


@pytest.fixture(autouse=True)
def _surroundings(strict_folder: Path) -> None:
    """An empty MLTRACK_DIR without an agent; our faults fail the test."""
    torch.set_num_threads(1)


class Sentences:
    """Sequences of numbers, each with a class; always the same."""

    def __init__(self, count: int = 48, seed: int = 7) -> None:
        source = torch.Generator().manual_seed(seed)
        self.ids = torch.randint(5, 60, (count, 12), generator=source)
        self.labels = (self.ids[:, 0] % 3).long()

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, index: int) -> dict[str, Any]:
        return {"input_ids": self.ids[index], "labels": self.labels[index]}


@pytest.fixture(scope="session")
def sentences() -> Callable[..., Sentences]:
    """Returns a data set; 48 samples unless another count is asked for."""
    return Sentences


@pytest.fixture(scope="session")
def make_model() -> Callable[..., Any]:
    """Returns a new, seeded, tiny BERT that tells three classes apart."""

    def make(**config: Any) -> Any:
        transformers.set_seed(3)
        return transformers.BertForSequenceClassification(
            transformers.BertConfig(
                vocab_size=64,
                hidden_size=16,
                num_hidden_layers=2,
                num_attention_heads=2,
                intermediate_size=32,
                max_position_embeddings=16,
                num_labels=3,
                **config,
            )
        )

    return make


@pytest.fixture
def make_trainer(make_model: Callable[..., Any], tmp_path: Path) -> Callable[..., Any]:
    """Returns a new trainer: 8 samples a batch, 6 updates an epoch, reports at each update."""

    def make(
        *callbacks: object,
        model: Any = None,
        kind: type[Any] = transformers.Trainer,
        arguments: type[Any] = transformers.TrainingArguments,
        trainer: dict[str, Any] | None = None,
        **args: Any,
    ) -> Any:
        settings: dict[str, Any] = {
            "output_dir": str(tmp_path / "out"),
            "per_device_train_batch_size": 8,
            "per_device_eval_batch_size": 8,
            "num_train_epochs": 1,
            "learning_rate": 1e-3,
            "logging_steps": 1,
            "save_strategy": "no",
            "report_to": "none",
            "disable_tqdm": True,
            "use_cpu": True,
            "seed": 11,
            **args,
        }
        trainer = {"train_dataset": Sentences(), "eval_dataset": Sentences(16, 8)} | (trainer or {})
        if "model_init" not in trainer:
            trainer["model"] = model or make_model()
        return kind(args=arguments(**settings), callbacks=list(callbacks), **trainer)

    return make


@pytest.fixture(scope="session")
def weights_of() -> Callable[[Any], bytes]:
    """Returns every weight of a trainer's model, exactly."""

    def weights(trainer: Any) -> bytes:
        return b"".join(value.numpy().tobytes() for value in trainer.model.state_dict().values())

    return weights
