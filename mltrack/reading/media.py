"""Media of a recorded run: looked at, and brought back."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Final
from typing import TypeVar

import msgspec
import numpy as np

from mltrack.reading.evaluation import ConfusionView
from mltrack.reading.evaluation import CurveView
from mltrack.reading.history import require
from mltrack.reading.source import Source
from mltrack_core.blobs import digest_of
from mltrack_core.errors import MltrackError
from mltrack_core.media.evaluation import confusion_of
from mltrack_core.media.evaluation import curves_of
from mltrack_core.records import MediaKind
from mltrack_server.resources import Cell
from mltrack_server.resources import MediaBox
from mltrack_server.resources import MediaFile
from mltrack_server.resources import MediaItem
from mltrack_server.resources import MediaRecord
from mltrack_server.store.blobs import BlobMissing

if TYPE_CHECKING:
    import os

    import pandas as pd
    import polars as pl

_Decoded = TypeVar("_Decoded")

_PAGE_RECORDS: Final = 500
_decode_table: Final = msgspec.msgpack.Decoder(tuple[list[str], list[list[Cell]]]).decode


class MediaUnavailable(MltrackError):
    """The bytes of a medium cannot be had, and why."""


class MediaMissing(MltrackError, LookupError):
    """A run has no media of that name."""


class MediumView:
    """One image, sound, text, table, confusion matrix or chart of curves of a recorded run."""

    def __init__(self, source: Source, run: str, record: MediaRecord, item: MediaItem) -> None:
        self._source, self._run = source, run
        self.name, self.step = record.name, record.step
        self.time = np.datetime64(record.time_ns, "ns")
        self.item = item  # everything that is known of it

    def __repr__(self) -> str:
        caption = f" {self.caption[:40]!r}" if self.caption else ""
        return f"<{self.kind} of {self.name!r} at step {self.step}{caption}, {self.type}>"

    @property
    def kind(self) -> MediaKind:
        """Either "image", "audio", "text", "table", "confusion", "roc" or "pr"."""
        return self.item.kind

    @property
    def type(self) -> str:
        """What its bytes are, e.g. "image/png"."""
        return self.item.file.type

    @property
    def caption(self) -> str:
        """What was written below it."""
        return self.item.caption

    @property
    def boxes(self) -> list[MediaBox]:
        """The boxes in an image, in pixels."""
        return self.item.boxes

    @property
    def masks(self) -> list[str]:
        """The names of an image's masks."""
        return [mask.name for mask in self.item.masks]

    def read(self) -> bytes:
        """Return its bytes, checked against their SHA-256.

        Raises:
            MediaUnavailable: They are not here, or damaged.
            ServerUnreachable: The server cannot be reached any more.
        """
        return self._fetch(self.item.file)

    def read_mask(self, name: str) -> bytes:
        """Return a mask as a grey PNG whose values are the classes; errors as of `read`."""
        for mask in self.item.masks:
            if mask.name == name:
                return self._fetch(mask.file)
        raise MediaMissing(f"the image has no mask {name[:80]!r}; there are {self.masks}")

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write its bytes to *path*, which must not be there yet; errors as of `read`."""
        target = Path(path)
        data = self.read()
        with target.open("xb") as file:
            file.write(data)
        return target

    def text(self) -> str:
        """Return a text; errors as of `read`."""
        return self.read().decode("utf-8", "replace")

    def rows(self) -> tuple[list[str], list[list[Cell]]]:
        """Return a table's column names and rows, exactly as logged; errors as of `read`."""
        if self.kind != "table":
            raise TypeError(f"{self!r} is no table")
        return _decode_table(self.read())

    def confusion(self) -> ConfusionView:
        """Return a confusion matrix's labels and counts; errors as of `read`."""
        if self.kind != "confusion":
            raise TypeError(f"{self!r} is no confusion matrix")
        return ConfusionView(self._decoded(confusion_of))

    def curves(self) -> list[CurveView]:
        """Return ROC or precision-recall curves, one for each class; errors as of `read`."""
        if self.kind not in ("roc", "pr"):
            raise TypeError(f"{self!r} has no curves")
        return [CurveView(curve) for curve in self._decoded(curves_of)]

    def to_pandas(self) -> pd.DataFrame:
        """Return a table as a data frame; errors as of `read`.

        Raises:
            ImportError: pandas is not installed.
        """
        pandas = require("pandas")
        columns, rows = self.rows()
        frame: pd.DataFrame = pandas.DataFrame(rows, columns=columns)
        return frame

    def to_polars(self) -> pl.DataFrame:
        """Return a table as a data frame, mixed columns as text; errors as of `read`.

        Raises:
            ImportError: polars is not installed.
        """
        polars = require("polars")
        columns, rows = self.rows()
        frame: pl.DataFrame = polars.DataFrame(rows, schema=columns, orient="row", strict=False)
        return frame

    def _decoded(self, decode: Callable[[bytes], _Decoded]) -> _Decoded:
        try:
            return decode(self.read())
        except msgspec.DecodeError as error:
            raise MediaUnavailable(f"{self!r}: it is damaged: {error}") from error

    def _fetch(self, file: MediaFile) -> bytes:
        try:
            found = self._source.media.file(self._run, file.sha256)
        except BlobMissing as error:
            raise MediaUnavailable(
                f"{self!r}: its bytes are not here: they are on their way, or were lost"
            ) from error
        if found is None:
            raise MediaUnavailable(f"{self!r}: it is no longer there")
        if digest_of(found.data) != file.sha256:
            raise MediaUnavailable(f"{self!r}: what arrived has another SHA-256")
        return found.data


class HasMedia:
    """A run, as far as its media are concerned."""

    _source: Source

    @property
    def id(self) -> str:
        """32 hexadecimal digits."""
        raise NotImplementedError

    def media_names(self) -> list[str]:
        """Return under which names images, sounds, texts and tables were logged."""
        found = self._source.media.overview(self.id)
        return [] if found is None else [key.name for key in found.keys]

    def media(self, name: str) -> list[MediumView]:
        """Return all images, sounds, texts and tables of one name, by step.

            for image in run.media("val/samples"):
                print(image.step, image.caption, len(image.read()))

        Raises:
            MediaMissing: The run has none of that name.
        """
        views: list[MediumView] = []
        start: int | None = None
        while True:
            page = self._source.media.records(self.id, name, start, _PAGE_RECORDS)
            if page is None:
                raise self._missing(name)
            for record in page.records:
                views += [MediumView(self._source, self.id, record, item) for item in record.items]
            start = page.next
            if start is None:
                return views

    def _missing(self, name: str) -> MediaMissing:
        known = self.media_names()
        near = difflib.get_close_matches(name, known, 3, 0.5) or known[:5]
        hint = f"; there are {', '.join(near)}" if near else "; it has none at all yet"
        return MediaMissing(f"run {self.id[:8]} has no media {name[:80]!r}{hint}")
