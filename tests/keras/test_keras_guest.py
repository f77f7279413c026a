"""The callback as a guest in Keras: lists, threads, copies, ends."""

from __future__ import annotations

import copy
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import pytest

import mltrack_core
from mltrack.keras import MLTrackCallback
from mltrack_core.records import RunEnded
from mltrack_core.records import RunStarted
from mltrack_core.testing.recording import RecordingTracker
from mltrack_core.testing.spool import RecordedSpool

BACKEND = keras.config.backend()
Make = Callable[..., Any]
Data = tuple[Any, Any]
Script = Callable[..., tuple[int, RunEnded]]

TWO_DEVICES = """
import tensorflow as tf
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
"""
PREAMBLE = """
import mltrack_core._launch
mltrack_core._launch.ensure_agent = lambda settings: False
import keras, numpy
from mltrack.keras import MLTrackCallback
x, y = numpy.ones((64, 4), "float32"), numpy.zeros((64, 1), "float32")
model = keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(1)])
model.compile("sgd", "mse")
callback = MLTrackCallback()

class Raise(keras.callbacks.Callback):
    def __init__(self, error):
        super().__init__()
        self.error = error

    def on_train_batch_begin(self, batch, logs=None):
        if batch == 1:
            raise self.error

def fit(*others):
    model.fit(x, y, batch_size=16, verbose=0, callbacks=[callback, *others])
"""


@pytest.fixture
def script(tmp_path: Path, python: Callable[..., Any]) -> Script:
    """Runs a script that trains; returns its exit status and how its run ended."""

    def run(source: str, before: str = "") -> tuple[int, RunEnded]:
        path = tmp_path / "script.py"
        path.write_text(before + PREAMBLE + textwrap.dedent(source))
        done = python(str(path))
        ends = [r for r in RecordedSpool(tmp_path / "mltrack").records() if isinstance(r, RunEnded)]
        assert len(ends) == 1, done.stderr
        return done.status, ends[0]

    return run


@pytest.mark.slow
def test_an_uncaught_exception_fails_the_run(
    script: Script,
) -> None:
    """With its traceback."""
    status, ended = script("fit(Raise(ValueError('the data are bad')))")

    assert status == 1
    assert ended.state == "failed"
    assert "ValueError: the data are bad" in ended.traceback


@pytest.mark.slow
def test_an_uncaught_ctrl_c_interrupts_the_run(
    script: Script,
) -> None:
    """Keras calls no hook then; the end of the process tells."""
    _, ended = script("fit(Raise(KeyboardInterrupt()))")

    assert ended.state == "interrupted"


@pytest.mark.slow
@pytest.mark.parametrize("error", ["ValueError('x')", "KeyboardInterrupt()"])
def test_a_caught_exception_interrupts_the_run(script: Script, error: str) -> None:
    """The script goes on and ends well, the training did not; the model is usable after."""
    status, ended = script(f"""
        try:
            fit(Raise({error}))
        except BaseException:
            pass
        model.predict(x, verbose=0)
    """)

    assert status == 0
    assert ended.state == "interrupted"
    assert "fit() was left" in ended.reason


@pytest.mark.slow
def test_a_fit_that_succeeds_after_all_finishes_the_run(
    script: Script,
) -> None:
    """Trying again with a smaller batch is no failure."""
    _, ended = script("""
        try:
            fit(Raise(ValueError("out of memory")))
        except ValueError:
            fit()
    """)

    assert ended.state == "finished"


@pytest.mark.slow
def test_no_other_backend_is_loaded(tmp_path: Path) -> None:
    """Importing and using us works where only one backend is installed."""
    others = sorted({"tensorflow", "jax", "torch"} - {BACKEND})
    absent = f"""
import sys

class Without:
    def __init__(self, finder):
        self.finder = finder

    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] not in {others}:
            return self.finder.find_spec(name, path, target)

    def __getattr__(self, name):
        return getattr(self.finder, name)

sys.meta_path[:] = map(Without, sys.meta_path)
"""
    path = tmp_path / "script.py"
    path.write_text(absent + PREAMBLE + "fit()\nprint('trained')\n")

    done = subprocess.run(
        [sys.executable, "-P", str(path)], capture_output=True, text=True, check=False
    )

    assert done.stdout.endswith("trained\n"), done.stderr


@pytest.mark.slow
@pytest.mark.skipif(BACKEND != "tensorflow", reason="a strategy of TensorFlow")
def test_a_mirrored_strategy_is_recorded_once(tmp_path: Path, script: Script) -> None:
    """Two logical devices train; updates and loss are those of the whole.

    Each has gradients of its own until they are applied: there are no norms rather than wrong ones.
    """
    source = """
        with tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]).scope():
            model = keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(1)])
            model.compile("sgd", "mse")
        callback = MLTrackCallback(gradients=True, batch_every=1)
        fit()
    """

    script(source, TWO_DEVICES)

    records = RecordedSpool(tmp_path / "mltrack").records()
    epochs = [r for r in records if "train/loss" in getattr(r, "values", {})]
    assert [getattr(r, "step", None) for r in epochs] == [4]
    assert not [r for r in records if "grad/norm" in getattr(r, "values", {})]


@pytest.mark.skipif(BACKEND == "tensorflow", reason="Keras calls callbacks in turn there")
def test_batches_are_not_waited_for() -> None:
    """With us alone, Keras goes on delivering batches from other threads."""
    callbacks = keras.callbacks.CallbackList([MLTrackCallback()])

    assert callbacks._async_train


@pytest.mark.skipif(BACKEND != "jax", reason="only JAX detaches a model's state")
def test_the_state_is_not_brought_back_within_an_epoch(
    make_model: Make, digits: Data, run: RecordingTracker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """JAX would collect the whole state anew for the next step: as many syncs as without us."""
    x, y = digits
    counts = []
    original = keras.Model.jax_state_sync
    for callbacks in ([], [MLTrackCallback(run, batch_every=1)]):
        calls: list[None] = []

        def spy(model: Any, calls: list[None] = calls) -> None:
            calls.append(None)
            original(model)

        monkeypatch.setattr(keras.Model, "jax_state_sync", spy)
        make_model().fit(x, y, batch_size=16, epochs=2, verbose=0, callbacks=callbacks)
        counts.append(len(calls))

    assert counts[0] > 0
    assert counts[1] == counts[0]


def test_lists_of_callbacks_stay_the_users(
    make_model: Make, digits: Data, run: RecordingTracker
) -> None:
    """A list, a CallbackList, or a positional argument: each works, and none is changed."""
    x, y = digits
    model = make_model()
    callback = MLTrackCallback(run)
    mine = [callback]

    model.fit(x, y, 16, 1, 0, mine)
    listed = keras.callbacks.CallbackList([callback], model=model)
    model.fit(x, y, batch_size=16, verbose=0, callbacks=listed)

    assert mine == [callback]
    assert listed.callbacks == [callback]
    assert [step for step, _ in run.points("train/loss")] == [10, 20]


def test_a_callback_joins_the_active_run_and_leaves_it_open(make_model: Make, digits: Data) -> None:
    """What the user began, the user ends."""
    x, y = digits
    run = mltrack_core.init(project="mine")

    make_model().fit(x, y, verbose=0, callbacks=[MLTrackCallback()])

    assert mltrack_core.active_run() is run


def test_each_callback_has_a_run_of_its_own(make_model: Make, digits: Data, tmp_path: Path) -> None:
    """A copy too: that is how tuners make one for each trial. A second fit stays in its run."""
    x, y = digits
    first = MLTrackCallback(project="tuned")
    trials = [first, copy.deepcopy(first), copy.deepcopy(first)]

    ids = []
    for trial in trials:
        for _ in range(2):
            make_model().fit(x, y, verbose=0, callbacks=[trial])
            active = mltrack_core.active_run()
            assert active is not None
            ids.append(active.id)
    mltrack_core.finish()

    assert len(set(ids)) == 3
    assert ids[0::2] == ids[1::2]
    spool = RecordedSpool(tmp_path / "mltrack")
    assert [spool.of(RunStarted, run)[0].project for run in spool.runs()] == ["tuned"] * 3


def test_a_restored_optimizer_rewinds(
    make_model: Make, digits: Data, run: RecordingTracker, tmp_path: Path
) -> None:
    """Training that goes on from an earlier point says so."""
    x, y = digits
    model, callback = make_model(), MLTrackCallback(run)
    model.fit(x, y, batch_size=16, verbose=0, callbacks=[callback])
    model.save(tmp_path / "early.keras")
    model.fit(x, y, batch_size=16, verbose=0, callbacks=[callback])

    restored = keras.models.load_model(tmp_path / "early.keras")
    restored.fit(x, y, batch_size=16, verbose=0, callbacks=[callback])

    assert run.rewinds == [10]
    assert [step for step, _ in run.points("train/loss")] == [10, 20, 20]


def test_nothing_is_recorded_when_disabled(
    make_model: Make, digits: Data, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """MLTRACK_MODE=disabled: the callback is there and does nothing."""
    x, y = digits
    monkeypatch.setenv("MLTRACK_MODE", "disabled")

    make_model().fit(x, y, verbose=0, callbacks=[MLTrackCallback()])

    assert not (tmp_path / "mltrack").exists()
