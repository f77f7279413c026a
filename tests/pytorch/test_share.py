"""What watching takes of a training's time, by a clock that the test turns."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from typing import Any

import pytest
import torch

from mltrack_core import Guard
from mltrack_core.testing.clock import FakeClock
from mltrack_core.testing.recording import RecordingTracker
from mltrack_pytorch import observer as module
from mltrack_pytorch.measures import histograms
from mltrack_pytorch.measures import norms
from mltrack_pytorch.observer import Observer

STEP_S = 0.23  # of a transformer of 10 million parameters on a CPU, and what watching it takes:
NORMS_S = 0.0026
COUNTS_S = 0.02

Train = Callable[..., list[float]]


def interval(run: RecordingTracker, what: str) -> int:
    """Return how many updates there are between two measurements, as the run was told last."""
    told = run.params["capture"][f"pytorch.updates_between_{what}"]
    assert isinstance(told, int)
    return told


@pytest.fixture
def train(monkeypatch: pytest.MonkeyPatch, run: RecordingTracker) -> Train:
    """Watches steps that take as long as the test says; returns what each of them takes then."""
    clock = FakeClock()

    def taking(seconds: float, measure: Callable[[Any], Any]) -> Callable[[Any], Any]:
        def measured(pieces: Any) -> Any:
            clock.advance(seconds)
            return measure(pieces)

        return measured

    monkeypatch.setattr(module, "l2_norms", taking(NORMS_S, norms.l2_norms))
    monkeypatch.setattr(module, "counts", taking(COUNTS_S, histograms.counts))

    def watched(steps: int, *, optimizers: int = 1) -> list[float]:
        weights = [torch.nn.Parameter(torch.ones(520, 520)) for _ in range(optimizers)]
        stepping = [torch.optim.SGD([weight], lr=0.1) for weight in weights]
        for weight in weights:
            weight.grad = torch.ones(520, 520)
        observer = Observer(run, guard=Guard(), clock=clock.monotonic)
        observer.expect(stepping)
        found = []
        for step in range(steps):
            began_s = clock.now_s
            for index, optimizer in enumerate(stepping):
                is_measured = observer.before_update(optimizer, step=step * optimizers + index + 1)
                # The optimizer reads again what the norms have driven out of the caches.
                clock.advance(STEP_S / optimizers + (NORMS_S if is_measured else 0.0))
                observer.after_update(optimizer)
            found.append((clock.now_s - began_s) / STEP_S)
        return found

    return watched


@pytest.mark.parametrize("optimizers", [1, 2, 3])
def test_a_step_costs_one_percent_more_at_most(train: Train, optimizers: int) -> None:
    """In the median and in the mean of the first forty after the warm-up, all optimizers together.

    The norms' wake in the caches is in it, which nobody times.
    """
    steps = train(44, optimizers=optimizers)[4:]

    assert statistics.median(steps) <= 1.01
    assert statistics.mean(steps) <= 1.01


def test_everything_is_measured_again_within_a_longer_training(
    train: Train, run: RecordingTracker
) -> None:
    """Norms every few updates, histograms more rarely, and both intervals are told."""
    steps = train(600)

    assert statistics.mean(steps[4:]) <= 1.01
    assert len(run.points("grad/norm")) >= 120
    names = [name for call in run.logged for name in call.values]
    assert sum(name.startswith("grad/histogram/") for name in names) >= 2
    assert interval(run, "norms") <= 5
    assert interval(run, "histograms") <= 300


def test_what_stays_in_a_cache_of_its_own_counts_once(
    run: RecordingTracker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A small model's norms drive nothing out that is read again."""
    clock = FakeClock()

    def measured(pieces: Any) -> Any:
        clock.advance(0.01)
        return norms.l2_norms(pieces)

    monkeypatch.setattr(module, "l2_norms", measured)
    weight = torch.nn.Parameter(torch.ones(10))
    weight.grad = torch.ones(10)
    optimizer = torch.optim.SGD([weight], lr=0.1)
    observer = Observer(run, guard=Guard(), clock=clock.monotonic, share=0.125)

    for step in range(1, 41):
        observer.before_update(optimizer, step=step)
        clock.advance(0.01)
        observer.after_update(optimizer)

    assert interval(run, "norms") < 15  # and not 20
