"""Media in an export: a row for each image, sound, text and table, and their files."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any
from typing import Final

import msgspec
from msgspec.structs import asdict

from mltrack.export.content import as_json
from mltrack.reading.media import MediaUnavailable
from mltrack.reading.media import MediumView
from mltrack.reading.run import RunView
from mltrack_core.media import formats
from mltrack_server.resources import MediaFile

FOLDER: Final = "media"
_ENDINGS: Final = {
    formats.PNG: "png", formats.JPEG: "jpg", formats.GIF: "gif", formats.WEBP: "webp",
    formats.WAV: "wav", formats.MP3: "mp3", formats.OGG: "ogg", formats.FLAC: "flac",
    formats.TEXT: "txt", formats.MARKDOWN: "md", **dict.fromkeys(formats.NUMBERS, "json"),
}  # fmt: skip


class MediaFiles:
    """The files of an export's media: one for each content, named by its SHA-256.

    Args:
        folder: Of the export.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.missing: set[str] = set()  # SHA-256 of what could not be had

    def rows(self, run: RunView) -> Iterator[dict[str, Any]]:
        """Yield what the table of media says of a run; the files that it names are there by then.

        Where a file cannot be had, its cell is empty.
        """
        for name in run.media_names():
            for medium in run.media(name):
                item = medium.item
                yield {
                    "run": run.id,
                    "name": name,
                    "step": medium.step,
                    "time": int(medium.time.astype("int64")),
                    "kind": medium.kind,
                    "type": medium.type,
                    "caption": medium.caption,
                    "sha256": item.file.sha256,
                    "file": self._file(item.file, partial(_readable, medium)),
                    "boxes": msgspec.to_builtins(item.boxes),
                    "masks": [
                        {
                            "name": mask.name,
                            "labels": mask.labels,
                            "file": self._file(mask.file, partial(medium.read_mask, mask.name)),
                        }
                        for mask in item.masks
                    ],
                }

    def _file(self, file: MediaFile, read: Callable[[], bytes]) -> str:
        """Write a file if it is not there yet; return its path in the export, "" for none."""
        path = f"{FOLDER}/{file.sha256}.{_ENDINGS.get(file.type, 'bin')}"
        target = self._folder / path
        if file.sha256 in self.missing:
            return ""
        if not target.exists():
            try:
                data = read()
            except MediaUnavailable:
                self.missing.add(file.sha256)
                return ""
            target.parent.mkdir(exist_ok=True)
            target.write_bytes(data)
        return path


def _readable(medium: MediumView) -> bytes:
    """Return the bytes of what others can read: numbers as JSON, anything else as it is."""
    match medium.kind:
        case "table":
            columns, rows = medium.rows()
            return as_json({"columns": columns, "rows": rows}).encode()
        case "confusion":
            return as_json(asdict(medium.confusion().recorded)).encode()
        case "roc" | "pr":
            curves = [asdict(curve.recorded) for curve in medium.curves()]
            return as_json({"curves": curves}).encode()
        case _:
            return medium.read()
