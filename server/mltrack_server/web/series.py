"""Series: for charts as buckets, for people as the exact points."""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import Callable
from typing import Annotated
from typing import Final

import msgspec
from aiohttp import web
from msgspec import Meta

from mltrack_server.columns import Points
from mltrack_server.history import Next
from mltrack_server.history import pack
from mltrack_server.history import page
from mltrack_server.resources import History
from mltrack_server.resources import MeanQuery
from mltrack_server.resources import Request
from mltrack_server.resources import RunId
from mltrack_server.resources import SeriesQuery
from mltrack_server.smoothing import Smoothing
from mltrack_server.store.series.chart import TooManyPoints
from mltrack_server.web.negotiation import COLUMNS
from mltrack_server.web.negotiation import CSV
from mltrack_server.web.negotiation import negotiate
from mltrack_server.web.problems import invalid
from mltrack_server.web.problems import not_found
from mltrack_server.web.query import pointing
from mltrack_server.web.routes import JSON
from mltrack_server.web.routes import Routes
from mltrack_server.web.services import Services

# Buckets times names times runs of one query: 36 bytes each, so 150 MB of answer.
CELLS_MAX: Final = 1 << 22
POINTS_MAX: Final = 1_000_000  # of one answer; columns say where the next one begins

routes = Routes()


class HistoryQuery(Request, frozen=True, kw_only=True):
    """Which series of the run, and which steps of it (of a device: times), both ends included."""

    name: Annotated[str, Meta(min_length=1, max_length=1024)]
    start: Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)] | None = None
    end: Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)] | None = None
    skip: Annotated[int, Meta(ge=0, le=2**63 - 1)] = 0  # the first points from `start` on
    limit: Annotated[int, Meta(ge=1, le=POINTS_MAX)] | None = None


@routes.post("/api/v1/series", access="read", gives=(COLUMNS,), problems=(413,))
async def series(services: Services, body: SeriesQuery) -> bytes:
    """Return series as binary columns, one bucket per pixel (docs/format/columns.md)."""
    if len(body.runs) * len(body.names) * body.buckets > CELLS_MAX:
        raise invalid(
            f"Runs x names x buckets is more than {CELLS_MAX}; ask for fewer at a time.", "body"
        )
    _check(body)
    if len(set(body.runs)) != len(body.runs):
        raise invalid("One of them is there twice.", "body.runs")
    try:
        return await asyncio.to_thread(services.store.series, body)
    except TooManyPoints as error:
        raise invalid(str(error), "body.ends") from None


@routes.post("/api/v1/means", access="read", gives=(COLUMNS,))
async def means(services: Services, body: MeanQuery) -> bytes | None:
    """Return means of groups of runs as binary columns, over all runs of each group.

    Nothing (204) where that would be the answer with the tag `known`.
    """
    _check(body)
    if (body.x == "metric") != (body.over != ""):
        raise invalid("x is a metric where over names one, and only then.", "body.over")
    if body.sets is not None and (body.q or body.by or body.project is not None):
        raise invalid("Sets of runs are what they are: project, q and by say others.", "body.sets")
    try:
        with pointing("body", body):
            async with services.averaging:
                return await asyncio.to_thread(services.store.means, body)
    except ValueError as error:
        raise invalid(f"{error}.", "body") from error


@routes.get(
    "/api/v1/runs/{run}/history", access="read", gives=(JSON, CSV, COLUMNS), problems=(404, 406)
)
async def history(
    services: Services, request: web.Request, run: RunId, query: HistoryQuery
) -> History | web.Response:
    """Return the exact points of one series: as JSON, CSV or binary columns, by Accept.

    Columns come in pages, and their header says where the next one begins. JSON and CSV cannot say
    so: without a limit they hold all points of the window, or are refused.
    """
    media = negotiate(request.headers.get("Accept", "*/*"))
    if query.start is not None and query.end is not None and query.start > query.end:
        raise invalid("The window ends before it starts.", "query.end")
    if query.skip and query.start is None:
        raise invalid("What is to be skipped is counted from a start.", "query.skip")
    limit = query.limit or POINTS_MAX
    points = await asyncio.to_thread(
        services.store.points,
        run,
        query.name,
        start=query.start,
        end=query.end,
        skip=query.skip,
        limit=limit + 1,
    )
    if points is None:
        raise not_found("such run or series")
    if media != COLUMNS and query.limit is None and len(points) > limit:
        raise invalid(
            f"There are more than {limit} points: ask for a window with start and end, or for "
            f"{COLUMNS}, which comes in pages.",
            "query",
        )
    shown, following = page(points, query.start, query.skip, limit)
    encode = _ENCODERS[media]
    body = await asyncio.to_thread(encode, query.name, shown, following)
    headers = {"Vary": "Accept"}
    if points.is_thinned:
        headers["Mltrack-Thinned"] = "true"  # CSV has no other place for it
    return web.Response(body=body, content_type=media, headers=headers)


def _check(body: SeriesQuery | MeanQuery) -> None:
    """Refuse what no chart can be of."""
    if body.start is not None and body.end is not None and body.start > body.end:
        raise invalid("The window ends before it starts.", "body.end")
    if len(set(body.names)) != len(body.names):
        raise invalid("One of them is there twice.", "body.names")
    if body.smooth is not None:
        try:
            Smoothing.parse(body.smooth)
        except ValueError as error:
            raise invalid(f"{error}.", "body.smooth") from error


def _json(name: str, points: Points, _following: Next | None) -> bytes:
    return msgspec.json.encode(points.history(name))


def _csv(name: str, points: Points, _following: Next | None) -> bytes:
    """Return one line for each point. All cells are numbers, so none can be a formula."""
    exact = points.history(name)
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(("step", "time_ns", "value", "is_superseded"))
    writer.writerows(
        zip(exact.step, exact.time_ns, exact.value, map(int, exact.is_superseded), strict=True)
    )
    return text.getvalue().encode()


Encoder = Callable[[str, Points, Next | None], bytes]
_ENCODERS: Final[dict[str, Encoder]] = {JSON: _json, CSV: _csv, COLUMNS: pack}
