"""Measuring takes its share of the time and no more; which interval that makes is said."""

from __future__ import annotations

from typing import Any

import keras
import numpy
import pytest

from mltrack.keras import MLTrackCallback
from mltrack_core.testing.clock import FakeClock
from mltrack_core.testing.recording import RecordingTracker
from mltrack_keras import intervals
from mltrack_keras import measuring
from mltrack_keras.intervals import Intervals

BACKEND = keras.config.backend()


class Part:
    """Something whose measurement takes a known time."""

    def __init__(self, every: int, cost_s: float | None) -> None:
        self.every, self.cost_s = every, cost_s

    def widen(self, every: int) -> None:
        self.every = every


def train(chosen: Intervals, clock: FakeClock, batches: int, batch_s: float) -> list[bool]:
    """Let so many batches begin, each after the time given."""
    found = []
    for _ in range(batches):
        found.append(chosen.batch_begins())
        clock.advance(batch_s)
    return found


def test_an_interval_is_doubled_until_it_is_wide_enough() -> None:
    """50 ms beside steps of 10 ms: 1 % allows one in 500, and the next multiple is 640."""
    clock, part = FakeClock(), Part(10, 0.05)
    chosen = Intervals({"a": (0.01, [part])}, 1, clock.monotonic)

    answers = train(chosen, clock, 500, 0.01)

    assert part.every == 640
    assert answers.count(True) == 1
    assert chosen.chosen() == {"a": 640}


def test_what_is_cheap_is_measured_as_often_as_is_wanted() -> None:
    """And so is what takes a time that nobody knows."""
    clock, parts = FakeClock(), [Part(10, 0.001), Part(10, None)]
    chosen = Intervals({"a": (0.01, parts[:1]), "b": (0.01, parts[1:])}, 1, clock.monotonic)

    train(chosen, clock, 500, 0.01)

    assert [part.every for part in parts] == [10, 10]


def test_what_lies_between_epochs_is_no_training() -> None:
    """Nor is the batch that is compiled."""
    clock, part = FakeClock(), Part(1, 0.01)
    chosen = Intervals({"a": (0.01, [part])}, 1, clock.monotonic)

    train(chosen, clock, 1, 3600.0)
    for _ in range(40):
        chosen.begin_epoch()
        train(chosen, clock, 3, 0.01)
        clock.advance(3600.0)

    assert part.every == 128  # one in 100


def test_several_updates_in_a_batch_are_shorter_than_it() -> None:
    """With accumulated gradients, the other way about."""
    clock, part = FakeClock(), Part(1, 0.01)
    chosen = Intervals({"a": (0.01, [part])}, 0.25, clock.monotonic)

    train(chosen, clock, 100, 0.01)

    assert part.every == 32  # an update takes 40 ms: one in 25


@pytest.mark.parametrize("share", [0.01, 0.0])
def test_a_training_widens_them_and_says_so(
    run: RecordingTracker, monkeypatch: pytest.MonkeyPatch, share: float
) -> None:
    """What is told is what is done; with a share of 0 all is measured that was asked for."""
    monkeypatch.setattr(intervals, "_FIRST", 4)
    monkeypatch.setattr(measuring, "_fastest", lambda call: 3600.0)
    if BACKEND == "torch":
        monkeypatch.setattr(measuring._OnTorch, "cost_s", 3600.0)
    keras.utils.set_random_seed(3)
    model = keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    x, y = numpy.ones((20, 4), "float32"), numpy.ones((20, 1), "float32")
    callback = MLTrackCallback(run, batch_every=1, gradients=True, share=share)

    model.fit(x, y, batch_size=1, verbose=0, callbacks=[callback])

    told: dict[str, Any] = run.params["capture"]
    steps = [step for step, _ in run.points("grad/norm")]
    if share:
        assert told["keras.updates_between_norms"] > 1000
        assert steps == [1, 2, 3, 4, 5, 6]
    else:
        assert told == {
            "keras.updates_between_norms": 1,
            "keras.updates_between_histograms": 10,
        }
        assert steps == list(range(1, 21))


def test_a_share_is_a_share(run: RecordingTracker) -> None:
    """A wrong one is an error at once."""
    with pytest.raises(ValueError, match="0 to 1"):
        MLTrackCallback(run, share=2)
