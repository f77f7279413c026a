"""Files that are sent to be kept or played: whole, or the range that was asked for."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from collections.abc import Mapping
from http import HTTPStatus
from typing import Protocol

from aiohttp import web

from mltrack_server.web.problems import Refusal


class Sendable(Protocol):
    """A file."""

    @property
    def sha256(self) -> str:
        """Its SHA-256, which is its ETag."""

    @property
    def size(self) -> int:
        """How long it is."""

    def read(self, start: int, end: int) -> Iterator[bytes]:
        """Yield the bytes from *start* to before *end*. Blocks."""


async def send(
    request: web.Request, file: Sendable, headers: Mapping[str, str]
) -> web.StreamResponse:
    """Answer *request* with *file*, or a range of it.

    Raises:
        Refusal: The file has none of the bytes that are wanted.
    """
    start, end = _range(request, file)
    is_part = (start, end) != (0, file.size)
    answer = web.StreamResponse(
        status=HTTPStatus.PARTIAL_CONTENT if is_part else HTTPStatus.OK,
        headers={**headers, "Accept-Ranges": "bytes", "ETag": f'"{file.sha256}"'},
    )
    if is_part:
        answer.headers["Content-Range"] = f"bytes {start}-{end - 1}/{file.size}"
    answer.content_length = end - start
    await answer.prepare(request)
    parts = file.read(start, end)
    while (part := await asyncio.to_thread(next, parts, None)) is not None:
        await answer.write(part)
    await answer.write_eof()
    return answer


def _range(request: web.Request, file: Sendable) -> tuple[int, int]:
    """Return which bytes are wanted, the end not included.

    Raises:
        Refusal: The file has none of them.
    """
    condition = request.headers.get("If-Range")
    if condition is not None and condition.strip('"') != file.sha256:
        return 0, file.size
    try:
        wanted = request.http_range
    except ValueError:
        return 0, file.size  # several ranges, or another unit: a server may answer with it all
    if wanted.start is None and wanted.stop is None:
        return 0, file.size
    start, end, _ = slice(wanted.start, wanted.stop).indices(file.size)
    if start >= end:
        raise Refusal(
            HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
            "range",
            f"The file has {file.size} bytes.",
            headers={"Content-Range": f"bytes */{file.size}"},
        )
    return start, end
