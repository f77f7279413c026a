"""Projects, runs and consoles."""

from __future__ import annotations

from typing import Final

from msgspec import field

from mltrack_core.records import AlertLevel
from mltrack_core.records import EndState
from mltrack_core.records import ParamValue
from mltrack_core.records import RunState
from mltrack_core.records import StreamRole
from mltrack_server.resources.annotations import Annotation
from mltrack_server.resources.base import Number
from mltrack_server.resources.base import Resource
from mltrack_server.resources.base import RunId
from mltrack_server.resources.query import UnknownKey
from mltrack_server.resources.rules import Better

METRICS_LISTED_MAX: Final = 1000  # of a run, or fewer where many runs are listed


class Project(Resource, frozen=True, kw_only=True):
    """A project and how much is in it."""

    name: str
    runs: int  # without those put away
    live: int  # of these: have not ended and are not silent
    archived: int  # runs put away
    heard_ns: int  # when the server last received anything of it
    headline: str = ""  # the metric that its rules name for how a run went
    better: Better = ""


class ProjectList(Resource, frozen=True, kw_only=True):
    """All projects, the one heard of last first."""

    projects: list[Project]


class MetricSummary(Resource, frozen=True, kw_only=True):
    """What a series amounts to, without its points."""

    last: Number
    last_step: int
    min: Number | None  # of the finite values; None where there is none
    max: Number | None
    count: int  # points, non-finite ones included
    nonfinite: int  # points that are NaN or infinite
    first_nonfinite_step: int | None
    on_time_axis: bool = False  # a device series: its steps are sample numbers, time is its x


class RunSummary(Resource, frozen=True, kw_only=True):
    """One row of the run list."""

    id: RunId
    project: str
    name: str
    state: RunState  # "silent": not ended, and nothing heard of for a minute
    reason: str  # how it ended, in plain words; "" while it has not
    exit_code: int | None
    signal: int | None
    started_ns: int
    ended_ns: int | None
    heard_ns: int  # when anything of it was last received, or written to a spool read later
    user: str
    host: str
    framework: str  # e.g. "keras 3.15.1 (jax)"; "" where no integration said
    group: str
    tags: list[str]
    notes: str
    archived: bool  # put away by a person
    edited: list[str]  # which of name, tags, notes, group are a person's, not what the run said
    parent: str
    attempts: int
    records: int  # records stored, of all streams
    dropped: int  # records declared lost by their writers, see `losses`
    rev: int  # grows with every change; compare it with the feed's
    params: dict[str, ParamValue]  # nested ones flat: "optimizer.lr"; an integration's by full name
    nonfinite_params: list[str]  # whose "NaN" and "Infinity" are numbers, not text
    metrics: dict[str, MetricSummary]  # without device series
    has_more_metrics: bool = False  # than are here; a list's `fields` names others


class RunList(Resource, frozen=True, kw_only=True):
    """A page of runs."""

    runs: list[RunSummary]
    total: int  # runs that the query holds for, on all pages
    next: str | None  # pass as `cursor` for the following page
    rev: int  # the store's revision that this list shows
    # Keys of the query that no run has: mistyped, perhaps.
    unknown: list[UnknownKey] = field(default_factory=list)


class Stream(Resource, frozen=True, kw_only=True):
    """One process's records of a run."""

    id: RunId
    role: StreamRole
    attempt: int
    rank: int
    host: str
    pid: int
    started_ns: int  # by its own clock
    ended_ns: int | None  # None: nobody has said that it ended
    state: EndState | None  # how its process ended, as itself or its agent saw it
    reason: str  # why, in plain words
    next_seq: int  # records stored, which is the seq of the next
    is_sealed: bool


class Loss(Resource, frozen=True, kw_only=True):
    """Records that a writer could not keep."""

    reason: str
    count: int
    kinds: dict[str, int]


class Alert(Resource, frozen=True, kw_only=True):
    """Something that a person should see."""

    time_ns: int
    level: AlertLevel
    title: str
    text: str
    step: int | None
    kind: str  # of a mark that mltrack made itself, e.g. "health.nonfinite"; "" of a person's


class Note(Resource, frozen=True, kw_only=True):
    """A remark added to the run."""

    time_ns: int
    text: str
    step: int | None


class Thinned(Resource, frozen=True, kw_only=True):
    """What is left of long series, by the level of detail that their project asks for."""

    series: int  # of the run: so many are thinned
    points: int  # that were recorded of these before
    points_kept: int  # of these


class Run(Resource, frozen=True, kw_only=True):
    """Everything about a run but its points and its console."""

    summary: RunSummary
    command: list[str]
    folder: str
    python: str
    mltrack: str
    notes: list[Note]
    facts: dict[str, dict[str, ParamValue]]  # "host", "git", "model", … → key → value
    metrics: int  # how many; of more than 1000 the summary has the first ones
    step: int | None  # the highest of any metric
    devices: dict[str, MetricSummary]  # the first 1000 series
    histograms: int  # records of histograms
    media: int  # records of images, sounds, texts and tables
    checkpoints: int
    files: int  # that it wrote or read, by its own word
    streams: list[Stream]
    losses: list[Loss]
    alerts: list[Alert]
    traceback: str
    next_device: int | None = None  # of more: `cursor` of …/metrics?kind=device
    thinned: Thinned | None = None  # None: every point is kept
    annotations: list[Annotation] = field(default_factory=list)  # by when they were made
    misnamed: int = 0  # of the metrics: the project's rules want other names
