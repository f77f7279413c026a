"""Comparing many runs by their parameters: what is asked for, and what comes back."""

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
from mltrack_server.resources.query import UnknownKey

COLUMN_RUNS_MAX: Final = 10_000
COLUMN_KEYS_MAX: Final = 50


class VaryingKey(Resource, frozen=True, kw_only=True):
    """A parameter that is not the same in all runs."""

    key: str  # as it is written in a query
    distinct: int  # values
    runs: int  # that have it
    is_number: bool  # in all of these


class VaryingIndex(Resource, frozen=True, kw_only=True):
    """The parameters that tell runs apart: those most runs have first, then by name."""

    keys: list[VaryingKey]
    runs: int  # that were looked at, the newest for which the query holds
    has_more: bool


class ColumnQuery(Request, frozen=True, kw_only=True):
    """Which values of which runs."""

    project: Project | None = None
    q: QueryText = ""
    keys: KeyList  # up to fifty
    limit: Annotated[int, Meta(ge=1, le=COLUMN_RUNS_MAX)] = COLUMN_RUNS_MAX


class RunColumn(Resource, frozen=True, kw_only=True):
    """What each run has in one key."""

    key: str  # as it is written in a query
    values: list[ParamValue]  # null: the run lacks it; nanoseconds of times and durations
    nonfinite: list[int]  # which of the texts in `values` are numbers


class RunColumns(Resource, frozen=True, kw_only=True):
    """Values of many runs, column by column, the newest run first."""

    ids: list[RunId]
    names: list[str]
    columns: list[RunColumn]
    total: int  # runs for which the query holds, those left out by `limit` included
    rev: int
    unknown: list[UnknownKey]


class ImportanceQuery(Request, frozen=True, kw_only=True):
    """Which parameters matter for `of`."""

    project: Project | None = None
    q: QueryText = ""
    of: Annotated[KeyList, Meta(min_length=1)]  # one key: a number, "metrics.val/loss.min"
    keys: KeyList = ""  # the parameters; where none are named, those that vary


Verdict = Literal["known", "too_few_runs", "nothing_varies", "always_the_same"]


class ParameterImportance(Resource, frozen=True, kw_only=True):
    """What one parameter has to do with a result."""

    key: str
    importance: float  # share of the variance that it has a part in, about 0 to 1
    low: float  # 5 % of the forests say less
    high: float  # 5 % say more
    correlation: float | None  # Spearman's; null where the values are no numbers
    distinct: int  # values
    runs: int  # that have it


class Importance(Resource, frozen=True, kw_only=True):
    """What parameters have to do with a result, the most important first."""

    of: str
    verdict: Verdict
    detail: str  # the verdict as a sentence
    runs: int  # whose result is a finite number
    used: int  # of these, drawn at random where they are many
    left_out: int  # runs without a result, or with one that is NaN or infinite
    runs_min: int
    explained: float | None  # of the variance, in runs that a forest had not seen; 1: all
    parameters: list[ParameterImportance]
    has_more: bool  # more parameters vary than were looked at
