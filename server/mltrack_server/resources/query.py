"""Searching the run table: what is asked for, and what comes back beside runs."""

from __future__ import annotations

from typing import Annotated
from typing import Final
from typing import Literal

from msgspec import UNSET
from msgspec import Meta
from msgspec import UnsetType

from mltrack_core.records import ParamValue
from mltrack_core.records import RunState
from mltrack_server.resources.base import Request
from mltrack_server.resources.base import Resource

RUNS_MAX: Final = 1000  # of one page

Tag = Annotated[str, Meta(min_length=1, max_length=256)]
Tags = Annotated[list[Tag], Meta(max_length=100)]
Project = Annotated[str, Meta(max_length=1024)]
QueryText = Annotated[str, Meta(max_length=10_000, description="see docs/query.md")]
KeyList = Annotated[str, Meta(max_length=10_000, description="keys, a comma between two")]


class RunQuery(Request, frozen=True, kw_only=True):
    """Which runs, in which order, what of each, how many at a time.

    Runs put away are left out unless `q` names `archived`.
    """

    project: Project | None = None  # None: of all projects
    state: RunState | None = None
    q: QueryText = ""
    sort: KeyList = ""  # "-" before a key: descending; the newest run first where none is given
    fields: KeyList | None = None  # "params.lr,metrics.val/*,metrics"; None: all; "": neither
    limit: Annotated[int, Meta(ge=1, le=RUNS_MAX)] = 50
    cursor: Annotated[str, Meta(max_length=8192)] | None = None  # a page's `next`


class UnknownKey(Resource, frozen=True, kw_only=True):
    """A key of a query that no run of the project has."""

    key: str
    nearest: str  # the key that was perhaps meant; "" where none is near


class RunEdit(Request, frozen=True, kw_only=True):
    """What a person changes of a run. What is left out stays; null is what the run itself said."""

    name: Annotated[str, Meta(min_length=1, max_length=1024)] | UnsetType | None = UNSET
    tags: Tags | UnsetType | None = UNSET
    notes: Annotated[str, Meta(max_length=100000)] | UnsetType | None = UNSET
    group: Annotated[str, Meta(max_length=1024)] | UnsetType | None = UNSET  # "": of no group
    archived: bool | UnsetType = UNSET


ValueKind = Literal["null", "boolean", "number", "text", "list", "time", "duration", "state"]


class KeySummary(Resource, frozen=True, kw_only=True):
    """A key, as it is written in a query."""

    key: str
    kinds: list[ValueKind]
    runs: int  # that have it, of those looked at; of attributes: all


class KeyIndex(Resource, frozen=True, kw_only=True):
    """Keys that runs of a project have, the most frequent first, then attributes."""

    keys: list[KeySummary]
    runs: int  # that were looked at, the newest ones
    has_more: bool


class ValueCount(Resource, frozen=True, kw_only=True):
    """A value of a key."""

    value: ParamValue
    text: str  # as it is written in a query
    runs: int


class ValueIndex(Resource, frozen=True, kw_only=True):
    """The values of a key, the most frequent first."""

    key: str
    values: list[ValueCount]
    has_more: bool
    missing: int  # runs that lack the key


class Suggestion(Resource, frozen=True, kw_only=True):
    """Something that could be written."""

    text: str
    kind: Literal["key", "operator", "value"]
    runs: int  # that have the key or value; 0 for an operator


class Completion(Resource, frozen=True, kw_only=True):
    """What could stand at a place of a query: each instead of characters `start` to `end`."""

    start: int
    end: int
    suggestions: list[Suggestion]


class GroupQuery(Request, frozen=True, kw_only=True):
    """Which runs, grouped by which keys, and what of each group."""

    project: Project | None = None
    q: QueryText = ""
    by: Annotated[KeyList, Meta(min_length=1)]  # up to eight keys
    of: KeyList = ""  # up to fifty keys: numbers that are summed up
    limit: Annotated[int, Meta(ge=1, le=RUNS_MAX)] = 100


class Aggregate(Resource, frozen=True, kw_only=True):
    """What a number amounts to over the runs of a group that have it, where it is finite."""

    count: int
    mean: float | None
    sd: float | None  # of a sample; None below two runs
    min: float | None
    max: float | None


class RunGroup(Resource, frozen=True, kw_only=True):
    """The runs that are equal in the keys grouped by."""

    values: list[ParamValue]  # one for each key; null: they lack it
    q: str  # a query that holds for these runs, to be joined to the other by `and`
    runs: int
    aggregates: dict[str, Aggregate]  # key → over all runs of the group


class RunGroups(Resource, frozen=True, kw_only=True):
    """Groups of runs, the largest first."""

    groups: list[RunGroup]
    total: int  # groups, those left out by `limit` included
    runs: int  # in all groups
    rev: int
