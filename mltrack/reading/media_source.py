"""Where media of recorded runs are read from: a store, or a server."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import TYPE_CHECKING
from typing import Any
from typing import Protocol

from mltrack_core.errors import ServerRefused
from mltrack_server.resources import MediaOverview
from mltrack_server.resources import MediaPage
from mltrack_server.store.blobs import BlobMissing
from mltrack_server.store.media.reading import FileData

if TYPE_CHECKING:
    import requests


class MediaSource(Protocol):
    """What media can be read from. `None` means that there is no such run, name or file."""

    def overview(self, run: str) -> MediaOverview | None:
        """Return the names of a run's media."""

    def records(self, run: str, name: str, start: int | None, limit: int) -> MediaPage | None:
        """Return what *name* shows, step by step from *start* on."""

    def file(self, run: str, digest: str) -> FileData | None:
        """Return a file that the run's media name.

        Raises:
            BlobMissing: It is on its way, or was lost.
        """


class ServerMedia:
    """Reads from a server over HTTP.

    Args:
        find: Returns the JSON at a path as a struct; None for a 404.
        ask: Returns the answer of a request.
    """

    def __init__(self, find: Callable[..., Any], ask: Callable[..., requests.Response]) -> None:
        self._find, self._ask = find, ask

    def overview(self, run: str) -> MediaOverview | None:
        """Return the names of a run's media."""
        found: MediaOverview | None = self._find(f"/api/v1/runs/{run}/media", MediaOverview)
        return found

    def records(self, run: str, name: str, start: int | None, limit: int) -> MediaPage | None:
        """Return what *name* shows, step by step from *start* on."""
        query = {"name": name, "start": start, "limit": limit}
        path = f"/api/v1/runs/{run}/media/records"
        found: MediaPage | None = self._find(path, MediaPage, query)
        return found

    def file(self, run: str, digest: str) -> FileData | None:
        """Return a file that the run's media name.

        Raises:
            BlobMissing: It is on its way, or was lost.
        """
        try:
            answer = self._ask(f"/api/v1/runs/{run}/media/files/{digest}", {}, accept="*/*")
        except ServerRefused as error:
            if error.status == HTTPStatus.GONE:
                raise BlobMissing(digest) from error
            raise
        if answer.status_code == HTTPStatus.NOT_FOUND:
            return None
        return FileData(answer.headers.get("Content-Type", ""), answer.content)
