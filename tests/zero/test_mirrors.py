"""What a program sends to another tracker is recorded here too, and theirs is as ever."""

from __future__ import annotations

import math
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from mltrack_core import records
from mltrack_core.records import Histograms
from mltrack_core.records import Media
from mltrack_core.records import Params
from mltrack_core.records import RunStarted
from mltrack_core.records import Scalars
from mltrack_core.testing.spool import RecordedSpool

pytestmark = pytest.mark.slow

Launch = Callable[..., subprocess.CompletedProcess[str]]
Write = Callable[..., Path]
Needs = Callable[..., None]


def _points(spool: RecordedSpool, run: str | None = None) -> list[tuple[int, dict[str, float]]]:
    return [(record.step, dict(record.values)) for record in spool.of(Scalars, run)]


def _params(spool: RecordedSpool, namespace: str, run: str | None = None) -> dict[str, object]:
    found: dict[str, object] = {}
    for params in spool.of(Params, run):
        if params.namespace == namespace:
            found |= params.values
    return found


def test_wandb(needs: Needs, launch: Launch, write: Write, spool: RecordedSpool) -> None:
    """Project, name, configuration, numbers and histograms, at W&B's steps, run by run."""
    needs("wandb")
    write("""
        import wandb
        with wandb.init(project="digits", name="first", tags=["a"], config={"lr": 0.1}) as run:
            for loss in (1.0, float("nan")):
                wandb.log({"loss": loss, "val": {"acc": 0.5}, "sample": "text"})
            run.log({"loss": 0.5}, step=7)
            wandb.log({"early": 1}, commit=False)
            wandb.log({"late": 2})
            wandb.log({"weights": wandb.Histogram(np_histogram=([1, 2], [0.0, 1.0, 2.0]))})
            run.config.update({"width": 8})
        with wandb.init(project="digits", name="second") as run:
            run.log({"loss": 3})
    """)

    ended = launch("run", "train.py", WANDB_MODE="offline", WANDB_SILENT="true")

    assert ended.returncode == 0, ended.stderr
    first, second = spool.runs()
    (started,) = spool.of(RunStarted, first)
    assert (started.project, started.name, started.tags) == ("digits", "first", ["a"])
    assert _params(spool, "wandb", first) == {"lr": 0.1, "width": 8}
    points = _points(spool, first)
    assert points.pop(0) == (0, {"loss": 1.0, "val/acc": 0.5})
    assert math.isnan(points[0][1]["loss"])
    assert points[1:] == [(7, {"loss": 0.5}), (7, {"early": 1}), (7, {"late": 2})]
    (histograms,) = spool.of(Histograms, first)
    assert histograms.values == {"weights": records.ByEdges([0.0, 1.0, 2.0], [1, 2])}
    assert _points(spool, second) == [(0, {"loss": 3})]


MEDIA = """
import numpy as np
noise = np.arange(12 * 16 * 3, dtype=np.uint8).reshape(12, 16, 3)
"""


def _items(spool: RecordedSpool) -> dict[str, list[records.MediaItem]]:
    return {media.name: list(media.items) for media in spool.of(Media)}


def test_media_of_wandb(
    needs: Needs, launch: Launch, write: Write, spool: RecordedSpool, tmp_path: Path
) -> None:
    """Images with boxes in pixels and masks, sounds, tables, HTML as text; theirs are all there."""
    needs("wandb", "PIL")
    write(
        MEDIA
        + """
import wandb
boxes = {"truth": {"class_labels": {1: "cat"}, "box_data": [
    {"position": {"minX": 0.25, "minY": 0.5, "maxX": 0.5, "maxY": 1.0}, "class_id": 1,
     "scores": {"acc": 0.5}},
    {"position": {"middle": [8, 6], "width": 4, "height": 2}, "domain": "pixel",
     "class_id": 1, "box_caption": "a cat"},
]}}
masks = {"seg": {"mask_data": (noise[:, :, 0] % 2).astype(np.uint8), "class_labels": {1: "sky"}}}
with wandb.init(project="digits") as run:
    image = wandb.Image(noise, caption="first", boxes=boxes, masks=masks)
    table = wandb.Table(columns=["n", "x"], data=[[1, image], [2, wandb.Image(noise)]])
    run.log({
        "samples": [image, wandb.Image(noise[:, :, 0])],
        "tone": 1,
        "table": table,
        "page": wandb.Html("<b>bold</b>", inject=False),
        "loss": 0.5,
    })
"""
    )

    ended = launch("run", "train.py", WANDB_MODE="offline", WANDB_SILENT="true")

    assert ended.returncode == 0, ended.stderr
    theirs = {path.name.partition("_")[0] for path in (tmp_path / "wandb").rglob("media/*/*")}
    assert {"samples", "page"} <= theirs
    items = _items(spool)
    first, second = items["samples"]
    assert (first.caption, first.width, first.height, second.width) == ("first", 16, 12, 16)
    assert first.boxes == [
        records.Box(4.0, 6.0, 8.0, 12.0, "cat", 0.5, "truth"),
        records.Box(6.0, 5.0, 10.0, 7.0, "a cat", None, "truth"),
    ]
    assert [(mask.name, mask.labels) for mask in first.masks] == [("seg", {1: "sky"})]
    assert msgspec.msgpack.decode(items["table"][0].file.data) == [
        ["n", "x"],
        [[1, "(Image)"], [2, "(Image)"]],
    ]
    assert items["page"][0].file.data == b"<b>bold</b>"
    assert items["page"][0].file.type == "text/plain"
    assert _points(spool) == [(0, {"tone": 1, "loss": 0.5})]


def test_media_of_mlflow(
    needs: Needs, launch: Launch, write: Write, spool: RecordedSpool, tmp_path: Path
) -> None:
    """Images at their steps, texts and tables under the names of their files."""
    needs("mlflow", "PIL")
    write(
        MEDIA
        + """
import mlflow
from PIL import Image
with mlflow.start_run() as run:
    for step in (0, 5):
        mlflow.log_image(noise, key="samples", step=step)
    mlflow.log_image(Image.fromarray(noise), "photo.png")
    mlflow.log_text("# Title", "notes.md")
    mlflow.MlflowClient().log_text(run.info.run_id, "plain", "b/plain.txt")
print(sorted(each.path for each in mlflow.MlflowClient().list_artifacts(run.info.run_id)))
"""
    )

    environment = {
        "MLFLOW_TRACKING_URI": (tmp_path / "mlruns").as_uri(),
        "MLFLOW_ALLOW_FILE_STORE": "true",
    }
    ended = launch("run", "train.py", **environment)

    assert ended.returncode == 0, ended.stderr
    assert ended.stdout == "['b', 'images', 'notes.md', 'photo.png']\n"
    found = [(media.name, media.step, media.items[0].file.type) for media in spool.of(Media)]
    assert found == [
        ("samples", 0, "image/png"),
        ("samples", 5, "image/png"),
        ("photo.png", 0, "image/png"),
        ("notes.md", 0, "text/markdown"),
        ("b/plain.txt", 0, "text/plain"),
    ]


def test_media_of_trackio(
    needs: Needs, launch: Launch, write: Write, spool: RecordedSpool, tmp_path: Path
) -> None:
    """Images, sounds, tables, texts and histograms."""
    needs("trackio")
    write(
        MEDIA
        + """
import trackio
trackio.init(project="digits", name="first")
trackio.log({
    "image": trackio.Image(noise, caption="noise"),
    "tone": trackio.Audio(np.array([0.0, 2.0, -1.0]), sample_rate=3),
    "table": trackio.Table(columns=["n", "x"], data=[[1, "a"]]),
    "text": trackio.Markdown("# Title"),
    "weights": trackio.Histogram(np_histogram=([1, 2], [0.0, 1.0, 2.0])),
    "loss": 1.0,
})
trackio.finish()
"""
    )

    ended = launch("run", "train.py", TRACKIO_DIR=str(tmp_path / "trackio"))

    assert ended.returncode == 0, ended.stderr
    items = _items(spool)
    assert set(items) == {"image", "tone", "table", "text"}
    assert (items["image"][0].caption, items["image"][0].width) == ("noise", 16)
    assert items["tone"][0].seconds == 1.0
    assert items["tone"][0].file.data.endswith(struct.pack("<hhh", 0, 32767, -16384))
    assert msgspec.msgpack.decode(items["table"][0].file.data) == [["n", "x"], [[1, "a"]]]
    assert items["text"][0].file.data == b"# Title"
    (histograms,) = spool.of(Histograms)
    assert histograms.values == {"weights": records.ByEdges([0.0, 1.0, 2.0], [1, 2])}
    assert _points(spool) == [(0, {"loss": 1.0})]


def test_mlflow(
    needs: Needs, launch: Launch, write: Write, spool: RecordedSpool, tmp_path: Path
) -> None:
    """Values without a step follow one another; theirs are all there."""
    needs("mlflow")
    write("""
        import mlflow
        from mlflow import log_metric
        with mlflow.start_run(run_name="first") as run:
            mlflow.log_param("lr", 0.1)
            mlflow.log_params({"width": 8})
            for loss in (1.0, 0.5):
                log_metric("loss", loss)
            mlflow.log_metrics({"acc": 0.5, "f1": 0.25}, step=5)
        print(sorted(mlflow.get_run(run.info.run_id).data.metrics.items()))
    """)

    environment = {
        "MLFLOW_TRACKING_URI": (tmp_path / "mlruns").as_uri(),
        "MLFLOW_ALLOW_FILE_STORE": "true",
    }
    ended = launch("run", "train.py", **environment)

    assert ended.returncode == 0, ended.stderr
    assert ended.stdout == "[('acc', 0.5), ('f1', 0.25), ('loss', 0.5)]\n"
    (started,) = spool.of(RunStarted)
    assert started.name == "first"
    assert _params(spool, "mlflow") == {"lr": 0.1, "width": "8"}  # MLflow makes text of a batch
    assert _points(spool) == [
        (0, {"loss": 1.0}),
        (1, {"loss": 0.5}),
        (5, {"acc": 0.5, "f1": 0.25}),
    ]


def test_trackio(
    needs: Needs, launch: Launch, write: Write, spool: RecordedSpool, tmp_path: Path
) -> None:
    """Project, name, configuration and numbers."""
    needs("trackio")
    write("""
        import trackio
        trackio.init(project="digits", name="first", config={"lr": 0.1})
        for loss in (1.0, 0.5):
            trackio.log({"loss": loss})
        trackio.log({"loss": 0.25}, step=9)
        trackio.finish()
    """)

    ended = launch("run", "train.py", TRACKIO_DIR=str(tmp_path / "trackio"))

    assert ended.returncode == 0, ended.stderr
    (started,) = spool.of(RunStarted)
    assert (started.project, started.name) == ("digits", "first")
    assert _params(spool, "trackio") == {"lr": 0.1}
    assert _points(spool) == [(0, {"loss": 1.0}), (1, {"loss": 0.5}), (9, {"loss": 0.25})]


def test_a_run_of_the_users_own_takes_it_all(
    needs: Needs, launch: Launch, write: Write, spool: RecordedSpool
) -> None:
    """One run, whatever else the program tells."""
    needs("wandb")
    write("""
        import mltrack, wandb
        mine = mltrack.init(name="mine")
        with wandb.init(project="digits", name="theirs") as run:
            run.log({"loss": 1.0})
        with mltrack.paused(), wandb.init(project="digits") as run:
            run.log({"loss": 2.0})
    """)

    ended = launch("run", "train.py", WANDB_MODE="offline", WANDB_SILENT="true")

    assert ended.returncode == 0, ended.stderr
    (started,) = spool.of(RunStarted)
    assert started.name == "mine"
    assert _points(spool) == [(0, {"loss": 1.0})]
