"""What goes on in the background of a server, from its start to its stop."""

from __future__ import annotations

import asyncio
import contextlib


class Background:
    """One task of the event loop; subclasses say what it does."""

    _task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin."""
        self._task = asyncio.create_task(self._run(), name=f"mltrack-{type(self).__name__}")

    async def stop(self) -> None:
        """End. What is being written ends first, or leaves no trace; the rest is done next time."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    async def _run(self) -> None:
        """Do it, for ever."""
        raise NotImplementedError
