"""The demo's trainings by Keras."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import msgspec
import pytest

import mltrack
from mltrack.demo import stage
from mltrack.demo.plans import SCENES
from mltrack.demo.training import Plan

pytestmark = pytest.mark.slow


@pytest.mark.skipif(
    keras.config.backend() != "jax", reason="on the others it is the same callback, and slower"
)
def test_a_training_of_the_demo_goes_through_the_callback(
    tmp_path: Path, python: Callable[..., Any]
) -> None:
    """One that learns too fast for its weights ends in NaN, as a run of Keras's with its plan."""
    plan = Plan(name="hot", optimizer="sgd", learning_rate=1e3, weight_decay=1e-2, epochs=3)

    module = "mltrack.demo.keras_training"
    done = python("-m", module, msgspec.json.encode(plan).decode(), str(tmp_path))

    with mltrack.open(tmp_path) as reader:
        (run,) = reader.runs()
        framework = run.details.summary.framework
    assert done.status == 0, done.stderr
    assert "epoch 3/3 loss nan" in done.stdout
    assert (run.name, run.project, run.state) == ("hot", "demo", "finished")
    assert framework.startswith("keras")
    assert run.params["learning_rate"] == 1e3
    assert math.isnan(run.summary["train/loss"])
    assert math.isnan(run.summary["val/loss"])


def test_the_demo_finds_the_backend_that_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    """The one that KERAS_BACKEND names, else the first that is there; none is no error."""
    assert stage.keras_backend() in ("jax", "tensorflow", "torch")
    monkeypatch.setenv("KERAS_BACKEND", "nonexistent")
    assert stage.keras_backend() == ""


def test_the_callback_sees_good_and_bad_trainings() -> None:
    """Among the scenes that go through it are two optimizers, one that diverges, one killed."""
    scenes = [scene for scene in SCENES if scene.by_keras]

    assert any(scene.kill_at_epoch for scene in scenes)
    assert any(scene.plan.growth > 1 for scene in scenes)
    assert len({scene.plan.optimizer for scene in scenes}) > 1
