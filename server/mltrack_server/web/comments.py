"""Comments on the blocks of reports, to be read and written."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from typing import Final

from mltrack_server.resources import BlockId
from mltrack_server.resources import CommentId
from mltrack_server.resources import CommentRemoval
from mltrack_server.resources import CommentThread
from mltrack_server.resources import CommentThreads
from mltrack_server.resources import DashboardId
from mltrack_server.resources import NewComment
from mltrack_server.resources import ThreadMark
from mltrack_server.store.comments import CommentRefused
from mltrack_server.web.problems import Refusal
from mltrack_server.web.problems import not_found
from mltrack_server.web.routes import Routes
from mltrack_server.web.services import Services

routes = Routes()

_STATUSES: Final = {
    "missing": (HTTPStatus.NOT_FOUND, "not-found"),
    "conflict": (HTTPStatus.CONFLICT, "conflict"),
    "full": (HTTPStatus.UNPROCESSABLE_ENTITY, "invalid"),
}


@routes.get("/api/v1/dashboards/{dashboard}/comments", access="read", problems=(404,))
async def index(services: Services, dashboard: DashboardId) -> CommentThreads:
    """Return what was said about the blocks of a report, a thread for each."""
    found = await asyncio.to_thread(services.store.comments.threads, dashboard)
    if found is None:
        raise not_found("such report")
    return found


@routes.post("/api/v1/dashboards/{dashboard}/comments", access="write", status=201, problems=(404,))
async def add(services: Services, dashboard: DashboardId, body: NewComment) -> CommentThread:
    """Say something about a block of a report; a thread that was resolved is open again."""
    return await _told(services.store.comments.add, dashboard, body)


@routes.delete(
    "/api/v1/dashboards/{dashboard}/comments/{comment}", access="write", problems=(404, 409)
)
async def remove(
    services: Services, dashboard: DashboardId, comment: CommentId, query: CommentRemoval
) -> CommentThread:
    """Remove what a comment says: its author does, and that there was one is still told."""
    return await _told(services.store.comments.remove, dashboard, comment, query.author)


@routes.put("/api/v1/dashboards/{dashboard}/threads/{block}", access="write", problems=(404,))
async def mark(
    services: Services, dashboard: DashboardId, block: BlockId, body: ThreadMark
) -> CommentThread:
    """Resolve what was said about a block, or open it again."""
    return await _told(services.store.comments.mark, dashboard, block, body)


async def _told(do: Callable[..., CommentThread], *arguments: object) -> CommentThread:
    """Return what *do* does in a thread.

    Raises:
        Refusal: It does not do it.
    """
    try:
        return await asyncio.to_thread(do, *arguments)
    except CommentRefused as error:
        status, kind = _STATUSES[error.kind]
        raise Refusal(status, kind, error.reason) from error
