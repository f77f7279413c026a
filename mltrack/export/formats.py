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


def write(format: Name, runs: Sequence[RunView], folder: Path) -> None:  # noqa: A002 - its name
    """Write *runs* into *folder*.

    Raises:
        LibraryMissing: The format needs a library that is not installed.
    """
    match format:
        case "tensorboard":
            tensorboard.write(runs, folder)
        case "parquet":
            parquet.require_arrow()
            tables.write(runs, folder, parquet.ParquetTable)
        case "csv":
            tables.write(runs, folder, CsvTable)
        case "jsonl":
            tables.write(runs, folder, JsonTable)
