"""Weights and optimizer state at the end of epochs."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import keras
import numpy
import pytest

from mltrack.keras import MLTrackCallback
from mltrack_core.records import ByExponent
from mltrack_core.testing.recording import RecordingTracker
from mltrack_keras.weights import Weights
from mltrack_keras.weights import by_exponent

Make = Callable[..., Any]
Data = tuple[Any, Any]


def test_norms_and_histograms_are_those_of_the_weights(
    make_model: Make, digits: Data, run: RecordingTracker
) -> None:
    """Of each layer and of all, at the update that the epoch ends with."""
    x, y = digits
    model = make_model("adam")

    model.fit(x, y, batch_size=16, verbose=0, callbacks=[MLTrackCallback(run)])

    arrays = model.get_weights()
    total = math.sqrt(sum((array.astype("float64") ** 2).sum() for array in arrays))
    assert run.points("param/norm") == [(10, pytest.approx(total))]
    first = model.layers[0].name
    [(step, histogram)] = run.points(f"param/histogram/{first}")
    assert (step, histogram) == (10, by_exponent(arrays[:2]))
    kinds = {name for call in run.logged for name in call.values if name.startswith("opt/state/")}
    assert kinds == {"opt/state/momentum", "opt/state/velocity"}


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_every_value_is_counted_by_its_exponent(dtype: str) -> None:
    """Zeros, what is infinite and what is no number have counts of their own."""
    values = [1.0, 1.5, -2.0, 0.0, -0.0, math.nan, -math.nan, math.inf, math.inf, -math.inf, 0.25]
    array = numpy.array(values, dtype)

    found = by_exponent([array.reshape(1, -1), array[:2]])

    assert found == ByExponent(
        1, [1], -2, [1, 0, 4], zeros=2, nans=2, negative_infinities=1, positive_infinities=2
    )


def test_what_takes_long_is_done_rarely(make_model: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """An epoch that takes no longer than measuring has to wait for about a hundred others."""
    now = [0.0]
    model = make_model("sgd")
    weights = Weights(clock=lambda: now[0])
    original = keras.ops.convert_to_numpy

    def slow(value: Any) -> Any:
        now[0] += 0.25  # four variables: a second
        return original(value)

    monkeypatch.setattr(keras.ops, "convert_to_numpy", slow)
    measured = []
    for epoch in range(150):
        now[0] += 1.0
        if weights.measure(model):
            measured.append(epoch)

    assert measured == [0, 100]


def test_a_loss_scale_is_recorded(make_model: Make, digits: Data, run: RecordingTracker) -> None:
    """As it stands at the end of the epoch."""
    x, y = digits
    scaled = keras.optimizers.LossScaleOptimizer(
        keras.optimizers.SGD(0.1), initial_scale=8.0, dynamic_growth_steps=10
    )

    make_model(scaled).fit(x, y, batch_size=16, verbose=0, callbacks=[MLTrackCallback(run)])

    assert run.points("amp/scale") == [(10, 16.0)]


def test_updates_that_overflow_are_counted(
    make_model: Make, digits: Data, run: RecordingTracker
) -> None:
    """Each halves the scale, and none is a step; those of several epochs are added up."""
    x, y = digits
    scaled = keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(0.0), initial_scale=2.0**126)

    make_model(scaled).fit(
        100 * x, y, batch_size=16, epochs=2, verbose=0, callbacks=[MLTrackCallback(run)]
    )

    halved = [126 - math.log2(scale) for _, scale in run.points("amp/scale")]  # type: ignore[arg-type]
    skipped = [count for _, count in run.points("amp/skipped")]
    assert skipped == halved
    assert 0 < halved[0] <= 10
    assert [step for step, _ in run.points("train/loss")] == [10 - halved[0], 20 - halved[1]]


def test_they_can_be_left_out(make_model: Make, digits: Data, run: RecordingTracker) -> None:
    """`histograms=False` reads no weights."""
    x, y = digits

    make_model().fit(x, y, verbose=0, callbacks=[MLTrackCallback(run, histograms=False)])

    assert not any(
        name.startswith(("param/", "opt/state")) for c in run.logged for name in c.values
    )
