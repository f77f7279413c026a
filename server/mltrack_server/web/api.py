"""The web application: every route behind the same door."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Awaitable
from collections.abc import Callable
from http import HTTPStatus
from typing import Final

from aiohttp import web

from mltrack_core._version import __version__
from mltrack_core.errors import SpoolCorrupt
from mltrack_core.errors import SpoolTooNew
from mltrack_server.errors import Overloaded
from mltrack_server.errors import RunDeleted
from mltrack_server.errors import StoreFull
from mltrack_server.web import analysis
from mltrack_server.web import annotating
from mltrack_server.web import blobs
from mltrack_server.web import checkpoints
from mltrack_server.web import comments
from mltrack_server.web import console
from mltrack_server.web import dashboards
from mltrack_server.web import deletions
from mltrack_server.web import demo
from mltrack_server.web import door
from mltrack_server.web import extracts
from mltrack_server.web import files
from mltrack_server.web import histograms
from mltrack_server.web import ingest
from mltrack_server.web import live
from mltrack_server.web import media
from mltrack_server.web import metrics
from mltrack_server.web import models
from mltrack_server.web import moments
from mltrack_server.web import pages
from mltrack_server.web import query
from mltrack_server.web import report_links
from mltrack_server.web import rules
from mltrack_server.web import runs
from mltrack_server.web import series
from mltrack_server.web import service
from mltrack_server.web import sizes
from mltrack_server.web import upkeep
from mltrack_server.web import usage
from mltrack_server.web import walls
from mltrack_server.web.endpoint import Endpoint
from mltrack_server.web.guard import check_origin
from mltrack_server.web.openapi import document
from mltrack_server.web.problems import Refusal
from mltrack_server.web.problems import busy
from mltrack_server.web.problems import from_http
from mltrack_server.web.routes import Route
from mltrack_server.web.services import SERVICES
from mltrack_server.web.services import Services

logger = logging.getLogger(__name__)

# The dashboard's own address matches whatever is left, so it comes last.
ROUTES: Final[tuple[Route, ...]] = (
    *service.routes,
    *runs.routes,
    *console.routes,
    *metrics.routes,
    *query.routes,
    *analysis.routes,
    *checkpoints.routes,
    *moments.routes,
    *annotating.routes,
    *files.routes,
    *series.routes,
    *extracts.routes,
    *dashboards.routes,
    *walls.routes,
    *report_links.routes,
    *comments.routes,
    *models.routes,
    *deletions.routes,
    *demo.routes,
    *sizes.routes,
    *upkeep.routes,
    *rules.routes,
    *usage.routes,
    *histograms.routes,
    *media.routes,
    *live.routes,
    *ingest.routes,
    *blobs.routes,
    *door.routes,
    *pages.routes,
)

_HEADERS: Final = {
    # The component library of the dashboard adds <style> elements; scripts come from files only.
    "Content-Security-Policy": "default-src 'self'; script-src 'self'; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; connect-src 'self'; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}

Next = Callable[[web.Request], Awaitable[web.StreamResponse]]


def build(services: Services) -> web.Application:
    """Return the application that serves *services*; starting them is the caller's."""
    app = web.Application(middlewares=[_answer])
    app[SERVICES] = services
    app[service.DOCUMENT] = document(ROUTES, __version__)
    for route in ROUTES:
        app.router.add_route(route.method, route.path, Endpoint(route).answer)
        if route.method == "GET" and route.access == "public":
            app.router.add_route("HEAD", route.path, Endpoint(route).answer)
    app.on_response_prepare.append(_add_headers)
    app.on_startup.append(_refuse_undeclared)
    app.on_shutdown.append(live.close_all)
    return app


async def _refuse_undeclared(app: web.Application) -> None:
    """Do not start with a route that has no declaration, and so no access policy."""
    for route in app.router.routes():
        if not isinstance(getattr(route.handler, "__self__", None), Endpoint):
            raise RuntimeError(f"{route.method} {route.resource}: not declared by Routes")


@web.middleware
async def _answer(request: web.Request, handler: Next) -> web.StreamResponse:
    """Check where the request comes from, answer it, make every error a problem, log it."""
    started = time.monotonic()
    request_id = os.urandom(8).hex()
    status = HTTPStatus.INTERNAL_SERVER_ERROR.value
    try:
        check_origin(request)
        answer = await handler(request)
        status = answer.status
        return answer
    except Refusal as refusal:
        status = refusal.status.value
        return refusal.answer(request_id)
    except asyncio.CancelledError:
        status = 499  # the client hung up; what it sent may be durable all the same
        raise
    except Exception as error:  # noqa: BLE001 - the entry point of a request; answered and logged
        if isinstance(error, ConnectionError) and _has_left(request):
            status = 499  # in the middle of a long answer
            return web.Response(status=status)
        failure = _refusal_for(error, request_id, request.app[SERVICES])
        status = failure.status.value
        return failure.answer(request_id)
    finally:
        logger.log(
            logging.WARNING if status >= HTTPStatus.INTERNAL_SERVER_ERROR else logging.DEBUG,
            "%s %s %d %.0f ms %s",
            request.method,
            request.rel_url.raw_path[:300],  # without the query, which may hold anything
            status,
            (time.monotonic() - started) * 1000,
            request_id,
        )


def _has_left(request: web.Request) -> bool:
    """Tell whether nobody hears an answer any more."""
    return request.transport is None or request.transport.is_closing()


def _refusal_for(error: Exception, request_id: str, services: Services) -> Refusal:
    """Return how *error* is answered; what nobody foresaw goes into the log with its stack."""
    match error:
        case web.HTTPException():
            return from_http(error)
        case SpoolCorrupt():
            return Refusal(HTTPStatus.BAD_REQUEST, "damaged", str(error), at="body")
        case SpoolTooNew():
            # Not a 4xx: an agent would put the records aside, and they are fine. They wait until
            # this server is newer.
            return Refusal(HTTPStatus.NOT_IMPLEMENTED, "too-new", str(error), at="body")
        case RunDeleted():
            return Refusal(HTTPStatus.GONE, "gone", str(error))
        case Overloaded():
            return busy("The server has too much to do.", error.retry_after_s)
        case StoreFull():
            logger.error("%s: %s", request_id, error)
            service.note_refusal(services)
            return Refusal(
                HTTPStatus.INSUFFICIENT_STORAGE,
                "full",
                f"The server cannot write now: {error.reason}. Nothing of this request is stored; "
                "send it again later.",
                headers={"Retry-After": "10"},
            )
        case _:
            logger.error("request %s failed", request_id, exc_info=error)
            return Refusal(
                HTTPStatus.INTERNAL_SERVER_ERROR,
                "fault",
                f"A fault of the server; its log says more under {request_id}.",
            )


async def _add_headers(request: web.Request, answer: web.StreamResponse) -> None:
    """Put the security headers on every answer, errors included."""
    for name, value in _HEADERS.items():
        answer.headers.setdefault(name, value)
    answer.headers.setdefault("Cache-Control", "no-store")
    answer.headers.pop("Server", None)  # which aiohttp it is helps nobody but an attacker
