"""A run's metrics: what is asked for where there are many, and what comes back."""

from __future__ import annotations

from typing import Annotated
from typing import Final
from typing import Literal

from msgspec import Meta

from mltrack_server.resources.base import Request
from mltrack_server.resources.base import Resource
from mltrack_server.resources.runs import METRICS_LISTED_MAX
from mltrack_server.resources.runs import MetricSummary

METRIC_NAMES_MAX: Final = 100_000  # of one answer

Search = Annotated[
    str, Meta(max_length=256, description="words that a name holds, in capitals or not")
]


class MetricQuery(Request, frozen=True, kw_only=True):
    """Which metrics of a run, or device series, how many at a time."""

    kind: Literal["metric", "device"] = "metric"
    search: Search = ""
    misnamed: bool = False  # only those whose names fit no rule of the project
    limit: Annotated[int, Meta(ge=1, le=METRICS_LISTED_MAX)] = METRICS_LISTED_MAX
    cursor: Annotated[int, Meta(ge=0, le=2**31 - 1)] = 0  # a page's `next`


class MetricPage(Resource, frozen=True, kw_only=True):
    """Metrics of a run in the order in which they were first logged."""

    metrics: dict[str, MetricSummary]
    total: int  # on all pages
    next: int | None  # pass as `cursor` for the following page


class MetricNameQuery(Request, frozen=True, kw_only=True):
    """Which names of metrics."""

    search: Search = ""
    limit: Annotated[int, Meta(ge=1, le=METRIC_NAMES_MAX)] = METRIC_NAMES_MAX


class MetricNames(Resource, frozen=True, kw_only=True):
    """Names of a run's metrics, in their order as texts."""

    names: list[str]
    has_more: bool
