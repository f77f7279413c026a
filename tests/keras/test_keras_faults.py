"""Faults of our own, in whatever part: the training goes on and comes to the same."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import pytest

from mltrack.keras import MLTrackCallback
from mltrack_core.testing.recording import RecordingTracker
from mltrack_keras import batches
from mltrack_keras import callback
from mltrack_keras import checkpoints
from mltrack_keras import fit
from mltrack_keras import gradients
from mltrack_keras import joining
from mltrack_keras import outcome
from mltrack_keras import pace
from mltrack_keras import position
from mltrack_keras import resuming
from mltrack_keras import scaling
from mltrack_keras import weights

Make = Callable[..., Any]
Data = tuple[Any, Any]
Train = Callable[..., bytes]

# Of every part what the hooks call, and the call from which on it fails.
PARTS: tuple[tuple[Any, str, int], ...] = (
    (fit, "surrounding", 1),
    (joining, "join_run", 2),
    (callback.MLTrackCallback, "_log", 3),
    (callback.MLTrackCallback, "_at", 3),
    (callback.MLTrackCallback, "_iterations", 2),
    (batches.BatchLoss, "complete", 1),
    (checkpoints.Checkpoints, "look", 2),
    (gradients.Gradients, "tap", 1),
    (gradients.Gradients, "batch_begins", 2),
    (gradients.Gradients, "begin_epoch", 1),
    (gradients.Gradients, "record", 2),
    (outcome.Outcome, "complete", 1),
    (position.Position, "advance", 1),
    (pace.Pace, "end_epoch", 1),
    (resuming.Backup, "begin", 1),
    (resuming.Resuming, "run", 1),
    (scaling.LossScale, "end_epoch", 1),
    (weights.Weights, "measure", 1),
)


@pytest.fixture
def train(make_model: Make, digits: Data, weights_of: Callable[[Any], bytes]) -> Train:
    """Trains with the callbacks given, evaluates and predicts; returns the weights."""
    x, y = (part[:32] for part in digits)

    def trained(*callbacks: object) -> bytes:
        model = make_model("adam", run_eagerly=True)  # what is compiled has no part in this
        model.fit(
            x, y, batch_size=16, epochs=2, verbose=0, validation_data=(x, y), callbacks=callbacks
        )
        model.evaluate(x, y, verbose=0, callbacks=callbacks)
        model.predict(x, verbose=0, callbacks=callbacks)
        return weights_of(model)

    return trained


@pytest.fixture(scope="module")
def plain() -> dict[str, bytes]:
    """The weights of an untracked training, once it has been done."""
    return {}


@pytest.mark.parametrize(("owner", "name", "at"), PARTS, ids=[part[1] for part in PARTS])
def test_a_fault_in_any_part_leaves_the_training_alone(
    train: Train,
    plain: dict[str, bytes],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    owner: Any,
    name: str,
    at: int,
) -> None:
    """From one of its calls on a part raises: the weights are those of a training without us."""
    monkeypatch.setenv("MLTRACK_STRICT", "0")
    if not plain:
        plain["weights"] = train()
    original = getattr(owner, name)
    calls: list[None] = []

    def faulty(*args: Any, **kwargs: Any) -> Any:
        calls.append(None)
        if len(calls) >= at:
            raise ValueError("on purpose")
        return original(*args, **kwargs)

    monkeypatch.setattr(owner, name, faulty)
    ours = MLTrackCallback(RecordingTracker(), batch_every=1)

    tracked = train(ours, keras.callbacks.BackupAndRestore(tmp_path / "backup"))

    assert len(calls) >= at, "it did not fail, so nothing was tested"
    assert tracked == plain["weights"]
