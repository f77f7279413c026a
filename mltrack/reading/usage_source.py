"""Where it is read from which runs held which devices: a store, or a server."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from typing import Protocol

from mltrack_core.errors import ServerRefused
from mltrack_server.resources import Usage

_AT = "/api/v1/usage"


class UsageSource(Protocol):
    """What tells which runs held which devices."""

    def of(self, start_ns: int, end_ns: int, project: str | None = None) -> Usage:
        """Return who held which devices between two times, at most 31 days apart."""


class ServerUsage:
    """Asks a server.

    Args:
        url: The server's address.
        find: Returns the JSON at a path as a struct; None for a 404.
    """

    def __init__(self, url: str, find: Callable[..., Any]) -> None:
        self._url, self._find = url, find

    def of(self, start_ns: int, end_ns: int, project: str | None = None) -> Usage:
        """Return who held which devices between two times, at most 31 days apart.

        Raises:
            ServerRefused: The server is too old for it.
        """
        query = {"start_ns": start_ns, "end_ns": end_ns, "project": project}
        found: Usage | None = self._find(_AT, Usage, query)
        if found is None:
            raise ServerRefused(self._url + _AT, 404, "this server is too old for it")
        return found
