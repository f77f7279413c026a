"""What a program sends to TensorBoard by `tf.summary`."""

from __future__ import annotations

import itertools
import math
import os
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any
from typing import Final
from weakref import WeakValueDictionary

from mltrack.launch.mirrors.mirror import Mirror
from mltrack_core import autolog
from mltrack_core import records
from mltrack_core import updates
from mltrack_core.limits import MEDIA_ITEMS_MAX
from mltrack_core.media.audio import Audio
from mltrack_core.media.image import Image
from mltrack_core.media.text import Text

PART: Final = "tensorflow"

_mirror = Mirror(PART, also=("tensorboard",))

# A program has one writer for its training and one for its validation, each with the same names.
_SPLITS: Final = {
    "dev": "val",
    "eval": "val",
    "evaluation": "val",
    "test": "test",
    "train": "train",
    "training": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
}
# Where a function that is compiled may call back: in this process, and on its processor.
_STRATEGIES: Final = ("_DefaultDistributionStrategy", "MirroredStrategy", "OneDeviceStrategy")


class _Writers:
    """The writers of this process, by the objects that TensorFlow knows them by."""

    def __init__(self) -> None:
        self._resources: WeakValueDictionary[int, Any] = WeakValueDictionary()
        self._folders: dict[int, str] = {}

    def begin(self, resource: Any, logdir: Any) -> None:
        """Take note of where a writer writes."""
        self._resources[id(resource)] = resource
        self._folders[id(resource)] = os.fsdecode(logdir.numpy())

    def prefix(self, resource: Any) -> str:
        """Return what the names of a writer begin with here: "val/" for one of a validation."""
        if self._resources.get(id(resource)) is not resource:
            return ""
        split = _SPLITS.get(os.path.basename(self._folders[id(resource)].rstrip("/")).lower())
        return f"{split}/" if split else ""


_writers = _Writers()


def tap(module: ModuleType) -> Callable[[], None]:
    """Mirror the summaries of *module*, tensorflow.python.ops.gen_summary_ops.

    All of `tf.summary` goes through it, whenever it was imported. Returns what stops it.
    """
    stops = [
        _mirror.listen(module, "create_summary_file_writer", _begin, hears_frameworks=True),
        _mirror.listen(module, "write_summary", _write, hears_frameworks=True),
    ]

    def undo() -> None:
        for stop in stops:
            stop()

    return undo


def _begin(writer: Any, logdir: Any, *_: object, **__: object) -> None:
    if hasattr(logdir, "numpy"):
        _writers.begin(writer, logdir)


def _write(
    writer: Any, step: Any, tensor: Any, tag: Any, summary_metadata: Any, *_: object, **__: object
) -> None:
    tf = sys.modules["tensorflow"]
    content = tf.compat.v1.SummaryMetadata.FromString(summary_metadata)
    convert = _KINDS.get(content.plugin_data.plugin_name)
    is_recorded = convert in (_scalar, _histogram) and _mirror.is_recorded(sys._getframe())
    if convert is None or is_recorded:
        return
    name = _writers.prefix(writer)
    name += tag if isinstance(tag, str) else tag.numpy().decode()
    if tf.executing_eagerly():
        _record(name, convert, int(step), tensor.numpy())
    elif type(tf.distribute.get_strategy()).__name__ in _STRATEGIES:

        def record(step: Any, values: Any) -> None:
            if autolog.is_active(PART):  # it may have been turned off since
                with _mirror.guard(PART):
                    _record(name, convert, int(step), values)

        tf.numpy_function(record, [step, tensor], [])


def _record(name: str, convert: Callable[[Any], object], step: int, values: Any) -> None:
    value = convert(values)
    if value is None:
        return
    run = _mirror.run(PART)
    if run.id and updates.made(run.id) is not None:
        run.log({name: value}, writer_step=float(step))  # at the updates that are counted
    else:
        run.log({name: value}, step=step)


def _scalar(values: Any) -> object:
    return float(values)


def _histogram(values: Any) -> object:
    """Return a histogram of rows of left edge, right edge and count."""
    rows = [row for row in values.tolist() if row[2] or row[0] < row[1]]
    if not rows or not all(math.isfinite(edge) for row in rows for edge in row[:2]):
        return None
    edges, counts = [rows[0][0]], []
    for _, right, count in rows:
        # Where all values are one, so are all edges.
        edges.append(max(right, math.nextafter(edges[-1], math.inf)))
        counts.append(round(count))
    return records.ByEdges(edges, counts)


def _images(values: Any) -> object:
    """Return images of a width, a height, and one file or several."""
    return [Image(data) for data in values.ravel().tolist()[2 : 2 + MEDIA_ITEMS_MAX]] or None


def _text(values: Any) -> object:
    # What is no array of NumPy here was a single text.
    texts = [values] if isinstance(values, bytes) else values.ravel().tolist()
    return [
        Text(text.decode("utf-8", "replace"), is_markdown=True)
        for text in itertools.islice(texts, MEDIA_ITEMS_MAX)
    ] or None


def _audio(values: Any) -> object:
    """Return sounds of pairs of a file and its label, or of files alone."""
    rows = values.tolist() if values.ndim == 2 else [[data] for data in values.tolist()]
    return [
        Audio(row[0], caption=row[1].decode("utf-8", "replace") if len(row) > 1 else "")
        for row in rows[:MEDIA_ITEMS_MAX]
    ] or None


_KINDS: Final[dict[str, Callable[[Any], object]]] = {  # by the plugin that shows them
    "audio": _audio,
    "histograms": _histogram,
    "images": _images,
    "scalars": _scalar,
    "text": _text,
}
