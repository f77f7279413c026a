"""The formats that there are."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from mltrack.export import parquet
from mltrack.export import tables
from mltrack.export import tensorboard
from mltrack.export.text import CsvTable
from mltrack.export.text import JsonTable
from mltrack.reading.run import RunView

Name = Literal["parquet", "csv", "jsonl", "tensorboard"]


def write(format: Name, runs: Sequence[RunView], folder: Path) -> list[str]:  # noqa: A002 - its name
    """Write *runs* into *folder*; return what a person should know of it.

    Raises:
        LibraryMissing: The format needs a library that is not installed.
    """
    return [*_written(format, runs, folder), *_thinned(runs)]


def _written(format: Name, runs: Sequence[RunView], folder: Path) -> list[str]:  # noqa: A002 - its name
    match format:
        case "tensorboard":
            return tensorboard.write(runs, folder)
        case "parquet":
            parquet.require_arrow()
            return tables.write(runs, folder, parquet.ParquetTable)
        case "csv":
            return tables.write(runs, folder, CsvTable)
        case "jsonl":
            return tables.write(runs, folder, JsonTable)


def _thinned(runs: Sequence[RunView]) -> list[str]:
    """Return a word about series of which only some points are kept."""
    found = [run.details.thinned for run in runs if run.details.thinned is not None]
    if not found:
        return []
    points, kept = (
        sum(getattr(each, name) for each in found) for name in ("points", "points_kept")
    )
    return [
        f"{len(found)} of the runs are thinned, as their project wants it: {kept:,} of {points:,} "
        "points of their long series are kept, and written"
    ]
