"""The conformance kit, on the Trainer of Hugging Face Transformers."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy
import pytest
import torch
import transformers

from mltrack.hf import MLTrackCallback
from mltrack_core.testing.conformance import Adapter
from mltrack_core.testing.conformance import Conformance
from mltrack_core.testing.conformance import Trained
from mltrack_core.tracker import Tracker


class RankedTrainer(transformers.Trainer):  # type: ignore[misc]  # untyped
    """A Trainer that believes to be one of several."""

    rank = 0

    def is_world_process_zero(self) -> bool:
        return self.rank == 0


class TrainerAdapter(Adapter):
    """Trains a tiny BERT, with dropout, an evaluation and a checkpoint on the way."""

    def __init__(self, make_trainer: Callable[..., Any]) -> None:
        self._make_trainer = make_trainer

    def callback(self, run: Tracker) -> object:
        return MLTrackCallback(run)

    def build(self) -> object:
        random.seed(5)
        return self._make_trainer(
            kind=RankedTrainer,
            max_steps=1,
            eval_strategy="steps",
            eval_steps=3,
            save_strategy="steps",
            save_steps=3,
        )

    def train(self, trainer: Any, callback: Any, steps: int) -> Trained:
        trainer.args.max_steps = steps
        if callback is not None:
            trainer.remove_callback(MLTrackCallback)
            trainer.add_callback(callback)
        trainer.train()
        weights = trainer.model.state_dict().values()
        return Trained(
            weights=b"".join(value.numpy().tobytes() for value in weights),
            losses=tuple(
                value
                for entry in trainer.state.log_history
                for name, value in entry.items()
                if name.endswith("loss") or name == "grad_norm"
            ),
        )

    def random_state(self) -> object:
        state: Any = numpy.random.get_state()
        return [state[0], state[1].tobytes(), *state[2:], torch.get_rng_state().numpy().tobytes()]

    def user_objects(self, trainer: Any) -> Sequence[object]:
        return [
            trainer,
            trainer.args,
            trainer.state,
            trainer.control,
            trainer.optimizer,
            trainer.optimizer.optimizer,
            trainer.lr_scheduler,
            *trainer.model.modules(),
        ]

    def set_rank(self, rank: int) -> None:
        RankedTrainer.rank = rank

    def set_strict(self, strict: bool) -> None:
        os.environ["MLTRACK_STRICT"] = str(int(strict))


@pytest.mark.slow
class TestTrainer(Conformance):
    """The Trainer passes."""

    @pytest.fixture(autouse=True)
    def _prepare(
        self, make_trainer: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.setenv("MLTRACK_STRICT", "0")
        monkeypatch.setenv("MLTRACK_MODE", "disabled")  # what is unpickled begins a run of its own
        self._adapter = TrainerAdapter(make_trainer)

    def adapter(self) -> Adapter:
        return self._adapter
