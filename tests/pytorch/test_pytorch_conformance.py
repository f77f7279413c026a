"""The conformance kit, on a loop of one's own."""

from __future__ import annotations

import copy
import os
import pickle
import random
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest
import torch

from mltrack.pytorch import watch
from mltrack_core.testing.conformance import Adapter
from mltrack_core.testing.conformance import Conformance
from mltrack_core.testing.conformance import Trained
from mltrack_core.testing.recording import RecordingTracker
from mltrack_core.tracker import Tracker

Batches = list[tuple[Any, Any]]


@dataclass
class Training:
    """What belongs to the user."""

    model: Any
    optimizer: Any
    made: int = 0  # updates


class LoopAdapter(Adapter):
    """A loop with dropout, clipping and a schedule, watched in full."""

    def __init__(self, make_model: Callable[[], Any], batches: Batches) -> None:
        self._make_model, self._batches = make_model, batches
        self._watches: list[Any] = []

    def callback(self, run: Tracker) -> object:
        return partial(watch, run=run, share=0)

    def build(self) -> object:
        random.seed(5)
        model = self._make_model()
        return Training(model, torch.optim.AdamW(model.parameters(), lr=0.01))

    def train(self, trainer: Any, callback: Any, steps: int) -> Trained:
        model, optimizer = trainer.model, trainer.optimizer
        if callback is not None:
            self._watches.append(callback(model, optimizer))
        losses = []
        for _ in range(steps):
            x, y = self._batches[trainer.made % len(self._batches)]
            optimizer.zero_grad()
            loss = torch.nn.functional.mse_loss(model(x), y)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            losses.append(float(loss))
            trainer.made += 1
        weights = b"".join(p.detach().numpy().tobytes() for p in model.parameters())
        return Trained(weights=weights, losses=tuple(losses))

    def random_state(self) -> object:
        return torch.get_rng_state().numpy().tobytes()

    def user_objects(self, trainer: Any) -> Sequence[object]:
        return [trainer.model, trainer.optimizer, *trainer.model]

    def set_rank(self, rank: int) -> None:
        os.environ["RANK"] = str(rank)
        if rank == 0:
            del os.environ["RANK"]

    def set_strict(self, strict: bool) -> None:
        os.environ["MLTRACK_STRICT"] = str(int(strict))

    def close(self) -> None:
        """Watch no longer."""
        for each in self._watches:
            each.close()


class TestLoop(Conformance):
    """A watched loop passes."""

    @pytest.fixture(autouse=True)
    def _prepare(
        self, make_model: Callable[[], Any], batches: Batches, monkeypatch: pytest.MonkeyPatch
    ) -> Iterator[None]:
        monkeypatch.setenv("MLTRACK_STRICT", "0")
        torch.use_deterministic_algorithms(True)
        self._adapter = LoopAdapter(make_model, batches)
        yield
        torch.use_deterministic_algorithms(False)
        self._adapter.close()

    def adapter(self) -> Adapter:
        return self._adapter

    # There is no callback that could be copied: what is copied is what is watched.

    def test_a_callback_pickles_before_and_after_use(self) -> None:
        """A watched model and its optimizer pickle, and the copy trains on alike."""
        self._copies_train_alike(lambda trainer: pickle.loads(pickle.dumps(trainer)))

    def test_a_callback_deep_copies_before_and_after_use(self) -> None:
        """So does a deep copy, which nobody watches."""
        self._copies_train_alike(copy.deepcopy)

    def _copies_train_alike(self, copied: Callable[[object], object]) -> None:
        run, trainer = RecordingTracker(), self._adapter.build()
        self._adapter.train(trainer, self._adapter.callback(run), 3)
        other, recorded = copied(trainer), len(run.logged)
        state = torch.get_rng_state()

        found = self._adapter.train(other, None, 3)
        assert len(run.logged) == recorded
        torch.set_rng_state(state)
        assert self._adapter.train(trainer, None, 3) == found
        assert len(run.logged) > recorded
