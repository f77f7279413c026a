"""Gradient norms against gradients that were got in another way: from what plain SGD does."""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import Any

import keras
import numpy
import pytest

from mltrack.keras import MLTrackCallback
from mltrack_core.testing.recording import RecordingTracker
from mltrack_keras import measuring

BACKEND = keras.config.backend()
# Histograms have tests of their own, and take long to compile.
OFTEN: dict[str, Any] = {
    "batch_every": 1,
    "gradients": True,
    "histograms": False,
    "share": 0,
}
Data = tuple[Any, Any]
Make = Callable[..., Any]


def build(optimizer: Any, **options: Any) -> Any:
    """Return a small classifier of digits without a random element, always with equal weights."""
    keras.utils.set_random_seed(3)
    layers = keras.layers
    model = keras.Sequential(
        [
            layers.Input((64,)),
            layers.Dense(16, activation="relu", name="first"),
            layers.LayerNormalization(name="norm"),
            layers.Dense(10, name="last"),
        ]
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer, loss, **options)
    return model


def norm(arrays: list[Any]) -> float:
    """Return the norm of *arrays* as one long vector."""
    return float(numpy.sqrt(sum((array.astype("float64") ** 2).sum() for array in arrays)))


@pytest.fixture(scope="module")
def batches(digits: Data) -> list[Data]:
    """Six batches of 16, and what is left."""
    x, y = digits
    return [(x[i : min(i + 16, 104)], y[i : min(i + 16, 104)]) for i in range(0, 104, 16)]


@pytest.fixture(scope="module")
def gradients(batches: list[Data]) -> list[list[Any]]:
    """Each batch's gradients at the initial weights: what SGD at rate 1 takes off them."""
    model = build(keras.optimizers.SGD(1.0))
    before = model.get_weights()
    found = []
    for x, y in batches:
        model.set_weights(before)
        model.train_on_batch(x, y)
        found.append([old - new for old, new in zip(before, model.get_weights(), strict=True)])
    return found


def train(run: RecordingTracker, batches: list[Data], optimizer: Any, **options: Any) -> Any:
    """Train an epoch over *batches* with a callback that measures every update."""
    model = build(optimizer, **options)
    x = numpy.concatenate([x for x, _ in batches])
    y = numpy.concatenate([y for _, y in batches])
    callback = MLTrackCallback(run, **OFTEN)
    model.fit(x, y, batch_size=16, shuffle=False, verbose=0, callbacks=[callback])
    return model


SGD = keras.optimizers.SGD


@pytest.mark.parametrize(
    ("optimizer", "options"),
    [
        (lambda: SGD(0.0), {}),
        pytest.param(lambda: SGD(0.0), {"jit_compile": True}, marks=pytest.mark.slow),
        (lambda: SGD(0.0), {"run_eagerly": True}),
        (lambda: keras.optimizers.LossScaleOptimizer(SGD(0.0)), {}),
        (lambda: SGD(0.0, loss_scale_factor=8.0), {}),
        (lambda: SGD(0.0, global_clipnorm=0.1), {}),
    ],
    ids=["plain", "compiled", "eager", "loss-scale", "scale-factor", "clipped"],
)
def test_norms_are_those_of_each_batch(
    batches: list[Data],
    gradients: list[list[Any]],
    run: RecordingTracker,
    optimizer: Any,
    options: dict[str, Any],
) -> None:
    """Globally and for each layer, before clipping and without the scale; the odd batch too."""
    train(run, batches, optimizer(), **options)

    assert run.points("grad/norm") == [
        (step, pytest.approx(norm(arrays), rel=1e-4)) for step, arrays in enumerate(gradients, 1)
    ]
    for layer, first in (("first", 0), ("norm", 2), ("last", 4)):
        assert run.values(f"grad/norm/{layer}") == [
            pytest.approx(norm(arrays[first : first + 2]), rel=1e-4) for arrays in gradients
        ]


@pytest.mark.parametrize("clip", ["global_clipnorm", "clipnorm", "clipvalue"])
def test_the_clip_coefficient_is_what_clipping_leaves(
    batches: list[Data], gradients: list[list[Any]], run: RecordingTracker, clip: str
) -> None:
    """The norm after clipping as a share of the one before."""
    limit = 0.01 if clip == "clipvalue" else 0.1
    train(run, batches, SGD(0.0, **{clip: limit}))

    for index, arrays in enumerate(gradients):
        if clip == "global_clipnorm":
            left = min(1.0, limit / norm(arrays))
        elif clip == "clipnorm":
            left = norm([a * min(1, limit / norm([a])) for a in arrays]) / norm(arrays)
        else:
            left = norm([a.clip(-limit, limit) for a in arrays]) / norm(arrays)
        assert run.points("grad/clip_coefficient")[index] == (
            index + 1,
            pytest.approx(left, rel=1e-3),
        )


def test_without_clipping_there_is_no_coefficient(
    batches: list[Data], run: RecordingTracker
) -> None:
    """A coefficient of 1 would say that something is set up which is not."""
    train(run, batches, SGD(0.0))

    assert run.points("grad/norm")
    assert run.points("grad/clip_coefficient") == []


def test_accumulated_gradients_are_measured_once_an_update(
    batches: list[Data], gradients: list[list[Any]], run: RecordingTracker
) -> None:
    """What is applied is the mean over the batches; its norm is recorded, at its update."""
    train(run, batches, SGD(0.0, gradient_accumulation_steps=2))

    pairs = zip(gradients[0::2], gradients[1::2], strict=False)
    means = [[(a + b) / 2 for a, b in zip(*pair, strict=True)] for pair in pairs]
    assert run.points("grad/norm") == [
        (step, pytest.approx(norm(arrays), rel=1e-4)) for step, arrays in enumerate(means, 1)
    ]


@pytest.mark.skipif(BACKEND == "torch", reason="Keras refuses steps_per_execution on PyTorch")
def test_several_steps_per_execution(
    batches: list[Data], gradients: list[list[Any]], run: RecordingTracker
) -> None:
    """What is recorded belongs to the update that it is recorded for."""
    expected = [norm(arrays) for arrays in gradients]

    train(run, batches, SGD(0.0), steps_per_execution=3)

    points = run.points("grad/norm")
    assert points
    for step, value in points:
        assert step is not None
        assert value == pytest.approx(expected[step - 1], rel=1e-4)


def test_a_frozen_layer_has_no_norm(
    batches: list[Data], gradients: list[list[Any]], run: RecordingTracker
) -> None:
    """Norms go by the variables that are trained, also where others lie between them."""
    model = build(SGD(0.0))
    model.get_layer("norm").trainable = False
    model.compile(SGD(0.0), model.loss)
    x, y = batches[0]

    model.fit(x, y, batch_size=16, verbose=0, callbacks=[MLTrackCallback(run, **OFTEN)])

    expected = gradients[0]
    assert run.points("grad/norm/norm") == []
    assert run.points("grad/norm/last") == [(1, pytest.approx(norm(expected[4:]), rel=1e-4))]


def test_rows_of_an_embedding_that_repeat_are_added_up(run: RecordingTracker) -> None:
    """On TensorFlow such a gradient is a list of rows, some of them several times."""

    def embedded(rate: float) -> Any:
        keras.utils.set_random_seed(3)
        model = keras.Sequential(
            [
                keras.layers.Input((4,), dtype="int32"),
                keras.layers.Embedding(5, 3, name="words"),
                keras.layers.Flatten(),
                keras.layers.Dense(1),
            ]
        )
        model.compile(SGD(rate), "mse")
        return model

    x, y = numpy.array([[1, 1, 2, 1]] * 3), numpy.ones((3, 1), "float32")
    reference = embedded(1.0)
    before = reference.get_weights()[0]
    reference.train_on_batch(x, y)

    embedded(0.0).fit(x, y, verbose=0, callbacks=[MLTrackCallback(run, **OFTEN)])

    expected = norm([before - reference.get_weights()[0]])
    assert run.points("grad/norm/words") == [(1, pytest.approx(expected, rel=1e-4))]


def test_by_default_only_steps_that_are_not_compiled_are_measured(
    make_model: Make, digits: Data
) -> None:
    """Where measuring is a part of the program, it is a part only of what asked for it."""
    x, y = digits
    points = {}
    for eagerly in (False, True):
        run = RecordingTracker()
        make_model(run_eagerly=eagerly).fit(
            x, y, batch_size=16, verbose=0, callbacks=[MLTrackCallback(run)]
        )
        points[eagerly] = [step for step, _ in run.points("grad/norm")]

    assert points == {False: [10] if BACKEND == "torch" else [], True: [10]}


@pytest.mark.skipif(BACKEND == "torch", reason="nothing is compiled there")
def test_a_step_is_compiled_once_more_at_most(batches: list[Data], run: RecordingTracker) -> None:
    """Only where it was compiled without us; another callback's fit needs no new one."""
    traces: list[None] = []

    class Traced(keras.Sequential):  # type: ignore[misc]
        def train_step(self, *args: Any) -> Any:
            traces.append(None)
            return super().train_step(*args)

    keras.utils.set_random_seed(3)
    model = Traced([keras.layers.Input((64,)), keras.layers.Dense(10)])
    model.compile(SGD(0.1), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    x, y = batches[0]
    counts = []
    for callbacks in ([], [MLTrackCallback(run, **OFTEN)], [MLTrackCallback(run, **OFTEN)], []):
        before = len(traces)
        model.fit(x, y, batch_size=16, verbose=0, callbacks=callbacks)
        counts.append(len(traces) - before)

    assert counts[0] > 0
    assert counts == [counts[0], counts[0], 0, 0]
    assert len(run.points("grad/norm")) == 2


def test_the_optimizer_is_as_it_was(
    make_model: Make, digits: Data, run: RecordingTracker, tmp_path: Any
) -> None:
    """After the fit, and after one that an exception has left; what is saved can be loaded."""
    x, y = digits
    model = make_model("adam")
    model.fit(x, y, verbose=0)
    before = dict(vars(model.optimizer))

    class Fail(keras.callbacks.Callback):  # type: ignore[misc]
        def on_train_batch_end(self, batch: int, logs: object = None) -> None:
            self.model.save(tmp_path / "inside.keras")  # asked of us, JAX brings its state back
            raise ValueError("on purpose")

    model.fit(x, y, verbose=0, callbacks=[MLTrackCallback(run, **OFTEN)])
    assert vars(model.optimizer).keys() == before.keys()
    with pytest.raises(ValueError, match="on purpose"):
        model.fit(x, y, verbose=0, callbacks=[MLTrackCallback(run, **OFTEN), Fail()])
    gc.collect()

    assert vars(model.optimizer).keys() == before.keys()
    keras.models.load_model(tmp_path / "inside.keras").fit(x, y, verbose=0)


def test_a_fault_in_measuring_leaves_the_training_alone(
    make_model: Make,
    digits: Data,
    run: RecordingTracker,
    weights_of: Callable[[Any], bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It happens within the step, where an exception would be the user's end."""
    monkeypatch.setenv("MLTRACK_STRICT", "0")
    x, y = digits

    def broken(*args: object) -> None:
        raise ValueError("on purpose")

    for name in ("_OnTorch", "_OnJax", "_OnTensorFlow"):
        monkeypatch.setattr(getattr(measuring, name), "measure", broken, raising=False)
        monkeypatch.setattr(getattr(measuring, name), "copies", broken)
    monkeypatch.setattr(measuring._OnTorch, "_measure", broken)
    plain = make_model()
    plain.fit(x, y, verbose=0)
    tracked = make_model()
    broken_one = MLTrackCallback(run, **(OFTEN | {"histograms": True}))
    tracked.fit(x, y, verbose=0, callbacks=[broken_one])

    assert weights_of(tracked) == weights_of(plain)
    assert run.points("grad/norm") == []
    assert run.points("train/loss")


def test_gradients_that_are_not_finite_are_marked(digits: Data, run: RecordingTracker) -> None:
    """They show before the loss does, and with the layers that they are in."""
    x, y = digits
    model = build(SGD(0.1))
    weights = model.get_weights()
    weights[-2][0, 0] = numpy.inf  # of the last layer: some processors' ReLU makes 0 of NaN
    model.set_weights(weights)

    model.fit(x, y, verbose=0, callbacks=[MLTrackCallback(run, **OFTEN, on_nonfinite="stop")])

    assert run.marks[0][0] == "health.nonfinite"
    assert model.stop_training
    assert run.params["keras.fit"]["stopped_by"] == "MLTrackCallback"


def test_of_two_callbacks_one_has_all_norms(batches: list[Data]) -> None:
    """Rather than each some of them; the optimizer is left as it was by both."""
    runs = RecordingTracker(), RecordingTracker()
    model = build(SGD(0.0))
    x, y = batches[0]

    callbacks = [MLTrackCallback(run, **OFTEN) for run in runs]
    model.fit(x, y, batch_size=4, verbose=0, callbacks=callbacks)

    assert [len(run.points("grad/norm")) for run in runs] == [0, 4]
    assert "_clip_gradients" not in vars(model.optimizer)


@pytest.mark.skipif(BACKEND != "jax", reason="elsewhere there is one program")
def test_a_step_that_measures_nothing_is_the_one_without_us(
    batches: list[Data], run: RecordingTracker
) -> None:
    """No program is compiled before it is needed, and the model keeps the one that it had."""
    traces: list[None] = []

    class Traced(keras.Sequential):  # type: ignore[misc]
        def train_step(self, *args: Any) -> Any:
            traces.append(None)
            return super().train_step(*args)

    model = Traced([keras.layers.Input((64,)), keras.layers.Dense(10)])
    model.compile(SGD(0.1), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    x, y = batches[0]
    model.fit(x, y, batch_size=4, verbose=0)
    step, count = model.train_function, len(traces)
    found = []
    for every in (100, 6):
        rarely = MLTrackCallback(run, **(OFTEN | {"batch_every": every}))
        model.fit(x, y, batch_size=4, verbose=0, callbacks=[rarely])
        found.append(len(traces) - count)
        assert model.train_function is step
        assert "train_step" not in vars(model)

    assert found[0] == 0
    assert found[1] > 0, "the twelfth update was one to be measured"
    assert [step for step, _ in run.points("grad/norm")] == [12]
