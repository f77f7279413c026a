"""Links by which a report is read without the token. See docs/decisions/0011-pages-for-readers.md.

A link opens one page that was put there, and no API: there is nothing behind it to be asked for.
The page comes from a client, so browsers are told to run nothing of it and to load nothing for it.
"""

from __future__ import annotations

import asyncio
import gzip
from http import HTTPStatus
from typing import Final

from aiohttp import web

from mltrack_server.resources import LINK_PAGE_BYTES_MAX
from mltrack_server.resources import DashboardId
from mltrack_server.resources import LinkId
from mltrack_server.resources import LinkPageQuery
from mltrack_server.resources import NewReportLink
from mltrack_server.resources import ReportLink
from mltrack_server.resources import ReportLinkList
from mltrack_server.resources import SharedQuery
from mltrack_server.store.report_links import LINKS_MAX
from mltrack_server.store.report_links import NoReport
from mltrack_server.store.report_links import TooManyLinks
from mltrack_server.web.packing import takes_gzip
from mltrack_server.web.problems import Refusal
from mltrack_server.web.problems import invalid
from mltrack_server.web.problems import not_found
from mltrack_server.web.routes import Routes
from mltrack_server.web.services import Services

HTML: Final = "text/html"

_AT: Final = "/api/v1/dashboards/{dashboard}/links"
_PAGE: Final = "/shared"
_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; img-src data:; media-src data:; "
    "style-src 'unsafe-inline'; frame-ancestors 'none'; "
    "sandbox allow-downloads allow-popups allow-popups-to-escape-sandbox",
    "Referrer-Policy": "no-referrer",  # the key stands in the address
    "X-Robots-Tag": "noindex",
    "Vary": "Accept-Encoding",
}
_NOTHING: Final = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>mltrack</title>
<h1>This link shows nothing</h1>
<p>It was ended, or a part of it got lost on its way to you. Ask whoever gave it to you for another.
</html>
"""

routes = Routes()


@routes.get(_AT, access="read", problems=(404,))
async def index(services: Services, dashboard: DashboardId) -> ReportLinkList:
    """Return the links of a report, without their keys."""
    try:
        found = await asyncio.to_thread(services.store.report_links.listed, dashboard)
    except NoReport as error:
        raise _no_report() from error
    if found is None:
        raise not_found("such report")
    return found


@routes.post(
    _AT,
    access="write",
    takes=HTML,
    status=201,
    problems=(404, 413, 507),
    body_bytes_max=LINK_PAGE_BYTES_MAX,
)
async def make(
    services: Services, dashboard: DashboardId, query: LinkPageQuery, body: bytes
) -> NewReportLink:
    """Make a link that shows the HTML document in the body to whoever has it.

    `url` is told in this answer and never again: of its key only the hash is stored.
    """
    links = services.store.report_links
    try:
        made = await asyncio.to_thread(links.make, dashboard, query, body)
    except NoReport as error:
        raise _no_report() from error
    except TooManyLinks as error:
        raise invalid(
            f"A report has at most {LINKS_MAX} links: end one of them.", "path.dashboard"
        ) from error
    if made is None:
        raise not_found("such report")
    link, key = made
    return NewReportLink(link=link, url=f"{_PAGE}?key={key}")


@routes.put(
    f"{_AT}/{{link}}",
    access="write",
    takes=HTML,
    problems=(404, 413, 507),
    body_bytes_max=LINK_PAGE_BYTES_MAX,
)
async def renew(
    services: Services, dashboard: DashboardId, link: LinkId, query: LinkPageQuery, body: bytes
) -> ReportLink:
    """Let a link show another HTML document; its address stays."""
    links = services.store.report_links
    try:
        renewed = await asyncio.to_thread(links.renew, dashboard, link, query, body)
    except NoReport as error:
        raise _no_report() from error
    if renewed is None:
        raise not_found("such link")
    return renewed


@routes.delete(f"{_AT}/{{link}}", access="write", problems=(404, 507))
async def end(services: Services, dashboard: DashboardId, link: LinkId) -> None:
    """End a link: from now on its address shows nothing, and its page is no longer stored."""
    if not await asyncio.to_thread(services.store.report_links.end, dashboard, link):
        raise not_found("such link")


@routes.get(_PAGE, access="public", gives=(HTML,), problems=(404,))
async def page(services: Services, request: web.Request, query: SharedQuery) -> web.Response:
    """Return the page of a link: one HTML document that asks for nothing else."""
    packed = await asyncio.to_thread(services.store.report_links.page, query.key)
    if packed is None:  # a person reads this, not a program
        return web.Response(
            status=HTTPStatus.NOT_FOUND, text=_NOTHING, content_type=HTML, headers=_HEADERS
        )
    answer = web.Response(body=packed, content_type=HTML, charset="utf-8", headers=_HEADERS)
    if takes_gzip(request.headers.get("Accept-Encoding", "")):
        answer.headers["Content-Encoding"] = "gzip"
    else:
        answer.body = await asyncio.to_thread(gzip.decompress, packed)
    return answer


def _no_report() -> Refusal:
    return invalid("A dashboard has no links: make a report of it first.", "path.dashboard")
