"""Keras without a line of code."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from contextlib import nullcontext
from itertools import cycle
from pathlib import Path
from typing import Any

import keras
import pytest

import mltrack_core
from mltrack.keras import MLTrackCallback
from mltrack_core import autolog
from mltrack_core.records import Checkpoint
from mltrack_core.records import RunStarted
from mltrack_core.records import Scalars
from mltrack_core.testing.recording import RecordingTracker
from mltrack_core.testing.spool import RecordedSpool
from mltrack_keras.autolog import tap

Make = Callable[..., Any]
Data = tuple[Any, Any]
WRAPPED = ((keras.callbacks.CallbackList, "__init__"), (keras.Model, "save"))


@pytest.fixture
def tapped() -> Iterator[None]:
    """Keras with its tap on, and recording without code turned on."""
    before = [vars(owner)[name] for owner, name in WRAPPED]
    restore = tap(keras)
    autolog.activate()
    yield
    autolog.deactivate()
    restore()
    assert [vars(owner)[name] for owner, name in WRAPPED] == before


@pytest.fixture
def recorded(tmp_path: Path) -> Callable[[], list[Any]]:
    """Ends the run and returns everything that was recorded."""

    def records() -> list[Any]:
        mltrack_core.finish()
        return list(RecordedSpool(tmp_path / "mltrack").records())

    return records


def steps(records: list[Any], name: str) -> list[int]:
    """Return the steps of one metric's points."""
    return [r.step for r in records if isinstance(r, Scalars) and name in r.values]


@pytest.mark.usefixtures("tapped")
def test_fit_evaluate_and_predict_are_one_run(
    make_model: Make, digits: Data, recorded: Callable[[], list[Any]]
) -> None:
    """Callbacks as a list, positional, none, or in a CallbackList: each is the user's after."""
    x, y = digits
    model = make_model()
    mine = [keras.callbacks.TerminateOnNaN()]
    before = list(mine)

    model.fit(x, y, batch_size=16, verbose=0)
    model.fit(x, y, 16, 1, 0, mine)
    model.fit(
        x, y, batch_size=16, verbose=0, callbacks=keras.callbacks.CallbackList(mine, model=model)
    )
    model.evaluate(x, y, verbose=0)
    model.predict(x, verbose=0)

    assert mine == before
    records = recorded()
    assert len([r for r in records if isinstance(r, RunStarted)]) == 1
    assert steps(records, "train/loss") == [10, 20, 30]
    assert steps(records, "test/loss") == [30]
    assert steps(records, "perf/predict_s") == [30]


@pytest.mark.usefixtures("tapped")
def test_a_callback_of_the_users_own_is_the_only_one(
    make_model: Make, digits: Data, run: RecordingTracker, tmp_path: Path
) -> None:
    """Explicit and automatic at once is one record, by the explicit one."""
    x, y = digits

    make_model().fit(x, y, batch_size=16, verbose=0, callbacks=[MLTrackCallback(run)])

    assert [step for step, _ in run.points("train/loss")] == [10]
    assert mltrack_core.active_run() is None
    assert not (tmp_path / "mltrack").exists()


@pytest.mark.usefixtures("tapped")
def test_weights_are_equal_to_the_bit(
    make_model: Make, digits: Data, weights_of: Callable[[Any], bytes]
) -> None:
    """Recorded without code or not recorded: the same training."""
    x, y = digits
    tracked = make_model()
    tracked.fit(x, y, batch_size=16, epochs=2, verbose=0)
    assert mltrack_core.active_run() is not None

    with autolog.paused():
        plain = make_model()
        plain.fit(x, y, batch_size=16, epochs=2, verbose=0)

    assert weights_of(tracked) == weights_of(plain)


@pytest.mark.usefixtures("tapped")
def test_a_model_saved_by_the_script_is_recorded(
    make_model: Make, digits: Data, tmp_path: Path, recorded: Callable[[], list[Any]]
) -> None:
    """Once, as the final one; what a callback saves is recorded as the callback's."""
    x, y = digits
    model = make_model()
    best = keras.callbacks.ModelCheckpoint(
        tmp_path / "best.keras", monitor="loss", save_best_only=True
    )

    model.fit(x, y, batch_size=16, verbose=0, callbacks=[best])
    model.save(tmp_path / "model.keras")
    model.save_weights(tmp_path / "model.weights.h5")

    checkpoints = [r for r in recorded() if isinstance(r, Checkpoint)]
    assert [(Path(c.path).name, list(c.roles), c.step) for c in checkpoints] == [
        ("best.keras", ["best"], 10),
        ("model.keras", ["final"], 10),
        ("model.weights.h5", ["final"], 10),
    ]


@pytest.mark.usefixtures("tapped")
def test_a_generator_is_consumed_by_keras_alone(
    make_model: Make,
    digits: Data,
    weights_of: Callable[[Any], bytes],
    recorded: Callable[[], list[Any]],
) -> None:
    """The training sees the batches that it sees without us; how far one reads ahead is chance."""
    x, y = digits
    weights = []
    for is_paused in (True, False):

        def batches() -> Iterator[Data]:
            for start in cycle(range(0, len(x), 16)):
                yield x[start : start + 16], y[start : start + 16]

        model = make_model()
        with autolog.paused() if is_paused else nullcontext():
            model.fit(batches(), steps_per_epoch=4, verbose=0)
        weights.append(weights_of(model))

    assert weights[0] == weights[1]
    assert steps(recorded(), "train/loss") == [4]


def test_putting_it_on_twice_changes_nothing_more(make_model: Make, digits: Data) -> None:
    """And taking it off in either order leaves Keras as it was."""
    before = [vars(owner)[name] for owner, name in WRAPPED]

    first, second = tap(keras), tap(keras)
    second()
    first()

    assert [vars(owner)[name] for owner, name in WRAPPED] == before
