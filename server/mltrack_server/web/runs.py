"""Projects and runs, to be read and edited."""

from __future__ import annotations

import asyncio
from typing import Final

from mltrack_server.errors import QueryInvalid
from mltrack_server.resources import ProjectList
from mltrack_server.resources import Run
from mltrack_server.resources import RunEdit
from mltrack_server.resources import RunId
from mltrack_server.resources import RunList
from mltrack_server.resources import RunQuery
from mltrack_server.resources import RunSummary
from mltrack_server.web.problems import bad_query
from mltrack_server.web.problems import invalid
from mltrack_server.web.problems import not_found
from mltrack_server.web.routes import Routes
from mltrack_server.web.services import Services

_QUERIES: Final = ("q", "sort", "fields")  # what of a request may be a QueryInvalid

routes = Routes()


@routes.get("/api/v1/projects", access="read")
async def projects(services: Services) -> ProjectList:
    """Return all projects, the one heard of last first."""
    return await asyncio.to_thread(services.store.projects)


@routes.get("/api/v1/runs", access="read")
async def index(services: Services, query: RunQuery) -> RunList:
    """Return a page of the runs that a query holds for, newest first or sorted."""
    return await _page(services, query, "query")


@routes.post("/api/v1/query/runs", access="read")
async def search(services: Services, body: RunQuery) -> RunList:
    """Return the same as `GET /api/v1/runs`, for queries too long for an address."""
    return await _page(services, body, "body")


async def _page(services: Services, asked: RunQuery, at: str) -> RunList:
    """Return a page of runs.

    Raises:
        Refusal: The query, the order, the fields or the cursor is none.
    """
    fields = {name: getattr(asked, name) for name in asked.__struct_fields__}
    try:
        return await asyncio.to_thread(services.store.runs, **fields)
    except QueryInvalid as error:
        wrong = next(name for name in _QUERIES if getattr(asked, name) == error.query)
        raise bad_query(error, f"{at}.{wrong}") from error
    except ValueError as error:
        raise invalid(
            "This is no cursor of this list; begin without one.", f"{at}.cursor"
        ) from error


@routes.get("/api/v1/runs/{run}", access="read", problems=(404,))
async def show(services: Services, run: RunId) -> Run:
    """Return everything about a run but its points and its console."""
    found = await asyncio.to_thread(services.store.run, run)
    if found is None:
        raise not_found("such run")
    return found


@routes.patch("/api/v1/runs/{run}", access="write", problems=(404, 410))
async def edit(services: Services, run: RunId, body: RunEdit) -> RunSummary:
    """Change a run's name, tags or notes, or put it away.

    What is left out stays as it is, and null is what the run itself said. What its processes send
    later does not undo it.
    """
    changed = await asyncio.to_thread(services.store.edit, run, body)
    if changed is None:
        raise not_found("such run")
    services.writer.announce()
    return changed
