"""Tables as text: CSV, and JSON lines."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mltrack.export.content import as_json
from mltrack.export.content import plain
from mltrack.export.tables import Columns
from mltrack.export.tables import Kind


class CsvTable:
    """A table as `NAME.csv`: a header, RFC 4180, UTF-8.

    Cells are what was recorded, also where a spreadsheet would take it for a formula. Lists and
    parameters are JSON; times ISO 8601 in UTC with nanoseconds.
    """

    def __init__(self, folder: Path, name: str, columns: Columns) -> None:
        self._columns = columns
        self._file = (folder / f"{name}.csv").open("w", encoding="utf-8", newline="")
        self._writer = csv.writer(self._file)
        self._writer.writerow(columns)

    def write(self, columns: Mapping[str, Sequence[Any]]) -> None:
        """Append rows."""
        cells = [_cells(kind, columns[name]) for name, kind in self._columns.items()]
        self._writer.writerows(zip(*cells, strict=True))

    def close(self) -> None:
        """Finish the file."""
        self._file.close()


class JsonTable:
    """A table as `NAME.jsonl`: an object a line; NaN and ±Infinity are text, lists are lists."""

    def __init__(self, folder: Path, name: str, columns: Columns) -> None:
        self._columns = columns
        self._file = (folder / f"{name}.jsonl").open("w", encoding="utf-8", newline="\n")

    def write(self, columns: Mapping[str, Sequence[Any]]) -> None:
        """Append rows."""
        values = [
            _times(columns[name]) if kind == "time" else map(plain, columns[name])
            for name, kind in self._columns.items()
        ]
        names = list(self._columns)
        for row in zip(*values, strict=True):
            line = json.dumps(dict(zip(names, row, strict=True)), ensure_ascii=False)
            self._file.write(f"{line}\n")

    def close(self) -> None:
        """Finish the file."""
        self._file.close()


def _cells(kind: Kind, values: Sequence[Any]) -> Iterable[Any]:
    """Return a column as CSV has it; what is not there is an empty cell."""
    match kind:
        case "time":
            return _times(values)
        case "json" | "numbers" | "integers":
            return map(as_json, values)
        case "flag":
            return map(int, values)
        case "number" | "exact":
            return map(plain, values)
        case _:
            return values


def _times(values: Sequence[int | None]) -> Iterable[str | None]:
    """Return ns since the epoch as ISO 8601 in UTC."""
    texts = np.datetime_as_string(
        np.array([value or 0 for value in values], np.int64).view("datetime64[ns]")
    ).tolist()
    return [
        None if value is None else f"{text}Z" for value, text in zip(values, texts, strict=True)
    ]
