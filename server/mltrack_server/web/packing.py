"""Packing: answers that are text and long go compressed to whoever can unpack them.

Only answers of routes that ask for a session or a token to *read*: no answer with a secret in it is
such a one, so its length tells nothing worth guessing (BREACH), and pages of other origins get no
answer with our cookie anyway.
"""

from __future__ import annotations

import asyncio
import gzip
from typing import Final

from aiohttp import web

from mltrack_server.web.routes import Route

PACKED_BYTES_MIN: Final = 8192  # less goes in a few packets as it is

_LEVEL: Final = 1  # 6 gains a tenth of the size for three times the processor time
_TYPES: Final = frozenset(("application/json", "text/csv"))


async def pack(route: Route, request: web.Request, answer: web.Response) -> None:
    """Compress the body of *answer* if it is long, and the client wants that."""
    body = answer.body
    if (
        route.access != "read"
        or not isinstance(body, bytes)
        or len(body) < PACKED_BYTES_MIN
        or answer.content_type not in _TYPES
    ):
        return
    vary = [answer.headers["Vary"]] if "Vary" in answer.headers else []
    answer.headers["Vary"] = ", ".join([*vary, "Accept-Encoding"])
    if not takes_gzip(request.headers.get("Accept-Encoding", "")):
        return
    answer.body = await asyncio.to_thread(gzip.compress, body, _LEVEL, mtime=0)
    answer.headers["Content-Encoding"] = "gzip"


def takes_gzip(accepted: str) -> bool:
    """Tell whether a client that accepts these encodings can unpack gzip."""
    weights: dict[str, bool] = {}
    for part in accepted.split(","):
        coding, *parameters = (piece.strip().lower() for piece in part.split(";"))
        refused = any(
            each.replace(" ", "") in ("q=0", "q=0.0", "q=0.00", "q=0.000") for each in parameters
        )
        weights[coding] = not refused
    return weights.get("gzip", weights.get("*", False))
