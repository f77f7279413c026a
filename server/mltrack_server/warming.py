"""Warming: what a large run table is asked for first is loaded before anybody asks."""

from __future__ import annotations

import asyncio
import logging

from mltrack_server.background import Background
from mltrack_server.store import Store

logger = logging.getLogger(__name__)


class Warming(Background):
    """Loads the run table of the project heard of last, once, at the server's start.

    Args:
        store: Open.
    """

    def __init__(self, store: Store) -> None:
        self.store = store

    async def _run(self) -> None:
        """Load it."""
        try:
            await asyncio.to_thread(self.store.warm)
        except Exception:
            # Nothing depends on it: what is not loaded now is when it is asked for.
            logger.exception("the run table could not be loaded ahead")
