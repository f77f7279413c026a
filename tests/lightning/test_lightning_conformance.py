"""The conformance kit, on Lightning's Trainer."""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Callable
from collections.abc import Sequence
from typing import Any

import numpy
import pytest
import torch
from lightning.fabric.utilities.rank_zero import rank_zero_only

from mltrack.lightning import MLTrackLogger
from mltrack_core.testing.conformance import Adapter
from mltrack_core.testing.conformance import Conformance
from mltrack_core.testing.conformance import Trained
from mltrack_core.tracker import Tracker

_EPOCH = 3  # batches


class _Training:
    """A module and the Trainer that it gets with its first `fit`."""

    def __init__(self, module: Any) -> None:
        self.module, self.trainer = module, None


class LightningAdapter(Adapter):
    """Trains a classifier, one update a batch, with validation after each epoch."""

    def __init__(
        self,
        make_module: Callable[..., Any],
        make_trainer: Callable[..., Any],
        batches: Callable[..., Any],
        weights_of: Callable[[Any], bytes],
    ) -> None:
        self._make_module, self._make_trainer = make_module, make_trainer
        self._batches, self._weights_of = batches, weights_of

    def callback(self, run: Tracker) -> object:
        return MLTrackLogger(run)

    def build(self) -> object:
        random.seed(5)
        numpy.random.seed(5)
        return _Training(self._make_module())

    def train(self, trainer: Any, callback: object | None, steps: int) -> Trained:
        module = trainer.module
        if trainer.trainer is None:
            trainer.trainer = self._make_trainer(callback or False, max_epochs=0)
        trainer.trainer.fit_loop.max_epochs += steps // _EPOCH
        interrupt = signal.getsignal(signal.SIGINT)
        try:
            trainer.trainer.fit(module, self._batches(_EPOCH, shuffle=True), self._batches(2))
        except SystemExit as error:
            raise KeyboardInterrupt from error  # this is what Lightning makes of Ctrl-C
        finally:
            signal.signal(signal.SIGINT, interrupt)
        metrics = trainer.trainer.callback_metrics
        return Trained(
            weights=self._weights_of(module),
            losses=(*module.losses, *(float(metrics[name]) for name in sorted(metrics))),
        )

    def random_state(self) -> object:
        state: Any = numpy.random.get_state()
        return [state[0], state[1].tobytes(), *state[2:], torch.get_rng_state().numpy().tobytes()]

    def user_objects(self, trainer: Any) -> Sequence[object]:
        return [trainer.trainer, *trainer.trainer.optimizers, *trainer.module.modules()]

    def set_rank(self, rank: int) -> None:
        rank_zero_only.rank = rank

    def set_strict(self, strict: bool) -> None:
        os.environ["MLTRACK_STRICT"] = str(int(strict))


class TestLightning(Conformance):
    """Lightning passes."""

    @pytest.fixture(autouse=True)
    def _prepare(
        self,
        make_module: Callable[..., Any],
        make_trainer: Callable[..., Any],
        batches: Callable[..., Any],
        weights_of: Callable[[Any], bytes],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setenv("MLTRACK_STRICT", "0")
        monkeypatch.setenv("MLTRACK_MODE", "disabled")  # what is unpickled begins a run of its own
        self._adapter = LightningAdapter(make_module, make_trainer, batches, weights_of)

    def adapter(self) -> Adapter:
        return self._adapter
