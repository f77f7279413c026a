"""Upkeep that changes the store, asked of the server that is using it."""

from __future__ import annotations

import asyncio
from http import HTTPStatus

from mltrack_server.resources import Compacted
from mltrack_server.resources import Repaired
from mltrack_server.resources import RepairRequest
from mltrack_server.upkeep import compact
from mltrack_server.upkeep import repair
from mltrack_server.web.problems import Refusal
from mltrack_server.web.routes import Routes
from mltrack_server.web.services import Services

routes = Routes()


@routes.post("/api/v1/compact", access="write", problems=(507,))
async def compact_store(services: Services) -> Compacted:
    """Make the store smaller: fold, purge, thin, and write its database anew.

    Reads and writes go on; while the database is written anew at the end, writes wait. PostgreSQL
    is not written anew: it uses again what is free. All is done to the end if the client leaves,
    and may be killed.
    """
    return await asyncio.to_thread(compact, services.store)


@routes.post("/api/v1/repair", access="write", problems=(409, 507))
async def repair_store(services: Services, body: RepairRequest) -> Repaired:
    """Check the store, and put aside what is damaged; nothing is thrown away.

    Reads and writes go on; only where something is put aside do writes wait.
    """
    if services.store.blobs.folder is None:
        raise Refusal(
            HTTPStatus.CONFLICT,
            "database",
            "What is damaged is put beside the folder of blobs: start the server with --blobs.",
        )
    return await asyncio.to_thread(repair, services.store, read_data=body.read_data)
