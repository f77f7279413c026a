"""Extracts: many series of many runs in one answer."""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import Callable
from typing import Final

import msgspec
from aiohttp import web

from mltrack_server import arrow
from mltrack_server.extract import Extract
from mltrack_server.resources import EXTRACT_POINTS_MAX
from mltrack_server.resources import ExtractList
from mltrack_server.resources import ExtractQuery
from mltrack_server.web.negotiation import COLUMNS
from mltrack_server.web.negotiation import CSV
from mltrack_server.web.negotiation import negotiate
from mltrack_server.web.problems import invalid
from mltrack_server.web.routes import JSON
from mltrack_server.web.routes import Routes
from mltrack_server.web.services import Services

# Runs times names times samples of one query: 72 bytes each.
ROWS_MAX: Final = 2 * EXTRACT_POINTS_MAX

routes = Routes()


@routes.post(
    "/api/v1/history", access="read", gives=(JSON, CSV, COLUMNS, arrow.MEDIA), problems=(406,)
)
async def extract(
    services: Services, request: web.Request, body: ExtractQuery
) -> ExtractList | web.Response:
    """Return the points of many series of many runs, or a few rows of each, by Accept.

    Exact points come in pages: `next` of JSON, of the header of columns, and of Arrow's metadata
    says where the following one begins. CSV cannot, so it holds everything or is refused.
    """
    media = negotiate(request.headers.get("Accept", "*/*"), (JSON, CSV, COLUMNS, *arrow.offered()))
    _check(body)
    found = await asyncio.to_thread(services.store.extract, body)
    if media == CSV and found.next is not None:
        raise invalid(
            f"There are more than {body.limit} points: ask for fewer series, for a window, for "
            f"`samples`, or for {COLUMNS}, which comes in pages.",
            "body",
        )
    answer = await asyncio.to_thread(_ENCODERS[media], found)
    headers = {"Vary": "Accept"}
    if any(part.is_thinned for part in found.parts):
        headers["Mltrack-Thinned"] = "true"  # CSV has no other place for it
    return web.Response(body=answer, content_type=media, headers=headers)


def _check(query: ExtractQuery) -> None:
    """Refuse what makes no sense, or is too much at once."""
    if query.start is not None and query.end is not None and query.start > query.end:
        raise invalid("The window ends before it starts.", "body.end")
    for at, values in (("runs", query.runs), ("names", query.names)):
        if len(set(values)) != len(values):
            raise invalid("One of them is there twice.", f"body.{at}")
    if query.samples is not None:
        if query.resume is not None:
            raise invalid("With `samples` there is one page only.", "body.resume")
        if len(query.runs) * len(query.names) * query.samples > ROWS_MAX:
            raise invalid(
                f"Runs x names x samples is more than {ROWS_MAX}; ask for fewer at a time.", "body"
            )
    resume = query.resume
    if resume and (resume.run >= len(query.runs) or resume.name >= len(query.names)):
        raise invalid("This is of another query: give the same runs and names.", "body.resume")


def _json(found: Extract) -> bytes:
    return msgspec.json.encode(found.listed())


def _csv(found: Extract) -> bytes:
    """Return one line for each row; text that a spreadsheet would take for a formula is quoted."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    header = ["run", "name", "step", "time_ns", "value", "is_superseded"]
    writer.writerow(header if found.sums is None else [*header, *found.sums.named()])
    for series in found.listed().series:
        name = f"'{series.name}" if series.name[:1] in "=+-@\t\r" else series.name
        columns = [series.step, series.time_ns, series.value, map(int, series.is_superseded)]
        if found.sums is not None:
            columns += [series.min, series.max, series.mean, series.count, series.nonfinite]
        writer.writerows((series.run, name, *row) for row in zip(*columns, strict=True))
    return text.getvalue().encode()


Encoder = Callable[[Extract], bytes]
_ENCODERS: Final[dict[str, Encoder]] = {
    JSON: _json,
    CSV: _csv,
    COLUMNS: Extract.pack,
    arrow.MEDIA: arrow.stream,
}
