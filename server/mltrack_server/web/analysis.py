"""Many runs compared by their parameters."""

from __future__ import annotations

import asyncio
from typing import Annotated

from msgspec import Meta

from mltrack_server.resources import ColumnQuery
from mltrack_server.resources import Importance
from mltrack_server.resources import ImportanceQuery
from mltrack_server.resources import Request
from mltrack_server.resources import RunColumns
from mltrack_server.resources import VaryingIndex
from mltrack_server.web.query import pointing
from mltrack_server.web.routes import Routes
from mltrack_server.web.services import Services

routes = Routes()


class VaryingQuery(Request, frozen=True, kw_only=True):
    """Among which runs."""

    project: Annotated[str, Meta(max_length=1024)] | None = None
    q: Annotated[str, Meta(max_length=10_000)] = ""
    limit: Annotated[int, Meta(ge=1, le=300)] = 100


@routes.get("/api/v1/query/varying", access="read")
async def varying(services: Services, query: VaryingQuery) -> VaryingIndex:
    """Return the parameters that are not the same in all runs for which a query holds."""
    with pointing("query", query):
        return await asyncio.to_thread(
            services.store.varying, project=query.project, q=query.q, limit=query.limit
        )


@routes.post("/api/v1/query/columns", access="read")
async def columns(services: Services, body: ColumnQuery) -> RunColumns:
    """Return a few values of up to ten thousand runs, column by column."""
    with pointing("body", body):
        return await asyncio.to_thread(services.store.columns, body)


@routes.post("/api/v1/query/importance", access="read")
async def importance(services: Services, body: ImportanceQuery) -> Importance:
    """Return which parameters matter for a result, with how sure that is; takes seconds.

    `verdict` says why where that cannot be told.
    """
    with pointing("body", body):
        async with services.weighing:
            return await asyncio.to_thread(services.store.importance, body)
