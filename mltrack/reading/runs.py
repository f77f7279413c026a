"""Runs that a query holds for, read back as a sequence."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Sequence
from typing import TYPE_CHECKING
from typing import Final
from typing import overload

from mltrack.reading.extract import ExtractView
from mltrack.reading.extract import extracted
from mltrack.reading.extract import pages
from mltrack.reading.history import require
from mltrack.reading.means import MeansView
from mltrack.reading.means import mean_query
from mltrack.reading.run import RunView
from mltrack.reading.source import Source
from mltrack_server.resources import RunQuery

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

_PAGE_RUNS: Final = 200


class Runs(Sequence["RunView"]):
    """Runs in their order, as a sequence. Looking at the first few does not fetch the others."""

    def __init__(self, source: Source, query: RunQuery) -> None:
        self._source, self._query = source, query
        self._fetched: list[RunView] = []
        self._cursor: str | None = None
        self._is_complete = False

    def __len__(self) -> int:
        self._fetch_until(None)
        return len(self._fetched)

    @overload
    def __getitem__(self, index: int) -> RunView: ...
    @overload
    def __getitem__(self, index: slice) -> list[RunView]: ...
    def __getitem__(self, index: int | slice) -> RunView | list[RunView]:
        end = index.stop if isinstance(index, slice) else index + 1
        is_from_start = end is not None and end > 0
        self._fetch_until(end if is_from_start else None)
        return self._fetched[index]

    def __iter__(self) -> Iterator[RunView]:
        position = 0
        while True:
            self._fetch_until(position + 1)
            if position >= len(self._fetched):
                return
            yield self._fetched[position]
            position += 1

    def __repr__(self) -> str:
        return f"<{len(self)} runs>"

    def to_pandas(self) -> pd.DataFrame:
        """Return one row for each run; parameters and last values are columns.

        Raises:
            ImportError: pandas is not installed.
        """
        pandas = require("pandas")
        frame: pd.DataFrame = pandas.DataFrame([run.row() for run in self])
        return frame

    def to_polars(self) -> pl.DataFrame:
        """Return one row for each run; parameters and last values are columns.

        What is a number in one run and text in another becomes text.

        Raises:
            ImportError: polars is not installed.
        """
        polars = require("polars")
        rows = [run.row() for run in self]
        names = dict.fromkeys(name for row in rows for name in row)
        frame: pl.DataFrame = polars.DataFrame(
            {name: [row.get(name) for row in rows] for name in names}, strict=False
        )
        return frame

    def metrics(self, names: Sequence[str], samples: int | None = None) -> ExtractView:
        """Return series of all these runs as one frame: columns run, name, step, time, value.

        Args:
            names: Metrics; a run that has none of them has no row.
            samples: At most so many rows of each series, see `RunView.history`; None: every point.
        """
        ids = [run.id for run in self]
        return extracted(pages(self._source, ids, names, samples=samples))

    def means(
        self,
        names: str | Sequence[str],
        by: str = "",
        *,
        x: str = "step",
        start: float | None = None,
        end: float | None = None,
        buckets: int = 400,
        smooth: str | None = None,
    ) -> MeansView:
        """Return means over all these runs of metrics, group by group.

        Args:
            names: Of metrics.
            by: Up to eight keys to group by, a comma between two: "params.lr,params.optimizer".
                Without any all runs are one group.
            x: "step", "time" (s since 1970), "relative" (s since the run's start), or a metric.
            start: Where the window begins, in units of x.
            end: Where it ends.
            buckets: How many the window is cut into, where it holds more than so many places.
            smooth: "twema:0.6", "gauss:5" or "mean:20" add each run smoothed, and averaged.

        Raises:
            ValueError: The question makes no sense, or is for more than is averaged at once.
        """
        query = mean_query(
            self._query,
            [names] if isinstance(names, str) else names,
            by=by,
            x=x,
            start=start,
            end=end,
            buckets=buckets,
            smooth=smooth,
        )
        body = self._source.means(query)
        assert body is not None, "nothing was said to be known"
        return MeansView(query, body)

    def _fetch_until(self, length: int | None) -> None:
        """Fetch pages until so many runs are there, or all of them."""
        while not self._is_complete and (length is None or len(self._fetched) < length):
            limit = _PAGE_RUNS if length is None else min(_PAGE_RUNS, max(length, 20))
            query = self._query
            page = self._source.runs(
                project=query.project,
                state=query.state,
                q=query.q,
                sort=query.sort,
                fields=query.fields,
                limit=limit,
                cursor=self._cursor,
            )
            self._fetched += [RunView(self._source, summary) for summary in page.runs]
            self._cursor, self._is_complete = page.next, page.next is None
