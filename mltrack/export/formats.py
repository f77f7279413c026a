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
