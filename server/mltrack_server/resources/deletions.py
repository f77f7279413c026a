"""Deleted runs."""

from __future__ import annotations

from mltrack_server.resources.base import Resource
from mltrack_server.resources.base import RunId


class Deletion(Resource, frozen=True, kw_only=True):
    """A deleted run; until it is purged it can be restored."""

    id: RunId
    project: str
    name: str
    deleted_ns: int
    purge_ns: int  # when its records are removed for good: 30 days after it was last heard of, too
    purged_ns: int | None  # when they were
    records: int  # that are there, late ones included
    # Versions of models that are checkpoints of it, "digits 3": while there are any, its records
    # stay, and `purge_ns` is put off.
    registered: list[str]


class DeletionList(Resource, frozen=True, kw_only=True):
    """All deleted runs, the one deleted last first."""

    deletions: list[Deletion]
