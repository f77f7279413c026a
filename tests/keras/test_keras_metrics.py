"""What the callback records of a training, against what Keras itself says."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy
import pytest

import mltrack_core
from mltrack.keras import MLTrackCallback
from mltrack_core.records import Scalars
from mltrack_core.testing.recording import RecordingTracker
from mltrack_core.testing.spool import RecordedSpool
from mltrack_keras.batches import BatchLoss

BACKEND = keras.config.backend()
Make = Callable[..., Any]
Data = tuple[Any, Any]


def test_epoch_metrics_are_those_of_keras_history(
    make_model: Make, digits: Data, run: RecordingTracker
) -> None:
    """Every metric of the history is recorded, exactly, at the epoch's last update."""
    x, y = digits

    history = make_model("adam", metrics=["accuracy"]).fit(
        x, y, batch_size=16, epochs=3, verbose=0, validation_split=0.2,
        callbacks=[MLTrackCallback(run)],
    ).history  # fmt: skip

    assert set(history) == {"loss", "accuracy", "val_loss", "val_accuracy"}
    for name, expected in history.items():
        ours = name.replace("val_", "val/") if name.startswith("val_") else f"train/{name}"
        assert run.points(ours) == list(zip([8, 16, 24], expected, strict=True))


def test_axes_tell_epoch_samples_and_fit(
    make_model: Make, digits: Data, run: RecordingTracker
) -> None:
    """Ten batches of 16 and a short one of 6 are 150 + 6 samples."""
    x, y = digits

    make_model().fit(
        x[:150], y[:150], batch_size=16, epochs=2, verbose=0, callbacks=[MLTrackCallback(run)]
    )

    axes = [call.axes for call in run.logged if "train/loss" in call.values]
    assert axes == [
        {"epoch": 1, "fit": 1, "samples": 150},
        {"epoch": 2, "fit": 1, "samples": 300},
    ]


def test_batch_loss_is_taken_back_from_the_running_mean(
    make_model: Make, digits: Data, run: RecordingTracker
) -> None:
    """With a learning rate of 0 each batch's loss can be measured by itself; it is the same."""
    x, y = digits
    model = make_model(keras.optimizers.SGD(0.0))
    model.layers[1].rate = 0.0  # no dropout

    model.fit(
        x, y, batch_size=16, shuffle=False, verbose=0,
        callbacks=[MLTrackCallback(run, batch_every=5)],
    )  # fmt: skip

    points = run.points("train/batch_loss")
    begin = 0
    for end, loss in points:
        assert end is not None
        exact = model.evaluate(
            x[16 * begin : 16 * end], y[16 * begin : 16 * end], batch_size=16, verbose=0
        )
        assert loss == pytest.approx(exact, rel=1e-4)
        begin = end
    assert points


def test_batches_in_any_order_make_windows_in_order() -> None:
    """Threads deliver out of order: the windows are sorted, tile the epoch and are exact."""
    losses = numpy.arange(1.0, 41.0)
    means = numpy.cumsum(losses) / numpy.arange(1, 41)
    order = numpy.random.default_rng(0).permutation(40)
    loss = BatchLoss(4, 40)

    windows = [loss.complete(int(index), float(means[index])) for index in order]

    begin = 0
    for window in filter(None, windows):
        assert window.batches > begin
        assert window.loss == pytest.approx(losses[begin : window.batches].mean())
        begin = window.batches
    assert begin > 0
    assert loss.count == 40


def test_a_long_epoch_widens_the_windows() -> None:
    """Beyond what float32 resolves, a window would be rounding: it takes more batches then."""
    loss = BatchLoss(1, None)
    windows = [loss.complete(index, 1.0) for index in range(10_000)]

    assert sum(window is not None for window in windows) < 5000


@pytest.mark.skipif(BACKEND == "torch", reason="Keras refuses steps_per_execution on PyTorch")
def test_batches_that_are_none_do_not_count(
    make_model: Make, digits: Data, run: RecordingTracker
) -> None:
    """With 3 steps per execution, Keras reports batch 12 of 10."""
    x, y = digits

    make_model(steps_per_execution=3).fit(
        x, y, batch_size=16, epochs=2, verbose=0, callbacks=[MLTrackCallback(run, batch_every=1)]
    )

    calls = [call for call in run.logged if "train/batch_loss" in call.values]
    assert calls
    assert max(call.axes["epoch"] for call in calls) == 2.0
    assert max(run.steps()) == 20


def test_a_second_fit_continues(make_model: Make, digits: Data, run: RecordingTracker) -> None:
    """The update axis goes on, also after another compile; `fit` tells the fits apart."""
    x, y = digits
    model, callback = make_model(), MLTrackCallback(run)

    model.fit(x, y, batch_size=16, verbose=0, callbacks=[callback])
    model.fit(x, y, batch_size=16, verbose=0, initial_epoch=5, epochs=6, callbacks=[callback])
    model.compile(optimizer="sgd", loss="sparse_categorical_crossentropy")
    model.fit(x, y, batch_size=16, verbose=0, callbacks=[callback])

    epochs = [call for call in run.logged if "train/loss" in call.values]
    assert [call.step for call in epochs] == [10, 20, 30]
    assert [call.axes["fit"] for call in epochs] == [1, 2, 3]
    assert [call.axes["epoch"] for call in epochs] == [1, 6, 1]
    assert run.rewinds == []


def test_accumulated_gradients_make_fewer_updates(
    make_model: Make, digits: Data, run: RecordingTracker
) -> None:
    """Ten batches, two for each update: five steps."""
    x, y = digits
    optimizer = keras.optimizers.SGD(gradient_accumulation_steps=2)

    make_model(optimizer).fit(
        x, y, batch_size=16, verbose=0, callbacks=[MLTrackCallback(run, batch_every=1)]
    )

    assert max(run.steps()) == 5
    assert run.steps() == sorted(run.steps())


def test_early_stopping_says_why(make_model: Make, digits: Data, run: RecordingTracker) -> None:
    """Which callback stopped the training, for what, and which epoch was the best."""
    x, y = digits
    stop = keras.callbacks.EarlyStopping(
        monitor="loss", patience=1, min_delta=100, restore_best_weights=True
    )

    make_model().fit(x, y, epochs=9, verbose=0, callbacks=[MLTrackCallback(run), stop])

    fit = run.params["keras.fit"]
    assert fit["stopped_by"] == "EarlyStopping"
    assert fit["stopped_reason"] == "loss did not improve for 1 epochs"
    assert (fit["stopped_epoch"], fit["best_epoch"], fit["epochs_done"]) == (2, 1, 2)
    assert "EarlyStopping" in run.notes[0]


@pytest.mark.parametrize("ours_first", [True, False])
def test_the_learning_rate_is_the_one_used(
    make_model: Make, digits: Data, run: RecordingTracker, ours_first: bool
) -> None:
    """A scheduler's rate is recorded for the epoch that it is used in, whoever comes first."""
    x, y = digits
    rates = [0.5, 0.25, 0.125]
    callbacks = [MLTrackCallback(run), keras.callbacks.LearningRateScheduler(lambda e: rates[e])]

    make_model().fit(
        x, y, batch_size=16, epochs=3, verbose=0,
        callbacks=callbacks if ours_first else callbacks[::-1],
    )  # fmt: skip

    assert run.points("opt/learning_rate") == [(0, 0.5), (10, 0.25), (20, 0.125)]
    assert not any(name.endswith("learning_rate") for name in run.logged[-1].values)


def test_a_plateau_and_a_schedule_show_in_the_learning_rate(
    make_model: Make, digits: Data, run: RecordingTracker
) -> None:
    """ReduceLROnPlateau acts on the next epoch; a decay shows its value at the epoch's start."""
    x, y = digits
    other = RecordingTracker()
    plateau = keras.callbacks.ReduceLROnPlateau("loss", factor=0.5, patience=1, min_delta=100)
    decay = keras.optimizers.schedules.CosineDecay(0.1, 30)

    make_model(keras.optimizers.SGD(0.5)).fit(
        x, y, epochs=3, verbose=0, callbacks=[MLTrackCallback(run), plateau]
    )
    make_model(keras.optimizers.SGD(decay)).fit(
        x, y, batch_size=16, epochs=3, verbose=0, callbacks=[MLTrackCallback(other)]
    )

    assert run.values("opt/learning_rate") == [0.5, 0.5, 0.25]
    expected = [float(keras.ops.convert_to_numpy(decay(step))) for step in (0, 10, 20)]
    assert other.values("opt/learning_rate") == pytest.approx(expected)


def test_nan_is_recorded_and_said_once(
    make_model: Make, digits: Data, run: RecordingTracker
) -> None:
    """A diverged loss is a value, and something that a person should see."""
    x, y = digits

    broken = numpy.full((len(y), 10), numpy.nan, "float32")

    make_model(loss="mse").fit(x, broken, epochs=2, verbose=0, callbacks=[MLTrackCallback(run)])

    assert all(numpy.isnan(value) for value in run.values("train/loss"))  # type: ignore[call-overload]
    assert [title for _, title, _ in run.alerts] == ["The loss is nan"]


def test_evaluate_and_predict_belong_to_the_run(
    make_model: Make, digits: Data, run: RecordingTracker
) -> None:
    """With the callback of the training, they are recorded where the training stands."""
    x, y = digits
    model, callback = make_model(), MLTrackCallback(run)
    model.fit(x, y, batch_size=16, verbose=0, callbacks=[callback])

    result = model.evaluate(x, y, verbose=0, return_dict=True, callbacks=[callback])
    model.predict(x, verbose=0, callbacks=[callback])

    assert run.points("test/loss") == [(10, result["loss"])]
    assert [step for step, _ in run.points("perf/predict_s")] == [10]


def test_parameters_say_what_was_trained(
    make_model: Make, digits: Data, run: RecordingTracker
) -> None:
    """Framework, compile, optimizer, fit and model, each in a namespace of its own."""
    x, y = digits

    make_model(keras.optimizers.Adam(3e-4)).fit(
        x, y, batch_size=16, verbose=0, callbacks=[MLTrackCallback(run, config={"mine": 1})]
    )

    assert run.params[""] == {"mine": 1}
    assert run.params["framework"]["backend"] == BACKEND
    assert run.params["framework"]["backend_version"]
    assert run.params["keras.compile"]["loss"] == "sparse_categorical_crossentropy"
    assert run.params["keras.optimizer"]["class"] == "Adam"
    assert run.params["keras.optimizer"]["learning_rate"] == 3e-4
    assert run.params["keras.fit"]["batch_size"] == 16
    assert run.params["keras.fit"]["samples_per_epoch"] == 160
    assert run.params["model"]["parameters"] == 64 * 16 + 16 + 16 * 10 + 10
    assert "dense" in str(run.params["model"]["summary"])


def test_a_model_with_its_own_train_step_has_no_batch_loss(
    digits: Data, run: RecordingTracker
) -> None:
    """What it reports for a batch is not known; its epochs are recorded all the same."""

    class Own(keras.Sequential):  # type: ignore[misc]
        def train_step(self, *args: Any) -> Any:
            return super().train_step(*args)

    x, y = digits
    model = Own([keras.layers.Input((64,)), keras.layers.Dense(10)])
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))

    history = model.fit(x, y, verbose=0, callbacks=[MLTrackCallback(run, batch_every=1)]).history

    assert run.values("train/loss") == history["loss"]
    assert run.values("train/batch_loss") == []


def test_several_outputs_and_values_per_class(digits: Data, run: RecordingTracker) -> None:
    """Each output's metrics are recorded; a metric with a value per class is split up."""
    x, y = digits
    inputs = keras.layers.Input((64,))
    classes = keras.layers.Dense(10, activation="softmax", name="digit")(inputs)
    ink = keras.layers.Dense(1, name="ink")(inputs)
    model = keras.Model(inputs, {"digit": classes, "ink": ink})
    model.compile(
        "sgd",
        loss={"digit": "categorical_crossentropy", "ink": "mse"},
        metrics={"digit": [keras.metrics.F1Score(name="f1")]},
    )
    targets = {"digit": numpy.eye(10, dtype="float32")[y], "ink": x.mean(axis=1, keepdims=True)}

    model.fit(x, targets, verbose=0, callbacks=[MLTrackCallback(run)])

    recorded = {name for call in run.logged for name in call.values}
    assert {"train/loss", "train/digit_loss", "train/ink_loss", "train/digit_f1/9"} <= recorded


def test_a_generator_of_unknown_length_is_not_consumed_by_us(
    make_model: Make, digits: Data, run: RecordingTracker
) -> None:
    """Keras takes what it takes; with us it takes as much, and the optimizer counts the updates.

    On TensorFlow it counts one too many: the step that finds the data exhausted adds to it.
    """
    x, y = digits
    taken: list[int] = []

    def batches() -> Iterator[Data]:
        taken.append(0)
        for start in range(0, 160, 16):
            taken[-1] += 1
            yield x[start : start + 16], y[start : start + 16]

    make_model().fit(batches(), verbose=0)
    model = make_model()
    model.fit(batches(), verbose=0, callbacks=[MLTrackCallback(run)])

    assert taken[0] == taken[1]
    iterations = int(keras.ops.convert_to_numpy(model.optimizer.iterations))
    assert [step for step, _ in run.points("train/loss")] == [iterations]


def test_what_is_logged_without_a_step_stands_at_the_updates_made(
    make_model: Make, digits: Data, tmp_path: Path
) -> None:
    """By the user's own callbacks, within epochs and at their ends."""
    x, y = digits
    run = mltrack_core.init()

    class Mine(keras.callbacks.Callback):  # type: ignore[misc]
        def on_train_batch_end(self, batch: int, logs: object = None) -> None:
            run.log({"batch": batch})

        def on_epoch_end(self, epoch: int, logs: object = None) -> None:
            run.log({"epoch": epoch})

    make_model().fit(
        x, y, batch_size=40, epochs=2, verbose=0, callbacks=[MLTrackCallback(), Mine()]
    )
    mltrack_core.finish()

    points = RecordedSpool(tmp_path / "mltrack").of(Scalars)
    assert [p.step for p in points if "batch" in p.values] == [1, 2, 3, 4, 5, 6, 7, 8]
    assert [p.step for p in points if "epoch" in p.values] == [4, 8]
