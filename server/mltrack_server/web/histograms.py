"""Histograms, to be read."""

from __future__ import annotations

import asyncio
from typing import Annotated
from typing import Final

from msgspec import Meta

from mltrack_server.resources import HistogramGrid
from mltrack_server.resources import HistogramPage
from mltrack_server.resources import HistogramSeries
from mltrack_server.resources import Request
from mltrack_server.resources import RunId
from mltrack_server.web.problems import invalid
from mltrack_server.web.problems import not_found
from mltrack_server.web.routes import Routes
from mltrack_server.web.services import Services

COLUMNS_MAX: Final = 1000

routes = Routes()

Step = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]


class GridQuery(Request, frozen=True, kw_only=True):
    """Which histograms, which steps (both ends included), into how many columns."""

    prefix: Annotated[str, Meta(max_length=1024)] = ""  # of their names
    start: Step | None = None
    end: Step | None = None
    columns: Annotated[int, Meta(ge=1, le=COLUMNS_MAX)] = 100


class HistogramQuery(Request, frozen=True, kw_only=True):
    """Which histogram, which steps (both ends included), into how many columns."""

    name: Annotated[str, Meta(min_length=1, max_length=1024)]
    start: Step | None = None
    end: Step | None = None
    columns: Annotated[int, Meta(ge=1, le=COLUMNS_MAX)] = 50


class RecordsQuery(Request, frozen=True, kw_only=True):
    """Where the page begins."""

    cursor: Annotated[str, Meta(max_length=64)] | None = None  # a page's `next`


@routes.get("/api/v1/runs/{run}/histograms", access="read", problems=(404,))
async def grid(services: Services, run: RunId, query: GridQuery) -> HistogramGrid:
    """Return what all histograms of a run amount to: names by steps, for a heat map."""
    _check_window(query.start, query.end)
    found = await asyncio.to_thread(
        services.store.histogram_grid,
        run,
        query.prefix,
        start=query.start,
        end=query.end,
        columns=query.columns,
    )
    if found is None:
        raise not_found("such run")
    return found


@routes.get("/api/v1/runs/{run}/histogram", access="read", problems=(404,))
async def one(services: Services, run: RunId, query: HistogramQuery) -> HistogramSeries:
    """Return one histogram step by step; where there are many steps, neighbours are added up."""
    _check_window(query.start, query.end)
    found = await asyncio.to_thread(
        services.store.histogram,
        run,
        query.name,
        start=query.start,
        end=query.end,
        columns=query.columns,
    )
    if found is None:
        raise not_found("such run or histogram")
    return found


@routes.get("/api/v1/runs/{run}/histogram-records", access="read", problems=(404,))
async def records(services: Services, run: RunId, query: RecordsQuery) -> HistogramPage:
    """Return a run's histograms as they were logged, none added up, in pages."""
    try:
        page = await asyncio.to_thread(services.store.histogram_records, run, query.cursor)
    except ValueError as error:
        raise invalid("This is no cursor of this run; begin without one.", "query.cursor") from (
            error
        )
    if page is None:
        raise not_found("such run")
    return page


def _check_window(start: int | None, end: int | None) -> None:
    if start is not None and end is not None and start > end:
        raise invalid("The window ends before it starts.", "query.end")
