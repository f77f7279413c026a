"""What the store takes, to be read."""

from __future__ import annotations

import asyncio

from mltrack_server.resources import SizeList
from mltrack_server.web.routes import Routes
from mltrack_server.web.services import Services

routes = Routes()


@routes.get("/api/v1/sizes", access="read")
async def sizes(services: Services) -> SizeList:
    """Return what each project takes, the largest first; it looks at every row."""
    return await asyncio.to_thread(services.store.sizes)
