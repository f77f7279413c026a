"""Tables as Parquet, where pyarrow is installed."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mltrack.export.content import as_json
from mltrack.export.tables import Columns
from mltrack.export.tables import Kind
from mltrack_core.errors import MltrackError


class LibraryMissing(MltrackError, ImportError):
    """A format needs a library that is not installed."""


class ParquetTable:
    """A table as `NAME.parquet`, zstd. An integer that float64 cannot hold is in `…_integer` too.

    Raises:
        LibraryMissing: pyarrow is not installed.
    """

    def __init__(self, folder: Path, name: str, columns: Columns) -> None:
        self._arrow = require_arrow()
        parquet = importlib.import_module("pyarrow.parquet")
        self._columns = columns
        fields = []
        for column, kind in columns.items():
            fields.append((column, self._type(kind)))
            if kind == "exact":
                fields.append((f"{column}_integer", self._arrow.int64()))
        self._schema = self._arrow.schema(fields)
        self._writer = parquet.ParquetWriter(
            folder / f"{name}.parquet", self._schema, compression="zstd"
        )

    def write(self, columns: Mapping[str, Sequence[Any]]) -> None:
        """Append rows."""
        arrays: list[Any] = []
        for name, kind in self._columns.items():
            values = columns[name]
            if kind == "json":
                values = [as_json(value) for value in values]
            if kind == "exact":
                arrays.append([float(value) for value in values])
                arrays.append([_beyond_float(value) for value in values])
            else:
                arrays.append(values)
        made = [
            self._arrow.array(values, field.type)
            for values, field in zip(arrays, self._schema, strict=True)
        ]
        self._writer.write_table(self._arrow.Table.from_arrays(made, schema=self._schema))

    def close(self) -> None:
        """Finish the file."""
        self._writer.close()

    def _type(self, kind: Kind) -> Any:
        arrow = self._arrow
        match kind:
            case "integer":
                return arrow.int64()
            case "number" | "exact":
                return arrow.float64()
            case "flag":
                return arrow.bool_()
            case "time":
                return arrow.timestamp("ns", "UTC")
            case "numbers":
                return arrow.list_(arrow.float64())
            case "integers":
                return arrow.list_(arrow.int64())
            case _:
                return arrow.string()


def require_arrow() -> Any:
    """Return pyarrow.

    Raises:
        LibraryMissing: It is not installed.
    """
    try:
        return importlib.import_module("pyarrow")
    except ImportError as error:
        raise LibraryMissing(
            "Parquet needs pyarrow: pip install 'mltrack[parquet]', or export --format csv or jsonl"
        ) from error


def _beyond_float(value: float | int) -> int | None:
    """Return *value* if it is an integer that float64 cannot hold."""
    is_exact = isinstance(value, float) or int(float(value)) == value
    return None if is_exact else int(value)
