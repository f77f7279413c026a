"""Walls: how a project's charts are arranged, to be read and saved."""

from __future__ import annotations

import asyncio
from http import HTTPStatus

from mltrack_server.resources import Wall
from mltrack_server.resources import WallQuery
from mltrack_server.resources import WallSave
from mltrack_server.store.walls import ArrangedMeanwhile
from mltrack_server.web.problems import Refusal
from mltrack_server.web.problems import not_found
from mltrack_server.web.routes import Routes
from mltrack_server.web.services import Services

routes = Routes()


@routes.get("/api/v1/wall", access="read", problems=(404,))
async def show(services: Services, query: WallQuery) -> Wall:
    """Return how people have arranged a project's charts.

    Version 0 where nobody has: every chart is where mltrack puts it.
    """
    found = await asyncio.to_thread(services.store.walls.one, query.project, query.version)
    if found is None:
        raise not_found("such version")
    return found


@routes.put("/api/v1/wall", access="write", problems=(404, 409))
async def save(services: Services, body: WallSave) -> Wall:
    """Save the next version of how a project's charts are arranged.

    `version` is the one that was changed, 0 where there was none. Where somebody has saved another
    one since, nothing is written and the answer is 409: read it, and change that.
    """
    try:
        saved = await asyncio.to_thread(services.store.walls.save, body)
    except ArrangedMeanwhile as error:
        newest = error.newest
        by = f" by {newest.author}" if newest.author else ""
        raise Refusal(
            HTTPStatus.CONFLICT,
            "conflict",
            f"Version {newest.version} was saved{by} since yours, which began from version "
            f"{body.version}. Nothing of yours is stored.",
            at="body.version",
        ) from error
    if saved is None:
        raise not_found("such project")
    return saved
