"""Images, sounds, texts, tables and matrices of other trackers, as ours."""

from __future__ import annotations

import sys
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping
from typing import Any
from typing import Final

from mltrack_core import records
from mltrack_core.media.audio import Audio
from mltrack_core.media.confusion import ConfusionMatrix
from mltrack_core.media.image import Image
from mltrack_core.media.medium import Medium
from mltrack_core.media.table import Table
from mltrack_core.media.text import Text

Found = Medium | list[Medium] | records.Histogram


def of(value: object) -> Found | None:
    """Return what another tracker's *value*, or a list of them, is here; None if nothing."""
    if isinstance(value, list | tuple):
        media = [found for each in value if isinstance(found := of(each), Medium)]
        return media if media and len(media) == len(value) else None
    for kind in type(value).__mro__:
        convert = _KINDS.get((kind.__module__.partition(".")[0], kind.__name__))
        if convert is not None:
            return convert(value)
    return _figure(value)


def table(data: object) -> Medium:
    """Return what MLflow takes as a table: a data frame, or names to columns or single values."""
    if isinstance(data, Mapping):
        columns = {
            name: column if isinstance(column, list | tuple) else [column]
            for name, column in data.items()
        }
        return Table({name: [_cell(cell) for cell in cells] for name, cells in columns.items()})
    return Table(data)


def _figure(value: object) -> Medium | None:
    figures = sys.modules.get("matplotlib.figure")
    return Image(value) if figures and isinstance(value, figures.FigureBase) else None


def _histogram(theirs: Any) -> records.Histogram:
    bins = [float(edge) for edge in theirs.bins]
    return records.ByEdges(bins, [int(count) for count in theirs.histogram])


# ---- Weights & Biases: what it is given is a file of its own at once ----


def _wandb_image(theirs: Any) -> Medium:
    width, height = theirs._width or 0, theirs._height or 0
    boxes = [
        _wandb_box(box, group.partition("/")[0], each._class_labels, width, height)
        for group, each in (theirs._boxes or {}).items()
        for box in each._val
    ]
    masks = {
        name: (mask._val["mask_data"], mask._val.get("class_labels", {}))
        for name, mask in (theirs._masks or {}).items()
        if "mask_data" in getattr(mask, "_val", {})
    }
    return Image(theirs._path, caption=theirs._caption or "", boxes=boxes, masks=masks)


def _wandb_box(
    box: Mapping[str, Any], group: str, labels: Mapping[int, str], width: int, height: int
) -> records.Box:
    """Return a box, whose corners are shares of the image unless it says otherwise."""
    where = box["position"]
    if "middle" in where:
        (x, y), wide, high = where["middle"], where["width"], where["height"]
        corners = [x - wide / 2, y - high / 2, x + wide / 2, y + high / 2]
    else:
        corners = [where["minX"], where["minY"], where["maxX"], where["maxY"]]
    if box.get("domain") != "pixel":
        corners = [a * b for a, b in zip(corners, (width, height) * 2, strict=True)]
    label = box.get("box_caption") or labels.get(box.get("class_id", -1), "")
    scores: list[float] = list(box.get("scores", {}).values())
    left, top, right, bottom = corners
    score = scores[0] if len(scores) == 1 else None
    return records.Box(left, top, right, bottom, str(label), score, group)


def _wandb_audio(theirs: Any) -> Medium:
    return Audio(theirs._path, caption=theirs._caption or "")


def _wandb_table(theirs: Any) -> Medium:
    return Table(theirs.columns, _cells(theirs.data))


def _wandb_chart(theirs: Any) -> Medium:
    """Return the counts of a confusion matrix; of any other chart the table that it is made of."""
    columns, rows = theirs.table.columns, theirs.table.data
    caption = str(theirs.spec.string_fields.get("title") or "")
    if columns != ["Actual", "Predicted", "nPredictions"]:
        return Table(columns, _cells(rows), caption=caption)
    labels = list(dict.fromkeys(row[0] for row in rows))
    places = {label: place for place, label in enumerate(labels)}
    counts = [[0.0] * len(labels) for _ in labels]
    for truth, guess, count in rows:
        counts[places[truth]][places[guess]] = float(count)
    return ConfusionMatrix(matrix=counts, labels=labels, caption=caption)


# ---- Trackio ----


def _trackio_image(theirs: Any) -> Medium:
    return Image(theirs._value, caption=theirs.caption or "")


def _trackio_audio(theirs: Any) -> Medium:
    value = theirs._value
    if getattr(getattr(value, "dtype", None), "kind", "") == "f" and value.size:
        value = value / max(1.0, float(abs(value).max()))  # it scales what is too loud
    return Audio(value, sample_rate=theirs._sample_rate, caption=theirs.caption or "")


def _trackio_table(theirs: Any) -> Medium:
    names = list(dict.fromkeys(name for row in theirs.data for name in row))
    return Table(names, _cells([row.get(name) for name in names] for row in theirs.data))


def _cells(rows: Iterable[Iterable[object]]) -> list[list[object]]:
    return [[_cell(cell) for cell in row] for row in rows]


def _cell(value: object) -> object:
    """Return a cell, a word for an image or sound in it: cells hold no media here."""
    is_theirs = type(value).__module__.partition(".")[0] in ("mlflow", "trackio", "wandb")
    return f"({type(value).__name__})" if is_theirs else value


_KINDS: Final[dict[tuple[str, str], Callable[[Any], Found]]] = {
    ("trackio", "Histogram"): _histogram,
    ("trackio", "Markdown"): lambda theirs: Text(theirs.text, is_markdown=True),
    ("trackio", "Table"): _trackio_table,
    ("trackio", "TrackioAudio"): _trackio_audio,
    ("trackio", "TrackioImage"): _trackio_image,
    ("wandb", "Audio"): _wandb_audio,
    ("wandb", "CustomChart"): _wandb_chart,
    ("wandb", "Histogram"): _histogram,
    ("wandb", "Html"): lambda theirs: Text(theirs.html),
    ("wandb", "Image"): _wandb_image,
    ("wandb", "Table"): _wandb_table,
}
