"""Means of groups of runs: what is asked for, and what comes back."""

from __future__ import annotations

from typing import Annotated
from typing import Final
from typing import Literal

from msgspec import Meta

from mltrack_core.records import ParamValue
from mltrack_server.resources.base import Request
from mltrack_server.resources.base import Resource
from mltrack_server.resources.base import RunId
from mltrack_server.resources.query import KeyList
from mltrack_server.resources.query import Project
from mltrack_server.resources.query import QueryText
from mltrack_server.resources.series import ColumnRef
from mltrack_server.resources.series import SmoothingText

MEAN_GROUPS_MAX: Final = 200  # of one answer
MEAN_RUNS_MAX: Final = 10_000  # in all of its groups
MEAN_SERIES_MAX: Final = 40_000  # runs times names
MEAN_CELLS_MAX: Final = 1 << 19  # groups times names times buckets


class MeanQuery(Request, frozen=True, kw_only=True):
    """Which groups of runs to average, which metrics of theirs, over which window.

    The groups are those of the runs that `q` holds for, by the keys of `by` (without any: all of
    them are one), or the runs of each of `sets`. The answer is binary columns with a `MeanHeader`
    (docs/format/columns.md).
    """

    project: Project | None = None
    q: QueryText = ""
    by: KeyList = ""  # up to eight keys
    limit: Annotated[int, Meta(ge=1, le=MEAN_GROUPS_MAX)] = 100  # groups, the largest first
    sets: Annotated[list[list[RunId]], Meta(min_length=1, max_length=MEAN_GROUPS_MAX)] | None = None
    names: Annotated[list[str], Meta(min_length=1, max_length=200)]
    x: Literal["step", "time", "relative", "metric"] = "step"
    over: Annotated[str, Meta(max_length=1024)] = ""  # the metric whose values x is
    start: float | None = None  # of the window, in units of x; None: where the data begins
    end: float | None = None  # inclusive
    buckets: Annotated[int, Meta(ge=1, le=4096)] = 400
    smooth: SmoothingText | None = None  # as of a series: each run by itself, then averaged
    # The `tag` of an answer that is at hand: where nothing has changed since, there is no body.
    known: Annotated[str, Meta(max_length=64)] | None = None


MeanColumn = Literal["mean", "sd", "min", "max", "runs", "count", "bad", "smooth"]


class MeanGroup(Resource, frozen=True, kw_only=True):
    """A group of runs."""

    values: list[ParamValue]  # one for each key of `by`; null: they lack it
    q: str  # a query that holds for these runs, to be joined to the other by `and`
    runs: int  # all of them, whether they have the metric or not


class MeanColumns(Resource, frozen=True, kw_only=True):
    """One group's part of a block."""

    group: int  # which of the answer's groups
    having: int  # runs that have the metric
    count: int  # points in the window
    nonfinite: int
    columns: dict[MeanColumn, ColumnRef]
    is_thinned: bool = False  # some points of some run are not kept


class MeanBlock(Resource, frozen=True, kw_only=True):
    """All groups' buckets of one metric; one x for all of them."""

    name: str
    is_exact: bool  # x are the points' own
    x: ColumnRef  # f8: the buckets' centres, those left out in which no run has a point
    low: float | None  # where the first bucket would begin; None where x are the points' own
    width: float | None  # of a bucket
    series: list[MeanColumns]  # of groups that have anything to show


class MeanHeader(Resource, frozen=True, kw_only=True):
    """The JSON part of a binary answer of means."""

    groups: list[MeanGroup]
    total: int  # groups, those left out by `limit` included
    runs: int  # in all groups
    blocks: list[MeanBlock]
    rev: int
    tag: str  # the same for as long as the groups' runs are, and none of them has changed
