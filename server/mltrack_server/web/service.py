"""What the server is, who is signed in, and how it is."""

from __future__ import annotations

import asyncio
import time
from http import HTTPStatus
from typing import Any
from typing import Final

import msgspec
from aiohttp import web

from mltrack_core._version import __version__
from mltrack_server.auth.session import SESSION_S
from mltrack_server.auth.token import is_same
from mltrack_server.resources import Health
from mltrack_server.resources import Server
from mltrack_server.resources import SignIn
from mltrack_server.web.guard import cookie_name
from mltrack_server.web.guard import is_authorised
from mltrack_server.web.problems import Refusal
from mltrack_server.web.routes import JSON
from mltrack_server.web.routes import Routes
from mltrack_server.web.services import Services

# Looking is a small write, and everyone may ask: so rarely that it is nobody's way to keep us busy.
HEALTH_S: Final = 2.0
DOCUMENT: Final = web.AppKey("document", dict[str, Any])

routes = Routes()


@routes.get("/api/v1/server", access="public")
async def server(services: Services, request: web.Request) -> Server:
    """Return what this server is and whether you are signed in."""
    is_signed_in = is_authorised(request, services, "read")
    root = services.config.root
    return Server(
        version=__version__,
        is_local=root is not None,
        needs_token=bool(services.config.token),
        is_signed_in=is_signed_in,
        folder=str(root) if root is not None and is_signed_in else "",
        rev=await asyncio.to_thread(services.store.rev) if is_signed_in else 0,
        history=await asyncio.to_thread(services.store.history) if is_signed_in else "",
    )


@routes.post("/api/v1/session", access="public")
async def sign_in(services: Services, request: web.Request, body: SignIn) -> web.Response:
    """Exchange the token for a session cookie, which scripts cannot read."""
    if not is_same(body.token, services.config.token):
        raise Refusal(HTTPStatus.UNAUTHORIZED, "token", "That is not this server's token.")
    answer = web.Response(status=HTTPStatus.NO_CONTENT)
    answer.set_cookie(
        cookie_name(services),
        services.sessions.issue(),
        max_age=SESSION_S,
        httponly=True,
        samesite="Strict",
        secure=request.secure,
    )
    return answer


@routes.delete("/api/v1/session", access="public")
async def sign_out(services: Services) -> web.Response:
    """Forget this browser's session."""
    answer = web.Response(status=HTTPStatus.NO_CONTENT)
    answer.del_cookie(cookie_name(services), httponly=True, samesite="Strict")
    return answer


@routes.get("/api/v1/openapi.json", access="public", gives=(JSON,))
async def openapi(request: web.Request) -> bytes:
    """Return this document."""
    return msgspec.json.encode(request.app[DOCUMENT])


@routes.get("/healthz", access="public")
async def health(services: Services) -> Health:
    """Tell whether the server answers and its store takes writes."""
    if time.monotonic() >= services.is_writable_until_s:
        services.is_writable = await asyncio.to_thread(services.store.is_writable)
        services.is_writable_until_s = time.monotonic() + HEALTH_S
    return Health(status="ok" if services.is_writable else "read only")


def note_refusal(services: Services) -> None:
    """Let `health` say for a moment that the store takes no writes: it has just refused one."""
    services.is_writable = False
    services.is_writable_until_s = time.monotonic() + HEALTH_S
