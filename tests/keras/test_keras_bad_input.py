"""What nobody should hand us: the training is what it would be, and no record is made up."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy
import pytest

import mltrack_core
from mltrack.keras import MLTrackCallback
from mltrack_core.records import RunEnded
from mltrack_core.testing.recording import RecordingTracker
from mltrack_core.testing.spool import RecordedSpool

Make = Callable[..., Any]
Data = tuple[Any, Any]
Weights = Callable[[Any], bytes]


def test_a_model_without_parameters_is_recorded(run: RecordingTracker) -> None:
    """It has a loss, and no gradient whose norm there could be."""
    model = keras.Sequential([keras.layers.Input((4,)), keras.layers.Flatten()])
    model.compile("sgd", "mse", run_eagerly=True)
    x = numpy.ones((8, 4), "float32")
    try:
        model.fit(x, 0 * x, verbose=0)
    except Exception:  # noqa: BLE001 - a backend may refuse to train nothing: then so it does with us
        pytest.skip("this backend does not train such a model")

    model.fit(x, 0 * x, verbose=0, callbacks=[MLTrackCallback(run, gradients=True)])

    assert run.values("train/loss") == [1.0]
    assert run.points("grad/norm") == []


@pytest.mark.parametrize("is_one", [True, False])
def test_a_callback_passed_twice_changes_nothing(
    make_model: Make, digits: Data, weights_of: Weights, is_one: bool
) -> None:
    """About the training, nor about what is recorded. Of two, each records its own run."""
    x, y = digits
    plain = make_model()
    plain.fit(x, y, batch_size=16, epochs=2, verbose=0)
    runs = [RecordingTracker(), RecordingTracker()]
    first = MLTrackCallback(runs[0])
    second = first if is_one else MLTrackCallback(runs[1])
    tracked = make_model()

    tracked.fit(x, y, batch_size=16, epochs=2, verbose=0, callbacks=[first, second])

    assert weights_of(tracked) == weights_of(plain)
    steps = [[step for step, _ in run.points("train/loss")] for run in runs]
    assert steps == [[10, 20], [] if is_one else [10, 20]]
    assert [run.alerts for run in runs] == [[], []]
    assert runs[0].params["keras.fit"]["epochs_done"] == 2


def test_a_folder_that_is_none_costs_the_record_alone(
    make_model: Make,
    digits: Data,
    weights_of: Weights,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As on a rank that has no disk: here MLTRACK_DIR lies below a file."""
    monkeypatch.setenv("MLTRACK_STRICT", "0")
    x, y = digits
    plain = make_model()
    plain.fit(x, y, batch_size=16, verbose=0)
    place = tmp_path / "no disk"
    place.write_text("a file")
    monkeypatch.setenv("MLTRACK_DIR", str(place / "mltrack"))
    tracked = make_model()

    tracked.fit(x, y, batch_size=16, verbose=0, callbacks=[MLTrackCallback()])

    assert weights_of(tracked) == weights_of(plain)


def test_a_checkpoint_that_vanishes_is_no_end(
    make_model: Make, digits: Data, run: RecordingTracker, tmp_path: Path
) -> None:
    """Removed by somebody else before we look: what was seen of others is recorded."""
    x, y = digits
    path = tmp_path / "model.keras"

    class Remove(keras.callbacks.Callback):  # type: ignore[misc]
        def on_epoch_end(self, epoch: int, logs: object = None) -> None:
            if epoch == 0:
                path.unlink()

    saves = keras.callbacks.ModelCheckpoint(path)
    model = make_model()
    model.fit(
        x, y, batch_size=16, epochs=2, verbose=0, callbacks=[saves, Remove(), MLTrackCallback(run)]
    )

    assert [saved.step for saved in run.checkpoints] == [20]
    assert [step for step, _ in run.points("train/loss")] == [10, 20]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"on_nonfinite": "explode"}, "mark"),
        ({"share": -1}, "0 to 1"),
    ],
)
def test_a_wrong_option_is_an_error_at_once(options: dict[str, Any], message: str) -> None:
    """Not hours later, and not in the midst of a training."""
    with pytest.raises(ValueError, match=message):
        MLTrackCallback(**options)


def test_a_model_is_usable_after_a_fit_that_was_left(
    make_model: Make, digits: Data, tmp_path: Path
) -> None:
    """By Ctrl-C in the midst of an epoch: it trains on, and its run tells both fits."""
    x, y = digits

    class Interrupt(keras.callbacks.Callback):  # type: ignore[misc]
        def on_train_batch_end(self, batch: int, logs: object = None) -> None:
            if batch == 3:
                raise KeyboardInterrupt

    model, callback = make_model(), MLTrackCallback(gradients=True)
    with pytest.raises(KeyboardInterrupt):
        model.fit(x, y, batch_size=16, verbose=0, callbacks=[callback, Interrupt()])

    model.fit(x, y, batch_size=16, verbose=0, callbacks=[callback])
    mltrack_core.finish()

    records = list(RecordedSpool(tmp_path / "mltrack").records())
    assert numpy.isfinite(model.evaluate(x, y, verbose=0))
    assert [r.state for r in records if isinstance(r, RunEnded)] == ["finished"]
    assert "_clip_gradients" not in vars(model.optimizer)
