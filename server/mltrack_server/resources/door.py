"""What is made without a client library."""

from __future__ import annotations

from msgspec import field

from mltrack_core.records import EndState
from mltrack_core.records import ParamValue
from mltrack_server.resources.base import Number
from mltrack_server.resources.base import Request
from mltrack_server.resources.base import Resource
from mltrack_server.resources.base import RunId


class NewRun(Request, frozen=True, kw_only=True):
    """A run to be made without a client library."""

    project: str = "default"
    name: str = ""
    params: dict[str, ParamValue] = field(default_factory=dict)
    tags: list[str] = field(default_factory=list)
    group: str = ""


class Created(Resource, frozen=True, kw_only=True):
    """The id of what was made."""

    id: RunId
    url: str


class NewPoints(Request, frozen=True, kw_only=True):
    """Values of one or more metrics at one step."""

    values: dict[str, Number]
    step: int | None = None  # None: one more than the highest so far
    time_ns: int | None = None


class Stored(Resource, frozen=True, kw_only=True):
    """How far a stream has come: everything before next_seq is durable."""

    next_seq: int


class Finish(Request, frozen=True, kw_only=True):
    """How a run made through this door ended."""

    state: EndState = "finished"
    reason: str = ""
