"""Extracts as Arrow streams, where pyarrow is installed (extra `parquet`)."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING
from typing import Any
from typing import Final

import msgspec
import numpy as np

from mltrack_server.extract import Extract

if TYPE_CHECKING:
    import pyarrow

MEDIA: Final = "application/vnd.apache.arrow.stream"


def offered() -> tuple[str, ...]:
    """Return Arrow's media type if it can be written here."""
    return (MEDIA,) if importlib.util.find_spec("pyarrow") else ()


def table(found: Extract) -> pyarrow.Table:
    """Return an extract as a table with the columns run, name, step, time, value and others.

    Its `next` is in the metadata, and of thinned series the runs and names.

    Integers that a float64 cannot hold are in `exact_integer`; it is null where `value` is exact.

    Raises:
        ImportError: pyarrow is not installed.
    """
    import pyarrow

    points = found.points
    columns: dict[str, Any] = {}
    for key in ("run", "name"):
        counts = [part.count for part in found.parts]
        indices = np.repeat(np.arange(len(counts), dtype=np.int32), counts)
        values = pyarrow.array([getattr(part, key) for part in found.parts], pyarrow.string())
        columns[key] = pyarrow.DictionaryArray.from_arrays(indices, values)
    columns["step"] = points.step
    columns["time"] = points.time_ns.view("datetime64[ns]")
    columns["value"] = points.value
    exact = np.zeros(len(points), np.int64)
    is_null = np.ones(len(points), np.bool_)
    for row, integer in points.exact_ints.items():
        exact[row], is_null[row] = integer, False
    columns["exact_integer"] = pyarrow.array(exact, mask=is_null)
    columns["is_superseded"] = points.is_superseded
    if found.sums is not None:
        columns.update(found.sums.named())
    made: pyarrow.Table = pyarrow.table(columns)
    metadata = {}
    if found.next is not None:
        metadata["mltrack.next"] = msgspec.json.encode(found.next)
    if thinned := [(part.run, part.name) for part in found.parts if part.is_thinned]:
        metadata["mltrack.thinned"] = msgspec.json.encode(thinned)
    return made.replace_schema_metadata(metadata) if metadata else made


def stream(found: Extract) -> bytes:
    """Return an extract as an Arrow stream."""
    import pyarrow

    made = table(found)
    sink = pyarrow.BufferOutputStream()
    with pyarrow.ipc.new_stream(sink, made.schema) as writer:
        writer.write_table(made)
    body: bytes = sink.getvalue().to_pybytes()
    return body
