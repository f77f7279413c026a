"""`mltrack import` of what other trackers write here and now."""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mltrack import _cli
from mltrack_core.records import Histograms
from mltrack_core.records import Media
from mltrack_core.records import RunEnded
from mltrack_core.records import RunStarted
from mltrack_core.testing.spool import RecordedSpool

pytestmark = pytest.mark.slow

Launch = Callable[..., subprocess.CompletedProcess[str]]
Write = Callable[..., Path]
Needs = Callable[..., None]


def test_wandb_offline(
    needs: Needs, launch: Launch, write: Write, spool: RecordedSpool, tmp_path: Path
) -> None:
    """Its file of the run, and the media beside it."""
    needs("wandb")
    write("""
        import numpy
        import wandb
        with wandb.init(project="digits", name="fox", config={"lr": 0.1}) as run:
            for loss in (1.5, float("nan"), float("inf")):
                run.log({"loss": loss, "val": {"acc": 0.5}})
            run.log({"weights": wandb.Histogram(numpy.arange(10.0), num_bins=5)})
            run.log({"image": wandb.Image(numpy.zeros((4, 4, 3), "uint8"), caption="black")})
    """)
    ended = launch(sys.executable, "train.py", WANDB_MODE="offline", WANDB_SILENT="true")
    assert ended.returncode == 0, ended.stderr

    assert _cli.main(["import", str(tmp_path / "wandb")]) == 0

    (begun,) = spool.of(RunStarted)
    assert (begun.project, begun.name) == ("digits", "fox")
    assert spool.params()[""] == {"lr": 0.1}
    series = spool.series()
    assert repr(series["loss"]) == repr([(0, 1.5), (1, math.nan), (2, math.inf)])
    assert series["val/acc"] == [(0, 0.5), (1, 0.5), (2, 0.5)]
    (histogram,) = spool.of(Histograms)
    assert sum(histogram.values["weights"].counts) == 10  # type: ignore[union-attr]  # by edges
    (image,) = spool.of(Media)
    assert image.items[0].caption == "black"
    assert [end.state for end in spool.of(RunEnded)] == ["finished"]


@pytest.mark.parametrize("store", ["mlruns", "sqlite:///mlflow.db"])
def test_mlflow(
    store: str, needs: Needs, launch: Launch, write: Write, spool: RecordedSpool, tmp_path: Path
) -> None:
    """Its folders, and its database of the newest schema."""
    needs("mlflow")
    write("""
        import sys
        import mlflow
        mlflow.set_tracking_uri(sys.argv[1])
        mlflow.set_experiment("digits")
        with mlflow.start_run(run_name="fox", tags={"k": "v"}):
            mlflow.log_params({"lr": 0.1, "opt": "adam"})
            for step, loss in enumerate((1 / 3, float("nan"), float("inf"))):
                mlflow.log_metric("train/loss", loss, step=step)
    """)
    ended = launch(sys.executable, "train.py", store, MLFLOW_ALLOW_FILE_STORE="true")
    assert ended.returncode == 0, ended.stderr

    assert _cli.main(["import", str(tmp_path)]) == 0

    (begun,) = spool.of(RunStarted)
    assert (begun.project, begun.name, begun.tags) == ("digits", "fox", ["k=v"])
    assert spool.params()[""] == {"lr": 0.1, "opt": "adam"}
    values = [1 / 3, math.nan, math.inf]
    assert repr(spool.series()) == repr({"train/loss": list(enumerate(values))})
    assert [end.state for end in spool.of(RunEnded)] == ["finished"]


def test_trackio(
    needs: Needs, launch: Launch, write: Write, spool: RecordedSpool, tmp_path: Path
) -> None:
    """Its database."""
    needs("trackio")
    write("""
        import trackio
        trackio.init(project="digits", name="fox", config={"lr": 0.1})
        trackio.log({"loss": 0.5})
        trackio.log({"loss": float("nan")})
        trackio.finish()
    """)
    ended = launch(sys.executable, "train.py", TRACKIO_DIR=str(tmp_path / "trackio"))
    assert ended.returncode == 0, ended.stderr

    assert _cli.main(["import", str(tmp_path / "trackio")]) == 0

    (begun,) = spool.of(RunStarted)
    assert (begun.project, begun.name) == ("digits", "fox")
    assert repr(spool.series()["loss"]) == repr([(0, 0.5), (1, math.nan)])
