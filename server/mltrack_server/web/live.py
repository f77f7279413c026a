"""The live feed: what has changed, over a WebSocket. Points are never sent, only where to look."""

from __future__ import annotations

import asyncio
import logging
from typing import Annotated
from typing import Final

import msgspec
from aiohttp import WSCloseCode
from aiohttp import web
from msgspec import Meta

from mltrack_server.resources import Notice
from mltrack_server.resources import Request
from mltrack_server.web.guard import is_authorised
from mltrack_server.web.problems import busy
from mltrack_server.web.routes import Routes
from mltrack_server.web.services import SERVICES
from mltrack_server.web.services import Services

SOCKETS_MAX: Final = 1000
MESSAGE_BYTES_MAX: Final = 64 * 1024
HEARTBEAT_S: Final = 20.0  # a browser that is gone without a word is noticed after so long
SEND_S_MAX: Final = 30.0  # … and one that takes nothing any more
AUTHORISE_S: Final = 60.0  # between two looks whether an open page may still read

logger = logging.getLogger(__name__)

routes = Routes()


class FeedQuery(Request, frozen=True, kw_only=True):
    """Where to go on: cursor and history of the last notice seen, or the `rev` of a list."""

    cursor: Annotated[int, Meta(ge=0, le=2**63 - 1)] | None = None
    history: Annotated[str, Meta(max_length=64)] | None = None  # None: whichever it is now


@routes.get("/api/v1/feed", access="read")
async def feed(services: Services, request: web.Request, query: FeedQuery) -> web.WebSocketResponse:
    """Send a Notice as JSON whenever runs have changed, at most twice a second."""
    if len(services.sockets) >= SOCKETS_MAX:
        raise busy("Too many live pages are open.", retry_after_s=30)
    socket = web.WebSocketResponse(
        heartbeat=HEARTBEAT_S, max_msg_size=MESSAGE_BYTES_MAX, compress=False, timeout=2.0
    )
    await socket.prepare(request)
    services.sockets.add(socket)
    tasks = (
        asyncio.create_task(_send(services, socket, query)),
        asyncio.create_task(_watch(services, request, socket)),
    )
    try:
        async for _ in socket:  # nothing is expected; the loop ends when either side leaves
            pass
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        services.sockets.discard(socket)
    return socket


@routes.get("/api/v1/changes", access="read")
async def changes(services: Services, query: FeedQuery) -> Notice:
    """Return what has changed since the cursor, for those whose proxy passes no WebSocket."""
    cursor = query.cursor
    if cursor is None:
        cursor = await asyncio.to_thread(services.store.rev)
    return await asyncio.to_thread(services.store.changes, cursor, query.history)


async def close_all(app: web.Application) -> None:
    """Tell every live page that the server goes away; they come again with their cursor."""
    await asyncio.gather(
        *(
            socket.close(code=WSCloseCode.GOING_AWAY, message=b"the server stops")
            for socket in list(app[SERVICES].sockets)
        ),
        return_exceptions=True,
    )


async def _send(services: Services, socket: web.WebSocketResponse, asked: FeedQuery) -> None:
    """Send notices until the other side leaves, takes no more, or something is wrong here."""
    encode = msgspec.json.Encoder().encode
    try:
        async with services.feed.subscribe(asked.cursor, asked.history) as notices:
            async for notice in notices:
                async with asyncio.timeout(SEND_S_MAX):
                    await socket.send_str(encode(notice).decode())
    except (ConnectionError, TimeoutError):
        await socket.close()
    except Exception:
        # Else the page would believe for ever that all is quiet.
        logger.exception("the feed of a live page failed; the page comes again")
        await socket.close(code=WSCloseCode.INTERNAL_ERROR)


async def _watch(services: Services, request: web.Request, socket: web.WebSocketResponse) -> None:
    """Close the socket once whoever opened it may read no more: the session has run out."""
    while True:
        await asyncio.sleep(AUTHORISE_S)
        if not is_authorised(request, services, "read"):
            await socket.close(code=WSCloseCode.POLICY_VIOLATION, message=b"sign in again")
            return
