"""Moments: what happened on the way of runs, for the foot of their charts."""

from __future__ import annotations

from typing import Annotated
from typing import Final
from typing import Literal

from msgspec import Meta

from mltrack_core.records import AlertLevel
from mltrack_server.resources.base import Request
from mltrack_server.resources.base import Resource
from mltrack_server.resources.base import RunId

MOMENTS_EACH_MAX: Final = 200  # of a kind and run
MOMENTS_ALL_MAX: Final = 5000  # of a kind

MomentKind = Literal["checkpoint", "alert", "restart", "annotation"]


class MomentQuery(Request, frozen=True, kw_only=True):
    """Of which runs, those of one chart."""

    runs: Annotated[list[RunId], Meta(min_length=1, max_length=200)]


class Moment(Resource, frozen=True, kw_only=True):
    """Something that happened to a run at a place of its charts."""

    run: RunId
    kind: MomentKind
    id: str  # of the checkpoint or annotation; else what no other of the run's has
    time_ns: int | None  # None: an annotation of a step; nobody said when
    step: int | None  # None: nothing says at which step it was
    text: str  # an alert's title, what an annotation says, a checkpoint's roles with blanks between
    level: AlertLevel | None = None  # of an alert
    attempt: int | None = None  # that began with a restart
    author: str = ""  # of an annotation


class MomentList(Resource, frozen=True, kw_only=True):
    """What happened to some runs, in the order of time; what has none comes first."""

    moments: list[Moment]
    started_ns: dict[RunId, int]  # when each of the runs began, for places on a relative axis
    left_out: int  # older ones of a kind of which there were too many
