"""Where runs are read from: a folder on this machine."""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from mltrack_server.errors import Overloaded
from mltrack_server.errors import StoreFull
from mltrack_server.lock import StoreLock
from mltrack_server.lock import store_url

if TYPE_CHECKING:
    from mltrack_server.local import LocalIngest
    from mltrack_server.store import Store

from mltrack.reading.server import ServerSource
from mltrack.reading.source import Source

logger = logging.getLogger(__name__)


class FolderSource:
    """Reads what is recorded below an MLTRACK_DIR.

    What the spool holds is brought into the folder's store first, unless an `mltrack ui` does that
    all the time: then it is asked. Each call of `refreshed` looks anew.

    Args:
        root: MLTRACK_DIR.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._store: Store | None = None
        self._server: ServerSource | None = None
        self._ingest: LocalIngest | None = None

    def refreshed(self) -> Source:
        """Return what shows everything that was recorded until now.

        Raises:
            StoreUnusable: The folder cannot be written, or its store cannot be opened.
        """
        from mltrack_server.store import Store

        with StoreLock(self.root) as lock:
            if address := lock.acquire_or_address():
                if self._server is None or self._server.url != address:
                    self._server = ServerSource(address)
                return self._server
            if self._store is None:
                store = Store(store_url(self.root))
                store.blobs.root = self.root
                store.open()
                self._store = store
            # In a thread, because a notebook's own thread has an event loop already.
            with ThreadPoolExecutor(1) as thread:
                thread.submit(asyncio.run, self._catch_up(self._store)).result()
        return self._store

    def close(self) -> None:
        """Let go of the store and of connections; the next read opens them again."""
        if self._server is not None:
            self._server.close()
        if self._store is not None:
            self._store.close()
        self._server = self._store = self._ingest = None

    async def _catch_up(self, store: Store) -> None:
        """Bring what is new in the spool into *store*."""
        from mltrack_server.local import LocalIngest
        from mltrack_server.writer import Writer

        writer = Writer(store)
        await writer.start()
        if self._ingest is None:
            self._ingest = LocalIngest(self.root, writer, store)
        self._ingest.writer = writer  # the loop is new each time; what was read is remembered
        try:
            await self._ingest.catch_up()
        except (StoreFull, Overloaded) as error:
            logger.warning("the newest records are not shown: %s", error)
        finally:
            await writer.stop()
