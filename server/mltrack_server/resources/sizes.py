"""What a store takes."""

from __future__ import annotations

from mltrack_server.resources.base import Resource


class ProjectSize(Resource, frozen=True, kw_only=True):
    """What one project takes, in bytes of what is stored, without the database's own overhead."""

    project: str
    runs: int
    deleted: int  # of these: deleted, and not purged yet or only their names left
    records: int
    points: int
    point_bytes: int  # of series: values, steps and times, tiers, what is not folded yet
    other_bytes: int  # console, histograms, checkpoints' and media's descriptions
    blob_bytes: int  # of checkpoints and media, those shared with other projects too
    own_blob_bytes: int  # those that no other project shares


class SizeList(Resource, frozen=True, kw_only=True):
    """What all projects take, the largest first."""

    projects: list[ProjectSize]
    database_bytes: int
    free_bytes: int  # within the database, used again; `mltrack compact` gives them back
    blob_bytes: int  # of all blobs that something names, each once
