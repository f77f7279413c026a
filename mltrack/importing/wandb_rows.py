"""Rows of W&B's history: numbers, and dictionaries that stand for media and histograms."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from typing import Final

from mltrack.foreign.protobuf import MessageInvalid
from mltrack.importing import events
from mltrack.importing import nested
from mltrack.importing.imported import Imported
from mltrack.importing.source import nanoseconds
from mltrack_core.media.audio import Audio
from mltrack_core.media.image import Image
from mltrack_core.media.medium import Medium
from mltrack_core.media.table import Table
from mltrack_core.media.text import Text
from mltrack_core.records import ByEdges
from mltrack_core.records import Histogram
from mltrack_core.spool import layout

Item = tuple[tuple[str, ...], Any]  # a key, part by part, and its value
_OWN: Final = "_"  # what W&B adds by itself begins with it: _step, _timestamp, _runtime


class Rows:
    """Records rows of history, and what the summary says beyond them.

    Args:
        run: Where to.
    """

    def __init__(self, run: Imported) -> None:
        self._run = run
        self._summary: dict[str, Any] = {}
        self._seen: set[str] = set()  # names that history has

    def take_row(self, items: Iterable[Item]) -> None:
        """Record one row."""
        row = _nested(items)
        step, seconds = row.pop("_step", None), row.pop("_timestamp", None)
        step = step if isinstance(step, int) else self._run.last_step + 1
        time_ns = nanoseconds(seconds) if isinstance(seconds, int | float) else 0
        time_ns = time_ns or self._run.last_ns
        numbers: dict[str, float | int] = {}
        histograms: dict[str, Histogram] = {}
        for name, value in nested.leaves(row):
            self._seen.add(name)
            if name.startswith(_OWN):
                continue
            if isinstance(value, int | float):
                numbers[name] = value
            elif isinstance(value, dict) and value.get("_type") == "histogram":
                if (found := _histogram(value)) is not None:
                    histograms[name] = found
            elif isinstance(value, dict):
                self._take_media(time_ns, step, name, value)
            elif isinstance(value, str):
                self._run.media(time_ns, step, name, [Text(value)])
            elif value is not None:
                self._run.leave_out(f"a value of type {type(value).__name__}")
        if numbers:
            self._run.scalars(time_ns, step, numbers)
        if histograms:
            self._run.histograms(time_ns, step, histograms)

    def take_summary(self, items: Iterable[Item], removed: Iterable[tuple[str, ...]]) -> None:
        """Remember what the summary says."""
        for key, value in items:
            self._summary["/".join(key)] = value
        for key in removed:
            self._summary.pop("/".join(key), None)

    def finish(self) -> None:
        """Record what only the summary has: numbers at the last step, all else as parameters."""
        extra = {
            name: value
            for name, value in self._summary.items()
            if name not in self._seen
            and not name.startswith(_OWN)
            and not any(start in self._seen for start in _starts(name))
        }
        numbers = {
            name: value
            for name, value in extra.items()
            if isinstance(value, int | float) and not isinstance(value, bool)
        }
        if numbers:
            self._run.scalars(self._run.last_ns, self._run.last_step, numbers)
        rest = {name: value for name, value in extra.items() if name not in numbers}
        if rest:
            self._run.params(rest, namespace="wandb.summary")

    def _take_media(self, time_ns: int, step: int, name: str, value: dict[str, Any]) -> None:
        kind = str(value.get("_type"))
        make = _MAKERS.get(kind)
        if make is None:
            self._run.leave_out(f"a value of type {kind}")
            return
        paths = value.get("filenames") or [value.get("path")]
        captions = value.get("captions") or [value.get("caption")]
        if value.get("masks") or value.get("boxes") or value.get("all_boxes"):
            self._run.leave_out("boxes and masks of an image")
        media: list[Medium] = []
        for place, path in enumerate(paths):
            file = self._file(path)
            if file is None:
                self._run.lost("a file that a record names: not there")
                continue
            caption = captions[place] if place < len(captions) else None
            media.append(make(file, caption if isinstance(caption, str) else ""))
        self._run.media(time_ns, step, name, media)

    def _file(self, path: object) -> Path | None:
        """Return the file that a record names, below the run's own folder and nowhere else."""
        if not isinstance(path, str) or not layout.is_inside(path):
            return None
        file = self._run.files / path
        is_there = file.is_file() and file.resolve().is_relative_to(self._run.files.resolve())
        return file if is_there else None


def _table(file: Path, caption: str) -> Table:
    try:
        found = nested.parsed(file.read_bytes())
        return Table(found["columns"], found["data"], caption=caption)
    except (OSError, ValueError, KeyError, TypeError):
        return Table(None, caption=caption)  # which cannot be shown, and says so


_MAKERS: Final[dict[str, Callable[[Path, str], Medium]]] = {
    "image-file": lambda file, caption: Image(file, caption=caption),
    "images/separated": lambda file, caption: Image(file, caption=caption),
    "audio-file": lambda file, caption: Audio(file, caption=caption),
    "table-file": _table,
}


def _nested(items: Iterable[Item]) -> dict[str, Any]:
    """Return a row as the program logged it."""
    row: dict[str, Any] = {}
    for key, value in items:
        place = row
        for part in key[:-1]:
            inner = place.setdefault(part, {})
            place = inner if isinstance(inner, dict) else place
        place[key[-1]] = value
    return row


def _starts(name: str) -> Iterable[str]:
    """Yield what *name* is inside of: a, a/b of a/b/c."""
    parts = name.split("/")
    for end in range(1, len(parts)):
        yield "/".join(parts[:end])


def _histogram(value: dict[str, Any]) -> Histogram | None:
    """Return a histogram; None if it counts nothing.

    Raises:
        MessageInvalid: It is none.
    """
    counts: Any = value.get("values")
    edges: Any = value.get("bins")
    packed: Any = value.get("packedBins")
    try:
        if edges is None:
            low, size = float(packed["min"]), float(packed["size"])
            edges = [low + size * place for place in range(int(packed["count"]) + 1)]
        edges = [float(edge) for edge in edges]
        rows = list(zip(edges[:-1], edges[1:], counts, strict=True))
        if rows and all(low < high for low, high, _ in rows):
            return ByEdges(edges, [round(count) for count in counts])
        return events.bins([row for row in rows if row[2]])
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise MessageInvalid("no histogram") from error
