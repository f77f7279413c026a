"""A search with KerasTuner, which copies callbacks for each trial."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import pytest

import mltrack_core
from mltrack.keras import MLTrackCallback
from mltrack_core.records import Params
from mltrack_core.records import RunEnded
from mltrack_core.records import RunStarted
from mltrack_core.records import Scalars
from mltrack_core.testing.spool import RecordedSpool

keras_tuner = pytest.importorskip("keras_tuner")

# It loads TensorFlow whatever Keras runs on, and what it does is the same on each of them.
pytestmark = pytest.mark.skipif(
    keras.config.backend() != "tensorflow", reason="one backend is enough"
)


@pytest.mark.slow
def test_each_trial_is_a_run_of_its_own(digits: tuple[Any, Any], tmp_path: Path) -> None:
    """Parts of the search's run, with their hyperparameters, each from its first step on."""
    x, y = digits

    def build(choices: Any) -> Any:
        model = keras.Sequential(
            [
                keras.layers.Input((64,)),
                keras.layers.Dense(choices.Int("units", 4, 8), activation="relu"),
                keras.layers.Dense(10, activation="softmax"),
            ]
        )
        model.compile(
            keras.optimizers.SGD(0.1), "sparse_categorical_crossentropy", run_eagerly=True
        )
        return model

    tuner = keras_tuner.RandomSearch(
        build, objective="val_loss", max_trials=2, directory=tmp_path, project_name="search"
    )

    tuner.search(
        x, y, batch_size=16, epochs=2, verbose=0, validation_data=(x, y),
        callbacks=[MLTrackCallback(project="tuned")],
    )  # fmt: skip
    mltrack_core.finish()

    spool = RecordedSpool(tmp_path / "mltrack")
    started = {run: spool.of(RunStarted, run)[0] for run in spool.runs()}
    [search] = [run for run, each in started.items() if not each.parent]
    trials = started.keys() - {search}
    assert {each.project for each in started.values()} == {"tuned"}
    assert len(trials) == 2
    ended = {run: spool.of(RunEnded, run)[0].time_ns for run in started}
    assert max(ended, key=ended.__getitem__) == search, "a search ends after its trials"
    for run in trials:
        assert started[run].parent == search
        assert started[run].name.startswith(f"{started[search].name} · trial ")
        epochs = [r for r in spool.of(Scalars, run) if "train/loss" in r.values]
        assert [r.step for r in epochs] == [10, 20]
    chosen = [r.values for run in trials for r in spool.of(Params, run) if not r.namespace]
    assert sorted(str(values["units"]) for values in chosen) == sorted(
        str(trial.hyperparameters.get("units")) for trial in tuner.oracle.get_best_trials(2)
    )
