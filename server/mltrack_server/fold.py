"""The folder in the background: moves points from seg to chunk while nobody waits for it."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Final

from mltrack_server.background import Background
from mltrack_server.errors import StoreFull
from mltrack_server.store import Store

logger = logging.getLogger(__name__)

_INTERVAL_S: Final = 1.0
_RETRY_S: Final = 600.0  # after a run could not be folded


class Fold(Background):
    """Looks every second for runs whose points are to be folded.

    Args:
        store: Open.
        interval_s: Between two looks.
    """

    def __init__(self, store: Store, *, interval_s: float = _INTERVAL_S) -> None:
        self.store = store
        self._interval_s = interval_s
        self._retry_at_s: dict[str, float] = {}  # by the monotonic clock: runs that failed

    async def _run(self) -> None:
        """Fold what is due, for ever."""
        while True:
            try:
                for run in await asyncio.to_thread(self.store.due_to_fold):
                    await self._fold(run)
                    # Here nothing of ours reads: a fold does, from its plan to its commit.
                    await asyncio.to_thread(self.store.trim_journal)
            except StoreFull as error:
                logger.warning("folding waits: %s", error)
            except Exception:
                # Points that are not folded are served as well: nothing is worth ending this for.
                logger.exception("folding failed; it is tried again")
            await asyncio.sleep(self._interval_s)

    async def _fold(self, run: str) -> None:
        """Fold everything that *run* has. What fails is left as it is: unfolded serves as well."""
        if time.monotonic() < self._retry_at_s.get(run, 0.0):
            return
        try:
            while await asyncio.to_thread(self.store.fold, run):
                pass
        except StoreFull:
            raise
        except Exception:
            # It must not keep the runs behind it from being folded, nor fill the log every second.
            logger.exception("run %s cannot be folded; it is tried again in %g s", run, _RETRY_S)
            self._retry_at_s[run] = time.monotonic() + _RETRY_S
