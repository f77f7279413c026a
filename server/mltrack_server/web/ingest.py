"""Ingest: batches of records from agents, answered when durable. See docs/format/wire.md."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Final

from mltrack_core.limits import BATCH_BYTES_MAX
from mltrack_core.limits import PAYLOAD_BYTES_MAX
from mltrack_core.spool.frame import FRAME_OVERHEAD_BYTES
from mltrack_core.spool.segment import HEADER_BYTES
from mltrack_core.spool.segment import Batch
from mltrack_server.batches import unpack
from mltrack_server.resources import RunId
from mltrack_server.resources import Stored
from mltrack_server.web.endpoint import INLINE_BYTES_MAX
from mltrack_server.web.endpoint import in_thread_if
from mltrack_server.web.problems import Refusal
from mltrack_server.web.routes import Routes
from mltrack_server.web.services import Services

SEGMENT_MEDIA: Final = "application/vnd.mltrack.segment"
# A batch ends with the frame that crosses BATCH_BYTES_MAX, and that may be the longest there is.
INGEST_BYTES_MAX: Final = BATCH_BYTES_MAX + PAYLOAD_BYTES_MAX + FRAME_OVERHEAD_BYTES + HEADER_BYTES

routes = Routes()


@routes.get("/api/v1/ingest/{run}/{stream}", access="ingest")
async def position(services: Services, run: RunId, stream: RunId) -> Stored:
    """Return how far a stream has come; 0 for one that this server has never seen."""
    return Stored(next_seq=await asyncio.to_thread(services.store.next_seq, run, stream))


@routes.post(
    "/api/v1/ingest/{run}/{stream}",
    access="ingest",
    takes=SEGMENT_MEDIA,
    body_bytes_max=INGEST_BYTES_MAX,
    problems=(408, 409, 413, 415, 501, 507),
)
async def ingest(services: Services, run: RunId, stream: RunId, body: bytes) -> Stored:
    """Take one batch and answer when it is durable.

    Sending it again changes nothing and gives the same answer. A batch that begins after what is
    stored is refused with 409 and the `next_seq` to begin with. Content-Encoding: zstd is taken.
    """
    batch: Batch = await in_thread_if(len(body) > INLINE_BYTES_MAX, unpack, body)
    if (batch.header.run, batch.header.stream) != (run, stream):
        raise Refusal(
            HTTPStatus.BAD_REQUEST, "damaged", "The batch belongs to another run or stream."
        )
    next_seq = await services.writer.submit(batch)
    if next_seq < batch.header.first_seq:
        raise Refusal(
            HTTPStatus.CONFLICT,
            "gap",
            f"The batch begins with record {batch.header.first_seq}, but {next_seq} is due.",
            next_seq=next_seq,
        )
    return Stored(next_seq=next_seq)
