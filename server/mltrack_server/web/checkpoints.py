"""Checkpoints of runs, to be read and downloaded."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from pathlib import Path
from typing import Annotated
from urllib.parse import quote

from aiohttp import web
from msgspec import Meta

from mltrack_server.resources import Checkpoint
from mltrack_server.resources import CheckpointList
from mltrack_server.resources import RetentionPlan
from mltrack_server.resources import RetentionQuery
from mltrack_server.resources import RunId
from mltrack_server.store.blobs import BlobMissing
from mltrack_server.web.blobs import BYTES
from mltrack_server.web.download import send
from mltrack_server.web.problems import Refusal
from mltrack_server.web.problems import invalid
from mltrack_server.web.problems import not_found
from mltrack_server.web.routes import Routes
from mltrack_server.web.services import Services

routes = Routes()


@routes.get("/api/v1/runs/{run}/checkpoints", access="read", problems=(404,))
async def index(services: Services, run: RunId) -> CheckpointList:
    """Return all checkpoints of a run, in the order in which they were written."""
    found = await asyncio.to_thread(services.store.checkpoints, run)
    if found is None:
        raise not_found("such run")
    return found


@routes.get("/api/v1/runs/{run}/checkpoints/{checkpoint}", access="read", problems=(404,))
async def show(services: Services, run: RunId, checkpoint: RunId) -> Checkpoint:
    """Return everything about a checkpoint but its bytes."""
    found = await asyncio.to_thread(services.store.checkpoint, run, checkpoint)
    if found is None:
        raise not_found("such checkpoint")
    return found


@routes.get(
    "/api/v1/runs/{run}/checkpoints/{checkpoint}/files/{path:.+}",
    access="read",
    gives=(BYTES,),
    problems=(404, 410, 416),
)
async def download(
    services: Services,
    request: web.Request,
    run: RunId,
    checkpoint: RunId,
    path: Annotated[str, Meta(max_length=4096)],
) -> web.StreamResponse:
    """Return a file of a checkpoint, or a range of it; its ETag is its SHA-256."""
    try:
        found = await asyncio.to_thread(services.store.stored_file, run, checkpoint, path)
    except BlobMissing as error:
        raise Refusal(
            HTTPStatus.GONE, "gone", "It was stored, and some of its blobs are gone."
        ) from error
    if found is None:
        raise not_found("such file")
    return await send(
        request,
        found,
        {
            "Content-Type": BYTES,
            "Content-Disposition": f"attachment; filename*=UTF-8''{quote(Path(path).name)}",
        },
    )


@routes.post("/api/v1/checkpoints/retention", access="write", problems=(413, 507))
async def retain(services: Services, body: RetentionQuery) -> RetentionPlan:
    """Tell which stored checkpoints stay by the rules given; with `apply`, let go of the others.

    Only blobs that nothing names any more are deleted. What is recorded of a checkpoint stays.
    """
    try:
        return await asyncio.to_thread(services.store.retain, body)
    except ValueError as error:
        raise invalid(
            "Say what is to stay: keep_best, keep_last or every; or what is to go: only.", "body"
        ) from error
