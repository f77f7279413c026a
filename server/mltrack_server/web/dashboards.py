"""Dashboards and reports, to be read and written."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Annotated
from typing import NoReturn

from msgspec import Meta

from mltrack_server.resources import DOCUMENT_BYTES_MAX
from mltrack_server.resources import Dashboard
from mltrack_server.resources import DashboardId
from mltrack_server.resources import DashboardList
from mltrack_server.resources import DashboardQuery
from mltrack_server.resources import DashboardSave
from mltrack_server.resources import DashboardSummary
from mltrack_server.resources import DashboardVersions
from mltrack_server.resources import NewDashboard
from mltrack_server.resources import Request
from mltrack_server.store.dashboards import DASHBOARDS_MAX
from mltrack_server.store.dashboards import KindChanged
from mltrack_server.store.dashboards import SavedMeanwhile
from mltrack_server.store.dashboards import TooManyDashboards
from mltrack_server.web.problems import Refusal
from mltrack_server.web.problems import invalid
from mltrack_server.web.problems import not_found
from mltrack_server.web.routes import Routes
from mltrack_server.web.services import Services

routes = Routes()


class VersionQuery(Request, frozen=True, kw_only=True):
    """Which version; the newest where none is named."""

    version: Annotated[int, Meta(ge=1, le=2**31 - 1)] | None = None


@routes.get("/api/v1/dashboards", access="read")
async def index(services: Services, query: DashboardQuery) -> DashboardList:
    """Return a project's dashboards and reports, the one saved last first."""
    return await asyncio.to_thread(services.store.dashboards.listed, query)


@routes.post(
    "/api/v1/dashboards",
    access="write",
    status=201,
    problems=(404,),
    body_bytes_max=DOCUMENT_BYTES_MAX,
)
async def create(services: Services, body: NewDashboard) -> Dashboard:
    """Make a dashboard, or a report if the document says what it was frozen from."""
    try:
        made = await asyncio.to_thread(services.store.dashboards.create, body)
    except TooManyDashboards as error:
        raise invalid(
            f"A project has at most {DASHBOARDS_MAX} dashboards and reports.", "body.project"
        ) from error
    if made is None:
        raise not_found("such project")
    return made


@routes.get("/api/v1/dashboards/{dashboard}", access="read", problems=(404,))
async def show(services: Services, dashboard: DashboardId, query: VersionQuery) -> Dashboard:
    """Return a version of a dashboard, deleted or not."""
    found = await asyncio.to_thread(services.store.dashboards.one, dashboard, query.version)
    if found is None:
        raise not_found("such dashboard" if query.version is None else "such version of it")
    return found


@routes.get("/api/v1/dashboards/{dashboard}/versions", access="read", problems=(404,))
async def versions(services: Services, dashboard: DashboardId) -> DashboardVersions:
    """Return when a dashboard was saved, and by whom."""
    found = await asyncio.to_thread(services.store.dashboards.versions, dashboard)
    if found is None:
        raise not_found("such dashboard")
    return found


@routes.put(
    "/api/v1/dashboards/{dashboard}",
    access="write",
    problems=(404, 409, 410),
    body_bytes_max=DOCUMENT_BYTES_MAX,
)
async def save(services: Services, dashboard: DashboardId, body: DashboardSave) -> Dashboard:
    """Save a dashboard's next version.

    `version` is the one that was changed. Where somebody has saved another one since, nothing is
    written and the answer is 409: read it, and decide.
    """
    store = services.store.dashboards
    try:
        saved = await asyncio.to_thread(store.save, dashboard, body)
    except SavedMeanwhile as error:
        newest = error.newest
        by = f" by {newest.author}" if newest.author else ""
        raise Refusal(
            HTTPStatus.CONFLICT,
            "conflict",
            f"Version {newest.version} was saved{by} since yours, which began from version "
            f"{body.version}. Nothing of yours is stored.",
            at="body.version",
        ) from error
    except KindChanged as error:
        raise invalid(
            "A report stays a report, and a dashboard a dashboard; make a new one instead.",
            "body.document.frozen",
        ) from error
    if saved is None:
        await _refuse_missing(services, dashboard)
    return saved


@routes.delete("/api/v1/dashboards/{dashboard}", access="write", problems=(404,))
async def delete(services: Services, dashboard: DashboardId) -> DashboardSummary:
    """Delete a dashboard: lists leave it out. All its versions stay, and it can be restored."""
    deleted = await asyncio.to_thread(services.store.dashboards.delete, dashboard)
    if deleted is None:
        raise not_found("such dashboard")
    return deleted


@routes.post("/api/v1/dashboards/{dashboard}/restore", access="write", problems=(404,))
async def restore(services: Services, dashboard: DashboardId) -> DashboardSummary:
    """Restore a deleted dashboard."""
    restored = await asyncio.to_thread(services.store.dashboards.undelete, dashboard)
    if restored is None:
        raise not_found("such dashboard")
    return restored


async def _refuse_missing(services: Services, dashboard: str) -> NoReturn:
    """Say why a dashboard cannot be saved: it was never there, or it was deleted.

    Raises:
        Refusal: Always.
    """
    if await asyncio.to_thread(services.store.dashboards.one, dashboard) is None:
        raise not_found("such dashboard")
    raise Refusal(HTTPStatus.GONE, "gone", "It was deleted; restore it first.")
