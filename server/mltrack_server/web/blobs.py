"""Blobs: pieces of files from agents, answered when they are on the disk. See docs/format/wire.md.

There is nothing to be resumed: a file comes in pieces, and an agent that was cut off asks for each
whether it is here.
"""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Annotated
from typing import Final

from msgspec import Meta

from mltrack_core.limits import BLOB_BYTES_MAX
from mltrack_server.web.problems import Refusal
from mltrack_server.web.problems import not_found
from mltrack_server.web.routes import Routes
from mltrack_server.web.services import Services

BYTES: Final = "application/octet-stream"
Digest = Annotated[  # max_length because `$` alone lets a line end pass
    str, Meta(pattern="^[0-9a-f]{64}$", max_length=64, description="SHA-256, hexadecimal")
]

routes = Routes()


@routes.head("/api/v1/blobs/{sha256}", access="ingest", problems=(404,))
async def head(services: Services, sha256: Digest) -> None:
    """Tell whether a blob is here: 204, or 404."""
    if not await asyncio.to_thread(services.store.blobs.touch, sha256):
        raise not_found("such blob")


@routes.put(
    "/api/v1/blobs/{sha256}",
    access="ingest",
    takes=BYTES,
    body_bytes_max=BLOB_BYTES_MAX,
    problems=(408, 413, 415, 507),
)
async def put(services: Services, sha256: Digest, body: bytes) -> None:
    """Take a blob and answer when it is on the disk; sending it again changes nothing.

    Bytes whose hash is another are refused with 422, and nothing of them is kept.
    """
    if not await asyncio.to_thread(services.store.blobs.put, sha256, body):
        raise Refusal(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "invalid",
            "The bytes that arrived have another SHA-256; send them again.",
            at="body",
        )
