"""Files that runs wrote and read, to be listed, looked at and downloaded.

What is served here came from a training: it is hostile. It is sent to be kept, whatever it is
called and whatever is in it. Only a picture is shown, of the few types that a browser draws without
running anything; `nosniff` keeps the browser from finding another, a sandbox holds what it makes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from pathlib import PurePosixPath
from typing import Annotated
from typing import Final
from typing import TypeVar
from urllib.parse import quote

from aiohttp import web
from msgspec import Meta

from mltrack_core.media import formats
from mltrack_server.resources import FileList
from mltrack_server.resources import FilePreview
from mltrack_server.resources import Provenance
from mltrack_server.resources import Request
from mltrack_server.resources import RunFile
from mltrack_server.resources import RunId
from mltrack_server.store.blobs import BlobMissing
from mltrack_server.store.blobs import StoredFile
from mltrack_server.store.files import preview
from mltrack_server.web.blobs import BYTES
from mltrack_server.web.download import send
from mltrack_server.web.problems import Refusal
from mltrack_server.web.problems import not_found
from mltrack_server.web.routes import Routes
from mltrack_server.web.services import Services

FILES_MAX: Final = 2000  # of one page
_HEAD_BYTES: Final = 64 * 1024  # by which a picture is known
_SANDBOX: Final = "sandbox; default-src 'none'"

routes = Routes()

Path = Annotated[str, Meta(max_length=4096)]
T = TypeVar("T")


class FilesQuery(Request, frozen=True, kw_only=True):
    """Which files; without `first` the last ones."""

    first: Annotated[int, Meta(ge=0, le=2**31 - 1)] | None = None
    limit: Annotated[int, Meta(ge=1, le=FILES_MAX)] = FILES_MAX


@routes.get("/api/v1/runs/{run}/files", access="read", problems=(404,))
async def index(services: Services, run: RunId, query: FilesQuery) -> FileList:
    """Return files that a run wrote or read, in the order in which they were recorded."""
    found = await asyncio.to_thread(services.store.files.index, run, query.first, query.limit)
    if found is None:
        raise not_found("such run")
    return found


@routes.get("/api/v1/runs/{run}/provenance", access="read", problems=(404,))
async def provenance(services: Services, run: RunId) -> Provenance:
    """Return which runs wrote what this one read, and which read what it wrote, or the same.

    Told by SHA-256, of files and checkpoints alike.
    """
    found = await asyncio.to_thread(services.store.files.provenance, run)
    if found is None:
        raise not_found("such run")
    return found


@routes.get("/api/v1/runs/{run}/files/{file}", access="read", problems=(404,))
async def show(services: Services, run: RunId, file: RunId) -> RunFile:
    """Return everything about a file or folder but its bytes."""
    found = await asyncio.to_thread(services.store.files.one, run, file)
    if found is None:
        raise not_found("such file")
    return found


@routes.get(
    "/api/v1/runs/{run}/files/{file}/bytes/{path:(?s:.+)}",
    access="read",
    gives=(BYTES,),
    problems=(404, 410, 416),
)
async def download(
    services: Services, request: web.Request, run: RunId, file: RunId, path: Path
) -> web.StreamResponse:
    """Return a file, or one in a folder, or a range of it; its ETag is its SHA-256."""
    found = await _stored(services.store.files.stored, run, file, path)
    name = quote(PurePosixPath(path).name, safe="")
    headers = {
        "Content-Type": BYTES,
        "Content-Disposition": f"attachment; filename*=UTF-8''{name}",
        "Content-Security-Policy": _SANDBOX,
    }
    return await send(request, found, headers)


@routes.get(
    "/api/v1/runs/{run}/files/{file}/image/{path:(?s:.+)}",
    access="read",
    gives=tuple(sorted(formats.IMAGES)),
    problems=(404, 410, 416),
)
async def image(
    services: Services, request: web.Request, run: RunId, file: RunId, path: Path
) -> web.StreamResponse:
    """Return a picture to be shown, of a type that its own bytes say; nothing else is shown."""
    found = await _stored(services.store.files.stored, run, file, path)
    kind = await _gone_told(lambda: _image_type(found))
    if not kind:
        raise not_found("picture of a type that is shown")
    headers = {
        "Content-Type": kind,
        "Content-Disposition": "inline",
        "Content-Security-Policy": _SANDBOX,
    }
    return await send(request, found, headers)


@routes.get(
    "/api/v1/runs/{run}/files/{file}/preview/{path:(?s:.+)}", access="read", problems=(404, 410)
)
async def show_beginning(services: Services, run: RunId, file: RunId, path: Path) -> FilePreview:
    """Return how a stored file begins: text, the first rows of a table, or that it is a picture."""
    return await _stored(services.store.files.preview, run, file, path)


async def _stored(read: Callable[[str, str, str], T | None], run: str, file: str, path: str) -> T:
    """Return what *read* finds.

    Raises:
        Refusal: There is no such file, or its bytes are not here.
    """
    found = await _gone_told(lambda: read(run, file, path))
    if found is None:
        raise not_found("such file, or its bytes were not kept")
    return found


async def _gone_told(read: Callable[[], T]) -> T:
    """Return what *read* does, in a thread.

    Raises:
        Refusal: Blobs are missing.
    """
    try:
        return await asyncio.to_thread(read)
    except BlobMissing as error:
        raise Refusal(
            HTTPStatus.GONE, "gone", "It was stored, and some of its blobs are gone."
        ) from error


def _image_type(file: StoredFile) -> str:
    """Return the type of a picture; "" if it is none."""
    return preview.image_type(b"".join(file.read(0, _HEAD_BYTES)), file.size)
