"""Media of runs, to be read and shown. What is served here came from a training: it is hostile.

Each file has one of a few types that a browser shows without running anything, `nosniff` keeps the
browser from finding another, and a sandbox without any source holds whatever a browser makes of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated
from typing import Final
from typing import TypeVar
from typing import TypeVarTuple

from aiohttp import web
from msgspec import Meta

from mltrack_core.media import formats
from mltrack_server.resources import Confusion
from mltrack_server.resources import Curves
from mltrack_server.resources import MediaOverview
from mltrack_server.resources import MediaPage
from mltrack_server.resources import MediaRows
from mltrack_server.resources import Request
from mltrack_server.resources import RunId
from mltrack_server.store.blobs import BlobMissing
from mltrack_server.web.blobs import BYTES
from mltrack_server.web.blobs import Digest
from mltrack_server.web.download import send
from mltrack_server.web.problems import Refusal
from mltrack_server.web.problems import not_found
from mltrack_server.web.routes import Routes
from mltrack_server.web.services import Services

RECORDS_MAX: Final = 500  # of one page
ROWS_MAX: Final = 1000

# A text is sent as text, whatever it was meant as; what is neither seen nor heard, to be kept.
_SENT_AS: Final = dict.fromkeys(formats.TEXTS, "text/plain; charset=utf-8") | dict.fromkeys(
    formats.NUMBERS, BYTES
)
_HEADERS: Final = {
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "Cache-Control": "private, max-age=31536000, immutable",
}

_Answer = TypeVar("_Answer")
_Asked = TypeVarTuple("_Asked")

routes = Routes()

Step = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]


class ShownQuery(Request, frozen=True, kw_only=True):
    """At which step, and which names."""

    step: Step | None = None  # none: the last one
    prefix: Annotated[str, Meta(max_length=1024)] = ""  # of their names


class RecordsQuery(Request, frozen=True, kw_only=True):
    """Which name, from which step on, how many steps."""

    name: Annotated[str, Meta(min_length=1, max_length=1024)]
    start: Step | None = None  # none, or a page's `next`
    limit: Annotated[int, Meta(ge=1, le=RECORDS_MAX)] = 100


class RowsQuery(Request, frozen=True, kw_only=True):
    """Which rows of a table."""

    first: Annotated[int, Meta(ge=0, le=2**63 - 1)] = 0
    limit: Annotated[int, Meta(ge=1, le=ROWS_MAX)] = 100


@dataclass(frozen=True, slots=True)
class _File:
    """A file in memory."""

    sha256: str
    data: bytes

    @property
    def size(self) -> int:
        """How long it is."""
        return len(self.data)

    def read(self, start: int, end: int) -> Iterator[bytes]:
        """Yield the bytes from *start* to before *end*."""
        yield self.data[start:end]


@routes.get("/api/v1/runs/{run}/media", access="read", problems=(404,))
async def index(services: Services, run: RunId) -> MediaOverview:
    """Return the names of all media of a run, and the steps at which there are any."""
    return await _found("such run", services.store.media.overview, run)


@routes.get("/api/v1/runs/{run}/media/shown", access="read", problems=(404,))
async def shown(services: Services, run: RunId, query: ShownQuery) -> MediaPage:
    """Return what each name shows at a step: its newest media up to there."""
    return await _found("such run", services.store.media.shown, run, query.step, query.prefix)


@routes.get("/api/v1/runs/{run}/media/records", access="read", problems=(404,))
async def records(services: Services, run: RunId, query: RecordsQuery) -> MediaPage:
    """Return the media of one name, step by step."""
    read = services.store.media.records
    return await _found("such run or name", read, run, query.name, query.start, query.limit)


@routes.get(
    "/api/v1/runs/{run}/media/files/{sha256}",
    access="read",
    gives=(*sorted(formats.IMAGES | formats.SOUNDS), "text/plain", BYTES),
    problems=(404, 410, 416),
)
async def download(
    services: Services, request: web.Request, run: RunId, sha256: Digest
) -> web.StreamResponse:
    """Return a file that a run's media name, or a range of it. It never changes."""
    found = await _found("such file", services.store.media.file, run, sha256)
    kind = _SENT_AS.get(found.type, found.type)
    place = "attachment" if kind == BYTES else "inline"
    headers = {"Content-Type": kind, "Content-Disposition": place, **_HEADERS}
    return await send(request, _File(sha256, found.data), headers)


@routes.get("/api/v1/runs/{run}/media/tables/{sha256}", access="read", problems=(404, 410))
async def rows(services: Services, run: RunId, sha256: Digest, query: RowsQuery) -> MediaRows:
    """Return rows of a table; whole numbers beyond 2^53 are text there."""
    read = services.store.media.rows
    return await _found("such table", read, run, sha256, query.first, query.limit)


@routes.get("/api/v1/runs/{run}/media/confusions/{sha256}", access="read", problems=(404, 410))
async def confusion(services: Services, run: RunId, sha256: Digest) -> Confusion:
    """Return a confusion matrix: for each true class what it was taken for, and how often."""
    return await _found("such confusion matrix", services.store.media.confusion, run, sha256)


@routes.get("/api/v1/runs/{run}/media/curves/{sha256}", access="read", problems=(404, 410))
async def curves(services: Services, run: RunId, sha256: Digest) -> Curves:
    """Return ROC or precision-recall curves, as the counts that both are made of."""
    return await _found("such curves", services.store.media.curves, run, sha256)


async def _found(what: str, read: Callable[[*_Asked], _Answer | None], *asked: *_Asked) -> _Answer:
    """Return what *read* reads, on another thread.

    Raises:
        Refusal: The run has none such, or its bytes are not here.
    """
    try:
        found = await asyncio.to_thread(read, *asked)
    except BlobMissing as error:
        raise Refusal(
            HTTPStatus.GONE, "gone", "Its bytes are not here: they are on their way, or were lost."
        ) from error
    if found is None:
        raise not_found(what)
    return found
