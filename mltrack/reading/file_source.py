"""Where files of runs are read from: what there must be, and a server."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from typing import TYPE_CHECKING
from typing import Any
from typing import Protocol
from urllib.parse import quote

from mltrack.reading.remote_file import RemoteFile
from mltrack_server.resources import FileList
from mltrack_server.resources import Provenance
from mltrack_server.resources import RunFile

if TYPE_CHECKING:
    import requests


class Readable(Protocol):
    """A stored file."""

    def read(self, start: int = 0) -> Iterator[bytes]:
        """Yield its bytes from *start* on."""


class FileSource(Protocol):
    """What files can be read from; None: there is no such run or file."""

    def index(self, run: str, first: int | None, limit: int) -> FileList | None:
        """Return some of a run's files."""

    def one(self, run: str, file: str) -> RunFile | None:
        """Return everything about a file but its bytes."""

    def stored(self, run: str, file: str, path: str) -> Readable | None:
        """Return a file, or one in a folder, to be read."""

    def provenance(self, run: str) -> Provenance | None:
        """Return which other runs wrote or read the same bytes."""


class ServerFiles:
    """Reads files of runs from a server.

    Args:
        find: Returns the JSON at a path as a struct; None for a 404.
        ask: Returns the answer of a request.
    """

    def __init__(self, find: Callable[..., Any], ask: Callable[..., requests.Response]) -> None:
        self._find, self._ask = find, ask

    def index(self, run: str, first: int | None, limit: int) -> FileList | None:
        """Return some of a run's files."""
        query = {"first": first, "limit": limit}
        found: FileList | None = self._find(f"/api/v1/runs/{run}/files", FileList, query)
        return found

    def one(self, run: str, file: str) -> RunFile | None:
        """Return everything about a file but its bytes."""
        found: RunFile | None = self._find(f"/api/v1/runs/{run}/files/{file}", RunFile)
        return found

    def stored(self, run: str, file: str, path: str) -> Readable | None:
        """Return a file, or one in a folder, to be read."""
        return RemoteFile(self._ask, f"/api/v1/runs/{run}/files/{file}/bytes/{quote(path)}")

    def provenance(self, run: str) -> Provenance | None:
        """Return which other runs wrote or read the same bytes."""
        found: Provenance | None = self._find(f"/api/v1/runs/{run}/provenance", Provenance)
        return found
