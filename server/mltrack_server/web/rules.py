"""Rules of projects, to be read and set."""

from __future__ import annotations

import asyncio

from mltrack_server.errors import RulesInvalid
from mltrack_server.resources import ProjectRules
from mltrack_server.resources import RulesEdit
from mltrack_server.resources import RulesQuery
from mltrack_server.resources import ThinningPlan
from mltrack_server.web.problems import invalid
from mltrack_server.web.problems import not_found
from mltrack_server.web.routes import Routes
from mltrack_server.web.services import Services

routes = Routes()


@routes.get("/api/v1/rules", access="read", problems=(404,))
async def show(services: Services, query: RulesQuery) -> ProjectRules:
    """Return what people want of a project's runs, and how many do not keep to it."""
    found = await asyncio.to_thread(services.store.rules, query.project, query.version)
    if found is None:
        raise not_found("such version")
    return found


@routes.post("/api/v1/rules/preview", access="read")
async def preview(services: Services, body: RulesEdit) -> ThinningPlan:
    """Return what would be thinned today if a project's rules were changed so; nothing is."""
    try:
        return await asyncio.to_thread(services.store.preview_rules, body)
    except RulesInvalid as error:
        raise invalid(f"{error.reason}.", f"body.{error.at}") from error


@routes.patch("/api/v1/rules", access="write")
async def edit(services: Services, body: RulesEdit) -> ProjectRules:
    """Change a project's rules; earlier versions stay to be read.

    Nothing is refused for them: a metric whose name fits none is kept, and its run says so.
    """
    try:
        changed = await asyncio.to_thread(services.store.set_rules, body)
    except RulesInvalid as error:
        raise invalid(f"{error.reason}.", f"body.{error.at}") from error
    services.writer.announce()
    return changed
