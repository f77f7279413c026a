"""What a program sends to another tracker is recorded here too, and theirs is as ever."""

from __future__ import annotations

import math
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from mltrack_core import records
from mltrack_core.media.evaluation import Confusion
from mltrack_core.media.evaluation import confusion_of
from mltrack_core.records import Histograms
from mltrack_core.records import Media
from mltrack_core.records import RunStarted
from mltrack_core.records import Scalars
from mltrack_core.testing.spool import RecordedSpool

pytestmark = pytest.mark.slow

Launch = Callable[..., subprocess.CompletedProcess[str]]
Write = Callable[..., Path]
Needs = Callable[..., None]


def _points(spool: RecordedSpool, run: str | None = None) -> list[tuple[int, dict[str, float]]]:
    return [(record.step, dict(record.values)) for record in spool.of(Scalars, run)]


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
    assert spool.params(first)["wandb"] == {"lr": 0.1, "width": 8}
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
        "confusion": wandb.plot.confusion_matrix(
            y_true=[0, 0, 1], preds=[0, 1, 1], class_names=["cat", "dog"], title="Cats"),
        "line": wandb.plot.line(wandb.Table(columns=["x", "y"], data=[[1, 2]]), "x", "y"),
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
    assert (items["confusion"][0].kind, items["confusion"][0].caption) == ("confusion", "Cats")
    matrix = confusion_of(items["confusion"][0].file.data)
    assert matrix == Confusion(["cat", "dog"], [[0, 1], [1]], [[1, 1], [1]])
    assert msgspec.msgpack.decode(items["line"][0].file.data) == [["x", "y"], [[1, 2]]]
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
            for loss in (0.5, 1.0):  # of one step and millisecond MLflow takes the greatest
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
    assert ended.stdout == "[('acc', 0.5), ('f1', 0.25), ('loss', 1.0)]\n"
    (started,) = spool.of(RunStarted)
    assert started.name == "first"
    assert spool.params()["mlflow"] == {"lr": 0.1, "width": "8"}  # MLflow makes text of a batch
    assert _points(spool) == [
        (0, {"loss": 0.5}),
        (1, {"loss": 1.0}),
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
    assert spool.params()["trackio"] == {"lr": 0.1}
    assert _points(spool) == [(0, {"loss": 1.0}), (1, {"loss": 0.5}), (9, {"loss": 0.25})]


SUMMARIES = """
import numpy as np
import tensorflow as tf
writers = {name: tf.summary.create_file_writer(f"logs/{name}") for name in ("train", "valid", "")}

@tf.function
def step(x, number):
    with writers[""].as_default(), tf.summary.record_if(number % 2 == 0):
        tf.summary.scalar("graph/sum", tf.reduce_sum(x), step=number)
        tf.summary.histogram("graph/x", x, step=number)
    return 2 * x

with writers["train"].as_default():
    tf.summary.scalar("loss", 1.5, step=3)
    tf.summary.histogram("weights", [0.0, 0.5, 2.0], step=3, buckets=2)
    tf.summary.histogram("same", np.ones(10), step=3)
    tf.summary.image("noise", np.zeros((2, 8, 6, 3)), step=3)
    tf.summary.text("words", ["a *b*", "c"], step=3)
    tf.summary.audio("tone", np.zeros((1, 80, 1), np.float32), 8000, step=3)
with writers["valid"].as_default(step=4):
    tf.summary.scalar("loss", 2.5)
    with tf.summary.record_if(False):
        tf.summary.scalar("never", 2.5)
for number in range(3):
    step(tf.constant([1.0, 1.0, 2.0]), tf.constant(number, tf.int64))
"""


def _sizes(folder: Path) -> list[int]:
    return sorted(path.stat().st_size for path in folder.rglob("events.*"))


def test_tensorflow(
    needs: Needs, launch: Launch, write: Write, spool: RecordedSpool, tmp_path: Path
) -> None:
    """What `tf.summary` writes, in graphs too: at its step, under the split of its folder."""
    needs("tensorflow", "tensorboard")
    write(SUMMARIES)
    alone = launch(sys.executable, "train.py")
    (tmp_path / "logs").rename(tmp_path / "logs without us")

    ended = launch("run", "train.py")

    assert (alone.returncode, ended.returncode) == (0, 0), ended.stderr
    assert _sizes(tmp_path / "logs") == _sizes(tmp_path / "logs without us")
    assert _points(spool) == [
        (3, {"train/loss": 1.5}),
        (4, {"val/loss": 2.5}),
        (0, {"graph/sum": 4.0}),
        (2, {"graph/sum": 4.0}),
    ]
    histograms = [(each.step, dict(each.values)) for each in spool.of(Histograms)]
    assert histograms[:2] == [
        (3, {"train/weights": records.ByEdges([0.0, 1.0, 2.0], [2, 1])}),
        (3, {"train/same": records.ByEdges([1.0, math.nextafter(1.0, 2.0)], [10])}),
    ]
    assert [(step, list(values)) for step, values in histograms[2:]] == [
        (0, ["graph/x"]),
        (2, ["graph/x"]),
    ]
    items = _items(spool)
    assert [(i.width, i.height) for i in items["train/noise"]] == [(6, 8)] * 2
    assert [i.file.data for i in items["train/words"]] == [b"a *b*", b"c"]
    assert [i.file.type for i in items["train/tone"]] == ["audio/wav"]


KERAS = """
import sys
import keras, numpy as np, tensorflow as tf
keras.utils.set_random_seed(1)

class Watched(keras.layers.Layer):
    def call(self, x):
        tf.summary.scalar("largest", tf.reduce_max(x), step=tf.cast(0, tf.int64))
        return x

class Mine(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        with writer.as_default():
            tf.summary.scalar("mine", 10.0 * epoch, step=epoch)

writer = tf.summary.create_file_writer("logs/mine")
model = keras.Sequential([
    keras.layers.Input((4,)), keras.layers.Dense(3), Watched(), keras.layers.Dense(1),
])
model.compile("adam", "mse")
x = np.random.rand(64, 4).astype("float32")
with writer.as_default():
    model.fit(x, x.sum(1), batch_size=16, epochs=2, verbose=0, callbacks=[
        keras.callbacks.TensorBoard("logs/board", histogram_freq=1, write_images=True), Mine(),
    ])
np.save(sys.argv[1], np.concatenate([each.ravel() for each in model.get_weights()]))
"""


def test_what_keras_tells_tensorboard_is_recorded_once(
    needs: Needs, launch: Launch, write: Write, spool: RecordedSpool, tmp_path: Path
) -> None:
    """By Keras's integration; the program's own summaries are at the updates made by then."""
    needs("tensorflow", "tensorboard", "keras")
    write(KERAS)
    alone = launch(sys.executable, "train.py", "alone.npy", KERAS_BACKEND="tensorflow")
    (tmp_path / "logs").rename(tmp_path / "logs without us")

    ended = launch("run", "train.py", "ours.npy", KERAS_BACKEND="tensorflow")

    assert (alone.returncode, ended.returncode) == (0, 0), ended.stderr
    assert _sizes(tmp_path / "logs") == _sizes(tmp_path / "logs without us")
    assert (tmp_path / "ours.npy").read_bytes() == (tmp_path / "alone.npy").read_bytes()
    points = [(r.step, n, r.axes.get("writer_step")) for r in spool.of(Scalars) for n in r.values]
    assert [(step, axis) for step, name, axis in points if name == "mine"] == [(4, 0), (8, 1)]
    assert [step for step, name, _ in points if name == "train/loss"] == [4, 8]
    largest = [step for step, name, _ in points if name.endswith("/largest")]
    assert largest == list(range(8))  # before each update
    assert not any("epoch_loss" in name for _, name, _ in points)
    assert {name for each in spool.of(Histograms) for name in each.values} == {
        "param/histogram/dense",
        "param/histogram/dense_1",
    }
    assert "train/sequential/dense/kernel/image" in _items(spool)


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
