"""Trainings that are restored go on in their run: from a backup, or from a checkpoint by hand."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import pytest

import mltrack
import mltrack_core
from mltrack.keras import MLTrackCallback
from mltrack_core.records import Rewind
from mltrack_core.records import RunStarted
from mltrack_core.records import Scalars
from mltrack_core.testing.recording import RecordingTracker
from mltrack_core.testing.spool import RecordedSpool

Make = Callable[..., Any]
Data = tuple[Any, Any]


class Crash(keras.callbacks.Callback):  # type: ignore[misc]
    """Ends a training in the midst of its second epoch."""

    def on_train_batch_end(self, batch: int, logs: object = None) -> None:
        if self.epoch == 1 and batch == 4:
            raise RuntimeError("the node is gone")

    def on_epoch_begin(self, epoch: int, logs: object = None) -> None:
        self.epoch = epoch


class Stop(keras.callbacks.Callback):  # type: ignore[misc]
    """Ends a training after so many epochs."""

    def __init__(self, epochs: int) -> None:
        super().__init__()
        self.epochs = epochs

    def on_epoch_end(self, epoch: int, logs: object = None) -> None:
        self.model.stop_training = epoch + 1 == self.epochs


@pytest.mark.parametrize("ours_first", [True, False])
def test_the_next_process_goes_on_in_the_run(
    make_model: Make, digits: Data, tmp_path: Path, ours_first: bool
) -> None:
    """A second attempt of the same run, from the step that was restored; nothing is left behind."""
    x, y = digits
    backup = tmp_path / "work" / "backup"
    for callbacks in ([Crash()], []):
        pair = [MLTrackCallback(batch_every=1), keras.callbacks.BackupAndRestore(backup)]
        callbacks = [*(pair if ours_first else pair[::-1]), *callbacks]
        try:
            make_model().fit(x, y, batch_size=16, epochs=3, verbose=0, callbacks=callbacks)
        except RuntimeError:
            assert backup.exists()
        mltrack_core.finish()  # as the end of a process does

    spool = RecordedSpool(tmp_path / "mltrack")
    [run] = spool.runs()
    records = [record for stream in spool.streams(run) for record in stream]
    assert [r.attempt for r in records if isinstance(r, RunStarted)] == [1, 2]
    assert [r.step for r in records if isinstance(r, Rewind)] == [10]
    epochs = [r for r in records if isinstance(r, Scalars) and "train/loss" in r.values]
    assert [(s.step, s.axes["epoch"]) for s in epochs] == [(10, 1), (20, 2), (30, 3)]
    assert list((tmp_path / "work").iterdir()) == []


def test_a_training_that_begins_anew_is_another_run(
    make_model: Make, digits: Data, tmp_path: Path
) -> None:
    """Without a backup there is nothing to go on with, whatever lies beside its folder."""
    x, y = digits
    backup = tmp_path / "backup"
    (tmp_path / "backup.mltrack-run").write_text("0" * 32)

    for _ in range(2):
        callbacks = [MLTrackCallback(), keras.callbacks.BackupAndRestore(backup)]
        make_model().fit(x, y, verbose=0, callbacks=callbacks)
        mltrack_core.finish()

    runs = RecordedSpool(tmp_path / "mltrack").runs()
    assert len(runs) == 2
    assert "0" * 32 not in runs


@pytest.mark.parametrize("how", ["load_model", "load_weights"])
def test_a_checkpoint_that_is_loaded_goes_on_in_its_run(
    make_model: Make, digits: Data, tmp_path: Path, how: str
) -> None:
    """With the optimizer's count or, where only weights were saved, without it."""
    x, y = digits
    name = "model.keras" if how == "load_model" else "model.weights.h5"
    saved = keras.callbacks.ModelCheckpoint(
        tmp_path / name, save_weights_only=how == "load_weights", save_best_only=True,
        monitor="loss",
    )  # fmt: skip
    first = mltrack_core.init(name="killed")
    make_model().fit(
        x, y, batch_size=16, epochs=3, verbose=0, callbacks=[MLTrackCallback(), saved, Stop(2)]
    )
    first.log({"train/loss": 1.0}, step=25)  # it got further than what was saved
    mltrack_core.finish()

    again = mltrack.resume("killed")
    assert again.path == tmp_path / name
    if how == "load_model":
        model = keras.models.load_model(again.path)
    else:
        model = make_model()
        model.load_weights(again.path)
    model.fit(
        x, y, batch_size=16, initial_epoch=again.epoch, epochs=3, verbose=0,
        callbacks=[MLTrackCallback(resume=again)],
    )  # fmt: skip
    mltrack_core.finish()

    spool = RecordedSpool(tmp_path / "mltrack")
    [run] = spool.runs()
    records = [record for stream in spool.streams(run) for record in stream]
    assert [r.attempt for r in records if isinstance(r, RunStarted)] == [1, 2]
    assert [r.step for r in records if isinstance(r, Rewind)] == [20]
    epochs = [r for r in records if isinstance(r, Scalars) and "train/loss" in r.values]
    assert [(s.step, s.axes.get("epoch")) for s in epochs] == [
        (10, 1), (20, 2), (25, None), (30, 3),
    ]  # fmt: skip


def test_a_run_is_named_once(run: RecordingTracker) -> None:
    """Two names contradict each other."""

    @dataclass
    class Resumed:
        run: RecordingTracker
        step: int = 0

    with pytest.raises(ValueError, match="leave one of them out"):
        MLTrackCallback(run, resume=Resumed(run))


RESTARTED = """
    import os, sys
    import mltrack_core._launch
    mltrack_core._launch.ensure_agent = lambda settings: False
    import keras, numpy
    from mltrack.keras import MLTrackCallback

    path = sys.argv[1]
    x, y = numpy.ones((64, 4), "float32"), numpy.zeros((64, 1), "float32")
    if os.path.exists(path):
        model = keras.models.load_model(path)
    else:
        model = keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(1)])
        model.compile("sgd", "mse")
    done = int(model.optimizer.iterations) // 4

    class Crash(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if self.model.optimizer.iterations == 10 and done == 0:
                os._exit(3)

    model.fit(
        x, y, batch_size=16, initial_epoch=done, epochs=4, verbose=0,
        callbacks=[Crash(), keras.callbacks.ModelCheckpoint(path), MLTrackCallback(batch_every=0)],
    )
"""


@pytest.mark.slow
def test_a_model_that_the_script_loads_goes_on_in_its_run(
    python: Callable[..., Any], tmp_path: Path
) -> None:
    """Nobody has named the run: its model tells which one saved it."""
    script = tmp_path / "train.py"
    script.write_text(textwrap.dedent(RESTARTED))

    statuses = [python(str(script), str(tmp_path / "model.keras")).status for _ in range(2)]

    assert statuses == [3, 0]
    spool = RecordedSpool(tmp_path / "mltrack")
    [run] = spool.runs()
    records = [record for stream in spool.streams(run) for record in stream]
    assert [r.attempt for r in records if isinstance(r, RunStarted)] == [1, 2]
    assert [r.step for r in records if isinstance(r, Rewind)] == [8]
    epochs = [r for r in records if isinstance(r, Scalars) and "train/loss" in r.values]
    assert [(s.step, s.axes["epoch"]) for s in epochs] == [(4, 1), (8, 2), (12, 3), (16, 4)]


def test_another_callback_in_one_process_is_another_run(
    make_model: Make, digits: Data, tmp_path: Path
) -> None:
    """The model has had updates, and lies where the fit saves; nothing was restored."""
    x, y = digits
    model = make_model()

    for _ in range(2):
        saves = keras.callbacks.ModelCheckpoint(tmp_path / "{epoch}.keras")
        model.fit(x, y, verbose=0, callbacks=[saves, MLTrackCallback()])

    mltrack_core.finish()
    assert len(RecordedSpool(tmp_path / "mltrack").runs()) == 2
