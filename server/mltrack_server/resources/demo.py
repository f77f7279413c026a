"""Runs that the server makes to be looked at."""

from __future__ import annotations

from mltrack_server.resources.base import Resource
from mltrack_server.resources.base import RunId


class DemoRuns(Resource, frozen=True, kw_only=True):
    """Demo runs that were made or deleted."""

    project: str
    runs: list[RunId]
