"""Runs, to be deleted and restored."""

from __future__ import annotations

import asyncio
from http import HTTPStatus

from mltrack_server.resources import Deletion
from mltrack_server.resources import DeletionList
from mltrack_server.resources import RunId
from mltrack_server.store.upkeep.deleting import RunPurged
from mltrack_server.web.problems import Refusal
from mltrack_server.web.problems import not_found
from mltrack_server.web.routes import Routes
from mltrack_server.web.services import Services

routes = Routes()


@routes.delete("/api/v1/runs/{run}", access="write", problems=(404,))
async def delete(services: Services, run: RunId) -> Deletion:
    """Delete a run: lists leave it out, and in 30 days its records are removed for good.

    Until then it can be restored, and is read by its id. What arrives of it is stored as always.
    """
    deletion = await asyncio.to_thread(services.store.delete, run)
    if deletion is None:
        raise not_found("such run")
    return deletion


@routes.post("/api/v1/runs/{run}/restore", access="write", status=204, problems=(404, 410))
async def restore(services: Services, run: RunId) -> None:
    """Restore a deleted run."""
    try:
        found = await asyncio.to_thread(services.store.undelete, run)
    except RunPurged as error:
        raise Refusal(
            HTTPStatus.GONE, "gone", "It was deleted more than 30 days ago: its records are gone."
        ) from error
    if not found:
        raise not_found("such deleted run")


@routes.get("/api/v1/deletions", access="read")
async def index(services: Services) -> DeletionList:
    """Return all deleted runs, the one deleted last first."""
    return await asyncio.to_thread(services.store.deletions)
