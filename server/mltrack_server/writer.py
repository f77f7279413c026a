"""The writer: many submit batches, one thread commits them in groups."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

from mltrack_core.limits import MIB
from mltrack_core.spool.segment import Batch
from mltrack_server.errors import Overloaded
from mltrack_server.errors import StoreFull
from mltrack_server.store import Store

logger = logging.getLogger(__name__)

_WAITING_BYTES_MAX: Final = 64 * MIB  # beyond it, `submit` waits: backpressure instead of memory
_GROUP_BYTES_MAX: Final = 16 * MIB  # in one transaction, so that no one waits long for the rest
_GROUP_MAX: Final = 256
_BATCH_BYTES_MIN: Final = 4096  # what a batch counts at least: many empty ones cost memory too
_PATIENCE_S: Final = 5.0  # how long `submit` waits for room before it gives up


@dataclass(slots=True, kw_only=True)
class _Pending:
    """A batch that waits for its commit."""

    batch: Batch
    size: int
    ack: asyncio.Future[int]


class Writer:
    """The only one who calls `Store.apply`.

    Whatever is submitted while a commit is under way goes into the next one together, so nobody
    waits on purpose and a thousand clients cost one fsync.

    Args:
        store: Open.
        patience_s: How long `submit` waits for room before it raises `Overloaded`.
    """

    def __init__(self, store: Store, *, patience_s: float = _PATIENCE_S) -> None:
        self.store = store
        self._patience_s = patience_s
        self._waiting: deque[_Pending] = deque()
        self._waiting_bytes = 0
        self._has_work = asyncio.Event()
        self._has_room = asyncio.Condition()
        self._listeners: list[Callable[[], None]] = []
        self._thread = ThreadPoolExecutor(1, "mltrack-writer")
        self._task: asyncio.Task[None] | None = None
        self._is_stopping = False

    async def start(self) -> None:
        """Begin to write."""
        self._task = asyncio.create_task(self._run(), name="mltrack-writer")

    async def stop(self) -> None:
        """Commit what has been submitted, then end. `submit` raises `Overloaded` from now on."""
        self._is_stopping = True
        self._has_work.set()
        if self._task is not None:
            await self._task
            self._task = None
        self._thread.shutdown()

    def listen(self, listener: Callable[[], None]) -> None:
        """Call *listener* in the event loop after each commit; it must not block or raise."""
        self._listeners.append(listener)

    def unlisten(self, listener: Callable[[], None]) -> None:
        """Call *listener* no more."""
        self._listeners.remove(listener)

    def announce(self) -> None:
        """Tell the listeners that the store has changed; call it in the event loop."""
        for listener in list(self._listeners):
            listener()

    async def submit(self, batch: Batch) -> int:
        """Wait until *batch* is durable; return the next seq expected of its stream.

        Where that is lower than the batch begins, records before it are missing and it is not
        stored. Cancelling the wait (the client hung up) does not cancel the commit: the client
        will send the batch again and get the same answer.

        Raises:
            Overloaded: Too much is waiting already, or the server is stopping.
            StoreFull: Nothing can be written for now. Later batches are tried anew.
        """
        size = max(len(batch.body), _BATCH_BYTES_MIN)
        await self._wait_for_room(size)
        pending = _Pending(batch=batch, size=size, ack=asyncio.get_running_loop().create_future())
        self._waiting.append(pending)
        self._has_work.set()
        return await pending.ack

    async def _wait_for_room(self, size: int) -> None:
        """Reserve *size* bytes of the queue. A batch larger than all of it may wait alone."""

        def has_room() -> bool:
            return not self._waiting_bytes or self._waiting_bytes + size <= _WAITING_BYTES_MAX

        try:
            async with asyncio.timeout(self._patience_s), self._has_room:
                await self._has_room.wait_for(has_room)
                if self._is_stopping:
                    raise Overloaded(self._patience_s)
                self._waiting_bytes += size
        except TimeoutError:
            raise Overloaded(self._patience_s) from None

    async def _run(self) -> None:
        """Commit group after group until stopped and empty."""
        while self._waiting or not self._is_stopping:
            await self._has_work.wait()
            self._has_work.clear()
            while group := self._next_group():
                await self._commit(group)
                async with self._has_room:
                    self._waiting_bytes -= sum(pending.size for pending in group)
                    self._has_room.notify_all()

    def _next_group(self) -> list[_Pending]:
        """Take what goes into one transaction from the queue."""
        group: list[_Pending] = []
        size = 0
        while self._waiting and size < _GROUP_BYTES_MAX and len(group) < _GROUP_MAX:
            group.append(self._waiting.popleft())
            size += group[-1].size
        return group

    async def _commit(self, group: list[_Pending]) -> None:
        """Write *group* in one transaction and answer those who wait."""
        loop = asyncio.get_running_loop()
        batches = [pending.batch for pending in group]
        try:
            next_seqs = await loop.run_in_executor(self._thread, self.store.apply, batches)
        except StoreFull as error:
            _fail(group, error)
            return
        except Exception as error:
            if len(group) > 1:
                # One batch must not take its neighbours down: each gets a transaction of its own.
                for pending in group:
                    await self._commit([pending])
                return
            logger.exception("a batch of run %s cannot be stored", batches[0].header.run)
            _fail(group, error)
            return
        for pending, next_seq in zip(group, next_seqs, strict=True):
            if not pending.ack.done():
                pending.ack.set_result(next_seq)
        self.announce()


def _fail(group: list[_Pending], error: Exception) -> None:
    """Give *error* to everybody who waits for *group*."""
    for pending in group:
        if not pending.ack.done():
            pending.ack.set_exception(error)
