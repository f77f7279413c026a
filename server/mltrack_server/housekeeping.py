"""Housekeeping in the background: removes deleted runs, and thins old ones, when it is time."""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from mltrack_server.background import Background
from mltrack_server.errors import StoreFull
from mltrack_server.store import Store

logger = logging.getLogger(__name__)

_INTERVAL_S: Final = 3600.0


class Housekeeping(Background):
    """Looks every hour for runs that are due.

    Args:
        store: Open.
        interval_s: Between two looks; the first one is at once.
    """

    def __init__(self, store: Store, *, interval_s: float = _INTERVAL_S) -> None:
        self.store = store
        self._interval_s = interval_s

    async def _run(self) -> None:
        """Look, for ever."""
        while True:
            try:
                due = await asyncio.to_thread(self.store.due_to_purge)
                for run in due:
                    await asyncio.to_thread(self.store.purge, run)
                    logger.info("run %s was deleted 30 days ago: its records are removed", run)
                if due:
                    swept = await asyncio.to_thread(self.store.sweep)
                    logger.info("%d bytes of blobs that nothing names are removed", swept.freed)
                for name in await asyncio.to_thread(self.store.models.purge):
                    logger.info("model %s was deleted 30 days ago: it is removed", name)
                for run in await asyncio.to_thread(self.store.due_to_thin):
                    points = await asyncio.to_thread(self.store.thin, run)
                    logger.info("run %s is old: %d points gave way to remnants", run, points)
            except StoreFull as error:
                logger.warning("housekeeping waits: %s", error)
            except Exception:
                # Nothing depends on it: it must not end for one run that fails.
                logger.exception("housekeeping failed; it is tried again in an hour")
            await asyncio.sleep(self._interval_s)
