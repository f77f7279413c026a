"""Histograms of gradients and updates, and how far an update moves the weights: to the digit."""

from __future__ import annotations

from typing import Any

import keras
import numpy
import pytest

from mltrack.keras import MLTrackCallback
from mltrack_core.testing.recording import RecordingTracker
from mltrack_keras.weights import by_exponent

BACKEND = keras.config.backend()
SGD = keras.optimizers.SGD

# The tenth sample is the first with anything in it; until then nothing moves.
X = numpy.zeros((12, 4), "float32")
X[9] = [1.0, 0.5, 0.0, -4.0]
Y = numpy.full((12, 1), -1.0, "float32")
GRADIENT = 2 * X[9]  # of the square of 0 - -1, at weights of 0
UPDATE = -GRADIENT / 2


def train(run: RecordingTracker, optimizer: Any, repeats: int = 1, **options: Any) -> None:
    """Train a neuron without bias from 0, sample by sample, each of them so many times."""
    neuron = keras.layers.Dense(1, use_bias=False, kernel_initializer="zeros", name="neuron")
    model = keras.Sequential([keras.layers.Input((4,)), neuron])
    model.compile(optimizer, "mse", **options)
    callback = MLTrackCallback(run, batch_every=1, gradients=True, share=0)
    x, y = (numpy.repeat(part, repeats, axis=0) for part in (X, Y))
    model.fit(x, y, batch_size=1, shuffle=False, verbose=0, callbacks=[callback])


@pytest.mark.parametrize(
    ("optimizer", "repeats", "options"),
    [
        (lambda: SGD(0.5), 1, {}),
        (lambda: SGD(0.5), 1, {"run_eagerly": True}),
        (lambda: SGD(0.5, gradient_accumulation_steps=2), 2, {}),
        (lambda: keras.optimizers.LossScaleOptimizer(SGD(0.5)), 1, {}),
    ],
    ids=["plain", "eager", "accumulated", "loss-scale"],
)
def test_every_tenth_measurement_is_in_full(
    run: RecordingTracker, optimizer: Any, repeats: int, options: dict[str, Any]
) -> None:
    """At the tenth update; all that this one does is new: the ratio is 1."""
    train(run, optimizer(), repeats, **options)

    assert len(run.points("grad/norm")) == 12
    assert run.points("grad/histogram/neuron") == [(10, by_exponent([GRADIENT]))]
    assert run.points("update/histogram/neuron") == [(10, by_exponent([UPDATE]))]
    for name in ("param/update_ratio", "param/update_ratio/neuron"):
        assert run.points(name) == [(10, 1.0)]


def test_what_is_no_number_is_counted(run: RecordingTracker) -> None:
    """In a gradient as in the update that comes of it."""
    train(run, SGD(numpy.inf))  # infinity times a gradient of 0

    nothing = by_exponent([numpy.full(4, numpy.nan, "float32")])
    for what in ("grad", "update"):
        [(step, histogram)] = run.points(f"{what}/histogram/neuron")
        assert step == 10
        assert histogram == nothing
    assert all(numpy.isnan(ratio) for _, ratio in run.points("param/update_ratio"))  # type: ignore[call-overload]


@pytest.mark.skipif(BACKEND != "torch", reason="elsewhere the compiler holds the copies")
def test_weights_too_many_to_be_held_twice_are_not(
    run: RecordingTracker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A device that is nearly full must not fail for a histogram of updates."""
    monkeypatch.setattr("mltrack_keras.measuring._COPY_BYTES_MAX", 15)

    train(run, SGD(0.5))

    assert run.points("grad/histogram/neuron") == [(10, by_exponent([GRADIENT]))]
    assert run.points("update/histogram/neuron") == []


def test_without_histograms_only_norms_are_measured(run: RecordingTracker) -> None:
    """`histograms=False` copies no weights."""
    keras.utils.set_random_seed(3)
    model = keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(1)])
    model.compile(SGD(0.5), "mse")
    callback = MLTrackCallback(run, batch_every=1, gradients=True, histograms=False, share=0)

    model.fit(X, Y, batch_size=1, verbose=0, callbacks=[callback])

    names = {name for call in run.logged for name in call.values}
    assert "grad/norm" in names
    assert not any("histogram" in name or "ratio" in name for name in names)
