"""The agent's side of what it says to a server. docs/format/wire.md describes it."""

from __future__ import annotations

import contextlib
import email.utils
import sys
import time
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

import msgspec
import requests

from mltrack_core._version import __version__
from mltrack_core.errors import ServerRefused
from mltrack_core.errors import ServerUnreachable
from mltrack_core.spool.destination import Destination
from mltrack_core.spool.segment import Batch

if sys.version_info >= (3, 14):
    from compression import zstd as zstd  # named twice: the test kit undoes it with the same
else:
    from backports import zstd as zstd

CONTENT_TYPE: Final = "application/vnd.mltrack.segment"
_TIMEOUT_S: Final = (3.0, 30.0)  # to connect, between two bytes of the answer
_DETAIL_BYTES_MAX: Final = 200  # of a page that is not ours
# On batches of points as small as level 1 and half as fast again; level 3 is four times slower.
_ZSTD_LEVEL: Final = -3
# What asks for patience; everything else outside 200 to 299 and 409 is an answer for good.
_UNREACHABLE: Final = frozenset({408, 425, 429})


class _Position(msgspec.Struct):
    """What the server answers: everything before next_seq is durable there."""

    next_seq: int


class _Problem(msgspec.Struct):
    """What a server of ours answers where it refuses."""

    detail: str


class Connection:
    """One connection to one server. Not thread-safe.

    Redirects are not followed: the token is for the server that was named.
    """

    def __init__(self, destination: Destination) -> None:
        self.url = destination.url
        self._session = requests.Session()
        # .netrc would replace the token; what is left of the environment's say is the proxy.
        self._session.auth = _no_auth
        self._session.max_redirects = 0
        self._session.headers["User-Agent"] = f"mltrack-agent/{__version__}"
        if destination.token:
            self._session.headers["Authorization"] = f"Bearer {destination.token}"

    def ask(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
        *,
        answers: frozenset[int] = frozenset(),
    ) -> requests.Response:
        """Send a request and return an answer of 200 to 299, or of one of *answers*.

        Raises:
            ServerUnreachable: A later try may help.
            ServerRefused: None will.
        """
        url = f"{self.url}{path}"
        try:
            response = self._session.request(
                method, url, data=body, headers=headers, timeout=_TIMEOUT_S, allow_redirects=False
            )
        except requests.RequestException as error:
            reason = f"does not answer ({type(error).__name__})"
            raise ServerUnreachable(self.url, reason) from error
        status = response.status_code
        if 200 <= status < 300 or status in answers:
            return response
        if status >= 500 or status in _UNREACHABLE:
            retry_after_s = _retry_after_s(response.headers.get("Retry-After"))
            raise ServerUnreachable(self.url, f"answered {status}", retry_after_s)
        raise ServerRefused(url, status, _detail(response.content))

    def close(self) -> None:
        """Close it."""
        self._session.close()


class IngestClient:
    """Talks to one server over one connection. Not thread-safe.

    Every method raises `ServerUnreachable` where a later try may help and `ServerRefused` where it
    will not.
    """

    def __init__(self, destination: Destination) -> None:
        self.url = destination.url
        self._is_near = _is_loopback(destination.url)
        self._connection = Connection(destination)

    def next_seq(self, run: str, stream: str) -> int:
        """Return which record of the stream the server waits for."""
        return self._request("GET", run, stream)

    def send(self, batch: Batch) -> int:
        """Send *batch*; return which record the server waits for now.

        That is the one after the batch if it was taken, and another one if the batch was not what
        the server had waited for: then nothing, or only the missing part, was taken.
        """
        body = batch.pack()
        headers = {"Content-Type": CONTENT_TYPE}
        if not self._is_near:  # within one machine, bytes are cheaper than compressing them
            compressed = zstd.compress(body, _ZSTD_LEVEL)
            if len(compressed) < len(body):
                body = compressed
                headers["Content-Encoding"] = "zstd"
        return self._request("POST", batch.header.run, batch.header.stream, body, headers)

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _request(
        self,
        method: str,
        run: str,
        stream: str,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> int:
        """Send a request and return the position that is answered."""
        path = f"/api/v1/ingest/{run}/{stream}"
        response = self._connection.ask(method, path, body, headers, answers=frozenset({409}))
        try:
            return msgspec.json.decode(response.content, type=_Position).next_seq
        except msgspec.DecodeError as error:
            # A proxy's login page, most likely.
            raise ServerRefused(
                self.url + path, response.status_code, "not an mltrack server"
            ) from error


class BlobClient:
    """Brings blobs to one server. Not thread-safe; raises as `IngestClient` does."""

    def __init__(self, destination: Destination) -> None:
        self._connection = Connection(destination)

    def put(self, digest: str, data: bytes) -> bool:
        """Bring the blob there unless it is there already; tell whether it was new.

        The server has checked its hash, and has it on the disk, when this returns.
        """
        path = f"/api/v1/blobs/{digest}"
        known = self._connection.ask("HEAD", path, answers=frozenset({404}))
        if known.status_code != 404:
            return False
        headers = {"Content-Type": "application/octet-stream"}
        self._connection.ask("PUT", path, data, headers)
        return True

    def secure(self) -> None:
        """Do nothing: the server has answered for each."""

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


def _is_loopback(url: str) -> bool:
    """Tell whether a server is on this machine, as far as its address says."""
    host = urlsplit(url).hostname or ""
    with contextlib.suppress(ValueError):
        return ip_address(host).is_loopback
    return host == "localhost"


def _detail(content: bytes) -> str:
    """Return what a refusal says to people."""
    try:
        return msgspec.json.decode(content, type=_Problem).detail
    except msgspec.DecodeError:
        return content[:_DETAIL_BYTES_MAX].decode("utf-8", "replace")


def _no_auth(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Leave the request as it is."""
    return request


def _retry_after_s(text: str | None) -> float | None:
    """Return the seconds that a Retry-After header asks for, which may also name a date."""
    if not text:
        return None
    if text.strip().isdecimal():
        return float(text)
    with contextlib.suppress(ValueError):
        return max(0.0, email.utils.parsedate_to_datetime(text).timestamp() - time.time())
    return None
