"""Request bodies: read with a limit in bytes and in time, unpacked with an honest limit."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Final

from aiohttp import ClientError
from aiohttp import web

from mltrack_core.limits import MIB
from mltrack_server.web.problems import Refusal
from mltrack_server.web.problems import busy
from mltrack_server.web.problems import too_large

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

BODY_S_MAX: Final = 30.0  # for a whole body to arrive: a client that trickles is let go
# What unpacking may keep besides the result. zstd's levels up to 19 stay below it.
_WINDOW_LOG_MAX: Final = 25

# Of all bodies in memory together; beyond it clients are asked to come again.
ROOM_BYTES: Final = 256 * MIB


class Room:
    """Memory for request bodies: what does not fit is refused, so that nothing ever swells."""

    def __init__(self, bytes_max: int = ROOM_BYTES) -> None:
        self._left = bytes_max

    @contextmanager
    def hold(self, length: int) -> Iterator[None]:
        """Set *length* bytes aside while the context lasts.

        Raises:
            Refusal: There is no room at the moment.
        """
        if length > self._left:
            raise busy("Too much arrives at once.")
        self._left -= length
        try:
            yield
        finally:
            self._left += length


async def read(request: web.Request, bytes_max: int) -> bytes:
    """Return the body as it was sent.

    Raises:
        Refusal: It is longer than *bytes_max*, or does not arrive in time.
    """
    parts: list[bytes] = []
    length = 0
    try:
        async with asyncio.timeout(BODY_S_MAX):
            async for part in request.content.iter_any():
                length += len(part)
                if length > bytes_max:
                    raise too_large(bytes_max)
                parts.append(part)
    except TimeoutError as error:
        raise Refusal(
            HTTPStatus.REQUEST_TIMEOUT,
            "slow",
            f"The request did not arrive within {BODY_S_MAX:.0f} s.",
        ) from error
    except (ClientError, ConnectionError, ValueError) as error:
        # Mostly a client that hung up, and then nobody reads this; it is no fault of ours.
        raise Refusal(
            HTTPStatus.BAD_REQUEST,
            "malformed",
            "The request's body is not proper HTTP, or did not arrive to its end.",
        ) from error
    return b"".join(parts)


def unpack(data: bytes, encoding: str, bytes_max: int) -> bytes:
    """Return *data* without its Content-Encoding *encoding*: "zstd", or "" for none.

    Never holds more than *bytes_max* and a window, whatever *data* claims of itself. Blocks: call
    it in a thread where data is long.

    Raises:
        Refusal: It is longer than *bytes_max*, damaged, or packed in another way.
    """
    if encoding in ("", "identity"):
        return data
    if encoding != "zstd":
        raise Refusal(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            "encoding",
            "This request takes Content-Encoding zstd or none.",
            headers={"Accept-Encoding": "zstd"},
        )
    decompressor = zstd.ZstdDecompressor(
        options={zstd.DecompressionParameter.window_log_max: _WINDOW_LOG_MAX}
    )
    try:
        # Not `zstd.decompress`: it believes the length that the data gives for itself.
        plain = decompressor.decompress(data, bytes_max + 1)
    except zstd.ZstdError as error:
        raise _damaged() from error
    if len(plain) > bytes_max:
        raise too_large(bytes_max)
    if not decompressor.eof or decompressor.unused_data:
        raise _damaged()
    return plain


def _damaged() -> Refusal:
    return Refusal(HTTPStatus.BAD_REQUEST, "damaged", "The body is not one whole zstd frame.")
