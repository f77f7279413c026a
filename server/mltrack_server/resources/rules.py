"""Rules: what people want of a project's runs."""

from __future__ import annotations

from typing import Annotated
from typing import Final
from typing import Literal

from msgspec import UNSET
from msgspec import Meta
from msgspec import UnsetType
from msgspec import field

from mltrack_server.resources.base import Request
from mltrack_server.resources.base import Resource
from mltrack_server.resources.base import RunId
from mltrack_server.resources.query import QueryText

PATTERNS_MAX: Final = 100
PRICES_MAX: Final = 50

# Of long series of old runs: every point, or at most 4096, or 256, buckets of them.
Detail = Literal["full", "reduced", "archive"]
Better = Literal["", "min", "max"]  # "": what the metric's name says

Project = Annotated[str, Meta(min_length=1, max_length=1024)]
Pattern = Annotated[
    str, Meta(min_length=1, max_length=256, description="a name; * stands for any characters")
]


Currency = Annotated[str, Meta(max_length=16, description='e.g. "EUR"')]


class DevicePrice(Request, frozen=True, kw_only=True):
    """What an hour of a device costs."""

    device: Pattern  # of a GPU's name, capitals or not; "host": a machine of which no GPU is used
    per_hour: Annotated[float, Meta(ge=0, le=1_000_000)]


class RulesQuery(Request, frozen=True, kw_only=True):
    """Whose rules, and which version of them; None: the one that counts."""

    project: Project
    version: Annotated[int, Meta(ge=1, le=2**31 - 1)] | None = None


class RulesEdit(Request, frozen=True, kw_only=True):
    """What is to be changed of a project's rules; what is left out stays."""

    project: Project
    metrics: Annotated[list[Pattern], Meta(max_length=PATTERNS_MAX)] | UnsetType = UNSET
    detail: Detail | UnsetType = UNSET
    after_days: Annotated[int, Meta(ge=1, le=36_500)] | UnsetType = UNSET
    keep: QueryText | UnsetType = UNSET
    headline: Annotated[str, Meta(max_length=1024)] | UnsetType = UNSET
    better: Better | UnsetType = UNSET
    prices: Annotated[list[DevicePrice], Meta(max_length=PRICES_MAX)] | UnsetType = UNSET
    currency: Currency | UnsetType = UNSET


class ProjectRules(Resource, frozen=True, kw_only=True):
    """The rules of a project: one version of them."""

    project: str
    version: int  # 0: nobody has set any
    set_ns: int | None
    metrics: list[str]  # patterns: a metric's name must fit one of them; none: any name is right
    detail: Detail  # what is left of long series of runs that are over
    after_days: int  # that nothing was heard of a run for, before it is thinned
    keep: str  # a query: runs that it holds for keep every point; "": none does
    headline: str = ""  # the metric that tells how a run went; "": found by its name
    better: Better = ""  # the less or the more of it
    prices: list[DevicePrice] = field(default_factory=list)  # the first that fits a device counts
    currency: str = ""
    runs: int  # of the project, those put away too
    misnamed_runs: int  # of these: have metrics whose names fit no pattern of this version


class ThinningRun(Resource, frozen=True, kw_only=True):
    """What thinning would take of a run."""

    id: RunId
    name: str
    series: int  # so many of them, those of several streams counted for each
    points: int


class ThinningPlan(Resource, frozen=True, kw_only=True):
    """What thinning would do today, by some rules; nothing of it is done."""

    detail: Detail
    runs: int
    series: int
    points: int  # that these have
    points_kept: int  # of these: about so many at most
    bytes: int  # that the points take now
    listed: list[ThinningRun]  # the first 100 runs
