"""Checkpoints: all of a run, one with its files, and which of them stay."""

from __future__ import annotations

from typing import Annotated
from typing import Literal

from msgspec import Meta

from mltrack_core.records import CheckpointMode
from mltrack_core.records import CheckpointRole
from mltrack_core.records import Gone
from mltrack_server.resources.base import Number
from mltrack_server.resources.base import Request
from mltrack_server.resources.base import Resource
from mltrack_server.resources.base import RunId

CheckpointStatus = Literal["recorded", "waiting", "hashed", "stored", "missing", "removed"]
KeptBy = Literal["best", "last", "every", "registered"]  # registered: as a version of a model


class CheckpointSummary(Resource, frozen=True, kw_only=True):
    """One checkpoint of a run."""

    id: RunId
    time_ns: int
    step: int
    axes: dict[str, float]  # what else is known of the position: epoch, samples …
    attempt: int
    rank: int
    roles: list[CheckpointRole]  # as it was recorded
    holds: list[CheckpointRole]  # best, last, final: those that no newer one has taken over
    path: str  # where it was written, on the machine that trained
    is_folder: bool
    writer: str  # e.g. "torch.save"
    metrics: dict[str, Number]
    monitor: str  # the metric that decides which one is best; "" where none does
    mode: CheckpointMode
    files: int
    bytes: int
    kept: str  # how its bytes were captured: "reflink", "hard link", "copy"; "" if they were not
    reason: str  # why they were not, where that was asked for
    # recorded: no more than that · waiting: captured, the agent has still to store it · hashed ·
    # stored: can be downloaded · missing: was stored, and blobs are gone · removed: by retention
    status: CheckpointStatus
    problem: str  # what went wrong with hashing or storing it, in plain words
    gone: Gone  # what became of its files where they were written, while the run went on
    gone_ns: int | None  # when that was seen


class CheckpointList(Resource, frozen=True, kw_only=True):
    """All checkpoints of a run, in the order in which they were written."""

    checkpoints: list[CheckpointSummary]
    rev: int


class CheckpointFile(Resource, frozen=True, kw_only=True):
    """One file of a checkpoint."""

    path: str  # within the checkpoint's folder; its name where it is one file
    bytes: int
    modified_ns: int
    sha256: str  # "" where it is not known
    is_stored: bool  # whether it can be downloaded


class Checkpoint(Resource, frozen=True, kw_only=True):
    """Everything about a checkpoint but its bytes."""

    summary: CheckpointSummary
    files: list[CheckpointFile]


class RetentionQuery(Request, frozen=True, kw_only=True):
    """Which stored checkpoints of some runs are to stay; each rule keeps what it names.

    Without a rule all of them stay, but for those that are named to go.
    """

    runs: Annotated[list[RunId], Meta(max_length=1000)] | None = None
    project: Annotated[str, Meta(max_length=1024)] | None = None  # all its runs as well
    keep_best: Annotated[int, Meta(ge=0)] | None = None  # by their score, or in the role
    keep_last: Annotated[int, Meta(ge=0)] | None = None  # by when they were written
    every: Annotated[int, Meta(ge=1)] | None = None  # whose step is a multiple of it
    # Only these may go: those of them that no rule keeps. None: any.
    only: Annotated[list[RunId], Meta(max_length=1000)] | None = None
    apply: bool = False  # False: only tell what would happen


class RetentionItem(Resource, frozen=True, kw_only=True):
    """What a rule makes of one stored checkpoint."""

    run: RunId
    checkpoint: RunId
    step: int
    bytes: int
    kept_by: list[KeptBy]  # nothing: its bytes go


class RetentionPlan(Resource, frozen=True, kw_only=True):
    """What goes and what stays, or went and stayed."""

    items: list[RetentionItem]  # by run, in the order in which they were written
    bytes_freed: int  # of blobs that nothing else names
    bytes_later: int  # of these, asked for in the last hour: freed by a later call
    is_applied: bool
