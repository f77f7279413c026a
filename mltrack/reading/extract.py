"""The points of many series, read back as one frame of columns."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Sequence
from typing import TYPE_CHECKING
from typing import Any
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from mltrack.reading.history import require
from mltrack_server import arrow
from mltrack_server.extract import Extract
from mltrack_server.extract import chained
from mltrack_server.resources import EXTRACT_POINTS_MAX
from mltrack_server.resources import ExtractQuery

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd
    import polars as pl
    import pyarrow

    from mltrack.reading.source import Source

_RUNS_AT_ONCE: Final = 200
_NAMES_AT_ONCE: Final = 1000
SAMPLES_MAX: Final = 100_000  # of a series, that a server gives


class ExtractView:
    """Points of many series of many runs, a row each: series by series, each by step.

    With samples a row is the last point of a part of the series' steps, and `min`, `max`, `mean`,
    `count` and `nonfinite` say what all points of that part amount to.
    """

    def __init__(self, found: Extract) -> None:
        self._found = found

    def __len__(self) -> int:
        return len(self._found)

    def __repr__(self) -> str:
        return f"<{len(self)} rows of {len(self._found.parts)} series: {' '.join(self.columns)}>"

    def __getitem__(self, column: str) -> NDArray[Any]:
        """Return one column, e.g. "value"; see `columns`."""
        if column in ("run", "name"):
            values = np.array([getattr(part, column) for part in self._found.parts], np.object_)
            return np.repeat(values, [part.count for part in self._found.parts])
        points = self._found.points
        fixed: dict[str, NDArray[Any]] = {
            "step": points.step,
            "time": points.time_ns.view("datetime64[ns]"),
            "value": points.value,
            "is_superseded": points.is_superseded,
        }
        sums: dict[str, NDArray[Any]] = {}
        if self._found.sums is not None:
            sums.update(self._found.sums.named())
        return (fixed | sums)[column]

    @property
    def columns(self) -> list[str]:
        """The columns' names: run, name, step, time, value, is_superseded, and those of samples."""
        names = ["run", "name", "step", "time", "value", "is_superseded"]
        return names if self._found.sums is None else [*names, *self._found.sums.named()]

    @property
    def exact_ints(self) -> dict[int, int]:
        """Row → logged integer, where float64 cannot hold it."""
        return self._found.points.exact_ints

    def to_pandas(self) -> pd.DataFrame:
        """Return the rows as a data frame; run and name are categories.

        Raises:
            ImportError: pandas is not installed.
        """
        pandas = require("pandas")
        frame: pd.DataFrame = pandas.DataFrame({name: self[name] for name in self.columns})
        return frame.astype({"run": "category", "name": "category"})

    def to_polars(self) -> pl.DataFrame:
        """Return the rows as a data frame.

        Raises:
            ImportError: polars is not installed.
        """
        polars = require("polars")
        columns = {name: self[name] for name in self.columns}
        columns |= {name: polars.Series(columns[name].tolist()) for name in ("run", "name")}
        frame: pl.DataFrame = polars.DataFrame(columns)
        return frame

    def to_arrow(self) -> pyarrow.Table:
        """Return the rows as an Arrow table; `exact_integer` holds what a float64 cannot.

        Raises:
            ImportError: pyarrow is not installed.
        """
        require("pyarrow")
        return arrow.table(self._found)


def pages(
    source: Source,
    runs: Sequence[str],
    names: Iterable[str],
    *,
    start: int | None = None,
    end: int | None = None,
    samples: int | None = None,
) -> Iterator[Extract]:
    """Yield what the series *names* of *runs* hold, in pages that fit into memory.

    Raises:
        ValueError: *names* or *samples* make no sense.
    """
    if isinstance(names, str):
        names = [names]
    wanted = list(dict.fromkeys(names))
    if samples is not None and not 1 <= samples <= SAMPLES_MAX:
        raise ValueError(f"samples={samples}: give 1 to {SAMPLES_MAX}, or None for every point")
    if not all(wanted):
        raise ValueError("names: give one or more names of series")
    runs_max, names_max = _RUNS_AT_ONCE, _NAMES_AT_ONCE
    if samples is not None:  # one answer for each request, so it must not be too long
        series_max = max(1, EXTRACT_POINTS_MAX // samples)
        names_max = min(names_max, series_max)
        runs_max = max(1, min(runs_max, series_max // min(names_max, max(1, len(wanted)))))
    for first in range(0, len(runs), runs_max):
        for lowest in range(0, len(wanted), names_max):
            query = ExtractQuery(
                runs=list(runs[first : first + runs_max]),
                names=wanted[lowest : lowest + names_max],
                start=start,
                end=end,
                samples=samples,
            )
            while True:
                page = source.extract(query)
                yield page
                if page.next is None:
                    break
                query = msgspec.structs.replace(query, resume=page.next)


def extracted(found: Iterable[Extract]) -> ExtractView:
    """Return all pages as one frame."""
    return ExtractView(chained([Extract(), *found]))
