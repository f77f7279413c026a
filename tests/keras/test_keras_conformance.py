"""The conformance kit, on Keras."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from collections.abc import Sequence
from typing import Any

import keras
import numpy
import pytest

from mltrack.keras import MLTrackCallback
from mltrack_core.testing.conformance import Adapter
from mltrack_core.testing.conformance import Conformance
from mltrack_core.testing.conformance import Trained
from mltrack_core.tracker import Tracker

_BATCH = 16


class KerasAdapter(Adapter):
    """Trains a classifier of digits, one update a batch."""

    def __init__(self, make_model: Callable[..., Any], digits: tuple[Any, Any]) -> None:
        self._make_model = make_model
        self._x, self._y = digits

    def callback(self, run: Tracker) -> object:
        return MLTrackCallback(run, batch_every=1)

    def build(self) -> object:
        random.seed(5)
        return self._make_model()

    def train(self, trainer: Any, callback: object | None, steps: int) -> Trained:
        history = trainer.fit(
            self._x[: _BATCH * steps // 2],
            self._y[: _BATCH * steps // 2],
            batch_size=_BATCH,
            epochs=2,
            shuffle=True,
            verbose=0,
            validation_data=(self._x[-32:], self._y[-32:]),
            callbacks=None if callback is None else [callback],
        )
        return Trained(
            weights=b"".join(array.tobytes() for array in trainer.get_weights()),
            losses=tuple(history.history["loss"] + history.history["val_loss"]),
        )

    def random_state(self) -> object:
        state: Any = numpy.random.get_state()
        seeds = keras.random.SeedGenerator(seed=1).state
        found = [state[0], state[1].tobytes(), *state[2:], keras.ops.convert_to_numpy(seeds)[0]]
        if keras.config.backend() == "torch":
            import torch

            found.append(torch.get_rng_state().numpy().tobytes())
        if keras.config.backend() == "tensorflow":
            import tensorflow

            found.append(tensorflow.random.get_global_generator().state.numpy().tobytes())
        return found

    def user_objects(self, trainer: Any) -> Sequence[object]:
        return [trainer, trainer.optimizer, *trainer.layers]

    def set_rank(self, rank: int) -> None:
        os.environ["RANK"] = str(rank)
        if rank == 0:
            del os.environ["RANK"]

    def set_strict(self, strict: bool) -> None:
        os.environ["MLTRACK_STRICT"] = str(int(strict))


class TestKeras(Conformance):
    """Keras passes."""

    @pytest.fixture(autouse=True)
    def _prepare(
        self,
        make_model: Callable[..., Any],
        digits: tuple[Any, Any],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setenv("MLTRACK_STRICT", "0")
        monkeypatch.setenv("MLTRACK_MODE", "disabled")  # what is unpickled begins a run of its own
        self._adapter = KerasAdapter(make_model, digits)

    def adapter(self) -> Adapter:
        return self._adapter
