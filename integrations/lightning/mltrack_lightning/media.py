"""What other loggers of Lightning offer for images, tables, texts and sounds, under their names."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

from mltrack_core import Guard
from mltrack_core import guarded
from mltrack_core.media.audio import Audio
from mltrack_core.media.image import Image
from mltrack_core.media.medium import Medium
from mltrack_core.media.table import table_of
from mltrack_core.media.text import Text


class LogsMedia:
    """The methods that scripts call which were written for `WandbLogger`."""

    _guard: Guard

    def log_metrics(self, metrics: Mapping[str, object], step: int | None = None) -> None:
        """Record what `run.log` takes."""
        raise NotImplementedError

    @guarded
    def log_image(
        self, /, key: str, images: Sequence[Any], step: int | None = None, **kwargs: Any
    ) -> None:
        """Record images under one name.

        Args:
            key: The name.
            images: Each as `mltrack.Image` takes it.
            step: Optimizer updates completed. Default: where the training is.
            kwargs: Lists as long as *images* of what `mltrack.Image` takes: caption, boxes, masks.
        """
        self.log_metrics({key: _each(Image, images, kwargs)}, step)

    @guarded
    def log_audio(
        self, /, key: str, audios: Sequence[Any], step: int | None = None, **kwargs: Any
    ) -> None:
        """Record sounds under one name: lists in *kwargs* as in `log_image`, e.g. sample_rate."""
        self.log_metrics({key: _each(Audio, audios, kwargs)}, step)

    @guarded
    def log_table(
        self,
        key: str,
        columns: Sequence[str] | None = None,
        data: Sequence[Sequence[Any]] | None = None,
        dataframe: Any = None,
        step: int | None = None,
    ) -> None:
        """Record a table: names of columns and rows, or a data frame."""
        self.log_metrics({key: table_of(columns, data, dataframe)}, step)

    @guarded
    def log_text(
        self,
        key: str,
        columns: Sequence[str] | str | None = None,
        data: Sequence[Sequence[str]] | None = None,
        dataframe: Any = None,
        step: int | None = None,
    ) -> None:
        """Record a text, or texts as a table like `log_table`."""
        if isinstance(columns, str):
            self.log_metrics({key: Text(columns)}, step)
        else:
            self.log_metrics({key: table_of(columns, data, dataframe)}, step)


def _each(kind: Any, values: Sequence[Any], options: Mapping[str, Sequence[Any]]) -> list[Medium]:
    """Return one medium for each value, with the options at its place."""
    return [
        value
        if isinstance(value, Medium)
        else kind(value, **{name: given[number] for name, given in options.items()})
        for number, value in enumerate(values)
    ]
