"""What a part of the store's front is: it reads and writes one kind of thing."""

from __future__ import annotations

from collections.abc import Callable

from mltrack_server.store.database.engine import Connecting
from mltrack_server.store.database.retrying import retried


class Part:
    """Reads and writes one kind of thing, each method in transactions of its own. Thread-safe.

    Args:
        reading: Gives a connection that sees one state of the store.
        writing: Gives a connection in a transaction; one at a time, of all servers.
        clock_ns: The server's clock.
    """

    def __init__(
        self, reading: Connecting, writing: Connecting, clock_ns: Callable[[], int]
    ) -> None:
        self._reading, self._writing, self._clock_ns = reading, writing, clock_ns

    def __init_subclass__(cls) -> None:
        retried(cls)
