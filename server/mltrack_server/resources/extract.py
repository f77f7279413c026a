"""Extracts: the points of many series of many runs, one after the other."""

from __future__ import annotations

from typing import Annotated
from typing import Literal

from msgspec import Meta

from mltrack_server.resources.base import Integer
from mltrack_server.resources.base import Number
from mltrack_server.resources.base import Request
from mltrack_server.resources.base import Resource
from mltrack_server.resources.base import RunId
from mltrack_server.resources.series import ColumnRef

EXTRACT_POINTS_MAX = 1_000_000  # of one page

Name = Annotated[str, Meta(min_length=1, max_length=1024)]


class ExtractPosition(Request, frozen=True, kw_only=True):
    """Where the following page begins: pass it on as `resume`, with the same runs and names."""

    run: Annotated[int, Meta(ge=0, lt=1000)]  # its number among those asked for
    name: Annotated[int, Meta(ge=0, lt=1000)]
    start: Integer | None = None  # in the middle of a series: the step to go on with,
    skip: Annotated[int, Meta(ge=0, le=2**63 - 1)] = 0  # but for its first points


class ExtractQuery(Request, frozen=True, kw_only=True):
    """Which series of which runs, from which step to which (of a device: times), ends included.

    With `samples` each series comes in at most so many rows: a row is a part of the series' steps,
    of which it gives the last point, and the least, the greatest and the mean of all of them.
    """

    runs: Annotated[list[RunId], Meta(min_length=1, max_length=1000)]
    names: Annotated[list[Name], Meta(min_length=1, max_length=1000)]
    start: Integer | None = None
    end: Integer | None = None
    samples: Annotated[int, Meta(ge=1, le=100_000)] | None = None  # None: the points themselves
    limit: Annotated[int, Meta(ge=1, le=EXTRACT_POINTS_MAX)] = EXTRACT_POINTS_MAX
    resume: ExtractPosition | None = None  # an earlier page's `next`


class ExtractPart(Resource, frozen=True, kw_only=True):
    """Rows of one series; a series may go on in the next page."""

    run: RunId
    name: str
    count: int
    is_thinned: bool = False  # some points were recorded and are not kept


ExtractColumn = Literal[
    "step", "time_ns", "value", "is_superseded", "min", "max", "mean", "count", "nonfinite"
]


class ExtractHeader(Resource, frozen=True, kw_only=True):
    """The JSON part of a binary extract."""

    parts: list[ExtractPart]  # in the order of the rows
    columns: dict[ExtractColumn, ColumnRef]
    exact_ints: dict[int, int]  # row → integer that its float64 `value` cannot hold
    next: ExtractPosition | None  # None: there is no more


class ExtractSeries(Resource, frozen=True, kw_only=True):
    """One series of an extract as JSON; a column with `samples` only is empty without."""

    run: RunId
    name: str
    step: list[int]
    time_ns: list[int]
    value: list[Number]
    is_superseded: list[bool]
    min: list[Number]  # of the finite values; "NaN" where there is none
    max: list[Number]
    mean: list[Number]
    count: list[int]
    nonfinite: list[int]
    is_thinned: bool = False  # some points were recorded and are not kept


class ExtractList(Resource, frozen=True, kw_only=True):
    """An extract as JSON."""

    series: list[ExtractSeries]
    next: ExtractPosition | None
