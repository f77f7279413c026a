"""The feed: tells subscribers which runs have changed, never what in them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from mltrack_server.resources import Notice
from mltrack_server.store import Store
from mltrack_server.writer import Writer

_INTERVAL_S: Final = 0.5  # between two notices to one subscriber, at least


class Feed:
    """Change notices for any number of subscribers.

    A subscriber holds a cursor and nothing else: a slow one skips what it had no time for and
    reads all changes since at once, or `reset` where they are too many.

    Args:
        store: Open.
        writer: Whose commits are announced.
        interval_s: Between two notices to one subscriber, at least.
    """

    def __init__(self, store: Store, writer: Writer, *, interval_s: float = _INTERVAL_S) -> None:
        self.store, self.writer = store, writer
        self._interval_s = interval_s

    @asynccontextmanager
    async def subscribe(
        self, cursor: int | None = None, history: str | None = None
    ) -> AsyncIterator[AsyncIterator[Notice]]:
        """Give an endless iterator of notices: all changes since *cursor*, then those to come.

        The first notice comes at once and may be empty: it says where the cursor stands.

        Args:
            cursor: Of the last notice that the subscriber has seen; None: only what comes.
            history: Of that notice; None: whichever it is now.
        """
        has_news = asyncio.Event()
        has_news.set()
        self.writer.listen(has_news.set)
        notices = self._notices(cursor, history, has_news)
        try:
            yield notices
        finally:
            self.writer.unlisten(has_news.set)
            await notices.aclose()

    async def _notices(
        self, cursor: int | None, history: str | None, has_news: asyncio.Event
    ) -> AsyncGenerator[Notice, None]:
        """Yield a notice whenever *has_news* and the interval has passed."""
        if cursor is None:
            cursor = await asyncio.to_thread(self.store.rev)
        is_first = True
        while True:
            await has_news.wait()
            has_news.clear()
            notice = await asyncio.to_thread(self.store.changes, cursor, history)
            cursor, history = notice.cursor, notice.history
            if is_first or notice.changes or notice.reset:
                is_first = False
                yield notice
                await asyncio.sleep(self._interval_s)
