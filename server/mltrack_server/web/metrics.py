"""A run's metrics, where there are more than a run's page needs at once."""

from __future__ import annotations

import asyncio

from mltrack_server.resources import MetricNameQuery
from mltrack_server.resources import MetricNames
from mltrack_server.resources import MetricPage
from mltrack_server.resources import MetricQuery
from mltrack_server.resources import RunId
from mltrack_server.web.problems import not_found
from mltrack_server.web.routes import Routes
from mltrack_server.web.services import Services

routes = Routes()


@routes.get("/api/v1/runs/{run}/metrics", access="read", problems=(404,))
async def index(services: Services, run: RunId, query: MetricQuery) -> MetricPage:
    """Return what the metrics of a run amount to, a page."""
    page = await asyncio.to_thread(services.store.metrics, run, query)
    if page is None:
        raise not_found("such run")
    return page


@routes.get("/api/v1/runs/{run}/metrics/names", access="read", problems=(404,))
async def names(services: Services, run: RunId, query: MetricNameQuery) -> MetricNames:
    """Return the names of a run's metrics, and nothing else of them."""
    found = await asyncio.to_thread(services.store.metric_names, run, query)
    if found is None:
        raise not_found("such run")
    return found
