"""Figures of Matplotlib, given to us or to TensorBoard."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import mltrack
import mltrack_core
from mltrack_core.records import Media
from mltrack_core.testing.spool import RecordedSpool

pytest.importorskip("matplotlib").use("agg")
pyplot: Any = pytest.importorskip("matplotlib.pyplot")
pil: Any = pytest.importorskip("PIL.Image")


@pytest.fixture
def figure() -> Iterator[Any]:
    """A figure, 200 pixels wide and 100 high."""
    made, axes = pyplot.subplots(figsize=(2, 1), dpi=100)
    axes.plot([1, 3, 2])
    yield made
    pyplot.close(made)


def test_a_figure_that_is_logged_is_an_image(figure: Any, tmp_path: Path) -> None:
    """As Matplotlib draws it; the user's figure stays open and as it was."""
    with mltrack_core.init() as run:
        run.log({"curve": figure}, step=3)

    (media,) = RecordedSpool(tmp_path / "mltrack").of(Media)
    (item,) = media.items
    assert (media.name, media.step, item.width, item.height) == ("curve", 3, 200, 100)
    drawn = io.BytesIO()
    figure.savefig(drawn, format="png")
    ours = pil.open(io.BytesIO(item.file.data)).convert("RGB")
    assert ours.tobytes() == pil.open(drawn).convert("RGB").tobytes()
    assert pyplot.fignum_exists(figure.number)


def test_a_figure_for_tensorboard_is_recorded_once(figure: Any, tmp_path: Path) -> None:
    """`add_figure` draws it and adds the image: that is what both have."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    from torch.utils.tensorboard import SummaryWriter

    mltrack.autolog()
    try:
        writer = SummaryWriter(str(tmp_path / "board"))
        writer.add_figure("curve", figure, 7, close=False)
        writer.close()
    finally:
        mltrack.autolog(disable=True)
    mltrack_core.finish()

    (media,) = RecordedSpool(tmp_path / "mltrack").of(Media)
    (item,) = media.items
    assert (media.name, media.step, item.width, item.height) == ("curve", 7, 200, 100)
    (event,) = EventAccumulator(str(tmp_path / "board")).Reload().Images("curve")
    assert (event.step, event.width, event.height) == (7, 200, 100)
