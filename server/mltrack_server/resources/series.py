"""Series: what is asked for, and what comes back."""

from __future__ import annotations

from typing import Annotated
from typing import Literal

from msgspec import Meta

from mltrack_server.resources.base import ColumnType
from mltrack_server.resources.base import Number
from mltrack_server.resources.base import Request
from mltrack_server.resources.base import Resource
from mltrack_server.resources.base import RunId

SmoothingText = Annotated[str, Meta(pattern="^(twema|gauss|mean):[0-9.]+$", max_length=16)]


class SeriesQuery(Request, frozen=True, kw_only=True):
    """Which series to draw, over which window, into how many buckets.

    The answer is binary columns (docs/format/columns.md): for each name one array of x and, for
    each run, arrays of mean, min, max, count and of what is not finite over the same buckets. A
    window with no more points than buckets holds the points themselves. No point of the window is
    left out of min, max and count.

    With *smooth* there is a column of that name too: the series smoothed over all of its points,
    in the window or not, so it does not depend on the window or on the number of buckets.

    With *ends* there are columns of the first and the last value in each bucket. Buckets of tiers
    know neither, so every point of the window is read for that, and each goes to the very bucket in
    which it lies; windows of more than 4 million folded points are refused.
    """

    runs: Annotated[list[RunId], Meta(min_length=1, max_length=200)]
    names: Annotated[list[str], Meta(min_length=1, max_length=200)]
    x: Literal["step", "time", "relative"] = "step"  # time, relative: s since the epoch, the start
    start: float | None = None  # of the window, in units of x; None: where the data begins
    end: float | None = None  # inclusive
    buckets: Annotated[int, Meta(ge=1, le=4096)] = 400
    # twema:0.6 (what is left of a weight after one span), gauss:5 (deviation in spans), mean:20
    # (width in spans); a span is a thousandth of the series, for twema not less than the distance
    # between its points
    smooth: SmoothingText | None = None
    ends: bool = False


SeriesColumn = Literal[
    "mean",
    "min",
    "max",
    "first",
    "last",
    "count",
    "bad",
    "nan",
    "negative_infinity",
    "positive_infinity",
    "smooth",
]


class ColumnRef(Resource, frozen=True, kw_only=True):
    """Where an array lies in a binary answer, counted from the end of the padded header."""

    offset: int  # bytes, a multiple of 8
    length: int  # elements
    type: ColumnType


class SeriesColumns(Resource, frozen=True, kw_only=True):
    """One run's part of a block."""

    run: RunId
    is_superseded: bool  # steps that a later attempt of the run went over again
    count: int  # points in the window
    nonfinite: int
    first: Number | None  # x of the first and last point in the window
    last: Number | None
    columns: dict[SeriesColumn, ColumnRef]  # bad: the sum of the three behind it
    # Some points were thinned: where a remnant's bucket is too wide to be drawn as one, only the
    # points that it has kept are counted.
    is_thinned: bool = False


class SeriesBlock(Resource, frozen=True, kw_only=True):
    """All runs' buckets of one metric; one x for all of them, so cursors agree."""

    name: str
    is_exact: bool  # every bucket holds at most one point per run
    x: ColumnRef  # f8: the points' own x where exact, else bucket centres
    series: list[SeriesColumns]


class SeriesHeader(Resource, frozen=True, kw_only=True):
    """The JSON part of a binary series answer."""

    blocks: list[SeriesBlock]
    rev: int


class History(Resource, frozen=True, kw_only=True):
    """The exact points of one series, in the order of their steps."""

    name: str
    step: list[int]
    time_ns: list[int]
    value: list[Number]
    is_superseded: list[bool]
    is_thinned: bool = False  # others were recorded between them, and are not kept
