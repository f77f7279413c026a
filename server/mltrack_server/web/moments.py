"""What happened to runs, to be read for their charts."""

from __future__ import annotations

import asyncio

from mltrack_server.resources import MomentList
from mltrack_server.resources import MomentQuery
from mltrack_server.web.routes import Routes
from mltrack_server.web.services import Services

routes = Routes()


@routes.post("/api/v1/moments", access="read")
async def index(services: Services, body: MomentQuery) -> MomentList:
    """Return checkpoints, alerts, restarts and annotations of up to 200 runs, by time.

    Of each kind the newest, and how many older ones are left out.
    """
    return await asyncio.to_thread(services.store.moments.listed, body)
