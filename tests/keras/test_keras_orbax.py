"""Checkpoints that Orbax writes in the background, and trainings that go on from them."""

from __future__ import annotations

import signal
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import pytest

import mltrack
import mltrack_core
from mltrack.keras import MLTrackCallback
from mltrack_core.agent.clock import SystemClock
from mltrack_core.agent.keeper import Keeper
from mltrack_core.records import Artifact
from mltrack_core.records import Checkpoint
from mltrack_core.records import Params
from mltrack_core.records import Rewind
from mltrack_core.records import RunStarted
from mltrack_core.records import Scalars
from mltrack_core.testing.recording import RecordingTracker
from mltrack_core.testing.spool import RecordedSpool

orbax = pytest.importorskip("orbax.checkpoint")
if not hasattr(keras.callbacks, "OrbaxCheckpoint"):
    pytest.skip("this Keras has no OrbaxCheckpoint", allow_module_level=True)

Make = Callable[..., Any]
Data = tuple[Any, Any]

TRAINING = """
    import os, signal, sys
    import mltrack_core._launch
    mltrack_core._launch.ensure_agent = lambda settings: False
    import keras, numpy
    from mltrack.keras import MLTrackCallback

    folder = sys.argv[1]
    x, y = numpy.ones((64, 4), "float32"), numpy.zeros((64, 1), "float32")
    if os.path.exists(folder):
        model = keras.models.load_model(folder)
    else:
        model = keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(1)])
        model.compile("adam", "mse")

    class Kill(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if self.model.optimizer.iterations == 10 and done == 0:
                os.kill(os.getpid(), signal.SIGKILL)

        def on_train_batch_begin(self, batch, logs=None):
            # The next batch of a long epoch: Orbax writes in the background meanwhile.
            if self.model.optimizer.iterations == 9:
                orbax.wait_until_finished()

    orbax = keras.callbacks.OrbaxCheckpoint(folder)
    done = int(model.optimizer.iterations) // 4
    model.fit(
        x, y, batch_size=16, initial_epoch=done, epochs=4, verbose=0,
        callbacks=[Kill(), orbax, MLTrackCallback(batch_every=0)],
    )
"""


@pytest.mark.parametrize("ours_first", [True, False])
def test_a_folder_is_recorded_once_it_is_complete(
    make_model: Make, digits: Data, run: RecordingTracker, tmp_path: Path, ours_first: bool
) -> None:
    """With the step, epoch and metrics of when it was begun, and the files that it has."""
    x, y = digits
    saves = keras.callbacks.OrbaxCheckpoint(tmp_path / "orbax", max_to_keep=None)
    callbacks = [MLTrackCallback(run), saves]

    history = make_model().fit(
        x, y, batch_size=16, epochs=3, verbose=0,
        callbacks=callbacks if ours_first else callbacks[::-1],
    ).history  # fmt: skip

    found = [(Path(s.path).name, s.step, s.axes["epoch"]) for s in run.checkpoints]
    assert found == [("0", 10, 1), ("1", 20, 2), ("2", 30, 3)]
    assert [s.metrics["train/loss"] for s in run.checkpoints] == history["loss"]
    assert {(s.writer, s.roles) for s in run.checkpoints} == {
        ("OrbaxCheckpoint", ("periodic", "last"))
    }
    assert "_save_checkpoint" not in vars(saves)


def test_saves_between_epochs_are_at_their_updates(
    make_model: Make, digits: Data, run: RecordingTracker, tmp_path: Path
) -> None:
    """Orbax counts batches, two for an update. What it deletes again has been recorded."""
    x, y = digits
    saves = keras.callbacks.OrbaxCheckpoint(tmp_path / "orbax", save_freq=4, max_to_keep=1)
    optimizer = keras.optimizers.SGD(gradient_accumulation_steps=2)

    make_model(optimizer).fit(
        x, y, batch_size=16, epochs=2, verbose=0, callbacks=[MLTrackCallback(run), saves]
    )

    found = [(Path(s.path).name, s.step, round(s.axes["epoch"], 3)) for s in run.checkpoints]
    assert found == [("4", 2, 0.4), ("8", 4, 0.8), ("12", 6, 1.2), ("16", 8, 1.6), ("20", 10, 2.0)]


def test_only_the_best_are_in_that_role(
    make_model: Make, digits: Data, run: RecordingTracker, tmp_path: Path
) -> None:
    """By the metric that chose them."""
    x, y = digits
    saves = keras.callbacks.OrbaxCheckpoint(
        tmp_path / "orbax", monitor="loss", save_best_only=True, max_to_keep=None
    )

    make_model().fit(
        x, y, batch_size=16, epochs=2, verbose=0, callbacks=[MLTrackCallback(run), saves]
    )

    assert [(s.roles, s.monitor, s.mode) for s in run.checkpoints] == [
        (("best",), "train/loss", "min")
    ] * 2


def test_two_callbacks_of_ours_each_have_all(
    make_model: Make, digits: Data, tmp_path: Path
) -> None:
    """And leave Keras's as it was."""
    x, y = digits
    saves = keras.callbacks.OrbaxCheckpoint(tmp_path / "orbax", max_to_keep=None)
    runs = [RecordingTracker(), RecordingTracker()]

    make_model().fit(
        x, y, batch_size=16, epochs=2, verbose=0,
        callbacks=[*map(MLTrackCallback, runs), saves],
    )  # fmt: skip

    assert [[s.step for s in each.checkpoints] for each in runs] == [[10, 20], [10, 20]]
    assert "_save_checkpoint" not in vars(saves)


def test_every_file_is_hashed_and_kept(make_model: Make, digits: Data, tmp_path: Path) -> None:
    """As those of other writers, though Orbax deletes all folders but the newest."""
    x, y = digits
    saves = keras.callbacks.OrbaxCheckpoint(tmp_path / "orbax", max_to_keep=1)
    mltrack_core.init(checkpoints="all")
    make_model().fit(x, y, batch_size=16, epochs=3, verbose=0, callbacks=[MLTrackCallback(), saves])
    mltrack_core.finish()

    Keeper(tmp_path / "mltrack", SystemClock()).keep()

    spool = RecordedSpool(tmp_path / "mltrack")
    records = [r for run in spool.runs() for stream in spool.streams(run) for r in stream]
    saved = [record for record in records if isinstance(record, Checkpoint)]
    stored = {r.about: r for r in records if isinstance(r, Artifact) and not r.gone}
    assert [record.step for record in saved] == [10, 20, 30]
    assert [path.name for path in (tmp_path / "orbax").iterdir()] == ["2"]
    for record in saved:
        files = stored[record.id].files
        assert [(f.path, f.bytes) for f in files] == [(f.path, f.bytes) for f in record.files]
        assert any(f.path.startswith("pytree/") for f in files)
        assert all(len(f.sha256) == 64 and f.chunks for f in files if f.bytes)
        assert stored[record.id].problem == ""


@pytest.mark.slow
def test_a_killed_training_goes_on_in_its_run(python: Callable[..., Any], tmp_path: Path) -> None:
    """Loaded by the script from Orbax's folder: the run's second attempt, from that step."""
    script = tmp_path / "train.py"
    script.write_text(textwrap.dedent(TRAINING))

    killed = python(str(script), str(tmp_path / "orbax"))
    resumed = python(str(script), str(tmp_path / "orbax"))

    assert (killed.status, resumed.status) == (-signal.SIGKILL, 0), resumed.stderr
    spool = RecordedSpool(tmp_path / "mltrack")
    [run] = spool.runs()
    records = [record for stream in spool.streams(run) for record in stream]
    assert [r.attempt for r in records if isinstance(r, RunStarted)] == [1, 2]
    assert [r.step for r in records if isinstance(r, Rewind)] == [8]
    epochs = [r for r in records if isinstance(r, Scalars) and "train/loss" in r.values]
    assert [(s.step, s.axes["epoch"]) for s in epochs] == [(4, 1), (8, 2), (12, 3), (16, 4)]
    saved = [(r.step, Path(r.path).name) for r in records if isinstance(r, Checkpoint)]
    assert saved == [(4, "0"), (8, "1"), (12, "2"), (16, "3")]


@pytest.mark.slow
def test_another_program_begins_a_run_that_says_where_it_comes_from(
    python: Callable[..., Any], tmp_path: Path
) -> None:
    """It has loaded the model of a run that is not its own."""
    script, other = tmp_path / "train.py", tmp_path / "other.py"
    for path in (script, other):
        path.write_text(textwrap.dedent(TRAINING))

    python(str(script), str(tmp_path / "orbax"))
    python(str(other), str(tmp_path / "orbax"))

    spool = RecordedSpool(tmp_path / "mltrack")
    runs = {
        Path(records[0].command[1]).name: (run, records)
        for run in spool.runs()
        for stream in spool.streams(run)
        if isinstance((records := list(stream))[0], RunStarted)
    }
    assert set(runs) == {"train.py", "other.py"}
    first, _ = runs["train.py"]
    _, records = runs["other.py"]
    known = [r for r in records if isinstance(r, Params) and r.namespace == "keras.resumed_from"]
    assert [record.values for record in known] == [{"run": first, "step": 8}]


def test_resume_by_name_brings_the_folder(make_model: Make, digits: Data, tmp_path: Path) -> None:
    """What `mltrack.resume` names is in the folder that Keras loads from."""
    x, y = digits
    saves = keras.callbacks.OrbaxCheckpoint(tmp_path / "orbax")
    mltrack_core.init(name="stopped")
    make_model().fit(x, y, batch_size=16, epochs=2, verbose=0, callbacks=[MLTrackCallback(), saves])
    mltrack_core.finish()

    again = mltrack.resume("stopped")
    assert again.path == tmp_path / "orbax" / "1"
    model = keras.models.load_model(again.path.parent)
    model.fit(
        x, y, batch_size=16, initial_epoch=again.epoch, epochs=3, verbose=0,
        callbacks=[MLTrackCallback(resume=again)],
    )  # fmt: skip
    mltrack_core.finish()

    spool = RecordedSpool(tmp_path / "mltrack")
    [run] = spool.runs()
    records = [record for stream in spool.streams(run) for record in stream]
    assert [r.step for r in records if isinstance(r, Rewind)] == [20]
    epochs = [r.step for r in records if isinstance(r, Scalars) and "train/loss" in r.values]
    assert epochs == [10, 20, 30]
