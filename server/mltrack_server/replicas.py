"""Other servers on the same database: what they have written is news here too."""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from mltrack_core.errors import MltrackError
from mltrack_server.background import Background
from mltrack_server.store import Store
from mltrack_server.writer import Writer

logger = logging.getLogger(__name__)

_INTERVAL_S: Final = 0.5


class Replicas(Background):
    """Asks for the store's revision twice a second, whoever raised it, and tells the listeners.

    Args:
        store: Open, and shared with other servers.
        writer: Whose listeners are told.
        interval_s: Between two questions.
    """

    def __init__(self, store: Store, writer: Writer, *, interval_s: float = _INTERVAL_S) -> None:
        self.store, self.writer = store, writer
        self._interval_s = interval_s

    async def _run(self) -> None:
        """Ask for ever."""
        seen: int | None = None
        while True:
            try:
                rev = await asyncio.to_thread(self.store.rev)
            except MltrackError as error:
                logger.warning("what other servers wrote is not known: %s", error)
            except Exception:
                # Whatever it is, the next look may go well.
                logger.exception("what other servers wrote is not known; it is asked again")
            else:
                if seen is not None and rev != seen:
                    self.writer.announce()
                seen = rev
            await asyncio.sleep(self._interval_s)
